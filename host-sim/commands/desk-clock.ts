import { performance } from "node:perf_hooks";
import type { Clock } from "../../firmware/loop/loop.js";

/** A timer of a loop, which is set anew at nearly every turn: Node's own is touched only when it would fire too late. */
class DeskTimer {
	readonly #fire: () => void;
	/** When it is due; undefined while it is parked. */
	#dueMs: number | undefined;
	#intervalMs = 0;
	/** When Node's timer wakes us; undefined without one. */
	#wakeMs: number | undefined;
	#timeout: NodeJS.Timeout | undefined;
	#immediate: NodeJS.Immediate | undefined;

	constructor(fire: () => void) {
		this.#fire = fire;
	}

	set(delayMs: number, intervalMs: number): void {
		this.#dueMs = performance.now() + delayMs;
		this.#intervalMs = intervalMs;
		// A turn has more to do: the next one need not wait for the tick of a device's clock.
		if (delayMs <= 1) this.#immediate ??= setImmediate(this.#handleImmediate);
		else if (this.#wakeMs === undefined || this.#wakeMs > this.#dueMs) this.#wakeAt(this.#dueMs, delayMs);
	}

	park(): void {
		this.#dueMs = this.#wakeMs = undefined;
		clearTimeout(this.#timeout);
		clearImmediate(this.#immediate);
		this.#immediate = undefined;
	}

	#wakeAt(wakeMs: number, delayMs: number): void {
		clearTimeout(this.#timeout);
		this.#wakeMs = wakeMs;
		this.#timeout = setTimeout(this.#handleTimeout, delayMs);
	}

	readonly #handleImmediate = (): void => {
		this.#immediate = undefined;
		this.#ring();
	};

	readonly #handleTimeout = (): void => {
		this.#wakeMs = undefined;
		if (this.#dueMs === undefined) return;
		const left = this.#dueMs - performance.now();
		if (left > 0) this.#wakeAt(this.#dueMs, left);
		else this.#ring();
	};

	#ring(): void {
		if (this.#dueMs === undefined) return;
		this.set(this.#intervalMs, this.#intervalMs);
		this.#fire();
	}
}

/** Real time, and timers by it. */
export const DESK_CLOCK: Clock = {
	time: {
		get ticks() {
			return Math.floor(performance.now()) | 0;
		},
	},
	timer: {
		repeat(fire, intervalMs) {
			const timer = new DeskTimer(fire);
			timer.set(intervalMs, intervalMs);
			return timer;
		},
		schedule(timer, delayMs, intervalMs = 0) {
			if (delayMs === undefined) (timer as DeskTimer).park();
			else (timer as DeskTimer).set(delayMs, intervalMs);
		},
		clear(timer) {
			(timer as DeskTimer).park();
		},
	},
};
