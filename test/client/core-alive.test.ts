// Read MQTT 3.1.1 §3.1.2.10 and §3.12 beside this file.
// Goal: a live link is never given up, and a dead one always is, whatever goes one way over it.
// Method: a connected core and a clock that moves by hand, at every place where the millisecond counter wraps.
import { describe, expect, it } from "vitest";
import { Reason, State } from "../../firmware/client/terms/codes.js";
import { Command } from "../../firmware/client/connection/core.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { endedBy, inState, NOTHING, TICKS, type Harness } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const PINGREQ = "c000";
const PINGRESP = "d000";

/** What the driver sees when the connection is given up. */
function given(up: string): object {
	return { ...NOTHING, log: [up], commands: [Command.CLOSE] };
}

/** Passes time in steps, and calls `each` after every one. */
function steps(h: Harness, count: number, ms: number, each: () => void): void {
	for (let i = 0; i < count; i++) {
		h.pass(ms);
		each();
	}
}

describe.each(TICKS)("keep alive, from ticks %i", (ticks) => {
	it("pings when nothing was sent for the period less its lead [MQTT-3.1.2-23]", () => {
		const h = inState.connected({ keepAlive: 60, stableMs: 1, ticks });
		h.pass(54_999);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		expect(h.rest()).toEqual({ ...NOTHING, sent: PINGREQ });
		expect(h.core.counters[Counter.PINGS]).toBe(1);
	});

	it("goes on without end when every ping is answered", () => {
		const h = inState.connected({ keepAlive: 2, stableMs: 1, ticks });
		h.pass(1);
		for (let i = 0; i < 5; i++) {
			expect(h.sleep()).toBe(1_500 - (i === 0 ? 1 : 0));
			expect(h.sent()).toBe(PINGREQ);
			h.receive(PINGRESP);
			expect(h.rest()).toEqual(NOTHING);
		}
	});

	it("gives up when PINGRESP does not come within pingTimeoutMs", () => {
		const h = inState.connected({ keepAlive: 60, pingTimeoutMs: 700, stableMs: 1, ticks });
		h.pass(55_000);
		expect(h.sent()).toBe(PINGREQ);
		h.pass(699);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		expect(h.rest()).toEqual(given(endedBy(Reason.PINGRESP_TIMEOUT)));
		expect(h.core.state).toBe(State.WAITING);
	});

	it("waits for PINGRESP no longer than half the period", () => {
		const h = inState.connected({ keepAlive: 2, pingTimeoutMs: 10_000, stableMs: 1, ticks });
		h.pass(1_500);
		h.sent();
		h.pass(999);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		expect(h.rest()).toEqual(given(endedBy(Reason.PINGRESP_TIMEOUT)));
	});

	it("pings a server that only sends, because it counts what it gets", () => {
		const h = inState.connected({ keepAlive: 60, stableMs: 1, ticks });
		let sent = "";
		steps(h, 11, 5_000, () => {
			h.receive(publishHex("t", "x"));
			sent += h.sent();
		});
		expect(sent).toBe(PINGREQ);
	});

	it("pings a server that only takes, and finds it dead", () => {
		const h = inState.connected({ keepAlive: 60, stableMs: 1, ticks });
		let sent = "";
		steps(h, 11, 5_000, () => {
			h.publish("t", "x");
			sent += h.sent();
		});
		expect(sent).toBe("300400017478".repeat(10) + PINGREQ + "300400017478");
		h.pass(5_000);
		h.publish("t", "x");
		h.sent();
		h.pass(5_000);
		expect(h.rest()).toEqual(given(endedBy(Reason.PINGRESP_TIMEOUT)));
	});

	it("does not ping a link that is busy both ways", () => {
		const h = inState.connected({ keepAlive: 60, stableMs: 1, ticks });
		steps(h, 40, 5_000, () => {
			expect(h.exchange(publishHex("t", "x", 1, 7))).toBe(ackHex(0x40, 7));
		});
	});

	it("takes any byte as life while PINGRESP is still behind a long message", () => {
		const h = inState.connected({
			keepAlive: 20,
			pingTimeoutMs: 3_000,
			stableMs: 1,
			rxBuffer: 64,
			readSize: 16,
			ticks,
		});
		h.subscribe("big", 0, h.keep, true);
		expect(h.exchange("")).toBe(
			"8208" + h.core.subscriptions.packetId(0).toString(16).padStart(4, "0") + "000362696700",
		);
		h.receive("9003" + h.core.subscriptions.packetId(0).toString(16).padStart(4, "0") + "00");
		h.receive(publishHex("big", "x".repeat(80)).slice(0, 64));
		const sent: string[] = [];
		// 60 s for 60 bytes: PINGRESP has no chance to come, and the link is well.
		steps(h, 50, 1_000, () => {
			h.receive("78");
			sent.push(h.sent());
		});
		expect(h.core.state).toBe(State.CONNECTED);
		// The server counts what it gets, so it is pinged again although the first answer is still to come.
		expect(sent.filter((hex) => hex === PINGREQ).length).toBe(3);
		expect(sent.indexOf(PINGREQ)).toBe(14);
		// Silence from here on: dead.
		h.pass(2_999);
		h.sent();
		expect(h.core.state).toBe(State.CONNECTED);
		h.pass(1);
		expect(h.take()).toContain(endedBy(Reason.PINGRESP_TIMEOUT));
	});
});

