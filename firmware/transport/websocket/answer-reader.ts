// Read RFC 6455 §4.1 and §4.2.2, and RFC 9112 §3 to §5, before changing this file.
import { charCodeAt } from "./ascii.js";
import { BadUpgrade, End, WrongProtocol } from "./codes.js";

const enum Head {
	/** Of the whole head, lines that mean nothing to us included. */
	SIZE_MAX = 8_192,
	/** Of the longest name that means something: sec-websocket-extensions. */
	NAME_MAX = 24,
	/** Of `Sec-WebSocket-Accept`. */
	ACCEPT_SIZE = 28,
}

const enum Char {
	TAB = 9,
	LF = 10,
	CR = 13,
	SPACE = 32,
	COMMA = 44,
	COLON = 58,
	/** What makes a letter small; of a digit, a minus or a slash it changes nothing. */
	SMALL = 32,
}

const enum Http {
	SWITCHING_PROTOCOLS = 101,
	TOO_MANY_REQUESTS = 429,
	SERVER_ERROR = 500,
}

/** Where in the head the next byte stands. */
const enum At {
	/** The status line: its version and status, and what nobody reads. */
	STATUS = 0,
	REASON = 1,
	/** The first byte of a line. */
	LINE = 2,
	NAME = 3,
	VALUE = 4,
	/** A value that nobody reads. */
	SKIP = 5,
	/** CR has come, LF has to. */
	VALUE_END = 6,
	HEAD_END = 7,
	DONE = 8,
}

/** Headers that mean something, as bits. */
const enum Header {
	NONE = 0,
	UPGRADE = 1,
	CONNECTION = 2,
	ACCEPT = 4,
	PROTOCOL = 8,
	EXTENSIONS = 16,
}

/** What a value is compared with has failed. */
const enum Match {
	FAILED = -1,
}

const VERSION = "HTTP/1.1 ";
const NAME_UPGRADE = "upgrade";
const NAME_CONNECTION = "connection";
const NAME_ACCEPT = "sec-websocket-accept";
const NAME_PROTOCOL = "sec-websocket-protocol";
const NAME_EXTENSIONS = "sec-websocket-extensions";
const WEBSOCKET = "websocket";
const MQTT = "mqtt";

/** Whether a name of a header may hold a character (RFC 9110 §5.6.2). */
function isTokenChar(char: number): boolean {
	// Small letters and capitals.
	if ((char | Char.SMALL) >= 97 && (char | Char.SMALL) <= 122) return true;
	if (char <= Char.SPACE || char >= 127) return false;
	// The separators, but for those below.
	if (char >= 58 && char <= 64) return false;
	if (char >= 91 && char <= 93) return false;
	return (
		char !== 34 && char !== 40 && char !== 41 && char !== Char.COMMA && char !== 47 && char !== 123 && char !== 125
	);
}

/**
 * Reads the answer to an opening handshake byte by byte, whatever it is cut into, and keeps nothing of it but a name. Lines may
 * end with LF alone, and go on in the next one; names come in any case and order. Hot: no allocation.
 */
export class AnswerReader {
	/** Why this is no WebSocket, one of End; 0 while there is no such reason. */
	end = 0;
	/** Belongs to it. */
	detail = 0;
	private readonly _bytes: Uint8Array;
	/** Where the text stands that the key has to be accepted with. */
	private readonly _accept: number;
	/** Where a name is kept: room for Head.NAME_MAX bytes. */
	private readonly _name: number;
	private _at: At = At.STATUS;
	/** Bytes that have come. */
	private _size = 0;
	/** Characters of the status line, or of the name. */
	private _count = 0;
	private _status = 0;
	/** It is one of HTTP/1.0, which can only refuse. */
	private _isOld = false;
	/** A header has come. */
	private _hasLine = false;
	/** The header whose value comes. */
	private _header: Header = Header.NONE;
	/** Headers that have come, and have said what they should. */
	private _seen = 0;
	/** Characters of the value that are as they should be, or Match.FAILED; and whether blanks stand behind them. */
	private _matched: number = 0;
	private _hasGap = false;

	constructor(bytes: Uint8Array, accept: number, name: number) {
		this._bytes = bytes;
		this._accept = accept;
		this._name = name;
	}

