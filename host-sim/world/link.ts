import type { Socket } from "node:net";
import { failedFrame, frame, FrameKind, PreambleReader, type SecureRequest } from "../tls/in-band.js";
import { SecureSide } from "../tls/secure-side.js";
import type { SecureEnd } from "../tls/ends.js";
import type { Clock } from "./clock.js";
import type { DropPlan } from "./drop-plan.js";
import { Pipe } from "./pipe.js";
import { resetSocket } from "./reset.js";
import type { Tap } from "./tap.js";

/** What a link tells its client side. Nothing is called from within open(), send(), consumed() or close(). */
export interface LinkEvents {
	/** The connection stands. */
	opened(): void;
	/** One arrival. The bytes are the client's to keep; consumed() makes room for more. */
	received(bytes: Uint8Array): void;
	/** The network has taken this many of the bytes sent. */
	acknowledged(count: number): void;
	/** The attempt failed, or the connection was lost or closed from the other side. Last event. */
	ended(): void;
}

/** What the device does with a connection of its own. */
export interface Wire {
	/** Sends bytes; they are not copied and must stay as they are. Ignored once the client side is over. */
	send(bytes: Uint8Array): void;
	/** The client has taken this many of the bytes that arrived. */
	consumed(count: number): void;
	/** Closes from the client's side: what was sent still goes out, nothing comes in, no event follows. */
	close(): void;
}

/** Faults that act on every link of a world; they may be changed at any time. */
export interface LinkFaults {
	/** Delay of each direction, in ms, 0 or more. */
	latencyMs: number;
	/** Deliver and forward every byte on its own. */
	split: boolean;
}

/** What a link is made from. */
export interface LinkOptions {
	/** Number of the connection, for the tap. */
	id: number;
	clock: Clock;
	faults: LinkFaults;
	/** Opens the connection to the broker. */
	dial(): Socket;
	events: LinkEvents;
	tap: Tap | undefined;
	/** Where to cut the connection, if at all. */
	dropPlan: DropPlan | undefined;
	/** Largest arrival, in bytes. */
	segmentSize: number;
	/** Bytes that may have arrived and not been consumed. */
	rxWindow: number;
	/** The client side is over: no event will follow. */
	onClientDone(): void;
	/** Both sides are over. */
	onDone(link: Link): void;
}

/** Above this many bytes under way to the client the broker's socket is paused. */
const WAITING_MAX = 65_536;

/** One connection: a stretch of wire with faults between a client and a real socket to the broker. */
export class Link implements Wire {
	/** Number of the connection, from 1. */
	readonly id: number;
	readonly #options: LinkOptions;
	readonly #outgoing: Pipe;
	readonly #incoming: Pipe;
	/** Acknowledgements travel apart from data: a client that does not read must still learn that it may write. */
	readonly #acks: Pipe;
	/** Undefined once the client side is over. */
	#events: LinkEvents | undefined;
	#socket: Socket | undefined;
	/** What bytes go to and come from: the socket, or TLS over it. */
	#stream: Socket | undefined;
	/** Looks for a device's wish that the world speaks TLS in its place. */
	readonly #preamble = new PreambleReader();
	/** Bytes that were acknowledged although it was unknown whether they are a preamble. */
	#acknowledgedEarly = 0;
	/** TLS in the device's place, once it has asked for it. */
	#secure: SecureSide | undefined;
	#credit: number;
	#frozen: boolean;
	#opened = false;

