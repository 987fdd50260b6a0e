import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { libraryModules, packageRoot } from "../../host-sim/proofs/bench/measure.js";
import type { XsHost } from "../../host-sim/stand-ins/xs/build.js";
import { runOnXs, type XsRunResult } from "../../host-sim/stand-ins/xs/xs-process.js";
import type { Entry } from "./subject.js";

/** What Math.random gives on both engines, so that identifiers start at the same place. */
export const FIXED_RANDOM = 0.25;

/** The one module that draws random numbers, and how it gets them. */
const DRAWING = "xs-mqtt/app/client";
const DRAWN = "Math.random";

/** Compiles modules of this folder for XS, each alone, into a folder of its own. Returns their names and paths. */
export function compileForXs(names: readonly string[]): { modules: Record<string, string>; remove: () => void } {
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-hostile-"));
	const modules: Record<string, string> = {};
	for (const name of names) {
		const source = readFileSync(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), "utf8");
		const { outputText } = ts.transpileModule(source, {
			compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, isolatedModules: true },
		});
		modules[name] = join(folder, `${name}.js`);
		writeFileSync(modules[name], outputText);
	}
	modules[DRAWING] = join(folder, "client.js");
	writeFileSync(modules[DRAWING], withFixedRandom(readFileSync(libraryModules()[DRAWING]!, "utf8")));
	return { modules, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** On XS nobody can replace Math.random: the module is given another one in its place. */
function withFixedRandom(source: string): string {
	if (source.split(DRAWN).length !== 2) throw new Error(`${DRAWING} does not draw by ${DRAWN}, once`);
	return source.replace(DRAWN, `(() => ${FIXED_RANDOM})`);
}

/** What the program on XS has said. */
export interface XsRuns {
	/** Entry, state and what stands behind, and for each way the sum of its trace and what it took. */
	readonly lines: readonly string[];
	readonly stderr: string;
	readonly exitCode: number | null;
}

/** Heap of the runs: every entry has a client of its own, whose timer keeps it. */
const SLOTS = 400_000;
const CHUNKS = 32 << 20;

/** Runs all entries on the XS host, in one process. */
export async function runEntriesOnXs(
	host: XsHost,
	entries: readonly Entry[],
	hexOf: (bytes: Uint8Array) => string,
): Promise<XsRuns> {
	const { modules, remove } = compileForXs(["trace", "stage", "subject", "xs-main"]);
	const library = { ...libraryModules(), "xs-mqtt": join(packageRoot(), "manifests/modules/xs-mqtt.js") };
	try {
		const result = await runOnXs({
			host,
			modules: { ...library, ...modules },
			preload: Object.keys(library),
			main: "xs-main",
			config: {
				entries: entries.map(({ id, kind, packetId, bytes, cleanSession, maximumPacketSize, variants }) => ({
					...{ id, kind, packetId, cleanSession, maximumPacketSize, variants },
					hex: hexOf(bytes),
				})),
			},
			slots: SLOTS,
			chunks: CHUNKS,
			keys: 2_000,
			durationMs: 1_000,
		});
		return { lines: result.trace, stderr: result.stderr, exitCode: result.exitCode };
	} finally {
		remove();
	}
}

/** Runs the client over TCP against a server that sends so many entries twice. */
export async function runOverTcp(host: XsHost, config: { port: number; connections: number }): Promise<XsRunResult> {
	const { modules, remove } = compileForXs(["xs-tcp-main"]);
	const manifests = join(packageRoot(), "manifests/modules");
	const library = {
		...libraryModules(),
		"xs-mqtt": join(manifests, "xs-mqtt.js"),
		"xs-mqtt/tcp": join(manifests, "tcp.js"),
	};
	try {
		return await runOnXs({
			host,
			modules: { ...library, ...modules },
			preload: Object.keys(library),
			main: "xs-tcp-main",
			config,
			durationMs: 50_000,
		});
	} finally {
		remove();
	}
}

/** What the program of WebSocket gets: the entries, the good answer to its request, and its random number. */
export interface WebSocketGiven {
	readonly entries: readonly { readonly isAnswer: boolean; readonly hex: string }[];
	readonly answer: string;
	readonly random: number;
}

/** Runs the entries of WebSocket on the XS host, in one process. */
export async function runWebSocketEntries(host: XsHost, config: WebSocketGiven): Promise<XsRunResult> {
	const { modules, remove } = compileForXs(["xs-websocket-main"]);
	const manifests = join(packageRoot(), "manifests/modules");
	const library = {
		...libraryModules(undefined, "websocket"),
		"xs-mqtt": join(manifests, "xs-mqtt.js"),
		"xs-mqtt/tcp": join(manifests, "tcp.js"),
		"xs-mqtt/websocket": join(manifests, "websocket.js"),
	};
	try {
		return await runOnXs({
			host,
			modules: { ...library, ...modules },
			preload: Object.keys(library),
			main: "xs-websocket-main",
			config: config as unknown as Record<string, unknown>,
			slots: SLOTS,
			chunks: CHUNKS,
			keys: 2_000,
			durationMs: 60_000,
		});
	} finally {
		remove();
	}
}
