/** 2^16 features: more than any target here has. */
const BITS = 16;
const SIZE = 1 << BITS;

/**
 * What inputs have reached so far, as bits of a map. A feature is a number that the target makes of something that it
 * has seen: a verdict together with a first byte, a state together with an event, a counter's magnitude.
 */
export class Features {
	readonly #seen = new Uint8Array(SIZE);
	#count = 0;
	#news = 0;

	/** How many have been seen. */
	get count(): number {
		return this.#count;
	}

	/** How many were new since this was last asked. */
	takeNews(): number {
		const news = this.#news;
		this.#news = 0;
		return news;
	}

	/** Notes a feature: any three small whole numbers. */
	note(kind: number, a: number, b = 0): void {
		let hash = Math.imul(kind + 1, 0x9e3779b1) ^ Math.imul(a + 1, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35);
		hash = (hash ^ (hash >>> 15)) >>> 0;
		const at = hash & (SIZE - 1);
		if (this.#seen[at] !== 0) return;
		this.#seen[at] = 1;
		this.#count++;
		this.#news++;
	}
}

/** The magnitude of a count: 0, 1, 2, 3, 4 … 7, 8 … 15, …, as small whole numbers. */
export function magnitude(count: number): number {
	return count < 4 ? count : 34 - Math.clz32(count);
}
