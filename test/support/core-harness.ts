import { Core, Command } from "../../firmware/client/connection/core.js";
import { ReasonCode, LayerCode, type DisconnectReason } from "../../firmware/client/terms/codes.js";
import type { CoreOptions } from "../../firmware/client/terms/options.js";
import { Work } from "../../firmware/client/short-ways/transmit-region.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import type { Handler } from "../../firmware/client/terms/options.js";
import type { Message } from "../../firmware/client/terms/message.js";
import { LoggedTransport } from "../../firmware/loop/logged-transport.js";
import { bytesOf, hexOf } from "./hex.js";

/** Options of a test: those of a client, without what the core does not use. */
export type HarnessOptions = Partial<CoreOptions<unknown>> & {
	/** The core's random numbers after the first; 0.5 unless told. */
	random?: () => number;
	/** The first packet identifier, which the core draws by its first random number. */
	firstId?: number;
	/** The millisecond counter at the start. */
	ticks?: number;
};

/** A whole message as a handler saw it, kept as text. */
export interface Seen {
	topic: string;
	payload: string;
	qos: number;
	retain: boolean;
	duplicate: boolean;
	packetId: number;
	offset: number;
	total: number;
}

/** What a core has done and nobody has looked at yet. */
export interface Rest {
	sent: string;
	log: string[];
	commands: Command[];
}

/** Nothing sent, nothing reported, nothing asked of the driver. */
export const NOTHING: Rest = { sent: "", log: [], commands: [] };

/**
 * A core with a clock that only moves when told and a transport that is two byte arrays. What was reported is kept in
 * `log`, one line each.
 */
export class Harness {
	readonly core: Core;
	now: number;
	/** What callbacks reported, in order. */
	readonly log: string[] = [];
	readonly seen: Seen[] = [];
	readonly commands: Command[] = [];

	constructor(options: HarnessOptions = {}) {
		const { random = () => 0.5, firstId, ticks = 1_000, ...rest } = options;
		this.now = ticks;
		let draws = 0;
		const draw = (): number => (draws++ === 0 && firstId !== undefined ? (firstId - 0.5) / 65_535 : random());
		const given = {
			host: "127.0.0.1",
			clientId: "c",
			keepAlive: 60,
			transport: () => {
				throw new Error("the harness is the transport");
			},
			onConnected: (_client: unknown, present: boolean) => this.log.push(`connected ${present}`),
			onDisconnected: (_client: unknown, reason: DisconnectReason) =>
				this.log.push(`disconnected ${describeReason(reason)}`),
			onDelivered: (_client: unknown, id: number) => this.log.push(`delivered ${id}`),
			onRoom: () => this.log.push("room"),
			onSubscribed: (_client: unknown, index: number, code: number) => this.log.push(`subscribed ${index} ${code}`),
			onUnsubscribed: (_client: unknown, index: number) => this.log.push(`unsubscribed ${index}`),
			onProblem: (_client: unknown, problem: number, detail: number) => this.log.push(`problem ${problem} ${detail}`),
			onStopped: () => this.log.push("stopped"),
			...rest,
		} as unknown as CoreOptions<unknown>;
		this.core = new Core(given, readSettings(given), this, draw);
		const { log, arena, receiver, region } = this.core;
		const inner = {
			open() {},
			read: (count: number) => count,
			readable: 1,
			write: (count: number) => count,
			close() {},
		};
		const { clock } = this;
		this.#wire = new LoggedTransport(inner, log, clock, arena.bytes, receiver.landing, region.offset);
	}

	/** The time, as the wire sees it. */
	readonly clock = { ticks: 0 };
	/** Where bytes go by, for the core's log. */
	readonly #wire: LoggedTransport;

	/** A handler that keeps what it gets. */
	readonly keep: Handler = (message: Message) => this.seen.push(seenOf(message));

