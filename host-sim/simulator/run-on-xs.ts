import { fileURLToPath } from "node:url";
import { CliError } from "../terminal/exit.js";
import { findImport } from "./program/find-import.js";
import { hintForMessage } from "./program/hints.js";
import { ESCAPE_EXIT_CODE } from "../world/escape.js";
import { startProxy } from "../world/proxy.js";
import { SocketWorld } from "../world/socket-world.js";
import { tryBuildXsHost, type XsHost } from "../stand-ins/xs/build.js";
import { eventOf } from "./watch/events.js";
import { XsControl } from "../stand-ins/xs/control.js";
import { BY_FORCE, runOnXs, XsExit, type XsRunOptions, type XsRunResult } from "../stand-ins/xs/xs-process.js";
import { Ending, NOT_BACK_MS } from "./ending.js";
import type { RunParts } from "./run-on-node.js";
import type { RunEnd, RunResult } from "./run-options.js";
import type { SimulatedClient } from "./program/registry.js";
import { reportClient } from "./report.js";
import { heapOf } from "./xs-heap.js";
import { memoryOf, STEADY_S } from "./xs-memory.js";
import { xsModules, type XsModules } from "./xs-modules.js";
import { compiledUrl } from "../stand-ins/stand-ins.js";
import { CLIENT_EVENT, CLIENT_MODULE, SUPERVISOR, supervisorSource, WATCH } from "./xs-supervisor.js";

/** How long clients may take to stop, in ms. */
const STOP_MS = 6000;
/** Beyond that, before the process is ended by force. */
const KILL_MARGIN_MS = 2000;
/** For what the program has sent last to reach the broker, in ms. */
const SETTLE_MS = 500;
/** Exit code of what a signal has interrupted. */
const INTERRUPTED_EXIT_CODE = 130;

/** Runs the program on the XS engine, in a process of its own, through a proxy into the same kind of world. */
export async function runOnXsHost(parts: RunParts): Promise<RunResult> {
	const { options, program, broker, seed, clock, log } = parts;
	const manifest = options.manifest ?? program.manifest;
	const linked = xsModules(program, manifest, parts.instead);
	const host = await findHost(parts);
	const world = new SocketWorld({
		seed,
		clock,
		broker: broker.address,
		latencyMs: options.latencyMs ?? 0,
		split: options.split ?? false,
		dropEvery: options.dropEvery ?? 0,
		...(log && { tap: log }),
	});
	const proxy = await startProxy(world);
	const control = new XsControl();
	const killer = new AbortController();
	const run: XsRun = { linked, world, clients: [], ending: arm(parts, world, control, killer), startMs: clock.now() };
	try {
		options.onStart?.(world, broker.embedded);
		const result = await runOnXs({
			host,
			...heapOf(options, manifest),
			main: linked.main,
			...withSupervisor(linked),
			config: withAddress(parts.config, proxy.port),
			seed,
			control,
			profile: options.profile ? "run" : undefined,
			onTrace: (line) => log?.trace(`${line}\n`),
			onEvent: (fields) => takeEvent(fields, run.clients, parts),
			signal: killer.signal,
		});
		return await resultOf(parts, run, result);
	} finally {
		run.ending.cleanUp();
		world.close();
		await proxy.close();
	}
}

/** A run that has been started. */
interface XsRun {
	linked: XsModules;
	world: SocketWorld;
	clients: SimulatedClient[];
	ending: Ending;
	startMs: number;
}

/** What came of it. Throws CliError when the program could not even be loaded. */
async function resultOf(parts: RunParts, run: XsRun, result: XsRunResult): Promise<RunResult> {
	const { program, broker, seed, clock, monitor } = parts;
	const { linked, world, clients, ending, startMs } = run;
	const failure = ending.error ?? failureOf(parts, linked, result);
	if (failure === undefined) await world.settle(SETTLE_MS);
	return {
		exitCode: failure === undefined ? 0 : ESCAPE_EXIT_CODE,
		end: endOf(ending, failure, result),
		error: failure,
		stack: failure === undefined ? [] : monitor.escapedStack,
		failures: [],
		program: program.name,
		engine: "xs",
		broker: broker.description,
		seed,
		durationMs: clock.now() - startMs,
		connections: world.connections,
		clients: clients.map((client, index) => reportClient(client, monitor.clients[index])),
		memory: result.report && memoryOf(result.report),
		profile: result.profile,
	};
}

async function findHost({ program, log, options }: RunParts): Promise<XsHost> {
	const { signal, onNotice } = options;
	try {
		const found = await tryBuildXsHost({ onProgress: (line) => (log ? log.note(line) : onNotice?.(line)), signal });
		if ("reason" in found) throw new CliError(`program ${program.name}: no XS engine here: ${found.reason}`);
		if (found.host.note) log?.note(found.host.note);
		return found.host;
	} catch (error) {
		// A terminal's Ctrl-C ends the compilers as well.
		if (signal?.aborted) throw new CliError("interrupted while the XS engine was being built", INTERRUPTED_EXIT_CODE);
		throw error;
	}
}

