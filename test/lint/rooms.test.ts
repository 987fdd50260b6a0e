// Goal: imports lead down from room to room, in the firmware and in the simulator, and CONTRIBUTING.md shows how.
// Method: the imports of all files as the compiler reads them; houses of a few files, made for the purpose, that are wrong.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { HOUSES } from "../../host-sim/proofs/rooms/houses.js";
import { arrowsOf, drawHouse, faultsOfHouse, type House } from "../../host-sim/proofs/rooms/rooms.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("the houses of this repository", () => {
	it.each(HOUSES.map((house): [string, House] => [house.folder, house]))(
		"%s has no arrow up and no circle",
		(_, house) => {
			expect(faultsOfHouse(house, arrowsOf(ROOT, house))).toEqual([]);
		},
	);

	it("are drawn in CONTRIBUTING.md as they are; npm run rooms -- --write draws them anew", () => {
		const page = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
		for (const house of HOUSES) expect(page).toContain(drawHouse(house, arrowsOf(ROOT, house)));
	});
});

describe("a house", () => {
	const house: House = { folder: "house", floors: [["roof"], ["left", "right"], ["cellar", "cellar/box"]] };
	let root = "";
	afterEach(() => rmSync(root, { recursive: true, force: true }));

	function faultsWith(files: Readonly<Record<string, string>>): string[] {
		root = mkdtempSync(join(tmpdir(), "xs-mqtt-rooms-"));
		for (const [file, text] of Object.entries(files)) {
			const path = join(root, "house", file);
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, text);
		}
		return faultsOfHouse(house, arrowsOf(root, house));
	}

	it.each([
		[
			"down, and within a room",
			"roof/a.ts",
			'import "../left/b.js"; export * from "./c.js"; import("../cellar/d.js");',
			[],
		],
		["up", "cellar/a.ts", 'import type { B } from "../roof/b.js";', ["house/cellar/a.ts: cellar is below roof"]],
		["to one beside it", "left/a.ts", 'export * from "../right/b.js";', ["house/left/a.ts: left is beside right"]],
		[
			"into a room in a room",
			"cellar/a.ts",
			'import "./box/b.js";',
			["house/cellar/a.ts: cellar is beside cellar/box"],
		],
		[
			"out of the house",
			"left/a.ts",
			'import "../../garden/b.js";',
			["house/left/a.ts: house may not import from ../garden"],
		],
		["to no room", "left/a.ts", 'import "../hole/b.js";', ["house/left/a.ts imports from a folder that is no room"]],
		["from no room", "hole/a.ts", 'import "../left/b.js";', ["house/hole/a.ts is in no room"]],
	])("has an arrow %s", (_what, file, text, faults) => {
		expect(faultsWith({ [file]: text })).toEqual(faults);
	});
});
