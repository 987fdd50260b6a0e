import { InvalidArgumentError, Option, type Command } from "commander";
import { EndOfOutput, processIo, type Io } from "../terminal/io.js";
import { wholeNumber } from "../terminal/numbers.js";
import { addSecureOptions } from "./secure-options.js";
import { printable } from "../log/line.js";
import { programFrames } from "../simulator/watch/describe.js";
import {
	DROP_EVERY_MAX,
	DURATION_S_MAX,
	EXPECT_DELIVERED_MAX,
	LATENCY_MS_MAX,
	PORT_MAX,
	SEED_MAX,
	type Engine,
	type Progress,
	type RunFaults,
	type RunOptions,
	type RunResult,
} from "../simulator/run-options.js";
import { FAILURE_NAMES, failureNames, type FailureName } from "../simulator/outcome.js";
import type { SecureFlags } from "../tls/files.js";
import { XS_HEAP, type XsHeap } from "../simulator/xs-heap.js";

/** Options as commander names them. */
interface Flags extends SecureFlags {
	manifest?: string;
	broker?: string;
	port?: number;
	tls?: true;
	websocket?: true;
	failOn?: FailureName[];
	expectDelivered?: number;
	fullPayload?: true;
	duration?: number;
	seed?: number;
	json?: true;
	quiet?: true;
	latency?: number;
	split?: true;
	dropEvery?: number;
	halfOpenAt?: number;
	engine: Engine;
	companion: boolean;
	xsSlots?: number;
	xsChunks?: number;
	xsStack?: number;
	xsKeys?: number;
	xsProfile?: true;
}

const RUN_EXIT_CODES = `
A run ends with 1 when a client was never connected, or had no connection at the
end although it wanted one; and for --fail-on and --expect-delivered. Besides
the exit codes below: 69 for no broker at --broker or a --port that is taken, 70
for a program that threw an exception or needed more than its heap, 130 for
Ctrl-C twice.`;

/** Exit code of a process that Ctrl-C has ended at once. */
const INTERRUPTED_EXIT_CODE = 130;

/** Adds `xs-mqtt run`. */
export function registerRun(
	program: Command,
	io: Io = processIo,
	setExitCode: (code: number) => void = (code) => (process.exitCode = code),
): void {
	const command = program
		.command("run")
		.description("run a device program, unchanged, and show what happens on the wire")
		.argument("<program>", "telemetry, ota, or the path of a .js, .mjs or .ts file")
		.option("--manifest <file>", "the manifest (default: the example's, or manifest.json beside the program)")
		.option(
			"--broker <url>",
			"mqtt://[user[:password]@]host[:port], or mqtts:, ws:, wss: (default: a broker of its own)",
		)
		.option("--port <number>", "port of the broker of its own (default: a free one)", wholeNumber(1, PORT_MAX))
		.option("--tls", "connect by TLS, to the broker of its own too")
		.option("--websocket", "connect by WebSocket, likewise; with --tls over TLS");
	addSecureOptions(command);
	addConduct(command);
	command.action(async (name: string) => {
		setExitCode(await runCommand(name, command.opts<Flags>(), io));
	});
}

/** How long, how repeatable, with which faults, on which engine, and what is to be shown. */
function addConduct(command: Command): void {
	command
		.option("--duration <seconds>", "stop after this time (default: when the program ends)", seconds)
		.option("--seed <number>", "makes every random decision repeatable (default: drawn)", wholeNumber(0, SEED_MAX))
		.option("--latency <ms>", "delay of each direction", wholeNumber(0, LATENCY_MS_MAX))
		.option("--split", "deliver every byte on its own")
		.option(
			"--drop-every <packets>",
			"cut each connection at a random byte of its packet 1 … twice this",
			wholeNumber(1, DROP_EVERY_MAX),
		)
		.option("--half-open-at <seconds>", "from then on nothing passes on the connections that stand", seconds)
		.addOption(new Option("--engine <name>", "what runs it").choices(["node", "xs"]).default("node"))
		.option(
			"--xs-slots <count>",
			"slots of the XS heap (default: the manifest's creation, or an ESP32's 4928)",
			size("slots"),
		)
		.option("--xs-chunks <bytes>", "bytes of its chunks (default: likewise, or 78848)", size("chunks"))
		.option("--xs-stack <slots>", "slots of its stack (default: likewise, or 512)", size("stack"))
		.option("--xs-keys <count>", "names that the running program may add (default: likewise, or 256)", size("keys"))
		.option("--xs-profile", "print what each function takes: byte codes, slots, chunk bytes")
		.option("--no-companion", "do not run the counterpart of an example")
		.option("--fail-on <names>", `end with 1 when there was one of these: ${FAILURE_NAMES.join(",")}`, failureNames)
		.option(
			"--expect-delivered <count>",
			"end with 1 when fewer publishes of QoS 1 and 2 were delivered",
			wholeNumber(0, EXPECT_DELIVERED_MAX),
		)
		.option("--full-payload", "show payloads whole; with --json, what is not UTF-8 in Base64")
		.option("--json", "print JSON, one object a line, each with a type")
		.option("--quiet", "print the summary only")
		.addHelpText("after", RUN_EXIT_CODES);
}

