import type { Clock } from "./clock.js";

/** The tick counter of a device, by the clock of its world. */
export class TickCounter {
	readonly #clock: Clock;
	readonly #start: number;
	readonly #startMs: number;

	/** in  start  where it is now: signed 32 bits; a value just below 2^31 makes it wrap soon */
	constructor(clock: Clock, start: number) {
		this.#clock = clock;
		this.#start = start;
		this.#startMs = clock.now();
	}

	/** Whole ms, signed 32 bits, wrapping. */
	get ticks(): number {
		return (this.#start + Math.floor(this.#clock.now() - this.#startMs)) | 0;
	}
}
