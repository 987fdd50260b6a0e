// Goal: nothing is allocated after start, and every deterministic figure stays within its budget (host-sim/proofs/bench/budgets).
// Method: the compiled client on the XS engine, preloaded as in flash, against a scripted server on real sockets.
import { describe, expect, it } from "vitest";
import { BUDGETS, CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { measure } from "../../host-sim/proofs/bench/measure.js";
import {
	faultOfFigure,
	faultsOf,
	measureFigures,
	measureOverheads,
	measureRow,
	type Row,
} from "../../host-sim/proofs/bench/xs-bench.js";
import { figuresOf, isStale } from "../readme/figures.js";
import { textOf } from "../readme/pages.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

describe.skipIf(host === undefined)("budgets on XS", () => {
	const overheads = host === undefined ? Promise.resolve({ tick: 0, handler: 0 }) : measureOverheads(host);

	it.each([...BUDGETS, ...CYCLES])("$name allocates nothing and stays within its budgets", async (operation) => {
		const row = await measureRow(host!, operation, await overheads);
		expect(faultsOf(row)).toEqual([]);
		// What does not depend on how packets arrive stands on the page: `npm run budget -- --write`.
		if ("platformSlots" in operation) return;
		const shown = figuresOf("firmware/FIGURES.md", "operation").find(([name]) => name === row.name);
		expect(isStale(Number(shown?.[3]), row.byteCodes), `the page says ${shown?.[3]}, it is ${row.byteCodes}`).toBe(
			false,
		);
	});

	it("needs no more of the platform's objects for a reconnect than one socket", async () => {
		const result = await measure(host!, { operation: "socket" });
		expect(result.slots / result.count).toBe(CYCLES.find((cycle) => cycle.operation === "reconnect")!.platformSlots);
	});

	it("pings about once a minute in a silent hour, and each ping is one packet each way", async () => {
		const silence = CYCLES.find((cycle) => cycle.operation === "silence")!;
		const result = await measure(host!, silence);
		expect(result.count).toBeGreaterThanOrEqual(60);
		expect(result.count).toBeLessThanOrEqual(66);
		expect([result.socketReads, result.socketWrites]).toEqual([result.count, result.count]);
	});

	it("sends again what was not acknowledged, to a session that was kept with DUP", async () => {
		const [anew, again] = CYCLES.filter((cycle) => cycle.operation === "resend");
		expect((await measure(host!, anew!)).resends).toBe(0);
		const { resends, count } = await measure(host!, again!);
		expect(resends).toBeGreaterThanOrEqual(count);
	});

	it("stays within flash, RAM and stack", async () => {
		const figures = await measureFigures(host!);
		expect(figures.flatMap(faultOfFigure)).toEqual([]);
		const page = textOf("firmware/FIGURES.md");
		for (const { name, value, unit } of figures.filter((figure) => figure.unit === "bytes")) {
			const shown = new RegExp(`^- ${name}: (\\d+) ${unit}`, "m").exec(page)?.[1];
			expect(isStale(Number(shown), value), `${name}: the page says ${shown}, it is ${value}`).toBe(false);
		}
	});
});

describe("a budget that is passed", () => {
	const row: Row = {
		name: "work",
		slots: 0,
		chunkBytes: 0,
		collections: 0,
		byteCodes: 10,
		budget: 10,
		goal: undefined,
		socketCalls: 2,
		mallocs: 2,
		mallocBudget: 2,
		stack: 100,
		moddable: undefined,
	};

	it.each([
		[{}, []],
		[{ slots: 0.02 }, ["work: 0.02 slots, budget 0"]],
		[{ chunkBytes: 12 }, ["work: 12 chunk bytes, budget 0"]],
		[{ collections: 1 }, ["work: 1 collections, budget 0"]],
		[{ byteCodes: 11 }, ["work: 11 byte codes, budget 10"]],
		[{ mallocs: 2.1 }, ["work: 2.1 mallocs, budget 2"]],
		[{ stack: NaN }, [expect.stringMatching(/^work: NaN stack slots, budget \d+$/)]],
	])("is said: %j", (change, faults) => {
		expect(faultsOf({ ...row, ...change })).toEqual(faults);
	});

	it("is said of flash, RAM and stack", () => {
		const figure = { name: "RAM", unit: "bytes", value: 11, budget: 10, goal: 5 };
		expect(faultOfFigure(figure)).toEqual(["RAM: 11 bytes, budget 10"]);
		expect(faultOfFigure({ ...figure, value: 10 })).toEqual([]);
	});
});
