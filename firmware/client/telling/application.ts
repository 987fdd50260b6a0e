import { ProblemCode, type DisconnectReason } from "../terms/codes.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import type { Message } from "../terms/message.js";
import type { CoreOptions, PayloadSource } from "../terms/options.js";
import type { Handler } from "../terms/options.js";
import { RoomNotice, Tells } from "./room-notice.js";

/** Who drives the client, and has a clock. */
export interface Driver {
	/** Whether the turn that began at `now` has lasted for long enough: what is left is for the next one. */
	isLate(now: number): boolean;
}

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const FUNCTION = "function";

/**
 * The application's callbacks, each behind a guard: an exception that escapes from a platform callback restarts a
 * device. One that throws is counted and reported, and the session goes on. Hot: no allocation.
 */
export class Application {
	/** Something rare has happened: a command, a deadline, a callback that is owed. The driver looks, and clears it. */
	attention = false;
	/** Who wants to hear when a publish is complete: bits of Tells. */
	tells: number;
	/** What onRoom is owed to. */
	readonly room = new RoomNotice(this);
	/** Sources of streamed publishes; null where free. */
	readonly sources: (PayloadSource | null)[] = [];
	/** Asked between two callbacks of one turn; null: turns may last as long as they like. */
	driver: Driver | null = null;
	/** Which callbacks there are: a hot path does not ask by a call. */
	readonly handlesUnrouted: boolean;
	readonly traces: boolean;
	private readonly _options: CoreOptions<unknown>;
	private readonly _client: unknown;
	private readonly _counters: Counts;

	/**
	 * in   options   whose callbacks are used; kept
	 *      client    what callbacks get as their client
	 *      sources   how many streamed publishes there can be
	 */
	constructor(options: CoreOptions<unknown>, client: unknown, counters: Counts, sources: number) {
		this._options = options;
		this.tells = options.onDelivered === undefined ? 0 : Tells.DELIVERED;
		this.handlesUnrouted = options.onMessage !== undefined;
		this.traces = options.onTrace !== undefined;
		this._client = client;
		this._counters = counters;
		for (let i = 0; i < sources; i++) this.sources.push(null);
	}

	/**
	 * A credential, asked for where the option is a function.
	 *
	 * out  what it is, whatever that may be; undefined: none; this object: the function has thrown, and that is told
	 */
	credential(isPassword: boolean): unknown {
		const given = isPassword ? this._options.password : this._options.userName;
		if (typeof given !== FUNCTION) return given;
		try {
			return (given as (client: unknown) => unknown)(this._client);
		} catch (error) {
			this.threw(error);
			return this;
		}
	}

	connected(sessionPresent: boolean): void {
		try {
			this._options.onConnected?.(this._client, sessionPresent);
		} catch (error) {
			this.threw(error);
		}
	}

	disconnected(reason: DisconnectReason): void {
		try {
			this._options.onDisconnected?.(this._client, reason);
		} catch (error) {
			this.threw(error);
		}
	}

	/**
	 * A publish is complete; for those who want to hear of it: see tells.
	 *
	 * in   room  whether that gave bytes of the outbox back
	 */
	acked(packetId: number, room: boolean): void {
		if (room) this.room.bytesFreed();
		if ((this.tells & Tells.DELIVERED) !== 0) this.delivered(packetId);
	}

	/** Hot: no allocation beside the platform's record of the try. */
	private delivered(packetId: number): void {
		try {
			// In 3.1.1 an ack has no reason code.
			this._options.onDelivered!(this._client, packetId, 0);
		} catch (error) {
			this.threw(error);
		}
	}

	/** Hot: no allocation beside the platform's record of the try. */
	handle(handler: Handler, message: Message): void {
		try {
			handler(message, this._client);
		} catch (error) {
			this.threw(error);
		}
	}

	unrouted(message: Message): void {
		try {
			this._options.onMessage!(message, this._client);
		} catch (error) {
			this.threw(error);
		}
	}

	subscribed(subscription: number, code: number): void {
		try {
			this._options.onSubscribed?.(this._client, subscription, code);
		} catch (error) {
			this.threw(error);
		}
	}

	unsubscribed(subscription: number): void {
		try {
			this._options.onUnsubscribed?.(this._client, subscription);
		} catch (error) {
			this.threw(error);
		}
	}

	/** in  error  what the callback has thrown; undefined for every other problem */
	problem(problem: ProblemCode, detail: number, error?: unknown): void {
		try {
			this._options.onProblem?.(this._client, problem, detail, error);
		} catch (thrown) {
			this.threwTold(thrown);
		}
	}

	stopped(): void {
		try {
			this._options.onStopped?.(this._client);
		} catch (error) {
			this.threw(error);
		}
	}

	trace(event: number, a: number, b: number): void {
		try {
			this._options.onTrace!(event, a, b);
		} catch (error) {
			this.threw(error);
		}
	}

	/** Calls onRoom, which is owed. A call that is still refused, for another reason, waits for room anew. */
	tellRoom(): void {
		this.room.take();
		try {
			this._options.onRoom?.(this._client);
		} catch (error) {
			this.threw(error);
		}
	}

	/** Index of a free place for a source, or -1. */
	freeSource(): number {
		return this.sources.indexOf(null);
	}

	/**
	 * Pulls payload bytes of a streamed publish.
	 *
	 * out  bytes copied; 0: none now; negative: none any more, or the source broke its contract
	 */
	pull(index: number, position: number, target: Uint8Array, offset: number, size: number): number {
		let count: unknown;
		try {
			count = this.sources[index]!.read(position, target, offset, size);
		} catch (error) {
			this.threw(error);
			return -1;
		}
		return Number.isInteger(count) && (count as number) <= size ? (count as number) : -1;
	}

	/** A streamed publish is over. */
	sourceFinished(index: number, packetId: number): void {
		const source = this.sources[index]!;
		this.sources[index] = null;
		try {
			source.finished?.(packetId);
		} catch (error) {
			this.threw(error);
		}
	}

	private threw(error: unknown): void {
		this.problem(ProblemCode.CALLBACK_THREW, ++this._counters.table[CounterIndex.CALLBACKS_THREW]!, error);
	}

	/**
	 * By onProblem, which is not told of it. A simulator looks at what it is called with; it needs it not, and a parameter that
	 * is declared costs byte codes.
	 */
	private threwTold(error: unknown): void;
	private threwTold(): void {
		this._counters.table[CounterIndex.CALLBACKS_THREW]!++;
	}
}
