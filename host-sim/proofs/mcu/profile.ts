/** Where the instructions of an operation go, by function in C and in JavaScript: samples at a steady distance. */
import type { BareHost } from "./bare-build.js";
import { MCU_OPERATIONS, measureOnMcu } from "./mcu.js";

/** Functions that are shown. */
const SHOWN = 30;
/** Repetitions: enough for some thousand samples. */
const COUNT = 300;

/** What was sampled while a function ran. */
type Share = readonly [name: string, samples: number];

/** The host as it is measured, and the one that can be sampled. */
export interface ProfileHosts {
	readonly host: BareHost;
	readonly sampled: BareHost;
}

/**
 * Prints profiles of all operations whose name contains `text`.
 *
 * out  exit code: 1 when no operation has such a name
 */
export async function printMcuProfiles(hosts: ProfileHosts, text: string): Promise<number> {
	const wanted = text.toLowerCase();
	const found = MCU_OPERATIONS.filter(
		({ name, operation }) => name.toLowerCase().includes(wanted) || operation.toLowerCase() === wanted,
	);
	for (const operation of found) {
		const { instructions, functions, scripts } = await profileOnMcu(hosts, operation);
		print(`${operation.name}: ${Math.round(instructions)} instructions, with what drives it\n`);
		printShares("in C", functions, instructions);
		printShares("in JavaScript, with what the engine does for it", scripts, instructions);
	}
	if (found.length > 0) return 0;
	process.stderr.write(`no operation is called "${text}"; there are:\n`);
	for (const { name, operation } of MCU_OPERATIONS) process.stderr.write(`  ${name} (${operation})\n`);
	return 1;
}

/** Where the instructions of one repetition go; the dearest first. */
export interface McuProfile {
	readonly instructions: number;
	readonly functions: readonly Share[];
	/** Those of the program, and the host, which runs between them. */
	readonly scripts: readonly Share[];
}

/** Measures one operation, and then samples it. */
export async function profileOnMcu(
	{ host, sampled }: ProfileHosts,
	operation: (typeof MCU_OPERATIONS)[number],
): Promise<McuProfile> {
	const { instructions, count } = await measureOnMcu(host, operation);
	const { run } = await measureOnMcu(sampled, { ...operation, count: COUNT, profile: "window" });
	const functions = run.functions.map(({ name, samples }): Share => [name, samples]);
	const scripts = run.profile.map(({ module, name, byteCodes }): Share => [`${module}:${name}`, byteCodes]);
	scripts.push([HOST, sumOf(functions) - sumOf(scripts)]);
	return { instructions: instructions / count, functions, scripts: scripts.sort((a, b) => b[1] - a[1]) };
}

const HOST = "(the host in C: loop, timers, sockets)";

function sumOf(shares: readonly Share[]): number {
	return shares.reduce((sum, [, samples]) => sum + samples, 0);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function printShares(head: string, shares: readonly Share[], instructions: number): void {
	const all = sumOf(shares);
	print(`  ${head}`);
	for (const [name, samples] of shares.slice(0, SHOWN)) {
		const part = samples / all;
		const cells = [`${(part * 100).toFixed(1)} %`.padStart(8), `${Math.round(part * instructions)}`.padStart(8)];
		print(`${cells.join(" ")}  ${name}`);
	}
	print("");
}