/** Has the run end: politely first, by force if the program does not come back. */
function arm({ options, clock }: RunParts, world: SocketWorld, control: XsControl, killer: AbortController): Ending {
	const { durationS, halfOpenAtS, signal, onProgress } = options;
	const ending = new Ending(clock);
	let hasStarted = false;
	const stop = (why: RunEnd): void => {
		if (!hasStarted) ending.stopBeforeStart(why);
		else if (ending.askToStop(why, NOT_BACK_MS)) control.stop();
	};
	if (signal) ending.onAbort(signal, () => stop("stopped"));
	void control.stopping.then(() => ending.isStopping(STOP_MS + KILL_MARGIN_MS));
	void ending.promise.then(() => killer.abort(ending.byForce ? BY_FORCE : undefined));
	// The program runs: from now on time counts.
	void control.started.then(() => {
		hasStarted = true;
		ending.after(STEADY_S * 1000, () => control.markSteady());
		if (durationS !== undefined) ending.after(durationS * 1000, () => stop("duration"));
		if (halfOpenAtS !== undefined) ending.after(halfOpenAtS * 1000, () => world.halfOpen());
		if (onProgress)
			ending.progress((elapsedS) => onProgress({ elapsedS, durationS, messages: 0, connections: world.connections }));
	});
	return ending;
}

function endOf(ending: Ending, failure: string | undefined, { report }: XsRunResult): RunEnd {
	if (ending.byForce) return "not back";
	if (failure !== undefined) return "exception";
	return ending.stopReason ?? (report?.reason === "signal" ? "stopped" : "program ended");
}

/** The engine is outside of the world: only an address leads it to the proxy. */
function withAddress(config: Record<string, unknown>, port: number): Record<string, unknown> {
	const mqtt = config["mqtt"] as Record<string, unknown> | undefined;
	return { ...config, mqtt: { ...mqtt, host: "127.0.0.1", port } };
}

/** The modules of a run: the program's, and the simulator's own beside them. */
function withSupervisor({ modules, preload }: XsModules): Pick<XsRunOptions, "modules" | "preload"> {
	// A program without a client has nothing to be watched.
	const watches = Object.hasOwn(modules, CLIENT_MODULE);
	const watch = watches ? { [WATCH]: fileURLToPath(compiledUrl("host-sim/simulator/watch/prototypes.js")) } : {};
	const supervisor = { path: SUPERVISOR, source: supervisorSource(STOP_MS, watches) };
	return {
		modules: { ...modules, ...watch, [SUPERVISOR]: supervisor },
		preload: [...preload, ...Object.keys(watch), SUPERVISOR],
	};
}

/** What the simulator's own JavaScript says beside the program. */
function takeEvent(fields: unknown, clients: SimulatedClient[], { monitor }: RunParts): void {
	const event = eventOf(fields);
	if (event) {
		monitor.take(event);
		return;
	}
	const [type, client] = fields as [string, SimulatedClient & { counters: number[] }];
	if (type === CLIENT_EVENT) clients.push({ ...client, counters: Uint32Array.from(client.counters), stop() {} });
}

/** One line about what went wrong, or undefined. Throws CliError when the program could not even be loaded. */
function failureOf({ program }: RunParts, linked: XsModules, result: XsRunResult): string | undefined {
	const lines = result.stderr
		.trim()
		.split("\n")
		.map((line) => line.replace(/^xs-host: /, ""));
	const said = lines.at(-1) ?? "";
	switch (result.exitCode) {
		case XsExit.OK:
			return undefined;
		case XsExit.EXCEPTION:
		case XsExit.HEAP:
			return `a device would restart: ${said}${hintForMessage(said)}`;
		case null:
			// A terminal sends its signal to the engine as well, which may not have been ready for it.
			return ["SIGINT", "SIGTERM", "SIGKILL"].includes(String(result.signal))
				? undefined
				: `the engine was ended by ${result.signal}`;
		default:
			throw new CliError(`program ${program.name} cannot be loaded: ${loadError(lines, linked)}`);
	}
}

/** What the engine says about a module that it cannot take, with the place in its source. */
function loadError(lines: readonly string[], { sources, texts }: XsModules): string {
	for (const line of lines) {
		const [, file, row, what] = /^(.+?):(\d+): (.*)$/.exec(line) ?? [];
		if (file === undefined || row === undefined || !texts.has(file)) continue;
		const place = sources.original({ file, line: Number(row), column: 1 });
		return `SyntaxError: ${what} at ${place.file}:${place.line}`;
	}
	const said = (lines.at(-1) ?? "").replace(/^uncaught exception in module "[^"]*": /, "");
	const [, name] = /SyntaxError: import (\S+) (?:not found|ambiguous)/.exec(said) ?? [];
	const place = name === undefined ? undefined : findImport(texts, name);
	return place === undefined ? said : `${said} at ${place}`;
}
