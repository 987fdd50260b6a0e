// Goal: deadlines are compared right at every place where the millisecond counter wraps.
// Method: explicit times, from builders that start right before each wrap.
import { describe, expect, it } from "vitest";
import { Ticks } from "../../firmware/base/ticks.js";
import { Deadline, Deadlines, Armed } from "../../firmware/client/setup/deadlines.js";
import { TICKS } from "../support/core-harness.js";

describe.each([...TICKS, 0xffffffff, 0x80000000])("Deadlines, from ticks %i", (ticks) => {
	/** The counter some ms later, signed as on the device. */
	const after = (ms: number): number => (ticks + ms) | 0;

	it("come when their time has come, once", () => {
		const deadlines = new Deadlines(new Int32Array(8));
		deadlines.arm(Deadline.RETRY, 500, ticks);
		for (let ms = 0; ms < 500; ms++) expect(deadlines.due(after(ms))).toBe(0);
		expect(deadlines.next(after(499))).toBe(1);
		expect(deadlines.next(after(500))).toBe(0);
		expect(deadlines.next(after(900))).toBe(0);
		expect(deadlines.due(after(900))).toBe(1 << Deadline.RETRY);
		deadlines.clear(Deadline.RETRY);
		expect(deadlines.due(after(901))).toBe(0);
	});

	it("come together, and stay until they are cleared", () => {
		const deadlines = new Deadlines(new Int32Array(8));
		deadlines.arm(Deadline.KEEP_ALIVE, 10, ticks);
		deadlines.arm(Deadline.STOP, 20, ticks);
		deadlines.arm(Deadline.ACK, 30, ticks);
		expect(deadlines.due(after(25))).toBe((1 << Deadline.KEEP_ALIVE) | (1 << Deadline.STOP));
		deadlines.clear(Deadline.KEEP_ALIVE);
		expect(deadlines.due(after(25))).toBe(1 << Deadline.STOP);
	});

	it("name the nearest of them", () => {
		const deadlines = new Deadlines(new Int32Array(8));
		expect(deadlines.next(ticks)).toBe(Armed.NOTHING_DUE);
		deadlines.arm(Deadline.STOP, 900, ticks);
		deadlines.arm(Deadline.RETRY, 300, ticks);
		deadlines.arm(Deadline.ACK, 600, ticks);
		expect(deadlines.next(ticks)).toBe(300);
		deadlines.clear(Deadline.RETRY);
		expect(deadlines.next(after(100))).toBe(500);
		deadlines.clearConnection();
		expect(deadlines.next(after(100))).toBe(800);
		deadlines.clear(Deadline.STOP);
		expect(deadlines.next(ticks)).toBe(Armed.NOTHING_DUE);
	});

	it("wait for as long as may be asked", () => {
		const deadlines = new Deadlines(new Int32Array(8));
		deadlines.arm(Deadline.RETRY, Ticks.DURATION_MS_MAX, ticks);
		expect(deadlines.next(ticks)).toBe(Ticks.DURATION_MS_MAX);
		expect(deadlines.next(after(Ticks.DURATION_MS_MAX - 5))).toBe(5);
		expect(deadlines.due(after(Ticks.DURATION_MS_MAX - 1))).toBe(0);
		expect(deadlines.due(after(Ticks.DURATION_MS_MAX))).toBe(1 << Deadline.RETRY);
	});
});

describe("Deadlines", () => {
	it("say that whoever sleeps has to look again", () => {
		const deadlines = new Deadlines(new Int32Array(8));
		expect(deadlines.changed).toBe(false);
		deadlines.arm(Deadline.WRITE, 1, 0);
		expect(deadlines.changed).toBe(true);
		deadlines.changed = false;
		deadlines.clear(Deadline.WRITE);
		expect(deadlines.changed).toBe(false);
	});

	it("are armed one by one", () => {
		const deadlines = new Deadlines(new Int32Array(8));
		deadlines.arm(Deadline.STABLE, 1, 0);
		expect([Deadline.STABLE, Deadline.STOP].map((each) => deadlines.isArmed(each))).toEqual([true, false]);
	});
});
