import type { Companion, StartCompanion } from "../companions/companion.js";
import { CliError, UsageError } from "../terminal/exit.js";
import type { Clock } from "../world/clock.js";
import { RealClock } from "../world/real-clock.js";
import { EventLog } from "../log/event-log.js";
import { openBroker, UNREACHABLE_EXIT_CODE, type RunBroker } from "./broker.js";
import { runOnNode, type RunParts } from "./run-on-node.js";
import { programTransport, routeOf, transportConfig } from "./transports.js";
import {
	DROP_EVERY_MAX,
	DURATION_S_MAX,
	EXPECT_DELIVERED_MAX,
	LATENCY_MS_MAX,
	PORT_MAX,
	SEED_MAX,
	type RunOptions,
	type RunResult,
} from "./run-options.js";
import { Monitor } from "./watch/monitor.js";
import { judge } from "./outcome.js";
import { configOf, findProgram, type Program } from "./program.js";
import { checkHeap } from "./xs-heap.js";
import { runOnXsHost } from "./run-on-xs.js";

/** Counterparts of the examples; loaded when they are needed, because they bring an MQTT client with them. */
const COMPANIONS: Readonly<Record<string, () => Promise<StartCompanion>>> = {
	telemetry: async () => (await import("../companions/telemetry.js")).startTelemetryCompanion,
	ota: async () => (await import("../companions/ota.js")).startOtaCompanion,
};

/**
 * Runs a device program, unchanged, against a broker.
 *
 * An exception that escapes from the program is a result, with exit code 70. What keeps a run from starting is thrown:
 * CliError with the exit code, ManifestError. One run at a time in a process.
 */
export async function runProgram(options: RunOptions): Promise<RunResult> {
	checkNumbers(options);
	const program = findProgram(options.program);
	const config = configOf(options.manifest ?? program.manifest);
	const { broker: url, port, tls, websocket, secure } = options;
	const broker = await openBroker({ url, port, tls, websocket, secure });
	try {
		return await runWith(options, program, config, broker);
	} finally {
		await broker.close();
	}
}

async function runWith(
	options: RunOptions,
	program: Program,
	config: Record<string, unknown>,
	broker: RunBroker,
): Promise<RunResult> {
	const seed = options.seed ?? Math.floor(Math.random() * (SEED_MAX + 1));
	const clock = new RealClock();
	const startMs = clock.now();
	const log = options.onLine && makeLog(options, options.onLine, () => clock.now() - startMs);
	const engine = options.engine ?? "node";
	const say = (line: string): void => log?.note(line);
	say(`${program.name} on ${engine}, broker ${broker.description}, seed ${seed}`);
	const companion = await startCompanion(options, program, broker, clock, say);
	const monitor = new Monitor(log, () => clock.now());
	const instead = programTransport(program, options.manifest ?? program.manifest, broker);
	if (instead.note !== undefined) say(instead.note);
	const given = withBroker(config, broker);
	const { modules } = instead;
	const parts: RunParts = { options, program, config: given, broker, instead: modules, seed, clock, log, monitor };
	try {
		const result = engine === "xs" ? await runOnXsHost(parts) : await runOnNode(parts);
		return judge(result, monitor.clients, options);
	} finally {
		await companion?.stop();
		monitor.close();
		log?.close();
	}
}

function makeLog(options: RunOptions, onLine: (line: string) => void, now: () => number): EventLog {
	return new EventLog({
		write: onLine,
		now,
		json: options.json ?? false,
		fullPayload: options.fullPayload ?? false,
		colour: options.colour ?? false,
	});
}

async function startCompanion(
	options: RunOptions,
	program: Program,
	broker: RunBroker,
	clock: Clock,
	say: (line: string) => void,
): Promise<Companion | undefined> {
	if (!program.builtIn || options.companion === false) return undefined;
	const load = COMPANIONS[program.name];
	if (!load) return undefined;
	const { userName, password } = broker;
	try {
		const start = await load();
		return await start({ route: routeOf(broker), userName, password, clock, say: (line) => say(`companion ${line}`) });
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new CliError(`the companion cannot connect to the broker: ${why}; try --no-companion`, UNREACHABLE_EXIT_CODE);
	}
}

/** The program's configuration, with what the broker's URL says, and a host in any case: the world routes it. */
function withBroker(config: Record<string, unknown>, broker: RunBroker): Record<string, unknown> {
	const mqtt = { ...(config["mqtt"] as Record<string, unknown> | undefined) };
	mqtt["host"] ??= PLACEHOLDER_HOST;
	if (broker.userName !== undefined) mqtt["userName"] = broker.userName;
	if (broker.password !== undefined) mqtt["password"] = broker.password;
	return { ...config, ...transportConfig(broker), mqtt };
}

/** An address that is set aside for tests of networks (RFC 2544); it needs no name lookup. */
const PLACEHOLDER_HOST = "198.18.255.254";

function checkNumbers(options: RunOptions): void {
	const check = (name: string, value: number | undefined, min: number, max: number): void => {
		if (value === undefined || (value >= min && value <= max)) return;
		throw new UsageError(`${name}: ${value} is out of range; ${min} … ${max}`);
	};
	check("--duration", options.durationS, 0, DURATION_S_MAX);
	check("--port", options.port, 1, PORT_MAX);
	check("--expect-delivered", options.expectDelivered, 0, EXPECT_DELIVERED_MAX);
	if (options.port !== undefined && options.broker !== undefined) {
		throw new UsageError("--port: only without --broker, for the broker inside this process");
	}
	check("--seed", options.seed, 0, SEED_MAX);
	check("--latency", options.latencyMs, 0, LATENCY_MS_MAX);
	check("--drop-every", options.dropEvery, 0, DROP_EVERY_MAX);
	check("--half-open-at", options.halfOpenAtS, 0, DURATION_S_MAX);
	checkHeap(options);
}
