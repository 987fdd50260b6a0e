import { describe, expect, it } from "vitest";
import { Layer, Reason, State } from "xs-mqtt";
import { packetsOf } from "../../client/model-server.js";
import { endedBy, inState, type Harness } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { byteHex, expectClosed, expectViolation, packetHex, packetsOfType, subscribed } from "../support.js";

// Goal: §3.2, CONNACK: first, with the right bits; what session present means; every return code, and none at all.
// Method: a client between CONNECT and CONNACK is given each answer that a server could give.

/** What may come later, and not before CONNACK. */
const EARLY: readonly [string, string][] = [
	["PUBLISH at QoS 0", publishHex("t", "x")],
	["PUBLISH at QoS 1", publishHex("t", "x", 1, 7)],
	["PUBLISH at QoS 2", publishHex("t", "x", 2, 7)],
	["PUBLISH larger than the buffer", publishHex("t", "x".repeat(600), 1, 7)],
	["PUBLISH with a topic name larger than the buffer", publishHex("t".repeat(600), "x", 1, 7)],
	["PUBACK", ackHex(0x40, 7)],
	["PUBREC", ackHex(0x50, 7)],
	["PUBREL", ackHex(0x62, 7)],
	["PUBCOMP", ackHex(0x70, 7)],
	["SUBACK", "9003000700"],
	["UNSUBACK", ackHex(0xb0, 7)],
	["PINGRESP", "d000"],
];

/** A client that sends CONNECT again, with something of everything in its session. */
function connectingAgain(): Harness {
	const h = subscribed(["t"], { cleanSession: false });
	h.publish("out", "waits for PUBACK", 1);
	h.publish("out", "waits for PUBCOMP", 2);
	h.sent();
	h.exchange(ackHex(0x50, 3) + publishHex("t", "waits for PUBREL", 2, 7));
	h.lost();
	h.pass(200_000);
	h.opened();
	h.rest();
	return h;
}

describe("the first packet of the server", () => {
	it.each(EARLY)("ends the connection when it is %s [MQTT-3.2.0-1]", (_what, hex) => {
		for (const pieceMax of [Infinity, 1]) {
			const h = inState.connecting({ cleanSession: false });
			h.subscribe("#", 2, h.keep, true);
			expectViolation(h, hex, pieceMax);
			// Also when CONNACK stands right behind it.
			expectViolation(inState.connecting(), hex + "20020000", pieceMax);
		}
	});

	it("may have others right behind it [MQTT-3.2.0-1]", () => {
		const h = inState.connecting();
		h.subscribe("t", 1);
		const sent = h.exchange("20020000" + publishHex("t", "x", 1, 7));
		expect(h.take()).toEqual(["connected false"]);
		expect(h.seen.length).toBe(1);
		expect(sent).toContain(ackHex(0x40, 7));
	});

	it("is not sent twice: a second CONNACK ends the connection [MQTT-3.2.0-1]", () => {
		expectViolation(inState.connected(), "20020000");
		expectViolation(inState.connected({ cleanSession: false }, true), "20020100");
		expectViolation(inState.connected(), "20020005");
	});
});

