// Read RFC 6455 §5 and §7 before changing this file.
import { BadFrame, Close, End, Frame, Length } from "./codes.js";

/** What stands next, for a reader in a hurry, where it is not a count of payload bytes of a data frame. */
export const enum Ahead {
	/** The head of a frame, between messages. */
	HEAD = 0,
	/** Anything else: take() has to look. */
	OTHER = -1,
}

/** Whether a server may close with a code (§7.4.1, §7.4.2, and what IANA has registered). */
function isCloseCode(code: number): boolean {
	if (code >= 3000) return code <= 4999;
	if (code < 1000 || code > 1014) return false;
	return code !== 1004 && code !== 1005 && code !== 1006;
}

/**
 * Takes the frames of a server apart: their payloads stay, one behind the other, and what is no payload goes. Bytes may come
 * cut anywhere. Bounded: of all that comes, the payload of one ping is kept. Hot: no allocation.
 */
export class FrameReader {
	/**
	 * One of Ahead, or payload bytes of a data frame that come next. Whoever takes some of them takes them off; the last ones
	 * only while not `isOpen`.
	 */
	ahead: number = Ahead.HEAD;
	/** Why no byte is taken any more, one of End; 0 while there is no such reason. */
	end = 0;
	/** Belongs to it. */
	detail = 0;
	/** A ping has come that was not answered: bytes of its payload, which stands at `control`; -1: none. */
	pingSize = -1;
	private readonly _bytes: Uint8Array;
	private readonly _rx: number;
	private readonly _control: number;
	/** Bytes of the head that have come. */
	private _headSize = 0;
	/** Bytes of the length that are still to come. */
	private _lengthLeft = 0;
	/** The first byte of the frame. */
	private _first = 0;
	/** The payload's size, as far as it is known. */
	private _size = 0;
	/** Bytes of the payload that are still to come. */
	private _left = 0;
	/** Bytes of a control frame's payload that have come. */
	private _filled = 0;
	/** The code of a close frame, as far as it has come. */
	private _code = 0;
	/** The last data frame was not the last of its message. */
	isOpen = false;

	/** in  rx  where payload is put; control  where that of control frames is, with room for Own.CONTROL bytes */
	constructor(bytes: Uint8Array, rx: number, control: number) {
		this._bytes = bytes;
		this._rx = rx;
		this._control = control;
	}

	/** A new connection. */
	reset(): void {
		this.ahead = Ahead.HEAD;
		this.end = this.detail = 0;
		this.pingSize = -1;
		this._headSize = this._lengthLeft = this._left = this._filled = 0;
		this.isOpen = false;
	}

	/**
	 * Takes bytes, and moves payload to the start of the landing. Hot: no allocation.
	 *
	 * in   from, limit  the bytes, in the landing
	 * out  bytes of payload; what was behind an `end` is gone
	 */
	take(from: number, limit: number): number {
		const bytes = this._bytes;
		if (this.ahead >= 0) this._left = this.ahead;
		let to = this._rx;
		while (from < limit && this.end === 0) {
			const left = this._left;
			if (left === 0) {
				this.takeHead(bytes[from++]!);
				continue;
			}
			const count = limit - from < left ? limit - from : left;
			if ((this._first & Frame.OPCODE) < Frame.CLOSE) {
				if (to !== from) bytes.copyWithin(to, from, from + count);
				to += count;
			} else this.takeControl(from, count);
			from += count;
			this._left = left - count;
			if (left === count) this.endFrame();
		}
		this.ahead = this.look();
		return to - this._rx;
	}

	/** A part of a control frame's payload. What a pong carries is nobody's, and of a close frame only the code. */
	private takeControl(from: number, count: number): void {
		const opcode = this._first & Frame.OPCODE;
		const filled = this._filled;
		this._filled = filled + count;
		if (opcode === Frame.PING) this._bytes.copyWithin(this._control + filled, from, from + count);
		// Not to where a ping's payload may wait for its answer.
		else
			for (let i = filled; i < 2 && i < filled + count; i++)
				this._code = (this._code << 8) | this._bytes[from + i - filled]!;
	}

	/** A whole message begins, of which so many bytes are still to come: for a reader in a hurry. */
	begin(ahead: number): void {
		this._first = Frame.MESSAGE;
		this.ahead = ahead;
	}

	private look(): number {
		if (this._left > 0) return (this._first & Frame.OPCODE) < Frame.CLOSE ? this._left : Ahead.OTHER;
		return this._headSize === 0 && !this.isOpen ? Ahead.HEAD : Ahead.OTHER;
	}

	private fail(detail: BadFrame): void {
		this.end = End.BAD_FRAME;
		this.detail = detail;
	}

	/** One byte of a head. What is wrong is seen at the first byte that shows it. */
	private takeHead(byte: number): void {
		const index = this._headSize++;
		if (index === 0) this.takeFirst(byte);
		else if (index === 1) this.takeSecond(byte);
		else this.takeLength(byte);
	}

	private takeFirst(first: number): void {
		this._first = first;
		const opcode = first & Frame.OPCODE;
		if (first & Frame.RESERVED) this.fail(BadFrame.RESERVED_BITS);
		else if (opcode >= Frame.CLOSE) {
			if (opcode > Frame.PONG) this.fail(BadFrame.OPCODE);
			else if (!(first & Frame.FIN)) this.fail(BadFrame.CONTROL_FRAGMENTED);
		} else if (opcode === Frame.TEXT) this.fail(BadFrame.TEXT);
		else if (opcode > Frame.BINARY) this.fail(BadFrame.OPCODE);
		else if (opcode === Frame.BINARY && this.isOpen) this.fail(BadFrame.NEW_MESSAGE);
		else if (opcode === Frame.CONTINUATION && !this.isOpen) this.fail(BadFrame.CONTINUATION);
		else this.isOpen = (first & Frame.FIN) === 0;
	}

	private takeSecond(second: number): void {
		const opcode = this._first & Frame.OPCODE;
		const size = second & Length.BITS;
		if (second & Length.MASK) this.fail(BadFrame.MASKED);
		else if (size > Length.SHORT_MAX) {
			if (opcode >= Frame.CLOSE) this.fail(BadFrame.CONTROL_SIZE);
			this._size = 0;
			this._lengthLeft = size === Length.TWO_BYTES ? 2 : 8;
		} else if (opcode === Frame.CLOSE && size === 1) this.fail(BadFrame.CLOSE_SIZE);
		else this.beginPayload(size);
	}

	private takeLength(byte: number): void {
		const left = this._lengthLeft;
		if (left > 4 ? byte !== 0 : left === 4 && byte > 0x7f) return this.fail(BadFrame.LENGTH);
		this._size = (this._size << 8) | byte;
		this._lengthLeft = left - 1;
		if (left === 1) this.beginPayload(this._size);
	}

	private beginPayload(size: number): void {
		this._headSize = this._filled = this._code = 0;
		this._left = size;
		// Its payload takes the place of that of a ping that was not answered yet: the newest is (§5.5.3).
		if ((this._first & Frame.OPCODE) === Frame.PING) this.pingSize = -1;
		if (size === 0) this.endFrame();
	}

	private endFrame(): void {
		const opcode = this._first & Frame.OPCODE;
		if (opcode === Frame.PING) this.pingSize = this._filled;
		else if (opcode === Frame.CLOSE) {
			const code = this._filled === 0 ? Close.NO_CODE : this._code;
			if (this._filled > 0 && !isCloseCode(code)) return this.fail(BadFrame.CLOSE_CODE);
			this.end = End.CLOSED;
			this.detail = code;
		}
	}
}
