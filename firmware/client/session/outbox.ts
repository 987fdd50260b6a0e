import { fail } from "../../base/assert.js";
import { PublishFlag } from "../../codec/constants.js";
import { StatusCode } from "../../codec/status.js";
import type { Arena } from "../setup/arena.js";
import { type Counts } from "../terms/counters.js";

/** Where a record of the outbox stands. What one waits for once it is sent is QUEUED and its QoS. */
export const enum RecordState {
	/** Its bytes are waiting to be taken back. */
	FREE = 0,
	/** Not sent yet in this session. */
	QUEUED = 1,
	/** QoS 1, sent: waits for PUBACK. */
	PUBACK_WAIT = QUEUED + 1,
	/** QoS 2, sent: waits for PUBREC. */
	PUBREC_WAIT = QUEUED + 2,
}

/**
 * Words of a record in front of its packet.
 *
 *     SIZE  |31 start of the packet 24|23          bytes of the record           0|
 *     TAGS  |31      packet identifier      16|15   source   8|7 6|5 QoS 4|3 state 0|
 */
export const enum Field {
	/**
	 * Where the packet starts, from the start of the record; bytes of the record, a multiple of 4, these words included. See
	 * RecordBits.
	 */
	SIZE = 0,
	/** Packet identifier, 0 at QoS 0; index of the source and one, or 0; QoS; RecordState. See TagBits. */
	TAGS = 1,
}

/** SIZE of a record, and how a record is put together. */
export const enum RecordBits {
	/** Bytes of a record in front of its packet. */
	HEADER_SIZE = 8,
	START_SHIFT = 24,
	/** The bytes of SIZE: no region is larger. */
	SIZE_MASK = 0xffffff,
	/** SIZE of a record whose packet stands right behind the header, without the record's bytes. */
	START_AT_ONCE = HEADER_SIZE << START_SHIFT,
}

/** TAGS of a record. */
export const enum TagBits {
	ID_SHIFT = 16,
	SOURCE_SHIFT = 8,
	SOURCE_MASK = 0xff << SOURCE_SHIFT,
	QOS_SHIFT = 4,
	QOS_MASK = 3 << QOS_SHIFT,
	STATE_MASK = 15,
	/** TAGS of a publish without source that waits for its first ack, without its identifier. */
	PUBACK_WAIT = (1 << QOS_SHIFT) | RecordState.PUBACK_WAIT,
	PUBREC_WAIT = (2 << QOS_SHIFT) | RecordState.PUBREC_WAIT,
}

/** Bytes that a packet takes in the outbox. */
export function sizeOfRecord(packetSize: number): number {
	return (RecordBits.HEADER_SIZE + packetSize + 3) & ~3;
}

/**
 * Publishes in the order in which they were accepted, as the packets that go out, until they are finished.
 *
 *     base          head           cursor                tail       limit
 *     | given back  | sent, waiting | not sent yet        | room     |
 *
 * A record that is finished out of order leaves a hole. Room is taken at the tail; when there is too little, the
 * records slide down to the base once, so packets always stand together and nothing moves in the usual case, where
 * the outbox runs empty between publishes. Hot: no allocation.
 */
export class Outbox {
	// In the order of how often they are asked for: a field costs by its place.
	/** Where the next record starts. */
	tail: number;
	/** The first record that this connection has not sent yet. */
	cursor: number;
	/**
	 * TAGS of the only record, when it was sent whole on this connection and waits for its first ack, and nothing else
	 * depends on that ack (DISCONNECT, a source, a record); else 0. Whatever changes a record clears it. Set by noteAlone and
	 * by ShortPublisher; cleared here, and where `clear` stands without its call: in handleAckAlone and Receiver.handleBytes.
	 */
	alone = 0;
	/** Records that are not free. */
	count = 0;
	/** Bytes of records that are not free. */
	used = 0;
	/** The arena by words: see Field for those in front of a record. */
	readonly words: Int32Array;
	/** The first record that is not free; `tail` when there is none. */
	head: number;
	/** The region: from base to one below limit. */
	readonly base: number;
	readonly limit: number;
	/** The record whose packet is being sent in pieces; -1 for none. */
	active = -1;
	/** Records that are not free and of QoS 0. */
	countQoS0 = 0;
	protected readonly _bytes: Uint8Array;
	private readonly _counters: Counts;

	/** in  size  bytes of the region; of an incomplete last word nothing is used */
	constructor(arena: Arena, size: number, counters: Counts) {
		this._bytes = arena.bytes;
		this.words = arena.words;
		this.base = this.head = this.cursor = this.tail = arena.take(size);
		// Records are whole words.
		this.limit = this.base + (size & ~3);
		this._counters = counters;
	}

