import type { XsHost } from "../xs/build.js";
import { BUDGETS, CYCLES } from "./budgets.js";
import { measure, type Measurement, type Operation } from "./measure.js";

/**
 * Prints the byte codes of one repetition by function, the dearest first, for all operations whose name contains `text`.
 *
 * out  exit code: 1 when no operation has such a name
 */
export async function printProfiles(host: XsHost, text: string): Promise<number> {
	const all: readonly (Operation & { readonly name: string })[] = [...BUDGETS, ...CYCLES];
	const wanted = text.toLowerCase();
	const found = all.filter(
		({ name, operation }) => name.toLowerCase().includes(wanted) || operation.toLowerCase() === wanted,
	);
	for (const operation of found) {
		const result = await measure(host, { ...operation, profile: true });
		process.stdout.write(`${operation.name}\n${profileLines(result).join("\n")}\n\n`);
	}
	if (found.length > 0) return 0;
	process.stderr.write(`no operation is called "${text}"; there are:\n`);
	for (const { name, operation } of all) process.stderr.write(`  ${name} (${operation})\n`);
	return 1;
}

function profileLines({ profile, count, byteCodes }: Measurement): string[] {
	const lines = ["byte codes  calls  each  function"];
	const line = (codes: number, calls: string, each: string, what: string): string =>
		`${codes.toFixed(1).padStart(10)} ${calls.padStart(6)} ${each.padStart(5)}  ${what}`;
	for (const one of [...profile].sort((a, b) => b.byteCodes - a.byteCodes)) {
		const each = one.calls > 0 ? (one.byteCodes / one.calls).toFixed(0) : "";
		lines.push(line(one.byteCodes / count, (one.calls / count).toFixed(2), each, `${one.module}:${one.name}`));
	}
	lines.push(line(byteCodes / count, "", "", "in all, with what drives the repetition"));
	return lines;
}
