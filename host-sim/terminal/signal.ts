/** Something that happens now and then and can be waited for. */
export class Signal {
	#waiting: (() => void)[] = [];

	/** It happens: everybody who waits goes on. */
	fire(): void {
		for (const go of this.#waiting.splice(0)) go();
	}

	/** Resolves when it happens next, or after so many milliseconds at the latest. */
	wait(limitMs?: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = limitMs === undefined ? undefined : setTimeout(resolve, limitMs);
			this.#waiting.push(() => {
				clearTimeout(timer);
				resolve();
			});
		});
	}
}