describe("keep alive", () => {
	it("is off at 0", () => {
		const h = inState.connected({ keepAlive: 0, stableMs: 1 });
		h.pass(1);
		expect(h.core.sleepMs(h.now)).toBeLessThan(0);
		h.pass(600_000_000);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("pings a quarter before the end of a short period", () => {
		const h = inState.connected({ keepAlive: 1, stableMs: 1 });
		h.pass(749);
		expect(h.sent()).toBe("");
		h.pass(1);
		expect(h.sent()).toBe(PINGREQ);
	});

	it("ignores PINGRESP that nobody has asked for", () => {
		const h = inState.connected();
		h.receive(PINGRESP + PINGRESP);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("sends one ping when the transport takes it late", () => {
		const h = inState.connected({ keepAlive: 60, stableMs: 1 });
		h.pass(55_000);
		h.pass(1_000);
		expect(h.sent()).toBe(PINGREQ);
		expect(h.rest()).toEqual(NOTHING);
	});
});

describe.each(TICKS)("deadlines of a connection, from ticks %i", (ticks) => {
	const options = { keepAlive: 0, stableMs: 1, ticks };

	it.each([
		["SUBACK", (h: Harness) => h.subscribe("f")],
		["UNSUBACK", (h: Harness) => (h.subscribe("f"), h.core.unsubscribe("f"))],
	])("gives up when %s does not come within ackTimeoutMs", (_name, ask) => {
		const h = inState.connected({ ...options, ackTimeoutMs: 900 });
		ask(h);
		expect(h.sent()).not.toBe("");
		h.pass(899);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		expect(h.rest()).toEqual(given(endedBy(Reason.SUBACK_TIMEOUT)));
	});

	it("starts waiting for an ack anew with each that comes", () => {
		const h = inState.connected({ ...options, ackTimeoutMs: 900, firstId: 1 });
		h.subscribe("a");
		expect(h.sent()).not.toBe("");
		h.pass(500);
		h.subscribe("b");
		expect(h.sent()).not.toBe("");
		h.pass(300);
		h.receive("9003000100");
		h.pass(899);
		expect(h.rest()).toEqual({ ...NOTHING, log: ["subscribed 0 0"] });
		h.receive("9003000200");
		h.pass(10_000);
		expect(h.rest()).toEqual({ ...NOTHING, log: ["subscribed 1 0"] });
	});

	it("gives up when the transport takes no bytes for pingTimeoutMs", () => {
		const h = inState.connected({ ...options, pingTimeoutMs: 800 });
		h.publish("t", "0123456789");
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		h.pass(700);
		h.core.handleBlocked(h.now);
		h.core.handleSent(5, h.now);
		h.pass(799);
		expect(h.take()).toEqual([]);
		h.pass(1);
		expect(h.rest()).toEqual(given(endedBy(Reason.WRITE_STALLED)));
	});

	it("does not give up once all bytes are taken", () => {
		const h = inState.connected({ ...options, pingTimeoutMs: 800 });
		h.publish("t", "0123456789");
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		h.pass(700);
		h.sent();
		h.pass(800);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("does nothing when woken early", () => {
		const h = inState.connected({ keepAlive: 60, ticks });
		steps(h, 54, 1_000, () => expect(h.rest()).toEqual(NOTHING));
	});
});
