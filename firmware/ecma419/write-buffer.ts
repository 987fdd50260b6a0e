import type { PayloadSource } from "../client/terms/options.js";

/**
 * Bytes of payloads that are written piece by piece, until the client takes them. One ring for all such messages: the
 * client sends them in the order in which they were begun. What it has taken is gone; nothing can be sent again.
 *
 * Positions count all bytes that were ever put in.
 *
 *     #taken            #put             #taken + size
 *     | written, waiting | room           |
 */
export class WriteBuffer {
	/** Messages that the client has not finished. */
	active = 0;
	#taken = 0;
	#put = 0;
	readonly #ring: Uint8Array;
	readonly #drained: () => void;

	/** in  drained  called when there is more room */
	constructor(size: number, drained: () => void) {
		this.#ring = new Uint8Array(size);
		this.#drained = drained;
	}

	/** Bytes that may be put. */
	get room(): number {
		return this.#ring.length - (this.#put - this.#taken);
	}

	/** A message that starts with the next byte that is put. */
	source(): PayloadSource {
		this.active++;
		return new PieceSource(this, this.#put);
	}

	/** The message of the last source() did not come about, nor did what was put since. */
	takeBack(size: number): void {
		this.active--;
		this.#put -= size;
	}

	/** The caller knows that there is room. */
	put(bytes: Uint8Array): void {
		const ring = this.#ring;
		const at = this.#put % ring.length;
		const first = ring.length - at;
		if (bytes.length <= first) ring.set(bytes, at);
		else {
			ring.set(bytes.subarray(0, first), at);
			ring.set(bytes.subarray(first), 0);
		}
		this.#put += bytes.length;
	}

	/** Bytes from `position` on: as many as there are, go and fit; 0 for none now; -1 when they are gone. */
	take(position: number, target: Uint8Array, offset: number, size: number): number {
		if (position < this.#taken) return -1;
		const ring = this.#ring;
		const at = position % ring.length;
		const count = Math.min(size, this.#put - position, ring.length - at);
		if (count <= 0) return 0;
		target.set(ring.subarray(at, at + count), offset);
		this.#taken = position + count;
		this.#drained();
		return count;
	}

	/** The connection is gone: what was begun cannot be ended. */
	clear(): void {
		this.#taken = ++this.#put;
	}
}

/** A message that is written piece by piece. */
class PieceSource implements PayloadSource {
	readonly #buffer: WriteBuffer;
	readonly #start: number;

	constructor(buffer: WriteBuffer, start: number) {
		this.#buffer = buffer;
		this.#start = start;
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		return this.#buffer.take(this.#start + position, target, offset, size);
	}

	finished(): void {
		this.#buffer.active--;
	}
}

/** A message too large for the outbox, which was written at once: a copy of it, as the caller may use its buffer again. */
export class CopySource implements PayloadSource {
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes.slice();
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		const rest = this.#bytes.subarray(position, position + size);
		target.set(rest, offset);
		return rest.length;
	}
}
