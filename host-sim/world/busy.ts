import type { Clock } from "./clock.js";

/** Counts what keeps a device busy (armed timers, open sockets, lookups), and tells when nothing does any more. */
export class Busy {
	readonly #clock: Clock;
	#holds = 0;
	#listeners: (() => void)[] = [];

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Counts something. */
	hold(): void {
		this.#holds++;
	}

	/** Ends one hold(). */
	release(): void {
		if (--this.#holds === 0) this.#clock.after(0, () => this.#check());
	}

	/** Resolves when nothing can happen any more by itself. */
	whenIdle(): Promise<void> {
		return new Promise((resolve) => {
			this.#listeners.push(resolve);
			this.#clock.after(0, () => this.#check());
		});
	}

	#check(): void {
		if (this.#holds > 0) return;
		for (const listener of this.#listeners.splice(0)) listener();
	}
}
