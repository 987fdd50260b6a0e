/** Time and timers, in the shape that the platform has them. */
export interface Clock {
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
