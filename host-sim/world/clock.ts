/** Takes back what was asked for; harmless when it has already happened. */
export type Cancel = () => void;

/**
 * The time of a world. Everything that waits in the simulator waits on one of these, timers of the program and delays of
 * the link alike: on a `RealClock`, or on a `VirtualClock`, which does not follow real time. Nothing but the file of the
 * real clock calls Node's timers, `Date` or `performance`; the linter keeps that.
 */
export interface Clock {
	/** Milliseconds since some fixed moment, with fractions; never goes back. */
	now(): number;
	/** Calls `action` once, on a turn of its own, not before `delayMs` have passed; 0 or less means the next turn. */
	after(delayMs: number, action: () => void): Cancel;
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

/**
 * Calls `action` every `intervalMs`.
 *
 * out  ends that; may be called from within `action`
 */
export function every(clock: Clock, intervalMs: number, action: () => void): Cancel {
	let cancel: Cancel;
	const arm = (): void => {
		cancel = clock.after(intervalMs, () => {
			arm();
			action();
		});
	};
	arm();
	return () => cancel();
}

/** Resolves once `delayMs` have passed. Never, on a clock that is closed before. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
	return new Promise((resolve) => {
		clock.after(delayMs, resolve);
	});
}
