import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "../../host-sim/run/run.js";
import { tryBuildXsHost } from "../../host-sim/xs/build.js";

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
		expect(result.exitCode).toBe(0);
		expect(lines.some((line) => line.startsWith("fault: cut after"))).toBe(true);
	});

	it("ends with 70 and one line when an exception escapes", async () => {
		const program = write('import Timer from "timer"; Timer.set(() => { throw new RangeError("boom"); }, 10);');
		const result = await runProgram({ program, engine: "xs" });
		expect(result).toMatchObject({ exitCode: 70, end: "exception" });
		expect(result.error).toMatch(/^a device would restart: .*RangeError: boom$/);
	});

	it("says what cannot be loaded", async () => {
		const program = write('import "./not-there.js";');
		await expect(runProgram({ program, engine: "xs" })).rejects.toThrow(/cannot be loaded: .*not-there/);
	});
});
