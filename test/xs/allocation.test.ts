// Goal: the host counts what a device allocates, row by row of a table that was measured independently.
// Method: one generated program runs every operation 50 times to warm up, collects, runs it 1000 times between two
// samples, and divides. Rows that await run until their last job is done, so each row takes three turns.
import { beforeAll, describe, expect, it } from "vitest";
import { PRELUDE, ROWS } from "./allocation-rows.js";
import { hostOrSkip, runSource } from "./support.js";

const host = await hostOrSkip();

const ROUNDS = 1000;

const program = `
import { begin, end, slots, chunkBytes, gc, stop } from "xs-host/counters";
import Timer from "timer";
${PRELUDE}
const operations = [
	${ROWS.map((row) => `${row.isAsync ? "async " : ""}function (count) { for (let round = 0; round < count; round++) { ${row.body} } }`).join(",\n\t")}
];
let index = 0;
function warmUp() {
	if (index === operations.length) return stop();
	operations[index](50);
	Timer.set(measure, 1);
}
function measure() {
	sink = undefined;
	gc();
	begin();
	operations[index](${ROUNDS});
	Timer.set(report, 1);
}
function report() {
	end();
	trace(index, " ", slots(), " ", chunkBytes(), "\\n");
	index++;
	Timer.set(warmUp);
}
Timer.set(warmUp);
`;

describe.skipIf(host === undefined)("allocation of single operations", () => {
	const measured = new Map<number, { slots: number; chunkBytes: number }>();

	beforeAll(async () => {
		const result = await runSource(host, program, { slots: 300_000, chunks: 8 << 20, keys: 2000 });
		expect(result.stderr).toBe("");
		for (const line of result.trace) {
			const [index = -1, slots = NaN, chunkBytes = NaN] = line.split(" ").map(Number);
			measured.set(index, { slots: slots / ROUNDS, chunkBytes: chunkBytes / ROUNDS });
		}
	}, 60_000);

	// The two timers of a row, and the function object of an async row, add less than one slot and byte per round.
	it.each(ROWS.map((row, index) => ({ index, ...row })))(
		"$what: $slots slots, $chunkBytes bytes",
		({ index, slots, chunkBytes }) => {
			const row = measured.get(index);
			expect(Math.floor(row?.slots ?? NaN)).toBe(slots);
			if (host?.bits === 32) expect(Math.floor(row?.chunkBytes ?? NaN)).toBe(chunkBytes);
		},
	);
});

describe.skipIf(host === undefined)("a measured window", () => {
	it("takes nothing by itself", async () => {
		const result = await runSource(
			host,
			`
			import * as counters from "xs-host/counters";
			counters.begin();
			counters.end();
			trace([counters.slots(), counters.chunks(), counters.chunkBytes(), counters.collections(), counters.mallocs(), counters.socketCalls()], "\\n");
			import { begin, end, byteCodes } from "xs-host/counters";
			begin(); end();
			trace(byteCodes(), "\\n");
			`,
		);
		expect(result.trace).toEqual(["0,0,0,0,0,0", "5"]);
	});

	it("sees the C heap that try takes, and the depth of the stack", async () => {
		const result = await runSource(
			host,
			`
			import { begin, end, mallocs, mallocBytes, peakStack } from "xs-host/counters";
			function deep(n) { return n ? deep(n - 1) + 1 : 0; }
			begin(); try { deep(0); } catch { } end();
			trace(mallocs(), " ", mallocBytes() > 100, "\\n");
			const shallow = peakStack();
			begin(); deep(10); end();
			trace(peakStack() > shallow + 50, "\\n");
			begin(); end();
			trace(peakStack() < shallow, "\\n");
			`,
		);
		expect(result.trace).toEqual(["1 true", "true", "true"]);
	});

	it("keeps windows of different numbers apart", async () => {
		const result = await runSource(
			host,
			`
			import { begin, end, slots } from "xs-host/counters";
			let sink;
			begin(1); sink = {}; begin(2); sink = {}; end(1); sink = {}; end(2);
			trace(slots(1), " ", slots(2), " ", slots(0), "\\n");
			try { begin(64); } catch (e) { trace(e.name, "\\n"); }
			`,
		);
		expect(result.trace).toEqual(["2 2 0", "RangeError"]);
	});

	it("reports what is alive after a collection", async () => {
		const result = await runSource(
			host,
			`
			import { gc, liveSlots, liveChunkBytes } from "xs-host/counters";
			gc();
			const slots = liveSlots(), bytes = liveChunkBytes();
			let kept = new Uint8Array(100);
			for (let i = 0; i < 50; i++) new Uint8Array(100);
			gc();
			trace(liveSlots() - slots, " ", liveChunkBytes() - bytes, "\\n");
			`,
		);
		expect(result.trace).toEqual([host?.bits === 32 ? "7 108" : "7 120"]);
	});
});