describe("session present", () => {
	it("after a clean session is a violation [MQTT-3.2.2-1]", () => {
		expectViolation(inState.connecting({ cleanSession: true }), "20020100");
		const h = inState.connecting({ cleanSession: true });
		h.receive("20020000");
		expect(h.take()).toEqual(["connected false"]);
	});

	it("1: the session goes on, and subscriptions are not made again [MQTT-3.2.2-2]", () => {
		const h = connectingAgain();
		const sent = packetsOf(h.exchange("20020100"));
		expect(sent.map(({ first, packetId }) => [first, packetId])).toEqual([
			[0x62, 3],
			[0x3a, 2],
		]);
		expect(h.take()).toEqual(["connected true"]);
		h.seen.length = 0;
		h.receive(publishHex("t", "again", 2, 7, 8) + publishHex("t", "new", 0));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["new"]);
	});

	it("0: the session is gone, and subscriptions are made again [MQTT-3.2.2-3]", () => {
		const h = connectingAgain();
		const sent = h.exchange("20020000");
		expect(h.take()).toContain("connected false");
		expect(packetsOfType(sent, 8).length).toBe(1);
		// Nothing of the old session: neither PUBREL nor DUP, nor the identifier of the server's message.
		expect(packetsOf(sent).map(({ first }) => first)).toEqual([0x82, 0x32]);
		h.seen.length = 0;
		h.receive(publishHex("t", "new", 2, 7));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["new"]);
	});

	it("0 after the session was resumed before: what had been sent again is sent as new [MQTT-3.2.2-3]", () => {
		const h = connectingAgain();
		expect(packetsOf(h.exchange("20020100")).map(({ first }) => first)).toEqual([0x62, 0x3a]);
		h.lost();
		expect(packetsOf(h.connect(false)).map(({ first }) => first)).toEqual([0x82, 0x32]);
	});

	it("1 for a session that only the server remembers: the client goes on with it [X3-3.2.2.2-1]", () => {
		const h = inState.connecting({ cleanSession: false });
		h.subscribe("t", 1);
		const sent = h.exchange("20020100");
		expect(h.take()).toEqual(["connected true"]);
		expect(h.state).toBe(State.CONNECTED);
		// What this client has never asked for is asked for.
		expect(packetsOfType(sent, 8).length).toBe(1);
		expect(h.exchange(publishHex("old", "x", 1, 7))).toBe(ackHex(0x40, 7));
	});

	it.each([1, 2, 3, 4, 5, 6, 255])("with return code %i is a refused attempt [MQTT-3.2.2-4]", (code) => {
		const h = inState.connecting({ cleanSession: false });
		h.receive("200201" + byteHex(code));
		expectClosed(h, Layer.SERVER);
	});

	it("has seven bits beside it that are 0, or the connection ends [X3-3.2.2.1-1]", () => {
		for (let flags = 2; flags < 256; flags++) {
			for (const code of [0, 5]) {
				expectViolation(inState.connecting({ cleanSession: false }), packetHex(0x20, byteHex(flags) + byteHex(code)));
			}
		}
	});
});

describe("a return code", () => {
	it.each([
		[1, Reason.REFUSED_PROTOCOL_VERSION],
		[2, Reason.REFUSED_IDENTIFIER],
		[3, Reason.REFUSED_SERVER_UNAVAILABLE],
		[4, Reason.REFUSED_CREDENTIALS],
		[5, Reason.REFUSED_NOT_AUTHORIZED],
	])("of %i ends the attempt, and the client closes [MQTT-3.2.2-5]", (code, reason) => {
		const h = inState.connecting();
		h.publish("t", "x", 1);
		h.receive("200200" + byteHex(code));
		expect(h.take()).toEqual([endedBy(reason, code)]);
		expect(h.takeClose()).toBe(true);
		expect(h.sent()).toBe("");
		expect(h.state).toBe(State.WAITING);
	});

	it("that is reserved is a refusal too, and the client closes [X3-3.2.2.3-1]", () => {
		for (let code = 6; code < 256; code++) {
			const h = inState.connecting();
			h.receive("200200" + byteHex(code));
			expect(h.take()).toEqual([endedBy(Reason.REFUSED_OTHER, code)]);
			expect(h.takeClose()).toBe(true);
		}
	});

	it("of a refusal is the end: what the server sends behind it is not looked at [MQTT-3.2.2-5]", () => {
		const h = inState.connecting();
		h.subscribe("t");
		h.receive("20020005" + publishHex("t", "x", 1, 7));
		expectClosed(h, Layer.SERVER);
		expect(h.seen).toEqual([]);
	});

	it("of a refusal leaves the session as it was [MQTT-3.2.2-5]", () => {
		const h = connectingAgain();
		h.receive("20020003");
		h.pass(200_000);
		h.opened();
		expect(packetsOf(h.exchange("20020100")).map(({ first }) => first)).toEqual([0x62, 0x3a]);
	});
});

describe("no CONNACK", () => {
	it("but a close is a failed attempt, and another follows [MQTT-3.2.2-6]", () => {
		const h = inState.connecting();
		h.publish("t", "x", 1);
		h.lost();
		expect(h.take()).toEqual([endedBy(Reason.LINK_LOST)]);
		expect(h.state).toBe(State.WAITING);
		h.pass(200_000);
		expect(h.opened().slice(0, 2)).toBe("10");
		expect(packetsOfType(h.exchange("20020000"), 3).length).toBe(1);
	});

	it("within a reasonable time: the client closes [X3-3.2-1]", () => {
		const h = inState.connecting({ connectTimeoutMs: 400 });
		h.pass(399);
		// Half a CONNACK is none.
		h.receive("2002");
		expect(h.take()).toEqual([]);
		h.pass(1);
		expect(h.take()).toEqual([endedBy(Reason.CONNACK_TIMEOUT)]);
		expect(h.takeClose()).toBe(true);
		expect(h.sent()).toBe("");
	});
});
