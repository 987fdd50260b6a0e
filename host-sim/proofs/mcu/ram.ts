/** RAM without an operating system around it: all that the telemetry program takes of a small board's, and what a client keeps. */
import { join } from "node:path";
import { buildBareHost, type BareHost, type BareMemory } from "./bare-build.js";
import { runBare } from "./bare-run.js";
import { RAM_BYTES, RAM_GOAL_BYTES } from "../bench/budgets.js";
import { TELEMETRY_RAM_BYTES } from "./budgets.js";
import { measureOnMcu } from "./mcu.js";
import { libraryModules, packageRoot, ramBytes } from "../bench/measure.js";
import { RAM_NAME, type Figure } from "../bench/xs-bench.js";

/** The RAM of the board that the program has to do with. */
export const BOARD_BYTES = 96 * 1024;

const BOARD: BareMemory = { ramBytes: BOARD_BYTES, heapBytes: 64 * 1024 };

/** Bytes of RAM by what they are for. */
export interface RamFigures {
	/** Variables of engine, host and C library. */
	readonly variables: number;
	/** The most that was allocated at once: the machine with its heaps and its stack, and what guards and timers take. */
	readonly heap: number;
	/** The deepest that the C stack was. */
	readonly stack: number;
	readonly all: number;
	/** Of the machine's own heaps: used at most, and their sizes. */
	readonly slots: string;
	readonly chunkBytes: string;
	readonly stackSlots: string;
	readonly collections: number;
	/** Read-only memory beside the code in C: what the SDK's linker puts into flash. */
	readonly image: number;
	/** Publishes in the hour that the program ran. */
	readonly published: number;
}

/** Sizes of the machine, as a manifest's `creation` would give them. */
const MACHINE = { slots: 1280, chunks: 12_288, stack: 384, keys: 32 };

/** Telemetry's own sizes, as in its manifest. */
const SIZES = { keepAlive: 30, rxBuffer: 256, txBuffer: 256, outbox: 2048, subscriptions: 2, filterBytes: 64 };

const HOUR_MS = 3_600_000;

/** Runs telemetry for an hour of the device's time. Throws when it does not get through. */
export async function measureTelemetryRam(onProgress?: (line: string) => void): Promise<RamFigures> {
	const host = await buildBareHost("-O2", { memory: BOARD, onProgress });
	const root = packageRoot();
	const main = "xs-mqtt/programs/telemetry/main";
	const modules = {
		...libraryModules(),
		"xs-mqtt": join(root, "manifests/modules/xs-mqtt.js"),
		"xs-mqtt/tcp": join(root, "manifests/modules/tcp.js"),
		"xs-mqtt/dns": join(root, "manifests/modules/dns.js"),
		[main]: join(root, "dist/firmware/programs/telemetry/main.js"),
	};
	const config = { mqtt: { host: "127.0.0.1", port: 1883, ...SIZES } };
	const preload = Object.keys(modules);
	const { report, trace } = await runBare({
		host,
		run: { modules, preload, main, config, durationMs: HOUR_MS, ...MACHINE },
	});
	if (report === undefined || report["reason"] === "failed") {
		throw new Error(`telemetry does not run in ${BOARD_BYTES} bytes\n${trace.join("\n")}`);
	}
	const of = (name: string): number => Number(report[name]);
	return {
		variables: of("dataBytes"),
		heap: of("heapBytes"),
		stack: of("cStackBytes"),
		all: of("dataBytes") + of("heapBytes") + of("cStackBytes"),
		slots: `${of("peakSlots")} of ${of("sizeSlots")}`,
		chunkBytes: `${of("peakChunkBytes")} of ${of("sizeChunkBytes")}`,
		stackSlots: `${of("peakStack")} of ${of("sizeStack")}`,
		collections: of("collections"),
		image: of("imageBytes"),
		published: of("socketWrites"),
	};
}

/** What a board's RAM is taken by, for people. */
export function ramLines(ram: RamFigures): string[] {
	const bytes = (count: number): string => `${count.toLocaleString("en")} bytes`;
	return [
		`- variables of engine, host and C library: ${bytes(ram.variables)}`,
		`- allocated at most: ${bytes(ram.heap)}, the machine's heaps and its stack among them`,
		`- C stack at its deepest: ${bytes(ram.stack)}`,
		`- used of the machine: ${ram.slots} slots, ${ram.chunkBytes} chunk bytes, ${ram.stackSlots} stack slots; ${ram.collections} collections`,
	];
}

/** All that telemetry takes of a board's RAM, against its budget. */
export function telemetryFigure(ram: RamFigures): Figure {
	const name = `RAM of the telemetry program in all, of ${BOARD_BYTES} bytes`;
	return { name, unit: "bytes", value: ram.all, budget: TELEMETRY_RAM_BYTES, goal: undefined };
}

/** The figure of `npm run budget` that a host of 64 bits cannot tell: what one connected client keeps. */
export async function measureClientRam(host: BareHost): Promise<Figure> {
	const value = ramBytes(
		await measureOnMcu(host, { operation: "idle" }),
		await measureOnMcu(host, { operation: "nothing" }),
	);
	return { name: RAM_NAME, unit: "bytes", value, budget: RAM_BYTES, goal: RAM_GOAL_BYTES };
}
