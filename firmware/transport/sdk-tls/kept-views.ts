const enum Count {
	/** Views that are kept: the sizes of packets that a program sends are few. */
	MAX = 16,
}

/**
 * Views of the transmit region, from its start: the platform encrypts a whole view. One for each size, kept as they are first
 * seen, up to a count; beyond it one is made each time. Hot: no allocation for sizes that are kept.
 */
export class KeptViews {
	/** Of the view that was asked for last. */
	size = 0;
	private readonly _buffer: ArrayBuffer;
	private readonly _offset: number;
	private readonly _sizes = new Int32Array(Count.MAX);
	private readonly _views: Uint8Array[] = [];
	private _count = 0;

	constructor(buffer: ArrayBuffer, offset: number) {
		this._buffer = buffer;
		this._offset = offset;
	}

	get(size: number): Uint8Array {
		this.size = size;
		const sizes = this._sizes;
		const count = this._count;
		for (let i = 0; i < count; i++) if (sizes[i] === size) return this._views[i]!;
		return this.make(size);
	}

	/** Allocates the view. */
	private make(size: number): Uint8Array {
		const view = new Uint8Array(this._buffer, this._offset, size);
		const count = this._count;
		if (count < Count.MAX) {
			this._sizes[count] = size;
			this._views.push(view);
			this._count = count + 1;
		}
		return view;
	}
}
