import type { TortureResult } from "./torture-run.js";

/** What many runs add up to. */
export interface Totals {
	seeds: number;
	steps: number;
	events: number;
	packets: number;
	connects: number;
	simulatedMs: number;
	leaptMs: number;
}

/** Nothing yet. */
export function noTotals(): Totals {
	return { seeds: 0, steps: 0, events: 0, packets: 0, connects: 0, simulatedMs: 0, leaptMs: 0 };
}

/** Adds one run. */
export function addRun(totals: Totals, result: TortureResult): void {
	totals.seeds++;
	for (const name of ["steps", "events", "packets", "connects", "simulatedMs", "leaptMs"] as const) {
		totals[name] += result[name];
	}
}

/** Adds what another has added up. */
export function addTotals(totals: Totals, more: Totals): void {
	for (const name of Object.keys(totals) as (keyof Totals)[]) totals[name] += more[name];
}

const HOUR_MS = 3_600_000;
const YEAR_MS = 8_766 * HOUR_MS;

/** Hours that devices were busy, without the leaps. */
export function deviceHours({ simulatedMs, leaptMs }: Totals): number {
	return (simulatedMs - leaptMs) / HOUR_MS;
}

/** Years in leaps, in which nothing was due for hours. */
export function leaptYears({ leaptMs }: Totals): number {
	return leaptMs / YEAR_MS;
}
