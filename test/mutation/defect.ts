/** One deliberate defect of the client. */
export interface Defect {
	readonly name: string;
	/** What it breaks: statement, section, or lesson. */
	readonly breaks: string;
	/** In `firmware/`. */
	readonly file: string;
	/** Text that occurs once in the file, and what stands there instead. */
	readonly find: string;
	readonly replace: string;
	/** The tests that should see it, in `test/`; when they do not, the wider ones are asked. */
	readonly by: readonly string[];
}

/** Makes one. */
export function defect(
	name: string,
	breaks: string,
	file: string,
	find: string,
	replace: string,
	...by: string[]
): Defect {
	return { name, breaks, file, find, replace, by };
}
