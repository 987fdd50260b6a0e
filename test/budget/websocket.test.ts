// Goal: a client over WebSocket allocates nothing after start either, takes at most 1.25 times the byte codes of TCP but where
// host-sim/proofs/bench/websocket-budgets says why not, and whole reconnects leave the heap as it was.
// Method: as budget.test.ts, against a server that speaks WebSocket.
import { describe, expect, it } from "vitest";
import { CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { measure } from "../../host-sim/proofs/bench/measure.js";
import { WEBSOCKET_BUDGETS, WEBSOCKET_CYCLES } from "../../host-sim/proofs/bench/websocket-budgets.js";
import {
	faultOfFigure,
	faultsOf,
	measureOverheads,
	measureRow,
	measureWebSocketFlash,
} from "../../host-sim/proofs/bench/xs-bench.js";
import { figuresOf, isStale } from "../readme/figures.js";
import { textOf } from "../readme/pages.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

describe.skipIf(host === undefined)("WebSocket on XS", () => {
	const overheads = host === undefined ? Promise.resolve({ tick: 0, handler: 0 }) : measureOverheads(host);

	it.each([...WEBSOCKET_BUDGETS, ...WEBSOCKET_CYCLES])(
		"$name: nothing is allocated, and it stays within its budgets",
		async (operation) => {
			const row = await measureRow(host!, operation, await overheads);
			expect(faultsOf(row)).toEqual([]);
			if ("platformSlots" in operation) return;
			const shown = figuresOf("manifests/websocket.md", "operation").find(([name]) => name === row.name);
			expect(isStale(Number(shown?.[3]), row.byteCodes), `the page says ${shown?.[3]}, it is ${row.byteCodes}`).toBe(
				false,
			);
		},
	);

	it("stays within its flash, none of which a client over TCP links", async () => {
		const flash = await measureWebSocketFlash(host!);
		expect(faultOfFigure(flash)).toEqual([]);
		const shown = new RegExp(`^- ${flash.name}: (\\d+) bytes`, "m").exec(textOf("manifests/websocket.md"))?.[1];
		expect(isStale(Number(shown), flash.value)).toBe(false);
		const { codeBytes } = await measure(host!, { operation: "idle" });
		expect(Object.keys(codeBytes).filter((name) => name.includes("websocket"))).toEqual([]);
	});

	it("1,000 reconnects leave the heap as it was", async () => {
		const cycle = { ...CYCLES.find((one) => one.operation === "reconnect")!, server: { reset: true }, websocket: true };
		const few = await measure(host!, { ...cycle, count: 20 });
		const many = await measure(host!, { ...cycle, count: 1_000, durationMs: 120_000 });
		expect(many.liveSlots).toBe(few.liveSlots);
		expect(many.liveChunkBytes).toBe(few.liveChunkBytes);
		expect(many.slots).toBe(cycle.platformSlots * many.count);
		expect(many.chunkBytes).toBe(0);
	}, 150_000);
});
