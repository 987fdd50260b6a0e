import { afterAll, describe, expect, it } from "vitest";
import { Layer, Reason } from "xs-mqtt";
import { startPeer } from "../../host-sim/peer.js";
import { packetsOf } from "../../client/model-server.js";
import { endAll } from "../../support/brokers.js";
import { endedBy, inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { ackHex, bytesOf, publishHex } from "../../support/hex.js";
import { until } from "../../support/until.js";
import { expectAlive, expectClosed, expectViolation, fieldHex, packetHex, subscribed } from "../support.js";

// Goal: §4.8, what breaks the protocol, or cannot be processed, ends the connection on which it came.
// Method: packets that a server never sends, and right packets at the wrong time; every one whole and in pieces. Statements
// that name their own violation have their tests in their own chapters.

afterAll(endAll);

/** Packets that only a client sends, and cut or overlong forms of those that a server sends. */
const VIOLATIONS: readonly [string, string][] = [
	["CONNECT", packetHex(0x10, fieldHex("MQTT") + "0402003c" + fieldHex("c"))],
	["SUBSCRIBE", packetHex(0x82, "0001" + fieldHex("f") + "00")],
	["UNSUBSCRIBE", packetHex(0xa2, "0001" + fieldHex("f"))],
	["PINGREQ", "c000"],
	["DISCONNECT", "e000"],
	["a second CONNACK", "20020000"],
	["PUBACK without an identifier", "4000"],
	["PUBACK of identifier 0", "40020000"],
	["PUBREC of identifier 0", "50020000"],
	["PUBREL of identifier 0", "62020000"],
	["PUBCOMP of identifier 0", "70020000"],
	["PUBACK with a byte too many", "4003000100"],
	["PUBREL with a byte too few", "620100"],
	["SUBACK of identifier 0", "9003000000"],
	["SUBACK without a code", "90020001"],
	["UNSUBACK of identifier 0", "b0020000"],
	["UNSUBACK with a byte too many", "b003000100"],
	["PINGRESP with a byte too many", "d00100"],
	["PUBLISH of identifier 0", packetHex(0x32, fieldHex("t") + "0000")],
	["PUBLISH whose identifier is cut", packetHex(0x32, fieldHex("t") + "00")],
	["PUBLISH whose topic name is cut", packetHex(0x30, "000474")],
	["PUBLISH without a topic name", packetHex(0x30, "")],
];

describe("a protocol violation", () => {
	it.each(VIOLATIONS)("ends the connection: %s [MQTT-4.8.0-1]", (_what, hex) => {
		expectViolation(subscribed(["#"]), hex);
		expectViolation(subscribed(["#"]), hex, 1);
		// Whatever follows is not looked at.
		expectViolation(subscribed(["#"]), hex + publishHex("t", "x", 1, 7));
	});

	it.each([0x40, 0x50, 0x70])(
		"ends the connection: an ack of a publish for a SUBSCRIBE, first byte %i [MQTT-4.8.0-1]",
		(first) => {
			const h = inState.connected({ firstId: 5 });
			h.subscribe("f", 1);
			h.sent();
			expectViolation(h, ackHex(first, 5));
		},
	);

	it("ends the connection behind messages that were right, which are delivered [MQTT-4.8.0-1]", () => {
		const h = subscribed(["#"]);
		h.receive(publishHex("t", "right", 0) + "ff00" + publishHex("t", "behind", 0));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["right"]);
		expectClosed(h, Layer.PROTOCOL);
	});

	it("ends only the connection on which it came, and the session goes on [MQTT-4.8.0-1]", () => {
		const h = subscribed(["#"], { cleanSession: false });
		const other = subscribed(["#"]);
		h.publish("out", "x", 1);
		h.sent();
		h.exchange(publishHex("t", "x", 2, 7));
		expectViolation(h, "f000");
		expectAlive(other);
		// The next connection has nothing of the last one's bytes, and all of its session.
		expect(packetsOf(h.connect(true)).map(({ first }) => first)).toEqual([0x3a]);
		h.seen.length = 0;
		expect(h.exchange(publishHex("t", "x", 2, 7, 8))).toBe(ackHex(0x50, 7));
		expect(h.seen).toEqual([]);
		expectAlive(h);
	});

	it("in the middle of a packet of ours ends the connection all the same [MQTT-4.8.0-1]", () => {
		const h = inState.connected({ cleanSession: false });
		h.publish("t", "x".repeat(50), 1);
		h.write(10);
		expectViolation(h, "f000");
		expect(packetsOf(h.connect(true)).map(({ first }) => first)).toEqual([0x3a]);
	});
});

describe("the network connection", () => {
	it("is closed by the client when the server breaks the protocol, and a new one is made [MQTT-4.8.0-1]", async () => {
		let closed = 0;
		const server = await startPeer((socket) => {
			// The first connection gets what is no packet behind CONNACK.
			const answer = server.sockets.length === 1 ? "20020000" + "f000" : "20020000";
			socket.once("data", () => socket.write(Buffer.from(bytesOf(answer))));
			socket.on("close", () => closed++);
		});
		const device = new Device(server.port);
		device.client.start();
		await until(() => device.accepted.length === 2, "the second connection");
		await until(() => closed === 1, "the close of the first");
		expect(device.ends).toMatchObject([{ layer: Layer.PROTOCOL, code: Reason.MALFORMED_PACKET, wasConnected: true }]);
		// CONNECT twice, and no DISCONNECT in between.
		expect(packetsOf(server.received().toString("hex")).map(({ first }) => first)).toEqual([0x10, 0x10]);
		await device.stop();
		await server.close();
	});
});

describe("what the client cannot process now", () => {
	it("ends the connection: more QoS 2 messages than it can remember [MQTT-4.8.0-2]", () => {
		const h = subscribed(["t"], { incomingQoS2: 2, cleanSession: false });
		const sent = h.exchange([5, 7, 9].map((id) => publishHex("t", `${id}`, 2, id)).join(""));
		// What came before is acknowledged; what is one too many is neither delivered nor acknowledged.
		expect(sent).toBe(ackHex(0x50, 5) + ackHex(0x50, 7));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["5", "7"]);
		expect(h.take()).toEqual([endedBy(Reason.INCOMING_QOS2_FULL, 9)]);
		expect(h.takeClose()).toBe(true);
		// It is transient: with room again, the message is taken.
		h.connect(true);
		h.exchange(ackHex(0x62, 7));
		expect(h.exchange(publishHex("t", "9", 2, 9, 8))).toBe(ackHex(0x50, 9));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["5", "7", "9"]);
	});

	it("ends the connection: a packet above maximumPacketSize [MQTT-4.8.0-2]", () => {
		const h = subscribed(["t"], { maximumPacketSize: 100, rxBuffer: 512 });
		h.receive(publishHex("t", "x".repeat(100), 1, 7).slice(0, 20));
		expect(h.take()).toEqual([endedBy(Reason.PACKET_TOO_LARGE, 107)]);
		expect(h.takeClose()).toBe(true);
		expect(h.seen).toEqual([]);
	});
});
