// Goal: a program reads the files of its manifest's `data` as on a device, by the names that they have there.
// Method: the same program on both engines; manifests that are wrong.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dataFiles } from "../../host-sim/manifest/data.js";
import { loadManifest } from "../../host-sim/manifest/load.js";
import { runProgram } from "../../host-sim/simulator/run-program.js";
import { folderWith } from "../support/files.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

const PROGRAM = `import Resource from "Resource";
const ca = new Resource("ca.der");
trace("bytes " + [...new Uint8Array(ca)].join() + " of " + ca.byteLength + "\\n");
trace("slice " + [...new Uint8Array(ca.slice(1, 3))].join() + "\\n");
trace("exists " + Resource.exists("ca.der") + " " + Resource.exists("ca") + " " + Resource.exists("other.txt") + "\\n");
try { new Resource("none.der"); } catch (error) { trace(error.name + ": " + error.message + "\\n"); }
`;

/** A project with two files to read. */
function project(data: unknown): string {
	const folder = folderWith({ "certs/other.txt": "text", "main.mjs": PROGRAM, "manifest.json": { data } });
	writeFileSync(join(folder, "certs/ca.der"), Uint8Array.of(0, 127, 128, 255));
	return folder;
}

async function linesOf(folder: string, engine: "node" | "xs"): Promise<string[]> {
	const lines: string[] = [];
	const program = join(folder, "main.mjs");
	const result = await runProgram({ program, engine, durationS: 1, seed: 1, onLine: (line) => lines.push(line) });
	expect(result.error).toBeUndefined();
	return lines.filter((line) => line.includes("| ")).map((line) => line.replace(/^.*?\| /, ""));
}

const EXPECTED = [
	"bytes 0,127,128,255 of 4",
	"slice 127,128",
	"exists true false true",
	"URIError: Resource not found: none.der",
];

describe("Resource", () => {
	it("gives a program on Node the files of its manifest", async () => {
		expect(await linesOf(project({ "*": "./certs/*" }), "node")).toEqual(EXPECTED);
	});

	it.skipIf(host === undefined)("gives a program on XS the files of its manifest", async () => {
		expect(await linesOf(project({ "*": ["./certs/ca", "./certs/other"] }), "xs")).toEqual(EXPECTED);
	});
});

describe("data of a manifest", () => {
	const filesOf = (data: unknown): string[] =>
		Object.keys(dataFiles(loadManifest(join(project(data), "manifest.json"), { moddable: "" })));

	it.each([
		[{ ca: "./certs/ca" }, ["ca.der"]],
		[{ ca: "./certs/ca.der" }, ["ca.der"]],
		[{ "x/*": "./certs/*" }, ["x/ca.der", "x/other.txt"]],
		[{ "*": "./certs/*", "~": "./certs/other" }, ["ca.der"]],
	])("%j: has names as on a device", (data, names) => {
		expect(filesOf(data)).toEqual(names);
	});

	it.each([
		[{ "*": "./certs/none" }, /manifest\.json: data "\*": no file .*certs\/none$/],
		[{ "*": "./none/ca" }, /data "\*": "\.\/none\/ca": no such folder/],
		[{ "*": "ca" }, /data "\*": "ca" needs a folder, e\.g\. "\.\/ca"/],
		[{ "*": [3] }, /data "\*": expected a path/],
		[["./certs/ca"], /data: expected an object/],
	])("%j: is refused in words", (data, text) => {
		expect(() => filesOf(data)).toThrow(text);
	});
});
