// Goal: what a new user does with the package works: the README's program and each starter, on both engines.
// Method: the package is packed, unpacked into a folder of its own, and used from there, and from there only.
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf } from "../readme/pages.js";
import { hostOrSkip } from "../xs/support.js";
import { App } from "./app.js";

const engines = ["node", ...((await hostOrSkip()) === undefined ? [] : ["xs"])];

describe("from the packed package", () => {
	let app: App;

	beforeAll(() => {
		app = new App();
	});

	afterAll(() => app.remove());

	it.each(engines)("the program of the README runs on %s", (engine) => {
		const [program = ""] = blocksOf("README.md", "ts");
		writeFileSync(join(app.folder, "readme.mjs"), program);
		const log = app.run("run", "readme.mjs", "--engine", engine, "--duration", "4", "--seed", "1");
		expect(log).toMatch(/PUBLISH .*greenhouse\/7\/status {2}"online", QoS 1 RETAIN/);
		expect(log).toMatch(/DISCONNECT/);
	});

	describe.each([
		["javascript", "main.js"],
		["typescript", "build/main.js"],
	])("the starter %s", (name, program) => {
		it("compiles", () => {
			app.copyStarter(name);
			app.compile();
			expect(existsSync(join(app.folder, program))).toBe(true);
		});

		it.each(engines)("runs on %s with its manifest", (engine) => {
			const options = ["--manifest", "manifest.json", "--engine", engine, "--duration", "4", "--seed", "1"];
			const log = app.run("run", program, ...options);
			expect(log).toMatch(/SUBSCRIBE .*my-device\/interval QoS 1/);
			expect(log).toMatch(/PUBLISH .*my-device\/count {2}"{"n":0}", QoS 1/);
		});

		it("is refused by the compiler when an option is wrong", () => {
			const main = name === "typescript" ? "main.ts" : "main.js";
			cpSync(join(app.folder, main), join(app.folder, `${main}.kept`));
			writeFileSync(join(app.folder, main), app.read(main).replace('clientId: "my-device"', "clientId: 5"));
			expect(() => app.compile("--noEmit")).toThrow(/clientId|number/);
			cpSync(join(app.folder, `${main}.kept`), join(app.folder, main));
		});
	});
});
