/** A promise that was not kept. */
export interface Finding {
	/** Which promise, in a few words that never change: what a seed is shrunk by. */
	rule: string;
	/** What happened. */
	text: string;
	/** When, in virtual milliseconds since the start of the run. */
	ms: number;
}

/**
 * Where checkers say what they have found. They do not throw: most are called from within callbacks of the client, whose
 * guards would take the exception for one of the application's.
 */
export class Findings {
	readonly #now: () => number;
	/** The first one; what follows it may be a consequence. */
	first: Finding | undefined;

	constructor(now: () => number) {
		this.#now = now;
	}

	report(rule: string, text: string): void {
		this.first ??= { rule, text, ms: this.#now() };
	}

	/** Reports unless `fact` holds. The text is made only when it is needed. */
	expect(fact: boolean, rule: string, text: () => string): void {
		if (!fact) this.report(rule, text());
	}
}
