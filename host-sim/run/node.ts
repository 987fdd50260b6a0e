import type { PacketLog } from "../log/packet-log.js";
import { installGlobals } from "../shims/globals.js";
import { useWorld } from "../world/current.js";
import { describeEscape, ESCAPE_EXIT_CODE } from "../world/escape.js";
import { World } from "../world/world.js";
import { CliError } from "../cli/exit.js";
import type { RunBroker } from "./broker.js";
import type { RunEnd, RunOptions, RunResult } from "./options.js";
import { loadProgram, type Program } from "./program.js";
import { ClientRegistry } from "./registry.js";
import { reportClient } from "./report.js";
import { seedMathRandom } from "./seeded-random.js";

/** All that a run is made from. */
export interface RunParts {
	options: RunOptions;
	program: Program;
	config: Record<string, unknown>;
	broker: RunBroker;
	seed: number;
	log: PacketLog | undefined;
}

/** Where a client's stop() may take so long at most, in ms, unless it says otherwise. */
const STOP_TIMEOUT_MS = 5000;
/** Beyond what a client asks for, before the run gives up on it. */
const STOP_MARGIN_MS = 1000;
const STOP_POLL_MS = 10;
/** For what the program has sent last to reach the broker, in ms. */
const SETTLE_MS = 500;
const PROGRESS_INTERVAL_MS = 1000;

/** Runs the program in this process. */
export async function runOnNode(parts: RunParts): Promise<RunResult> {
	const { options, broker, seed, log } = parts;
	const registry = new ClientRegistry();
	const ending = new Ending();
	const world = new World({
		seed,
		broker: broker.address,
		config: parts.config,
		latencyMs: options.latencyMs ?? 0,
		split: options.split ?? false,
		dropEvery: options.dropEvery ?? 0,
		...(log && { tap: log }),
		onTrace: (text) => log?.trace(text),
		onEscape: (error, origin) => {
			// The device is gone: nothing of the program runs any more, and nothing is said to the broker.
			ending.fail(describeEscape(error, origin));
			world.close();
		},
	});
	const undo = [useWorld(world), registry.install(), seedMathRandom(seed)];
	if (options.wholeProcess) undo.push(catchUncaught(world));
	installGlobals();
	options.onStart?.(world, broker.embedded);
	const startMs = performance.now();
	try {
		await start(parts, world, ending, registry);
		const end = await ending.promise;
		if (end === "duration" || end === "stopped") await stopClients(registry, ending);
		if (ending.error === undefined) await world.settle(SETTLE_MS);
		return {
			exitCode: ending.error === undefined ? 0 : ESCAPE_EXIT_CODE,
			end: ending.error === undefined ? end : "exception",
			error: ending.error,
			program: parts.program.name,
			engine: "node",
			broker: broker.description,
			seed,
			durationMs: performance.now() - startMs,
			connections: world.connections,
			clients: registry.clients.map(reportClient),
			memory: undefined,
			profile: [],
		};
	} finally {
		ending.cleanUp();
		world.close();
		for (const step of undo.reverse()) step();
	}
}

/** Loads the program, and sets up everything that can end it. */
async function start(parts: RunParts, world: World, ending: Ending, registry: ClientRegistry): Promise<void> {
	const { options, program } = parts;
	// A program that has not finished loading is not idle.
	world.hold();
	try {
		await loadProgram(program);
	} catch (error) {
		if (error instanceof CliError) throw error;
		world.onEscape(error, `program ${program.name}`);
		return;
	}
	const { durationS, halfOpenAtS, signal, onProgress } = options;
	if (durationS !== undefined) ending.after(durationS * 1000, () => ending.finish("duration"));
	if (halfOpenAtS !== undefined) world.clock.after(halfOpenAtS * 1000, () => world.halfOpen());
	if (signal) ending.onAbort(signal, () => ending.finish("stopped"));
	if (onProgress) {
		const startMs = performance.now();
		ending.every(PROGRESS_INTERVAL_MS, () =>
			onProgress({
				elapsedS: (performance.now() - startMs) / 1000,
				durationS,
				messages: registry.messages,
				connections: world.connections,
			}),
		);
	}
	void world.whenIdle().then(() => ending.finish("program ended"));
	world.release();
}

/** Stops all clients, so that DISCONNECT goes out, and waits until they are at rest; but not for ever. */
async function stopClients(registry: ClientRegistry, ending: Ending): Promise<void> {
	let limitMs = STOP_TIMEOUT_MS;
	for (const client of registry.clients) {
		limitMs = Math.max(limitMs, Number(client.settings["stopTimeoutMs"] ?? 0));
		try {
			client.stop();
		} catch (error) {
			ending.fail(describeEscape(error, "Client.stop"));
		}
	}
	const endMs = performance.now() + limitMs + STOP_MARGIN_MS;
	while (!registry.stopped && ending.error === undefined && performance.now() < endMs) {
		await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
	}
	// The close that follows DISCONNECT is on its way to the log and the broker.
	await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
}

/** On a device an unhandled rejection aborts as well as an exception; Node's own message would be a screenful. */
function catchUncaught(world: World): () => void {
	const handle = (error: unknown): void => world.onEscape(error, "the program");
	process.on("uncaughtException", handle);
	process.on("unhandledRejection", handle);
	return () => {
		process.off("uncaughtException", handle);
		process.off("unhandledRejection", handle);
	};
}

/** The first reason why a run is over, and what must be taken back then. */
class Ending {
	readonly promise: Promise<RunEnd>;
	/** What the program threw. */
	error: string | undefined;
	#resolve!: (end: RunEnd) => void;
	readonly #undo: (() => void)[] = [];

	constructor() {
		this.promise = new Promise((resolve) => (this.#resolve = resolve));
	}

	finish(end: RunEnd): void {
		this.#resolve(end);
	}

	/** Only the first exception counts. */
	fail(error: string): void {
		this.error ??= error;
		this.#resolve("exception");
	}

	after(delayMs: number, action: () => void): void {
		const timer = setTimeout(action, delayMs);
		this.#undo.push(() => clearTimeout(timer));
	}

	every(intervalMs: number, action: () => void): void {
		const timer = setInterval(action, intervalMs);
		this.#undo.push(() => clearInterval(timer));
	}

	onAbort(signal: AbortSignal, action: () => void): void {
		if (signal.aborted) action();
		signal.addEventListener("abort", action);
		this.#undo.push(() => signal.removeEventListener("abort", action));
	}

	cleanUp(): void {
		for (const step of this.#undo) step();
	}
}
