/** Something that happens now and then and can be waited for. */
export class Signal {
	#waiting: (() => void)[] = [];

	/** It happens: everybody who waits goes on. */
	fire(): void {
		for (const go of this.#waiting.splice(0)) go();
	}

	/** Resolves when it happens next. */
	wait(): Promise<void> {
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
		});
	}
}
