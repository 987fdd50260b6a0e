import type { Transport, TransportListener, TransportSetup } from "../../../firmware/ports/transport.js";
import { OutgoingStream } from "./outgoing.js";
import { IncomingStream } from "./incoming.js";

/** TransportEnd, whose values a listener takes. */
export const End = Object.freeze({ NAME_FAILED: 10, OPEN_FAILED: 20, LOST: 22 } as const);

/** Calls of read and write within one event: with 16 of each a turn, and turns within turns, far from this. */
const CALLS_MAX = 20_000;

/** A transport whose other side is the fuzzer. It checks that its contract is kept. */
export class Wire implements Transport {
	/** Between open() and close(). */
	isOpen = false;
	/** The connection stands. */
	stands = false;
	opens = 0;
	/** open() fails at once. */
	failsAtOnce = false;
	/** open() connects at once. */
	standsAtOnce = false;
	/** A name is being looked up. */
	resolving = false;
	/** Each attempt starts with a lookup. */
	looksUp = false;
	/** The most that one write takes, and all of them until more is made. */
	writeMax = Infinity;
	room = Infinity;
	/** The most that one read gives. */
	readMax = Infinity;
	throwsOnRead = false;
	throwsOnWrite = false;
	/** Reads and writes of this event. */
	calls = 0;
	/** What the client has sent on this connection, and what it has taken. */
	readonly outgoing = new OutgoingStream();
	readonly incoming = new IncomingStream();
	/** The first breach of a contract. */
	wrong: string | undefined;
	/** Some write was short, and nobody has been told of room since. */
	wantsRoom = false;
	readonly setup: TransportSetup;
	readonly bytes: Uint8Array;
	readonly #inbox: number[] = [];

	constructor(setup: TransportSetup) {
		this.setup = setup;
		this.bytes = new Uint8Array(setup.buffer);
	}

	get listener(): TransportListener {
		return this.setup.listener;
	}

	get readable(): number {
		return this.stands ? this.#inbox.length : 0;
	}

	open(): void {
		if (this.isOpen) this.fail("wire: open() of an open transport");
		this.opens++;
		this.isOpen = true;
		this.#inbox.length = 0;
		this.outgoing.start();
		this.incoming.start();
		this.resolving = this.looksUp;
		if (this.failsAtOnce) this.end(End.OPEN_FAILED);
		else if (this.standsAtOnce) this.connect();
	}

	/** The name is resolved. */
	resolve(): void {
		if (!this.resolving) return;
		this.listener.handleResolved();
		this.resolving = false;
	}

	/** The connection comes about. */
	connect(): void {
		if (!this.isOpen || this.stands) return;
		this.resolve();
		// The turn that has run may have closed.
		if (!this.isOpen) return;
		this.stands = true;
		this.listener.handleOpened();
	}

	/** The attempt or the connection ends. */
	end(how: number): void {
		if (!this.isOpen) return;
		const end = how === End.NAME_FAILED && !this.resolving ? End.OPEN_FAILED : how;
		this.#drop();
		this.listener.handleEnded(end);
	}

	close(): void {
		this.#drop();
	}

	#drop(): void {
		this.isOpen = this.stands = this.resolving = this.wantsRoom = false;
		this.#inbox.length = 0;
	}

	/** Bytes come from the server; nobody is told yet. */
	arrive(bytes: Uint8Array, from: number, to: number): void {
		if (!this.stands) return;
		for (let i = from; i < to; i++) this.#inbox.push(bytes[i]!);
	}

	tell(): void {
		if (this.readable > 0) this.listener.handleReadable();
	}

	makeRoom(room: number): void {
		this.room = room;
		if (room === 0 || !this.wantsRoom || !this.stands) return;
		this.wantsRoom = false;
		this.listener.handleWritable();
	}

	read(countMax: number): number {
		this.#count();
		if (!this.stands) this.fail("wire: read() without a connection");
		if (!(countMax >= 1 && countMax <= this.setup.rxSize)) this.fail(`wire: read(${countMax})`);
		if (this.throwsOnRead) {
			this.throwsOnRead = false;
			throw new Error("the link is broken");
		}
		const count = Math.min(countMax, this.readMax, this.#inbox.length);
		for (let i = 0; i < count; i++) this.bytes[this.setup.rxOffset + i] = this.#inbox[i]!;
		this.#inbox.splice(0, count);
		this.incoming.take(this.bytes, this.setup.rxOffset, count);
		return count;
	}

	write(count: number): number {
		this.#count();
		if (!this.stands) this.fail("wire: write() without a connection");
		if (!(count >= 1 && count <= this.setup.txSize)) this.fail(`wire: write(${count})`);
		if (this.throwsOnWrite) {
			this.throwsOnWrite = false;
			throw new Error("the link is broken");
		}
		const taken = Math.min(count, this.writeMax, this.room);
		this.room -= taken;
		if (taken < count) this.wantsRoom = true;
		const wrong = this.outgoing.take(this.bytes, this.setup.txOffset, taken, this.incoming.accepted);
		if (wrong !== undefined) this.fail(wrong);
		return taken;
	}

	#count(): void {
		if (++this.calls > CALLS_MAX) this.fail("turn: one event leads to tens of thousands of reads and writes");
	}

	fail(what: string): void {
		this.wrong ??= what;
	}
}
