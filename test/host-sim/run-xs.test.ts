import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../host-sim/simulator/run-options.js";
import { runProgram } from "../../host-sim/simulator/run-program.js";
import { summaryLines } from "../../host-sim/simulator/summary.js";
import { STEADY_S } from "../../host-sim/simulator/xs-memory.js";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";
import { runInProcess } from "../cli/run-cli.js";

// Goal: the same program, broker, faults and log with the XS engine in a process of its own.

const found = await tryBuildXsHost();
let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xs-mqtt-run-xs-test-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(source: string): string {
	const file = join(folder, `main${Math.random()}.js`);
	writeFileSync(file, source);
	return file;
}

/** What a buffer of some bytes takes of the chunk heap: its header and its rounding differ with the engine's word size. */
function chunkSize({ memory }: RunResult, bytes: number): number {
	const [header, unit] = memory!.bits === 32 ? [8, 4] : [16, 8];
	return Math.ceil((header + bytes) / unit) * unit;
}

describe.skipIf("reason" in found)("a run on XS", () => {
	it("shows the packets, stops the client in good order, and reports its memory", async () => {
		const lines: string[] = [];
		const result = await runProgram({
			program: "telemetry",
			engine: "xs",
			durationS: 1.5,
			onLine: (line) => lines.push(line.slice(14)),
		});
		expect(result).toMatchObject({ exitCode: 0, end: "duration", engine: "xs", connections: 1 });
		expect(lines.some((line) => /^→ PUBLISH .*\/temperature .*QoS 1/.test(line))).toBe(true);
		expect(lines.slice(-2)).toEqual(["→ DISCONNECT", "closed: by the device"]);
		expect(result.clients[0]).toMatchObject({ clientId: "sensor-1", counters: { CONNECTS: 1 } });
		expect(result.memory).toMatchObject({ slots: { size: 4928 }, chunkBytes: { size: 78_848 }, collections: 0 });
	});

	it("goes through faults", async () => {
		const lines: string[] = [];
		const result = await runProgram({
			program: "telemetry",
			engine: "xs",
			durationS: 2,
			split: true,
			latencyMs: 5,
			dropEvery: 3,
			seed: 3,
			onLine: (line) => lines.push(line.slice(14)),
		});
		// Whether it is connected at the end is the faults' business, and decides between 0 and 1.
		expect(result).toMatchObject({ end: "duration", error: undefined });
		expect(lines.some((line) => line.startsWith("fault: cut after"))).toBe(true);
	});

	it("traces what a constructor refuses, letter for letter as on Node", async () => {
		const tries = [
			{ clientID: "x" },
			{ will: { topic: "t", retained: true } },
			{ host: "mqtt://user:hush@broker:1884/" },
			{ host: "fe80::1" },
			{ host: "192.168.1.256" },
			{ host: "b\u00fccher.example" },
			{ host: "broker" },
			{ dns: {} },
			{ keepAlive: "60" },
			{ onDelivred: 5 },
		];
		const program = write(`
			import { Client, Topic } from "xs-mqtt";
			import { tcp } from "xs-mqtt/tcp";
			for (const options of ${JSON.stringify(tries)}) {
				try { new Client({ host: "127.0.0.1", transport: tcp, ...options }); } catch {}
			}
			new Topic("a/#");
		`);
		const told: string[][] = [];
		for (const engine of ["node", "xs"] as const) {
			const lines: string[] = [];
			await runProgram({ program, engine, durationS: 1, onLine: (line) => lines.push(line.slice(14)) });
			told.push(lines.filter((line) => line.includes("xs-mqtt: ")));
		}
		expect(told[0]).toHaveLength(tries.length + 1);
		expect(told[1]).toEqual(told[0]);
		expect(told.join()).not.toContain("hush");
	});

	it("ends with 70 and one line when an exception escapes", async () => {
		const program = write('import Timer from "timer"; Timer.set(() => { throw new RangeError("boom"); }, 10);');
		const result = await runProgram({ program, engine: "xs" });
		expect(result).toMatchObject({ exitCode: 70, end: "exception" });
		expect(result.error).toMatch(/^a device would restart: .*RangeError: boom$/);
	});

	it.each([
		[
			"slot heap",
			{ slots: 64 },
			/^a device would restart: slot heap is full\. In use: 63 of 64 slots, \d+ of 78848 chunk bytes, /,
		],
		[
			"chunk heap",
			{ chunks: 64 },
			/: chunk heap is full \(\d+ more bytes were asked for\)\. In use: \d+ of 4928 slots/,
		],
		[
			"stack",
			{ stack: 64 },
			/: stack is full \(a call needs more than what is left\)\. .* \d+ of 64 stack slots, 0 of 256 keys$/,
		],
	])("says that the %s is full, and how full the others were", async (_pool, heap, message) => {
		const result = await runProgram({ program: "telemetry", engine: "xs", heap, durationS: 4 });
		expect(result).toMatchObject({ exitCode: 70, end: "exception" });
		expect(result.error).toMatch(message);
	});

	it("says that the key table is full, which takes names that nobody knew before", async () => {
		const program = write('for (let index = 0; index < 9; index++) globalThis["name" + index] = index;');
		const result = await runProgram({ program, engine: "xs", heap: { keys: 1 } });
		expect(result).toMatchObject({ exitCode: 70, end: "exception" });
		expect(result.error).toMatch(/: key table is full\. .* 1 of 1 keys$/);
	});

	it("takes the heap from the manifest, and options before that", async () => {
		const program = write("export default () => {};");
		const manifest = join(folder, "heap.json");
		const creation = { heap: { initial: 900 }, chunk: { initial: 9000 }, stack: 300, keys: { available: 20 } };
		writeFileSync(manifest, JSON.stringify({ creation }));
		const { memory } = await runProgram({ program, manifest, engine: "xs", heap: { chunks: 8000 } });
		expect(memory).toMatchObject({
			slots: { size: 900 },
			chunkBytes: { size: 8000 },
			stack: { size: 300 },
			keys: { size: 20 },
		});
		writeFileSync(manifest, JSON.stringify({ creation: { heap: { initial: "900" } } }));
		await expect(runProgram({ program, manifest, engine: "xs" })).rejects.toThrow(
			'heap.json: creation.heap.initial: "900" must be a whole number, 64 … 16777216',
		);
	});

	it("shows which functions take the memory", async () => {
		const program = write("export default function start() { globalThis.kept = new Uint8Array(100); }");
		const result = await runProgram({ program, engine: "xs", profile: true });
		const chunkBytes = chunkSize(result, 100);
		expect(result.profile).toContainEqual(
			expect.objectContaining({ module: "main", name: "start", calls: 1, chunkBytes }),
		);
		expect(summaryLines(result).some((line) => line.endsWith("main:start"))).toBe(true);
	});

	it("shows apart what is taken after the first seconds", async () => {
		const source = 'import Timer from "timer"; let kept; Timer.repeat(() => { kept = new Uint8Array(8); }, 100);';
		const result = await runProgram({ program: write(source), engine: "xs", durationS: STEADY_S + 1 });
		const { slots, chunkBytes } = result.memory!.steady!;
		expect(slots).toBeGreaterThanOrEqual(7 * 7);
		expect(slots).toBeLessThanOrEqual(7 * 12);
		expect(chunkBytes).toBe((slots / 7) * chunkSize(result, 8));
		expect(summaryLines(result).at(-1)).toBe(
			`  after the first ${STEADY_S} s: ${slots} slots, ${chunkBytes} chunk bytes, 0 collections`,
		);
	});

	it("says what cannot be loaded", async () => {
		const program = write('import "./not-there.js";');
		await expect(runProgram({ program, engine: "xs" })).rejects.toThrow(/cannot be loaded: .*not-there/);
	});
});

describe("options of the XS heap", () => {
	it.each([
		[
			["--engine", "xs", "--xs-slots", "63"],
			"Error: option '--xs-slots <count>' argument '63' is invalid. It is below the minimum of 64; 64 … 16777216.",
		],
		[
			["--engine", "xs", "--xs-chunks", "16k"],
			"Error: option '--xs-chunks <bytes>' argument '16k' is invalid. It must be a whole number, 64 … 268435456.",
		],
		[
			["--engine", "xs", "--xs-stack", "1048577"],
			"Error: option '--xs-stack <slots>' argument '1048577' is invalid. It is above the maximum of 1048576; 64 … 1048576.",
		],
		[
			["--engine", "xs", "--xs-keys", "0"],
			"Error: option '--xs-keys <count>' argument '0' is invalid. It is below the minimum of 1; 1 … 16384.",
		],
		[["--xs-slots", "1024"], "Error: --xs-slots: only with --engine xs; Node has no heap of fixed size"],
		[["--xs-profile"], "Error: --xs-profile: only with --engine xs"],
	])("%j are refused", async (args, line) => {
		expect(await runInProcess("run", "telemetry", ...args)).toMatchObject({ exitCode: 64, err: `${line}\n` });
	});
});
