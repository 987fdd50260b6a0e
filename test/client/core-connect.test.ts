// Goal: every way into, through and out of connecting, each from a builder of its state, with explicit times.
// Method: what is sent, reported and asked of the driver is compared whole, so that "and nothing else" always holds.
import { describe, expect, it } from "vitest";
import { Reason, State } from "../../firmware/client/terms/codes.js";
import { Command } from "../../firmware/client/connection/core.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { Decoder } from "../../firmware/codec/decoder.js";
import { endedBy, Harness, inState, NOTHING, TICKS } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const CONNECT = "100d00044d5154540402003c000163";
const ACCEPTED = "20020000";

describe("stopped", () => {
	it("does nothing until it is started", () => {
		const h = inState.stopped();
		h.core.handleOpened(h.now);
		h.core.handleResolved(h.now);
		h.core.handleBytes(4, h.now);
		h.core.handleFault(h.now);
		h.core.networkUp(h.now);
		h.core.networkDown(h.now);
		h.lost();
		h.stop();
		h.pass(10_000_000);
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.state).toBe(State.STOPPED);
	});

	it("asks to open when started, once", () => {
		const h = inState.stopped();
		h.start().start();
		expect(h.rest()).toEqual({ ...NOTHING, commands: [Command.OPEN] });
		expect(h.core.state).toBe(State.OPENING);
	});
});

describe("opening", () => {
	it("sends CONNECT first, when the transport stands [MQTT-3.1.0-1]", () => {
		const h = inState.opening();
		expect(h.sent()).toBe("");
		expect(h.opened()).toBe(CONNECT);
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.state).toBe(State.CONNECTING);
	});

	it("reports a name that is not found, and waits", () => {
		const h = inState.opening();
		h.core.handleEnded(1, Reason.NAME_NOT_FOUND, 0, h.now);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.NAME_NOT_FOUND)] });
		expect(h.core.state).toBe(State.WAITING);
	});

	it("goes on waiting on a hint that the network is up", () => {
		const h = inState.opening();
		h.core.networkUp(h.now);
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.state).toBe(State.OPENING);
	});

	it("ends and closes when the network goes down", () => {
		const h = inState.opening();
		h.core.networkDown(h.now);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.NETWORK_DOWN)], commands: [Command.CLOSE] });
	});

	it("stops at once, because there is nothing to flush to", () => {
		const h = inState.opening();
		h.stop();
		expect(h.rest()).toEqual({
			...NOTHING,
			log: [endedBy(Reason.STOPPED, 0, "final"), "stopped"],
			commands: [Command.CLOSE],
		});
		expect(h.core.state).toBe(State.STOPPED);
	});

	it.each(TICKS)("gives the name lookup connectTimeoutMs, from ticks %i", (ticks) => {
		const h = inState.opening({ connectTimeoutMs: 400, ticks });
		h.pass(399);
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.sleepMs(h.now)).toBe(1);
		h.pass(1);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.NAME_TIMEOUT)], commands: [Command.CLOSE] });
	});

	it.each(TICKS)("gives the connection connectTimeoutMs more once the name is resolved, from ticks %i", (ticks) => {
		const h = inState.opening({ connectTimeoutMs: 400, ticks });
		h.pass(399);
		h.core.handleResolved(h.now);
		h.pass(399);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.CONNECT_TIMEOUT)], commands: [Command.CLOSE] });
	});

	it("forgets, for the next attempt, that a name was resolved", () => {
		const h = inState.opening({ connectTimeoutMs: 400 });
		h.core.handleResolved(h.now);
		h.core.networkDown(h.now);
		h.core.networkUp(h.now);
		h.rest();
		h.pass(400);
		expect(h.take()).toEqual([endedBy(Reason.NAME_TIMEOUT)]);
	});
});

