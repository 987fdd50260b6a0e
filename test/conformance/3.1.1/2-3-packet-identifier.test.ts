import { describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { packetsOf } from "../../client/model-server.js";
import { endedBy, inState } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { byteHex, expectAlive, packetHex, publishesIn, readPublish, readRequest, subscribed } from "../support.js";

// Goal: §2.3.1, packet identifiers: never 0, unused when new, kept when sent again, free after the last ack.
// Method: all 65,535 identifiers are gone through while some are in use; sessions are resumed.

const PUBACK = 0x40;
const PUBREC = 0x50;
const PUBREL = 0x62;
const PUBCOMP = 0x70;

describe("an identifier of ours", () => {
	it.each([
		["the lowest", 0],
		["one in the middle", 0.5],
		["the highest", 0.999_999_9],
	])("is 1 … 65535, also when the random number is %s [MQTT-2.3.1-1]", (_what, random) => {
		const h = inState.stopped({ random: () => random, inflight: 8 });
		h.connect();
		h.subscribe("f");
		h.sent();
		h.unsubscribe("f");
		const sent = h.sent();
		expect(readRequest(sent).packetId).toBeGreaterThan(0);
		for (const qos of [1, 2, 1]) expect(h.publish("t", "x", qos)).toBeGreaterThan(0);
	});

	it("is never 0 where they wrap, in SUBSCRIBE, UNSUBSCRIBE and PUBLISH [MQTT-2.3.1-1]", () => {
		for (let first = 65_532; first <= 65_535; first++) {
			const h = inState.connected({ firstId: first });
			h.subscribe("f");
			let sent = h.sent();
			h.unsubscribe("f");
			sent += h.sent();
			for (const qos of [1, 2, 1]) h.publish("t", "x", qos);
			sent += h.sent();
			h.publishStream("t", 3, 2);
			sent += h.sent();
			const expected = Array.from({ length: 6 }, (_, i) => ((first + i - 1) % 65_535) + 1);
			expect(packetsOf(sent).map(({ packetId }) => packetId)).toEqual(expected);
		}
	});

	it("is in no other exchange, and is used again only when its own is over [MQTT-2.3.1-2] [MQTT-2.3.1-3]", () => {
		const h = inState.connected({ firstId: 10, outbox: 4096, inflight: 16, filterBytes: 1024 });
		/** Opens an exchange of each kind, with the identifiers from `first` on. */
		const open = (first: number): void => {
			expect(h.publish("t", "waits for PUBACK", 1)).toBe(first);
			expect(h.publish("t", "waits for PUBREC", 2)).toBe(first + 1);
			expect(h.publish("t", "waits for PUBCOMP", 2)).toBe(first + 2);
			h.sent();
			expect(h.exchange(ackHex(PUBREC, first + 2))).toBe(ackHex(PUBREL, first + 2));
			h.subscribe(`SUBACK/${first}`);
			expect(readRequest(h.sent()).packetId).toBe(first + 3);
			h.subscribe(`UNSUBACK/${first}`);
			expect(readRequest(h.sent()).packetId).toBe(first + 4);
			h.exchange(packetHex(0x90, "00" + byteHex(first + 4) + "00"));
			h.unsubscribe(`UNSUBACK/${first}`);
			expect(readRequest(h.sent()).packetId).toBe(first + 5);
		};
		open(10);
		open(16);
		// Those from 16 on go as far as they can by one packet each: 17 has come to where 12 is.
		h.exchange(
			ackHex(PUBACK, 16) + ackHex(PUBREC, 17) + ackHex(PUBCOMP, 18) + packetHex(0x90, "001300") + ackHex(0xb0, 21),
		);

		// One round through all identifiers: it ends with the first that comes again.
		const used = new Set<number>();
		for (let packetId = h.publish("t", "", 1); packetId > 0 && !used.has(packetId); packetId = h.publish("t", "", 1)) {
			used.add(packetId);
			h.sent();
			h.exchange(ackHex(PUBACK, packetId));
		}
		const notUsed = Array.from({ length: 65_535 }, (_, i) => i + 1).filter((id) => !used.has(id));
		expect(notUsed).toEqual([10, 11, 12, 13, 15, 17]);
	});

	it("is not taken from one that waits to be sent [MQTT-2.3.1-2]", () => {
		const h = inState.connected({ firstId: 65_535, inflight: 1 });
		expect([1, 2, 1].map((qos) => h.publish("t", "x", qos))).toEqual([65_535, 1, 2]);
		expect(publishesIn(h.sent()).map(({ packetId }) => packetId)).toEqual([65_535]);
	});

	it.each([
		["PUBLISH at QoS 1", 1, "", PUBACK],
		["PUBLISH at QoS 2", 2, "", PUBREC],
		["PUBREL", 2, ackHex(PUBREC, 0x1234), PUBCOMP],
	])("is kept by %s that is sent again [MQTT-2.3.1-3]", (_what, qos, first, answer) => {
		const h = inState.connected({ cleanSession: false, firstId: 0x1234 });
		h.publish("t", "x", qos);
		h.sent();
		h.exchange(first);
		for (let i = 0; i < 3; i++) {
			h.lost();
			expect(packetsOf(h.connect(true)).map(({ packetId }) => packetId)).toEqual([0x1234]);
		}
		h.take();
		h.exchange(ackHex(answer, 0x1234));
		if (answer === PUBREC) h.exchange(ackHex(PUBCOMP, 0x1234));
		expect(h.take()).toEqual(["delivered 4660"]);
	});

	it.each(["direct", "queued before the connection", "larger than the transmit region"])(
		"is not in a QoS 0 PUBLISH: %s [MQTT-2.3.1-5]",
		(way) => {
			const h = inState.stopped({ txBuffer: 64 });
			const size = way.startsWith("larger") ? 100 : 10;
			if (way.startsWith("queued")) h.publish("t", "0123456789", 0);
			let sent = h.connect();
			if (way.startsWith("direct")) {
				h.publish("t", "0123456789", 0);
				sent = h.sent();
			}
			if (way.startsWith("larger")) {
				h.publishStream("t", size, 0);
				sent = h.sent();
			}
			expect(sent.slice(0, 2)).toBe("30");
			expect(readPublish(sent)).toMatchObject({
				topicName: "t",
				payload: size === 10 ? "0123456789" : "p".repeat(100),
			});
		},
	);
});

describe("an identifier of the server's", () => {
	it("is not looked for in a QoS 0 PUBLISH: the payload begins behind the topic name [MQTT-2.3.1-5]", () => {
		const h = subscribed(["t", "u/#"]);
		expect(h.exchange(publishHex("t", "\0\x05abc") + publishHex("u/v", "\0\0") + publishHex("t", ""))).toBe("");
		expect(h.seen.map(({ payload, packetId }) => [payload, packetId])).toEqual([
			["\0\x05abc", 0],
			["\0\0", 0],
			["", 0],
		]);
	});

	it("may be the same as one of ours: both exchanges go on by themselves [MQTT-2.3.1-4]", () => {
		const h = subscribed(["t"], { firstId: 1 });
		expect(h.publish("out", "mine", 2)).toBe(2);
		h.sent();
		expect(h.exchange(publishHex("t", "yours", 2, 2))).toBe(ackHex(PUBREC, 2));
		expect(h.exchange(ackHex(PUBREC, 2))).toBe(ackHex(PUBREL, 2));
		expect(h.exchange(ackHex(PUBREL, 2))).toBe(ackHex(PUBCOMP, 2));
		// PUBREL and PUBCOMP of one have not ended the other.
		expect(h.take()).toEqual([]);
		expect(h.exchange(ackHex(PUBCOMP, 2))).toBe("");
		expect(h.take()).toEqual(["delivered 2"]);
		expect(h.publish("out", "mine", 1)).toBe(3);
		h.sent();
		expect(h.exchange(publishHex("t", "yours", 1, 3))).toBe(ackHex(PUBACK, 3));
		expect(h.take()).toEqual([]);
		h.exchange(ackHex(PUBACK, 3));
		expect(h.take()).toEqual(["delivered 3"]);
		expect(h.seen.map(({ payload }) => payload)).toEqual(["yours", "yours"]);
	});

	it.each([1, 2, 255, 256, 0x0102, 0x8000, 65_535])(
		"%i is repeated in PUBACK, PUBREC and PUBCOMP, and one of ours in PUBREL [MQTT-2.3.1-6]",
		(packetId) => {
			const h = inState.connected({ firstId: packetId });
			expect(h.exchange(publishHex("t", "x", 1, packetId))).toBe(ackHex(PUBACK, packetId));
			expect(h.exchange(publishHex("t", "x", 2, packetId))).toBe(ackHex(PUBREC, packetId));
			expect(h.exchange(ackHex(PUBREL, packetId))).toBe(ackHex(PUBCOMP, packetId));
			// Behind something else, in pieces, and larger than the buffer.
			expect(h.exchange("d000" + publishHex("t", "x", 1, packetId) + publishHex("u", "x", 2, packetId), 1)).toBe(
				ackHex(PUBACK, packetId) + ackHex(PUBREC, packetId),
			);
			h.exchange(ackHex(PUBREL, packetId));
			expect(h.exchange(publishHex("t", "x".repeat(600), 2, packetId))).toBe(ackHex(PUBREC, packetId));
			expect(h.publish("t", "x", 2)).toBe(packetId);
			h.sent();
			expect(h.exchange(ackHex(PUBREC, packetId))).toBe(ackHex(PUBREL, packetId));
		},
	);
});

describe("SUBACK and UNSUBACK", () => {
	it("of an unknown identifier are not the answer, which is still waited for [MQTT-2.3.1-7]", () => {
		const h = inState.connected({ firstId: 5, ackTimeoutMs: 1_000, keepAlive: 0 });
		h.subscribe("f", 1);
		h.sent();
		expect(h.exchange(packetHex(0x90, "000601") + ackHex(0xb0, 6))).toBe("");
		expect(h.take()).toEqual([]);
		expectAlive(h);
		h.exchange(packetHex(0x90, "000501"));
		expect(h.take()).toEqual(["subscribed 0 1"]);
		h.unsubscribe("f");
		h.sent();
		h.exchange(ackHex(0xb0, 5) + packetHex(0x90, "000501"));
		expect(h.take()).toEqual([]);
		// Nothing that came has stopped the clock.
		h.pass(1_000);
		expect(h.take()).toEqual([endedBy(Reason.SUBACK_TIMEOUT)]);
	});

	it("of the other kind are not the answer [MQTT-2.3.1-7]", () => {
		const h = inState.connected({ firstId: 5 });
		h.subscribe("f", 1);
		h.sent();
		h.exchange(ackHex(0xb0, 5));
		expect(h.take().filter((line) => line.startsWith("subscribed") || line.startsWith("unsubscribed"))).toEqual([]);
	});
});
