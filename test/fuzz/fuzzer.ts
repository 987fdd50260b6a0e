import { Random } from "../../host-sim/world/random.js";
import { Features } from "./features.js";
import { mutate } from "./mutate.js";
import { shrink } from "./shrink.js";
import type { Target } from "./target.js";

/** Inputs that are kept because they reached something new; beyond this the oldest of them give way. */
const POOL_MAX = 4_096;

/** Inputs between two looks at the memory. */
const MEMORY_EVERY = 100_000;

/** What a fuzzer has found. */
export interface Finding {
	/** What is wrong. */
	readonly what: string;
	/** The shortest input that was found to show it. */
	readonly input: Uint8Array;
}

/**
 * Makes inputs from seeds and from whatever reached something new before, runs them, and stops at the first finding.
 * The same seed gives the same inputs.
 */
export class Fuzzer {
	readonly features = new Features();
	readonly pool: Uint8Array[] = [];
	/** Inputs that were run. */
	count = 0;
	/** Where inputs are made, and the size of the one that is run. */
	readonly #buffer: Uint8Array;
	#size = 0;
	readonly #watched: Uint8Array | undefined;
	readonly #target: Target;
	readonly #random: Random;
	readonly #below: (bound: number) => number;
	#oldest: number;

	/** in  watched  gets each input before it is run, for whoever has to find out which one does not end */
	constructor(target: Target, seed: number, watched?: Uint8Array) {
		this.#target = target;
		this.#random = new Random(seed);
		this.#below = (bound) => this.#random.below(bound);
		this.#buffer = new Uint8Array(target.sizeMax);
		this.#watched = watched;
		for (const each of target.seeds) this.pool.push(each.slice(0, target.sizeMax));
		if (this.pool.length === 0) this.pool.push(new Uint8Array(0));
		this.#oldest = this.pool.length;
	}

	/** Runs `count` inputs; the first ones are the seeds as they are. */
	run(count: number): Finding | undefined {
		for (let i = 0; i < count; i++) {
			this.#makeInput();
			const input = this.#buffer.subarray(0, this.#size);
			if (this.#watched) this.#show(this.#watched, input);
			const what = this.#target.run(input, this.features) ?? this.#checkMemory();
			this.count++;
			if (what !== undefined) return { what, input: shrink(this.#target, input.slice(), what) };
			if (this.features.takeNews() > 0) this.#keep(input.slice());
		}
		return undefined;
	}

	#show(watched: Uint8Array, input: Uint8Array): void {
		watched[0] = input.length >> 8;
		watched[1] = input.length & 255;
		watched.set(input, 2);
	}

	#makeInput(): void {
		const seeds = this.#target.seeds;
		const first = this.count < seeds.length;
		const from = first ? this.pool[this.count]! : this.pool[this.#random.below(this.pool.length)]!;
		this.#buffer.set(from);
		this.#size = from.length;
		if (first) return;
		const { mutate: own } = this.#target;
		if (own && this.#random.below(2) === 0) this.#size = own(this.#buffer, this.#size, this.#below);
		else {
			const other = this.pool[this.#random.below(this.pool.length)]!;
			this.#size = mutate(this.#buffer, this.#size, other, this.#random);
		}
	}

	#keep(input: Uint8Array): void {
		if (this.pool.length < POOL_MAX) {
			this.pool.push(input);
			return;
		}
		// The seeds stay.
		this.pool[this.#oldest] = input;
		if (++this.#oldest === POOL_MAX) this.#oldest = Math.min(this.#target.seeds.length, POOL_MAX - 1);
	}

	#checkMemory(): string | undefined {
		if ((this.count + 1) % MEMORY_EVERY !== 0) return undefined;
		return this.#target.checkMemory?.();
	}
}
