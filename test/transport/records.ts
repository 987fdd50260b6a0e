import {
	TransportEnd,
	TransportLayer,
	type Transport,
	type TransportFactory,
	type TransportListener,
	type TransportSetup,
} from "../../firmware/ports/transport.js";

/** The toy's numbers: both sides use them. */
export const enum Toy {
	/** The size of what follows, high byte first. */
	HEAD = 2,
	/** The most that one record carries, incoming and outgoing. */
	PLAIN_MAX = 700,
	OUT_MAX = 120,
	/** What payloads are xored with. */
	KEY = 0x5a,
	/** The client's hello, and the two answers: all is well; no, with a number. */
	HELLO = 0x48,
	WELCOME = 0x57,
	ALERT = 0x41,
	// eslint-disable-next-line @typescript-eslint/no-duplicate-enum-values -- of another thing
	HELLO_SIZE = 2,
}

/** Refused by the server; the detail is its number. A value of Reason that is free, in the layer of security. */
export const REFUSED = 60 as TransportEnd;
/** A record that is larger than any may be; the detail is its size. */
export const OVERSIZED = 62 as TransportEnd;

/** Where the parts of the own region stand, and how large they are. */
/* eslint-disable @typescript-eslint/prefer-literal-enum-member -- places are sums of sizes */
const enum Own {
	/** Where the inner transport lands bytes. */
	LANDING_SIZE = 100,
	/** The record that comes in, without its head. */
	RECORD = LANDING_SIZE,
	/** The record that goes out, which is the transmit region of the inner one. */
	OUT = RECORD + Toy.PLAIN_MAX,
	OUT_SIZE = Toy.HEAD + Toy.OUT_MAX,
	SIZE = (OUT + OUT_SIZE + 3) & ~3,
}
/* eslint-enable @typescript-eslint/prefer-literal-enum-member */

const enum Stage {
	CLOSED,
	/** The inner one is opening. */
	BELOW,
	/** Hello is sent; its answer is awaited. */
	HELLO,
	/** The answer has come. It is looked at in a turn of its own, as what takes long should be. */
	CHECK,
	OPEN,
}

/**
 * A toy of a record layer over any transport: a handshake, then records of a size and of bytes that are xored. It shows all
 * that TLS asks of the interface, and nothing of what TLS is for. Hot: no allocation.
 */
class Records implements Transport, TransportListener {
	private _stage: Stage = Stage.CLOSED;
	private readonly _bytes: Uint8Array;
	private readonly _rx: number;
	private readonly _tx: number;
	/** Offset of the own region. */
	private readonly _own: number;
	private readonly _listener: TransportListener;
	private readonly _inner: Transport;
	/** Bytes in the landing that were not looked at: from `at`, so many. */
	private _at = 0;
	private _left = 0;
	/** Bytes of the record's head that have come, and the size that they say. */
	private _headSize = 0;
	private _size = 0;
	/** Bytes of the record that have come. */
	private _filled = 0;
	/** Plain bytes of a whole record that nobody has read: from `plainAt`. */
	private _plainAt = 0;
	private _plain = 0;
	/** Bytes of the record that goes out, which below has not taken yet; and how many of the client's are in it. */
	private _outLeft = 0;
	private _outPlain = 0;
	/** The end of the inner one, while what came before it is still to be read. */
	private _end = 0;
	private _detail = 0;

	constructor(setup: TransportSetup, over: TransportFactory) {
		const { buffer, ownOffset } = setup;
		this._bytes = new Uint8Array(buffer);
		this._rx = setup.rxOffset;
		this._tx = setup.txOffset;
		this._own = ownOffset;
		this._listener = setup.listener;
		this._inner = over({
			...setup,
			rxOffset: ownOffset,
			rxSize: Own.LANDING_SIZE,
			txOffset: ownOffset + Own.OUT,
			txSize: Own.OUT_SIZE,
			ownOffset: ownOffset + Own.SIZE,
			listener: this,
		});
	}

	get resolving(): boolean {
		return this._inner.resolving === true;
	}

	open(host: string, port: number): TransportEnd | void {
		this.forget();
		this._stage = Stage.BELOW;
		const end = this._inner.open(host, port);
		if (end) this.forget();
		return end;
	}

	private forget(): void {
		this._stage = Stage.CLOSED;
		this._left = this._headSize = this._size = this._filled = this._plain = 0;
		this._outLeft = this._outPlain = this._end = 0;
	}

	// Of the inner one.

	handleResolved(): void {
		this._listener.handleResolved();
	}

	handleConnected(layer: TransportLayer): void {
		this._listener.handleConnected(layer);
	}

	handleOpened(): void {
		this._stage = Stage.HELLO;
		this._listener.handleConnected(TransportLayer.SECURITY);
		// The turn that has run may have closed, and even have opened anew.
		if (this._stage !== Stage.HELLO) return;
		this._bytes[this._own + Own.OUT] = Toy.HELLO;
		this._bytes[this._own + Own.OUT + 1] = 1;
		this._outLeft = Toy.HELLO_SIZE;
		this.flush();
	}

	handleWritable(): void {
		if (this._stage === Stage.OPEN) this._listener.handleWritable();
		else if (this._outLeft > 0) this.flush();
	}

