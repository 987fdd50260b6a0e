import { Busy } from "../../world/busy.js";
import { ClosableClock, type Cancel, type Clock } from "../../world/clock.js";
import type { DeviceWorld } from "../../world/device-world.js";
import type { EscapeHandler } from "../../world/escape.js";
import type { LinkEvents, Wire } from "../../world/link.js";
import { TickCounter } from "../../world/ticks.js";
import type { FromProgram, ToProgram } from "./frames.js";

/** What a remote world is made from. */
export interface RemoteWorldOptions {
	clock: Clock;
	config: Record<string, unknown>;
	resources: Record<string, Uint8Array>;
	txWindow: number;
	ticksStart: number;
	/** Says something to the simulator, at once. */
	say(message: FromProgram): void;
	onEscape: EscapeHandler;
}

/**
 * The world as the process of a program sees it: time passes here, the network is that of the simulator. What is asked for
 * is said at once and in order, so the log there shows it as the program has done it.
 */
export class RemoteWorld implements DeviceWorld {
	readonly clock: ClosableClock;
	readonly config: Record<string, unknown>;
	readonly resources: Record<string, Uint8Array>;
	readonly txWindow: number;
	readonly onEscape: EscapeHandler;
	readonly onTrace: (text: string) => void;
	readonly #say: (message: FromProgram) => void;
	readonly #busy: Busy;
	readonly #counter: TickCounter;
	readonly #links = new Map<number, LinkEvents>();
	readonly #lookups = new Map<number, (address: string | undefined) => void>();
	#ids = 0;
	#closed = false;

	constructor({ clock, config, resources, txWindow, ticksStart, say, onEscape }: RemoteWorldOptions) {
		this.clock = new ClosableClock(clock);
		this.#busy = new Busy(this.clock);
		this.config = config;
		this.resources = resources;
		this.txWindow = txWindow;
		this.#counter = new TickCounter(this.clock, ticksStart);
		this.#say = say;
		this.onEscape = onEscape;
		this.onTrace = (text) => say({ kind: "trace", text });
	}

	get ticks(): number {
		return this.#counter.ticks;
	}

	open(address: string, port: number, events: LinkEvents): Wire {
		const id = ++this.#ids;
		this.#links.set(id, events);
		this.hold();
		this.#say({ kind: "open", id, address, port });
		return {
			send: (bytes) => this.#links.has(id) && this.#say({ kind: "send", id, bytes }),
			consumed: (count) => this.#links.has(id) && this.#say({ kind: "consumed", id, count }),
			close: () => {
				if (this.#endLink(id)) this.#say({ kind: "close", id });
			},
		};
	}

	resolve(host: string, done: (address: string | undefined) => void): Cancel {
		const id = ++this.#ids;
		this.#lookups.set(id, done);
		this.hold();
		this.#say({ kind: "resolve", id, host });
		return () => {
			if (this.#endLookup(id)) this.#say({ kind: "unresolve", id });
		};
	}

	hold(): void {
		this.#busy.hold();
	}

	release(): void {
		this.#busy.release();
	}

	/** Resolves when nothing can happen any more by itself. */
	whenIdle(): Promise<void> {
		return this.#busy.whenIdle();
	}

	/** Nothing of the program is called any more. */
	close(): void {
		this.#closed = true;
		this.clock.close();
	}

	/** The simulator has something to say about a connection or a lookup. */
	take(message: ToProgram): void {
		if (this.#closed) return;
		switch (message.kind) {
			case "opened":
				return this.#links.get(message.id)?.opened();
			case "received":
				return this.#links.get(message.id)?.received(message.bytes);
			case "acknowledged":
				return this.#links.get(message.id)?.acknowledged(message.count);
			case "ended": {
				const events = this.#links.get(message.id);
				this.#endLink(message.id);
				return events?.ended();
			}
			case "resolved": {
				const done = this.#lookups.get(message.id);
				this.#endLookup(message.id);
				return done?.(message.address);
			}
		}
	}

	/** False when it was over already. */
	#endLink(id: number): boolean {
		if (!this.#links.delete(id)) return false;
		this.release();
		return true;
	}

	#endLookup(id: number): boolean {
		if (!this.#lookups.delete(id)) return false;
		this.release();
		return true;
	}
}
