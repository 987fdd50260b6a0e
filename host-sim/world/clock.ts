import { performance } from "node:perf_hooks";

/** Takes back what was asked for; harmless when it has already happened. */
export type Cancel = () => void;

/**
 * The time of a world. Everything that waits in the simulator waits here, timers of the program and delays of the link
 * alike, so that a clock that does not follow real time can replace this one.
 */
export interface Clock {
	/** Milliseconds since some fixed moment, with fractions; never goes back. */
	now(): number;
	/** Calls `action` once, on a turn of its own, not before `delayMs` have passed; 0 or less means the next turn. */
	after(delayMs: number, action: () => void): Cancel;
}

/** Node's timers cannot wait longer than this in one go, in ms. */
const WAIT_MS_MAX = 0x7fff_ffff;

/** Real time. */
export class RealClock implements Clock {
	now(): number {
		return performance.now();
	}

	after(delayMs: number, action: () => void): Cancel {
		if (delayMs <= 0) {
			// Node makes 1 ms of a timeout of 0; a bounded turn that has more to do must not cost that.
			const immediate = setImmediate(action);
			return () => clearImmediate(immediate);
		}
		const timeout = setTimeout(action, Math.min(delayMs, WAIT_MS_MAX));
		return () => clearTimeout(timeout);
	}
}

/** A clock that can be closed: what still waits then never happens, and nothing new does. */
export class ClosableClock implements Clock {
	readonly #clock: Clock;
	readonly #waiting = new Set<Cancel>();
	#closed = false;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	now(): number {
		return this.#clock.now();
	}

	after(delayMs: number, action: () => void): Cancel {
		if (this.#closed) return () => {};
		const cancel = this.#clock.after(delayMs, () => {
			this.#waiting.delete(cancel);
			action();
		});
		this.#waiting.add(cancel);
		return () => {
			this.#waiting.delete(cancel);
			cancel();
		};
	}

	close(): void {
		this.#closed = true;
		for (const cancel of this.#waiting) cancel();
		this.#waiting.clear();
	}
}
