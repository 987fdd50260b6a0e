import { describe, expect, it } from "vitest";
import { StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { ackHex, publishHex } from "../support/hex.js";
import { settle } from "./answers.js";
import { Rig, type RigOptions } from "./rig.js";

// Goal: a turn is bounded in time, what is due goes out in the middle of a burst, and the time in which the client did not
// run counts against nobody; a dead link is found all the same.
// Method: callbacks that take their time on a scripted clock, and a clock that jumps while the timer does not fire.

const PINGREQ = "c000";
const PINGRESP = "d000";

/** A connected rig whose handler of "t" takes so long; how many messages each turn handed over is written down. */
function slow(handlerMs: number, options: RigOptions = {}): { rig: Rig; handled: () => number } {
	const rig = new Rig({ stableMs: 1, ...options });
	let handled = 0;
	rig.subscribe("t", 1, () => {
		handled++;
		rig.pass(handlerMs);
	});
	rig.connect();
	rig.serve("9003000101");
	rig.log.length = 0;
	return { rig, handled: () => handled };
}

/** Turns until everything that has arrived is used; `each` after every one. */
function drain(rig: Rig, each: () => void = () => undefined): void {
	each();
	for (let turns = 0; rig.transport.readable > 0 || rig.core.receiver.stalled; turns++) {
		if (turns > 20_000) throw new Error("it does not come to an end");
		// The platform tells of bytes once; the loop has promised to go on by itself.
		expect(rig.clock.delayMs).toBe(1);
		rig.sleep();
		each();
	}
}

describe("a turn", () => {
	it("ends after 50 ms, in the middle of a landing too, and goes on a millisecond later", () => {
		const { rig, handled } = slow(20, { readSize: 512 });
		rig.hear(publishHex("t", "x").repeat(60));
		expect(handled()).toBe(3);
		rig.sleep();
		expect(handled()).toBe(6);
		let before = 6;
		drain(rig, () => {
			expect(handled() - before).toBeLessThanOrEqual(3);
			before = handled();
		});
		expect([handled(), rig.log]).toEqual([60, []]);
	});

	it("hands over one message at least, however long that takes", () => {
		const { rig, handled } = slow(120, { readSize: 64 });
		rig.hear(publishHex("t", "x", 1, 7).repeat(20));
		let turns = 0;
		drain(rig, () => turns++);
		expect([handled(), turns]).toEqual([20, 20]);
		expect(rig.transport.sent).toBe(ackHex(0x40, 7).repeat(20));
	});

	it("ends after 50 ms also when it is a source that takes its time, and reads on meanwhile", () => {
		const { rig, handled } = slow(0, { txBuffer: 512, keepAlive: 0 });
		// STABLE has been.
		rig.sleep();
		let pulled = 0;
		const source = {
			read: (_position: number, target: Uint8Array, offset: number) => {
				pulled++;
				rig.pass(30);
				target[offset] = 0x78;
				return 1;
			},
		};
		expect(rig.publishStream("s", 100, source, 0)).toBe(0);
		expect(pulled).toBe(2);
		rig.hear(publishHex("t", "x").repeat(3));
		expect(handled()).toBe(3);
		while (rig.clock.delayMs === 1) {
			const before = pulled;
			rig.sleep();
			// What is read, what waits in the window and the timer may each write.
			expect(pulled - before).toBeLessThanOrEqual(6);
		}
		expect(pulled).toBe(100);
		expect(rig.transport.sent).toBe(publishHex("s", "x".repeat(100)));
	});

	it("that is owed is not forgotten for what the application calls meanwhile", () => {
		const rig = new Rig({ keepAlive: 60, stableMs: 1, readSize: 16, rxBuffer: 64 });
		rig.subscribe("t");
		rig.connect();
		rig.serve("9003000100");
		rig.hear(publishHex("t", "message 001").repeat(60));
		expect(rig.payloads).toHaveLength(16);
		rig.core.sender.resumeSources();
		rig.core.application.attention = true;
		rig.loop.send(rig.clock.now);
		drain(rig);
		expect(rig.payloads).toHaveLength(60);
	});

	it("that is owed is not forgotten for a ping that falls due", () => {
		const rig = new Rig({ keepAlive: 60, stableMs: 1, readSize: 16, rxBuffer: 64 });
		rig.subscribe("t");
		rig.connect();
		rig.serve("9003000100");
		rig.pass(54_999);
		rig.hear(publishHex("t", "message 001").repeat(40));
		expect(rig.payloads).toHaveLength(16);
		rig.sleep();
		expect(rig.transport.sent).toBe(PINGREQ);
		drain(rig);
		expect(rig.payloads).toHaveLength(40);
	});
});

describe("a burst that takes longer than the keep alive", () => {
	it.each([64, 256, 4_096])("of 4,000 messages of 120 ms each costs no connection; %i bytes a read", (readSize) => {
		const { rig, handled } = slow(120, { keepAlive: 60, readSize, rxBuffer: 4_096 });
		let sentAt = rig.clock.now;
		let gapMs = 0;
		let pings = 0;
		// All of it is there at once; what the server answers comes behind it.
		rig.hear(publishHex("t", "x").repeat(4_000));
		drain(rig, () => {
			const { sent } = rig.transport;
			if (sent === "") return;
			expect(sent).toBe(PINGREQ);
			gapMs = Math.max(gapMs, rig.clock.now - sentAt);
			sentAt = rig.clock.now;
			pings++;
			rig.transport.arrive(PINGRESP);
		});
		expect([handled(), rig.log, rig.state]).toEqual([4_000, [], StateCode.CONNECTED]);
		expect(pings).toBeGreaterThanOrEqual(8);
		expect(gapMs).toBeLessThan(56_000);
	});

	it("does not count as the server's time for a SUBACK that stands behind it", () => {
		const { rig, handled } = slow(120, { keepAlive: 0, ackTimeoutMs: 5_000 });
		rig.subscribe("other", 1);
		rig.transport.arrive(publishHex("t", "x").repeat(500));
		rig.hear("9003000201");
		drain(rig);
		expect([handled(), rig.log]).toEqual([500, ["subscribed 1 1"]]);
	});
});

/** Everything that is waited for, how to get there, and what brings it; milliseconds that it may take. */
const WAITS: [string, number, () => Rig, string, (rig: Rig) => void][] = [
	[
		"the name service",
		8_000,
		() => {
			const rig = new Rig({ connectTimeoutMs: 8_000 });
			Object.assign(rig.transport, { resolving: true });
			return rig.start();
		},
		"disconnected 1/11 retry",
		(rig) => rig.loop.handleResolved(),
	],
	[
		"the connection",
		8_000,
		() => new Rig({ connectTimeoutMs: 8_000 }).start(),
		"disconnected 2/21 retry",
		(rig) => rig.opened(),
	],
	[
		"CONNACK",
		8_000,
		() => new Rig({ connectTimeoutMs: 8_000, keepAlive: 0 }).start().opened(),
		"disconnected 5/50 retry",
		(rig) => rig.hear("20020000"),
	],
	[
		"SUBACK",
		8_000,
		() => {
			const { rig } = slow(0, { ackTimeoutMs: 8_000, keepAlive: 0 });
			rig.subscribe("other", 1);
			return rig;
		},
		"disconnected 5/52 retry",
		(rig) => rig.hear("9003000201"),
	],
	[
		"room to write",
		8_000,
		() => {
			const { rig } = slow(0, { pingTimeoutMs: 8_000, keepAlive: 0 });
			rig.transport.room = 0;
			rig.publish("a", "x", 1);
			return rig;
		},
		"disconnected 5/53 retry",
		(rig) => rig.makeRoom(),
	],
	[
		"PINGRESP",
		8_000,
		() => {
			const { rig } = slow(0, { pingTimeoutMs: 8_000, keepAlive: 60 });
			while (rig.core.counters[CounterIndex.PINGS] === 0) rig.sleep();
			return rig;
		},
		"disconnected 5/51 retry",
		(rig) => rig.hear(PINGRESP),
	],
	[
		"the end of stop()",
		8_000,
		() => {
			const { rig } = slow(0, { stopTimeoutMs: 8_000, keepAlive: 0 });
			rig.publish("a", "x", 1);
			return rig.stop();
		},
		"disconnected 0/0 final",
		(rig) => rig.hear(ackHex(0x40, 2)),
	],
];

describe.each(WAITS)("waiting for %s", (_name, timeoutMs, reach, end, answer) => {
	/** The timer fires when it is to, until `end`; the milliseconds that took. */
	function untilEnd(rig: Rig): number {
		let ms = 0;
		for (let i = 0; i < 200 && !rig.log.includes(end); i++) {
			const { leftMs } = rig.clock;
			rig.pass(leftMs);
			rig.clock.fire!();
			ms += leftMs;
		}
		expect(rig.log).toContain(end);
		return ms;
	}

	it("goes on after a pause of the whole process, with most of its time left", () => {
		const rig = reach();
		rig.pass(7_200_000);
		rig.clock.fire!();
		expect(rig.log).toEqual([]);
		expect(untilEnd(rig)).toBeGreaterThanOrEqual((timeoutMs * 3) / 4);
	});

	it("is over when what was waited for is found after the pause", () => {
		const rig = reach();
		rig.pass(120_000);
		rig.clock.fire!();
		answer(rig);
		expect(rig.log).not.toContain(end.includes("final") ? "never" : end);
	});

	it("takes no more than its time when nothing stands in the way", () => {
		const rig = reach();
		// DISCONNECT has a last moment.
		expect(untilEnd(rig)).toBeLessThanOrEqual(timeoutMs + 500);
	});

	it("leaves a last look after a pause that ends right behind the deadline", () => {
		const rig = reach();
		const dueAt = rig.clock.now + rig.waitMs;
		// The timer fires as it should, and then once not.
		while (((dueAt - rig.clock.now) | 0) > rig.clock.leftMs) {
			rig.pass(rig.clock.leftMs);
			rig.clock.fire!();
		}
		rig.pass(rig.clock.leftMs + 40);
		rig.clock.fire!();
		expect(rig.log).toEqual([]);
		answer(rig);
		expect(rig.log).not.toContain(end.includes("final") ? "never" : end);
	});

	it("comes to its end although the program never leaves the client its time", () => {
		const rig = reach();
		let ran = 0;
		while (!rig.log.includes(end)) {
			expect(ran).toBeLessThan(4 * timeoutMs);
			const { leftMs } = rig.clock;
			rig.pass(leftMs + 700);
			ran += leftMs;
			rig.clock.fire!();
		}
	});
});

describe("a handler that blocks", () => {
	it("for two minutes while a ping is out costs no connection", () => {
		const { rig } = slow(120_000, { keepAlive: 60 });
		while (rig.core.counters[CounterIndex.PINGS] === 0) rig.sleep();
		rig.hear(publishHex("t", "x"));
		// Everything is overdue by now; the answer has stood in the socket all the while.
		rig.clock.fire!();
		expect(rig.log).toEqual([]);
		// The server has heard nothing for two minutes, either.
		expect(rig.transport.sent).toBe(PINGREQ + PINGREQ);
		expect(rig.serve(PINGRESP)).toBe("");
		settle(rig);
		expect([rig.state, rig.log]).toEqual([StateCode.CONNECTED, []]);
	});

	it("for as long as an answer may take, and subscribes in it, has its SUBACK waited for", () => {
		const rig = new Rig({ keepAlive: 0, stableMs: 1, ackTimeoutMs: 5_000 });
		rig.subscribe("t", 0, () => {
			rig.subscribe("other", 1);
			rig.pass(20_000);
		});
		rig.connect();
		rig.serve("9003000100");
		rig.log.length = 0;
		rig.hear(publishHex("t", "x"));
		rig.clock.fire!();
		expect(rig.log).toEqual([]);
		rig.hear("9003000201");
		expect(rig.log).toEqual(["subscribed 1 1"]);
	});
});
