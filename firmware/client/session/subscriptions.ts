// Read MQTT 3.1.1 §3.8 … §3.11 and §4.7 before changing this file.
import { fail } from "../../base/assert.js";
import { equalsText, sizeOfText, writeText } from "../../base/text.js";
import { Max, FirstByte } from "../../codec/constants.js";
import { sizeOfVarint, writeUint16, writeVarint } from "../../codec/encode.js";
import { FilterKind, kindOfFilter, matchesWildcard, sharedFilterStart } from "../../codec/filter.js";
import { StatusCode } from "../../codec/status.js";
import type { Arena } from "../setup/arena.js";
import type { Handler } from "../terms/options.js";
import { CounterIndex, type Counts, raise } from "../terms/counters.js";
import { nearerId } from "./session.js";
import type { Settings } from "../setup/settings.js";
import {
	Column,
	Flag,
	isMatched,
	isPending,
	isRequested,
	pendingOf,
	RequestBits,
	requestedOf,
	Row,
	SubscriptionState,
} from "./subscription-row.js";

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const STRING = "string";

/**
 * Topic filters with their handlers, and the requests that make the server know them. Filters stand packed in the
 * arena, so that matching is a walk over bytes. Hot: no allocation.
 */
export class Subscriptions {
	/** Entries of the table that have been used; those beyond are free. */
	count = 0;
	/** Entries that need SUBSCRIBE or UNSUBSCRIBE to be sent. */
	pending = 0;
	/** Entries whose ack is awaited. */
	requested = 0;
	readonly handlers: (Handler | null)[] = [];
	/** The arena by words: see Column. */
	private readonly _table: Int32Array;
	private readonly _max: number;
	private readonly _bytes: Uint8Array;
	private readonly _view: DataView;
	private readonly _base: number;
	private readonly _limit: number;
	/** The largest SUBSCRIBE or UNSUBSCRIBE that may be sent. */
	private readonly _packetSizeMax: number;
	/** The most filters in one SUBSCRIBE: its SUBACK has to fit into the receive buffer. */
	private readonly _batchMax: number;
	private readonly _counters: Counts;
	private _end: number;
	/** Entries that are matched by walking. */
	wildcards = 0;
	private _used = 0;

	constructor(settings: Settings, arena: Arena, counters: Counts) {
		this._max = settings.subscriptions;
		this._table = arena.words;
		this._bytes = arena.bytes;
		this._view = arena.view;
		this._base = this._end = arena.take(settings.filterBytes);
		this._limit = this._base + settings.filterBytes;
		this._packetSizeMax = settings.txBuffer;
		this._batchMax = settings.rxBuffer - 8;
		this._counters = counters;
		for (let i = 0; i < this._max; i++) this.handlers.push(null);
	}

	state(index: number): SubscriptionState {
		return this._table[index * Row.WORDS + Column.STATE]!;
	}

	packetId(index: number): number {
		return this._table[index * Row.WORDS + Column.REQUEST]! & RequestBits.PACKET_ID_MASK;
	}

	qos(index: number): number {
		return this._table[index * Row.WORDS + Column.FLAGS]! & Flag.QOS_MASK;
	}

	/** Whether the handler takes messages in pieces. */
	streams(index: number): boolean {
		return (this._table[index * Row.WORDS + Column.FLAGS]! & Flag.STREAM) !== 0;
	}

	/** Where the topic filter starts in the arena; valid until the next change of the table. */
	filterStart(index: number): number {
		return this._table[index * Row.WORDS + Column.OFFSET]!;
	}

	filterSize(index: number): number {
		return this._table[index * Row.WORDS + Column.SIZE]!;
	}

	/**
	 * Declares a subscription, or changes the one that has the same filter. No allocation.
	 *
	 * in   filter   topic filter
	 *      qos      0, 1, 2
	 *      stream   whether the handler takes messages in pieces
	 * out  its index, 0 or more; the subscription is pending
	 *
	 * INVALID_FILTER  §4.7.1 is broken, or the text cannot be UTF-8
	 * TOO_LARGE       SUBSCRIBE with this filter would not fit into the transmit region
	 * FULL            no entry, or too few filter bytes
	 */
	declare(filter: string, qos: number, handler: Handler, stream: boolean): number {
		let index = this.find(filter);
		if (index < 0) index = this.add(filter);
		if (index < 0) return index;
		const at = index * Row.WORDS;
		const flags = this._table[at + Column.FLAGS]! & Flag.WILDCARD;
		this._table[at + Column.FLAGS] = flags | qos | (stream ? Flag.STREAM : 0);
		this.handlers[index] = handler;
		this.setState(index, SubscriptionState.DECLARED);
		return index;
	}

