// Goal: what the simulation has found once does not come back.
// Method: each file of regressions/ is a plan as it was shrunk: the set-up of a seed and the steps that it took to break a
//   promise. It is run again, twice; its promise holds now, and so do all others.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Plan } from "../../host-sim/torture/plan.js";
import { runPlan } from "../../host-sim/torture/torture-run.js";

const folder = new URL("regressions/", import.meta.url);

/** A plan, and what it had led to. */
interface Regression extends Plan {
	rule: string;
	cause: string;
}

const all = readdirSync(folder).map((file) => {
	const regression = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Regression;
	return { file, regression };
});

describe("what was found", () => {
	it.each(all)("$file: $regression.cause", ({ regression }) => {
		const first = runPlan(regression);
		expect(first.finding).toBeUndefined();
		expect(runPlan(regression)).toEqual(first);
	});
});
