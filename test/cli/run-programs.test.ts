// Goal: a program finds in the simulator what a device has and nothing else, and is told in one line what it lacks, and where.
// Method: the command as it is installed, with small programs in folders of their own, on both engines.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";
import { runCliProcess } from "./run-cli.js";

const found = await tryBuildXsHost();
const engines = "host" in found ? ["node", "xs"] : ["node"];
const TYPESCRIPT = fileURLToPath(new URL("../../node_modules/typescript", import.meta.url));

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xs-mqtt-run-programs-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files into a folder of their own. Returns its path. */
let count = 0;
function write(files: Readonly<Record<string, string>>): string {
	const own = join(folder, `${++count}`);
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(dirname(join(own, name)), { recursive: true });
		writeFileSync(join(own, name), text);
	}
	return own;
}

/** What the program traced, line by line, and the last line for people about what went wrong. */
async function run(file: string, ...args: string[]): Promise<{ exitCode: number | null; said: string[]; err: string }> {
	const { exitCode, out, err } = await runCliProcess(["run", file, "--seed", "7", ...args]);
	const said = [...out.toString().matchAll(/^ +[\d.]+ +\| (.*)$/gm)].map(([, text]) => text!);
	return { exitCode, said, err: err.trim() };
}

const ABSENT =
	"process Buffer fetch setTimeout setInterval setImmediate queueMicrotask console performance TextEncoder URL " +
	"structuredClone crypto AbortController require module Intl WebAssembly";

describe.each(engines)("a program on %s", (engine) => {
	it("has what a device has", async () => {
		const source = `
			import Timer from "timer";
			const names = [${ABSENT.split(" ").map((name) => `["${name}", typeof ${name}]`)}];
			trace(names.filter(([, type]) => type !== "undefined").join(), "\\n");
			trace([typeof trace, typeof System.resolve, typeof ArrayBuffer.fromString, typeof Atomics, typeof WeakRef], "\\n");
			trace(new Error("x") instanceof Error, " ", global === globalThis, "\\n");
			try { trace(Timer.set.constructor("return process")()); } catch (error) { trace(error.name !== "", "\\n"); }
			import("node:fs").then(() => trace("fs\\n"), (error) => trace(error instanceof ReferenceError, "\\n"));
			trace(Math.random(), "\\n");
			Timer.set(() => trace("past\\n"), 2 ** 31);
			const far = Timer.set(() => trace("far\\n"), 2 ** 31 - 1);
			Timer.set(() => Timer.clear(far), 50);
		`;
		const own = write({ "main.js": source, "package.json": "{}", "broken.js": "let = ;" });
		const { said, err, exitCode } = await run(join(own, "main.js"), "--engine", engine);
		expect({ said, err, exitCode }).toEqual({
			said: [
				"",
				"function,function,function,object,function",
				"true true",
				"true",
				"0.05514999106526375",
				"true",
				"past",
			],
			err: "",
			exitCode: 0,
		});
	});

	it("may be TypeScript, with enums and imports of other sources", async () => {
		const own = write({
			"src/main.ts": `
				import { Level, type Thing } from "./part.js";
				import { up } from "../up";
				enum Colour { RED, GREEN = 5 }
				const thing: Thing = { level: Level.HIGH };
				trace(Colour[5]!, thing.level, up, "\\n");
				interface Unused { a: number }
				throw new RangeError("boom" as string);`,
			"src/part.ts": "export const enum Level { LOW, HIGH = 4 }\nexport interface Thing { level: Level }",
			"up.ts": 'export const up: string = "up";',
		});
		mkdirSync(join(own, "node_modules"));
		symlinkSync(TYPESCRIPT, join(own, "node_modules/typescript"));
		const { said, err, exitCode } = await run(join(own, "src/main.ts"), "--engine", engine);
		expect({ said, exitCode }).toEqual({ said: ["GREEN4up"], exitCode: 70 });
		// XS tells no place of an exception.
		expect(err).toMatch(engine === "node" ? /RangeError: boom \(at .*src\/main\.ts:8:11\)$/m : /RangeError: boom$/m);
	});

	it.each([
		["a global of Node", "let a;\nsetTimeout(() => {});", /: ReferenceError: .*setTimeout.*; use Timer from "timer"$/],
		["a module of Node", 'import fs from "fs";', /"fs", imported by .*main\.mjs, is Node's own; a device has no files/],
		["a name that is not exported", '\nimport { no } from "timer";', /SyntaxError: .*\bno\b.* at .*main\.mjs:2$/],
		["what cannot be parsed", "\n\nlet = ;", /cannot be loaded: SyntaxError: .* at .*main\.mjs:3$/],
		[
			"a module that is not there",
			'import "./no.js";',
			/cannot be loaded: module "\.\/no\.js" not found, imported by .*main/,
		],
	])("is told in one line when it has %s", async (_what, source, message) => {
		const { err } = await run(join(write({ "main.mjs": source }), "main.mjs"), "--engine", engine, "--quiet");
		const [line = "", ...places] = err.split("\n");
		expect(line).toMatch(/^Error: /);
		expect(line).toMatch(message);
		// What follows is where it was.
		for (const place of places) expect(place).toMatch(/^ {2}at /);
	});
});

it("a program in TypeScript whose project has no compiler is told so", async () => {
	const { err, exitCode } = await run(join(write({ "main.ts": "let a: number;" }), "main.ts"));
	expect(err).toMatch(
		/^Error: program .* cannot be loaded: .*main\.ts needs TypeScript, .*: npm install --save-dev typescript$/,
	);
	expect(exitCode).toBe(1);
});
