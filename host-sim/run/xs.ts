import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../cli/exit.js";
import { ESCAPE_EXIT_CODE } from "../world/escape.js";
import { startProxy } from "../world/proxy.js";
import { World } from "../world/world.js";
import { tryBuildXsHost, type XsHost } from "../xs/build.js";
import { runOnXs, XsExit, type XsReport, type XsRunResult } from "../xs/run.js";
import type { RunParts } from "./node.js";
import type { RunEnd, RunResult } from "./options.js";
import type { SimulatedClient } from "./registry.js";
import { reportClient } from "./report.js";
import { startControl, type Control } from "./xs-control.js";
import { xsModules } from "./xs-modules.js";
import {
	CLIENT_PREFIX,
	ENGINE_PREFIX,
	mainSource,
	SETUP_SOURCE,
	SUPERVISOR_MAIN,
	SUPERVISOR_SETUP,
} from "./xs-supervisor.js";

/** How long clients may take to stop, in ms. */
const STOP_MS = 6000;
/** Beyond that, before the process is ended by force. */
const KILL_MARGIN_MS = 2000;

/** What the program's process has said about the run. */
interface Told {
	clients: SimulatedClient[];
	/** Of the run without the report at its end. */
	engine: Record<string, number> | undefined;
}

/** Runs the program on the XS engine, in a process of its own, through a proxy into the same kind of world. */
export async function runOnXsHost(parts: RunParts): Promise<RunResult> {
	const { options, program, broker, seed, log } = parts;
	const host = await findHost(parts);
	const linked = xsModules(program, options.manifest ?? program.manifest);
	const world = new World({
		seed,
		broker: broker.address,
		latencyMs: options.latencyMs ?? 0,
		split: options.split ?? false,
		dropEvery: options.dropEvery ?? 0,
		...(log && { tap: log }),
	});
	const [proxy, control] = [await startProxy(world), await startControl()];
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-"));
	const told: Told = { clients: [], engine: undefined };
	const startMs = performance.now();
	try {
		options.onStart?.(world, broker.embedded);
		const ending = new XsEnding(control);
		void control.started.then(() => ending.arm(parts, world));
		const result = await runOnXs({
			host,
			...linked,
			modules: { ...linked.modules, ...supervisor(folder, linked.main, control.port) },
			main: SUPERVISOR_MAIN,
			config: withAddress(parts.config, proxy.port),
			onTrace: (line) => takeLine(line, told, parts),
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
			clients: told.clients.map(reportClient),
			engineLines: engineLines(host, result.report, told.engine),
		};
	} finally {
		world.close();
		control.close();
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

/** Writes the modules of the supervisor. Returns their names and paths. */
function supervisor(folder: string, program: string, port: number): Record<string, string> {
	const [main, setup] = [join(folder, "main.js"), join(folder, "setup.js")];
	writeFileSync(main, mainSource(program, port, STOP_MS));
	writeFileSync(setup, SETUP_SOURCE);
	return { [SUPERVISOR_MAIN]: main, [SUPERVISOR_SETUP]: setup };
}

/** The engine is outside of the world: only an address leads it to the proxy. */
function withAddress(config: Record<string, unknown>, port: number): Record<string, unknown> {
	const mqtt = config["mqtt"] as Record<string, unknown> | undefined;
	return { ...config, mqtt: { ...mqtt, host: "127.0.0.1", port } };
}

function takeLine(line: string, told: Told, { log }: RunParts): void {
	if (line.startsWith(CLIENT_PREFIX)) {
		const client = JSON.parse(line.slice(CLIENT_PREFIX.length)) as SimulatedClient & { counters: number[] };
		told.clients.push({ ...client, counters: Uint32Array.from(client.counters), stop() {} });
	} else if (line.startsWith(ENGINE_PREFIX)) {
		told.engine = JSON.parse(line.slice(ENGINE_PREFIX.length)) as Record<string, number>;
	} else {
		log?.trace(`${line}\n`);
	}
}

/** One line about what went wrong, or undefined. Throws CliError when the program could not even be loaded. */
function failureOf({ program }: RunParts, result: XsRunResult): string | undefined {
	const said = result.stderr.trim().split("\n").at(-1) ?? "";
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

function engineLines(host: XsHost, report: XsReport | undefined, run: Record<string, number> | undefined): string[] {
	if (!report) return [];
	const { peakSlots, peakChunkBytes, peakStack, collections } = run ?? { ...report };
	const used = `${peakSlots} of ${report.sizeSlots} slots of ${report.slotBytes} bytes`;
	return [
		`XS heap (${host.bits} bits), most used at once, garbage included:`,
		`  ${used}, ${peakChunkBytes} of ${report.sizeChunkBytes} chunk bytes, ${peakStack} of ${report.sizeStack} stack slots`,
		`  ${collections} garbage collections`,
	];
}

/** Ends a run on XS: politely first, by force if that does not help. */
class XsEnding {
	end: RunEnd | undefined;
	readonly #control: Control;
	readonly #killer = new AbortController();
	readonly #undo: (() => void)[] = [];

	constructor(control: Control) {
		this.#control = control;
	}

	/** Kills the process. */
	get killed(): AbortSignal {
		return this.#killer.signal;
	}

	/** The program runs: from now on time counts. */
	arm({ options }: RunParts, world: World): void {
		const { durationS, halfOpenAtS, signal, onProgress } = options;
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
