/** Types of the tables for tests that are written in TypeScript. */
export const FUNCTIONS: ReadonlySet<string>;
export const STATICS: Readonly<Record<string, ReadonlySet<string>>>;
export const METHODS: ReadonlyMap<
	string,
	"view" | "copy" | "iterator" | "text" | "bind" | "promise" | "expression" | "bigint"
>;
export const OURS_TOO: ReadonlySet<string>;
