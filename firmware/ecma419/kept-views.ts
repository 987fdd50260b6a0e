const enum Size {
	/** Of the packets that only acknowledge: every other one. */
	ACK = 4,
}

/**
 * Views of one region, all from its start, as a socket fills or sends them: that of an ack, and the one that was asked for
 * last, are kept; any other size takes 4 slots. (Those of `transport/views`, which never allocate, take 1,500 bytes.)
 */
export class KeptViews {
	private _size = 2;
	private _view: Uint8Array;
	private readonly _ack: Uint8Array;
	private readonly _buffer: ArrayBuffer;
	private readonly _offset: number;

	constructor(buffer: ArrayBuffer, offset: number) {
		this._view = new Uint8Array(buffer, offset, 2);
		this._ack = new Uint8Array(buffer, offset, Size.ACK);
		this._buffer = buffer;
		this._offset = offset;
	}

	/** A view of so many bytes. */
	of(size: number): Uint8Array {
		if (size === this._size) return this._view;
		if (size === Size.ACK) return this._ack;
		this._size = size;
		return (this._view = new Uint8Array(this._buffer, this._offset, size));
	}
}
