import { PACKET_LOG_WORDS } from "./arena.js";

const W = PACKET_LOG_WORDS;

/** Which way a packet went. */
export const enum Direction {
	IN = 0,
	OUT = 1,
}

/**
 * A ring of the last packets, for the post-mortem of a connection: numbers only, always on, no allocation.
 */
export class PacketLog {
	/** Packets logged since the client was made. */
	count = 0;
	readonly #words: Int32Array;
	readonly #size: number;

	/** in  size  entries, 0 or more */
	constructor(size: number) {
		this.#size = size;
		this.#words = new Int32Array(size * W);
	}

	/** How many can be looked at. */
	get length(): number {
		return this.count < this.#size ? this.count : this.#size;
	}

	/** Hot: no allocation. */
	add(direction: Direction, firstByte: number, packetId: number, size: number, now: number): void {
		if (this.#size === 0) return;
		const words = this.#words;
		const at = (this.count++ % this.#size) * W;
		words[at] = now;
		words[at + 1] = (direction << 8) | firstByte;
		words[at + 2] = packetId;
		words[at + 3] = size;
	}

	#at(index: number): number {
		return ((this.count - 1 - index) % this.#size) * W;
	}

	/** When, in ticks; index 0 is the latest packet, up to length - 1. */
	ticks(index: number): number {
		return this.#words[this.#at(index)]!;
	}

	/** Whether it went out. */
	isOutgoing(index: number): boolean {
		return this.#words[this.#at(index) + 1]! >> 8 === Direction.OUT;
	}

	/** Its first byte: type and flags (§2.2). */
	firstByte(index: number): number {
		return this.#words[this.#at(index) + 1]! & 0xff;
	}

	/** Its packet identifier, or 0. */
	packetId(index: number): number {
		return this.#words[this.#at(index) + 2]!;
	}

	/** Its size in bytes. */
	size(index: number): number {
		return this.#words[this.#at(index) + 3]!;
	}
}
