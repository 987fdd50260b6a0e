// Goal: module names are those that mcconfig gives, wildcards and exclusions included.
import { describe, expect, it } from "vitest";
import { loadManifest } from "../../host-sim/manifest/load.js";
import { moduleFiles } from "../../host-sim/manifest/modules.js";
import { folderWith } from "../support/files.js";

const SOURCES = {
	"src/a.js": "",
	"src/a.d.ts": "",
	"src/a.js.map": "",
	"src/b.ts": "",
	"src/.hidden.js": "",
	"src/manifest_x.json": {},
	"src/data.json": {},
	"src/sub/c.js": "",
};

function names(manifest: Record<string, unknown>): Record<string, string> {
	const folder = folderWith({ ...SOURCES, "manifest.json": manifest });
	const files = moduleFiles(loadManifest(`${folder}/manifest.json`, { moddable: "" }));
	return Object.fromEntries([...files].map(([name, file]) => [name, file.slice(folder.length + 1)]));
}

describe("moduleFiles", () => {
	it.each<[string, Record<string, unknown>, Record<string, string>]>([
		[
			"takes the sources of one folder, not of those in it",
			{ "x/*": "./src/*" },
			{ "x/a": "src/a.js", "x/b": "src/b.ts", "x/data": "src/data.json" },
		],
		["finds the extension", { main: "./src/a" }, { main: "src/a.js" }],
		["keeps a name for a file with its extension", { main: "./src/b.ts" }, { main: "src/b.ts" }],
		["names by file for *", { "*": ["./src/a", "./src/sub/c"] }, { a: "src/a.js", c: "src/sub/c.js" }],
		["gives one source one name, the first", { first: "./src/a", "x/*": "./src/a*" }, { first: "src/a.js" }],
		["leaves out what ~ names", { "~": ["./src/b", "./src/d*"], "x/*": "./src/*" }, { "x/a": "src/a.js" }],
		["takes the rest behind a wildcard's head", { "x/*": "./src/da*" }, { "x/ta": "src/data.json" }],
	])("%s", (_rule, modules, expected) => {
		expect(names({ modules })).toEqual(expected);
	});
});
