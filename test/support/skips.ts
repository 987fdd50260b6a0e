/** A file of tests of which some were skipped. */
export interface Skipped {
	/** Path in the repository. */
	readonly file: string;
	readonly count: number;
	/** The file's text: it says what its tests need. */
	readonly source: string;
}

/** Something that tests need and that is not there. */
export interface Missing {
	/** Why, in one line, with what would help. */
	readonly reason: string;
	/** What the source of a test that needs it has in it. */
	readonly mark: RegExp;
}

/** Where no file says why: the tests have a condition of their own. */
const OWN_REASON = "a condition of their own";

/**
 * Why tests were skipped, in lines for people: nothing when none was.
 *
 * in   missing  what is not there; the first that a file asks for is its reason
 */
export function skipLines(skipped: readonly Skipped[], missing: readonly Missing[]): string[] {
	const reasons = new Map<string, Skipped[]>();
	for (const each of skipped) {
		const reason = missing.find(({ mark }) => mark.test(each.source))?.reason ?? OWN_REASON;
		reasons.set(reason, [...(reasons.get(reason) ?? []), each]);
	}
	return [...reasons].flatMap(([reason, files]) => {
		const count = files.reduce((sum, file) => sum + file.count, 0);
		return [`skipped ${count}: ${reason}`, ...files.map((file) => `  ${String(file.count).padStart(4)}  ${file.file}`)];
	});
}
