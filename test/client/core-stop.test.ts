// Read MQTT 3.1.1 §3.14 beside this file.
// Goal: stop() flushes, sends DISCONNECT as the last packet, says when it is done, and is bounded in time.
// Method: a builder per state; the transmit region is taken in pieces where the order of bytes matters.
import { describe, expect, it } from "vitest";
import { LayerCode, Problem, Reason, ReasonCode, State, Status } from "../../firmware/client/terms/codes.js";
import { Command } from "../../firmware/client/connection/core.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { endedBy, Harness, inState, NOTHING, TICKS } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const DISCONNECT = "e000";
const STOPPED = [endedBy(Reason.STOPPED, 0, "final"), "stopped"];

describe("stop, connected", () => {
	it("sends DISCONNECT, then closes and says so [MQTT-3.14.4-1]", () => {
		const h = inState.connected();
		h.stop();
		expect(h.core.state).toBe(State.STOPPING);
		expect(h.rest()).toEqual({ sent: DISCONNECT, log: STOPPED, commands: [Command.CLOSE] });
		expect(h.core.state).toBe(State.STOPPED);
		expect(h.core.counters[Counter.DISCONNECTS]).toBe(0);
		h.pass(600_000_000);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("sends what waits, and the acks that are owed, before DISCONNECT", () => {
		const h = inState.connected();
		h.publish("t", "0", 0);
		h.receive(publishHex("a", "x", 1, 7));
		h.stop();
		expect(h.sent()).toBe("300400017430" + ackHex(0x40, 7) + DISCONNECT);
	});

	it("waits for the acks of its publishes", () => {
		const h = inState.connected({ firstId: 1 });
		h.publish("t", "1", 1);
		h.publish("t", "2", 2);
		h.stop();
		expect(h.sent()).toBe("320600017400" + "0131" + "340600017400" + "0232");
		expect(h.exchange(ackHex(0x40, 1))).toBe("");
		expect(h.exchange(ackHex(0x50, 2))).toBe(ackHex(0x62, 2));
		expect(h.take()).toEqual(["delivered 1"]);
		expect(h.exchange(ackHex(0x70, 2))).toBe(DISCONNECT);
		expect(h.rest()).toEqual({ ...NOTHING, log: ["delivered 2", ...STOPPED], commands: [Command.CLOSE] });
	});

	it("closes only when the transport has taken DISCONNECT", () => {
		const h = inState.connected();
		h.stop();
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		expect(h.take()).toEqual([]);
		h.core.handleSent(1, h.now);
		expect(h.take()).toEqual([]);
		h.core.handleSent(1, h.now);
		expect(h.take()).toEqual(STOPPED);
	});

	it.each([
		["PUBACK", publishHex("a", "x", 1, 7)],
		["PUBREC", publishHex("a", "x", 2, 7)],
		["PUBCOMP", ackHex(0x62, 7)],
		["PUBREL", ackHex(0x50, 7)],
	])("sends no %s behind DISCONNECT, not even when the transport is slow [MQTT-3.14.4-2]", (_name, hex) => {
		const h = inState.connected();
		h.stop();
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		h.receive(hex);
		expect(h.sent()).toBe(DISCONNECT);
	});

	it("pings no more behind DISCONNECT, and takes no publishes", () => {
		const h = inState.connected({ keepAlive: 1, stopTimeoutMs: 60_000, pingTimeoutMs: 60_000 });
		h.stop();
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		h.core.handleSent(1, h.now);
		expect([0, 1, 2].map((qos) => h.publish("t", "x", qos))).toEqual(Array(3).fill(Status.STOPPED));
		expect(h.subscribe("f")).toBe(0);
		h.pass(499);
		expect(h.sent()).toBe(DISCONNECT.slice(2));
	});

	it("refuses publishes of every kind while it flushes", () => {
		const h = inState.stopping();
		const source = { read: () => 1 };
		for (const qos of [0, 1, 2]) {
			expect(h.publish("t", "x", qos)).toBe(Status.STOPPED);
			expect(h.core.publisher.publishStream("t", 1, source, qos, false)).toBe(Status.STOPPED);
		}
		expect(h.rest()).toEqual(NOTHING);
	});

	it("keeps subscriptions of this time for the next connection", () => {
		const h = inState.stopping({ firstId: 1 });
		h.subscribe("f");
		expect(h.sent()).toBe("");
		expect(h.exchange(ackHex(0x40, 1))).toBe(DISCONNECT);
		expect(h.connect()).toBe("8206" + "0002" + "00016600");
	});

	it("ignores a second stop", () => {
		const h = inState.stopping();
		h.stop();
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.state).toBe(State.STOPPING);
	});

	it("completes when start is called meanwhile, and then connects again", () => {
		const h = inState.connected();
		h.stop();
		h.start();
		expect(h.core.state).toBe(State.STOPPING);
		expect(h.rest()).toEqual({ sent: DISCONNECT, log: STOPPED, commands: [Command.OPEN] });
		expect(h.core.state).toBe(State.OPENING);
		h.connect();
		expect(h.core.state).toBe(State.CONNECTED);
		// It was one wish.
		h.stop();
		expect(h.rest()).toMatchObject({ sent: DISCONNECT, commands: [Command.CLOSE] });
		expect(h.core.state).toBe(State.STOPPED);
	});

	it("takes the start back with another stop, also from within onDisconnected and onStopped", () => {
		for (const place of ["between", "onDisconnected", "onStopped"]) {
			const stop = (): void => void h.stop();
			const h: Harness = new Harness(place === "between" ? {} : { [place]: stop });
			h.connect();
			h.stop();
			h.start();
			if (place === "between") h.stop();
			h.sent();
			expect([place, h.core.state]).toEqual([place, State.STOPPED]);
			expect(h.rest().commands).toEqual([Command.CLOSE]);
		}
	});
});

describe.each(TICKS)("stop that cannot flush, from ticks %i", (ticks) => {
	it("sends DISCONNECT all the same after stopTimeoutMs, so that the will is not published", () => {
		const h = inState.stopping({ stopTimeoutMs: 300, ticks });
		h.pass(299);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		const unfinished = `problem ${Problem.STOPPED_UNFINISHED} 1`;
		expect(h.rest()).toEqual({
			sent: DISCONNECT,
			log: [STOPPED[0], unfinished, "stopped"],
			commands: [Command.CLOSE],
		});
	});

	it("closes without it when the transport does not take it within the grace", () => {
		const h = inState.stopping({ stopTimeoutMs: 300, ticks });
		h.pass(300);
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		h.pass(499);
		expect(h.core.state).toBe(State.STOPPING);
		h.pass(1);
		expect(h.take()).toEqual([STOPPED[0], `problem ${Problem.STOPPED_UNFINISHED} 1`, "stopped"]);
		expect(h.core.state).toBe(State.STOPPED);
	});

	it("starts no publish that had not begun when the time is up", () => {
		const h = inState.connected({ inflight: 1, firstId: 1, stopTimeoutMs: 300, ticks });
		h.publish("t", "1", 1);
		h.publish("t", "2", 1);
		h.stop();
		expect(h.sent()).toBe("320600017400" + "0131");
		h.pass(300);
		expect(h.sent()).toBe(DISCONNECT);
		expect(h.take()).toContain(`problem ${Problem.STOPPED_UNFINISHED} 2`);
	});

	it("keeps what it could not finish, and sends it after the next start", () => {
		const h = inState.stopping({ firstId: 1, cleanSession: false, stopTimeoutMs: 300, ticks });
		h.pass(300);
		h.sent();
		expect(h.connect(true)).toBe("3a0600017400" + "0178");
		expect(h.exchange(ackHex(0x40, 1))).toBe("");
		expect(h.take()).toContain("delivered 1");
	});
});

describe("stop, connecting", () => {
	it("sends DISCONNECT behind CONNECT when nothing waits", () => {
		const h = inState.connecting();
		h.stop();
		expect(h.rest()).toEqual({ sent: DISCONNECT, log: STOPPED, commands: [Command.CLOSE] });
	});

	it("waits for CONNACK when something does, and flushes it", () => {
		const h = inState.connecting({ firstId: 1 });
		h.publish("t", "x", 1);
		h.stop();
		expect(h.rest()).toEqual(NOTHING);
		expect(h.exchange("20020000")).toBe("320600017400" + "0178");
		expect(h.core.state).toBe(State.STOPPING);
		expect(h.exchange(ackHex(0x40, 1))).toBe(DISCONNECT);
		expect(h.take()).toEqual(["connected false", "delivered 1", ...STOPPED]);
	});

	it("closes after stopTimeoutMs when CONNACK does not come", () => {
		const h = inState.connecting({ stopTimeoutMs: 300 });
		h.publish("t", "x", 1);
		h.stop();
		h.pass(300);
		expect(h.rest()).toEqual({
			...NOTHING,
			log: [STOPPED[0], `problem ${Problem.STOPPED_UNFINISHED} 1`, "stopped"],
			commands: [Command.CLOSE],
		});
	});

	it.each([
		["is refused", (h: Harness) => h.receive("20020005"), endedBy(Reason.REFUSED_NOT_AUTHORIZED, 5, "final")],
		["loses the link", (h: Harness) => h.lost(), endedBy(Reason.LINK_LOST, 0, "final")],
	])("is done, too, when the connection %s", (_name, end, reason) => {
		const h = inState.connecting();
		h.publish("t", "x", 1);
		h.stop();
		end(h);
		expect(h.take()).toEqual([reason, `problem ${Problem.STOPPED_UNFINISHED} 1`, "stopped"]);
		expect(h.core.state).toBe(State.STOPPED);
		h.pass(600_000_000);
		expect(h.rest().log).toEqual([]);
	});
});

describe("stop, otherwise", () => {
	it("ends waiting for the next attempt", () => {
		const h = inState.waiting();
		h.stop();
		expect(h.rest()).toEqual({ ...NOTHING, log: ["stopped"] });
		expect(h.core.state).toBe(State.STOPPED);
		h.pass(600_000_000);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("is done when the link is lost while it flushes", () => {
		const h = inState.stopping();
		h.lost();
		expect(h.rest().log).toEqual([
			endedBy(Reason.LINK_LOST, 0, "final"),
			`problem ${Problem.STOPPED_UNFINISHED} 1`,
			"stopped",
		]);
	});

	it("can be called from onDisconnected: the wait ends at once", () => {
		const h: Harness = new Harness({ onDisconnected: () => void h.stop() });
		h.connect();
		h.lost();
		expect(h.log).toEqual(["connected false", "stopped"]);
		expect(h.core.state).toBe(State.STOPPED);
	});

	it("can be followed by start and another stop from within onDisconnected, each told once", () => {
		let starts = 0;
		const h: Harness = new Harness({
			onDisconnected() {
				h.log.push("ended");
				if (starts++ === 0) h.start().stop();
			},
		});
		h.connect();
		h.stop();
		h.sent();
		expect(h.log).toEqual(["connected false", "ended", "ended", "stopped", "stopped"]);
		expect(h.core.state).toBe(State.STOPPED);
		expect(h.core.sleepMs(h.now)).toBeLessThan(0);
	});

	it("can be followed by start from within onStopped", () => {
		const h: Harness = new Harness({ onStopped: () => void h.start() });
		h.connect();
		h.stop();
		expect(h.rest().commands).toEqual([Command.OPEN]);
		expect(h.core.state).toBe(State.OPENING);
	});

	it("asked for in a callback and ended before it was made, an attempt is told of by nobody", () => {
		let calls = 0;
		const h: Harness = new Harness({
			onDisconnected() {
				// Without a bound: it would recurse if it were told of what it does here.
				if (++calls > 2) throw new Error("told of an attempt that never was");
				h.core.networkUp(h.now);
				h.core.networkDown(h.now);
				h.core.networkUp(h.now);
				h.core.networkDown(h.now);
			},
		});
		h.connect();
		h.lost();
		expect([calls, h.core.state, h.core.counters[Counter.DISCONNECTS]]).toEqual([1, State.WAITING, 1]);
		// What was lost is closed, and the next attempt comes in its time.
		expect(h.rest()).toEqual({ ...NOTHING, log: ["connected false"] });
		expect(h.core.sleepMs(h.now)).toBeGreaterThan(0);
		h.pass(h.core.sleepMs(h.now));
		expect(h.takeCommands()).toEqual([Command.OPEN]);
		h.core.handleEnded(LayerCode.TRANSPORT, ReasonCode.CONNECT_FAILED, 0, h.now);
		expect([calls, h.core.counters[Counter.DISCONNECTS]]).toEqual([2, 2]);
	});
});
