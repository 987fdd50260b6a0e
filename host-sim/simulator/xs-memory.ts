import type { XsReport } from "../stand-ins/xs/xs-process.js";

/** When a program counts as being in its steady state, in seconds; what it takes from then on is shown apart. */
export const STEADY_S = 5;

/** One pool of the engine. */
export interface Pool {
	/** The most that was in use at once, garbage included. */
	mostUsed: number;
	size: number;
	/** In all, garbage included; absent where nothing is handed out. */
	handedOut?: number;
}

/** What the engine handed out since the program was in its steady state. */
export interface SteadyMemory {
	slots: number;
	chunkBytes: number;
	collections: number;
}

/** The memory of a run on XS, up to its stop. */
export interface EngineMemory {
	/** 32 as on a device, or 64: then slots and chunks are larger than there. */
	bits: number;
	slotBytes: number;
	slots: Pool;
	chunkBytes: Pool;
	stack: Pool;
	keys: Pool;
	collections: number;
	/** Absent when the run did not last that long. */
	steady: SteadyMemory | undefined;
}

/** Measured: telemetry takes 267 without the watch, and 290 with it. */
const WATCH_REMARK = "  (about 25 are the simulator's)";

/** Takes a host's report apart. */
export function memoryOf(report: XsReport): EngineMemory {
	return {
		bits: report.bits,
		slotBytes: report.slotBytes,
		slots: { mostUsed: report.peakSlots, size: report.sizeSlots, handedOut: report.slots },
		chunkBytes: { mostUsed: report.peakChunkBytes, size: report.sizeChunkBytes, handedOut: report.chunkBytes },
		stack: { mostUsed: report.peakStack, size: report.sizeStack },
		keys: { mostUsed: report.usedKeys, size: report.sizeKeys },
		collections: report.collections,
		steady: report.steady,
	};
}

/** The memory as lines for people; `isWatched`: of a program with a client. */
export function memoryLines(memory: EngineMemory, isWatched: boolean): string[] {
	const row = (name: string, ...cells: (string | number)[]): string =>
		`  ${name.padEnd(15)}${cells.map((cell) => String(cell).padStart(12)).join("")}`.trimEnd();
	const pool = (name: string, { mostUsed, size, handedOut }: Pool): string =>
		row(name, mostUsed, size, handedOut ?? "");
	const lines = [
		`XS heap, ${memory.bits} bits, slots of ${memory.slotBytes} bytes; garbage included`,
		row("", "most used", "size", "handed out"),
		pool("slots", memory.slots),
		pool("chunk bytes", memory.chunkBytes),
		// What watches the program's clients takes no slot of the heap, but a call around each of theirs.
		pool("stack slots", memory.stack) + (isWatched ? WATCH_REMARK : ""),
		pool("names", memory.keys),
		`  ${count(memory.collections, "garbage collection")}`,
	];
	if (memory.steady) {
		const { slots, chunkBytes, collections } = memory.steady;
		const taken = `${count(slots, "slot")}, ${count(chunkBytes, "chunk byte")}, ${count(collections, "collection")}`;
		lines.push(`  after the first ${STEADY_S} s: ${taken}`);
	}
	return lines;
}

function count(value: number, what: string): string {
	return `${value} ${what}${value === 1 ? "" : "s"}`;
}
