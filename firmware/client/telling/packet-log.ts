import { FirstByte, PacketType } from "../../codec/constants.js";
import { packetLogEntries, type Arena } from "../setup/arena.js";

/** How entries are put together. */
export const enum LogTag {
	/** Words of an entry. */
	WORDS = 2,
	/** Marks the tag of a packet that we send. */
	OUTGOING = 0x1000000,
	PINGREQ = OUTGOING | (FirstByte.PINGREQ << 16),
	PINGRESP = PacketType.PINGRESP << 20,
}

/**
 * A ring of the last packets, for the post-mortem of a connection: numbers only. The pings of a silence, which would soon
 * fill it, are kept once: each pair takes the place of the pair before. Hot: no allocation.
 */
export class PacketLog {
	/** Tick, direction << 24 | first byte << 16 | packet identifier; two words an entry. */
	readonly words: Int32Array;
	readonly mask: number;
	/** Where the next entry goes. */
	next = 0;

	/** in  size  entries, rounded up to a power of two; 0 for a ring that takes no memory and that nobody writes to */
	constructor(arena: Arena, size: number) {
		const words = LogTag.WORDS * packetLogEntries(size);
		this.words = new Int32Array(arena.buffer, arena.take(4 * words), words);
		this.mask = words - 1;
	}

	/** How many can be looked at. */
	get length(): number {
		// A tag is never 0, so what was never written is known.
		let count = 0;
		for (let at = 1; at <= this.mask; at += LogTag.WORDS) if (this.words[at] !== 0) count++;
		return count;
	}

	/**
	 * Hot: no allocation.
	 *
	 * in   tag  first byte << 16 | packet identifier; with LogTag.OUTGOING for what we send
	 */
	add(tag: number, now: number): void {
		if (this.repeatsPing(tag)) this.next = (this.next - 2 * LogTag.WORDS) & this.mask;
		const words = this.words;
		const at = this.next;
		words[at] = now;
		words[at + 1] = tag;
		this.next = (at + LogTag.WORDS) & this.mask;
	}

	/** Whether this is the PINGREQ after a whole ping, with nothing in between. */
	private repeatsPing(tag: number): boolean {
		return (
			tag === (LogTag.PINGREQ as number) &&
			this.words[this.at(0) + 1] === (LogTag.PINGRESP as number) &&
			this.words[this.at(1) + 1] === (LogTag.PINGREQ as number)
		);
	}

	/** Word of an entry; index 0 is the latest packet. */
	private at(index: number): number {
		return (this.next - (index + 1) * LogTag.WORDS) & this.mask;
	}

	/** When, in ticks; index 0 is the latest packet, up to length - 1. */
	ticks(index: number): number {
		return this.words[this.at(index)]!;
	}

	/** Whether it went out. */
	isOutgoing(index: number): boolean {
		return (this.words[this.at(index) + 1]! & LogTag.OUTGOING) !== 0;
	}

	/** Its first byte: type and flags (§2.2). */
	firstByte(index: number): number {
		return (this.words[this.at(index) + 1]! >> 16) & 0xff;
	}

	/** Its packet identifier, or 0. */
	packetId(index: number): number {
		return this.words[this.at(index) + 1]! & 0xffff;
	}
}
