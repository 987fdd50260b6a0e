/**
 * Random numbers from a seed, so that a run can be had again. Not for secrets. The generator is splitmix32: 32 bits of
 * state, and every seed is as good as another, 0 included.
 */
export class Random {
	#state: number;

	/** `seed`: any number; its low 32 bits count. */
	constructor(seed: number) {
		this.#state = seed | 0;
	}

	/** All that it knows, signed 32 bits. */
	get state(): number {
		return this.#state;
	}

	/** The next number, 0 … 2^32 - 1. */
	next(): number {
		this.#state = (this.#state + 0x9e3779b9) | 0;
		let z = this.#state;
		z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
		z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
		return (z ^ (z >>> 15)) >>> 0;
	}

	/** The next fraction, 0 ≤ x < 1; a drop-in for Math.random. */
	fraction(): number {
		return this.next() / 0x1_0000_0000;
	}

	/** The next whole number, 0 … `bound` - 1; 0 when `bound` is below 2. */
	below(bound: number): number {
		return Math.floor(this.fraction() * Math.max(1, bound));
	}

	/**
	 * A generator of its own for one part of a run, e.g. one connection. It does not depend on how many numbers other
	 * parts have drawn, so that their timing cannot change what this part does.
	 */
	static derive(seed: number, part: number): Random {
		return new Random(new Random(seed).next() ^ Math.imul(part + 1, 0x85ebca6b));
	}
}
