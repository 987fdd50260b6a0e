const enum Rung {
	/** Each rung of a ladder is this many times as long as the one below. */
	SHIFT = 2,
}

/**
 * Views of one region, all from its start. A platform socket fills or sends a whole view, and a view costs four slots:
 * so those for the sizes that a program really uses are made once and kept, up to a count, and never replaced. Other
 * sizes go in several calls, by the rungs of a ladder that is made at the start. Hot: no allocation.
 */
export class Views {
	// What every read and write asks for comes first: a field further behind is a dearer one.
	/** The size asked for last, and the answer: the same again is the usual case, and needs no call. */
	size = 2;
	view: Uint8Array;
	/** Bytes of `view`: a field costs a quarter of what `length` does. */
	count = 2;
	/** An ack's view: every other packet is one, and asking for it needs no call either. */
	readonly ack: Uint8Array;
	/** The answer before that: where two sizes come by turns, nothing is searched for. */
	private _before: Uint8Array;
	private readonly _buffer: ArrayBuffer;
	private readonly _offset: number;
	/** Views of 1, 4, 16, … bytes, as far as the region goes. */
	private readonly _ladder: Uint8Array[];
	private readonly _max: number;
	private readonly _exact: Uint8Array[];

	/**
	 * in   buffer, offset, size  the region
	 *      max                   how many views of exact size may be kept
	 */
	constructor(buffer: ArrayBuffer, offset: number, size: number, max: number) {
		// PINGREQ and PINGRESP are seen from the start.
		this.view = this._before = new Uint8Array(buffer, offset, 2);
		this.ack = new Uint8Array(buffer, offset, 4);
		this._buffer = buffer;
		this._offset = offset;
		this._max = max;
		this._exact = [this.view];
		const ladder: Uint8Array[] = (this._ladder = []);
		for (let rung = 1; rung <= size; rung <<= Rung.SHIFT)
			ladder.push(rung === 4 ? this.ack : new Uint8Array(buffer, offset, rung));
	}

	/** Allocates a view, which is kept. */
	private add(size: number): Uint8Array {
		const view = new Uint8Array(this._buffer, this._offset, size);
		this._exact.push(view);
		return view;
	}

	/**
	 * The longest view there is for a size. Hot: no allocation once the sizes in use have been seen.
	 *
	 * in   size  1 … size of the region
	 * out  a view of this size, or of less
	 */
	longest(size: number): Uint8Array {
		let view = this._before;
		if (view.length !== size) view = this.find(size);
		this._before = this.view;
		this.size = size;
		this.count = view.length;
		return (this.view = view);
	}

	private find(size: number): Uint8Array {
		const exact = this._exact;
		const count = exact.length;
		for (let i = 0; i < count; i++) if (exact[i]!.length === size) return exact[i]!;
		const view = this._ladder[(31 - Math.clz32(size)) >> (Rung.SHIFT >> 1)]!;
		return view.length === size || count === this._max ? view : this.add(size);
	}
}
