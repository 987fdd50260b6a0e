import type { Cancel, Clock } from "./clock.js";

/** What a loop of the firmware asks of a platform: its tick counter and its timers. */
export interface LoopClock {
	/** Milliseconds of a counter that wraps; only the low 32 bits count. */
	readonly time: { readonly ticks: number };
	readonly timer: {
		/** Makes a timer that calls `fire` at an interval. */
		repeat(fire: () => void, intervalMs: number): object;
		/** Sets delay and interval, 1 or more; without them the timer is parked. */
		schedule(timer: object, delayMs?: number, intervalMs?: number): void;
		/** Gives a timer back. */
		clear(timer: object): void;
	};
}

/** A timer of a loop, which is set anew at nearly every turn: the clock is asked only when it would wake us too late. */
class LoopTimer {
	readonly #clock: Clock;
	readonly #fire: () => void;
	/** When it is due; undefined while it is parked. */
	#dueMs: number | undefined;
	#intervalMs = 0;
	/** When the clock wakes us; undefined when it does not. */
	#wakeMs: number | undefined;
	#wake: Cancel | undefined;
	/** The next turn is ours. */
	#soon: Cancel | undefined;

	constructor(clock: Clock, fire: () => void) {
		this.#clock = clock;
		this.#fire = fire;
	}

	set(delayMs: number, intervalMs: number): void {
		this.#dueMs = this.#clock.now() + delayMs;
		this.#intervalMs = intervalMs;
		// A turn has more to do: the next one need not wait for the tick of a device's clock.
		if (delayMs <= 1) this.#soon ??= this.#clock.after(0, this.#handleSoon);
		else if (this.#wakeMs === undefined || this.#wakeMs > this.#dueMs) this.#wakeAt(this.#dueMs, delayMs);
	}

	park(): void {
		this.#dueMs = this.#wakeMs = undefined;
		this.#wake?.();
		this.#soon?.();
		this.#wake = this.#soon = undefined;
	}

	#wakeAt(wakeMs: number, delayMs: number): void {
		this.#wake?.();
		this.#wakeMs = wakeMs;
		this.#wake = this.#clock.after(delayMs, this.#handleWake);
	}

	readonly #handleSoon = (): void => {
		this.#soon = undefined;
		this.#ring();
	};

	readonly #handleWake = (): void => {
		this.#wake = this.#wakeMs = undefined;
		if (this.#dueMs === undefined) return;
		const left = this.#dueMs - this.#clock.now();
		if (left > 0) this.#wakeAt(this.#dueMs, left);
		else this.#ring();
	};

	#ring(): void {
		if (this.#dueMs === undefined) return;
		this.set(this.#intervalMs, this.#intervalMs);
		this.#fire();
	}
}

/** Lets a loop of the firmware run on a clock of ours, without the stand-ins for a device's modules. */
export function loopClock(clock: Clock): LoopClock {
	return {
		time: {
			get ticks() {
				return Math.floor(clock.now()) | 0;
			},
		},
		timer: {
			repeat(fire, intervalMs) {
				const timer = new LoopTimer(clock, fire);
				timer.set(intervalMs, intervalMs);
				return timer;
			},
			schedule(timer, delayMs, intervalMs = 0) {
				if (delayMs === undefined) (timer as LoopTimer).park();
				else (timer as LoopTimer).set(delayMs, intervalMs);
			},
			clear(timer) {
				(timer as LoopTimer).park();
			},
		},
	};
}
