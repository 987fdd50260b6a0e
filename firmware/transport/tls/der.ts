/** Tags of DER (X.690 §8.1.2). */
export const enum Tag {
	BOOLEAN = 0x01,
	INTEGER = 0x02,
	BIT_STRING = 0x03,
	OCTET_STRING = 0x04,
	OBJECT_IDENTIFIER = 0x06,
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
	SEQUENCE = 0x30,
}

/** Reads the elements of a region of DER, one after the other. Whatever is not well-formed throws: nothing is read past an end. */
export class Der {
	readonly bytes: Uint8Array;
	/** Where the element that was read last begins, with its head; where its content begins; and one past its end. */
	head = 0;
	start = 0;
	end: number;
	tag = 0;
	private readonly _limit: number;

	constructor(bytes: Uint8Array, offset: number, limit: number) {
		this.bytes = bytes;
		this.end = offset;
		this._limit = limit;
	}

	get more(): boolean {
		return this.end < this._limit;
	}

	/** Tag of the next element; -1: there is none. */
	get peek(): number {
		return this.more ? this.bytes[this.end]! : -1;
	}

	/** Reads the next element. in: tag  that it has to have; 0: any */
	next(tag = 0): this {
		const { bytes } = this;
		const limit = this._limit;
		let at = (this.head = this.end);
		if (limit - at < 2) throw new RangeError("DER: cut");
		this.tag = bytes[at++]!;
		if (tag !== 0 && this.tag !== tag) throw new RangeError("DER: another element");
		let size = bytes[at++]!;
		if (size >= 0x80) {
			const count = size & 0x7f;
			if (count === 0 || count > 3 || limit - at < count) throw new RangeError("DER: length");
			size = 0;
			for (let i = 0; i < count; i++) size = (size << 8) | bytes[at++]!;
		}
		if (size > limit - at) throw new RangeError("DER: cut");
		this.start = at;
		this.end = at + size;
		return this;
	}

	/** A reader of what the last element holds. */
	enter(): Der {
		return new Der(this.bytes, this.start, this.end);
	}
}

/** Whether two regions hold the same bytes. */
export function sameBytes(
	a: Uint8Array,
	aStart: number,
	aEnd: number,
	b: Uint8Array,
	bStart: number,
	bEnd: number,
): boolean {
	const size = aEnd - aStart;
	if (bEnd - bStart !== size) return false;
	for (let i = 0; i < size; i++) if (a[aStart + i] !== b[bStart + i]) return false;
	return true;
}
