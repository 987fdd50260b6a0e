// Goal: whatever a callback of the application throws, the session goes on, and the application is told.
// Method: every callback throws in its turn; a source and a report that throw are the hard cases.
import { describe, expect, it } from "vitest";
import { Application } from "../../firmware/client/telling/application.js";
import { Problem } from "../../firmware/client/terms/codes.js";
import { Counter, COUNTER_COUNT, Counts } from "../../firmware/client/terms/counters.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const CALLBACKS = [
	...["onConnected", "onDisconnected", "onDelivered", "onRoom", "onMessage", "onSubscribed", "onUnsubscribed"],
	...["onProblem", "onStopped", "onTrace"],
] as const;

const boom = (): never => {
	throw new Error("callback");
};

/** A life in which every callback is called: twice connected, published, subscribed, refused, stopped. */
function live(options: HarnessOptions): Harness {
	const h = new Harness({ firstId: 1, outbox: 64, cleanSession: false, ...options });
	h.subscribe("f", 1);
	h.connect();
	h.exchange("9003000180");
	h.exchange(publishHex("t", "x", 1, 9));
	h.publish("t", "0123456789".repeat(4), 1);
	h.publish("t", "x", 1);
	h.sent();
	h.exchange(ackHex(0x40, 2));
	h.publish("t", "x", 2);
	h.sent();
	h.exchange(ackHex(0x50, 3));
	h.exchange(ackHex(0x70, 3));
	h.core.unsubscribe("f");
	h.sent();
	h.exchange(ackHex(0xb0, 4));
	h.lost();
	h.connect(true);
	h.stop();
	h.sent();
	return h;
}

const COUNTED = [
	Counter.CONNECTS,
	Counter.DELIVERED,
	Counter.PUBLISHES_IN,
	Counter.PUBLISHES_OUT,
	Counter.DISCONNECTS,
] as const;
const countsOf = (h: Harness): number[] => COUNTED.map((index) => h.core.counters[index]!);

describe("a callback that throws", () => {
	const well = live({ onMessage: () => undefined, onTrace: () => undefined });

	it.each(CALLBACKS)("changes nothing for the session: %s", (name) => {
		const told: number[] = [];
		const onProblem = (_client: unknown, problem: number, detail: number): void => void told.push(problem, detail);
		const h = live({ onMessage: () => undefined, onTrace: () => undefined, onProblem, [name]: boom });
		expect(countsOf(h)).toEqual(countsOf(well));
		expect(h.core.state).toBe(0);
		const threw = h.core.counters[Counter.CALLBACKS_THREW]!;
		expect(threw).toBeGreaterThan(0);
		const reported = told.filter((_, i) => i % 2 === 0 && told[i] === Problem.CALLBACK_THREW).length;
		expect(reported).toBe(name === "onProblem" ? 0 : threw);
	});

	it("is told by its number, even if all of them throw", () => {
		const all = Object.fromEntries(CALLBACKS.map((name) => [name, boom]));
		expect(countsOf(live(all))).toEqual(countsOf(well));
	});
});

describe("the source of a streamed publish", () => {
	/** Callbacks alone, with a place for one source. */
	function alone(): { application: Application; counters: Uint32Array } {
		const counters = new Uint32Array(COUNTER_COUNT);
		return {
			application: new Application({ host: "h", transport: boom }, undefined, new Counts(counters), 1),
			counters,
		};
	}

	it.each([
		[3, 3],
		[0, 0],
		[1, 1],
		[4, -1],
		[1.5, -1],
		[NaN, -1],
		["2", -1],
		[undefined, -1],
		[-1, -1],
	])("that returns %s of 3 bytes counts as %i", (returned, count) => {
		const { application } = alone();
		expect(application.freeSource()).toBe(0);
		application.sources[0] = { read: () => returned as number };
		expect(application.freeSource()).toBe(-1);
		expect(application.pull(0, 7, new Uint8Array(9), 2, 3)).toBe(count);
	});

	it("is told where to go on, and when it is over", () => {
		const { application, counters } = alone();
		const calls: number[][] = [];
		const read = (position: number, _target: Uint8Array, offset: number, size: number): number => {
			calls.push([position, offset, size]);
			return 1;
		};
		application.sources[0] = { read, finished: (packetId) => void calls.push([packetId]) };
		application.pull(0, 7, new Uint8Array(9), 2, 3);
		application.sourceFinished(0, 99);
		expect(calls).toEqual([[7, 2, 3], [99]]);
		application.sources[0] = { read };
		application.sourceFinished(0, 1);
		expect([application.freeSource(), counters[Counter.CALLBACKS_THREW]]).toEqual([0, 0]);
	});

	it("that throws has failed, and is counted", () => {
		const { application, counters } = alone();
		application.sources[0] = { read: boom, finished: boom };
		expect(application.pull(0, 0, new Uint8Array(1), 0, 1)).toBe(-1);
		application.sourceFinished(0, 1);
		expect(counters[Counter.CALLBACKS_THREW]).toBe(2);
	});
});

describe("callbacks that are not there", () => {
	it("are not missed", () => {
		const none = Object.fromEntries(CALLBACKS.map((name) => [name, undefined]));
		const h = live(none);
		expect(h.core.counters[Counter.CALLBACKS_THREW]).toBe(0);
		expect(h.core.counters[Counter.UNROUTED]).toBe(1);
		expect(h.log).toEqual([]);
	});
});