	/** Lines of `log` since this was last asked. */
	take(): string[] {
		return this.log.splice(0);
	}

	/** Commands since this was last asked. */
	takeCommands(): Command[] {
		return this.commands.splice(0);
	}

	/** Everything that is sent, reported and asked of the driver from here on: for "and nothing else". */
	rest(): Rest {
		return { sent: this.sent(), log: this.take(), commands: this.takeCommands() };
	}

	/** What a driver does at the end of a turn. */
	#finishTurn(): void {
		if (this.core.application.room.isOwed) this.core.application.tellRoom();
		this.#obey();
	}

	/** Takes what the core asks of its driver. */
	#obey(): void {
		const command = this.core.takeCommand();
		if (command !== Command.NONE) this.commands.push(command);
	}

	/** Fills the transmit region as the loop does: only when there is said to be something. A wake that is forgotten shows. */
	fill(): void {
		const { region, counts } = this.core;
		if (region.work !== Work.NONE) this.core.fill(this.now);
		else if (region.size > counts.txMax) counts.txMax = region.size;
	}

	/** Everything the core has to send now, as hex; taken in one piece unless `pieceMax` is given. */
	sent(pieceMax = Infinity): string {
		const parts: string[] = [];
		for (;;) {
			this.fill();
			const size = Math.min(this.core.region.size, pieceMax);
			if (size === 0) break;
			const { offset } = this.core.region;
			parts.push(hexOf(this.core.arena.bytes.subarray(offset, offset + size)));
			this.clock.ticks = this.now;
			this.#wire.write(size);
			this.core.handleSent(size, this.now);
		}
		this.#finishTurn();
		return parts.join("");
	}

	/** Bytes from the server, at most a landing at a time, in pieces of `pieceMax`. */
	receive(hex: string, pieceMax = Infinity): void {
		const bytes = bytesOf(hex);
		const { landing } = this.core.receiver;
		for (let at = 0; at < bytes.length && this.core.linked;) {
			const count = Math.min(bytes.length - at, this.core.settings.readSize, pieceMax);
			this.core.arena.bytes.set(bytes.subarray(at, at + count), landing);
			this.clock.ticks = this.now;
			this.#wire.read(count);
			this.core.handleBytes(count, this.now);
			at += count;
			while (this.core.linked && this.core.receiver.stalled) {
				this.pending += this.sent();
				this.core.handleBytes(0, this.now);
			}
		}
		this.#finishTurn();
	}

	/** What had to be sent while receiving, because acks had no room. */
	pending = "";

	/** receive, then sent. */
	exchange(hex: string, pieceMax = Infinity): string {
		this.receive(hex, pieceMax);
		const before = this.pending;
		this.pending = "";
		return before + this.sent();
	}

	/** Lets time pass and fires what is due. */
	pass(ms: number): void {
		this.now = (this.now + ms) | 0;
		this.core.handleTimeout(this.now);
		this.#obey();
	}

	/** Sleeps as long as the core says, `times` times; returns the milliseconds slept. */
	sleep(times = 1): number {
		let slept = 0;
		for (let i = 0; i < times; i++) {
			const ms = this.core.sleepMs(this.now);
			slept += ms;
			this.pass(ms);
		}
		return slept;
	}

	start(): this {
		this.core.start(this.now);
		this.#obey();
		return this;
	}

	/** The transport stands: returns CONNECT as hex; taken in pieces of `pieceMax`. */
	opened(pieceMax = Infinity): string {
		void this.#wire.open("", 0);
		this.core.handleOpened(this.now);
		return this.sent(pieceMax);
	}

	/** The peer closed. */
	lost(): void {
		this.core.handleEnded(LayerCode.TRANSPORT, ReasonCode.LINK_LOST, 0, this.now);
		this.#obey();
	}

	stop(): this {
		this.core.stop(this.now);
		this.#obey();
		return this;
	}

	/** From STOPPED or WAITING to CONNECTED. Returns what follows CONNACK. */
	connect(sessionPresent = false): string {
		if (this.core.state === 0) this.start();
		else if (this.core.state === 1) {
			this.core.networkUp(this.now);
			this.#obey();
		}
		this.takeCommands();
		this.opened();
		return this.exchange(sessionPresent ? "20020100" : "20020000");
	}

	publish(topic: string, payload: string | Uint8Array, qos = 0, retain = false): number {
		return this.core.shortPublisher.publish(topic, payload, qos, retain);
	}

	/** A publish whose payload is `total` times the same byte, pulled as it goes out. */
	publishStream(topic: string, total: number, qos = 0, retain = false): number {
		const read = (position: number, target: Uint8Array, offset: number, size: number): number => {
			const count = Math.min(size, total - position);
			target.fill(0x70, offset, offset + count);
			return count;
		};
		return this.core.publisher.publishStream(topic, total, { read }, qos, retain);
	}

	subscribe(filter: string, qos = 0, handler: Handler = this.keep, stream = false): number {
		return this.core.subscribe(filter, qos, handler, stream);
	}

	unsubscribe(filter: string): number {
		return this.core.unsubscribe(filter);
	}

	/** One of State. */
	get state(): number {
		return this.core.state;
	}

	/** Whether the driver has been told to close since commands were last asked for. */
	takeClose(): boolean {
		return this.takeCommands().includes(Command.CLOSE);
	}

	/** What one write takes of what waits, at most `count` bytes, as hex. */
	write(count: number): string {
		this.fill();
		const size = Math.min(this.core.region.size, count);
		const { offset } = this.core.region;
		const hex = hexOf(this.core.arena.bytes.subarray(offset, offset + size));
		if (size > 0) this.core.handleSent(size, this.now);
		this.#finishTurn();
		return hex;
	}
}

