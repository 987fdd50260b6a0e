import { describe, expect, it } from "vitest";
import { Command } from "../../firmware/client/connection/core.js";
import { LayerCode, ProblemCode, ReasonCode, StateCode } from "../../firmware/client/terms/codes.js";
import type { Message } from "../../firmware/client/terms/message.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";
import { packetsOf, serve } from "./model-server.js";

// Goal: lessons 29 … 32, as lessons.test.ts tells: callbacks that call back, stopping at any time, and the clock.
// Method: the core alone, with explicit times; test/loop/callbacks.test.ts tries every call in every callback of a turn.

/** Connected, and subscribed to `t/#`. */
function connected(): Harness {
	const h = new Harness({ cleanSession: false, random: () => 0 });
	h.subscribe("t/#", 2);
	h.connect();
	h.exchange("9003000102");
	h.log.length = h.commands.length = 0;
	return h;
}

/** The first bytes of packets, in order. */
function types(hex: string): number[] {
	return packetsOf(hex).map(({ first }) => first);
}

/** What is logged when the application has ended a connection. */
const STOPPED = `disconnected ${LayerCode.LOCAL}/${ReasonCode.STOPPED} 0 final`;

describe("callbacks", () => {
	/** A client that does something with the first message, from within its handler. */
	function handling(act: (h: Harness) => void): Harness {
		const h = connected();
		let first = true;
		h.subscribe("t/#", 2, ((message: Message) => {
			h.keep(message as never, undefined as never);
			if (first) {
				first = false;
				act(h);
			}
		}) as never);
		serve(h, h.sent());
		h.log.length = 0;
		return h;
	}

	it("lesson 29: a publish from within a handler goes out behind, and does not recurse", () => {
		const h = handling((inner) => [0, 1, 2].forEach((qos) => inner.publish("t/a", "again", qos)));
		const sent = h.exchange(publishHex("t/a", "first", 1, 9));
		expect(h.seen.length).toBe(1);
		expect(types(sent).sort()).toEqual([0x30, 0x32, 0x34, 0x40]);
	});

	it.each([
		["networkDown", (h: Harness) => h.core.networkDown(h.now), StateCode.WAITING, ""],
		["stop", (h: Harness) => void h.stop(), StateCode.STOPPED, ackHex(0x40, 9) + ackHex(0x40, 10) + "e000"],
	])(
		"lesson 29: a close from within a handler ends the connection, and nothing else: %s",
		(_name, act, state, sent) => {
			// A publish from within a callback recurses or deadlocks; a close from within a callback aborts the program.
			const h = handling(act);
			expect(h.exchange(publishHex("t/a", "x", 1, 9) + publishHex("t/b", "x", 1, 10))).toBe(sent);
			expect(h.core.state).toBe(state);
			expect(h.log.filter((line) => line.startsWith("disconnected")).length).toBe(1);
			expect(h.seen.length).toBe(state === StateCode.WAITING ? 1 : 2);
		},
	);

	it("lesson 29: onConnected may publish, subscribe, stop; onDisconnected may start again", () => {
		const h: Harness = new Harness({
			onConnected: () => {
				h.publish("t", "x", 0);
				h.subscribe("a");
				h.stop();
			},
			onStopped: () => h.core.start(h.now),
		} as HarnessOptions);
		h.start().opened();
		expect(types(h.exchange("20020000"))).toEqual([0x30, 0xe0]);
		expect(h.core.state).toBe(StateCode.OPENING);
		expect(h.commands.at(-1)).toBe(Command.OPEN);
	});

	it.each(["resolved", "opened", "lost"])(
		"lesson 30: a stop while the name is being resolved is final, also when it is %s",
		(later) => {
			// A close while the name is being resolved, or a stop while connecting, throws later or does not stop.
			const h = new Harness();
			h.start().stop();
			expect(h.log).toEqual([STOPPED, "stopped"]);
			expect(h.commands).toEqual([Command.OPEN, Command.CLOSE]);
			if (later === "resolved") h.core.handleResolved(h.now);
			else if (later === "opened") h.core.handleOpened(h.now);
			else h.lost();
			h.receive("20020000");
			h.pass(600_000);
			expect(h.sent()).toBe("");
			expect(h.core.state).toBe(StateCode.STOPPED);
			expect(h.log.length).toBe(2);
			expect(h.core.sleepMs(h.now)).toBe(-1);
		},
	);

	it("lesson 30: a stop between CONNECT and CONNACK is orderly; without CONNACK it ends in time", () => {
		const h = new Harness();
		h.start().opened();
		h.publish("t", "x", 1);
		h.stop();
		h.pass(5_000);
		expect(h.core.state).toBe(StateCode.STOPPED);
		expect(h.log.at(-1)).toBe("stopped");
	});

	it("lesson 30: a stop while waiting for the next attempt is final", () => {
		const h = connected();
		h.lost();
		h.stop();
		expect(h.log.at(-1)).toBe("stopped");
		h.pass(600_000);
		expect(h.commands.filter((command) => command === Command.OPEN)).toEqual([]);
	});

	it("lesson 31: an exception in a handler is reported, and costs nothing else", () => {
		// An exception in the application's handler kills the parser, or the device.
		const h = handling(() => {
			throw new Error("of the application");
		});
		const other: string[] = [];
		h.subscribe("t/a", 1, ((message: Message) => other.push(message.topicText())) as never);
		serve(h, h.sent());
		h.log.length = 0;
		expect(h.exchange(publishHex("t/a", "x", 1, 9) + publishHex("t/b", "x", 1, 10))).toBe(
			ackHex(0x40, 9) + ackHex(0x40, 10),
		);
		expect(h.log).toEqual([`problem ${ProblemCode.CALLBACK_THREW} 1`]);
		expect(other).toEqual(["t/a"]);
		expect(h.seen.length).toBe(2);
	});
});

