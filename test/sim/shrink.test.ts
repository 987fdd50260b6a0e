// Goal: a violation is cut down to the steps that it needs, and the list of these says how to see it again.
// Method: plans whose "run" is a rule on the steps that are kept.
import { describe, expect, it } from "vitest";
import { makePlan, parseList, shortList, type Plan } from "../../host-sim/torture/plan.js";
import type { TortureResult } from "../../host-sim/torture/torture-run.js";
import { shrink } from "../../host-sim/torture/shrink.js";

const plan = makePlan(5);

/** Finds `rule` when all of these steps are taken, in their order; ends with the last of them. */
function needs(indices: number[], rule = "x"): (candidate: Plan) => TortureResult {
	return ({ kept }) => {
		const list = kept ?? plan.steps.map((_, index) => index);
		const last = list.indexOf(indices.at(-1)!);
		const finding = indices.every((index) => list.includes(index)) ? { rule, text: "", ms: 0 } : undefined;
		return { steps: finding ? last + 1 : list.length, finding } as TortureResult;
	};
}

describe("shrink", () => {
	it.each([[[0]], [[199]], [[3, 77, 150]], [[10, 11, 12, 13, 14]], [[0, 100, 199]]])("keeps steps %j", (indices) => {
		const run = needs(indices);
		const { plan: shrunk, trials } = shrink(plan, run(plan), run);
		expect(shrunk.kept).toEqual(indices);
		expect(trials).toBeLessThan(200);
	});

	it("does not take another violation for it", () => {
		const run = needs([5, 6]);
		const other = needs([5], "y");
		const both = (candidate: Plan): TortureResult => (run(candidate).finding ? run(candidate) : other(candidate));
		expect(shrink(plan, both(plan), both).plan.kept).toEqual([5, 6]);
	});

	it("gives up after so many trials, with what it has", () => {
		const run = needs([3, 77, 150]);
		const { plan: shrunk, trials } = shrink(plan, run(plan), run, 3);
		expect(trials).toBe(3);
		expect(run(shrunk).finding).toBeDefined();
	});
});

describe("a list of steps", () => {
	it.each([
		[[0], "0"],
		[[0, 1, 2, 5, 7, 8], "0-2,5,7-8"],
	])("%j is %s", (indices, text) => {
		expect(shortList(indices)).toBe(text);
		expect(parseList(text)).toEqual(indices);
	});

	it("is refused when it is none", () => {
		for (const text of ["", "a", "1,", "-1", "1-2-3"]) expect(parseList(text)).toBeUndefined();
		expect(parseList("none")).toEqual([]);
	});
});
