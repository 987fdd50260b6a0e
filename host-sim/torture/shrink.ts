import type { Finding } from "./checkers/findings.js";
import type { Plan } from "./plan.js";
import { runPlan, type TortureResult } from "./torture-run.js";

/** Runs that looking for a shorter plan may take. */
const TRIALS_MAX = 600;

/** A plan that is as short as was found, and what came of it. */
export interface Shrunk {
	plan: Plan;
	result: TortureResult;
	trials: number;
}

/**
 * Leaves steps out while the same promise is broken: halves first, then smaller parts, down to single steps, until
 * nothing can be left out any more (delta debugging). The rest of the plan stays as it is, so that seed and list of
 * steps say everything.
 *
 * in   result  of `plan`, with a finding
 *      run     for tests
 */
export function shrink(
	plan: Plan,
	result: TortureResult,
	run: (plan: Plan) => TortureResult = runPlan,
	trialsMax = TRIALS_MAX,
): Shrunk {
	const rule = (result.finding as Finding).rule;
	let kept = (plan.kept ?? plan.steps.map((_, index) => index)).slice(0, Math.max(result.steps, 1));
	let best: Shrunk = { plan: { ...plan, kept }, result, trials: 0 };
	let trials = 0;
	const tries = (candidate: number[]): boolean => {
		trials++;
		const tried = { ...plan, kept: candidate };
		const found = run(tried);
		if (found.finding?.rule !== rule) return false;
		kept = candidate.slice(0, Math.max(found.steps, 1));
		best = { plan: { ...plan, kept }, result: found, trials };
		return true;
	};
	for (let size = Math.ceil(kept.length / 2); size >= 1 && trials < trialsMax;) {
		let shorter = false;
		// From the end: what comes last is what the finding needs most, so the front goes in few trials afterwards.
		for (let at = kept.length - size; at > -size && trials < trialsMax; at -= size) {
			const from = Math.max(0, at);
			if (tries([...kept.slice(0, from), ...kept.slice(at + size)])) shorter = true;
		}
		if (size === 1 && !shorter) break;
		size = size === 1 ? 1 : Math.ceil(size / 2);
	}
	return { ...best, trials };
}