	/**
	 * Ends a subscription: its handler gets nothing more, and UNSUBSCRIBE is pending. So it is for a filter that was never
	 * declared: a session that the server keeps may hold one of an earlier program. It takes an entry until UNSUBACK.
	 *
	 * out  its index; NOT_FOUND when it is being ended already; for one that was not declared also the statuses of declare
	 */
	end(filter: string): number {
		let index = this.find(filter);
		if (index === (StatusCode.NOT_FOUND as number)) index = this.add(filter);
		if (index < 0) return index;
		const state = this.state(index);
		if (state === SubscriptionState.ENDED || state === SubscriptionState.UNSUBSCRIBING) return StatusCode.NOT_FOUND;
		this.handlers[index] = null;
		this._table[index * Row.WORDS + Column.FLAGS]! &= ~(Flag.STREAMING | Flag.ANSWERED);
		this.setState(index, SubscriptionState.ENDED);
		return index;
	}

	/** The entry of a filter; NOT_FOUND when there is none. */
	private find(filter: string): number {
		if (typeof filter !== STRING) return StatusCode.INVALID_FILTER;
		for (let i = 0; i < this.count; i++) {
			if (this.state(i) === SubscriptionState.FREE) continue;
			const start = this.filterStart(i);
			if (equalsText(this._bytes, start, start + this.filterSize(i), filter)) return i;
		}
		return StatusCode.NOT_FOUND;
	}

	/** Puts a new filter behind the last one, checks it, and gives it an entry. */
	private add(filter: string): number {
		if (typeof filter !== STRING) return StatusCode.INVALID_FILTER;
		const size = sizeOfText(filter);
		if (size <= 0 || size > Max.FIELD_SIZE) return StatusCode.INVALID_FILTER;
		// Fixed header of at most 4 bytes for these sizes, packet identifier, length, QoS.
		if (4 + 2 + 2 + size + 1 > this._packetSizeMax) return StatusCode.TOO_LARGE;
		const offset = this._end;
		if (size > this._limit - offset) return StatusCode.FULL;
		writeText(this._bytes, offset, filter);
		const kind = kindOfFilter(this._bytes, offset, offset + size);
		const start = sharedFilterStart(this._bytes, offset, offset + size);
		if (kind === FilterKind.INVALID || start < 0) return StatusCode.INVALID_FILTER;
		let index = 0;
		while (index < this.count && this.state(index) !== SubscriptionState.FREE) index++;
		if (index === this._max) return StatusCode.FULL;
		if (index === this.count) this.count++;
		const table = this._table;
		const at = index * Row.WORDS;
		table[at + Column.OFFSET] = offset;
		table[at + Column.SIZE] = size;
		table[at + Column.SKIP] = start - offset;
		table[at + Column.REQUEST] = 0;
		const walked = kind === FilterKind.WILDCARD || start > offset;
		table[at + Column.FLAGS] = walked ? Flag.WILDCARD : 0;
		if (walked) this.wildcards++;
		// The next filter starts at a whole word; the last one may use what is left of the region.
		this._end = (offset + size + 3) & ~3;
		raise(this._counters, CounterIndex.SUBSCRIPTIONS_MAX, ++this._used);
		raise(this._counters, CounterIndex.FILTER_BYTES_MAX, offset + size - this._base);
		return index;
	}

	private setState(index: number, state: SubscriptionState): void {
		const before = this.state(index);
		if (isPending(before)) this.pending--;
		if (isRequested(before)) this.requested--;
		if (isPending(state)) this.pending++;
		if (isRequested(state)) this.requested++;
		const table = this._table;
		const at = index * Row.WORDS;
		table[at + Column.STATE] = state;
		const exact = isMatched(state) && (table[at + Column.FLAGS]! & Flag.WILDCARD) === 0;
		table[at + Column.EXACT] = exact ? table[at + Column.SIZE]! : 0;
		if (state === SubscriptionState.FREE) this.remove(index);
	}

	/** Takes a filter out and closes the gap. */
	private remove(index: number): void {
		const table = this._table;
		const offset = this.filterStart(index);
		const size = (this.filterSize(index) + 3) & ~3;
		if ((table[index * Row.WORDS + Column.FLAGS]! & Flag.WILDCARD) !== 0) this.wildcards--;
		this.handlers[index] = null;
		this._bytes.copyWithin(offset, offset + size, this._end);
		this._end -= size;
		this._used--;
		for (let i = 0; i < this.count; i++) {
			if (table[i * Row.WORDS + Column.OFFSET]! > offset) table[i * Row.WORDS + Column.OFFSET]! -= size;
		}
		while (this.count > 0 && this.state(this.count - 1) === SubscriptionState.FREE) this.count--;
	}

