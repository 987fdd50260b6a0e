import { existsSync } from "node:fs";
import { join } from "node:path";
import type { XsHost } from "../xs/build.js";
import { BUDGETS, CYCLES, FLASH_BYTES, FLASH_GOAL_BYTES, RAM_BYTES, RAM_GOAL_BYTES, type Budget } from "./budgets.js";
import { flashBytes, measure, measureAlone, packageRoot, ramBytes, type Measurement } from "./measure.js";

/** One line of the table: figures of one repetition. */
export interface Row {
	readonly name: string;
	readonly slots: number;
	readonly chunkBytes: number;
	readonly collections: number;
	readonly byteCodes: number;
	readonly budget: number | undefined;
	readonly goal: number | undefined;
	readonly socketCalls: number;
	readonly mallocs: number;
	/** Moddable's own client on the same host: slots / chunk bytes / byte codes / socket calls; absent without an SDK. */
	readonly moddable: string | undefined;
}

function rounded(value: number): number {
	return Math.round(value * 100) / 100;
}

/** What a repetition takes beside the client: the timer that drives it, or the handler that counts it. */
export async function overheads(host: XsHost): Promise<{ tick: number; handler: number }> {
	const tick = await measure(host, { operation: "tick" });
	const handler = await measure(host, { operation: "handler", warm: 20, count: 50 });
	return { tick: tick.byteCodes / tick.count, handler: handler.byteCodes / handler.count };
}

/** Figures of one repetition, without those of what drove it. */
function each(result: Measurement, tickByteCodes: number): Omit<Row, "name" | "budget" | "goal" | "moddable"> {
	return {
		slots: rounded(result.slots / result.count),
		chunkBytes: rounded(result.chunkBytes / result.count),
		collections: result.collections,
		byteCodes: Math.round(result.byteCodes / result.count - tickByteCodes),
		socketCalls: rounded((result.socketReads + result.socketWrites) / result.count),
		mallocs: rounded(result.mallocs / result.count),
	};
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
		main: join(packageRoot(), "host-sim/bench/moddable-program.js"),
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

/** Measures every budgeted operation, and Moddable's client beside it where an SDK is named. */
export async function measureAll(host: XsHost, moddable: string | undefined): Promise<Row[]> {
	const rows: Row[] = [];
	const { tick, handler } = await overheads(host);
	for (const budget of BUDGETS) {
		const result = await measureAlone(host, budget, budget.reads, budget.writes);
		const theirs = moddable ? await measureModdable(host, budget, moddable, handler) : undefined;
		const row = each(result, budget.timer ? tick : handler);
		rows.push({ name: budget.name, ...row, budget: budget.byteCodes, goal: budget.goal, moddable: theirs });
	}
	for (const cycle of CYCLES) {
		const row = each(await measure(host, cycle), 0);
		const slots = rounded(row.slots - cycle.platformSlots);
		rows.push({ name: cycle.name, ...row, slots, budget: undefined, goal: undefined, moddable: undefined });
	}
	return rows;
}

/** Flash and RAM as two lines of text. */
export async function measureMemory(host: XsHost): Promise<string[]> {
	const nothing = await measure(host, { operation: "nothing" });
	const idle = await measure(host, { operation: "idle" });
	const line = (what: string, bytes: number, budget: number, goal: number): string =>
		`${what}: ${bytes} bytes (budget ${budget}, goal of the design ${goal})`;
	return [
		line("flash, byte code of the whole library", flashBytes(idle), FLASH_BYTES, FLASH_GOAL_BYTES),
		line("RAM of one connected client beside its regions", ramBytes(idle, nothing), RAM_BYTES, RAM_GOAL_BYTES),
		`regions with default sizes: ${idle.regionBytes} bytes`,
	];
}

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
	const withModdable = rows.some((row) => row.moddable !== undefined);
	const head = ["operation", "slots", "chunk bytes", "byte codes", "budget", "goal", "socket calls", "mallocs"];
	if (withModdable) head.push("Moddable: slots / chunk bytes / byte codes / calls");
	const lines = [head, head.map(() => "---")];
	for (const row of rows) {
		const cells = [
			row.name,
			row.slots,
			row.chunkBytes,
			row.byteCodes,
			row.budget ?? "",
			row.goal ?? "",
			row.socketCalls,
			row.mallocs,
		];
		if (withModdable) cells.push(row.moddable ?? "");
		lines.push(cells.map(String));
	}
	return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
