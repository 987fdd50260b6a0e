// Goal: the table of incoming QoS 2 identifiers is a set, in whatever order they come and go, and a run costs one entry.
// Method: random operations beside a Set, with identifiers that are neighbours more often than not, also across the wrap.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IncomingIds } from "../../firmware/client/session/incoming-ids.js";
import { arenaOf } from "./arena-of.js";

const idsOf = (incomingQoS2: number): IncomingIds => new IncomingIds(arenaOf({ incomingQoS2 }), incomingQoS2);

/** How many runs a set is made of, when all were added on one connection. */
const runsOf = (set: ReadonlySet<number>): number => [...set].filter((id) => !set.has(id - 1)).length;

/** All that the random test uses, and their neighbours. */
const IDS = [...Array(15).keys(), ...Array.from({ length: 8 }, (_, i) => 65_529 + i)];

describe("IncomingIds", () => {
	it("agrees with a Set through any sequence, and takes whatever is within its runs", () => {
		const id = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 65_530, max: 65_535 }));
		const step = fc.record({
			id,
			what: fc.constantFrom("add", "add", "add", "remove", "remove", "renew", "age", "clear"),
		});
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 100, size: "max" }), (max, steps) => {
				const ids = idsOf(max);
				const set = new Set<number>();
				// Those whose PUBLISH came since the session was resumed.
				const young = new Set<number>();
				for (const { id, what } of steps) {
					const before = ids.count;
					expect(ids.has(id)).toBe(set.has(id));
					if (what === "add" && !set.has(id)) {
						const isNeighbour = young.has(id - 1) || young.has(id + 1);
						expect(ids.takes(id)).toBe(before < max || isNeighbour);
						if (ids.takes(id)) {
							ids.add(id);
							set.add(id);
							young.add(id);
						}
					} else if (what === "remove") {
						const removed = ids.remove(id);
						// What does not go stands between two others, in a table that is full.
						if (!removed)
							expect([set.has(id - 1), set.has(id), set.has(id + 1), before]).toEqual([true, true, true, max]);
						else {
							set.delete(id);
							young.delete(id);
						}
					} else if (what === "renew" && set.has(id)) {
						ids.renew(id);
						if (before + 1 < max) young.add(id);
					} else if (what === "age" && id % 4 === 0) {
						ids.age();
						young.clear();
					} else if (what === "clear" && id % 8 === 0) {
						ids.clear();
						set.clear();
						young.clear();
					}
					expect(IDS.filter((each) => ids.has(each))).toEqual(IDS.filter((each) => set.has(each)));
					expect(IDS.filter((each) => ids.has(each) && ids.isOfThisConnection(each))).toEqual(
						IDS.filter((each) => young.has(each)),
					);
					const older = new Set([...set].filter((each) => !young.has(each)));
					expect(ids.count).toBeGreaterThanOrEqual(runsOf(young) + runsOf(older));
					expect(ids.count).toBeLessThanOrEqual(Math.min(max, set.size));
					// Without earlier connections the runs are as few as can be.
					if (older.size === 0) expect(ids.count).toBe(runsOf(set));
				}
			}),
			{ numRuns: 100 },
		);
	});

	it("holds every identifier there is in one entry, and gives them back in any direction", () => {
		const ids = idsOf(1);
		for (let id = 1; id <= 65_535; id++) ids.add(id);
		expect([ids.count, ids.has(1), ids.has(65_535), ids.has(0)]).toEqual([1, true, true, false]);
		for (let id = 65_535; id > 40_000; id--) expect(ids.remove(id)).toBe(true);
		for (let id = 1; id <= 40_000; id++) expect(ids.remove(id)).toBe(true);
		expect(ids.count).toBe(0);
		for (let id = 65_535; id >= 1; id--) ids.add(id);
		expect([ids.count, ids.has(32_768)]).toEqual([1, true]);
	});

	it("needs two entries for a run that goes on past the last identifier", () => {
		const ids = idsOf(2);
		for (let i = 0; i < 1000; i++) ids.add(((65_000 + i) % 65_535) + 1);
		expect([ids.count, ids.takes(30_000)]).toEqual([2, false]);
		for (let i = 0; i < 1000; i++) expect(ids.remove(((65_000 + i) % 65_535) + 1)).toBe(true);
		expect(ids.count).toBe(0);
	});

	it("joins what a missing one has kept apart", () => {
		const ids = idsOf(2);
		for (const id of [5, 7, 6]) ids.add(id);
		expect([ids.count, ids.has(6), ids.takes(9)]).toEqual([1, true, true]);
	});

	it("holds as many as it has entries, whatever they are, and lets go of each in any order", () => {
		for (const order of [
			[2, 4, 6, 8],
			[8, 4, 2, 6],
			[4, 5, 6, 7],
		]) {
			const ids = idsOf(4);
			for (const id of order) {
				expect(ids.takes(id)).toBe(true);
				ids.add(id);
			}
			for (const id of [order[1]!, order[2]!, order[0]!, order[3]!]) expect(ids.remove(id)).toBe(true);
			expect(ids.count).toBe(0);
		}
	});

	it("keeps one in the middle when there is no room for the two runs that would be left", () => {
		const ids = idsOf(1);
		for (const id of [5, 6, 7]) ids.add(id);
		expect([ids.remove(6), ids.has(6), ids.count]).toEqual([false, true, 1]);
		expect([ids.remove(5), ids.remove(6), ids.remove(7), ids.count]).toEqual([true, true, true, 0]);
	});

	it("does nothing to what is not there", () => {
		const ids = idsOf(4);
		ids.add(5);
		expect([ids.remove(13), ids.remove(6), ids.remove(4)]).toEqual([true, true, true]);
		expect(ids.count).toBe(1);
	});
});
