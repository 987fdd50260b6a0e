#!/usr/bin/env node
// npm run fuzz: long runs of the fuzzer, on every core that it is given.
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { Exit } from "../../host-sim/terminal/exit.js";
import { wholeNumber } from "../../host-sim/terminal/numbers.js";
import { installStandIns } from "../../host-sim/stand-ins/stand-ins.js";
import { installGlobals } from "../../host-sim/stand-ins/node/globals.js";
import { readCorpus, readKept, writeKept } from "./corpus.js";
import { Features } from "./features.js";
import { runJobs, type JobFinding, type Progress } from "./jobs.js";
import { loadTarget, TARGETS } from "./load.js";

const COUNT_MAX = 1e12;
const SEED_MAX = 0xffff_ffff;

/** As a shell says that Ctrl-C has ended a command. */
const INTERRUPTED = 130;

const HELP = `
Exit codes:
  0    nothing found
  1    a finding: what, its seed, the shortest input, and the command that replays it
  64   wrong options
  130  ended by Ctrl-C, nothing found until then

The same target, seed, count and jobs make the same inputs. A finding is kept in test/fuzz/corpus/, which npm test
replays. Examples:
  npm run fuzz -- decoder --inputs 50000000
  npm run fuzz -- client --runs 1000000
  npm run fuzz -- client --minutes 480 --seed 7
  npm run fuzz -- replay test/fuzz/corpus/client/0123456789ab.hex`;

interface FuzzOptions {
	readonly inputs?: number;
	readonly runs?: number;
	readonly minutes?: number;
	readonly seed?: number;
	readonly jobs: number;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Digits in groups of three. */
function grouped(count: number): string {
	return count.toLocaleString("en-US");
}

/** A line now and then; on a terminal one that is written over. */
class ProgressLine {
	readonly #startMs = performance.now();
	#shownMs = 0;

	get seconds(): number {
		return (performance.now() - this.#startMs) / 1000;
	}

	show({ count, features }: Progress, everyMs: number): void {
		const now = performance.now();
		if (now - this.#shownMs < everyMs) return;
		this.#shownMs = now;
		const rate = grouped(Math.round(count / this.seconds));
		const line = `${grouped(count)} inputs, ${rate} a second, ${grouped(features)} features`;
		process.stderr.write(process.stderr.isTTY ? `\r${line}   ` : `${line}\n`);
	}

	clear(): void {
		if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
	}
}

async function fuzz(target: string, count: number | undefined, options: FuzzOptions): Promise<number> {
	const seed = options.seed ?? Date.now() % SEED_MAX;
	const ending = new AbortController();
	const { minutes, jobs } = options;
	const total = count ?? (minutes === undefined ? 1_000_000 : COUNT_MAX);
	print(`fuzzing the ${target}: seed ${seed}, ${jobs} job${jobs === 1 ? "" : "s"}`);
	let interrupted = false;
	const interrupt = (): void => {
		interrupted = true;
		ending.abort();
	};
	process.once("SIGINT", interrupt);
	const timer = minutes === undefined ? undefined : setTimeout(() => ending.abort(), minutes * 60_000);
	const line = new ProgressLine();
	const everyMs = process.stderr.isTTY ? 500 : 30_000;
	const onProgress = (progress: Progress): void => line.show(progress, everyMs);
	const { progress, finding } = await runJobs({ target, seed, jobs, count: total, signal: ending.signal, onProgress });
	clearTimeout(timer);
	process.removeListener("SIGINT", interrupt);
	line.clear();
	const rate = grouped(Math.round(progress.count / line.seconds));
	print(
		`${grouped(progress.count)} inputs in ${line.seconds.toFixed(0)} s, ${rate} a second, ${grouped(progress.features)} features`,
	);
	if (finding) return report(target, seed, finding);
	print("nothing found");
	return interrupted ? INTERRUPTED : Exit.OK;
}

function report(target: string, seed: number, { what, input, job }: JobFinding): number {
	const file = relative(process.cwd(), writeKept(target, input, `seed ${seed}, job ${job}\n${what.split("\n")[0]}`));
	print(`\nfound: ${what}`);
	print(`seed:  ${seed}, job ${job}`);
	print(`input: ${Buffer.from(input).toString("hex")}`);
	print(`again: npm run fuzz -- replay ${file}`);
	return Exit.FAILED;
}

/** Runs kept inputs, all of them unless files are named. */
async function replay(files: readonly string[]): Promise<number> {
	installStandIns();
	installGlobals();
	const found = files.length > 0 ? files.map(readKept) : TARGETS.flatMap((target) => readCorpus(target));
	let failed = 0;
	for (const { file, input } of found) {
		const name = TARGETS.find((target) => file.split(/[\\/]/).includes(target)) ?? "decoder";
		const what = (await loadTarget(name)).run(input, new Features());
		if (what !== undefined) failed++;
		print(
			`${what === undefined ? "right" : "WRONG"}  ${relative(process.cwd(), file)}${what === undefined ? "" : `  ${what}`}`,
		);
	}
	return failed === 0 ? Exit.OK : Exit.FAILED;
}

function minutesOf(text: string): number {
	const minutes = Number(text);
	if (!(minutes > 0 && minutes <= 100_000)) throw new InvalidArgumentError("It must be a number above 0.");
	return minutes;
}

function program(setExitCode: (code: number) => void): Command {
	const command = new Command("fuzz").description("Fuzzes what a hostile server and an odd application can reach.");
	const add = (name: string, what: string, unit: string): void => {
		command
			.command(name)
			.description(what)
			.option(`--${unit} <count>`, `how many ${unit}; 1000000 unless told`, wholeNumber(1, COUNT_MAX))
			.option("--minutes <minutes>", "end after this time", minutesOf)
			.option("--seed <number>", "of all random decisions; another one each time unless told", wholeNumber(0, SEED_MAX))
			.option("--jobs <count>", "threads", wholeNumber(1, 256), availableParallelism())
			.action(async (options: FuzzOptions) => setExitCode(await fuzz(name, options.inputs ?? options.runs, options)));
	};
	add("decoder", "any bytes, cut anywhere, against the plain twin and mqtt-packet", "inputs");
	add("client", "any bytes, any cuts, any order of calls, on the whole client", "runs");
	add("websocket", "answers and frames of any bytes, cut anywhere, against a plain twin", "inputs");
	command
		.command("replay")
		.description("run kept inputs again; all of test/fuzz/corpus unless files are named")
		.argument("[files...]")
		.action(async (files: string[]) => setExitCode(await replay(files)));
	for (const each of [command, ...command.commands]) each.exitOverride().addHelpText("after", HELP);
	return command;
}

let exitCode: number = Exit.OK;
try {
	await program((code) => (exitCode = code)).parseAsync(process.argv);
} catch (error) {
	if (!(error instanceof CommanderError)) throw error;
	exitCode = error.exitCode === 0 ? Exit.OK : Exit.USAGE;
}
process.exitCode = exitCode;
