// Goal: the README's example cannot rot.
// Method: its text is cut out of the README and run, unchanged, in the simulator against the embedded broker; the picture
// of a run is compared with what comes. test/scripts/starters runs the same text from the packed package.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "../../host-sim/simulator/run-program.js";
import { summaryLines } from "../../host-sim/simulator/summary.js";
import { blocksOf } from "./pages.js";

describe("the README", () => {
	let folder: string;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "xs-mqtt-readme-"));
	});

	afterAll(() => rm(folder, { recursive: true, force: true }));

	it("has a program of about ten lines that connects, subscribes and publishes, and shows what it prints", async () => {
		const [code = ""] = blocksOf("README.md", "ts");
		expect(code.trim().split("\n").length).toBeLessThanOrEqual(13);
		const program = join(folder, "main.mjs");
		await writeFile(program, code);
		const lines: string[] = [];
		const result = await runProgram({ program, durationS: 2, seed: 7, onLine: (line) => lines.push(line) });
		expect(result.exitCode).toBe(0);
		const [picture = ""] = blocksOf("README.md", "text");
		const shown = picture.slice(0, picture.indexOf("\n\n")).split("\n");
		// The program stands in a folder of its own there, and times and the broker's port are those of a run.
		const plain = (line: string): string =>
			line
				.replace(folder, "")
				.replace(/^[\s\d.]+/, "")
				.replace(/^\/|(port |127\.0\.0\.1:)\d+/g, "");
		expect(lines.map(plain).sort()).toEqual(shown.map(plain).sort());
		const summary = picture.slice(picture.indexOf('client "greenhouse-7", arena')).trimEnd().split("\n");
		expect(summaryLines(result)).toEqual(expect.arrayContaining(summary));
	});
});
