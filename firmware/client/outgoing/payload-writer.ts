import { Ascii } from "../../base/ascii.js";
import { sizeOfText, writeText } from "../../base/text.js";
import { StatusCode } from "../../codec/status.js";
import { Text, Topic, topicOf } from "../../codec/topic.js";
import type { Publisher } from "./publisher.js";

/** Above this a double does not hold every whole number. */
const INTEGER_MAX = 9_007_199_254_740_991;

/** The most digits behind the point. */
const enum Decimal {
	DIGITS_MAX = 9,
}
const HEX = new Uint8Array([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102]);
const TRUE = new Uint8Array([116, 114, 117, 101]);
const FALSE = new Uint8Array([102, 97, 108, 115, 101]);
const NULL = new Uint8Array([110, 117, 108, 108]);

/** What the writer needs of the loop. */
interface Turns {
	/** Whether a turn is under way. */
	readonly busy: number;
	/** Sends what can be sent. Throws: what is caught goes to fault. */
	flush(): void;
	/** Something of ours has thrown: it costs the connection. */
	fault(nested: number, error: unknown): void;
	/** A turn once the caller has seen what he gets: of room he is told after his refusal, not within it. */
	later(): void;
}

/**
 * Composes a payload straight where it waits to be sent, without a string on the way. Made by `client.compose`; one per
 * client, good until `send` or `drop`. The parts return the writer, so that they can be chained; whether all of it
 * fitted is what `send` says. Hot with Text and numbers: no allocation.
 */
export class PayloadWriter {
	private readonly _bytes: Uint8Array;
	private readonly _publisher: Publisher;
	private readonly _loop: Turns;
	private _topic: Topic | undefined = undefined;
	private _qos = 0;
	private _retain = false;
	private _start = 0;
	private _at = 0;
	private _limit = 0;
	private _status: number = StatusCode.NOT_FOUND;
	private _needsComma = false;
	/** Starts that were refused because a payload was open, and not sent or dropped yet; its status meanwhile. */
	private _refused = 0;
	private _openStatus: number = StatusCode.OK;

	/** For the library. */
	constructor(bytes: Uint8Array, publisher: Publisher, loop: Turns) {
		this._bytes = bytes;
		this._publisher = publisher;
		this._loop = loop;
	}

	/** For the library: starts a payload; the status of a refusal is kept for send. */
	start(topic: Topic | string, qos: number, retain: boolean): this {
		const made = topic instanceof Topic ? topic : topicOf(topic);
		let start: number = StatusCode.INVALID_TOPIC;
		if (this._publisher.composing) start = StatusCode.BUSY;
		else if (made !== undefined) start = this._publisher.startCompose(made, qos);
		// Also when a publish gave way for this one, and a callback that was told of it has opened another one.
		if (start === (StatusCode.BUSY as number)) {
			this.refuse();
			return this;
		}
		this._topic = made;
		this._qos = qos;
		this._retain = retain;
		this._needsComma = false;
		this._status = start < 0 ? start : StatusCode.OK;
		this._start = this._at = start;
		this._limit = this._publisher.composeLimit;
		return this;
	}

	/** The payload that is open stays open; this one is not written, up to its send or drop. */
	private refuse(): void {
		if (this._refused++ === 0) this._openStatus = this._status;
		this._status = StatusCode.BUSY;
	}

	/** Room for `size` more bytes; once there is none, nothing more is written. */
	private takes(size: number): boolean {
		if (this._status < 0) return false;
		if (size <= this._limit - this._at) return true;
		const used = this._at - this._start;
		const start = this.grow(used, used + size);
		if (start === (StatusCode.BUSY as number)) {
			// Who was told of a publish that gave way has given up this payload. If he has begun another one, the parts that are
			// still to come, up to send or drop, are not that one's.
			if (this._publisher.composing) this.refuse();
			return false;
		}
		if (start < 0) {
			this._status = start;
			return false;
		}
		this._start = start;
		this._at = start + used;
		return true;
	}

