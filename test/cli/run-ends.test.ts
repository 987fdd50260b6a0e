// Goal: `xs-mqtt run` ends, whatever its program does, with the right exit code.
// Method: the command as it is installed, with small programs. One that did not end would run into the test's time limit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tryBuildXsHost } from "../../host-sim/xs/build.js";
import { runCliProcess } from "./run-cli.js";

const found = await tryBuildXsHost();
const engines = "host" in found ? ["node", "xs"] : ["node"];

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xs-mqtt-run-ends-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function write(source: string): string {
	const file = join(folder, `main${++count}.mjs`);
	writeFileSync(file, source);
	return file;
}

/** A program with a client, and what it does with it. */
const withClient = (source: string): string => `
	import { Client } from "xs-mqtt";
	import { tcp } from "xs-mqtt/tcp";
	import Timer from "timer";
	import config from "mc/config";
	const client = new Client({ ...config.mqtt, clientId: "a", transport: tcp });
	${source}`;

describe.each(engines)("a run on %s", (engine) => {
	const run = (source: string, ...args: string[]): ReturnType<typeof runCliProcess> =>
		runCliProcess(["run", write(source), "--engine", engine, ...args]);

	it.each([
		["stops its client while it is connected", "client.start(); Timer.set(() => client.stop(), 300);"],
		[
			"closes it while it stops",
			"client.start(); Timer.set(() => { client.stop(); client.stop(); client.close(); }, 300);",
		],
		["closes it while it connects", "client.start(); client.close();"],
	])("ends by itself when its program %s", async (_what, source) => {
		const { exitCode, out, err } = await run(withClient(source));
		expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
		expect(out.toString()).toContain("the program ended by itself");
	});
});
