import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../cli/exit.js";
import { ESCAPE_EXIT_CODE } from "../world/escape.js";
import { startProxy } from "../world/proxy.js";
import { World } from "../world/world.js";
import { tryBuildXsHost, type XsHost } from "../xs/build.js";
import { XsControl } from "../xs/control.js";
import { runOnXs, XsExit, type XsRunResult } from "../xs/run.js";
import type { RunParts } from "./node.js";
import type { RunEnd, RunResult } from "./options.js";
import type { SimulatedClient } from "./registry.js";
import { reportClient } from "./report.js";
import { heapOf } from "./xs-heap.js";
import { memoryOf, STEADY_S } from "./xs-memory.js";
import { xsModules } from "./xs-modules.js";
import { CLIENT_PREFIX, SUPERVISOR, supervisorSource } from "./xs-supervisor.js";

/** How long clients may take to stop, in ms. */
const STOP_MS = 6000;
/** Beyond that, before the process is ended by force. */
const KILL_MARGIN_MS = 2000;

/** Runs the program on the XS engine, in a process of its own, through a proxy into the same kind of world. */
export async function runOnXsHost(parts: RunParts): Promise<RunResult> {
	const { options, program, broker, seed, log } = parts;
	const host = await findHost(parts);
	const manifest = options.manifest ?? program.manifest;
	const linked = xsModules(program, manifest);
	const world = new World({
		seed,
		broker: broker.address,
		latencyMs: options.latencyMs ?? 0,
		split: options.split ?? false,
		dropEvery: options.dropEvery ?? 0,
		...(log && { tap: log }),
	});
	const proxy = await startProxy(world);
	const control = new XsControl();
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-"));
	const clients: SimulatedClient[] = [];
	const startMs = performance.now();
	try {
		options.onStart?.(world, broker.embedded);
		const ending = new XsEnding(control);
		void control.started.then(() => ending.arm(parts, world));
		const result = await runOnXs({
			host,
			...linked,
			...heapOf(options, manifest),
			modules: { ...linked.modules, [SUPERVISOR]: supervisor(folder) },
			preload: [...linked.preload, SUPERVISOR],
			config: withAddress(parts.config, proxy.port),
			control,
			profile: options.profile ? "run" : undefined,
			onTrace: (line) => takeLine(line, clients, parts),
			signal: ending.killed,
		});
		ending.cleanUp();
		const failure = failureOf(parts, result);
		return {
			exitCode: failure === undefined ? 0 : ESCAPE_EXIT_CODE,
			end:
				failure === undefined
					? (ending.end ?? (result.report?.reason === "signal" ? "stopped" : "program ended"))
					: "exception",
			error: failure,
			program: program.name,
			engine: "xs",
			broker: broker.description,
			seed,
			durationMs: performance.now() - startMs,
			connections: world.connections,
			clients: clients.map(reportClient),
			memory: result.report && memoryOf(result.report),
			profile: result.profile,
		};
	} finally {
		world.close();
		await proxy.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

async function findHost({ program, log }: RunParts): Promise<XsHost> {
	const found = await tryBuildXsHost({ onProgress: (line) => log?.note(line) });
	if ("reason" in found) throw new CliError(`program ${program.name}: no XS engine here: ${found.reason}`);
	if (found.host.note) log?.note(found.host.note);
	return found.host;
}

/** Writes the module of the supervisor. Returns its path. */
function supervisor(folder: string): string {
	const file = join(folder, "supervisor.js");
	writeFileSync(file, supervisorSource(STOP_MS));
	return file;
}

/** The engine is outside of the world: only an address leads it to the proxy. */
function withAddress(config: Record<string, unknown>, port: number): Record<string, unknown> {
	const mqtt = config["mqtt"] as Record<string, unknown> | undefined;
	return { ...config, mqtt: { ...mqtt, host: "127.0.0.1", port } };
}

function takeLine(line: string, clients: SimulatedClient[], { log }: RunParts): void {
	if (line.startsWith(CLIENT_PREFIX)) {
		const client = JSON.parse(line.slice(CLIENT_PREFIX.length)) as SimulatedClient & { counters: number[] };
		clients.push({ ...client, counters: Uint32Array.from(client.counters), stop() {} });
	} else {
		log?.trace(`${line}\n`);
	}
}

/** One line about what went wrong, or undefined. Throws CliError when the program could not even be loaded. */
function failureOf({ program }: RunParts, result: XsRunResult): string | undefined {
	const said = (result.stderr.trim().split("\n").at(-1) ?? "").replace(/^xs-host: /, "");
	switch (result.exitCode) {
		case XsExit.OK:
			return undefined;
		case XsExit.EXCEPTION:
		case XsExit.HEAP:
			return `a device would restart: ${said}`;
		case null:
			return result.signal === "SIGTERM" || result.signal === "SIGKILL"
				? undefined
				: `the engine was ended by ${result.signal}`;
		default:
			throw new CliError(`program ${program.name} cannot be loaded: ${said}`);
	}
}

/** Ends a run on XS: politely first, by force if that does not help. */
class XsEnding {
	end: RunEnd | undefined;
	readonly #control: XsControl;
	readonly #killer = new AbortController();
	readonly #undo: (() => void)[] = [];

	constructor(control: XsControl) {
		this.#control = control;
	}

	/** Kills the process. */
	get killed(): AbortSignal {
		return this.#killer.signal;
	}

	/** The program runs: from now on time counts. */
	arm({ options }: RunParts, world: World): void {
		const { durationS, halfOpenAtS, signal, onProgress } = options;
		this.#after(STEADY_S * 1000, () => this.#control.markSteady());
		if (durationS !== undefined) this.#after(durationS * 1000, () => this.#stop("duration"));
		if (halfOpenAtS !== undefined) this.#after(halfOpenAtS * 1000, () => world.halfOpen());
		const stop = (): void => this.#stop("stopped");
		if (signal?.aborted) stop();
		signal?.addEventListener("abort", stop);
		this.#undo.push(() => signal?.removeEventListener("abort", stop));
		if (!onProgress) return;
		const startMs = performance.now();
		const timer = setInterval(() => {
			const elapsedS = (performance.now() - startMs) / 1000;
			onProgress({ elapsedS, durationS, messages: 0, connections: world.connections });
		}, 1000);
		this.#undo.push(() => clearInterval(timer));
	}

	cleanUp(): void {
		for (const step of this.#undo) step();
	}

	#stop(end: RunEnd): void {
		this.end ??= end;
		this.#control.stop();
		this.#after(STOP_MS + KILL_MARGIN_MS, () => this.#killer.abort());
	}

	#after(delayMs: number, action: () => void): void {
		const timer = setTimeout(action, delayMs);
		this.#undo.push(() => clearTimeout(timer));
	}
}