	handleReadable(): void {
		if (this._stage === Stage.OPEN) return this._listener.handleReadable();
		if (this._stage !== Stage.HELLO) return;
		// No more than the answer: what follows it is read when all stands.
		while (this._headSize < Toy.HELLO_SIZE && this._inner.readable > 0) {
			const count = this._inner.read(Toy.HELLO_SIZE - this._headSize);
			for (let i = 0; i < count; i++) this._size = (this._size << 8) | this._bytes[this._own + i]!;
			this._headSize += count;
		}
		if (this._headSize < Toy.HELLO_SIZE) return;
		this._stage = Stage.CHECK;
		this._listener.wake();
	}

	handleEnded(end: TransportEnd, detail = 0): void {
		// What came before it is looked at and read first.
		if (this._stage === Stage.CHECK || (this._stage === Stage.OPEN && (this._plain > 0 || this._left > 0))) {
			this._end = end;
			this._detail = detail;
			return;
		}
		this.forget();
		this._listener.handleEnded(end, detail);
	}

	wake(): void {
		this._listener.wake();
	}

	// Of the outer one.

	turn(): void {
		this._inner.turn?.();
		if (this._stage === Stage.CHECK) this.check();
		if (this._end !== 0 && this.readable === 0) {
			const end = this._end;
			this.forget();
			this._listener.handleEnded(end, this._detail);
		}
	}

	/** Looks at the server's answer. */
	private check(): void {
		const answer = this._size;
		if (answer >> 8 !== Toy.WELCOME) return this.fail(REFUSED, answer & 255);
		this._headSize = this._size = 0;
		this._stage = Stage.OPEN;
		this._listener.handleOpened();
	}

	private fail(end: TransportEnd, detail: number): void {
		this.close();
		this._listener.handleEnded(end, detail);
	}

	get readable(): number {
		if (this._stage !== Stage.OPEN) return 0;
		return this._plain || this._left || this._inner.readable;
	}

	read(countMax: number): number {
		if (this._plain === 0) this.fetch();
		const count = this._plain < countMax ? this._plain : countMax;
		this._bytes.copyWithin(this._rx, this._plainAt, this._plainAt + count);
		this._plainAt += count;
		this._plain -= count;
		// What came before the end is read.
		if (this._end !== 0 && this.readable === 0) this._listener.wake();
		return count;
	}

	/** Takes what has come until a record is whole or nothing is left: at most a record and its head. */
	private fetch(): void {
		while (this._plain === 0) {
			if (this._left === 0) {
				if (this._inner.readable === 0) return;
				this._left = this._inner.read(Own.LANDING_SIZE);
				this._at = this._own;
				if (this._left === 0) return;
			}
			if (this._headSize < Toy.HEAD) {
				this._size = (this._size << 8) | this._bytes[this._at++]!;
				this._left--;
				this._headSize++;
			} else this.fillRecord();
			if (this._end === OVERSIZED) return;
		}
	}

	private fillRecord(): void {
		if (this._size > Toy.PLAIN_MAX) {
			// read() is under way: what is wrong is told in a turn of its own.
			this._end = OVERSIZED;
			this._detail = this._size;
			this._left = 0;
			return this._inner.close();
		}
		const missing = this._size - this._filled;
		const count = missing < this._left ? missing : this._left;
		const to = this._own + Own.RECORD + this._filled;
		this._bytes.copyWithin(to, this._at, this._at + count);
		this._at += count;
		this._left -= count;
		this._filled += count;
		if (this._filled < this._size) return;
		this._plainAt = this._own + Own.RECORD;
		for (let i = 0; i < this._size; i++) this._bytes[this._plainAt + i]! ^= Toy.KEY;
		this._plain = this._size;
		this._headSize = this._size = this._filled = 0;
	}

	write(count: number): number {
		// The end is known, and told when what came before it was read.
		if (this._end !== 0) return 0;
		if (this._outPlain === 0) this.makeRecord(count < Toy.OUT_MAX ? count : Toy.OUT_MAX);
		if (!this.flush()) return 0;
		const taken = this._outPlain;
		this._outPlain = 0;
		return taken;
	}

	private makeRecord(count: number): void {
		const out = this._own + Own.OUT;
		const bytes = this._bytes;
		bytes[out] = count >> 8;
		bytes[out + 1] = count;
		bytes.copyWithin(out + Toy.HEAD, this._tx, this._tx + count);
		for (let i = Toy.HEAD; i < count + Toy.HEAD; i++) bytes[out + i]! ^= Toy.KEY;
		this._outPlain = count;
		this._outLeft = Toy.HEAD + count;
	}

	/** Hands down what goes out. out: whether below has all of it. */
	private flush(): boolean {
		const out = this._own + Own.OUT;
		while (this._outLeft > 0) {
			const taken = this._inner.write(this._outLeft);
			if (taken === 0) return false;
			this._bytes.copyWithin(out, out + taken, out + this._outLeft);
			this._outLeft -= taken;
		}
		return true;
	}

	close(): void {
		if (this._stage === Stage.OPEN && this._end === 0 && this._outLeft === 0) this.sayGoodbye();
		this.forget();
		this._inner.close();
	}

	/** A record of nothing is the last word, when below takes it. */
	private sayGoodbye(): void {
		this.makeRecord(0);
		try {
			this.flush();
		} catch {
			// The link is broken: nobody would hear it.
		}
	}
}

/** The toy over another transport. */
export function records(over: TransportFactory): TransportFactory {
	const make = (setup: TransportSetup): Transport => new Records(setup, over);
	return Object.assign(make, { ownSize: Own.SIZE + (over.ownSize ?? 0) });
}
