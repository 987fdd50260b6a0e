// Goal: a program that nobody has changed runs in virtual time, everything around it included: an hour takes seconds, the
// same seed says the same, and devices beside each other in one process know nothing of each other.
// Method: the telemetry example with the stand-ins on Node, against the model server, with commands, a reset, a link on which
// nothing passes, and a server that closes; its log, line by line.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { State } from "../../firmware/client/terms/codes.js";

const SCRIPT = fileURLToPath(new URL("virtual-hour.mjs", import.meta.url));
const OPTIONS = ["--experimental-vm-modules", "--experimental-import-meta-resolve", "--no-warnings"];
/** Of real time, for several hours of virtual time: far more than they take, far less than an hour. */
const LIMIT_MS = 120_000;

/** The logs of devices with these seeds, each with its line of figures at the end. */
function logsOf(...seeds: number[]): Promise<string[][]> {
	return new Promise((resolve, reject) => {
		const options = { maxBuffer: 1 << 26 };
		execFile(process.execPath, [...OPTIONS, SCRIPT, seeds.join()], options, (error, out) => {
			if (error) return reject(error);
			const logs = out.split(/(?<=^\{.*\}\n)/m).filter((log) => log !== "");
			resolve(logs.map((log) => log.trimEnd().split("\n")));
		});
	});
}

describe("an hour of virtual time", { timeout: LIMIT_MS }, () => {
	it("passes for the telemetry example, with all that happens in it", async () => {
		const [log] = await logsOf(5);
		const lines = log!.slice(0, -1);
		const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
		expect(JSON.parse(log!.at(-1)!)).toEqual({
			ms: 3_600_000,
			ticks: 3_600_000,
			connections: 4,
			state: State.CONNECTED,
		});
		// A reading a second, and two from the half hour on; those of the minute in which nothing passed are sent later, or refused.
		expect(count(/→ PUBLISH .*temperature/)).toBeGreaterThan(5_200);
		expect(count(/← PUBACK/)).toBeGreaterThan(5_200);
		expect(count(/\| telemetry: here I am/)).toBe(1);
		expect(count(/\| telemetry: connection lost/)).toBe(3);
		expect(count(/← CONNACK {5}accepted, session present/)).toBe(3);
		expect(lines.some((line) => line.startsWith(" 1200.000") && line.includes("nothing passes any more"))).toBe(true);
		expect(lines.every((line) => !line.includes("has broken the standard"))).toBe(true);
	});

	it("says the same for the same seed, alone or beside others, and something else for another", async () => {
		const [first, other, beside] = await logsOf(5, 6, 5);
		const [alone] = await logsOf(5);
		expect(alone!.length).toBeGreaterThan(10_000);
		expect(first).toEqual(alone);
		expect(beside).toEqual(alone);
		expect(other).not.toEqual(alone);
	});
});
