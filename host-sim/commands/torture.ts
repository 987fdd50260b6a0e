import { availableParallelism } from "node:os";
import { InvalidArgumentError, type Command } from "commander";
import { Exit, UsageError } from "../terminal/exit.js";
import { EndOfOutput, processIo, type Io } from "../terminal/io.js";
import { wholeNumber } from "../terminal/numbers.js";
import type { Clock } from "../world/clock.js";
import { RealClock } from "../world/real-clock.js";
import type { Failure } from "../torture/pool.js";
import { deviceHours, leaptYears, type Totals } from "../torture/totals.js";

/** Options as commander names them. */
interface Flags {
	seeds?: number;
	from?: number;
	seed?: number;
	steps?: string;
	minutes?: number;
	jobs: number;
	random?: true;
	shrink: boolean;
	json?: true;
}

const SEED_MAX = 0x7fff_ffff;
const SEEDS = 1_000;
const JOBS_MAX = 64;
const MINUTES_MAX = 10_080;
/** After so many violations nothing more is begun. */
const FAILURES_MAX = 5;
/** Where nobody looks at a terminal, a line of progress comes this often. */
const PROGRESS_MS = 10_000;
/** Exit code of a process that Ctrl-C has ended at once. */
const INTERRUPTED_EXIT_CODE = 130;

/** Adds `xs-mqtt torture`. */
export function registerTorture(
	program: Command,
	io: Io = processIo,
	setExitCode: (code: number) => void = (code) => (process.exitCode = code),
): void {
	const seed = wholeNumber(0, SEED_MAX);
	const command = program
		.command("torture")
		.description(
			"run the client against a model server in virtual time, with bad luck from seeds, and check every promise",
		)
		.option(
			"--seeds <number>",
			`how many seeds (default: ${SEEDS}; with --minutes: as many as there is time for)`,
			seed,
		)
		.option("--from <seed>", "the first one (default: 1)", seed)
		.option("--random", "the first one is drawn")
		.option("--minutes <number>", "begin nothing after this time", minutes)
		.option("--jobs <number>", "processes", wholeNumber(1, JOBS_MAX), Math.min(2, availableParallelism()))
		.option("--no-shrink", "report a violation as it was found")
		.option("--seed <seed>", "run one, and show all that happens", seed)
		.option("--steps <list>", "with --seed: only these steps of it, e.g. 0-3,17; or none")
		.option("--json", "print JSON, one object a line")
		.addHelpText(
			"after",
			"\nA violation ends with 1. Ctrl-C prints what was done; the same seed always does the same.",
		);
	command.action(async () => {
		const flags = command.opts<Flags>();
		if (flags.steps !== undefined && flags.seed === undefined) throw new UsageError("--steps: needs --seed");
		if (flags.random && flags.from !== undefined) throw new UsageError("--random: not together with --from");
		setExitCode(flags.seed === undefined ? await runMany(flags, io) : await runOne(flags, flags.seed, io));
	});
}

/** Parser of a time in minutes, fractions allowed. */
function minutes(text: string): number {
	const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
	if (!(value > 0 && value <= MINUTES_MAX)) throw new InvalidArgumentError(`It must be minutes, up to ${MINUTES_MAX}.`);
	return value;
}

/** Shows one seed. The client is loaded only now, when its platform has stand-ins. */
async function runOne({ steps, json }: Flags, seed: number, io: Io): Promise<number> {
	const [{ installStandIns }, { installGlobals }] = await Promise.all([
		import("../stand-ins/stand-ins.js"),
		import("../stand-ins/node/globals.js"),
	]);
	installStandIns();
	installGlobals();
	const [{ Chart }, { makePlan, parseList }, { runPlan }] = await Promise.all([
		import("../torture/chart.js"),
		import("../torture/plan.js"),
		import("../torture/torture-run.js"),
	]);
	const plan = makePlan(seed);
	if (steps !== undefined) {
		const kept = parseList(steps);
		if (kept === undefined) throw new UsageError(`--steps: "${steps}" is not a list such as 0-3,17`);
		plan.kept = kept;
	}
	const chart = json ? undefined : new Chart(0, (line) => io.out(`${line}\n`));
	const result = runPlan(plan, chart);
	if (json) io.out(`${JSON.stringify({ type: "run", ...result, setup: plan.setup })}\n`);
	else {
		io.out(`\nset-up: ${JSON.stringify(plan.setup)}\n`);
		const { events, packets, connects, simulatedMs, hash } = result;
		const what = `${result.steps} steps, ${events} events, ${packets} packets, ${connects} connections`;
		io.out(`${what}, ${(simulatedMs / 1000).toFixed(3)} s of virtual time, hash ${hash.toString(16)}\n`);
		io.out(result.finding ? `VIOLATION: ${result.finding.rule}: ${result.finding.text}\n` : "no violation\n");
	}
	return result.finding ? Exit.FAILED : Exit.OK;
}

