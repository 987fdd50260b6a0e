import type { XsHost } from "../../stand-ins/xs/build.js";
import { profileTable } from "../../stand-ins/xs/profile-table.js";
import { BUDGETS, CYCLES } from "./budgets.js";
import { measure, type Measurement, type Operation } from "./measure.js";

/** What the start of a program with one client takes, until it is connected. */
const START: Operation & { readonly name: string } = { name: "start", operation: "idle" };

/**
 * Prints what one repetition takes by function, with what drives it, for all operations whose name contains `text`; for
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
	const table = profileTable(profile, name === START.name ? "slots" : "byteCodes", count);
	process.stdout.write(`${[name, ...table].join("\n")}\n\n`);
}
