// Goal: whatever a callback of the application throws, the session goes on, and the application is told.
// Method: every callback throws in its turn; a source and a report that throw are the hard cases.
import { describe, expect, it } from "vitest";
import { Problem } from "../../firmware/client/codes.js";
import { Counter } from "../../firmware/client/counters.js";
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
	h.core.unsubscribe("f");
	h.sent();
	h.exchange(ackHex(0xb0, 3));
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

describe("callbacks that are not there", () => {
	it("are not missed", () => {
		const none = Object.fromEntries(CALLBACKS.map((name) => [name, undefined]));
		const h = live(none);
		expect(h.core.counters[Counter.CALLBACKS_THREW]).toBe(0);
		expect(h.core.counters[Counter.UNROUTED]).toBe(1);
		expect(h.log).toEqual([]);
	});
});
