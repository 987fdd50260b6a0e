// Goal: the table of incoming QoS 2 identifiers is a set, at every fill and with every collision.
// Method: random operations beside a Set, with identifiers that share their low bits.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { incomingTableSize } from "../../firmware/client/arena.js";
import { IncomingIds } from "../../firmware/client/incoming-ids.js";
import { arenaOf } from "./arena-of.js";

const idsOf = (incomingQoS2: number): IncomingIds => new IncomingIds(arenaOf({ incomingQoS2 }), incomingQoS2);

describe("IncomingIds", () => {
	it("agrees with a Set through any sequence", () => {
		// Few distinct low bits: nearly everything collides, and searches wrap around the end of the table.
		const id = fc
			.tuple(fc.constantFrom(0, 1, 6, 7), fc.integer({ min: 1, max: 20 }))
			.map(([low, high]) => high * 8 + low);
		const step = fc.record({ id, what: fc.constantFrom("add", "add", "remove", "clear") });
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 200, size: "max" }), (max, steps) => {
				const ids = idsOf(max);
				const set = new Set<number>();
				for (const { id, what } of steps) {
					expect(ids.has(id)).toBe(set.has(id));
					if (what === "add" && !set.has(id) && !ids.full) {
						ids.add(id);
						set.add(id);
					} else if (what === "remove") {
						ids.remove(id);
						set.delete(id);
					} else if (what === "clear" && id % 16 === 0) {
						ids.clear();
						set.clear();
					}
					expect(ids.count).toBe(set.size);
					expect(ids.full).toBe(set.size === max);
					for (const each of set) expect(ids.has(each)).toBe(true);
				}
			}),
			{ numRuns: 200 },
		);
	});

	it("holds every identifier there is", () => {
		const ids = idsOf(65_535);
		for (let id = 1; id <= 65_535; id++) ids.add(id);
		expect(ids.full).toBe(true);
		expect(ids.has(1) && ids.has(65_535)).toBe(true);
		// From the end: from the start, every removal would look at all that follow.
		for (let id = 65_535; id >= 1; id--) ids.remove(id);
		expect(ids.count).toBe(0);
		expect(ids.has(12_345)).toBe(false);
	});

	it("does nothing to what is not there", () => {
		const ids = idsOf(4);
		ids.add(5);
		ids.remove(13);
		ids.remove(6);
		expect(ids.count).toBe(1);
	});

	it.each([
		[1, 4],
		[2, 4],
		[3, 8],
		[32, 64],
		[33, 128],
		[65_535, 131_072],
	])("keeps %i in a table of %i: at most half full", (count, size) => {
		expect(incomingTableSize(count)).toBe(size);
	});
});