	/** A new connection. */
	reset(): void {
		this.end = this.detail = 0;
		this._at = At.STATUS;
		this._size = this._count = this._status = this._seen = 0;
		this._header = Header.NONE;
		this._isOld = this._hasLine = false;
	}

	/**
	 * Takes bytes.
	 *
	 * in   from, limit  the bytes
	 * out  where frames begin: one past the head; 0 while it is not whole, or when `end` says why it never will be
	 */
	take(from: number, limit: number): number {
		const bytes = this._bytes;
		const start = from;
		while (from < limit) {
			if (this._at === At.SKIP) {
				// The bulk of most heads, in one call.
				const lineEnd = bytes.indexOf(Char.LF, from);
				if (lineEnd < 0 || lineEnd >= limit) from = limit;
				else {
					from = lineEnd + 1;
					this._at = At.LINE;
				}
			} else this.takeByte(bytes[from++]!);
			if (this.end !== 0) return 0;
			if (this._at === At.DONE) return this.check() ? from : 0;
			if (this._size + from - start > Head.SIZE_MAX) return this.refuse(BadUpgrade.HEAD_SIZE);
		}
		this._size += limit - start;
		return 0;
	}

	private refuse(detail: BadUpgrade): 0 {
		this.end = End.BAD_UPGRADE;
		this.detail = detail;
		return 0;
	}

	private refuseProtocol(detail: WrongProtocol): void {
		this.end = End.NO_SUBPROTOCOL;
		this.detail = detail;
	}

	/** Most bytes are of a name or of a value. */
	private takeByte(byte: number): void {
		const at = this._at;
		if (at === At.VALUE) this.takeValue(byte);
		else if (at === At.NAME) this.takeName(byte);
		else if (at === At.STATUS) this.takeStatus(byte);
		else if (at === At.REASON) {
			if (byte === Char.LF) this._at = At.LINE;
		} else if (at === At.LINE) this.takeFirst(byte);
		else {
			// Behind CR.
			this._at = at === At.VALUE_END ? At.LINE : At.DONE;
			if (byte !== Char.LF) this.refuse(BadUpgrade.HEADER_LINE);
		}
	}

	/** HTTP/1.1 and a status of three digits. A refusal by HTTP/1.0 is one, too. */
	private takeStatus(byte: number): void {
		const index = this._count++;
		if (index < 9) {
			if (index === 7 && byte === 0x30) this._isOld = true;
			else if (byte !== charCodeAt(VERSION, index)) this.refuse(BadUpgrade.STATUS_LINE);
		} else if (index < 12) {
			if (byte < 0x30 || byte > 0x39) this.refuse(BadUpgrade.STATUS_LINE);
			this._status = this._status * 10 + byte - 0x30;
		} else this.judgeStatus(byte);
	}

	private judgeStatus(byte: number): void {
		const status = this._status;
		if ((byte !== Char.SPACE && byte !== Char.CR && byte !== Char.LF) || status < 100) {
			this.refuse(BadUpgrade.STATUS_LINE);
		} else if (status !== (Http.SWITCHING_PROTOCOLS as number)) {
			const isLater = status === (Http.TOO_MANY_REQUESTS as number) || status >= Http.SERVER_ERROR;
			this.end = isLater ? End.UPGRADE_UNAVAILABLE : End.UPGRADE_REFUSED;
			this.detail = status;
		} else if (this._isOld) this.refuse(BadUpgrade.STATUS_LINE);
		else this._at = byte === Char.LF ? At.LINE : At.REASON;
	}

	/** The first byte of a line. */
	private takeFirst(byte: number): void {
		if (byte === Char.SPACE || byte === Char.TAB) {
			// The value before goes on (RFC 9112 §5.2); behind the status line there is none.
			if (!this._hasLine) this.refuse(BadUpgrade.HEADER_LINE);
			if (this._matched > 0) this._hasGap = true;
			this._at = this._header === Header.NONE ? At.SKIP : At.VALUE;
			return;
		}
		this.endValue();
		this._count = 0;
		if (byte === Char.CR) this._at = At.HEAD_END;
		else if (byte === Char.LF) this._at = At.DONE;
		else {
			this._at = At.NAME;
			this._hasLine = true;
			this.takeName(byte);
		}
	}

	private takeName(byte: number): void {
		if (byte === Char.COLON && this._count > 0) return this.beginValue();
		if (!isTokenChar(byte)) return void this.refuse(BadUpgrade.HEADER_LINE);
		// A longer one is none of ours; of that it is enough to know that it is longer.
		if (this._count < Head.NAME_MAX) this._bytes[this._name + this._count] = byte | Char.SMALL;
		this._count++;
	}

