import { existsSync } from "node:fs";
import { join } from "node:path";
import { TYPICAL_CLIENT_ID } from "../../manifest/check.js";
import type { XsHost } from "../../stand-ins/xs/build.js";
import {
	BUDGETS,
	CYCLES,
	FLASH_BYTES,
	FLASH_GOAL_BYTES,
	RAM_BYTES,
	RAM_GOAL_BYTES,
	REGION_BYTES,
	STACK_SLOTS,
	type Budget,
	type Cycle,
} from "./budgets.js";
import { WEBSOCKET_FLASH_BYTES } from "./websocket-budgets.js";
import {
	flashBytes,
	measure,
	measureAlone,
	measureSettled,
	packageRoot,
	ramBytes,
	type Measurement,
} from "./measure.js";

/** One line of the table: figures of one repetition. */
export interface Row {
	readonly name: string;
	/** Beside those of the platform's own objects. */
	readonly slots: number;
	readonly chunkBytes: number;
	/** In the whole window, those not counted that the platform's own objects lead to. */
	readonly collections: number;
	readonly byteCodes: number;
	readonly budget: number;
	readonly goal: number | undefined;
	readonly socketCalls: number;
	readonly mallocs: number;
	readonly mallocBudget: number;
	/** Deepest use of the stack, in slots. */
	readonly stack: number;
	/** Moddable's own client on the same host: slots / chunk bytes / byte codes / socket calls; absent without an SDK. */
	readonly moddable: string | undefined;
}

/** A figure that is not of an operation. */
export interface Figure {
	readonly name: string;
	readonly unit: string;
	readonly value: number;
	readonly budget: number;
	readonly goal: number | undefined;
}

/** What a repetition takes beside the client: the timer that drives it, or the handler that counts it, in byte codes. */
export interface Overheads {
	readonly tick: number;
	readonly handler: number;
}

/** How often a row that is over its budget is measured. */
const TRIES_MAX = 3;

function rounded(value: number): number {
	return Math.round(value * 100) / 100;
}

/** Measures what drives the repetitions. */
export async function measureOverheads(host: XsHost): Promise<Overheads> {
	const tick = await measure(host, { operation: "tick" });
	const handler = await measure(host, { operation: "handler", warm: 20, count: 50 });
	return { tick: tick.byteCodes / tick.count, handler: handler.byteCodes / handler.count };
}

/** Figures of one repetition, without those of what drove it. */
function each(result: Measurement, driverByteCodes: number) {
	return {
		slots: rounded(result.slots / result.count),
		chunkBytes: rounded(result.chunkBytes / result.count),
		collections: result.collections,
		byteCodes: Math.round(result.byteCodes / result.count - driverByteCodes),
		socketCalls: rounded((result.socketReads + result.socketWrites) / result.count),
		mallocs: rounded(result.mallocs / result.count),
		stack: result.peakStack,
	};
}

/**
 * Measures one operation, and Moddable's client beside it where an SDK is named. Again when it is over its budget: a machine
 * that is busy makes turns more (a packet that comes in two arrivals, a deadline that is looked at), never fewer.
 */
export async function measureRow(
	host: XsHost,
	operation: Budget | Cycle,
	{ tick, handler }: Overheads,
	moddable?: string,
): Promise<Row> {
	const { name, byteCodes: budget, mallocs: mallocBudget, goal } = operation;
	const common = { name, budget, mallocBudget, goal };
	if ("platformSlots" in operation) {
		const row = each(await measureSettled(host, operation, operation.platformSlots), 0);
		return { ...common, ...row, slots: rounded(row.slots - operation.platformSlots), moddable: undefined };
	}
	const driver = operation.timer ? tick : handler;
	let result = await measureAlone(host, operation, operation.reads, operation.writes);
	for (let tries = 1; tries < TRIES_MAX && each(result, driver).byteCodes > budget; tries++) {
		const again = await measureAlone(host, operation, operation.reads, operation.writes);
		if (again.byteCodes < result.byteCodes) result = again;
	}
	const theirs = moddable ? await measureModdable(host, operation, moddable, handler) : undefined;
	return { ...common, ...each(result, driver), moddable: theirs };
}

/** Which budgets a row passes, in words; empty when none. */
export function faultsOf(row: Row): string[] {
	const faults: string[] = [];
	const check = (what: string, value: number, max: number): void => {
		if (!(value <= max)) faults.push(`${row.name}: ${value} ${what}, budget ${max}`);
	};
	// Fewer than the platform's own would mean that those are stated wrongly.
	if (row.slots !== 0) faults.push(`${row.name}: ${row.slots} slots, budget 0`);
	check("chunk bytes", row.chunkBytes, 0);
	check("collections", row.collections, 0);
	check("byte codes", row.byteCodes, row.budget);
	check("mallocs", row.mallocs, row.mallocBudget);
	check("stack slots", row.stack, STACK_SLOTS);
	return faults;
}

