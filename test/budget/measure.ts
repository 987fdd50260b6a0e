import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { XsHost } from "../../host-sim/xs/build.js";
import { runOnXs } from "../../host-sim/xs/run.js";
import { MeasurementServer, type ServerScript } from "./server.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What `count` repetitions of an operation took on XS, and what was alive after a collection at the end. */
export interface Measurement {
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
	readonly liveSlots: number;
	readonly liveChunkBytes: number;
	readonly arenaSize: number;
	/** Bytes of byte code of each module of the library. */
	readonly codeBytes: Readonly<Record<string, number>>;
}

export interface Operation {
	/** A name that program.js knows. */
	readonly operation: string;
	readonly server?: ServerScript;
	/** `config.mqtt` of the client. */
	readonly mqtt?: Record<string, unknown>;
	readonly warm?: number;
	readonly count?: number;
	/** Milliseconds between two repetitions that a timer drives. */
	readonly paceMs?: number;
	/** Where the compiled library is; default dist/firmware. */
	readonly firmware?: string;
	readonly slots?: number;
	readonly chunks?: number;
	readonly durationMs?: number;
}

/** Module names of the library as the manifests give them, to the compiled files. */
export function libraryModules(firmware = join(ROOT, "dist/firmware")): Record<string, string> {
	const modules: Record<string, string> = {};
	for (const folder of ["base", "codec", "client", "loop", "transport", "app"]) {
		for (const file of readdirSync(join(firmware, folder))) {
			if (!file.endsWith(".js")) continue;
			const path = join(firmware, folder, file);
			modules[`xs-mqtt/${relative(firmware, path).slice(0, -3)}`] = path;
		}
	}
	modules["xs-mqtt/index"] = join(firmware, "index.js");
	return modules;
}

/** Runs one operation on the XS host. Throws with what the program said when it did not come to its end. */
export async function measure(host: XsHost, operation: Operation): Promise<Measurement> {
	const server = await MeasurementServer.start(operation.server ?? {});
	const library = libraryModules(operation.firmware);
	const { warm = 20, count = 50, paceMs = 3 } = operation;
	try {
		const result = await runOnXs({
			host,
			modules: {
				...library,
				"xs-mqtt": join(ROOT, "test/budget/shims/xs-mqtt.js"),
				"xs-mqtt/tcp": join(ROOT, "test/budget/shims/tcp.js"),
				main: join(ROOT, "test/budget/program.js"),
			},
			preload: [...Object.keys(library), "xs-mqtt", "xs-mqtt/tcp"],
			main: "main",
			config: {
				operation: operation.operation,
				warm,
				count,
				paceMs,
				mqtt: { port: server.port, ...operation.mqtt },
			},
			durationMs: operation.durationMs ?? 20_000,
			...(operation.slots === undefined ? {} : { slots: operation.slots }),
			...(operation.chunks === undefined ? {} : { chunks: operation.chunks }),
		});
		const line = result.trace.find((text) => text.startsWith("@result "));
		if (!line || process.env.XSTRACE) throw new Error(`${operation.operation}: no result\n${result.trace.join("\n")}\n${result.stderr}`);
		return { count, ...JSON.parse(line.slice(8)), codeBytes: result.report?.codeBytes ?? {} };
	} finally {
		await server.close();
	}
}
