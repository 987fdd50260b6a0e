import type { XsHost } from "../xs/build.js";
import { BUDGETS, CYCLES } from "./budgets.js";
import { measure, type Measurement, type Operation } from "./measure.js";

/** What the start of a program with one client takes, until it is connected. */
const START: Operation & { readonly name: string } = { name: "start", operation: "idle" };

/**
 * Prints what one repetition takes by function, the dearest first, for all operations whose name contains `text`; for
 * "start" what everything takes up to the connection.
 *
 * out  exit code: 1 when no operation has such a name
 */
export async function printProfiles(host: XsHost, text: string): Promise<number> {
	const wanted = text.toLowerCase();
	const all: readonly (Operation & { readonly name: string })[] = [...BUDGETS, ...CYCLES];
	const found = all.filter(
		({ name, operation }) => name.toLowerCase().includes(wanted) || operation.toLowerCase() === wanted,
	);
	if (wanted === START.name) {
		print(START.name, await measure(host, { ...START, profile: "run" }), 1);
		return 0;
	}
	for (const operation of found) {
		const result = await measure(host, { ...operation, profile: "window" });
		print(operation.name, result, result.count);
	}
	if (found.length > 0) return 0;
	process.stderr.write(`no operation is called "${text}"; there are:\n  ${START.name}\n`);
	for (const { name, operation } of all) process.stderr.write(`  ${name} (${operation})\n`);
	return 1;
}

function print(name: string, { profile }: Measurement, count: number): void {
	const lines = [name, "byte codes   calls   each   slots  chunk bytes  function"];
	const sum = { byteCodes: 0, slots: 0, chunkBytes: 0 };
	for (const one of [...profile].sort((a, b) => b.byteCodes - a.byteCodes || b.slots - a.slots)) {
		lines.push(line(one, one.calls, `${one.module}:${one.name}`, count));
		for (const key of ["byteCodes", "slots", "chunkBytes"] as const) sum[key] += one[key];
	}
	lines.push(line(sum, 0, "in all, with what drives the repetition", count));
	process.stdout.write(`${lines.join("\n")}\n\n`);
}

function line(
	costs: { byteCodes: number; slots: number; chunkBytes: number },
	calls: number,
	what: string,
	count: number,
): string {
	const cells: [string, number][] = [
		[(costs.byteCodes / count).toFixed(1), 10],
		[calls > 0 ? (calls / count).toFixed(2) : "", 7],
		[calls > 0 ? (costs.byteCodes / calls).toFixed(0) : "", 6],
		[costs.slots > 0 ? (costs.slots / count).toFixed(1) : "", 7],
		[costs.chunkBytes > 0 ? (costs.chunkBytes / count).toFixed(1) : "", 12],
	];
	return `${cells.map(([text, width]) => text.padStart(width)).join(" ")}  ${what}`;
}
