import Time from "time";
import type { ReadableOptions } from "./options.js";

/** Bytes that the program has not read within its callback. */
interface Piece {
	bytes: Uint8Array;
	/** What onReadable is to be told; null when it has been. */
	options: ReadableOptions | null;
}

/** Copies of what has arrived and was not read at once. There is never more than what one read of the socket brings. */
export class Unread {
	/** Pieces that were given up because the program did not read them. */
	dropped = 0;
	private _pieces: Piece[] = [];
	private _offset = 0;
	private _since = 0;

	/** Nothing waits. */
	get empty(): boolean {
		return this._pieces.length === 0;
	}

	/** Bytes of the first piece that can be read: its program has been told. */
	get size(): number {
		const first = this._pieces[0];
		return first === undefined || first.options !== null ? 0 : first.bytes.length - this._offset;
	}

	/** in  options  what onReadable is to be told; null: it has been */
	add(bytes: Uint8Array, options: ReadableOptions | null): void {
		if (this.empty) this._since = Time.ticks;
		this._pieces.push({ bytes, options });
	}

	/** Starts on the first piece when its program has not been told of it. out: what to tell, or null */
	begin(): ReadableOptions | null {
		const first = this._pieces[0];
		if (first === undefined || first.options === null) return null;
		const options = first.options;
		first.options = null;
		this._offset = 0;
		this._since = Time.ticks;
		return options;
	}

	/** The program has been told of the first piece. An empty one is over with that. */
	told(): void {
		const first = this._pieces[0];
		if (first !== undefined && first.options === null && first.bytes.length === 0) this.next();
	}

	/** Copies `target.length` bytes, which there are. */
	read(target: Uint8Array): void {
		const { bytes } = this._pieces[0]!;
		target.set(bytes.subarray(this._offset, this._offset + target.length));
		this._offset += target.length;
		if (this._offset === bytes.length) this.next();
	}

	/** Goes on to the next piece. */
	next(): void {
		this._pieces.shift();
		this._offset = 0;
		this._since = Time.ticks;
	}

	/** Gives up the first piece. */
	drop(): void {
		this.dropped++;
		this.next();
	}

	/** How long the first piece has waited. */
	get waitedMs(): number {
		return Time.delta(this._since);
	}

	clear(): void {
		this._pieces = [];
		this._offset = 0;
	}
}
