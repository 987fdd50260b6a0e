// Goal: the pages of figures say what the budgets are, and what is measured elsewhere in these tests.
// Method: their tables are compared with the objects that they are about; test/budget compares the measured columns.
import { describe, expect, it } from "vitest";
import {
	BUDGETS,
	CYCLES,
	FLASH_BYTES,
	FLASH_GOAL_BYTES,
	RAM_BYTES,
	RAM_GOAL_BYTES,
	REGION_BYTES,
	STACK_SLOTS,
} from "../../host-sim/proofs/bench/budgets.js";
import { INSTRUCTIONS } from "../../host-sim/proofs/mcu/budgets.js";
import { withLines, withTable } from "../../host-sim/proofs/bench/page.js";
import { figuresOf } from "./figures.js";
import { textOf } from "./pages.js";

describe("firmware/FIGURES.md", () => {
	it("has every operation with its budget and goal", () => {
		const rows = figuresOf("firmware/FIGURES.md", "operation");
		const wanted = [...BUDGETS, ...CYCLES].map(({ name, byteCodes, goal = "" }) => [name, "0", "0", byteCodes, goal]);
		expect(rows.map(([name, slots, chunks, , budget, goal]) => [name, slots, chunks, budget, goal])).toEqual(
			wanted.map((row) => row.map(String)),
		);
		for (const [name, , , byteCodes, budget] of rows)
			expect(Number(byteCodes), name).toBeLessThanOrEqual(Number(budget));
	});

	it("has every operation in instructions with its budget and goal", () => {
		const rows = figuresOf("firmware/FIGURES.md", "instructions");
		const wanted = Object.entries(INSTRUCTIONS).map(([name, { budget, goal = "" }]) => [name, `${budget}`, `${goal}`]);
		expect(rows.map(([name, , budget, goal]) => [name, budget, goal])).toEqual(wanted);
	});

	it("has the budgets of flash, RAM, stack and regions", () => {
		const page = textOf("firmware/FIGURES.md");
		for (const [start, budget, goal] of [
			["flash, byte code of the whole library", FLASH_BYTES, FLASH_GOAL_BYTES],
			["RAM of one connected client beside its regions", RAM_BYTES, RAM_GOAL_BYTES],
			["stack, deepest up to the connection", STACK_SLOTS, undefined],
			["regions with default sizes", REGION_BYTES, undefined],
		] as const) {
			const tail = `budget ${budget}${goal === undefined ? "" : `, goal of the design ${goal}`}`;
			expect(page).toMatch(new RegExp(`^- ${start}: \\d+ \\w+ \\(${tail}\\)$`, "m"));
		}
		expect(page).toContain(`- regions with default sizes: ${REGION_BYTES} bytes`);
	});
});

describe("test/README.md", () => {
	it("says how many statements have tests as the page of statements does", () => {
		const sentence = /^MQTT 3\.1\.1: of \d+ statements .*$/m.exec(textOf("test/conformance/README.md"))?.[0];
		expect(textOf("test/README.md")).toContain(sentence);
	});
});

describe("a table that is written to a page", () => {
	const page = "before\n\n| a | b | theirs |\n| --- | --- | --- |\n| x | 1 | 9 |\n| y | 2 | 8 |\n\nafter: old";

	it("takes the place of the old one, and leaves alone what was not measured", () => {
		const fresh = "| a | b |\n| --- | --- |\n| y | 3 |\n| z | 4 |";
		expect(withTable(page, fresh)).toBe(
			"before\n\n| a | b | theirs |\n| --- | --- | --- |\n| y | 3 | 8 |\n| z | 4 |  |\n\nafter: old",
		);
	});

	it("takes lines along", () => {
		expect(withLines(page, ["after: new"])).toMatch(/after: new$/);
		expect(() => withLines(page, ["never: new"])).toThrow(/never:/);
	});
});
