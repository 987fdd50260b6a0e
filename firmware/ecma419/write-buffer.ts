import type { PayloadSource } from "../client/terms/options.js";

/**
 * Bytes of payloads that are written piece by piece, until the client takes them. One ring for all such messages: the
 * client sends them in the order in which they were begun. What it has taken is gone; nothing can be sent again.
 *
 * Positions count all bytes that were ever put in.
 *
 *     _taken            _put             _taken + size
 *     | written, waiting | room           |
 */
export class WriteBuffer {
	/** Messages that the client has not finished. */
	active = 0;
	/** Bytes that may be put. */
	room: number;
	private _taken = 0;
	private _put = 0;
	private readonly _ring: Uint8Array;
	private readonly _drained: () => void;

	/** in  drained  called when there is more room */
	constructor(size: number, drained: () => void) {
		this._ring = new Uint8Array(size);
		this.room = size;
		this._drained = drained;
	}

	/** A message that starts with the next byte that is put. */
	source(): PayloadSource {
		this.active++;
		return new PieceSource(this, this._put);
	}

	/** The message of the last source() did not come about, nor did what was put since. */
	takeBack(size: number): void {
		this.active--;
		this._put -= size;
		this.room += size;
	}

	/** The caller knows that there is room. */
	put(bytes: Uint8Array): void {
		const ring = this._ring;
		const at = this._put % ring.length;
		const first = ring.length - at;
		if (bytes.length <= first) ring.set(bytes, at);
		else {
			ring.set(bytes.subarray(0, first), at);
			ring.set(bytes.subarray(first), 0);
		}
		this._put += bytes.length;
		this.room -= bytes.length;
	}

	/** Bytes from `position` on: as many as there are, go and fit; 0 for none now; -1 when they are gone. */
	take(position: number, target: Uint8Array, offset: number, size: number): number {
		if (position < this._taken) return -1;
		const ring = this._ring;
		const at = position % ring.length;
		const count = Math.min(size, this._put - position, ring.length - at);
		if (count <= 0) return 0;
		target.set(ring.subarray(at, at + count), offset);
		this._taken = position + count;
		this.room += count;
		this._drained();
		return count;
	}

	/** The connection is gone: what was begun cannot be ended. */
	clear(): void {
		this._taken = ++this._put;
		this.room = this._ring.length;
	}
}

/** A message that is written piece by piece. */
class PieceSource implements PayloadSource {
	private readonly _buffer: WriteBuffer;
	private readonly _start: number;

	constructor(buffer: WriteBuffer, start: number) {
		this._buffer = buffer;
		this._start = start;
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		return this._buffer.take(this._start + position, target, offset, size);
	}

	finished(): void {
		this._buffer.active--;
	}
}

/** A message too large for the outbox, which was written at once: a copy of it, as the caller may use its buffer again. */
export class CopySource implements PayloadSource {
	private readonly _bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this._bytes = bytes.slice();
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		const rest = this._bytes.subarray(position, position + size);
		target.set(rest, offset);
		return rest.length;
	}
}