describe("connecting", () => {
	it("sends nothing before CONNACK, whatever the application asks for", () => {
		const h = inState.connecting();
		expect(h.publish("t", "0", 0)).toBe(0);
		expect(h.publish("t", "1", 1)).toBeGreaterThan(0);
		expect(h.subscribe("f", 1)).toBe(0);
		expect(h.core.unsubscribe("f")).toBe(0);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("sends subscriptions, then publishes in their order, once accepted", () => {
		const h = inState.connecting({ firstId: 10 });
		h.publish("t", "0", 0);
		h.publish("t", "1", 1);
		h.subscribe("f", 1);
		h.receive(ACCEPTED);
		expect(h.take()).toEqual(["connected false"]);
		expect(h.sent()).toBe("8206000b00016601" + "300400017430" + "3206000174000a31");
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.state).toBe(State.CONNECTED);
	});

	it.each([
		[1, Reason.REFUSED_PROTOCOL_VERSION],
		[2, Reason.REFUSED_IDENTIFIER],
		[3, Reason.REFUSED_SERVER_UNAVAILABLE],
		[4, Reason.REFUSED_CREDENTIALS],
		[5, Reason.REFUSED_NOT_AUTHORIZED],
		[6, Reason.REFUSED_OTHER],
		[0x80, Reason.REFUSED_OTHER],
		[0xff, Reason.REFUSED_OTHER],
	])("ends on return code %i [MQTT-3.2.2-5]", (code, reason) => {
		const h = inState.connecting();
		h.receive("200200" + code.toString(16).padStart(2, "0"));
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(reason, code)], commands: [Command.CLOSE] });
		expect(h.core.state).toBe(State.WAITING);
		expect(h.core.counters[Counter.CONNECTS]).toBe(0);
	});

	it("takes session present with a refusal as the refusal", () => {
		const h = inState.connecting({ cleanSession: false });
		h.receive("20020105");
		expect(h.take()).toEqual([endedBy(Reason.REFUSED_NOT_AUTHORIZED, 5)]);
	});

	it("refuses session present after a clean session [MQTT-3.2.2-1]", () => {
		const h = inState.connecting({ cleanSession: true });
		h.receive("20020100");
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.PROTOCOL_ERROR, 0x20)], commands: [Command.CLOSE] });
	});

	it("goes on with a session that only the server remembers", () => {
		const h = inState.connecting({ cleanSession: false });
		expect(h.core.connected).toBe(false);
		h.receive("20020100");
		expect(h.rest()).toEqual({ ...NOTHING, log: ["connected true"] });
		expect(h.core.connected).toBe(true);
		expect(h.core.sessionPresent).toBe(true);
		expect(h.core.counters[Counter.SESSIONS_RESUMED]).toBe(1);
	});

	it.each([
		["PUBLISH at QoS 0", publishHex("a", "x"), 0x30],
		["PUBLISH at QoS 1", publishHex("a", "x", 1), 0x32],
		["PUBLISH at QoS 2", publishHex("a", "x", 2), 0x34],
		["PUBACK", ackHex(0x40, 1), 0x40],
		["PUBREC", ackHex(0x50, 1), 0x50],
		["PUBREL", ackHex(0x62, 1), 0x62],
		["PUBCOMP", ackHex(0x70, 1), 0x70],
		["SUBACK", "9003000100", 0x90],
		["UNSUBACK", ackHex(0xb0, 1), 0xb0],
		["PINGRESP", "d000", 0xd0],
	])("ends when %s comes before CONNACK [MQTT-3.2.0-1]", (_name, hex, first) => {
		const h = inState.connecting({ onMessage: () => h.log.push("message") });
		h.receive(hex + ACCEPTED);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.PROTOCOL_ERROR, first)], commands: [Command.CLOSE] });
		expect(h.core.counters[Counter.PROTOCOL_ERRORS]).toBe(1);
	});

	it.each(TICKS)("waits connectTimeoutMs for CONNACK, from ticks %i", (ticks) => {
		const h = inState.connecting({ connectTimeoutMs: 400, ticks });
		h.pass(399);
		expect(h.rest()).toEqual(NOTHING);
		h.pass(1);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.CONNACK_TIMEOUT)], commands: [Command.CLOSE] });
	});

	it("does not time out once accepted", () => {
		const h = inState.connecting({ connectTimeoutMs: 400, keepAlive: 0 });
		h.receive(ACCEPTED);
		h.take();
		h.pass(400);
		h.pass(400);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("reports a loss before CONNACK as an attempt that never was connected", () => {
		let wasConnected: boolean | undefined;
		const h = inState.connecting({ onDisconnected: (_client, reason) => void (wasConnected = reason.wasConnected) });
		h.lost();
		expect(h.rest()).toEqual(NOTHING);
		expect(wasConnected).toBe(false);
		h.connect();
		h.lost();
		expect(wasConnected).toBe(true);
	});

	it("takes CONNACK at every cut", () => {
		for (const cut of [1, 2, 3]) {
			const h = inState.connecting();
			h.receive(ACCEPTED.slice(0, cut * 2));
			expect(h.rest()).toEqual(NOTHING);
			h.receive(ACCEPTED.slice(cut * 2));
			expect(h.rest()).toEqual({ ...NOTHING, log: ["connected false"] });
		}
	});
});

describe("connected", () => {
	it("ends when a second CONNACK comes", () => {
		const h = inState.connected();
		h.receive(ACCEPTED);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.PROTOCOL_ERROR, 0x20)], commands: [Command.CLOSE] });
	});

	it("ignores what only an opening transport says", () => {
		const h = inState.connected();
		h.core.handleOpened(h.now);
		h.core.handleResolved(h.now);
		h.core.networkUp(h.now);
		h.start();
		expect(h.rest()).toEqual(NOTHING);
	});

	it("stops a receiver that hands it a packet which no server sends", () => {
		const h = inState.connected();
		expect(() => h.core.handlePacket({ firstByte: 0xe0 } as Decoder, 0)).toThrow("core: a packet that the decoder");
	});

	it("gives the connection up after a defect of ours, and keeps the session", () => {
		const h = inState.connected({ firstId: 1, cleanSession: false });
		h.publish("t", "x", 1);
		h.sent();
		h.core.handleFault(h.now);
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.INTERNAL_FAULT)], commands: [Command.CLOSE] });
		expect(h.connect(true)).toBe("3a0600017400" + "0178");
		h.lost();
		h.core.handleFault(h.now);
		expect(h.take()).toEqual(["connected true", endedBy(Reason.LINK_LOST)]);
	});

	it("tells what became of each connection once, with its trace", () => {
		const states: number[] = [];
		const h = new Harness({ onTrace: (event, state) => void states.push(event, state) });
		h.connect();
		h.core.networkDown(h.now);
		h.core.networkDown(h.now);
		h.stop();
		expect(h.log).toEqual(["connected false", endedBy(Reason.NETWORK_DOWN), "stopped"]);
		const { OPENING, CONNECTING, CONNECTED, WAITING, STOPPED } = State;
		expect(states).toEqual([0, OPENING, 0, CONNECTING, 0, CONNECTED, 0, WAITING, 0, STOPPED]);
	});
});