/** Where an installed SDK has its client; undefined without one. */
export function moddableClient(environment: NodeJS.ProcessEnv = process.env): string | undefined {
	if (!environment["MODDABLE"]) return undefined;
	const file = join(environment["MODDABLE"], "examples/io/tcp/mqttclient/mqttclient.js");
	return existsSync(file) ? file : undefined;
}

/** Runs Moddable's client on one of our operations, if it has the like. */
async function measureModdable(
	host: XsHost,
	budget: Budget,
	file: string,
	handlerByteCodes: number,
): Promise<string | undefined> {
	const operation = MODDABLE_OPERATIONS[budget.name];
	if (!operation) return undefined;
	const program = {
		main: join(packageRoot(), "host-sim/proofs/bench/moddable-program.js"),
		modules: { mqttclient: file },
	};
	const { server } = budget;
	const tick = await measure(host, { operation: "tick", program });
	const result = await measure(host, { operation, program, ...(server ? { server } : {}) });
	const one = each(result, budget.timer ? tick.byteCodes / tick.count : handlerByteCodes);
	return `${one.slots} / ${one.chunkBytes} / ${one.byteCodes} / ${one.socketCalls}`;
}

const MODDABLE_OPERATIONS: Record<string, string> = {
	"publish QoS 0": "publish0",
	"publish QoS 1, with PUBACK": "publish1",
	"publish QoS 2, whole handshake": "publish2",
	"receive QoS 0": "receive0",
	"receive QoS 1": "receive1",
	"receive QoS 2, whole handshake": "receive2",
};

/** Measures every budgeted operation, or those that are given. */
export async function measureAll(
	host: XsHost,
	moddable: string | undefined,
	operations: readonly (Budget | Cycle)[] = [...BUDGETS, ...CYCLES],
): Promise<Row[]> {
	const rows: Row[] = [];
	const overheads = await measureOverheads(host);
	for (const operation of operations) rows.push(await measureRow(host, operation, overheads, moddable));
	return rows;
}

/** What a client over WebSocket takes of the flash. */
export async function measureWebSocketFlash(host: XsHost): Promise<Figure> {
	const value = flashBytes(await measure(host, { operation: "idle", websocket: true }));
	const name = "flash, byte code of the library with WebSocket";
	return { name, unit: "bytes", value, budget: WEBSOCKET_FLASH_BYTES, goal: undefined };
}

/** The figure of RAM, wherever it is measured. */
export const RAM_NAME = "RAM of one connected client beside its regions";

/** Measures flash, RAM and stack. RAM only on a 32-bit host: elsewhere chunks are larger than on a device. */
export async function measureFigures(host: XsHost): Promise<Figure[]> {
	const nothing = await measure(host, { operation: "nothing" });
	const idle = await measure(host, { operation: "idle" });
	// The CONNECT packet is one of the regions: as long as in the tables of sizes.
	const typical = await measure(host, { operation: "idle", mqtt: { clientId: TYPICAL_CLIENT_ID } });
	const figure = (name: string, unit: string, value: number, budget: number, goal?: number): Figure => ({
		name,
		unit,
		value,
		budget,
		goal,
	});
	const ram = figure(RAM_NAME, "bytes", ramBytes(idle, nothing), RAM_BYTES, RAM_GOAL_BYTES);
	return [
		figure("flash, byte code of the whole library", "bytes", flashBytes(idle), FLASH_BYTES, FLASH_GOAL_BYTES),
		...(host.bits === 32 ? [ram] : []),
		figure("stack, deepest up to the connection", "slots", idle.runPeakStack, STACK_SLOTS),
		figure("regions with default sizes", "bytes", typical.arenaSize, REGION_BYTES),
	];
}

/** A figure as a line of text. */
export function figureLine({ name, unit, value, budget, goal }: Figure): string {
	return `${name}: ${value} ${unit} (budget ${budget}${goal === undefined ? "" : `, goal of the design ${goal}`})`;
}

/** Whether a figure passes its budget, in words. */
export function faultOfFigure({ name, unit, value, budget }: Figure): string[] {
	return value <= budget ? [] : [`${name}: ${value} ${unit}, budget ${budget}`];
}

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
	const withModdable = rows.some((row) => row.moddable !== undefined);
	const head = [
		"operation",
		"slots",
		"chunk bytes",
		"byte codes",
		"budget",
		"goal",
		"socket calls",
		"mallocs",
		"stack",
	];
	if (withModdable) head.push("Moddable: slots / chunk bytes / byte codes / calls");
	const lines = [head, head.map(() => "---")];
	for (const row of rows) {
		const cells = [
			row.name,
			row.slots,
			row.chunkBytes,
			row.byteCodes,
			row.budget,
			row.goal ?? "",
			row.socketCalls,
			row.mallocs,
			row.stack,
		];
		if (withModdable) cells.push(row.moddable ?? "");
		lines.push(cells.map(String));
	}
	return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
