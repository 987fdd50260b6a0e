/**
 * Runs compiled modules on the XS host, in a process of their own.
 */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { atExit } from "../../terminal/at-exit.js";
import { Random } from "../../world/random.js";
import type { XsHost } from "./build.js";
import type { XsControl } from "./control.js";

/** What the host counted and saw between the start of the main module and the end of the run. */
export interface XsReport {
	/** Why the run ended: nothing left to do, asked to stop, time over, asked by a signal, simulator gone, or failed. */
	readonly reason: "idle" | "stop" | "duration" | "signal" | "abandoned" | "failed";
	readonly bits: 32 | 64;
	readonly slotBytes: number;
	/** Since the device was started; preloading does not count. */
	readonly milliseconds: number;
	/** Slots and chunks handed out, garbage included. */
	readonly slots: number;
	readonly chunks: number;
	readonly chunkBytes: number;
	readonly collections: number;
	readonly byteCodes: number;
	/** Allocations in the C heap: by `try`, timers, sockets and name look-ups. */
	readonly mallocs: number;
	readonly mallocBytes: number;
	/** Calls of read and write on sockets. */
	readonly socketReads: number;
	readonly socketWrites: number;
	/** The most that was in use at once, garbage included. */
	readonly peakSlots: number;
	readonly peakChunkBytes: number;
	readonly peakStack: number;
	/** Handed out since the steady state was marked; absent when it was not. */
	readonly steady?: { readonly slots: number; readonly chunkBytes: number; readonly collections: number };
	/** Slots in use before the main module was loaded. */
	readonly startSlots: number;
	/** In use at the end, garbage included. */
	readonly usedSlots: number;
	readonly usedChunkBytes: number;
	/** Names added at run time; they are never given back. */
	readonly usedKeys: number;
	readonly sizeSlots: number;
	readonly sizeChunkBytes: number;
	readonly sizeStack: number;
	readonly sizeKeys: number;
	/** Byte code of each module, in bytes of flash. */
	readonly codeBytes: Readonly<Record<string, number>>;
}

/** How the host says what went wrong. */
export const XsExit = Object.freeze({
	OK: 0,
	/** Bad command line or run file. */
	OPTIONS: 2,
	/** A module is missing or has an error in its source. */
	MODULE: 3,
	/** An exception that nobody caught, which restarts a device. */
	EXCEPTION: 4,
	/** Slot heap, chunk heap, stack or key table is full. */
	HEAP: 5,
	/** The operating system refused something. */
	SYSTEM: 6,
} as const);

/** A module whose text is not what lies in its file. */
export interface XsSource {
	/** For messages. */
	readonly path: string;
	readonly source: string;
}

export interface XsRunOptions {
	readonly host: XsHost;
	/** Module name (as a manifest gives it) to the path of its compiled file, or to a path and the text that stands there. */
	readonly modules: Readonly<Record<string, string | XsSource>>;
	/** Names of the modules that are executed when the flash image is built. */
	readonly preload?: readonly string[];
	/** Name of the module to start. Its default export is called if it is a function. */
	readonly main: string;
	/** What `mc/config` exports. */
	readonly config?: unknown;
	/** Sizes of the fixed heaps; defaults are an ESP32 board's: 4928 slots, 78848 bytes, 512 stack slots, 256 keys. */
	readonly slots?: number;
	readonly chunks?: number;
	readonly stack?: number;
	readonly keys?: number;
	/** End the run after this time; without it the run ends when nothing is left to do. */
	readonly durationMs?: number;
	/** Decides what Math.random answers; 0 unless told. */
	readonly seed?: number;
	/** First value of Time.ticks, a signed 32-bit number. */
	readonly ticksStart?: number;
	/** Send buffer and receive buffer of a socket; default 8192 bytes each. */
	readonly writableBytes?: number;
	readonly readableBytes?: number;
	/** Leave literals and function bodies of preloaded modules in flash, which the SDK's linker does not do. */
	readonly archivePreloaded?: boolean;
	/** Note where byte codes and memory are spent: in the last window, or in the whole run. */
	readonly profile?: "window" | "run" | undefined;
	/** Time leaps to the next timer whenever nothing happens, and no peer owes an answer. */
	readonly hurry?: boolean;
	/** To speak to the program while it runs. */
	readonly control?: XsControl;
	/** Collect garbage at every allocation. Needs a host built with `sanitize`. */
	readonly stress?: boolean;
	/** Called with each line that the program traces. */
	readonly onTrace?: (line: string) => void;
	/** Called with what the watch of the program's clients tells (module "xs-host/watch"): the fields of an event. */
	readonly onEvent?: (fields: unknown) => void;
	/**
	 * Ends the run: first in good order, with a report, and by force if the program does not come back to its loop. At once by
	 * force when the reason of the abort is BY_FORCE.
	 */
	readonly signal?: AbortSignal;
	/** Environment of the process, added to ours. */
	readonly env?: Readonly<Record<string, string>>;
}

/** What one function took, with the option `profile`. */
export interface XsProfileLine {
	readonly module: string;
	/** One without a name has that of the function around it, and its place in the module's code. */
	readonly name: string;
	readonly calls: number;
	/** Its own, without those of what it calls. */
	readonly byteCodes: number;
	/** Handed out while it ran, by built-in functions that it called too. */
	readonly slots: number;
	readonly chunkBytes: number;
}

export interface XsRunResult {
	/** One of XsExit, or null when a signal ended the process. */
	readonly exitCode: number | null;
	readonly signal: NodeJS.Signals | null;
	/** Everything traced, in lines. */
	readonly trace: readonly string[];
	/** Missing when the run failed before the main module started. */
	readonly report: XsReport | undefined;
	/** In the order of the code; empty without the option `profile`. */
	readonly profile: readonly XsProfileLine[];
	readonly stderr: string;
}