	/** Opens the connection; `frozen` ones wait with that until they are thawed. */
	constructor(options: LinkOptions, frozen: boolean) {
		this.id = options.id;
		this.#options = options;
		this.#events = options.events;
		this.#credit = options.rxWindow;
		this.#frozen = frozen;
		const { clock, faults } = options;
		const common = { clock, delayMs: () => faults.latencyMs, deliver() {} };
		this.#outgoing = new Pipe({
			...common,
			pieceSize: () => (faults.split ? 1 : Infinity),
			deliver: (bytes) => this.#forward(bytes),
			open: () => !this.#frozen && this.#opened,
			onePerTurn: () => faults.split,
		});
		this.#incoming = new Pipe({
			...common,
			pieceSize: () => (faults.split ? 1 : options.segmentSize),
			deliver: (bytes) => this.#arrive(bytes),
			open: () => !this.#frozen && this.#credit > 0,
			onePerTurn: () => true,
		});
		this.#acks = new Pipe({ ...common, pieceSize: () => 1, open: () => !this.#frozen, onePerTurn: () => false });
		if (!frozen) this.#dial();
	}

	/** Whether the client side is over and bytes of it, or its close, are still on their way. */
	get leaving(): boolean {
		return !this.#events && !this.#frozen;
	}

	/** Sends bytes; they are not copied and must stay as they are. Ignored once the client side is over. */
	send(bytes: Uint8Array): void {
		if (!this.#events) return;
		const plain = this.#withoutPreamble(bytes);
		if (plain.length === 0) return;
		this.#options.tap?.bytes(this.id, "out", plain);
		this.#outgoing.push(plain);
	}

	/** The client has taken this many of the bytes that arrived. */
	consumed(count: number): void {
		this.#credit += count;
		this.#incoming.pump();
	}

	/** Closes from the client's side: what was sent still goes out, nothing comes in, no event follows. */
	close(): void {
		if (!this.#events) return;
		this.#options.tap?.step(this.id, "closed", "by the device");
		this.#endClient();
		const socket = this.#socket;
		if (!socket) this.#options.onDone(this);
		else if (!this.#opened || this.#secure?.secured === false) socket.destroy();
		else {
			this.#stream?.resume();
			this.#outgoing.pushAction(() => this.#stream?.end());
		}
	}

	/** Resets the connection for both sides at once; bytes under way are lost. `cause`: for people. */
	cut(cause: string): void {
		if (this.#socket?.destroyed) return;
		this.#options.tap?.step(this.id, "fault", cause);
		const { clock } = this.#options;
		this.destroy();
		clock.after(0, () => this.#finish("reset"));
	}

	/** Stops the passage of bytes in both directions, or lets them pass again. Nothing is lost by it. */
	freeze(frozen: boolean): void {
		this.#frozen = frozen;
		if (frozen) {
			this.#stream?.pause();
			return;
		}
		if (!this.#socket && this.#events) this.#dial();
		this.#stream?.resume();
		this.#outgoing.pump();
		this.#incoming.pump();
		this.#acks.pump();
	}

	/** Takes the broker's side down without a word to the client. */
	destroy(): void {
		this.#outgoing.clear();
		this.#incoming.clear();
		this.#acks.clear();
		if (this.#socket) resetSocket(this.#socket);
	}

	/** What is for the broker; a preamble is acknowledged and kept, however it is cut. */
	#withoutPreamble(bytes: Uint8Array): Uint8Array {
		if (this.#secure) return bytes;
		const plain = this.#preamble.take(bytes);
		const own = bytes.length - plain.length;
		if (own > 0) this.#acks.pushAction(() => this.#events?.acknowledged(own));
		this.#acknowledgedEarly = this.#preamble.request ? 0 : this.#acknowledgedEarly + own;
		const { request } = this.#preamble;
		if (request) {
			const side = new SecureSide(request);
			this.#secure = side;
			this.#outgoing.pushAction(() => this.#beginHandshake(side, request));
		}
		return plain;
	}

	#dial(): void {
		const socket = this.#options.dial();
		this.#socket = this.#stream = socket;
		socket.setNoDelay(true);
		let cause = "closed by the broker";
		socket.on("connect", () => this.#handleConnect());
		socket.on("data", (bytes) => this.#handleData(bytes));
		socket.on("error", (error) => {
			cause = error.message;
		});
		socket.on("end", () => this.#incoming.pushAction(() => this.#finish(cause)));
		socket.on("close", () => {
			// With TLS over it, that has told the end.
			if (socket === this.#stream) this.#incoming.pushAction(() => this.#finish(cause));
			if (!this.#events) this.#options.onDone(this);
		});
	}

	#handleConnect(): void {
		// The handshake takes one way there and one back before the client knows.
		const roundTripMs = 2 * this.#options.faults.latencyMs;
		this.#incoming.pushAction(() => {
			if (!this.#events) return;
			this.#opened = true;
			this.#options.tap?.step(this.id, "connected", "");
			this.#events.opened();
			this.#outgoing.pump();
		}, roundTripMs);
	}

	/** In the device's place, over the socket that stands. */
	#beginHandshake(side: SecureSide, request: SecureRequest): void {
		const socket = this.#socket;
		if (!socket || !this.#events) return;
		const { tap, faults } = this.#options;
		tap?.step(this.id, "handshake", side.name);
		socket.removeAllListeners("data").removeAllListeners("end");
		this.#stream = side.begin(socket, request, {
			// The messages of a handshake go there and back twice.
			done: (text) => this.#incoming.pushAction(() => this.#handleSecured(side, text), 3 * faults.latencyMs),
			data: (bytes) => this.#handleData(bytes),
			ended: (end) => this.#handleSecureEnd(end),
		});
	}

	#handleSecured(side: SecureSide, text: string): void {
		if (!this.#events) return;
		side.secured = true;
		this.#options.tap?.step(this.id, "secured", text);
		this.#give(frame(FrameKind.DONE, Buffer.from(text)));
	}

	#handleSecureEnd({ reason, detail, text }: SecureEnd): void {
		if (reason !== 0) {
			this.#incoming.pushAction(() => {
				if (!this.#events) return;
				this.#options.tap?.step(this.id, this.#secure?.secured ? "alert" : "handshake failed", text);
				this.#give(failedFrame(reason, detail));
			});
		}
		this.#incoming.pushAction(() => this.#finish(text));
	}

	#handleData(bytes: Uint8Array): void {
		if (!this.#events) return;
		this.#incoming.push(bytes);
		if (this.#incoming.waiting > WAITING_MAX) this.#stream?.pause();
	}

	#arrive(bytes: Uint8Array): void {
		if (!this.#events) return;
		if (this.#incoming.waiting <= WAITING_MAX && this.#stream?.isPaused()) this.#stream.resume();
		const plan = this.#options.dropPlan;
		const passed = bytes.subarray(0, plan?.pass("in", bytes) ?? bytes.length);
		if (passed.length > 0) {
			this.#options.tap?.bytes(this.id, "in", passed);
			this.#give(this.#secure ? frame(FrameKind.DATA, passed) : passed);
		}
		if (plan?.cut) this.cut(plan.description);
	}

	/** Hands bytes to the device; those that the world has made of one with `split` each on its own, too. */
	#give(bytes: Uint8Array): void {
		const size = this.#options.faults.split ? 1 : bytes.length;
		this.#credit -= bytes.length;
		for (let offset = 0; offset < bytes.length; offset += size)
			this.#events?.received(bytes.subarray(offset, offset + size));
	}

	#forward(bytes: Uint8Array): void {
		const socket = this.#stream;
		if (!socket?.writable) return;
		const plan = this.#options.dropPlan;
		const passed = bytes.subarray(0, plan?.pass("out", bytes) ?? bytes.length);
		socket.write(passed, (error) => {
			const early = Math.min(this.#acknowledgedEarly, passed.length);
			this.#acknowledgedEarly -= early;
			if (!error) this.#acks.pushAction(() => this.#events?.acknowledged(passed.length - early));
		});
		if (plan?.cut) this.cut(plan.description);
	}

	#finish(cause: string): void {
		const events = this.#events;
		if (!events) return;
		this.#options.tap?.step(this.id, this.#opened ? "lost" : "failed", cause);
		this.#endClient();
		this.#socket?.destroy();
		if (!this.#socket || this.#socket.closed) this.#options.onDone(this);
		events.ended();
	}

	#endClient(): void {
		this.#events = undefined;
		this.#incoming.clear();
		this.#acks.clear();
		this.#options.onClientDone();
	}
}
