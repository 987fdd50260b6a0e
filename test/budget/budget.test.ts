// Goal: nothing is allocated after start, and every deterministic figure stays within its budget (host-sim/bench/budgets).
// Method: the compiled client on the XS engine, preloaded as in flash, against a scripted server on real sockets.
import { describe, expect, it } from "vitest";
import { BUDGETS, CYCLES, FLASH_BYTES, RAM_BYTES, STACK_SLOTS } from "../../host-sim/bench/budgets.js";
import { flashBytes, measure, measureAlone, ramBytes } from "../../host-sim/bench/measure.js";
import { overheads } from "../../host-sim/bench/xs-bench.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

describe.skipIf(host === undefined)("budgets on XS", () => {
	const beside = host === undefined ? Promise.resolve({ tick: 0, handler: 0 }) : overheads(host);

	it.each(BUDGETS)("$name allocates nothing and stays within $byteCodes byte codes", async (budget) => {
		const result = await measureAlone(host!, budget, budget.reads, budget.writes);
		const { tick, handler } = await beside;
		expect(result).toMatchObject({ slots: 0, chunks: 0, chunkBytes: 0, collections: 0 });
		expect(result.mallocs / result.count).toBeLessThanOrEqual(budget.mallocs);
		const each = result.byteCodes / result.count - (budget.timer ? tick : handler);
		expect(each).toBeLessThanOrEqual(budget.byteCodes);
		expect(result.peakStack).toBeLessThanOrEqual(STACK_SLOTS);
	});

	it.each(CYCLES)("$name allocates nothing beside the platform's sockets", async (cycle) => {
		const result = await measure(host!, cycle);
		expect(result).toMatchObject({ slots: cycle.platformSlots * result.count, chunkBytes: 0, collections: 0 });
	});

	it("needs no more of the platform's objects for a reconnect than one socket", async () => {
		const result = await measure(host!, { operation: "socket" });
		expect(result.slots / result.count).toBe(CYCLES.find((cycle) => cycle.operation === "reconnect")!.platformSlots);
	});

	it("stays within its flash and RAM", async () => {
		const nothing = await measure(host!, { operation: "nothing" });
		const idle = await measure(host!, { operation: "idle" });
		expect(flashBytes(idle)).toBeLessThanOrEqual(FLASH_BYTES);
		expect(ramBytes(idle, nothing)).toBeLessThanOrEqual(RAM_BYTES);
	});
});
