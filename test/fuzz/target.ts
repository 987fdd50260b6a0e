import type { Features } from "./features.js";

/** One thing to be fuzzed: takes any bytes as an input. */
export interface Target {
	readonly name: string;
	/** Where a run starts: valid inputs, broken ones, and such as take apart what others do not reach. */
	readonly seeds: readonly Uint8Array[];
	/** No input is longer. */
	readonly sizeMax: number;
	/** Changes an input in a way that keeps its structure; returns its new size. The buffer has `sizeMax` bytes. */
	mutate?(buffer: Uint8Array, size: number, below: (bound: number) => number): number;
	/**
	 * Runs one input. It must depend on nothing but the input.
	 *
	 * in   features  what the input reaches is noted here
	 * out  undefined, or what is wrong; up to the first colon it is the kind, which shrinking keeps
	 */
	run(input: Uint8Array, features: Features): string | undefined;
	/** Looks after many inputs at what they may have left behind. out: as run. */
	checkMemory?(): string | undefined;
}

/** The kind of a finding. */
export function kindOf(finding: string): string {
	return finding.split(":", 1)[0]!;
}