	/** Makes room by what waits and may give way; rare, so it has a guard of its own. */
	private grow(used: number, size: number): number {
		const nested = this._loop.busy;
		try {
			return this._publisher.growCompose(this._topic!, this._qos, this._start, used, size);
		} catch (error) {
			this._loop.fault(nested, error);
			return StatusCode.INTERNAL_FAULT;
		}
	}

	/** For the library: starting has failed for a defect of ours; send will say so. */
	startFailed(): this {
		this._publisher.setComposing(false);
		this._status = StatusCode.INTERNAL_FAULT;
		return this;
	}

	/** A part that cannot be written: send will say so. */
	private fail(): this {
		if (this._status >= 0) this._status = StatusCode.INVALID_PAYLOAD;
		return this;
	}

	/** One byte, 0 … 255. */
	byte(value: number): this {
		if (this.takes(1)) this._bytes[this._at++] = value;
		return this;
	}

	/** Bytes `offset` … `offset + size - 1` of an array; all of it unless told. */
	bytes(source: Uint8Array, offset = 0, size = source.length - offset): this {
		if (!(offset >= 0 && size >= 0 && size <= source.length - offset)) return this.fail();
		if (!this.takes(size)) return this;
		if (offset === 0 && size === source.length) this._bytes.set(source, this._at);
		else for (let i = 0; i < size; i++) this._bytes[this._at + i] = source[offset + i]!;
		this._at += size;
		return this;
	}

	/** A Text, or a string (slower: it is encoded each time). */
	text(text: Text | string): this {
		if (text instanceof Text) return this.bytes(text.bytes);
		const size = sizeOfText(text);
		if (size < 0) return this.fail();
		if (this.takes(size)) this._at = writeText(this._bytes, this._at, text);
		return this;
	}

	/** A whole number in decimal digits, within ±(2^53 - 1). Anything else is INVALID_PAYLOAD. */
	integer(value: number): this {
		if (!(value >= -INTEGER_MAX && value <= INTEGER_MAX) || value % 1 !== 0) return this.fail();
		if (value < 0) this.byte(Ascii.MINUS);
		return this.digits(value < 0 ? -value : value, 1);
	}

	/** Decimal digits of a whole number, with leading zeros up to `least`. */
	private digits(value: number, least: number): this {
		let count = 1;
		for (let rest = value; rest >= 10; count++) rest = Math.floor(rest / 10);
		if (count < least) count = least;
		if (!this.takes(count)) return this;
		for (let i = this._at + count - 1; i >= this._at; i--) {
			const tens = Math.floor(value / 10);
			// In this order: Ascii.ZERO + value may be more than a double holds exactly.
			this._bytes[i] = Ascii.ZERO + (value - tens * 10);
			value = tens;
		}
		this._at += count;
		return this;
	}

	/**
	 * A decimal number with a fixed count of digits behind the point, rounded half up; `null` when it is not finite.
	 *
	 * in   digits  0 … 9
	 */
	decimal(value: number, digits: number): this {
		if (!(value - value === 0)) return this.bytes(NULL);
		const places = digits > 0 ? (digits < Decimal.DIGITS_MAX ? digits | 0 : Decimal.DIGITS_MAX) : 0;
		let scale = 1;
		for (let i = 0; i < places; i++) scale *= 10;
		const scaled = Math.round((value < 0 ? -value : value) * scale);
		if (scaled > INTEGER_MAX) return this.fail();
		if (value < 0 && scaled > 0) this.byte(Ascii.MINUS);
		const whole = Math.floor(scaled / scale);
		this.digits(whole, 1);
		return places === 0 ? this : this.byte(Ascii.POINT).digits(scaled - whole * scale, places);
	}

	/** The low bits of a 32-bit integer as hexadecimal digits, `digits` of them: 1 … 8. */
	hex(value: number, digits: number): this {
		if (!this.takes(digits)) return this;
		for (let i = digits - 1; i >= 0; i--) this._bytes[this._at++] = HEX[(value >>> (4 * i)) & 15]!;
		return this;
	}

	/** `true` or `false`. */
	boolean(value: boolean): this {
		return this.bytes(value ? TRUE : FALSE);
	}

	/** `{`, the start of a JSON object. */
	open(): this {
		this._needsComma = false;
		return this.byte(Ascii.OPEN_BRACE);
	}

