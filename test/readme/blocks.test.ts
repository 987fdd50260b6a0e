// Goal: the examples of the pages cannot rot.
// Method: every TypeScript block is type-checked against the sources; the program of the device page is run, too.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runProgram } from "../../host-sim/simulator/run-program.js";
import { blocksOf, PAGES, ROOT } from "./pages.js";

const OPTIONS: ts.CompilerOptions = {
	module: ts.ModuleKind.NodeNext,
	target: ts.ScriptTarget.ES2022,
	lib: ["lib.es2022.d.ts"],
	types: [],
	strict: true,
	noEmit: true,
	noUncheckedIndexedAccess: true,
	// As a user's editor sees them.
	paths: {
		"xs-mqtt": [join(ROOT, "dist/firmware/index.d.ts")],
		"xs-mqtt/tcp": [join(ROOT, "dist/firmware/transport/tcp.d.ts")],
		"xs-mqtt/dns": [join(ROOT, "dist/firmware/transport/dns.d.ts")],
		"xs-mqtt/tls": [join(ROOT, "dist/firmware/transport/tls.d.ts")],
		"xs-mqtt/websocket": [join(ROOT, "dist/firmware/transport/websocket.d.ts")],
		"xs-mqtt/servers": [join(ROOT, "dist/firmware/servers/servers.d.ts")],
	},
};

let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "xs-mqtt-pages-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it("type-checks every TypeScript block", async () => {
	const files: string[] = [];
	for (const page of PAGES) {
		for (const [index, block] of blocksOf(page, "ts").entries()) {
			const file = join(folder, `${page.replaceAll(/\W/g, "-")}-${index}.mts`);
			await writeFile(file, block);
			files.push(file);
		}
	}
	expect(files.length).toBeGreaterThan(3);
	const program = ts.createProgram([...files, join(ROOT, "firmware/platform.d.ts")], OPTIONS);
	const problems = ts.getPreEmitDiagnostics(program).map((problem) => {
		const place = problem.file && `${problem.file.fileName} ${problem.file.text.slice(problem.start).slice(0, 40)}`;
		return `${place}: ${ts.flattenDiagnosticMessageText(problem.messageText, " ")}`;
	});
	expect(problems).toEqual([]);
});

it("runs the program of the device page", async () => {
	const [code] = blocksOf("manifests/README.md", "ts");
	const program = join(folder, "main.mjs");
	await writeFile(program, code ?? "");
	const lines: string[] = [];
	const result = await runProgram({ program, durationS: 1, seed: 1, onLine: (line) => lines.push(line) });
	const log = lines.join("\n");
	expect(result.exitCode).toBe(0);
	expect(log).toMatch(/SUBSCRIBE .*greenhouse\/7\/command QoS 1/);
	expect(log).toMatch(/PUBLISH .*greenhouse\/7\/status {2}"online", QoS 1 RETAIN/);
});
