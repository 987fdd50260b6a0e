import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Views } from "../../firmware/transport/views.js";

// Goal: any number of bytes can be passed through views from the start of a region, no view is made twice, and no more
// than allowed are kept.
// Method: tables for each kind of size, then random sizes against what can be said of any answer.

const OFFSET = 12;
const buffer = new ArrayBuffer(1_000);

function views(size: number, max: number): Views {
	return new Views(buffer, OFFSET, size, max);
}

describe("views", () => {
	it("start with a view for two bytes, the size of PINGREQ and DISCONNECT", () => {
		const some = views(512, 8);
		expect([some.size, some.view.length]).toEqual([2, 2]);
		expect(some.longest(2)).toBe(some.view);
	});

	it.each([1, 2, 3, 4, 5, 16, 63, 64, 65, 127, 128, 129, 255, 256, 300, 512])("have one of just %i bytes", (size) => {
		const some = views(512, 8);
		const view = some.longest(size);
		expect([view.length, view.byteOffset]).toEqual([size, OFFSET]);
		expect(view.buffer).toBe(buffer);
		expect(some.longest(size)).toBe(view);
		expect([some.size, some.view]).toEqual([size, view]);
	});

	it("remember what was asked for last, although the answer was shorter", () => {
		const some = views(512, 1);
		expect(some.longest(100).length).toBe(64);
		expect([some.size, some.view.length]).toEqual([100, 64]);
	});

	it.each([
		[1, 1],
		[3, 1],
		[5, 4],
		[15, 4],
		[17, 16],
		[63, 16],
		[200, 64],
		[255, 64],
		[257, 256],
		[512, 256],
	])("pass %i bytes %i at a time once no more may be kept", (size, rung) => {
		expect(views(512, 1).longest(size).length).toBe(rung);
	});

	it("never replace one: the first sizes that were seen stay exact", () => {
		const some = views(512, 4);
		const first = [10, 200, 300].map((size) => some.longest(size));
		for (let size = 1; size <= 512; size++) some.longest(size);
		expect([10, 200, 300].map((size) => some.longest(size))).toEqual(first);
		expect([10, 200, 300].map((size) => some.longest(size).length)).toEqual([10, 200, 300]);
		expect([11, 201, 301].map((size) => some.longest(size).length)).toEqual([4, 64, 256]);
	});

	it("count no rung among those that are kept", () => {
		const some = views(512, 2);
		for (const rung of [1, 16, 64, 256]) expect(some.longest(rung).length).toBe(rung);
		expect(some.longest(100).length).toBe(100);
		expect(some.longest(101).length).toBe(64);
	});

	it("go as far as the region, and no further", () => {
		const some = views(63, 1);
		expect(some.longest(63).length).toBe(16);
		expect(some.longest(16).length).toBe(16);
	});

	it("pass any number of bytes, in a bounded number of calls", () => {
		const sizes = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 40 });
		fc.assert(
			fc.property(fc.integer({ min: 16, max: 600 }), fc.integer({ min: 1, max: 20 }), sizes, (region, max, wanted) => {
				const some = views(region, max);
				const made = new Set<Uint8Array>([some.view]);
				for (const one of wanted) {
					let left = Math.min(one, region);
					let calls = 0;
					while (left > 0) {
						const view = some.longest(left);
						made.add(view);
						expect(view.byteOffset).toBe(OFFSET);
						expect(view.length).toBeGreaterThan(0);
						expect(view.length).toBeLessThanOrEqual(left);
						left -= view.length;
						calls++;
					}
					// At most three of each rung.
					expect(calls).toBeLessThanOrEqual(3 * 5);
				}
				const rungs = [...made].filter((view) => Number.isInteger(Math.log2(view.length) / 2));
				expect(made.size - rungs.length).toBeLessThanOrEqual(max);
			}),
		);
	});
});