/** How long a program may take to come back to its loop after it was asked to end. */
const KILL_AFTER_MS = 2000;

const REPORT_PREFIX = "@report ";
const PROFILE_PREFIX = "@profile ";
const STARTED_LINE = "@started";
const STOPPING_LINE = "@stopping";
/** In front of what the host says in the middle of a line of the program; it reaches to the end of the line. */
const EVENT_MARK = "\u001e";

/** Reason of an abort that leaves the program no time. */
export const BY_FORCE = Symbol("by force");
/** Which part of the seed a program's Math.random is, on every engine. */
const RANDOM_PART = -1;

function runFile(options: XsRunOptions): Record<string, unknown> {
	const modules = Object.fromEntries(
		Object.entries(options.modules).map(([name, one]) => [name, typeof one === "string" ? resolve(one) : one]),
	);
	return {
		modules,
		preload: options.preload ?? [],
		main: options.main,
		config: options.config ?? {},
		slots: options.slots,
		chunks: options.chunks,
		stack: options.stack,
		keys: options.keys,
		durationMs: options.durationMs,
		ticksStart: options.ticksStart,
		writableBytes: options.writableBytes,
		readableBytes: options.readableBytes,
		archivePreloaded: options.archivePreloaded,
		profile: options.profile === undefined ? 0 : options.profile === "run" ? 2 : 1,
		hurry: options.hurry,
		parent: process.pid,
		random: Random.derive(options.seed ?? 0, RANDOM_PART).state,
		control: options.control !== undefined,
		stress: options.stress,
	};
}

/** Runs one program to its end. Rejects only if the process cannot be started. */
export function runOnXs(options: XsRunOptions): Promise<XsRunResult> {
	return new Promise((resolve, reject) => {
		const child = spawn(options.host.path, ["--run", "fd:3"], {
			stdio: ["pipe", "pipe", "pipe", "pipe"],
			// The engine frees nothing at the end, because a device has no end.
			env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0", ...options.env },
		});
		const undo = atExit(() => child.kill("SIGKILL"));
		const runInput = child.stdio[3] as Writable;
		// One that ends early leaves it unread.
		runInput.on("error", () => {});
		runInput.end(JSON.stringify(runFile(options)));
		if (options.control) options.control.attach(child.stdin);
		else child.stdin.end();
		const output = new Output(options);
		child.stdout.setEncoding("utf8");
		child.stdout.on("data", (text: string) => output.add(text));
		let stderr = "";
		child.stderr.setEncoding("utf8");
		child.stderr.on("data", (text: string) => (stderr += text));

		let killer: NodeJS.Timeout | undefined;
		const abort = (): void => {
			if (options.signal?.reason === BY_FORCE) return void child.kill("SIGKILL");
			child.kill("SIGTERM");
			killer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
		};
		if (options.signal?.aborted === true) abort();
		else options.signal?.addEventListener("abort", abort, { once: true });

		const finish = (): void => {
			undo();
			clearTimeout(killer);
			options.signal?.removeEventListener("abort", abort);
		};
		child.on("error", (error) => {
			finish();
			reject(error);
		});
		child.on("close", (exitCode, signal) => {
			finish();
			output.end();
			const { trace, report, profile } = output;
			resolve({ exitCode, signal, trace, report, profile, stderr });
		});
	});
}

/** What the process writes to its standard output, in lines: those of the program, and those of the host about it. */
class Output {
	readonly trace: string[] = [];
	readonly profile: XsProfileLine[] = [];
	report: XsReport | undefined;
	readonly #options: XsRunOptions;
	/** Of a line that has not ended. */
	#rest = "";
	/** What the program had traced of a line when an event came. */
	#before = "";

	constructor(options: XsRunOptions) {
		this.#options = options;
	}

	add(text: string): void {
		const lines = (this.#rest + text).split("\n");
		this.#rest = lines.pop() ?? "";
		for (const line of lines) this.#separate(line);
	}

	end(): void {
		if (this.#rest !== "") this.#separate(this.#rest);
		if (this.#before !== "") this.#take(this.#before);
		this.#before = "";
	}

	/** Takes events out of lines: the line that one came in goes on behind it. */
	#separate(line: string): void {
		const mark = line.indexOf(EVENT_MARK);
		if (mark < 0) {
			const before = this.#before;
			this.#before = "";
			// The host's own lines stand alone, whatever the program has left open.
			const alone = before !== "" && (line.startsWith(REPORT_PREFIX) || line.startsWith(PROFILE_PREFIX));
			if (alone) this.#take(before);
			this.#take(alone ? line : before + line);
			return;
		}
		this.#before += line.slice(0, mark);
		const fields = parsed(line.slice(mark + 1));
		if (fields !== undefined) this.#options.onEvent?.(fields);
	}

	#take(line: string): void {
		if (line.startsWith(REPORT_PREFIX)) this.report = JSON.parse(line.slice(REPORT_PREFIX.length)) as XsReport;
		else if (line.startsWith(PROFILE_PREFIX))
			this.profile.push(JSON.parse(line.slice(PROFILE_PREFIX.length)) as XsProfileLine);
		else if (line === STARTED_LINE) this.#options.control?.announceStart();
		else if (line === STOPPING_LINE) this.#options.control?.announceStop();
		else {
			this.trace.push(line);
			this.#options.onTrace?.(line);
		}
	}
}

/** JSON, or undefined: a program may print what looks like an event. */
function parsed(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}
