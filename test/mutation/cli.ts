/**
 * `npm run mutation`: breaks a copy of the client in one way after the other, and prints which test saw it. Ends with 1
 * when a defect survives.
 */
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import type { Defect } from "./defect.js";
import { DEFECTS } from "./defects.js";
import { Tree } from "./tree.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Asked when the tests that should have seen a defect have not. */
const WIDER = ["codec", "client", "loop", "transport", "conformance", "sim/regressions"];

interface Options {
	only?: string;
	jobs: number;
	list?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function readJobs(text: string): number {
	const jobs = Number(text);
	if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) throw new InvalidArgumentError("a whole number, 1 … 64");
	return jobs;
}

/** Tries defects on one copy of the tree, until none is left. */
async function work(queue: Defect[], survivors: Defect[], signal: AbortSignal): Promise<void> {
	const tree = new Tree(ROOT);
	try {
		for (let defect = queue.shift(); defect !== undefined; defect = queue.shift()) {
			const start = performance.now();
			let outcome = await tree.runWith(defect, defect.by, signal);
			if (outcome.failed === undefined) outcome = await tree.runWith(defect, WIDER, signal);
			const seconds = ((performance.now() - start) / 1_000).toFixed(0);
			if (outcome.failed === undefined) survivors.push(defect);
			const verdict = outcome.failed ?? `NOT SEEN by ${outcome.tests} tests`;
			say(`${seconds.padStart(4)} s  ${defect.name} (${defect.breaks})\n        ${verdict}`);
		}
	} finally {
		tree.remove();
	}
}

/** Without a defect all of the tests pass; if not, their failures mean nothing. */
async function checkSound(defects: readonly Defect[], signal: AbortSignal): Promise<string | undefined> {
	const tree = new Tree(ROOT);
	try {
		const { failed, tests } = await tree.run([...new Set(defects.flatMap(({ by }) => by))], signal);
		if (failed === undefined) say(`without a defect ${tests} tests pass`);
		return failed;
	} finally {
		tree.remove();
	}
}

async function main({ only, jobs, list }: Options): Promise<number> {
	const chosen = DEFECTS.filter(({ name }) => only === undefined || name.includes(only));
	if (chosen.length === 0) {
		process.stderr.write(`--only: no defect has "${only}" in its name; --list shows them\n`);
		return 64;
	}
	if (list) {
		for (const { name, breaks, file } of chosen) say(`${name} (${breaks}), ${file}`);
		return 0;
	}
	const control = new AbortController();
	process.once("SIGINT", () => control.abort());
	try {
		const failed = await checkSound(chosen, control.signal);
		if (failed !== undefined) {
			process.stderr.write(`without any defect a test fails: ${failed}\n`);
			return 1;
		}
		const queue = [...chosen];
		const survivors: Defect[] = [];
		await Promise.all(Array.from({ length: jobs }, () => work(queue, survivors, control.signal)));
		say(`${chosen.length - survivors.length} of ${chosen.length} defects are seen`);
		return survivors.length === 0 ? 0 : 1;
	} catch (error) {
		if (!control.signal.aborted) throw error;
		return 130;
	}
}

const program = new Command("mutation")
	.description("Breaks a copy of the client in one way after the other, and prints which test sees it.")
	.option("--only <text>", "only defects with this in their name")
	.option("--jobs <number>", "copies that are tried side by side", readJobs, 2)
	.option("--list", "print the defects")
	.addHelpText(
		"after",
		"\nExit codes:\n  0    every defect was seen\n  1    one was not, or a test fails without any\n  64   wrong options\n  130  ended by Ctrl-C",
	)
	.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 64));
process.exitCode = await main(program.parse().opts<Options>());