	private beginValue(): void {
		const header = this.headerOf(this._count);
		this._header = header;
		this._matched = 0;
		this._hasGap = false;
		this._at = header === Header.NONE ? At.SKIP : At.VALUE;
		if (header === Header.ACCEPT && this._seen & Header.ACCEPT) this.refuse(BadUpgrade.ACCEPT);
		else if (header === Header.PROTOCOL && this._seen & Header.PROTOCOL) this.refuseProtocol(WrongProtocol.REPEATED);
	}

	private headerOf(size: number): Header {
		if (size === 7) return this.isName(NAME_UPGRADE) ? Header.UPGRADE : Header.NONE;
		if (size === 10) return this.isName(NAME_CONNECTION) ? Header.CONNECTION : Header.NONE;
		if (size === 20) return this.isName(NAME_ACCEPT) ? Header.ACCEPT : Header.NONE;
		if (size === 22) return this.isName(NAME_PROTOCOL) ? Header.PROTOCOL : Header.NONE;
		if (size === 24) return this.isName(NAME_EXTENSIONS) ? Header.EXTENSIONS : Header.NONE;
		return Header.NONE;
	}

	private isName(name: string): boolean {
		for (let i = 0; i < this._count; i++) if (this._bytes[this._name + i] !== charCodeAt(name, i)) return false;
		return true;
	}

	/** One byte of a value that is compared. */
	private takeValue(byte: number): void {
		if (byte === Char.LF) this._at = At.LINE;
		else if (byte === Char.CR) this._at = At.VALUE_END;
		else if (byte === Char.SPACE || byte === Char.TAB) this._hasGap = this._hasGap || this._matched > 0;
		else if (byte === Char.COMMA && this._header === Header.CONNECTION) this.endItem();
		else if (this._matched >= 0 && !this._hasGap && this.isNext(byte)) this._matched++;
		else this._matched = Match.FAILED;
	}

	/** Whether a byte is the next one of what the value has to be. */
	private isNext(byte: number): boolean {
		const index = this._matched;
		switch (this._header) {
			case Header.UPGRADE:
				return (byte | Char.SMALL) === charCodeAt(WEBSOCKET, index);
			case Header.CONNECTION:
				return (byte | Char.SMALL) === charCodeAt(NAME_UPGRADE, index);
			case Header.ACCEPT:
				return index < Head.ACCEPT_SIZE && byte === this._bytes[this._accept + index];
			case Header.PROTOCOL:
				return byte === charCodeAt(MQTT, index);
			default:
				return false;
		}
	}

	/** An item of the list of Connection is whole. */
	private endItem(): void {
		if (this._matched === 7) this._seen |= Header.CONNECTION;
		this._matched = 0;
		this._hasGap = false;
	}

	/** The value of the header before is whole: the line that follows does not go on with it. */
	private endValue(): void {
		const matched = this._matched;
		const header = this._header;
		this._header = Header.NONE;
		switch (header) {
			case Header.UPGRADE:
				if (matched !== 9) this.refuse(BadUpgrade.UPGRADE);
				break;
			case Header.CONNECTION:
				this.endItem();
				return;
			case Header.ACCEPT:
				if (matched !== (Head.ACCEPT_SIZE as number)) this.refuse(BadUpgrade.ACCEPT);
				break;
			case Header.PROTOCOL:
				if (matched !== 4) this.refuseProtocol(WrongProtocol.OTHER);
				break;
			case Header.EXTENSIONS:
				// An empty value names none.
				if (matched !== 0) this.refuse(BadUpgrade.EXTENSION);
		}
		this._seen |= header;
	}

	/** The head is whole: what has not come? */
	private check(): boolean {
		const seen = this._seen;
		if (!(seen & Header.UPGRADE)) this.refuse(BadUpgrade.UPGRADE);
		else if (!(seen & Header.CONNECTION)) this.refuse(BadUpgrade.CONNECTION);
		else if (!(seen & Header.ACCEPT)) this.refuse(BadUpgrade.ACCEPT);
		else if (!(seen & Header.PROTOCOL)) this.refuseProtocol(WrongProtocol.NONE);
		return this.end === 0;
	}
}
