// Goal: nothing in the simulator takes the time from Node, but the real clock and what is about processes and people.
// Method: lines that do are put into files of the simulator, which are linted with the project's own configuration.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const eslint = new ESLint({ cwd: ROOT });

/** Messages about clocks for a file of the simulator with this text. */
async function complaints(file: string, text: string): Promise<number> {
	const [result] = await eslint.lintText(text, { filePath: join(ROOT, "host-sim", file) });
	return result!.messages.filter(({ message }) => message.includes("Take a Clock")).length;
}

describe("the clock of the simulator", () => {
	it.each([
		["setTimeout(() => undefined, 1);"],
		["setInterval(() => undefined, 1);"],
		["setImmediate(() => undefined);"],
		["clearTimeout(undefined);"],
		["globalThis.setTimeout(() => undefined, 1);"],
		["export const ms = performance.now();"],
		["export const ms = Date.now();"],
		["export const date = new Date();"],
		["export const text = Date();"],
		["export const ns = process.hrtime();"],
		['import { performance } from "node:perf_hooks";\nexport const ms = performance.now();'],
		['import { setTimeout as sleep } from "node:timers/promises";\nawait sleep(1);'],
		['import { setTimeout as later } from "timers";\nlater(() => undefined, 1);'],
	])("is not gone round by %j", async (line) => {
		for (const folder of [
			"world",
			"stand-ins/node",
			"simulator",
			"brokers/model",
			"companions",
			"log",
			"torture",
			"commands",
		])
			expect(await complaints(`${folder}/breach.ts`, `${line}\n`), folder).toBeGreaterThan(0);
		expect(await complaints("world/real-clock.ts", `${line}\n`)).toBe(0);
	});

	it("does not forbid dates that are made of a number, nor a method of another object", async () => {
		const text = "export const day = new Date(0).getDay();\nexport const next = (a: { now(): number }) => a.now();\n";
		expect(await complaints("world/fine.ts", text)).toBe(0);
	});

	it("excepts only files that are there", async () => {
		for (const file of ["cli.ts", "terminal/output.ts", "simulator/node-process.ts", "simulator/program/watchdog.ts"]) {
			expect(existsSync(join(ROOT, "host-sim", file))).toBe(true);
			expect(await complaints(file, "setTimeout(() => undefined, 1);\n")).toBe(0);
		}
	});
});
