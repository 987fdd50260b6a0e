// Goal: what the client takes in a microcontroller's own instructions, and in RAM without an operating system, stays within
// its budgets (host-sim/proofs/mcu/budgets).
// Method: the compiled client on the engine, bare on RV32IMC in an emulator that counts exactly. Here run the rows that have
// a goal, each in an emulation of its own; all of them in `npm run bench:mcu`, which `npm run test:long` runs.
import { describe, expect, it } from "vitest";
import { BUDGETS, CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { INSTRUCTIONS, TELEMETRY_RAM_BYTES } from "../../host-sim/proofs/mcu/budgets.js";
import { profileOnMcu } from "../../host-sim/proofs/mcu/profile.js";
import { BOARD_BYTES, measureClientRam, measureTelemetryRam, telemetryFigure } from "../../host-sim/proofs/mcu/ram.js";
import {
	faultsOfMcuRow,
	MCU_OPERATIONS,
	measureMcuOverheads,
	measureMcuRow,
	type McuRow,
} from "../../host-sim/proofs/mcu/mcu.js";
import { faultOfFigure } from "../../host-sim/proofs/bench/xs-bench.js";
import { figuresOf, isStale } from "../readme/figures.js";
import { textOf } from "../readme/pages.js";
import { bareHostOrSkip } from "../xs/support.js";

const host = await bareHostOrSkip();
const LIMIT_MS = 120_000;
const PAGE = "firmware/FIGURES.md";

describe.skipIf(host === undefined)("in instructions of RV32IMC", () => {
	const overheads = host === undefined ? Promise.resolve({ tick: 0, handler: 0 }) : measureMcuOverheads(host);
	const rows = MCU_OPERATIONS.filter(({ name }) => INSTRUCTIONS[name]?.goal !== undefined);

	it.each(rows)(
		"$name stays within its budget",
		async (operation) => {
			const row = await measureMcuRow(host!, operation, await overheads);
			expect(faultsOfMcuRow(row)).toEqual([]);
			const shown = figuresOf(PAGE, "instructions").find(([name]) => name === row.name)?.[1];
			expect(isStale(Number(shown), row.instructions), `the page says ${shown}, it is ${row.instructions}`).toBe(false);
		},
		LIMIT_MS,
	);

	it(
		"a profile says where they go, by function in C and in JavaScript",
		async () => {
			const publish = MCU_OPERATIONS.find(({ operation }) => operation === "publish0")!;
			// The interpreter of this host does not show where it is at each byte code, but at the most.
			const { functions, scripts, instructions } = await profileOnMcu({ host: host!, sampled: host! }, publish);
			expect(instructions).toBeGreaterThan(10_000);
			expect(functions[0]![0]).toBe("fxRunID");
			const all = functions.reduce((sum, [, samples]) => sum + samples, 0);
			expect(all).toBeGreaterThan(5000);
			expect(functions[0]![1] / all).toBeGreaterThan(0.4);
			expect(scripts.reduce((sum, [, samples]) => sum + samples, 0)).toBe(all);
			const names = scripts.map(([name]) => name);
			expect(names[0]).toMatch(/^xs-mqtt\/client\//);
			expect(names).toContain("(the host in C: loop, timers, sockets)");
		},
		LIMIT_MS,
	);
});

describe.skipIf(host === undefined)("RAM without an operating system", () => {
	it(
		"has room for an hour of telemetry in 96 KB, engine and heaps and stacks included",
		async () => {
			const ram = await measureTelemetryRam();
			expect(faultOfFigure(telemetryFigure(ram))).toEqual([]);
			expect(ram.all).toBeLessThanOrEqual(BOARD_BYTES);
			expect(ram.collections).toBe(0);
			expect(ram.published).toBeGreaterThanOrEqual(3600);
			const shown = /^- RAM of the telemetry program in all, of 98304 bytes: (\d+) bytes/m.exec(textOf(PAGE))?.[1];
			expect(isStale(Number(shown), ram.all), `the page says ${shown}, it is ${ram.all}`).toBe(false);
		},
		LIMIT_MS,
	);

	it(
		"beside its regions, a connected client stays within its budget",
		async () => {
			const figure = await measureClientRam(host!);
			expect(faultOfFigure(figure)).toEqual([]);
			expect(figure.value).toBeGreaterThan(2000);
		},
		LIMIT_MS,
	);
});

describe("budgets of instructions", () => {
	const row: McuRow = { name: "work", instructions: 10, slots: 0, chunkBytes: 0, budget: 10, goal: undefined };

	it("are there for every operation, and for nothing else", () => {
		expect(Object.keys(INSTRUCTIONS)).toEqual([...BUDGETS, ...CYCLES].map(({ name }) => name));
		expect(TELEMETRY_RAM_BYTES).toBeLessThan(BOARD_BYTES);
	});

	it.each([
		[{}, []],
		[{ instructions: 11 }, ["work: 11 instructions, budget 10"]],
		[{ instructions: NaN }, ["work: NaN instructions, budget 10"]],
		[{ slots: 1 }, ["work: 1 slots, budget 0"]],
		[{ chunkBytes: 8 }, ["work: 8 chunk bytes, budget 0"]],
		[{ budget: undefined }, ["work: no budget"]],
	])("are passed by %j", (change, faults) => {
		expect(faultsOfMcuRow({ ...row, ...change })).toEqual(faults);
	});
});
