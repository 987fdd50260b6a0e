// Goal: the examples run against mosquitto in an ESP32's heap and in a much smaller one without a collection; messages in
// great number, and whole reconnects, leave the heap as it was.
// Method: the parts of `npm run soak`, for seconds instead of minutes.
import { describe, expect, it } from "vitest";
import { CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { measure } from "../../host-sim/proofs/bench/measure.js";
import { faultOf, SOAK_RUNS, soakMessages, soakProgram, soakTable } from "../../host-sim/proofs/bench/soak.js";
import { brokerMissing } from "../../host-sim/desk/broker.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

/** Long enough for a few commands, and for an image of a megabyte to be under way. */
const SECONDS = 7;

describe.skipIf(host === undefined || brokerMissing() !== undefined).concurrent("the examples on XS", () => {
	it("run against mosquitto in either heap without a collection", async () => {
		const results = await Promise.all(SOAK_RUNS.map((run) => soakProgram(run, SECONDS)));
		expect(results.map(faultOf)).toEqual([undefined, undefined, undefined, undefined]);
		expect(results.map(({ memory }) => memory!.slots.size)).toEqual([4928, 1024, 4928, 1024]);
		expect(soakTable(results).split("\n")).toHaveLength(6);
	});

	it("are at fault when they collect, fail, or do nothing", async () => {
		const good = await soakProgram({ program: "telemetry", slots: 4928, chunks: 78_848 }, 2);
		expect(faultOf(good)).toBeUndefined();
		expect(faultOf({ ...good, memory: { ...good.memory!, collections: 1 } })).toBe("1 collections");
		expect(faultOf({ ...good, memory: undefined })).toBe("no figures of the engine");
		expect(faultOf({ ...good, error: "slot heap is full" })).toBe("slot heap is full");
		expect(faultOf({ ...good, clients: [] })).toBe("no messages");
	});
});

describe.skipIf(host === undefined).concurrent("on XS", () => {
	it("20,000 messages at QoS 0, 1 and 2, half of them each way, take nothing", async () => {
		const result = await soakMessages(host!, 20_000);
		expect(result).toMatchObject({ slots: 0, chunkBytes: 0, collections: 0 });
	});

	it("10,000 reconnects leave the heap as it was", async () => {
		const cycle = { ...CYCLES.find((one) => one.operation === "reconnect")!, server: { reset: true } };
		const few = await measure(host!, { ...cycle, count: 20 });
		const many = await measure(host!, { ...cycle, count: 10_000, durationMs: 120_000 });
		expect(many.liveSlots).toBe(few.liveSlots);
		expect(many.liveChunkBytes).toBe(few.liveChunkBytes);
		expect(many.slots).toBe(cycle.platformSlots * many.count);
	}, 150_000);
});
