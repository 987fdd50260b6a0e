// Goal: the class of ECMA-419 allocates no more than what manifests/mqttclient.md says, and much less than the SDK's.
// Method: one program on the XS engine, against a scripted server on real sockets; see host-sim/proofs/bench/ecma419-bench.
import { describe, expect, it } from "vitest";
import { measureClass, measureRam, ourClass } from "../../host-sim/proofs/bench/ecma419-bench.js";
import { figuresOf, isStale } from "../readme/figures.js";
import { textOf } from "../readme/pages.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();

/** Slots of one message: what onControl and onReadable are given, and the bytes that are read. */
const SLOTS_MAX: Readonly<Record<string, number>> = {
	"publish QoS 0": 0,
	"publish QoS 1, with PUBACK": 3,
	"publish QoS 2, whole handshake": 6,
	"receive QoS 0": 10,
	"receive QoS 1": 11,
	"receive QoS 2, whole handshake": 14,
};
const CHUNK_BYTES_MAX = 110;
const RAM_MAX = 17_500;

describe.skipIf(host === undefined)("the class of ECMA-419 on XS", () => {
	it("allocates a few slots for each message", async () => {
		const shown = new Map(
			figuresOf("manifests/mqttclient.md", "slots / chunk bytes / byte codes / socket calls").map(
				([name, figures = ""]) => [name, figures.split("/").map(Number)],
			),
		);
		for (const row of await measureClass(host!, ourClass())) {
			expect(row.slots, row.name).toBeLessThanOrEqual(SLOTS_MAX[row.name]!);
			expect(row.chunkBytes, row.name).toBeLessThanOrEqual(CHUNK_BYTES_MAX * (host!.bits / 32));
			const [slots = NaN, chunkBytes = NaN, byteCodes = NaN, socketCalls] = shown.get(row.name) ?? [];
			expect([slots, socketCalls], row.name).toEqual([row.slots, row.socketCalls]);
			expect(isStale(byteCodes, row.byteCodes), `${row.name}: ${row.byteCodes} byte codes`).toBe(false);
			// Chunks are larger elsewhere, and so is the RAM below.
			if (host!.bits === 32) expect(isStale(chunkBytes, row.chunkBytes), `${row.name}: ${row.chunkBytes}`).toBe(false);
		}
	}, 60_000);

	it("stays within its RAM", async () => {
		const ram = await measureRam(host!, ourClass());
		expect(ram).toBeLessThanOrEqual(RAM_MAX);
		if (host!.bits !== 32) return;
		const [, shown = ""] = /default sizes: ([\d,]+) bytes/.exec(textOf("manifests/mqttclient.md")) ?? [];
		expect(isStale(Number(shown.replaceAll(",", "")), ram), `the page says ${shown}, it is ${ram}`).toBe(false);
	});
});