	/**
	 * Writes one SUBSCRIBE (§3.8) or UNSUBSCRIBE (§3.10) with as many pending filters as fit. No allocation.
	 *
	 * in   offset, limit  room in the arena
	 *      packetId       for the request
	 * out  one past the packet; `offset` when the first pending filter does not fit
	 */
	writeRequest(offset: number, limit: number, packetId: number): number {
		if (this.pending <= 0) fail("subscriptions: nothing to request");
		let first = 0;
		while (!isPending(this.state(first))) first++;
		const from = this.state(first);
		const perFilter = from === SubscriptionState.DECLARED ? 3 : 2;
		let remaining = 2;
		let count = 0;
		for (let i = first; i < this.count && count < this._batchMax; i++) {
			if (this.state(i) !== from) continue;
			const more = remaining + perFilter + this.filterSize(i);
			if (1 + sizeOfVarint(more) + more > limit - offset) break;
			remaining = more;
			count++;
		}
		if (count === 0) return offset;
		this._bytes[offset] = from === SubscriptionState.DECLARED ? FirstByte.SUBSCRIBE : FirstByte.UNSUBSCRIBE;
		let at = writeVarint(this._bytes, offset + 1, remaining);
		at = writeUint16(this._bytes, at, packetId);
		const request = (count << RequestBits.FILTERS_SHIFT) | packetId;
		for (let i = first, position = 0; position < count; i++) {
			if (this.state(i) !== from) continue;
			at = this.writeFilter(at, i, from === SubscriptionState.DECLARED);
			const flags = this._table[i * Row.WORDS + Column.FLAGS]! & Flag.MASK;
			this._table[i * Row.WORDS + Column.FLAGS] = flags | (position << Flag.POSITION_SHIFT);
			this._table[i * Row.WORDS + Column.REQUEST] = request;
			this.setState(i, requestedOf(from));
			position++;
		}
		return at;
	}

	private writeFilter(at: number, index: number, withQos: boolean): number {
		const start = this.filterStart(index);
		const size = this.filterSize(index);
		at = writeUint16(this._bytes, at, size);
		this._bytes.copyWithin(at, start, start + size);
		at += size;
		if (withQos) this._bytes[at++] = this.qos(index);
		return at;
	}

	/**
	 * How many filters a request was sent with, although some may have been ended or declared again since; 0 when no entry
	 * waits for its ack, negative when the other kind of ack is awaited.
	 */
	countOfRequest(packetId: number, state: SubscriptionState): number {
		const index = this.nextOfRequest(packetId, 0);
		if (index < 0) return 0;
		return this.state(index) === state
			? this._table[index * Row.WORDS + Column.REQUEST]! >> RequestBits.FILTERS_SHIFT
			: -1;
	}

	/** The first entry at or behind `index` that waits for this request, or -1. */
	nextOfRequest(packetId: number, index: number): number {
		for (let i = index; i < this.count; i++) {
			if (isRequested(this.state(i)) && this.packetId(i) === packetId) return i;
		}
		return -1;
	}

	/** Whether an entry waits for a request that went out before this one; identifiers are given in the order of going out. */
	waitsForOlder(packetId: number): boolean {
		for (let i = 0; i < this.count; i++) {
			if (isRequested(this.state(i)) && ((packetId - this.packetId(i)) & RequestBits.AGE_MASK) < RequestBits.AGE_OLDER)
				return true;
		}
		return false;
	}

	/** Where the filter stands among those of its last request, from 0. */
	position(index: number): number {
		return this._table[index * Row.WORDS + Column.FLAGS]! >> Flag.POSITION_SHIFT;
	}

	/** An ack has come for one entry; after SUBACK the application is still to be told, see takeAnswered. */
	settle(index: number, state: SubscriptionState): void {
		if (state !== SubscriptionState.FREE) this._table[index * Row.WORDS + Column.FLAGS]! |= Flag.ANSWERED;
		this.setState(index, state);
	}

	/** Whether SUBACK has come and the application has not been told; it is being told now. */
	takeAnswered(index: number): boolean {
		const at = index * Row.WORDS + Column.FLAGS;
		if ((this._table[at]! & Flag.ANSWERED) === 0) return false;
		this._table[at]! &= ~Flag.ANSWERED;
		return true;
	}

