// Goal: the list of deliberate defects stays true to the code that it breaks.
// Method: every text is found once in its file, every name is used once, every test that is named is there.
import { readFileSync, existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DEFECTS } from "./defects.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe("deliberate defects", () => {
	it("are at least 30, each with a name of its own", () => {
		expect(DEFECTS.length).toBeGreaterThanOrEqual(30);
		expect(new Set(DEFECTS.map(({ name }) => name)).size).toBe(DEFECTS.length);
	});

	it.each(DEFECTS)("$name: stands where it is said to", ({ file, find, replace, by }) => {
		const text = readFileSync(join(ROOT, "firmware", file), "utf8");
		expect(text.split(find).length - 1).toBe(1);
		expect(replace).not.toBe(find);
		for (const tests of by) {
			const folder = join(ROOT, "test", dirname(tests));
			const there = existsSync(join(ROOT, "test", tests));
			const name = tests.slice(tests.lastIndexOf("/") + 1);
			expect(there || readdirSync(folder).some((entry) => entry.startsWith(name))).toBe(true);
		}
	});
});
