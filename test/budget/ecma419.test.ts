// Goal: the class of ECMA-419 allocates no more than what manifests/mqttclient.md says, and much less than the SDK's.
// Method: one program on the XS engine, against a scripted server on real sockets; see host-sim/bench/ecma419-bench.
import { describe, expect, it } from "vitest";
import { measureClass, measureRam, ourClass } from "../../host-sim/bench/ecma419-bench.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

/** Slots of one message: a view for each socket call, what onControl and onReadable are given, the bytes that are read. */
const SLOTS_MAX: Readonly<Record<string, number>> = {
	"publish QoS 0": 4,
	"publish QoS 1, with PUBACK": 13,
	"publish QoS 2, whole handshake": 24,
	"receive QoS 0": 18,
	"receive QoS 1": 23,
	"receive QoS 2, whole handshake": 34,
};
const CHUNK_BYTES_MAX = 140;
const RAM_MAX = 18_000;

describe.skipIf(host === undefined)("the class of ECMA-419 on XS", () => {
	it("allocates a few slots for each message", async () => {
		for (const row of await measureClass(host!, ourClass())) {
			expect(row.slots, row.name).toBeLessThanOrEqual(SLOTS_MAX[row.name]!);
			expect(row.chunkBytes, row.name).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
		}
	}, 60_000);

	it("stays within its RAM", async () => {
		expect(await measureRam(host!, ourClass())).toBeLessThanOrEqual(RAM_MAX);
	});
});
