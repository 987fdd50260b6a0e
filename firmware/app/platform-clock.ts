import Timer, { type TimerId } from "timer";
import Time from "time";
import type { Clock } from "../loop/loop.js";

/** While nothing is awaited the timer is parked. */
const PARKED_MS = 86_400_000;

/** The device's tick counter and one of its timers, made once and armed again and again. Hot: no allocation. */
export class PlatformClock implements Clock {
	#timer: TimerId | null;

	/** in  fire  what the timer calls */
	constructor(fire: () => void) {
		this.#timer = Timer.repeat(fire, PARKED_MS);
		Timer.schedule(this.#timer);
	}

	ticks(): number {
		return Time.ticks | 0;
	}

	/** There is no timer any more. */
	get closed(): boolean {
		return this.#timer === null;
	}

	/** Gives back the timer; what is armed after this never fires. Harmless when closed. */
	close(): void {
		Timer.clear(this.#timer);
		this.#timer = null;
	}

	arm(delayMs: number): void {
		if (this.#timer === null) return;
		// Delay and interval are equal: re-arming from within the callback is wrong otherwise on one platform.
		Timer.schedule(this.#timer, delayMs, delayMs);
	}

	disarm(): void {
		if (this.#timer !== null) Timer.schedule(this.#timer);
	}
}