	/** The connection is gone: requests without an ack are made again. */
	handleLost(): void {
		for (let i = 0; i < this.count; i++) {
			if (isRequested(this.state(i))) this.setState(i, pendingOf(this.state(i)));
		}
	}

	/** The server keeps no session: every subscription is unknown to it. out: whether that has freed an entry. */
	restart(): boolean {
		const used = this._used;
		for (let i = 0; i < this.count; i++) {
			const state = this.state(i);
			if (state === SubscriptionState.ENDED) this.setState(i, SubscriptionState.FREE);
			else if (state !== SubscriptionState.FREE) this.setState(i, SubscriptionState.DECLARED);
		}
		return this._used < used;
	}

	/** How far the next identifier of an open request is from `from`, if nearer than `nearest`. See Session.takeId. */
	nearestId(from: number, nearest: number): number {
		for (let i = 0; i < this.count && this.requested > 0; i++) {
			if (isRequested(this.state(i))) nearest = nearerId(nearest, from, this.packetId(i));
		}
		return nearest;
	}

	/**
	 * The subscription whose filter, without wildcards, has just the bytes of this topic name: there is one at most. A
	 * topic name that equals a filter needs no check of its own: the filter was checked when it was declared. Hot: no
	 * allocation.
	 *
	 * Compares eight bytes as one double: of all steps this costs XS the least (words from an Int32Array take 400 instructions
	 * more for 20 bytes). It is exact, because no eight bytes of a checked filter are a NaN or a zero: a NaN needs 0x7f or 0xff
	 * behind 0xf0 … 0xff, which is not UTF-8, and a zero needs U+0000.
	 *
	 * in   topic, size  topic name in the arena
	 * out  index, or -1
	 */
	findExact(topic: number, size: number): number {
		const table = this._table;
		const limit = Column.EXACT + this.count * Row.WORDS;
		let index = 0;
		next: for (let at = Column.EXACT as number; at < limit; at += Row.WORDS, index++) {
			if (table[at] !== size) continue;
			const view = this._view;
			const filter = table[at + (Column.OFFSET - Column.EXACT)]!;
			let left = size;
			while (left >= 8) {
				left -= 8;
				if (view.getFloat64(filter + left, true) !== view.getFloat64(topic + left, true)) continue next;
			}
			if (left >= 4) {
				left -= 4;
				if (view.getInt32(filter + left, true) !== view.getInt32(topic + left, true)) continue next;
			}
			while (left > 0) {
				left--;
				if (this._bytes[filter + left] !== this._bytes[topic + left]) continue next;
			}
			return index;
		}
		return -1;
	}

	/** The first subscription with a wildcard at or behind `index` that matches, or -1. Hot: no allocation. */
	nextWildcard(index: number, topic: number, size: number): number {
		const table = this._table;
		const count = this.count;
		for (let at = index * Row.WORDS; index < count; index++, at += Row.WORDS) {
			if ((table[at + Column.FLAGS]! & Flag.WILDCARD) === 0 || !isMatched(table[at + Column.STATE]!)) continue;
			const start = table[at + Column.OFFSET]!;
			const filter = start + table[at + Column.SKIP]!;
			const limit = start + table[at + Column.SIZE]!;
			if (matchesWildcard(this._bytes, filter, limit, topic, topic + size)) return index;
		}
		return -1;
	}

	/**
	 * Whether somebody wants a message larger than the buffer, and nobody takes it in pieces: the option `tooLarge` is for it.
	 *
	 * in   unrouted  what stands for messages that match no subscription
	 */
	refusesLarge(topic: number, size: number, unrouted: boolean): boolean {
		const exact = this.findExact(topic, size);
		if (exact >= 0 && this.streams(exact)) return false;
		let matches = exact >= 0;
		for (let i = this.nextWildcard(0, topic, size); i >= 0; i = this.nextWildcard(i + 1, topic, size)) {
			if (this.streams(i)) return false;
			matches = true;
		}
		return matches || unrouted;
	}

	/** Marks whether a subscription takes part in the message that is being streamed. */
	setStreaming(index: number, streaming: boolean): void {
		const at = index * Row.WORDS + Column.FLAGS;
		if (streaming) this._table[at]! |= Flag.STREAMING;
		else this._table[at]! &= ~Flag.STREAMING;
	}

	isStreaming(index: number): boolean {
		return (this._table[index * Row.WORDS + Column.FLAGS]! & Flag.STREAMING) !== 0;
	}
}
