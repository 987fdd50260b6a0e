import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libraryModules } from "../../stand-ins/library.js";
import type { XsHost } from "../../stand-ins/xs/build.js";
import { runOnXs, type XsProfileLine } from "../../stand-ins/xs/xs-process.js";
import { MeasurementServer, type ServerScript } from "./server.js";

export { libraryModules };

/** The package's folder, from its source as well as compiled. */
const ROOT = packageRoot();

/** The package's folder. */
export function packageRoot(): string {
	let folder = fileURLToPath(new URL(".", import.meta.url));
	while (!existsSync(join(folder, "package.json"))) folder = join(folder, "..");
	return folder;
}

/** What the repetitions of an operation took on XS, and what was alive after a collection at the end. */
export interface Measurement {
	/** How many there were. */
	readonly count: number;
	readonly slots: number;
	readonly chunks: number;
	readonly chunkBytes: number;
	readonly collections: number;
	readonly byteCodes: number;
	readonly mallocs: number;
	readonly socketReads: number;
	readonly socketWrites: number;
	readonly peakStack: number;
	/** Of the whole run, start included. */
	readonly runPeakStack: number;
	/** Publishes that were sent again with DUP, since the start. */
	readonly resends: number;
	readonly liveSlots: number;
	readonly liveChunkBytes: number;
	readonly arenaSize: number;
	/** Of the client: bytes of its arena, and messages that were handed to handlers. */
	readonly handled: number;
	/** The most publishes of QoS 1 and 2 that were open at once: more than one, and repetitions did not stay apart. */
	readonly inflightMax: number;
	/** Bytes of byte code of each module of the library. */
	readonly codeBytes: Readonly<Record<string, number>>;
	/** Costs by function, if that was asked for. */
	readonly profile: readonly XsProfileLine[];
}

export interface Operation {
	/** A name that program.js knows. */
	readonly operation: string;
	readonly server?: ServerScript;
	/** `config.mqtt` of the client. */
	readonly mqtt?: Record<string, unknown>;
	/** QoS of what the program publishes, where the operation leaves it open. */
	readonly qos?: 0 | 1 | 2;
	readonly warm?: number;
	readonly count?: number;
	/** Milliseconds between two repetitions that a timer drives. */
	readonly paceMs?: number;
	/** Where the compiled library is; default dist/firmware. */
	readonly firmware?: string;
	readonly slots?: number;
	readonly chunks?: number;
	readonly durationMs?: number;
	/** Time passes at once whenever nothing happens. */
	readonly hurry?: boolean;
	/** Say where byte codes and memory are spent. */
	readonly profile?: "window" | "run";
	/** Over WebSocket, in place of TCP alone. */
	readonly websocket?: boolean;
	/** Another program than ours, and the modules it needs beside the platform's. */
	readonly program?: { readonly main: string; readonly modules: Readonly<Record<string, string>> };
}

/** Our program, beside the library. */
const PROGRAM = join(ROOT, "host-sim/proofs/bench/program.js");
/** The same over WebSocket, which imports it by the name `bench`. */
const WEBSOCKET_PROGRAM = join(ROOT, "host-sim/proofs/bench/websocket-program.js");
/** Names of the programs' modules, which count for nothing. */
const PROGRAMS = ["main", "bench"];

/** The library with its bare names. */
function ourModules(firmware?: string, websocket = false): Record<string, string> {
	return {
		...libraryModules(firmware, websocket ? "websocket" : undefined),
		...(websocket ? { "xs-mqtt/websocket": join(ROOT, "manifests/modules/websocket.js") } : {}),
		"xs-mqtt": join(ROOT, "manifests/modules/xs-mqtt.js"),
		"xs-mqtt/tcp": join(ROOT, "manifests/modules/tcp.js"),
	};
}

