import type { Clock } from "../world/clock.js";
import type { EventLog } from "../log/event-log.js";
import { CliError } from "../terminal/exit.js";
import { dataFiles } from "../manifest/data.js";
import { loadManifest } from "../manifest/load.js";
import { moduleFiles } from "../manifest/modules.js";
import type { ClientSnapshot } from "./program/clients.js";
import type { FromProgram } from "./program/frames.js";
import { ESCAPE_EXIT_CODE } from "../world/escape.js";
import type { Monitor } from "./watch/monitor.js";
import { SocketWorld } from "../world/socket-world.js";
import type { RunBroker } from "./broker.js";
import { Ending, NOT_BACK_MS } from "./ending.js";
import { describeEnd, NodeProcess } from "./node-process.js";
import type { RunOptions, RunResult } from "./run-options.js";
import type { Program } from "./program.js";
import { messagesOf } from "./program/registry.js";
import { reportClient } from "./report.js";
import { asCompiled } from "./xs-modules.js";

/** All that a run is made from. */
export interface RunParts {
	options: RunOptions;
	program: Program;
	config: Record<string, unknown>;
	broker: RunBroker;
	/** Modules that take the place of the package's own, by the names that the program imports: files. */
	instead: Readonly<Record<string, string>>;
	seed: number;
	/** Of the run, and of the world that it makes. */
	clock: Clock;
	log: EventLog | undefined;
	/** Takes what the program's clients go through. */
	monitor: Monitor;
}

/** Beyond what the clients ask for, before the run gives up on them, in ms. */
const STOP_MARGIN_MS = 1000;
/** For what the program has sent last to reach the broker, in ms. */
const SETTLE_MS = 500;
/** The program links against what npm and the package have; an installed SDK's modules are not for Node. */
const NO_SDK = { moddable: "" };

/** Runs the program on Node, in a process of its own, where it can be ended whatever it does. */
export async function runOnNode(parts: RunParts): Promise<RunResult> {
	const { options, broker, seed, clock, log } = parts;
	const world = new SocketWorld({
		seed,
		clock,
		broker: broker.address,
		latencyMs: options.latencyMs ?? 0,
		split: options.split ?? false,
		dropEvery: options.dropEvery ?? 0,
		...(log && { tap: log }),
		onTrace: (text) => log?.trace(text),
	});
	const child = new NodeProcess();
	child.join(world);
	const run = new NodeRun(parts, world, child);
	try {
		options.onStart?.(world, broker.embedded);
		return await run.result();
	} finally {
		run.ending.cleanUp();
		await child.end(run.ending.byForce);
		world.close();
	}
}

/** One run: what the program's process says, and what follows from it. */
class NodeRun {
	readonly ending: Ending;
	readonly #parts: RunParts;
	readonly #world: SocketWorld;
	readonly #child: NodeProcess;
	readonly #startMs: number;
	#hasStarted = false;
	/** As they were told last. */
	#clients: ClientSnapshot[] = [];
	/** Where the exception was made that ended the program. */
	#stack: readonly string[] = [];

	constructor(parts: RunParts, world: SocketWorld, child: NodeProcess) {
		this.#parts = parts;
		this.ending = new Ending(parts.clock);
		this.#startMs = parts.clock.now();
		this.#world = world;
		this.#child = child;
		child.onMessage = (message) => this.#take(message);
		child.onEnd = (end) => this.ending.fail(describeEnd(end));
	}

	async result(): Promise<RunResult> {
		const { program, config, broker, seed, options } = this.#parts;
		const { ending } = this;
		this.#child.say({
			kind: "start",
			file: program.file,
			name: program.name,
			config,
			resources: resourcesOf(options.manifest ?? program.manifest),
			seed,
			txWindow: this.#world.txWindow,
			ticksStart: 0,
			modules: manifestModules(options.manifest ?? program.manifest),
			instead: this.#parts.instead,
		});
		if (options.signal) ending.onAbort(options.signal, () => this.#stop("stopped"));
		const end = await ending.promise;
		if (ending.error === undefined) await this.#world.settle(SETTLE_MS);
		return {
			exitCode: ending.error === undefined ? 0 : ESCAPE_EXIT_CODE,
			end,
			error: ending.error,
			stack: this.#stack,
			failures: [],
			program: program.name,
			engine: "node",
			broker: broker.description,
			seed,
			durationMs: this.#parts.clock.now() - this.#startMs,
			connections: this.#world.connections,
			clients: this.#clients.map((client, index) => reportClient(client, this.#parts.monitor.clients[index])),
			memory: undefined,
			profile: [],
		};
	}

	#take(message: FromProgram): void {
		if ("clients" in message) this.#clients = message.clients;
		switch (message.kind) {
			case "refused": {
				const { name } = this.#parts.program;
				return this.ending.refuse(new CliError(`program ${name} cannot be loaded: ${message.message}`));
			}
			case "watch":
				return this.#parts.monitor.take(message.event);
			case "started":
				return this.#arm();
			case "escape":
				// The device is gone: nothing is said to the broker.
				this.#world.close();
				this.#stack = message.stack;
				return this.ending.fail(message.message);
			case "idle":
				return this.ending.finish("program ended");
			case "stopping":
				return this.ending.isStopping(message.limitMs + STOP_MARGIN_MS);
			case "stopped":
				return this.ending.finishStop();
		}
	}

	/** The program's own code runs: from now on time counts. */
	#arm(): void {
		this.#hasStarted = true;
		const { durationS, halfOpenAtS, onProgress } = this.#parts.options;
		if (durationS !== undefined) this.ending.after(durationS * 1000, () => this.#stop("duration"));
		if (halfOpenAtS !== undefined) this.#world.clock.after(halfOpenAtS * 1000, () => this.#world.halfOpen());
		if (onProgress) {
			this.ending.progress((elapsedS) =>
				onProgress({
					elapsedS,
					durationS,
					messages: messagesOf(this.#clients),
					connections: this.#world.connections,
				}),
			);
		}
	}

	#stop(why: "duration" | "stopped"): void {
		if (!this.#hasStarted) this.ending.stopBeforeStart(why);
		else if (this.ending.askToStop(why, NOT_BACK_MS)) this.#child.say({ kind: "stop" });
	}
}

/** Modules that a manifest names beside those of the platform. */
function resourcesOf(manifest: string | undefined): Record<string, Uint8Array> {
	return manifest === undefined ? {} : dataFiles(loadManifest(manifest, NO_SDK));
}

function manifestModules(manifest: string | undefined): Record<string, string> {
	return manifest === undefined ? {} : Object.fromEntries(moduleFiles(asCompiled(loadManifest(manifest, NO_SDK))));
}
