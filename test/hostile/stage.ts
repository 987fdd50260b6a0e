import type { Transport, TransportSetup } from "xs-mqtt";
import { EventCode, type Trace } from "./trace.js";

const SENT_MAX = 2_048;
const ANSWER_MAX = 512;

/** TransportEnd.LOST. */
const LOST = 22;

/**
 * The other side of a client, in memory: bytes come when told, and what is sent is kept until it is answered. Runs on
 * Node and on XS, where it allocates nothing.
 */
export class Stage implements Transport {
	readable = 0;
	isOpen = false;
	/** Takes no bytes. */
	blocked = false;
	/** What the client has sent, and how much of it was answered. */
	readonly sent = new Uint8Array(SENT_MAX);
	sentSize = 0;
	#answered = 0;
	readonly #answer = new Uint8Array(ANSWER_MAX);
	#answerSize = 0;
	readonly #setup: TransportSetup;
	readonly #bytes: Uint8Array;
	readonly #trace: Trace;
	#inbox: Uint8Array = this.#answer;
	#from = 0;
	#shortWrite = false;

	constructor(setup: TransportSetup, trace: Trace) {
		this.#setup = setup;
		this.#bytes = new Uint8Array(setup.buffer);
		this.#trace = trace;
	}

	open(): void {
		this.isOpen = true;
		this.sentSize = this.#answered = this.readable = 0;
		this.#shortWrite = this.blocked = false;
	}

	close(): void {
		if (this.isOpen) this.#trace.add(EventCode.CLOSED, 0, 0);
		this.isOpen = false;
		this.readable = 0;
	}

	read(countMax: number): number {
		const count = this.readable < countMax ? this.readable : countMax;
		const to = this.#setup.rxOffset;
		for (let i = 0; i < count; i++) this.#bytes[to + i] = this.#inbox[this.#from + i]!;
		this.#from += count;
		this.readable -= count;
		return count;
	}

	write(count: number): number {
		if (this.blocked) {
			this.#shortWrite = true;
			return 0;
		}
		const from = this.#setup.txOffset;
		this.#trace.addBytes(this.#bytes, from, count);
		for (let i = 0; i < count && this.sentSize < SENT_MAX; i++) this.sent[this.sentSize++] = this.#bytes[from + i]!;
		return count;
	}

	/** The connection stands: CONNECT is sent. */
	connect(): void {
		this.#setup.listener.handleOpened();
	}

	/** Bytes arrive, as one arrival; nothing happens on a connection that is over. */
	arrive(bytes: Uint8Array, from: number, to: number): void {
		if (!this.isOpen || to === from) return;
		this.#inbox = bytes;
		this.#from = from;
		this.readable = to - from;
		this.#setup.listener.handleReadable();
	}

	/** The peer closes. */
	lose(): void {
		this.isOpen = false;
		this.readable = 0;
		this.#setup.listener.handleEnded(LOST);
	}

	/** Takes bytes again. */
	unblock(): void {
		this.blocked = false;
		if (!this.#shortWrite || !this.isOpen) return;
		this.#shortWrite = false;
		this.#setup.listener.handleWritable();
	}

	/** Forgets what was sent: nobody answers it. */
	ignoreSent(): void {
		this.#answered = this.sentSize;
	}

	/** The identifier of the packet that was sent last, if it is a request with a fixed header of two bytes. */
	idOfLast(packetSize: number): number {
		const at = this.sentSize - packetSize + 2;
		return (this.sent[at]! << 8) | this.sent[at + 1]!;
	}

	/** Answers all that was sent as a server does that has nothing against it, and what is sent to that. */
	serve(): void {
		while (this.isOpen && this.#answered < this.sentSize) {
			this.#answerSize = 0;
			while (this.#answered < this.sentSize) this.#answerPacket();
			this.arrive(this.#answer, 0, this.#answerSize);
		}
	}

	/** All packets here have a Remaining Length of one byte. */
	#answerPacket(): void {
		const at = this.#answered;
		const first = this.sent[at]!;
		const end = at + 2 + this.sent[at + 1]!;
		this.#answered = end;
		if (first >> 4 === 3) {
			const qos = (first >> 1) & 3;
			const id = at + 4 + ((this.sent[at + 2]! << 8) | this.sent[at + 3]!);
			if (qos > 0) this.#put(qos === 1 ? 0x40 : 0x50, id, 0);
		} else if (first === 0x50) this.#put(0x62, at + 2, 0);
		else if (first === 0x62) this.#put(0x70, at + 2, 0);
		else if (first === 0xa2) this.#put(0xb0, at + 2, 0);
		else if (first === 0x82) {
			let count = 0;
			for (let filter = at + 4; filter < end; count++)
				filter += 3 + ((this.sent[filter]! << 8) | this.sent[filter + 1]!);
			this.#put(0x90, at + 2, count);
		}
	}

	/** An ack with the identifier at `id` of what was sent, and `zeros` bytes behind it. */
	#put(first: number, id: number, zeros: number): void {
		const answer = this.#answer;
		let at = this.#answerSize;
		answer[at++] = first;
		answer[at++] = 2 + zeros;
		answer[at++] = this.sent[id]!;
		answer[at++] = this.sent[id + 1]!;
		for (let i = 0; i < zeros; i++) answer[at++] = 0;
		this.#answerSize = at;
	}
}
