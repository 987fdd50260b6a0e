// Goal: `xs-mqtt torture` is a command like the others: help, clear refusals, exit codes, JSON, Ctrl-C.
// Method: in this process where nothing is run, else as it is installed, with few seeds. A violation is made by a client
//   whose packet identifiers are broken through a module that is loaded before it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { compiledUrl } from "../../host-sim/stand-ins/stand-ins.js";
import { runInProcess, Running, startCli } from "./run-cli.js";

const CLI = new URL("../../dist/host-sim/cli.js", import.meta.url).pathname;

describe("xs-mqtt torture", () => {
	it("explains itself", async () => {
		const { exitCode, out } = await runInProcess("torture", "--help");
		expect(exitCode).toBe(0);
		for (const option of ["--seeds", "--from", "--seed", "--steps", "--minutes", "--jobs", "--random", "--json"]) {
			expect(out.toString()).toContain(option);
		}
	});

	it.each([
		[["--seeds", "x"], "--seeds"],
		[["--seed", "-1"], "--seed"],
		[["--jobs", "0"], "--jobs"],
		[["--minutes", "0"], "--minutes"],
		[["--steps", "1"], "--steps: needs --seed"],
		[["--random", "--from", "3"], "--random"],
		[["--seed", "1", "--steps", "x"], '--steps: "x" is not a list'],
		[["--sedes", "1"], "--seeds"],
	])("refuses %j", async (args, text) => {
		const { exitCode, err } = await runInProcess("torture", ...args);
		expect(exitCode).toBe(64);
		expect(err).toContain(text);
		expect(err.trim().split("\n")).toHaveLength(1);
	});

	it("adds up the same, with any number of processes", async () => {
		const run = async (jobs: string): Promise<Record<string, number>> => {
			const { exitCode, out } = await startCli(["torture", "--seeds", "30", "--from", "100", "--jobs", jobs, "--json"])
				.ended;
			expect(exitCode).toBe(0);
			return JSON.parse(out.toString()) as Record<string, number>;
		};
		const [one, two] = [await run("1"), await run("3")];
		for (const name of ["seeds", "steps", "events", "packets", "connects", "simulatedMs", "leaptMs"]) {
			expect(one[name]).toBe(two[name]);
		}
		expect(one["seeds"]).toBe(30);
	});

	it("shows one seed: what the device does, every packet, the set-up", async () => {
		const { exitCode, out } = await startCli(["torture", "--seed", "7"]).ended;
		expect(exitCode).toBe(0);
		for (const text of ["CONNECT ", "CONNACK ", "▶", "◀", "set-up: {", "all faults end", "no violation"]) {
			expect(out.toString()).toContain(text);
		}
		const again = await startCli(["torture", "--seed", "7"]).ended;
		expect(again.out.equals(out)).toBe(true);
	});

	it("takes only the steps that it is told to", async () => {
		const { out } = await startCli(["torture", "--seed", "7", "--steps", "0-3,9", "--json"]).ended;
		expect(JSON.parse(out.toString())).toMatchObject({ seed: 7, steps: 5 });
	});

	it("ends after its time", async () => {
		const { exitCode, out } = await startCli(["torture", "--minutes", "0.05", "--json"]).ended;
		expect(exitCode).toBe(0);
		expect(JSON.parse(out.toString())).toMatchObject({ violations: 0 });
	});

	it("says what was done on Ctrl-C", async () => {
		const running = startCli(["torture", "--seeds", "1000000"]);
		setTimeout(() => running.child.kill("SIGINT"), 3_000);
		const { exitCode, out } = await running.ended;
		expect(exitCode).toBe(0);
		expect(out.toString()).toMatch(/seeds.*\n.*connections\n.*device-hours.*\nno violation\n$/);
	});

	it("reports a violation: shrunk, drawn, with the command that shows it again, and ends with 1", async () => {
		const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-"));
		onTestFinished(() => rmSync(folder, { recursive: true }));
		const file = join(folder, "defect.mjs");
		const module = compiledUrl("host-sim/torture/checkers/outgoing.js").href;
		// A checker that calls every delivery a violation stands for a client with a defect.
		writeFileSync(
			file,
			`const { OutgoingChecker } = await import(${JSON.stringify(module)});
			OutgoingChecker.prototype.delivered = function () { this.answer(this.ask("t", 1, false, 0), -2); this.problem(4, 1); };`,
		);
		const args = ["--import", pathToFileURL(file).href, CLI, "torture", "--seeds", "10", "--jobs", "1"];
		const { exitCode, out } = await new Running(process.execPath, args).ended;
		const text = out.toString();
		expect(exitCode).toBe(1);
		const [, seed, steps] = /again: xs-mqtt torture --seed (\d+) --steps ([\d,-]+)/.exec(text) ?? [];
		expect(text).toContain(`VIOLATION, seed ${seed}: `);
		expect(text).toContain("PUBACK");
		expect(steps!.split(",").length).toBeLessThan(5);
	});
});
