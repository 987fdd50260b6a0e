// Goal: `xs-mqtt run` ends, whatever its program does, with the right exit code.
// Method: the command as it is installed, with small programs. One that did not end would run into the test's time limit.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";
import { CLI, runCliProcess, Running } from "./run-cli.js";

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
	])("ends by itself when its program %s", async (_what, source) => {
		const { exitCode, out, err } = await run(withClient(source));
		expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
		expect(out.toString()).toContain("the program ended by itself");
	});

	it("ends by itself when its program closes it while it connects, and says that it was never connected", async () => {
		const { exitCode, out, err } = await run(withClient("client.start(); client.close();"));
		expect(exitCode).toBe(1);
		expect(err).toMatch(/^Error: client "a" was never connected: .*\n$/);
		expect(out.toString()).toContain("the program ended by itself");
	});

	it("ends after its duration though its program does not come back, and says so", async () => {
		const source = 'import Timer from "timer"; Timer.set(() => { trace("going"); for (;;) {} });';
		const { exitCode, out, err } = await run(source, "--duration", "0.1");
		expect(exitCode).toBe(70);
		expect(err).toBe("Error: the program did not come back from its own code within 2 s\n");
		expect(out.toString()).toMatch(/going\n[^]*: the program did not come back from its own code\n/);
	});

	/** Starts a program that never comes back from being loaded. */
	async function startHanging(): Promise<{ running: Running; children: number[]; temporary: string }> {
		const temporary = join(folder, `tmp${++count}`);
		mkdirSync(temporary);
		const args = [`TMPDIR=${temporary}`, process.execPath, CLI, "run", write('trace("going\\n"); for (;;) {}')];
		const running = new Running("env", [...args, "--engine", engine]);
		await until(() => running.out.includes("going"));
		const children = spawnSync("pgrep", ["-P", String(running.child.pid)], { encoding: "utf8" });
		return { running, children: children.stdout.trim().split("\n").map(Number), temporary };
	}

	it("ends at the second signal, with all that belongs to it", async () => {
		const { running, children, temporary } = await startHanging();
		expect(children).toHaveLength(1);
		running.child.kill("SIGINT");
		running.child.kill("SIGTERM");
		expect((await running.ended).exitCode).toBe(130);
		await until(() => !children.some(isAlive));
		expect(readdirSync(temporary)).toEqual([]);
	});

	it("ends in good order when it is told to before its program runs", async () => {
		const program = write('import Timer from "timer"; Timer.repeat(() => {}, 10);');
		const running = new Running(process.execPath, [CLI, "run", program, "--engine", engine]);
		await until(() => running.out.includes("broker"));
		running.child.kill("SIGINT");
		const { exitCode, out, err } = await running.ended;
		expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
		expect(out.toString()).toMatch(/: stopped\n/);
	});

	it("leaves no program behind when it is killed", async () => {
		const { running, children, temporary } = await startHanging();
		running.child.kill("SIGKILL");
		await running.ended;
		await until(() => !children.some(isAlive));
		expect(readdirSync(temporary)).toEqual([]);
	});
});

/** Waits; the test's time limit is the limit. */
async function until(isSo: () => boolean): Promise<void> {
	while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Whether a process runs; one that is dead and not yet waited for does not. */
function isAlive(processId: number): boolean {
	const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(processId)], { encoding: "utf8" });
	return /^[^Z]/.test(stdout.trim());
}