async function runMany(flags: Flags, io: Io): Promise<number> {
	const { runPool } = await import("../torture/pool.js");
	const stopping = new AbortController();
	const from = flags.random ? Math.floor(Math.random() * SEED_MAX) : (flags.from ?? 1);
	const seeds = flags.seeds ?? (flags.minutes === undefined ? SEEDS : Infinity);
	const clock = new RealClock();
	const startMs = clock.now();
	const progress = new Progress(io, flags.json === true, seeds, clock);
	const restore = onInterrupt(() => stopping.abort());
	const cancel = flags.minutes && clock.after(flags.minutes * 60_000, () => stopping.abort());
	try {
		const { totals, failures } = await runPool({
			from,
			seeds,
			jobs: flags.jobs,
			failuresMax: FAILURES_MAX,
			shrinkFailures: flags.shrink,
			signal: stopping.signal,
			onProgress: (now, count) => progress.show(now, count),
		});
		progress.clear();
		const seconds = (clock.now() - startMs) / 1000;
		print(io, flags.json ? jsonLines(from, totals, failures, seconds) : textLines(from, totals, failures, seconds));
		return failures.length > 0 ? Exit.FAILED : Exit.OK;
	} finally {
		if (cancel) cancel();
		progress.clear();
		restore();
	}
}

function print(io: Io, lines: readonly string[]): void {
	try {
		for (const line of lines) io.out(`${line}\n`);
	} catch (error) {
		if (!(error instanceof EndOfOutput)) throw error;
	}
}

function jsonLines(from: number, totals: Totals, failures: readonly Failure[], seconds: number): string[] {
	const hours = deviceHours(totals);
	const summary = {
		type: "summary",
		from,
		...totals,
		seconds,
		deviceHours: hours,
		deviceHoursPerMinute: (hours / seconds) * 60,
		leaptYears: leaptYears(totals),
		violations: failures.length,
	};
	const violations = failures.map((failure) => ({ type: "violation", ...failure }));
	return [...violations, summary].map((each) => JSON.stringify(each));
}

function textLines(from: number, totals: Totals, failures: readonly Failure[], seconds: number): string[] {
	const number = (value: number): string => Math.round(value).toLocaleString("en");
	const lines: string[] = [];
	for (const { seed, finding, steps, command, chart } of failures) {
		lines.push(`VIOLATION, seed ${seed}: ${finding.rule}: ${finding.text}`, ...chart);
		lines.push(`${steps} steps are left; again: ${command}`, "");
	}
	const { seeds, steps, events, packets, connects } = totals;
	const range = seeds > 0 ? ` from ${from}` : "";
	lines.push(`${number(seeds)} seeds${range}, ${number(steps)} steps, in ${seconds.toFixed(1)} s`);
	lines.push(`  ${number(events)} events, ${number(packets)} packets, ${number(connects)} connections`);
	const hours = deviceHours(totals);
	const rate = `${number((hours / seconds) * 60)} a minute`;
	lines.push(`  ${number(hours)} device-hours, ${rate}; and ${number(leaptYears(totals))} years of leaps`);
	lines.push(failures.length === 0 ? "no violation" : `${failures.length} seeds with violations`);
	return lines;
}

/** The first Ctrl-C prints what was done, the second ends at once. */
function onInterrupt(stop: () => void): () => void {
	let count = 0;
	const handle = (): void => {
		if (++count > 1) process.exit(INTERRUPTED_EXIT_CODE);
		stop();
	};
	process.on("SIGINT", handle);
	process.on("SIGTERM", handle);
	return () => {
		process.off("SIGINT", handle);
		process.off("SIGTERM", handle);
	};
}

/** One line on standard error: written over on a terminal, else now and then. */
class Progress {
	readonly #io: Io;
	readonly #quiet: boolean;
	readonly #seeds: number;
	readonly #clock: Clock;
	readonly #startMs: number;
	#lastMs: number;
	#shown = false;

	constructor(io: Io, quiet: boolean, seeds: number, clock: Clock) {
		this.#io = io;
		this.#quiet = quiet;
		this.#seeds = seeds;
		this.#clock = clock;
		this.#startMs = this.#lastMs = clock.now();
	}

	show(totals: Totals, failures: number): void {
		if (this.#quiet) return;
		const now = this.#clock.now();
		const terminal = this.#io === processIo && process.stderr.isTTY;
		if (!terminal && now - this.#lastMs < PROGRESS_MS) return;
		this.#lastMs = now;
		const seconds = (now - this.#startMs) / 1000;
		const of = Number.isFinite(this.#seeds) ? ` of ${this.#seeds}` : "";
		const rate = deviceHours(totals) / seconds;
		const bad = failures > 0 ? `, ${failures} VIOLATIONS` : "";
		const line = `${totals.seeds}${of} seeds, ${rate.toFixed(1)} device-hours a second${bad}`;
		if (!terminal) return this.#io.err(line);
		this.#shown = true;
		process.stderr.write(`\r\u001b[K${line}`);
	}

	clear(): void {
		if (this.#shown) process.stderr.write("\r\u001b[K");
		this.#shown = false;
	}
}
