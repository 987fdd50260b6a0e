/**
 * The real time. This is the only file of the simulator that asks Node for it; everything else takes a `Clock`. What is
 * about processes and people instead of worlds is named in eslint.config.js, each with its reason.
 */
import { performance } from "node:perf_hooks";
import type { Cancel, Clock } from "./clock.js";

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

/** The date, in ms since 1970 with fractions: what a log or a message is stamped with for people. */
export function wallClockMs(): number {
	return performance.timeOrigin + performance.now();
}

/** Resolves on a turn of its own, once everything that waits for promises only has been done. */
export function nextTurn(): Promise<void> {
	return new Promise((resolve) => {
		setImmediate(resolve);
	});
}
