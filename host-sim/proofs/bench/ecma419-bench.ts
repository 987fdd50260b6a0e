import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { XsHost } from "../../stand-ins/xs/build.js";
import { libraryModules, measure, measureAlone, packageRoot, type Measurement, type Operation } from "./measure.js";
import type { ServerScript } from "./server.js";

/** An operation of moddable-program.js. */
export interface Measured {
	readonly name: string;
	readonly operation: string;
	/** What the server does for it. */
	readonly server?: ServerScript;
	/** Socket calls of our class. */
	readonly reads: number;
	readonly writes: number;
}

/** The operations that both classes have. */
export const CLASS_OPERATIONS: readonly Measured[] = [
	{ name: "publish QoS 0", operation: "publish0", reads: 0, writes: 1 },
	{ name: "publish QoS 1, with PUBACK", operation: "publish1", reads: 1, writes: 1 },
	{ name: "publish QoS 2, whole handshake", operation: "publish2", reads: 2, writes: 2 },
	{ name: "receive QoS 0", operation: "receive0", server: { sendQoS: 0, paceMs: 10 }, reads: 1, writes: 0 },
	{ name: "receive QoS 1", operation: "receive1", server: { sendQoS: 1, paceMs: 10 }, reads: 1, writes: 1 },
	{
		name: "receive QoS 2, whole handshake",
		operation: "receive2",
		server: { sendQoS: 2, paceMs: 10 },
		reads: 2,
		writes: 2,
	},
];

/** Of a slot on a 32-bit device. */
const SLOT_BYTES = 16;

/** A class to be measured, as the module "mqttclient". */
export interface Subject {
	readonly program: NonNullable<Operation["program"]>;
	/** Ours: the socket calls of an operation are known. */
	readonly ours: boolean;
}

const MAIN = "host-sim/proofs/bench/moddable-program.js";

/** The class of this package, with everything under it. */
export function ourClass(): Subject {
	const root = packageRoot();
	const folder = join(root, "dist/firmware/ecma419");
	const modules: Record<string, string> = {
		...libraryModules(),
		mqttclient: join(root, "manifests/modules/mqtt-client.js"),
	};
	for (const file of readdirSync(folder)) {
		if (file.endsWith(".js")) modules[`xs-mqtt/ecma419/${file.slice(0, -3)}`] = join(folder, file);
	}
	return { program: { main: join(root, MAIN), modules }, ours: true };
}

/** Moddable's own, where an SDK is named. */
export function moddableClass(environment: NodeJS.ProcessEnv = process.env): Subject | undefined {
	const file = join(environment["MODDABLE"] ?? "", "examples/io/tcp/mqttclient/mqttclient.js");
	if (!environment["MODDABLE"] || !existsSync(file)) return undefined;
	return { program: { main: join(packageRoot(), MAIN), modules: { mqttclient: file } }, ours: false };
}

/** Figures of one operation of one class, each of one repetition. */
export interface Ecma419Row {
	readonly name: string;
	readonly slots: number;
	readonly chunkBytes: number;
	readonly byteCodes: number;
	readonly socketCalls: number;
	/** Collections in all repetitions. */
	readonly collections: number;
}

function rounded(value: number): number {
	return Math.round(value * 10) / 10;
}

/** Measures every operation of a class on XS. What drives a repetition is taken off. */
export async function measureClass(host: XsHost, { program, ours }: Subject): Promise<Ecma419Row[]> {
	const tick = await measure(host, { operation: "tick", program });
	const rows: Ecma419Row[] = [];
	for (const { name, operation, server, reads, writes } of CLASS_OPERATIONS) {
		const full: Operation = { operation, program, paceMs: 10, ...(server ? { server } : {}) };
		const result = ours ? await measureAlone(host, full, reads, writes) : await measure(host, full);
		const beside = server === undefined ? tick.byteCodes / tick.count : 0;
		rows.push({
			name,
			slots: rounded(result.slots / result.count),
			chunkBytes: rounded(result.chunkBytes / result.count),
			byteCodes: Math.round(result.byteCodes / result.count - beside),
			socketCalls: rounded((result.socketReads + result.socketWrites) / result.count),
			collections: result.collections,
		});
	}
	return rows;
}

/** Bytes on a 32-bit device that a connected client of a class keeps, regions included. */
export async function measureRam(host: XsHost, { program }: Subject): Promise<number> {
	const of = ({ liveSlots, liveChunkBytes }: Measurement): number => liveSlots * SLOT_BYTES + liveChunkBytes;
	const nothing = await measure(host, { operation: "nothing", program });
	return of(await measure(host, { operation: "idle", program })) - of(nothing);
}

/** As a Markdown table: ours, and Moddable's behind it where there is one. */
export function tableOfClasses(ours: readonly Ecma419Row[], theirs: readonly Ecma419Row[] | undefined): string {
	const figures = (row: Ecma419Row): string =>
		`${row.slots} / ${row.chunkBytes} / ${row.byteCodes} / ${row.socketCalls}`;
	const head = ["slots / chunk bytes / byte codes / socket calls", "MQTTClient", ...(theirs ? ["Moddable's"] : [])];
	const lines = [head, head.map(() => "---")];
	ours.forEach((row, i) => lines.push([row.name, figures(row), ...(theirs ? [figures(theirs[i]!)] : [])]));
	return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What RAM the classes take, as a sentence. */
export function ramSentence(ours: number, theirs: number | undefined): string {
	const bytes = (count: number): string => `${count.toLocaleString("en")} bytes`;
	const other = theirs === undefined ? "" : `; Moddable's: ${bytes(theirs)}`;
	return `RAM of one connected client with all its regions, default sizes: ${bytes(ours)}${other}.`;
}
