/**
 * Millisecond ticks of a counter that wraps at 32 bits, signed or not. Two ticks are compared by their difference
 * only, which is right as long as they are less than 24.8 days apart (2^31 ms); every duration in this library is
 * bounded by Ticks.DURATION_MS_MAX, far below that.
 */

/** The longest time that may be waited for, in ms: seven days. */
export const enum Ticks {
	DURATION_MS_MAX = 604_800_000,
}

/** Milliseconds from `then` to `now`; negative when `then` is still to come. Hot: no allocation. */
export function elapsedMs(now: number, then: number): number {
	return (now - then) | 0;
}