	/** `}`, the end of a JSON object. */
	close(): this {
		this._needsComma = true;
		return this.byte(Ascii.CLOSE_BRACE);
	}

	/** `"name":` of a JSON field, with the comma in front that it needs. The value is what is written next. */
	field(name: Text | string): this {
		if (this._needsComma) this.byte(Ascii.COMMA);
		this._needsComma = true;
		return this.string(name).byte(Ascii.COLON);
	}

	/** A JSON string: quoted, and escaped where it has to be. */
	string(text: Text | string): this {
		this.byte(Ascii.QUOTE);
		// From the start: what is written may move when room is made for more.
		const offset = this._at - this._start;
		this.text(text);
		if (this._status >= 0) this.escapeFrom(offset);
		return this.byte(Ascii.QUOTE);
	}

	/** Escapes what was just written, from the end, so that every byte moves once. */
	private escapeFrom(offset: number): void {
		const bytes = this._bytes;
		let extra = 0;
		for (let i = this._start + offset; i < this._at; i++) extra += escapeSize(bytes[i]!) - 1;
		if (extra === 0 || !this.takes(extra)) return;
		const start = this._start + offset;
		let to = this._at + extra;
		for (let from = this._at - 1; from >= start; from--) {
			const byte = bytes[from]!;
			const size = escapeSize(byte);
			to -= size;
			if (size === 6) {
				bytes[to] = Ascii.BACKSLASH;
				bytes[to + 1] = 0x75;
				bytes[to + 2] = bytes[to + 3] = Ascii.ZERO;
				bytes[to + 4] = HEX[byte >> 4]!;
				bytes[to + 5] = HEX[byte & 15]!;
			} else {
				if (size === 2) bytes[to] = Ascii.BACKSLASH;
				bytes[to + size - 1] = byte;
			}
		}
		this._at += extra;
	}

	/**
	 * Publishes what was composed.
	 *
	 * out  as `client.publish`; FULL when it did not fit, and then nothing is sent
	 */
	send(): number {
		if (this.endRefused()) return StatusCode.BUSY;
		const status = this._status;
		const nested = this._loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = this.finish(status);
			if (result >= 0) this._loop.flush();
		} catch (error) {
			this.failed(nested, error);
		}
		return result;
	}

	/** Ending has failed for a defect of ours: the payload is gone, and the next one may be begun. */
	private failed(nested: number, error: unknown): void {
		this._publisher.setComposing(false);
		this._loop.fault(nested, error);
	}

	/** Hands what was composed to the publisher; out as send. */
	private finish(status: number): number {
		if (!this._publisher.composing) {
			// Refused when it was begun, and told of only now: room that was made in between has been told of too early.
			if (status === StatusCode.FULL) {
				this._publisher.wantRoom();
				this._loop.later();
			}
			return status;
		}
		this._status = StatusCode.NOT_FOUND;
		if (status === StatusCode.INVALID_PAYLOAD) {
			// It is not room that is missing: nothing is counted, and nobody waits for any.
			this._publisher.dropCompose();
			return status;
		}
		const size = status < 0 ? status : this._at - this._start;
		const result = this._publisher.finishCompose(this._topic!, this._qos, this._retain, this._start, size);
		if (result < 0) this._loop.later();
		return result;
	}

	/** Whether it is one that was refused that ends here; the payload that was open before goes on. */
	private endRefused(): boolean {
		if (this._refused === 0) return false;
		if (--this._refused === 0) this._status = this._openStatus;
		return true;
	}

	/** Gives up what was composed. */
	drop(): void {
		if (this.endRefused()) return;
		this._status = StatusCode.NOT_FOUND;
		const nested = this._loop.busy;
		try {
			this._publisher.dropCompose();
		} catch (error) {
			this.failed(nested, error);
		}
	}
}

/** Bytes that a byte of a JSON string takes when written so that it may stand there. Hot: no allocation. */
function escapeSize(byte: number): number {
	return byte < 0x20 ? 6 : byte === Ascii.QUOTE || byte === Ascii.BACKSLASH ? 2 : 1;
}
