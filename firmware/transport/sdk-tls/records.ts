import { TlsEnd, type TlsSetup } from "../../ports/tls-engine.js";
import { Fault, type Failure } from "./failure.js";

/** Types of records (RFC 5246 §6.2.1). */
export const enum RecordType {
	CHANGE_CIPHER = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	DATA = 23,
}

export const enum RecordSize {
	HEAD = 5,
	/** Encrypted content (§6.2.3). */
	MAX = 16_384 + 2_048,
	/** What the platform adds at most: head, IV, MAC by SHA-256, a block of padding. */
	OVERHEAD = HEAD + 16 + 32 + 16,
	/** Bytes that are taken from below at once. */
	PIECE = 256,
	/** Records up to this size are decrypted where they stand; larger ones take memory of the heap, as the platform's do. */
	AREA = 640,
	LANDING = PIECE + AREA,
}

/** Versions that a record may name: of SSL 3.0 to TLS 1.3; which one is in force is for the handshake to say. */
const MAJOR = 3;
const MINOR_MAX = 4;

/**
 * Takes bytes from the connection below until a record is whole. Hot: no allocation for records that fit.
 *
 *     landing  │ piece: below.read puts bytes here │ area: the record, head first │
 */
export class Records {
	/** Of the record that is whole. */
	type = 0;
	/** Where it stands: the client's arena, or memory of its own; from `at`, `size` bytes with its head. */
	bytes: Uint8Array;
	at: number;
	size = 0;
	private readonly _arena: Uint8Array;
	private readonly _piece: number;
	private readonly _below: TlsSetup["below"];
	private readonly _failure: Failure;
	/** The piece, for a copy into another buffer. */
	private readonly _pieceView: Uint8Array;
	/** Bytes of the piece that were not taken: from here, so many. */
	private _pieceAt = 0;
	private _left = 0;
	/** Bytes of the record that are there, and that are wanted. */
	private _filled = 0;
	private _wanted: number = RecordSize.HEAD;

	constructor(setup: TlsSetup, arena: Uint8Array, failure: Failure) {
		this._arena = this.bytes = arena;
		this._piece = setup.landing;
		this.at = setup.landing + RecordSize.PIECE;
		this._below = setup.below;
		this._failure = failure;
		this._pieceView = arena.subarray(setup.landing, setup.landing + RecordSize.PIECE);
	}

	/** There are bytes that were not looked at. */
	get waiting(): boolean {
		return this._left > 0 || this._below.readable > 0;
	}

	/** Forgets everything: a new connection. */
	reset(): void {
		this._left = 0;
		this.release();
	}

	/** The record was used: its memory is given back. */
	release(): void {
		this.bytes = this._arena;
		this.at = this._piece + RecordSize.PIECE;
		this.size = this._filled = 0;
		this._wanted = RecordSize.HEAD;
	}

	/** Goes on until the next record is whole, or below has no more. Throws what below throws, and when it is no record. */
	fill(): boolean {
		if (this.size > 0) this.release();
		while (this._filled < this._wanted) {
			if (this._left === 0) {
				if (this._below.readable === 0) return false;
				this._left = this._below.read(RecordSize.PIECE);
				this._pieceAt = this._piece;
				if (this._left === 0) return false;
			}
			const missing = this._wanted - this._filled;
			const count = missing < this._left ? missing : this._left;
			this.take(count);
			this._pieceAt += count;
			this._left -= count;
			this._filled += count;
			if (this._filled === (RecordSize.HEAD as number)) this.readHead();
		}
		this.size = this._filled;
		return true;
	}

	/** Moves bytes of the piece to the end of the record. */
	private take(count: number): void {
		if (this.bytes === this._arena) {
			this.bytes.copyWithin(this.at + this._filled, this._pieceAt, this._pieceAt + count);
			return;
		}
		// A large record has room behind it for the whole piece: what is too much is written over.
		const shift = this._pieceAt - this._piece;
		if (shift > 0) this._arena.copyWithin(this._piece, this._pieceAt, this._pieceAt + this._left);
		this._pieceAt = this._piece;
		this.bytes.set(this._pieceView, this._filled);
	}

	private readHead(): void {
		const { bytes, at } = this;
		const type = (this.type = bytes[at]!);
		const size = (bytes[at + 3]! << 8) | bytes[at + 4]!;
		const isKnown = type >= RecordType.CHANGE_CIPHER && type <= RecordType.DATA;
		if (!isKnown || bytes[at + 1] !== MAJOR || bytes[at + 2]! > MINOR_MAX) {
			return this._failure.refuse(TlsEnd.PROTOCOL, Fault.NOT_TLS);
		}
		if (size === 0 || size > RecordSize.MAX) return this._failure.refuse(TlsEnd.PROTOCOL, Fault.MALFORMED);
		this._wanted = RecordSize.HEAD + size;
		if (this._wanted <= RecordSize.AREA) return;
		this.makeLarge();
	}

	/** Takes memory for a record that does not fit. Allocates. */
	private makeLarge(): void {
		const large = new Uint8Array(this._wanted + RecordSize.PIECE);
		for (let i = 0; i < RecordSize.HEAD; i++) large[i] = this.bytes[this.at + i]!;
		this.bytes = large;
		this.at = 0;
	}

	/** The record as the platform takes it. Allocates the view. */
	view(): Uint8Array {
		return this.bytes.subarray(this.at, this.at + this.size);
	}
}
