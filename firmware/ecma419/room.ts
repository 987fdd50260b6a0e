import type { Outbox } from "../client/session/outbox.js";
import { Leaving, type TransmitRegion } from "../client/short-ways/transmit-region.js";
import type { WriteBuffer } from "./write-buffer.js";

const enum Record {
	/** What a record in the outbox takes beside topic and payload, at most. */
	OVERHEAD = 32,
}

/** What can be written now, and what the program knows of that. */
export class Room {
	/** Bytes that the program was told last: there may be more since, but never less while it is connected. */
	told = 0;
	/** The program has written something since it was told, and counts on being told again. */
	owed = false;
	/** Bytes that are still to be written of the message that has been begun. */
	remaining = 0;
	private readonly _region: TransmitRegion;
	private readonly _outbox: Outbox;
	private readonly _buffer: WriteBuffer;
	private readonly _sources: number;
	private readonly _size: number;
	/** The most that there ever is. */
	readonly most: number;

	/** in  sources  how many messages that are written piece by piece there can be */
	constructor(region: TransmitRegion, outbox: Outbox, buffer: WriteBuffer, sources: number) {
		this._region = region;
		this._outbox = outbox;
		this._buffer = buffer;
		this._sources = sources;
		this._size = outbox.limit - outbox.base - Record.OVERHEAD;
		this.most = this._size < buffer.room ? this._size : buffer.room;
	}

	/** Bytes, topic included, that a write can take. Hot: no allocation. */
	size(): number {
		const region = this._region;
		if (!region.open || region.leaving !== Leaving.NO) return 0;
		const used = this._outbox.used;
		// Messages that are written piece by piece have records, too.
		if (!used) return this.most;
		const buffer = this._buffer;
		const pieces = buffer.room;
		if (this.remaining > 0) return pieces;
		if (buffer.active >= this._sources) return 0;
		const left = this._size - used;
		if (left < 0) return 0;
		return left < pieces ? left : pieces;
	}
}