	/**
	 * Finds room for a record at the tail. Hot: no allocation.
	 *
	 * in   size  sizeOfRecord of a packet
	 * out  offset of the record, not yet part of the outbox: see commit
	 *
	 * FULL       there is no room now
	 * TOO_LARGE  there would be none in an empty outbox either
	 */
	reserve(size: number): number {
		if (size <= this.limit - this.tail) return this.tail;
		if (size > this.limit - this.base) return StatusCode.TOO_LARGE;
		if (size > this.limit - this.base - this.used) return StatusCode.FULL;
		this.compact();
		return this.tail;
	}

	/** Slides all records down to the base, so that the whole room is at the tail. */
	makeRoom(): number {
		if (this.used < this.tail - this.base) this.compact();
		return this.limit - this.tail;
	}

	/**
	 * Makes what stands at the tail a record. Hot: no allocation.
	 *
	 * in   size    sizeOfRecord, or more
	 *      source  0, or index of a source + 1
	 *      start   where the packet starts, from the start of the record; all of it is there, but for a streamed payload
	 */
	commit(size: number, qos: number, packetId: number, source: number, start: number): void {
		const tail = this.tail;
		if (size > this.limit - tail) fail("outbox: record beyond the region");
		this.alone = 0;
		const words = this.words;
		const at = tail >> 2;
		words[at] = (start << RecordBits.START_SHIFT) | size;
		words[at + Field.TAGS] =
			(packetId << TagBits.ID_SHIFT) |
			(source << TagBits.SOURCE_SHIFT) |
			(qos << TagBits.QOS_SHIFT) |
			RecordState.QUEUED;
		this.tail = tail + size;
		const used = this.used + size;
		this.used = used;
		if (qos === 0) this.countQoS0++;
		const count = this.count + 1;
		this.count = count;
		const counters = this._counters;
		if (used > counters.outboxMax) counters.outboxMax = used;
		if (count > counters.outboxRecordsMax) counters.outboxRecordsMax = count;
	}

	/** The record behind this one, or `tail`. */
	next(record: number): number {
		return record + (this.words[record >> 2]! & RecordBits.SIZE_MASK);
	}

	size(record: number): number {
		return this.words[record >> 2]! & RecordBits.SIZE_MASK;
	}

	/** Identifier, source, QoS and state in one word: see Field.TAGS. */
	tags(record: number): number {
		return this.words[(record >> 2) + Field.TAGS]!;
	}

	setTags(record: number, tags: number): void {
		this.alone = 0;
		this.words[(record >> 2) + Field.TAGS] = tags;
	}

	state(record: number): RecordState {
		return this.words[(record >> 2) + Field.TAGS]! & TagBits.STATE_MASK;
	}

	setState(record: number, state: RecordState): void {
		this.alone = 0;
		const at = (record >> 2) + Field.TAGS;
		this.words[at] = (this.words[at]! & ~TagBits.STATE_MASK) | state;
	}

	qos(record: number): number {
		return (this.words[(record >> 2) + Field.TAGS]! & TagBits.QOS_MASK) >> TagBits.QOS_SHIFT;
	}

	/** Index of the source + 1; 0 when the whole packet is here. */
	source(record: number): number {
		return (this.words[(record >> 2) + Field.TAGS]! & TagBits.SOURCE_MASK) >> TagBits.SOURCE_SHIFT;
	}

	packetId(record: number): number {
		return this.words[(record >> 2) + Field.TAGS]! >>> TagBits.ID_SHIFT;
	}

	/** Offset of the packet's first byte in the arena. */
	packetStart(record: number): number {
		return record + (this.words[record >> 2]! >> RecordBits.START_SHIFT);
	}

	/** Bytes of the packet, streamed payload included: what its Remaining Length says (§2.2.3). */
	packetSize(record: number): number {
		const bytes = this._bytes;
		const start = this.packetStart(record);
		let at = start + 1;
		let size = 0;
		for (let shift = 0; ; shift += 7) {
			const byte = bytes[at++]!;
			size |= (byte & 127) << shift;
			if (byte < 128) return at - start + size;
		}
	}

	/** Bytes of the packet that are in the record; only streamed ones have fewer than packetSize. */
	storedSize(record: number): number {
		if ((this.words[(record >> 2) + Field.TAGS]! & TagBits.SOURCE_MASK) === 0) return this.packetSize(record);
		return record + this.size(record) - this.packetStart(record);
	}

	/** Sets or clears DUP (§3.3.1.1) in the packet. */
	setDup(record: number, dup: boolean): void {
		const at = this.packetStart(record);
		if (dup) this._bytes[at]! |= PublishFlag.DUP;
		else this._bytes[at]! &= ~PublishFlag.DUP;
	}

