/**
 * The class of ECMA-419 on a microcontroller's instructions, beside the one of the SDK where that is installed. What the
 * SDK's takes in collections shows only over thousands of messages in a heap of a device's size.
 */
import type { BareHost } from "./bare-build.js";
import { CLASS_OPERATIONS, moddableClass, ourClass, type Subject } from "../bench/ecma419-bench.js";
import { measureOnMcu } from "./mcu.js";

/** Figures of one operation, in instructions of one repetition. */
export interface McuClassRow {
	readonly name: string;
	readonly ours: ClassCost;
	readonly theirs: ClassCost | undefined;
}

/** What one class takes for one operation. */
export interface ClassCost {
	/** Without any collection. */
	readonly instructions: number;
	/** With those of many messages in an ESP32's heap, shared out among them. */
	readonly collecting: number;
	/** In all those messages. */
	readonly collections: number;
}

/** Messages over which collections are counted. */
export const MESSAGES = 10_000;

/** The heap of the SDK's ESP32 boards. */
const ESP32 = { slots: 4928, chunks: 78_848 };

/** A heap in which a measurement of some messages needs no collection. */
const LARGE = { slots: 32_768, chunks: 1 << 20 };

/** Measures every operation of both classes. */
export async function measureClassOnMcu(host: BareHost): Promise<McuClassRow[]> {
	const [ours, theirs] = [ourClass(), moddableClass()];
	const beside = await driverOf(host, ours);
	const rows: McuClassRow[] = [];
	for (const operation of CLASS_OPERATIONS) {
		rows.push({
			name: operation.name,
			ours: await costOf(host, ours, operation, beside),
			theirs: theirs && (await costOf(host, theirs, operation, beside)),
		});
	}
	return rows;
}

async function driverOf(host: BareHost, { program }: Subject): Promise<number> {
	const { instructions, count } = await measureOnMcu(host, { operation: "tick" }, program);
	return instructions / count;
}

async function costOf(
	host: BareHost,
	{ program }: Subject,
	operation: (typeof CLASS_OPERATIONS)[number],
	driver: number,
): Promise<ClassCost> {
	const beside = operation.server === undefined ? driver : 0;
	const few = await measureOnMcu(host, operation, program, LARGE);
	const many = await measureOnMcu(host, { ...operation, count: MESSAGES, warm: 200 }, program, ESP32);
	return {
		instructions: Math.round(few.instructions / few.count - beside),
		collecting: Math.round(many.instructions / many.count - beside),
		collections: many.collections,
	};
}

/** The rows as a Markdown table. */
export function tableOfMcuClasses(rows: readonly McuClassRow[]): string {
	const withTheirs = rows.some(({ theirs }) => theirs !== undefined);
	const head = ["instructions of the class", "MQTTClient", "with collections", "collections"];
	if (withTheirs) head.push("the SDK's", "with collections", "collections");
	const cellsOf = (cost: ClassCost): string[] => [`${cost.instructions}`, `${cost.collecting}`, `${cost.collections}`];
	const lines = [head, head.map(() => "---")];
	for (const { name, ours, theirs } of rows) lines.push([name, ...cellsOf(ours), ...(theirs ? cellsOf(theirs) : [])]);
	return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
