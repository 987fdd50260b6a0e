/**
 * What the operations of the budget table take in a microcontroller's own instructions: the compiled client on XS, bare on
 * RV32IMC, in an emulator that counts exactly. A run is the same each time.
 */
import { join } from "node:path";
import type { BareHost } from "./bare-build.js";
import { runBare, type BareResult } from "./bare-run.js";
import { BUDGETS, CYCLES, type Budget, type Cycle } from "../bench/budgets.js";
import { INSTRUCTIONS } from "./budgets.js";
import { libraryModules, packageRoot, type Alive, type Operation } from "../bench/measure.js";

/** One line of the table. */
export interface McuRow {
	readonly name: string;
	/** Of one repetition, without what drives it. */
	readonly instructions: number;
	readonly slots: number;
	readonly chunkBytes: number;
	readonly budget: number | undefined;
	readonly goal: number | undefined;
}

/** All rows of the budget table. */
export const MCU_OPERATIONS: readonly (Budget | Cycle)[] = [...BUDGETS, ...CYCLES];

/** Another program than ours on the same host, and the modules that it needs beside the platform's. */
export interface McuProgram {
	readonly main: string;
	readonly modules: Readonly<Record<string, string>>;
}

/** Our library, and the program that measures it. */
export function ourProgram(): McuProgram {
	const root = packageRoot();
	return {
		main: join(root, "host-sim/proofs/bench/program.js"),
		modules: {
			...libraryModules(),
			"xs-mqtt": join(root, "manifests/modules/xs-mqtt.js"),
			"xs-mqtt/tcp": join(root, "manifests/modules/tcp.js"),
		},
	};
}

/** What the program said of its window. */
export interface McuMeasurement extends Alive {
	readonly count: number;
	readonly instructions: number;
	readonly slots: number;
	readonly chunkBytes: number;
	readonly collections: number;
	readonly run: BareResult;
}

/** What the peer does, as the bare host's options name it. */
function peerOf({ server = {} }: Operation): Record<string, number | boolean> {
	return {
		peerQoS: server.sendQoS ?? -1,
		peerPayload: server.payloadSize ?? 64,
		peerPaceMs: server.paceMs ?? PACE_MS,
		peerCloseAfterMs: server.closeAfterMs ?? (server.reset ? 0 : -1),
		peerRefuses: server.refuseFirst ?? false,
		peerKeepsSession: server.keepsSession ?? false,
		peerEchoes: server.echo ?? false,
		peerBad: server.badPacket !== undefined,
	};
}

/** Milliseconds of the device's time between two repetitions: enough for the longest handshake. */
const PACE_MS = 20;

/** Runs one operation. Throws with what the program said when it did not come to its end. */
export async function measureOnMcu(
	host: BareHost,
	operation: Operation,
	program: McuProgram = ourProgram(),
	heap: Readonly<Record<string, number>> = {},
): Promise<McuMeasurement> {
	const { warm = 20, count = 50 } = operation;
	const run = await runBare({
		host,
		run: {
			modules: { ...program.modules, main: program.main },
			preload: Object.keys(program.modules),
			main: "main",
			config: {
				operation: operation.operation,
				warm,
				count,
				paceMs: PACE_MS,
				qos: operation.qos ?? 0,
				mqtt: { port: 1883, ...operation.mqtt },
			},
			durationMs: operation.durationMs ?? 1_000_000,
			profile: operation.profile === undefined ? 0 : 1,
			...heap,
			...peerOf(operation),
		},
	});
	const line = run.trace.find((text) => text.startsWith("@result "));
	if (line === undefined) throw new Error(`${operation.operation}: no result\n${run.trace.join("\n")}`);
	return { count, run, ...(JSON.parse(line.slice(8)) as Omit<McuMeasurement, "count" | "run">) };
}

/** What a repetition takes beside the client, in instructions: the timer that drives it, or the handler that counts it. */
export interface McuOverheads {
	readonly tick: number;
	readonly handler: number;
}

/** Measures what drives the repetitions. */
export async function measureMcuOverheads(host: BareHost, program?: McuProgram): Promise<McuOverheads> {
	const tick = await measureOnMcu(host, { operation: "tick" }, program);
	const handler = await measureOnMcu(host, { operation: "handler" });
	return { tick: tick.instructions / tick.count, handler: handler.instructions / handler.count };
}

/** Measures one row of the table. */
export async function measureMcuRow(
	host: BareHost,
	operation: Budget | Cycle,
	overheads: McuOverheads,
): Promise<McuRow> {
	const result = await measureOnMcu(host, operation);
	const isCycle = "platformSlots" in operation;
	const driver = isCycle ? 0 : operation.timer === true ? overheads.tick : overheads.handler;
	return {
		name: operation.name,
		instructions: Math.round(result.instructions / result.count - driver),
		slots: result.slots / result.count - (isCycle ? operation.platformSlots : 0),
		chunkBytes: result.chunkBytes / result.count,
		budget: INSTRUCTIONS[operation.name]?.budget,
		goal: INSTRUCTIONS[operation.name]?.goal,
	};
}

/** Which budgets a row passes, in words; empty when none. */
export function faultsOfMcuRow({ name, instructions, slots, chunkBytes, budget }: McuRow): string[] {
	const faults: string[] = [];
	if (budget === undefined) faults.push(`${name}: no budget`);
	else if (!(instructions <= budget)) faults.push(`${name}: ${instructions} instructions, budget ${budget}`);
	if (slots !== 0) faults.push(`${name}: ${slots} slots, budget 0`);
	if (chunkBytes !== 0) faults.push(`${name}: ${chunkBytes} chunk bytes, budget 0`);
	return faults;
}

/** The rows as a Markdown table, with those of a build for size beside them. */
export function tableOfMcu(fast: readonly McuRow[], small: readonly McuRow[]): string {
	const head = ["instructions", "-O2", "budget", "goal", "-Os"];
	const lines = [head, head.map(() => "---")];
	fast.forEach(({ name, instructions, budget, goal }, i) =>
		lines.push([name, `${instructions}`, `${budget ?? ""}`, `${goal ?? ""}`, `${small[i]?.instructions ?? ""}`]),
	);
	return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