/** A client of a clock that counts from 0 to 2^32 - 1. */
class UnsignedHarness extends Harness {
	override pass(ms: number): void {
		this.now = (this.now + ms) >>> 0;
		this.core.handleTimeout(this.now);
	}
}

describe("lesson 32: time-outs do not break when the millisecond counter wraps", () => {
	/** Name lookup, CONNACK, pings, SUBACK, stop: everything that has a deadline; returns what happened, and when. */
	function story(HarnessClass: typeof Harness, ticks: number): string[] {
		const h = new HarnessClass({ ticks, random: () => 0.5, ackTimeoutMs: 7_000 });
		const told: string[] = [];
		const note = (): void => {
			const elapsed = (h.now - ticks) | 0;
			const sent = h.sent();
			told.push([elapsed, sent, h.log.splice(0).join(", ")].filter((part) => part !== "").join(" "));
		};
		h.start();
		h.sleep();
		note();
		h.sleep();
		h.opened();
		h.sleep();
		note();
		h.sleep();
		h.connect();
		for (let i = 0; i < 4; i++) {
			h.sleep();
			note();
			if (i < 2) h.exchange("d000");
		}
		h.sleep();
		h.connect();
		h.subscribe("a");
		h.sent();
		h.sleep();
		note();
		h.sleep();
		h.connect();
		h.publish("t", "x", 1);
		h.stop().sent();
		h.sleep();
		note();
		return told;
	}

	it.each([
		["signed, after 24.8 days", Harness, 2 ** 31],
		["signed, after 49.7 days", Harness, 0],
		["unsigned, after 24.8 days", UnsignedHarness, 2 ** 31],
		["unsigned, after 49.7 days", UnsignedHarness, 2 ** 32],
	])("%s", (_name, HarnessClass, wrap) => {
		const expected = story(Harness, 1_000);
		expect(expected).toEqual([
			"30000 disconnected 1/11 0 retry",
			"60500 disconnected 5/50 0 retry",
			"91500 connected false",
			"116500 c000",
			"171500 c000",
			"181500 disconnected 5/51 0 retry",
			"189000 connected false, disconnected 5/52 0 retry",
			"195000 e000 connected false, disconnected 0/0 0 final, problem 7 1, stopped",
		]);
		const first = HarnessClass === Harness ? (at: number): number => at | 0 : (at: number): number => at >>> 0;
		for (let before = 0; before < 300_000; before += 1_000) {
			expect(story(HarnessClass, first(wrap - before))).toEqual(expected);
		}
	});
});
