import { Chart } from "./chart.js";
import { makePlan, shortList, type Plan } from "./plan.js";
import type { Batch, BatchResult, Failure } from "./pool.js";
import { runPlan, type TortureResult } from "./torture-run.js";
import { shrink } from "./shrink.js";
import { addRun, noTotals } from "./totals.js";

/** Lines of a chart that lead to a violation. */
const CHART_LINES = 48;

/** Runs some seeds; a violation is shrunk and drawn. */
export function runBatch({ from, count, shrinkFailures }: Batch): BatchResult {
	const totals = noTotals();
	const failures: Failure[] = [];
	for (let seed = from; seed < from + count; seed++) {
		const plan = makePlan(seed);
		const result = runPlan(plan);
		addRun(totals, result);
		if (result.finding) failures.push(explain(plan, result, shrinkFailures));
	}
	return { totals, failures };
}

/** A violation as it is reported: shrunk, with the command that shows it again and what led to it. */
export function explain(plan: Plan, result: TortureResult, shrinks: boolean): Failure {
	const shrunk = shrinks ? shrink(plan, result) : { plan, result };
	const chart = new Chart(CHART_LINES);
	runPlan(shrunk.plan, chart);
	const { kept } = shrunk.plan;
	return {
		seed: plan.seed,
		finding: shrunk.result.finding!,
		steps: kept?.length ?? plan.steps.length,
		command: `xs-mqtt torture --seed ${plan.seed}${kept ? ` --steps ${shortList(kept)}` : ""}`,
		chart: [...chart.lines],
	};
}
