import { Ascii } from "../../base/ascii.js";
import { PublishFlag } from "../../codec/constants.js";
import type { Topic } from "../../codec/topic.js";
import type { QoS } from "./codes.js";

/**
 * A received message, or a piece of one. Topic and payload are positions in the client's receive buffer: everything
 * here is valid until the handler returns, and only then may be overwritten. What allocates says so.
 * Hot otherwise: no allocation.
 */
export class Message {
	/** Payload bytes that are here now. */
	size = 0;
	/** Where these bytes start in the payload; 0 unless the handler takes pieces. A message that starts over is at 0 again. */
	offset = 0;
	/** Bytes of the whole payload; `size` unless the handler takes pieces. The last piece ends at `total`. */
	total = 0;
	/** Bytes of the topic name. */
	topicSize = 0;
	/** The packet's identifier; 0 at QoS 0. */
	packetId = 0;
	/** The first byte of its packet: type, DUP, QoS, RETAIN (§3.3.1). */
	firstByte = 0;
	/** For the library: where the topic name starts in the arena. */
	topicStart = 0;
	/** For the library: where the payload bytes start in the arena. */
	start = 0;
	private readonly _bytes: Uint8Array;
	private readonly _view: DataView;

	/** For the library: a message is a window on its client's arena. */
	constructor(bytes: Uint8Array, view: DataView) {
		this._bytes = bytes;
		this._view = view;
	}

	/** For the library: the head of a PUBLISH. */
	setHead(firstByte: number, packetId: number, topicStart: number, topicSize: number): void {
		this.firstByte = firstByte;
		this.packetId = packetId;
		this.topicStart = topicStart;
		this.topicSize = topicSize;
	}

	/** The QoS it was delivered with: 0, 1, 2. */
	get qos(): QoS {
		return ((this.firstByte & PublishFlag.QOS_MASK) >> PublishFlag.QOS_SHIFT) as QoS;
	}

	/** Whether the server had kept it from before our subscription (§3.3.1.3). */
	get retain(): boolean {
		return (this.firstByte & PublishFlag.RETAIN) !== 0;
	}

	/** Whether the server says it may have sent it before (§3.3.1.1). */
	get duplicate(): boolean {
		return (this.firstByte & PublishFlag.DUP) !== 0;
	}

	/** Payload byte at `index`, 0 … size - 1; -1 outside. */
	byteAt(index: number): number {
		return index >= 0 && index < this.size ? this._bytes[this.start + index]! : -1;
	}

	/**
	 * Copies payload bytes.
	 *
	 * in   target, targetOffset  where to; what does not fit is left out
	 * out  bytes copied
	 */
	copyTo(target: Uint8Array, targetOffset = 0): number {
		const room = target.length - targetOffset;
		const size = room < this.size ? room : this.size;
		const bytes = this._bytes;
		const start = this.start;
		for (let i = 0; i < size; i++) target[targetOffset + i] = bytes[start + i]!;
		return size < 0 ? 0 : size;
	}

	/** Whether the payload has exactly these bytes. */
	equals(other: Uint8Array): boolean {
		const size = this.size;
		if (other.length !== size) return false;
		const bytes = this._bytes;
		const start = this.start;
		for (let i = 0; i < size; i++) if (bytes[start + i] !== other[i]) return false;
		return true;
	}

	/** The payload as a whole number in decimal digits, with an optional minus; NaN when it is anything else. */
	integer(): number {
		return this.parse(false);
	}

	/** The payload as a decimal number, e.g. `-12.5`, without exponent; NaN when it is anything else. */
	decimal(): number {
		return this.parse(true);
	}

	private parse(withFraction: boolean): number {
		const bytes = this._bytes;
		const limit = this.start + this.size;
		let at = this.start;
		const negative = bytes[at] === Ascii.MINUS && this.size > 0;
		if (negative) at++;
		let value = 0;
		let scale = 0;
		let digits = 0;
		for (; at < limit; at++) {
			const digit = bytes[at]! - Ascii.ZERO;
			if (digit >= 0 && digit <= 9) {
				value = value * 10 + digit;
				digits++;
				scale *= 10;
			} else if (bytes[at] === Ascii.POINT && withFraction && scale === 0) {
				scale = 1;
			} else return NaN;
		}
		if (digits === 0) return NaN;
		if (scale > 1) value /= scale;
		return negative ? -value : value;
	}

	/** Whether it came under this topic name. */
	topicEquals(topic: Topic): boolean {
		const field = topic.field;
		const size = this.topicSize;
		if (field.length !== size + 2) return false;
		const bytes = this._bytes;
		const start = this.topicStart - 2;
		for (let i = 2; i < size + 2; i++) if (bytes[start + i] !== field[i]) return false;
		return true;
	}

	/** Topic name byte at `index`, 0 … topicSize - 1; -1 outside. */
	topicByteAt(index: number): number {
		return index >= 0 && index < this.topicSize ? this._bytes[this.topicStart + index]! : -1;
	}

	/** How many levels the topic name has, 1 or more: `a/b` has two. */
	get levelCount(): number {
		let count = 1;
		for (let i = 0; i < this.topicSize; i++) if (this._bytes[this.topicStart + i] === Ascii.SLASH) count++;
		return count;
	}

	/** Where a level starts in the topic name, 0-based; -1 when there is none. */
	levelStart(level: number): number {
		let at = 0;
		for (; level > 0; level--) {
			while (at < this.topicSize && this._bytes[this.topicStart + at] !== Ascii.SLASH) at++;
			if (at++ >= this.topicSize) return -1;
		}
		return level < 0 ? -1 : at;
	}

	/** Whether a level of the topic name, 0-based, has exactly these bytes (of a Text). */
	levelEquals(level: number, other: Uint8Array): boolean {
		const start = this.levelStart(level);
		if (start < 0) return false;
		const at = this.topicStart + start;
		for (let i = 0; i < other.length; i++) {
			// A level holds no separator: bytes that do are none.
			if (start + i >= this.topicSize || this._bytes[at + i] !== other[i] || other[i] === Ascii.SLASH) return false;
		}
		const end = start + other.length;
		return end === this.topicSize || this._bytes[at + other.length] === Ascii.SLASH;
	}

	/** A signed 32-bit integer, high byte first, at `index`; NaN when it is not all there. */
	int32At(index: number): number {
		return index >= 0 && index + 4 <= this.size ? this._view.getInt32(this.start + index) : NaN;
	}

	/** The payload as text. Allocates. Throws TypeError when it is not UTF-8. */
	text(): string {
		return String.fromArrayBuffer(this._bytes.buffer as ArrayBuffer, this.start, this.size);
	}

	/** The topic name as text. Allocates. */
	topicText(): string {
		return String.fromArrayBuffer(this._bytes.buffer as ArrayBuffer, this.topicStart, this.topicSize);
	}

	/** A copy of the payload. Allocates. */
	bytes(): Uint8Array {
		return this._bytes.slice(this.start, this.start + this.size);
	}
}