/** Runs one operation on the XS host. Throws with what the program said when it did not come to its end. */
export async function measure(host: XsHost, operation: Operation): Promise<Measurement> {
	const { websocket = false } = operation;
	const server = await MeasurementServer.start({ ...operation.server, websocket });
	const modules = operation.program?.modules ?? ourModules(operation.firmware, websocket);
	const programs = websocket ? { main: WEBSOCKET_PROGRAM, bench: PROGRAM } : { main: PROGRAM };
	const { warm = 20, count = 50, paceMs = PACE_MS } = operation;
	try {
		const result = await runOnXs({
			host,
			modules: { ...modules, ...(operation.program ? { main: operation.program.main } : programs) },
			preload: Object.keys(modules).filter((name) => !PROGRAMS.includes(name)),
			main: "main",
			config: {
				operation: operation.operation,
				warm,
				count,
				paceMs,
				qos: operation.qos ?? 0,
				mqtt: { port: server.port, ...operation.mqtt },
			},
			durationMs: operation.durationMs ?? 20_000,
			profile: operation.profile,
			hurry: operation.hurry ?? false,
			...(operation.slots === undefined ? {} : { slots: operation.slots }),
			...(operation.chunks === undefined ? {} : { chunks: operation.chunks }),
		});
		const line = result.trace.find((text) => text.startsWith("@result "));
		if (!line) throw new Error(`${operation.operation}: no result\n${result.trace.join("\n")}\n${result.stderr}`);
		const { codeBytes = {}, peakStack: runPeakStack = NaN } = result.report ?? {};
		return { count, ...JSON.parse(line.slice(8)), runPeakStack, codeBytes, profile: result.profile };
	} finally {
		await server.close();
	}
}

/**
 * Measures until every repetition was a turn of its own: on a busy machine two packets may arrive at once, which is
 * cheaper than two that arrive alone, and makes a first view of their joint size.
 *
 * in   reads, writes  socket calls that one repetition has to make
 * throws when it never came about
 */
export async function measureAlone(
	host: XsHost,
	operation: Operation,
	reads: number,
	writes: number,
): Promise<Measurement> {
	const seen: string[] = [];
	for (let tries = 0; tries < TRIES_MAX; tries++) {
		// A machine that is busy gets more time between two of them.
		const paceMs = (operation.paceMs ?? PACE_MS) << Math.min(tries >> 1, 3);
		const result = await measure(host, { ...operation, paceMs });
		const calls = result.socketReads === reads * result.count && result.socketWrites === writes * result.count;
		const apart = calls && !(result.inflightMax > 1);
		// One view in a whole window is that of a joint arrival; what each repetition allocates comes every time.
		if (apart && (result.slots === 0 || result.slots >= result.count)) return result;
		seen.push(`${result.socketReads}/${result.socketWrites}, ${result.slots} slots, ${result.inflightMax} open`);
	}
	const wanted = `${reads} reads and ${writes} writes each`;
	throw new Error(`${operation.operation}: repetitions did not stay apart (${wanted}; saw ${seen.join(", ")} in all)`);
}

/**
 * Measures until no first view of a joint arrival was made in the window; packets of a reconnect may arrive together.
 *
 * in   platformSlots  of each repetition
 */
export async function measureSettled(host: XsHost, operation: Operation, platformSlots: number): Promise<Measurement> {
	for (let tries = 1; ; tries++) {
		const result = await measure(host, operation);
		const slots = result.slots - platformSlots * result.count;
		if (slots === 0 || slots >= result.count || tries === TRIES_MAX) return result;
	}
}

/** Milliseconds between two repetitions that a timer drives, unless the operation says otherwise. */
const PACE_MS = 3;

/** How often a measurement is tried. */
const TRIES_MAX = 40;

/** Bytes of byte code of the library alone. */
export function flashBytes(measurement: Measurement): number {
	let sum = 0;
	for (const [name, bytes] of Object.entries(measurement.codeBytes)) if (!PROGRAMS.includes(name)) sum += bytes;
	return sum;
}

/** What is alive at the end of a measurement. */
export type Alive = Pick<Measurement, "liveSlots" | "liveChunkBytes" | "arenaSize">;

/** Bytes on a 32-bit device that a connected client keeps beside its configured regions. */
export function ramBytes(connected: Alive, nothing: Alive): number {
	const chunks = connected.liveChunkBytes - nothing.liveChunkBytes;
	return (connected.liveSlots - nothing.liveSlots) * SLOT_BYTES + chunks - connected.arenaSize;
}

/** Of a slot on a 32-bit device. */
const SLOT_BYTES = 16;
