import type { XsProfileLine } from "./xs-process.js";

/** Columns of a terminal. */
const WIDTH = 80;

type Costs = Pick<XsProfileLine, "byteCodes" | "slots" | "chunkBytes">;

/**
 * What functions took, as a table for people.
 *
 * in   profile  of a run
 *      by       the dearest in this come first
 *      count    everything is divided by it: repetitions
 */
export function profileTable(profile: readonly XsProfileLine[], by: keyof Costs, count = 1): string[] {
	const lines = ["byte codes   calls   each   slots  chunk bytes  function"];
	const sum = { byteCodes: 0, slots: 0, chunkBytes: 0 };
	for (const one of [...profile].sort((a, b) => b[by] - a[by] || b.byteCodes - a.byteCodes)) {
		lines.push(row(one, one.calls, one.module === "" ? one.name : `${one.module}:${one.name}`, count));
		for (const key of ["byteCodes", "slots", "chunkBytes"] as const) sum[key] += one[key];
	}
	lines.push(row(sum, 0, "in all", count));
	return lines;
}

function row(costs: Costs, calls: number, what: string, count: number): string {
	const digits = count === 1 ? 0 : 1;
	const cells: [string, number][] = [
		[(costs.byteCodes / count).toFixed(digits), 10],
		[calls > 0 ? (calls / count).toFixed(count === 1 ? 0 : 2) : "", 7],
		[calls > 0 ? (costs.byteCodes / calls).toFixed(0) : "", 6],
		[costs.slots > 0 ? (costs.slots / count).toFixed(digits) : "", 7],
		[costs.chunkBytes > 0 ? (costs.chunkBytes / count).toFixed(digits) : "", 12],
	];
	const figures = cells.map(([text, width]) => text.padStart(width)).join(" ");
	// Of a long name the end says more.
	const room = WIDTH - figures.length - 2;
	return `${figures}  ${what.length > room ? `…${what.slice(what.length - room + 1)}` : what}`;
}