	/**
	 * Gives back the record that an ack is meant for: with this identifier, in the state that waits for it, and not on its
	 * way right now. It may be one that this connection has not sent again yet: a server may answer what it got on the one
	 * before. Hot: no allocation; acks come in order as a rule, so it is the first one looked at.
	 *
	 * out  index of its source + 1, 0 when it had none; -1 when there is no such record
	 */
	take(packetId: number, state: RecordState): number {
		const words = this.words;
		const tail = this.tail;
		for (let record = this.head; record < tail; record += words[record >> 2]! & RecordBits.SIZE_MASK) {
			const tags = words[(record >> 2) + Field.TAGS]!;
			if (tags >>> TagBits.ID_SHIFT !== packetId || (tags & TagBits.STATE_MASK) !== state) continue;
			if (record === this.active) return -1;
			if (this.count > 1) return this.free(record);
			this.clear();
			return (tags & TagBits.SOURCE_MASK) >> TagBits.SOURCE_SHIFT;
		}
		return -1;
	}

	/**
	 * The record of an identifier, whatever its state but FREE.
	 *
	 * out  the record, or -1
	 */
	find(packetId: number): number {
		const words = this.words;
		const tail = this.tail;
		for (let record = this.head; record < tail; record += words[record >> 2]! & RecordBits.SIZE_MASK) {
			const tags = words[(record >> 2) + Field.TAGS]!;
			if (tags >>> TagBits.ID_SHIFT === packetId && (tags & TagBits.STATE_MASK) !== RecordState.FREE) return record;
		}
		return -1;
	}

	/**
	 * Gives a record back. Hot: no allocation.
	 *
	 * out  index of its source + 1; 0 when it had none
	 */
	free(record: number): number {
		const words = this.words;
		const at = record >> 2;
		const tags = words[at + Field.TAGS]!;
		if ((tags & TagBits.STATE_MASK) === RecordState.FREE) fail("outbox: freeing twice");
		words[at + Field.TAGS] = tags & ~TagBits.STATE_MASK;
		if ((tags & TagBits.QOS_MASK) === 0) this.countQoS0--;
		if (this.active === record) this.active = -1;
		if (this.count === 1) {
			this.clear();
			return (tags & TagBits.SOURCE_MASK) >> TagBits.SOURCE_SHIFT;
		}
		this.alone = 0;
		this.count--;
		this.used -= words[at]! & RecordBits.SIZE_MASK;
		if (record === this.head) this.advance();
		return (tags & TagBits.SOURCE_MASK) >> TagBits.SOURCE_SHIFT;
	}

	/** There is one record, and no packet is half sent: see alone. Hot: no allocation. */
	noteAlone(): void {
		if (this.cursor !== this.tail) return;
		const tags = this.words[(this.head >> 2) + Field.TAGS]!;
		if ((tags & TagBits.SOURCE_MASK) === 0 && (tags & TagBits.STATE_MASK) >= RecordState.PUBACK_WAIT) this.alone = tags;
	}

	/** The last record is given back: packets start at the base again. Hot: no allocation. */
	clear(): void {
		this.count = this.used = this.alone = 0;
		this.head = this.cursor = this.tail = this.base;
	}

	/** The first record is free: moves the head to the next that is not. */
	private advance(): void {
		const words = this.words;
		let head = this.head;
		do head += words[head >> 2]! & RecordBits.SIZE_MASK;
		while ((words[(head >> 2) + Field.TAGS]! & TagBits.STATE_MASK) === RecordState.FREE);
		this.head = head;
		if (this.cursor < head) this.cursor = head;
	}

	/** Something else depends on the next ack now, too: see alone. */
	forgetAlone(): void {
		this.alone = 0;
	}

	/** A connection has ended: no packet is being sent, and no ack is waited for. */
	handleLost(): void {
		this.active = -1;
		this.alone = 0;
	}

	/** Starts over on a new connection: everything that is left is sent again, in order. */
	rewind(): void {
		this.cursor = this.head;
		this.active = -1;
	}

	/**
	 * Before:  base |..free..| A |..free..| B | C |   room   | limit
	 * After:   base | A | B | C |            room            | limit
	 */
	private compact(): void {
		const words = this.words;
		const tail = this.tail;
		const cursor = this.cursor;
		const active = this.active;
		let to = this.base;
		let cursorTo = -1;
		for (let from = this.head; from < tail;) {
			const size = words[from >> 2]! & RecordBits.SIZE_MASK;
			if (from >= cursor && cursorTo < 0) cursorTo = to;
			if ((words[(from >> 2) + Field.TAGS]! & TagBits.STATE_MASK) !== RecordState.FREE) {
				if (from !== to) this._bytes.copyWithin(to, from, from + size);
				if (from === active) this.active = to;
				to += size;
			}
			from += size;
		}
		this.head = this.base;
		this.tail = to;
		this.cursor = cursorTo < 0 ? to : cursorTo;
		if (to - this.base !== this.used) fail("outbox: bytes lost");
	}
}
