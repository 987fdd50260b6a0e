import { every, type Cancel, type Clock } from "../world/clock.js";
import type { RunEnd } from "./run-options.js";

/** How long a program may take to notice that it is to stop: after that it does not come back from its own code, in ms. */
export const NOT_BACK_MS = 2000;

const PROGRESS_INTERVAL_MS = 1000;

/** The first reason why a run is over, what follows from it, and what must be taken back then. */
export class Ending {
	/** Resolves when the run is over. Rejects when the program could not be loaded. */
	readonly promise: Promise<RunEnd>;
	/** What went wrong with the program, in one line. */
	error: string | undefined;
	/** The program has to be ended by force. */
	byForce = false;
	#resolve!: (end: RunEnd) => void;
	#reject!: (error: Error) => void;
	#stopReason: RunEnd | undefined;
	#limit: Cancel | undefined;
	readonly #clock: Clock;
	readonly #undo: (() => void)[] = [];

	/** in  clock  that of the run: its deadlines pass by it */
	constructor(clock: Clock) {
		this.#clock = clock;
		this.promise = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		// A refusal may come before anybody waits.
		this.promise.catch(() => {});
	}

	/** Why the program was asked to stop, if it was. */
	get stopReason(): RunEnd | undefined {
		return this.#stopReason;
	}

	/** The run is over, in good order. */
	finish(end: RunEnd): void {
		this.#resolve(this.#stopReason ?? end);
	}

	/** The program could not be loaded. */
	refuse(error: Error): void {
		this.#reject(error);
	}

	/** The program went wrong. Only the first time counts. */
	fail(error: string, end: RunEnd = "exception"): void {
		this.error ??= error;
		this.#resolve(end);
	}

	/** The program is asked to stop, and must notice within `limitMs`. False when it was asked before. */
	askToStop(reason: RunEnd, limitMs: number): boolean {
		if (this.#stopReason !== undefined) return false;
		this.#stopReason = reason;
		this.#setLimit(limitMs, () => {
			this.byForce = true;
			this.fail(`the program did not come back from its own code within ${limitMs / 1000} s`, "not back");
		});
		return true;
	}

	/** Nothing of the program has run yet, so there is nothing to wait for. */
	stopBeforeStart(reason: RunEnd): void {
		this.#stopReason ??= reason;
		this.finish(reason);
	}

	/** It has noticed, and stops its clients, which may take so long. */
	isStopping(limitMs: number): void {
		this.#setLimit(limitMs, () => this.finishStop());
	}

	/** It has stopped. */
	finishStop(): void {
		this.finish(this.#stopReason ?? "stopped");
	}

	after(delayMs: number, action: () => void): void {
		this.#undo.push(this.#clock.after(delayMs, action));
	}

	/** Calls about once a second, with the seconds since now. */
	progress(show: (elapsedS: number) => void): void {
		const startMs = this.#clock.now();
		this.#undo.push(every(this.#clock, PROGRESS_INTERVAL_MS, () => show((this.#clock.now() - startMs) / 1000)));
	}

	onAbort(signal: AbortSignal, action: () => void): void {
		if (signal.aborted) action();
		signal.addEventListener("abort", action);
		this.#undo.push(() => signal.removeEventListener("abort", action));
	}

	cleanUp(): void {
		this.#limit?.();
		for (const step of this.#undo) step();
	}

	#setLimit(limitMs: number, action: () => void): void {
		this.#limit?.();
		this.#limit = this.#clock.after(limitMs, action);
	}
}