/** One builder for each state of the core; what led there is taken off the harness. */
export const inState = {
	stopped: (options: HarnessOptions = {}): Harness => new Harness(options),
	opening: (options: HarnessOptions = {}): Harness => calm(new Harness(options).start()),
	connecting(options: HarnessOptions = {}): Harness {
		const h = inState.opening(options);
		h.opened();
		return calm(h);
	},
	connected(options: HarnessOptions = {}, sessionPresent = false): Harness {
		const h = new Harness(options);
		h.connect(sessionPresent);
		return calm(h);
	},
	waiting(options: HarnessOptions = {}): Harness {
		const h = inState.connected(options);
		h.lost();
		return calm(h);
	},
	/** With a QoS 1 publish that keeps DISCONNECT back; its identifier is the first one. */
	stopping(options: HarnessOptions = {}): Harness {
		const h = inState.connected(options);
		h.publish("t", "x", 1);
		h.stop();
		h.sent();
		return calm(h);
	},
};

function calm(h: Harness): Harness {
	h.take();
	h.takeCommands();
	return h;
}

export function seenOf(message: Message): Seen {
	return {
		topic: message.topicText(),
		payload: Buffer.from(message.bytes()).toString("latin1"),
		qos: message.qos,
		retain: message.retain,
		duplicate: message.duplicate,
		packetId: message.packetId,
		offset: message.offset,
		total: message.total,
	};
}

/** The log line of a connection or attempt that ended; the tens of a reason are its layer. */
export function endedBy(code: ReasonCode, detail = 0, next: "retry" | "final" = "retry"): string {
	return `disconnected ${Math.floor(code / 10)}/${code} ${detail} ${next}`;
}

/** Starts of the millisecond counter: an ordinary one, and right before each place where it wraps. */
export const TICKS = [1_000, 0x7fffff00, 0x7fffffff, -200, -1];

function describeReason(reason: DisconnectReason): string {
	return `${reason.layer}/${reason.code} ${reason.detail} ${reason.retryMs >= 0 ? "retry" : "final"}`;
}
