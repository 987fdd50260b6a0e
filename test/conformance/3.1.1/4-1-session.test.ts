import { describe, expect, it } from "vitest";
import { State } from "xs-mqtt";
import { packetsOf } from "../../client/model-server.js";
import type { Harness } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { expectAlive, packetsOfType, readRequest, subscribed } from "../support.js";

// Goal: §4.1, what a client's session is, and how long it lasts.
// Method: a session with something of everything goes through hours, losses and stops; then every part is looked for.

/** Exchanges of ours: 2 waits for PUBACK, 3 for PUBREC, 4 for PUBCOMP. Of the server's: 7 waits for PUBREL. */
function busy(): Harness {
	const h = subscribed(["t"], { cleanSession: false, keepAlive: 60 });
	h.publish("out", "waits for PUBACK", 1);
	h.publish("out", "waits for PUBREC", 2);
	h.publish("out", "waits for PUBCOMP", 2);
	h.sent();
	expect(h.exchange(ackHex(0x50, 4) + publishHex("t", "waits for PUBREL", 2, 7))).toBe(
		ackHex(0x50, 7) + ackHex(0x62, 4),
	);
	h.rest();
	h.seen.length = 0;
	return h;
}

/** Every exchange of `busy` is still known, and can be finished. */
function expectIntact(h: Harness): void {
	// A repetition is not delivered.
	expect(h.exchange(publishHex("t", "waits for PUBREL", 2, 7, 8))).toBe(ackHex(0x50, 7));
	expect(h.seen).toEqual([]);
	expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
	h.take();
	expect(h.exchange(ackHex(0x40, 2))).toBe("");
	expect(h.exchange(ackHex(0x50, 3))).toBe(ackHex(0x62, 3));
	expect(h.exchange(ackHex(0x70, 3) + ackHex(0x70, 4))).toBe("");
	expect(h.take()).toEqual(["delivered 2", "delivered 3", "delivered 4"]);
	expectAlive(h);
}

/** Hours of a connection on which there is nothing but pings. */
function passHours(h: Harness, hours: number): string {
	let sent = "";
	for (let minutes = 0; minutes < hours * 60; minutes++) {
		h.pass(60_000);
		const now = h.sent();
		sent += now;
		h.exchange("d000".repeat(packetsOfType(now, 12).length));
	}
	return sent;
}

describe("the client's session", () => {
	it("is kept for as long as the connection lives [MQTT-4.1.0-2]", () => {
		const h = busy();
		passHours(h, 100);
		expect(h.state).toBe(State.CONNECTED);
		expectIntact(h);
	});

	it("of a clean session lasts as long as its connection too [MQTT-4.1.0-2]", () => {
		const h = subscribed(["t"], { cleanSession: true, keepAlive: 60 });
		h.exchange(publishHex("t", "x", 2, 7));
		h.publish("out", "x", 2);
		h.sent();
		passHours(h, 10);
		expect(h.exchange(publishHex("t", "x", 2, 7, 8))).toBe(ackHex(0x50, 7));
		expect(h.seen.length).toBe(1);
		expect(h.exchange(ackHex(0x50, 2))).toBe(ackHex(0x62, 2));
	});

	it("is kept over connections that are lost, refused, or never come about [MQTT-4.1.0-1]", () => {
		const h = busy();
		h.lost();
		h.pass(200_000);
		h.lost();
		h.pass(200_000);
		h.opened();
		h.receive("20020003");
		h.pass(200_000);
		h.opened();
		h.pass(60_000);
		expect(h.state).toBe(State.WAITING);
		h.connect(true);
		h.take();
		expectIntact(h);
	});

	it("is kept over stop and start [MQTT-4.1.0-1]", () => {
		const h = busy();
		h.stop();
		h.pass(10_000);
		h.sent();
		expect(h.state).toBe(State.STOPPED);
		h.connect(true);
		h.take();
		expectIntact(h);
	});

	it("is unfinished publishes and received QoS 2 identifiers; subscriptions are the server's [X3-4.1-1]", () => {
		const h = busy();
		h.lost();
		// All of it, and nothing else: no SUBSCRIBE, because the server still has that.
		expect(packetsOf(h.connect(true)).map(({ first, packetId }) => [first, packetId])).toEqual([
			[0x62, 4],
			[0x3a, 2],
			[0x3c, 3],
		]);
		// A request that was not answered is not part of it: the question is asked anew.
		h.subscribe("new", 1);
		const first = readRequest(h.sent());
		h.lost();
		const again = packetsOfType(h.connect(true), 8).map((packet) => readRequest(packet.hex));
		expect(again.map(({ filters }) => filters)).toEqual([["new"]]);
		expect(again[0]!.packetId).not.toBe(first.packetId);
	});
});