async function runCommand(program: string, flags: Flags, io: Io): Promise<number> {
	// Loaded only now, because it brings a broker with it that the other commands do not need.
	const [{ runProgram }, { summaryJson, summaryLines }] = await Promise.all([
		import("../simulator/run-program.js"),
		import("../simulator/summary.js"),
	]);
	const stopping = new AbortController();
	// `xs-mqtt run … | head`: whoever read us has gone, so the run ends, quietly. A disk that is full ends it too.
	let failure: unknown;
	const print = (line: string): void => {
		if (failure !== undefined) return;
		try {
			io.out(`${line}\n`);
		} catch (error) {
			failure = error;
			stopping.abort();
		}
	};
	const restore = onInterrupt(() => stopping.abort());
	const progress = flags.quiet && process.stderr.isTTY ? new ProgressLine() : undefined;
	try {
		const result = await runProgram({
			program,
			...runOptions(flags),
			signal: stopping.signal,
			colour: io === processIo && process.stdout.isTTY && !process.env["NO_COLOR"],
			...(flags.quiet ? { onNotice: (line) => io.err(line) } : { onLine: print }),
			...(progress && { onProgress: (now: Progress) => progress.show(now) }),
		});
		progress?.clear();
		for (const line of errorLines(result)) io.err(printable(line));
		for (const line of flags.json ? [summaryJson(result)] : summaryLines(result)) print(line);
		if (failure !== undefined && !(failure instanceof EndOfOutput)) throw failure;
		return result.exitCode;
	} finally {
		progress?.clear();
		restore();
	}
}

/** What went wrong, for people; a stack stands behind its exception, indented. */
function errorLines({ error, stack, failures }: RunResult): string[] {
	const exception = error === undefined ? [] : [`Error: ${error}`, ...programFrames(stack).map((line) => `  ${line}`)];
	return [...exception, ...failures.map((line) => `Error: ${line}`)];
}

function runOptions(flags: Flags): Omit<RunOptions, "program"> & RunFaults {
	const { manifest, broker, duration, seed, latency, split, dropEvery, halfOpenAt, engine, companion, json } = flags;
	const { xsSlots, xsChunks, xsStack, xsKeys, port, failOn, expectDelivered } = flags;
	const { tls, websocket, cafile, capath, cert, key, insecure, tlsAlpn } = flags;
	const secure = { cafile, capath, cert, key, insecure, tlsAlpn };
	return {
		engine,
		heap: {
			...(xsSlots !== undefined && { slots: xsSlots }),
			...(xsChunks !== undefined && { chunks: xsChunks }),
			...(xsStack !== undefined && { stack: xsStack }),
			...(xsKeys !== undefined && { keys: xsKeys }),
		},
		companion,
		json: json ?? false,
		fullPayload: flags.fullPayload ?? false,
		...(port !== undefined && { port }),
		tls: tls ?? false,
		websocket: websocket ?? false,
		secure: Object.fromEntries(Object.entries(secure).filter(([, value]) => value !== undefined)) as SecureFlags,
		...(failOn !== undefined && { failOn }),
		...(expectDelivered !== undefined && { expectDelivered }),
		profile: flags.xsProfile ?? false,
		split: split ?? false,
		...(manifest !== undefined && { manifest }),
		...(broker !== undefined && { broker }),
		...(duration !== undefined && { durationS: duration }),
		...(seed !== undefined && { seed }),
		...(latency !== undefined && { latencyMs: latency }),
		...(dropEvery !== undefined && { dropEvery }),
		...(halfOpenAt !== undefined && { halfOpenAtS: halfOpenAt }),
	};
}

/** The first Ctrl-C stops in good order, the second at once. */
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

/** Parser of a size of the XS heap. */
function size(name: keyof XsHeap): (text: string) => number {
	return wholeNumber(XS_HEAP[name].min, XS_HEAP[name].max);
}

/** Parser of a time in seconds, fractions allowed. */
function seconds(text: string): number {
	const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
	if (!(value <= DURATION_S_MAX)) throw new InvalidArgumentError(`It must be seconds, 0 … ${DURATION_S_MAX}.`);
	return value;
}

/** One line on standard error that is written over and over; only for a terminal. */
class ProgressLine {
	#shown = false;

	show({ elapsedS, durationS, messages, connections }: Progress): void {
		const time = durationS === undefined ? `${elapsedS.toFixed(0)} s` : `${elapsedS.toFixed(0)} of ${durationS} s`;
		this.#shown = true;
		process.stderr.write(`\r\u001b[K${time}, ${messages} messages, ${connections} connections`);
	}

	clear(): void {
		if (this.#shown) process.stderr.write("\r\u001b[K");
		this.#shown = false;
	}
}
