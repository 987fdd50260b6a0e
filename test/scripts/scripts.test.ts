// Goal: every script of package.json that takes arguments shows its help, and refuses what it does not know, before it does
// anything.
// Method: the programs behind them are run as npm runs them, without what they need.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { scripts: Record<string, string> };

/** Programs of ours that arguments go to: those at the end of a script. `start` is `xs-mqtt run`, which has tests of its own. */
const PROGRAMS = Object.entries(scripts).flatMap(([name, line]) => {
	const [, program] = /&& node (dist\/\S+\.js(?: --build-only)?)$/.exec(line) ?? [];
	return program === undefined ? [] : [{ name, program: program.split(" ") }];
});

function run(program: readonly string[], ...args: string[]): { status: number | null; text: string } {
	const environment = { ...process.env, MODDABLE: "" };
	const options = { cwd: ROOT, env: environment, encoding: "utf8", timeout: 20_000 } as const;
	const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], options);
	return { status, text: stdout + stderr };
}

describe("the scripts", () => {
	it("are found", () => {
		const names = PROGRAMS.map(({ name }) => name);
		expect(names).toEqual(
			expect.arrayContaining(["budget", "soak", "bench", "release:git", "fuzz", "mutation", "flash"]),
		);
	});

	// Those of the tests' own folder are compiled when they are first run.
	const built = PROGRAMS.filter(({ program }) => existsSync(`${ROOT}${program[0]}`));

	it.each(built)("$name --help shows how it is used", ({ name, program }) => {
		const { status, text } = run(program, "--help");
		expect(text).toMatch(/^Usage: /);
		expect(text).toContain(name);
		expect(text).toContain("Exit codes:");
		expect(status).toBe(0);
	});

	it.each(built)("$name refuses an option that it does not know", ({ program }) => {
		const { status, text } = run(program, "--nonsense");
		expect(text).toMatch(/unknown option '--nonsense'/);
		expect(status).toBe(64);
	});

	it.each(built.filter(({ name }) => ["budget", "release:git"].includes(name)))(
		"$name refuses arguments",
		({ program }) => {
			const { status, text } = run(program, "nonsense");
			expect(text).toMatch(/too many arguments/);
			expect(status).toBe(64);
		},
	);

	it.each([
		["check:device", []],
		["flash", ["--board", "esp32/nodemcu"]],
	])("%s without an SDK is neither well nor wrong", (name, args) => {
		const { program } = PROGRAMS.find((each) => each.name === name)!;
		const { status, text } = run(program, ...args);
		expect(text).toContain("MODDABLE is not set");
		expect(status).toBe(77);
	});

	it.each([
		["check:device", ["--only", "nonsense"]],
		["conformance", ["--protocol", "nonsense"]],
		["soak", ["--minutes", "x"]],
		["flash", ["--board", "esp32/nodemcu", "--program", "nonsense"]],
		["flash", []],
		["flash", ["--board", "esp32/nodemcu", "tls=1"]],
		["flash", ["--board", "esp32/nodemcu", "--program", "ota", "tls=1", "ca=ca.pem"]],
	])("%s refuses %j", (name, args) => {
		const { program } = PROGRAMS.find((each) => each.name === name)!;
		expect(run(program, ...args).status).toBe(64);
	});
});
