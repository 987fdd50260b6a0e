// Goal: the README's example cannot rot.
// Method: its text is cut out of the README and run, unchanged, in the simulator against the embedded broker.
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "../../host-sim/run/run.js";

const README = new URL("../../README.md", import.meta.url);

describe("the README", () => {
	let folder: string;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "xs-mqtt-readme-"));
	});

	afterAll(() => rm(folder, { recursive: true, force: true }));

	it("has an example of about twenty lines that connects, subscribes and publishes", async () => {
		const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(README, "utf8"))?.[1] ?? "";
		expect(code.trim().split("\n").length).toBeLessThanOrEqual(30);
		const program = join(folder, "program.mjs");
		await writeFile(program, code);
		const lines: string[] = [];
		const result = await runProgram({ program, durationS: 2.5, seed: 1, onLine: (line) => lines.push(line) });
		const log = lines.join("\n");
		expect(result.exitCode).toBe(0);
		expect(log).toContain('CONNECT     client "greenhouse-7"');
		expect(log).toMatch(/SUBSCRIBE .*greenhouse\/7\/command\/# QoS 2/);
		expect(log).toMatch(/PUBLISH .*greenhouse\/7\/status {2}"online", QoS 1 RETAIN/);
		expect(log).toMatch(/PUBLISH .*greenhouse\/7\/temperature {2}"{"celsius":21.5}", QoS 1/);
		expect(log).toContain("DISCONNECT");
	});
});
