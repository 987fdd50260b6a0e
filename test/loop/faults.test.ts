import { describe, expect, it } from "vitest";
import { AssertionError } from "../../firmware/base/assert.js";
import { Problem, StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { Fill } from "../../firmware/client/outgoing/sender.js";
import { TransportEnd } from "../../firmware/ports/transport.js";
import { ackHex, publishHex } from "../support/hex.js";
import { settle } from "./answers.js";
import { Rig, type RigOptions } from "./rig.js";

// Goal: nothing that is thrown inside a turn leaves it. The transport's exceptions are the loss of the link; those of our
// own code are a defect that costs the connection and not the session; those of callbacks cost nothing.
// Method: each step of a turn is made to throw once, then the server lets the client resume.

const PERSISTENT: RigOptions = { cleanSession: false, keepAlive: 0, reconnectMinMs: 1_000 };

/** A connected rig with a publish of each QoS on its way. */
function underWay(options: RigOptions = {}): Rig {
	const rig = new Rig({ ...PERSISTENT, ...options });
	rig.subscribe("t", 1);
	rig.connect();
	rig.serve("9003000101");
	rig.publish("a", "x", 1);
	rig.publish("b", "y", 2);
	expect(rig.transport.sent).toBe(publishHex("a", "x", 1, 2) + publishHex("b", "y", 2, 3));
	rig.log.length = 0;
	return rig;
}

/** The next attempt comes about, the server has kept the session: both publishes go out again, before all else. */
function expectResumed(rig: Rig): void {
	expect(rig.state).toBe(StateCode.WAITING);
	expect([rig.transport.isOpen, rig.transport.calls]).toEqual([false, ["open", "close"]]);
	expect(rig.sleep()).toBe(500);
	rig.opened();
	expect(rig.transport.sent).toMatch(/^10/);
	const resent = publishHex("a", "x", 1, 2, 8) + publishHex("b", "y", 2, 3, 8);
	expect(rig.serve("20020100").slice(0, resent.length)).toBe(resent);
	rig.log.length = 0;
	rig.hear(ackHex(0x40, 2) + ackHex(0x50, 3));
	rig.hear(ackHex(0x70, 3));
	expect(rig.log).toEqual(["delivered 2", "delivered 3"]);
}

/** Makes one method throw at its next call. */
function sabotage<K extends string>(target: { [key in K]: unknown }, name: K, error: unknown): void {
	const owner = target as Record<K, unknown>;
	owner[name] = () => {
		delete owner[name];
		throw error;
	};
}

describe("a transport that throws", () => {
	it.each([new Error("not ready"), new RangeError("invalid"), new SyntaxError("invalid host data"), "a string"])(
		"%s at a read has lost the link",
		(error) => {
			const rig = underWay();
			rig.transport.readThrows = error as Error;
			expect(rig.serve("d000")).toBe("");
			expect(rig.log).toEqual(["disconnected 2/22 retry"]);
			expectResumed(rig);
		},
	);

	it("at a write has lost the link", () => {
		const rig = underWay();
		rig.transport.writeThrows = new Error("not ready");
		expect(rig.publish("t", "x")).toBe(0);
		expect(rig.log).toEqual(["disconnected 2/22 retry"]);
		expectResumed(rig);
	});

	it("at the write of DISCONNECT does not keep the client from stopping", () => {
		const rig = new Rig();
		rig.connect();
		rig.transport.writeThrows = new Error("not ready");
		rig.stop();
		expect(rig.log).toEqual(["disconnected 2/22 final", "stopped"]);
		expect([rig.state, rig.transport.isOpen, rig.clock.delayMs]).toEqual([StateCode.STOPPED, false, -1]);
	});

	it("is opened again at once when onDisconnected asks for it", () => {
		const rig = underWay({ onDisconnected: (client) => client.networkUp() });
		rig.transport.readThrows = new Error("not ready");
		rig.hear("d000");
		expect(rig.transport.calls).toEqual(["open", "close", "open"]);
		expect(rig.state).toBe(StateCode.OPENING);
	});
});

describe("a defect of our own", () => {
	const steps: [string, (rig: Rig, error: unknown) => void][] = [
		[
			"while reading",
			(rig, error) => {
				sabotage(rig.core.receiver, "handleBytes", error);
				rig.hear(publishHex("t", "x"));
			},
		],
		[
			"while filling",
			(rig, error) => {
				sabotage(rig.core.sender, "fill", error);
				rig.publish("t", "a payload that does not go out directly".repeat(20));
			},
		],
		[
			"in an ack",
			(rig, error) => {
				sabotage(rig.core.session, "handlePuback", error);
				rig.hear(ackHex(0x40, 2));
			},
		],
		[
			"at a timeout",
			(rig, error) => {
				sabotage(rig.core, "handleTimeout", error);
				rig.loop.handleTimer();
			},
		],
		[
			"while the timer is set",
			(rig, error) => {
				sabotage(rig.core, "sleepMs", error);
				rig.loop.handleTimer();
			},
		],
		[
			"while onRoom is told",
			(rig, error) => {
				while (rig.publish("t", "x".repeat(100), 1) > 0);
				sabotage(rig.core.application, "tellRoom", error);
				rig.hear(ackHex(0x40, 4));
				rig.log.shift();
			},
		],
	];

	it.each(steps)("%s costs the connection and keeps the session", (_name, run) => {
		for (const error of [
			new AssertionError("sender: a fact that is none"),
			new TypeError("undefined is no object"),
			new RangeError("offset is out of bounds"),
			new Error("not ready"),
			"a string",
		]) {
			const rig = underWay({ txBuffer: 64, outbox: 2048 });
			run(rig, error);
			// onRoom, which was owed, is told all the same.
			expect(rig.log.filter((line) => line !== "room")).toEqual(["disconnected 0/3 retry"]);
			expectResumed(rig);
		}
	});

	it("counts as the end of a connection that is being stopped", () => {
		const rig = underWay();
		rig.stop();
		expect(rig.state).toBe(StateCode.STOPPING);
		sabotage(rig.core.receiver, "handleBytes", new TypeError("undefined is no object"));
		rig.hear("d000");
		expect(rig.log).toEqual(["disconnected 0/3 final", `problem ${Problem.STOPPED_UNFINISHED} 2`, "stopped"]);
		expect([rig.transport.isOpen, rig.clock.delayMs]).toEqual([false, -1]);
	});

	it("ends an attempt, and the next one comes about", () => {
		const rig = new Rig(PERSISTENT).start();
		sabotage(rig.core, "handleTimeout", new AssertionError("core: no such deadline"));
		rig.loop.handleTimer();
		expect(rig.log).toEqual(["disconnected 0/3 retry"]);
		settle(rig);
		expect(rig.state).toBe(StateCode.CONNECTED);
	});

	it("between two attempts costs nothing", () => {
		const rig = underWay();
		rig.loop.handleEnded(TransportEnd.LOST);
		sabotage(rig.core, "handleTimeout", new AssertionError("core: no such deadline"));
		rig.sleep();
		expect(rig.log).toEqual(["disconnected 2/22 retry"]);
		expect(rig.clock.delayMs).toBe(1);
		rig.sleep();
		expect([rig.state, rig.transport.isOpen]).toEqual([StateCode.OPENING, true]);
	});

	it("of a client that has stopped costs nothing", () => {
		const rig = new Rig();
		sabotage(rig.core, "handleTimeout", new TypeError("undefined is no object"));
		rig.loop.handleTimer();
		expect([rig.state, rig.log, rig.clock.delayMs]).toEqual([StateCode.STOPPED, [], -1]);
		settle(rig.start());
		expect(rig.state).toBe(StateCode.CONNECTED);
	});

	it("in a source is the source's: its publish is dropped and reported", () => {
		const rig = underWay();
		const source = {
			read: () => {
				throw new TypeError("undefined is no object");
			},
		};
		expect(rig.publishStream("s", 10, source, 1)).toBe(4);
		expect(rig.log).toEqual([
			`problem ${Problem.CALLBACK_THREW} 1`,
			`problem ${Problem.SOURCE_FAILED} 4`,
			"disconnected 0/2 retry",
		]);
		expect(Fill.SOURCE_FAILED).toBeLessThan(0);
		expectResumed(rig);
	});
});

describe("a callback that throws", () => {
	const oops = (): never => {
		throw new Error("a callback that throws");
	};
	const callbacks: [keyof RigOptions, (rig: Rig) => void][] = [
		["onConnected", () => {}],
		["onDisconnected", (rig) => rig.loop.handleEnded(TransportEnd.LOST)],
		["onDelivered", (rig) => rig.publish("a", "x", 1)],
		["onSubscribed", (rig) => rig.subscribe("s")],
		["onUnsubscribed", (rig) => rig.unsubscribe("t")],
		["onMessage", (rig) => rig.hear(publishHex("unrouted", "x"))],
		["onTrace", () => {}],
		["onStopped", (rig) => rig.stop()],
		["onRoom", (rig) => fillUp(rig)],
	];

	function fillUp(rig: Rig): void {
		while (rig.publish("a", "x".repeat(100), 1) > 0);
	}

	it.each(callbacks)("as %s is counted and reported, and all goes on", (name, provoke) => {
		const rig = new Rig({ keepAlive: 0, outbox: 512, [name]: oops });
		rig.subscribe("t", 1);
		rig.start();
		settle(rig);
		provoke(rig);
		settle(rig);
		const threw = rig.core.counters[CounterIndex.CALLBACKS_THREW]!;
		expect(threw).toBeGreaterThan(0);
		expect(rig.log).toContain(`problem ${Problem.CALLBACK_THREW} ${threw}`);
		settle(rig.start());
		rig.subscribe("t", 1);
		settle(rig);
		rig.hear(publishHex("t", "still there", 1, 7));
		expect(rig.payloads).toEqual(["still there"]);
		expect(rig.transport.sent).toBe(ackHex(0x40, 7));
	});

	it("has its exception told to onProblem, itself", () => {
		const thrown = new RangeError("42 is no reading of a thermometer");
		const told: unknown[] = [];
		const throwing = (): never => {
			throw thrown;
		};
		for (const [name, provoke] of callbacks) {
			const onProblem = (_client: Rig, problem: number, _detail: number, error: unknown): void => {
				if (problem === Problem.CALLBACK_THREW) told.push([name, error]);
				else expect(error).toBeUndefined();
			};
			const rig = new Rig({ keepAlive: 0, outbox: 512, onProblem, [name]: throwing });
			rig.subscribe("t", 1);
			rig.start();
			settle(rig);
			provoke(rig);
			settle(rig);
			expect(told).toContainEqual([name, thrown]);
		}
		const onProblem = (_client: Rig, _problem: number, _detail: number, error: unknown): void => void told.push(error);
		const rig = new Rig({ keepAlive: 0, onProblem });
		rig.subscribe("t", 0, throwing);
		settle(rig.start());
		rig.publishStream("s", 10, { read: () => 1, finished: throwing });
		rig.hear(publishHex("t", "x"));
		settle(rig);
		expect(told.slice(-2)).toEqual([thrown, thrown]);
	});

	it("as onProblem is counted, and not reported to itself", () => {
		const rig = new Rig({ keepAlive: 0, onProblem: oops });
		rig.subscribe("t", 0, oops);
		rig.connect();
		rig.serve("9003000100");
		rig.hear(publishHex("t", "x"));
		expect(rig.core.counters[CounterIndex.CALLBACKS_THREW]).toBe(2);
		expect(rig.log).toEqual(["subscribed 0 0", `problem ${Problem.CALLBACK_THREW} 1`]);
	});

	it("as a handler does not keep the ack from going out", () => {
		const rig = new Rig({ keepAlive: 0 });
		rig.subscribe("t", 2, oops);
		rig.connect();
		rig.serve("9003000102");
		expect(rig.serve(publishHex("t", "x", 1, 5))).toBe(ackHex(0x40, 5));
		expect(rig.serve(publishHex("t", "x", 2, 6))).toBe(ackHex(0x50, 6));
		expect(rig.core.counters[CounterIndex.CALLBACKS_THREW]).toBe(2);
	});
});
