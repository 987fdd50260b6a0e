import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ticks, elapsedMs } from "../../firmware/base/ticks.js";

// Goal: differences of ticks are right on both sides of the wrap, for counters that wrap as signed and as unsigned
// numbers.
// Method: a table of moments around each wrap, then random moments less than 2^31 ms apart.

const SIGNED_MAX = 0x7fff_ffff;
const SIGNED_MIN = -0x8000_0000;
const UNSIGNED_MAX = 0xffff_ffff;

describe("elapsedMs", () => {
	it.each([
		[0, 0, 0],
		[1_500, 1_000, 500],
		[1_000, 1_500, -500],
		[SIGNED_MIN, SIGNED_MAX, 1],
		[SIGNED_MAX, SIGNED_MIN, -1],
		[SIGNED_MIN + 9, SIGNED_MAX - 10, 20],
		[0, -1, 1],
		[5, -5, 10],
		[0, UNSIGNED_MAX, 1],
		[UNSIGNED_MAX, 0, -1],
		[9, UNSIGNED_MAX - 10, 20],
		[0x8000_0000, SIGNED_MAX, 1],
		[SIGNED_MAX, 0x8000_0000, -1],
		[SIGNED_MAX, 0, SIGNED_MAX],
		[-2, SIGNED_MAX, SIGNED_MAX],
	])("counts from %i: %i is %i ms later", (now, then, expected) => {
		expect(elapsedMs(now, then)).toBe(expected);
	});

	it("finds any duration again, wherever the counter stands and however it wraps", () => {
		const moment = fc.integer({ min: SIGNED_MIN, max: SIGNED_MAX });
		const duration = fc.integer({ min: SIGNED_MIN, max: SIGNED_MAX });
		fc.assert(
			fc.property(moment, duration, (then, ms) => {
				expect(elapsedMs((then + ms) | 0, then)).toBe(ms);
				expect(elapsedMs((then + ms) >>> 0, then >>> 0)).toBe(ms);
			}),
		);
	});

	it("holds twice the longest duration", () => {
		expect(2 * Ticks.DURATION_MS_MAX).toBeLessThan(2 ** 31);
		expect(elapsedMs((SIGNED_MAX + 2 * Ticks.DURATION_MS_MAX) | 0, SIGNED_MAX)).toBe(2 * Ticks.DURATION_MS_MAX);
		expect(Ticks.DURATION_MS_MAX).toBe(7 * 24 * 60 * 60 * 1000);
	});
});
