import { describe, expect, it } from "vitest";
import { packetsOf } from "../../client/model-server.js";
import { inState } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { expectAlive, expectViolation, publishesIn, readPublish, subscribed } from "../support.js";

// Goal: §4.3, the delivery protocols of QoS 0, 1 and 2, as sender and as receiver.
// Method: each protocol step by step, with everything that is sent compared whole; then each step repeated, left out, or
// answered by the wrong packet.

const PUBACK = 0x40;
const PUBREC = 0x50;
const PUBREL = 0x62;
const PUBCOMP = 0x70;

describe("as sender, QoS 0", () => {
	it("sends PUBLISH with QoS 0 and DUP 0, once [MQTT-4.3.1-1]", () => {
		const h = inState.connected({ cleanSession: false });
		for (const retain of [false, true]) {
			h.publish("t", "x", 0, retain);
			expect(readPublish(h.sent()).firstByte).toBe(retain ? 0x31 : 0x30);
		}
		// Nothing is kept: it is not sent again.
		h.lost();
		expect(h.connect(true)).toBe("");
		expect(h.take()).not.toContainEqual(expect.stringMatching(/^delivered/));
	});

	it("sends what had to wait in the same way [MQTT-4.3.1-1]", () => {
		const h = inState.stopped({ cleanSession: false });
		h.publish("t", "offline", 0);
		expect(publishesIn(h.connect()).map(({ firstByte }) => firstByte)).toEqual([0x30]);
		h.lost();
		expect(h.connect(true)).toBe("");
	});
});

describe("as sender, QoS 1", () => {
	it("keeps the message until PUBACK: first DUP 0, then the same with DUP 1 [MQTT-4.3.2-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5 });
		expect(h.publish("t", "payload", 1)).toBe(5);
		const first = h.sent();
		expect(readPublish(first)).toEqual({
			firstByte: 0x32,
			dup: false,
			qos: 1,
			retain: false,
			topicName: "t",
			packetId: 5,
			payload: "payload",
		});
		// Neither time nor a wrong identifier ends it.
		h.exchange(ackHex(PUBACK, 6) + ackHex(PUBACK, 0x0500));
		for (let i = 0; i < 2; i++) {
			h.lost();
			expect(h.connect(true)).toBe("3a" + first.slice(2));
		}
		h.take();
		h.exchange(ackHex(PUBACK, 5));
		expect(h.take()).toEqual(["delivered 5"]);
		h.lost();
		expect(h.connect(true)).toBe("");
	});

	it("keeps RETAIN when it sends again [MQTT-4.3.2-1]", () => {
		const h = inState.connected({ cleanSession: false });
		h.publish("t", "x", 1, true);
		h.sent();
		h.lost();
		expect(readPublish(h.connect(true)).firstByte).toBe(0x3b);
	});

	it("takes no other ack for PUBACK [MQTT-4.3.2-1]", () => {
		for (const wrong of [PUBREC, PUBCOMP]) {
			const h = inState.connected({ cleanSession: false, firstId: 5 });
			h.publish("t", "x", 1);
			h.sent();
			expectViolation(h, ackHex(wrong, 5));
			expect(publishesIn(h.connect(true)).map(({ packetId }) => packetId)).toEqual([5]);
		}
	});

	it("reports a delivery once, although PUBACK comes twice [MQTT-4.3.2-1]", () => {
		const h = inState.connected({ firstId: 5 });
		h.publish("t", "x", 1);
		h.sent();
		h.exchange(ackHex(PUBACK, 5) + ackHex(PUBACK, 5));
		expect(h.take()).toEqual(["delivered 5"]);
		expectAlive(h);
	});

	it("may have many under way, acknowledged in any order [MQTT-4.3.2-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 1, inflight: 8 });
		for (let i = 0; i < 6; i++) h.publish("t", `${i}`, 1);
		h.sent();
		h.exchange([2, 6, 3].map((id) => ackHex(PUBACK, id)).join(""));
		expect(h.take()).toEqual(["delivered 2", "delivered 6", "delivered 3"]);
		h.lost();
		expect(publishesIn(h.connect(true)).map(({ packetId, payload }) => [packetId, payload])).toEqual([
			[1, "0"],
			[4, "3"],
			[5, "4"],
		]);
	});
});

describe("as receiver, QoS 1", () => {
	it("answers with PUBACK once the handler has had the message [MQTT-4.3.2-2]", () => {
		const h = inState.connected();
		let sentBefore = "not called";
		h.subscribe("t", 1, (() => void (sentBefore = h.write(100))) as never);
		h.sent();
		expect(h.exchange(publishHex("t", "x", 1, 7))).toBe(ackHex(PUBACK, 7));
		expect(sentBefore).toBe("");
	});

	it.each([0, 8])(
		"takes the same identifier for a new message afterwards, with DUP flags %i [MQTT-4.3.2-2]",
		(flags) => {
			const h = subscribed(["t"]);
			expect(h.exchange(publishHex("t", "one", 1, 7))).toBe(ackHex(PUBACK, 7));
			expect(h.exchange(publishHex("t", "two", 1, 7, flags))).toBe(ackHex(PUBACK, 7));
			expect(h.exchange(publishHex("t", "two", 1, 7, flags) + publishHex("t", "two", 1, 7, flags))).toBe(
				ackHex(PUBACK, 7).repeat(2),
			);
			expect(h.seen.map(({ payload }) => payload)).toEqual(["one", "two", "two", "two"]);
		},
	);
});

describe("as sender, QoS 2", () => {
	it("goes through PUBREC, PUBREL and PUBCOMP with one identifier, DUP 0 first [MQTT-4.3.3-1]", () => {
		const h = inState.connected({ firstId: 5 });
		expect(h.publish("t", "payload", 2)).toBe(5);
		expect(readPublish(h.sent())).toMatchObject({ firstByte: 0x34, packetId: 5, payload: "payload" });
		expect(h.exchange(ackHex(PUBREC, 5))).toBe(ackHex(PUBREL, 5));
		expect(h.take()).toEqual([]);
		expect(h.exchange(ackHex(PUBCOMP, 5))).toBe("");
		expect(h.take()).toEqual(["delivered 5"]);
	});

	it("sends PUBLISH again until PUBREC, and only PUBREL from then on until PUBCOMP [MQTT-4.3.3-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5 });
		h.publish("t", "payload", 2);
		const first = h.sent();
		for (let i = 0; i < 2; i++) {
			h.lost();
			expect(h.connect(true)).toBe("3c" + first.slice(2));
		}
		expect(h.exchange(ackHex(PUBREC, 5))).toBe(ackHex(PUBREL, 5));
		for (let i = 0; i < 3; i++) {
			h.lost();
			expect(h.connect(true)).toBe(ackHex(PUBREL, 5));
			// A server may repeat PUBREC, and never gets PUBLISH for it.
			expect(h.exchange(ackHex(PUBREC, 5))).toBe(ackHex(PUBREL, 5));
		}
		h.take();
		h.exchange(ackHex(PUBCOMP, 5));
		expect(h.take()).toEqual(["delivered 5"]);
		h.lost();
		expect(h.connect(true)).toBe("");
	});

	it("sends PUBREL on the next connection when the last one ended between PUBREC and PUBREL [MQTT-4.3.3-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5 });
		h.publish("t", "payload", 2);
		h.sent();
		h.receive(ackHex(PUBREC, 5));
		h.lost();
		expect(h.connect(true)).toBe(ackHex(PUBREL, 5));
	});

	it("takes no other ack for PUBREC, nor for PUBCOMP [MQTT-4.3.3-1]", () => {
		for (const [before, wrong] of [
			["", PUBACK],
			["", PUBCOMP],
			[ackHex(PUBREC, 5), PUBACK],
		] as const) {
			const h = inState.connected({ cleanSession: false, firstId: 5 });
			h.publish("t", "x", 2);
			h.sent();
			h.exchange(before);
			expectViolation(h, ackHex(wrong, 5));
			expect(packetsOf(h.connect(true)).map(({ first }) => first)).toEqual([before === "" ? 0x3c : 0x62]);
		}
	});

	it("lets a server finish that knows an identifier which we do not [MQTT-4.3.3-1]", () => {
		const h = inState.connected();
		expect(h.exchange(ackHex(PUBREC, 99))).toBe(ackHex(PUBREL, 99));
		expect(h.exchange(ackHex(PUBCOMP, 99))).toBe("");
		expectAlive(h);
	});
});

describe("as receiver, QoS 2", () => {
	it("delivers once, however often PUBLISH is repeated before PUBREL [MQTT-4.3.3-2]", () => {
		const h = subscribed(["t"], { cleanSession: false });
		const again = [0, 8].map((flags) => publishHex("t", "x", 2, 7, flags));
		expect(h.exchange(again[0]!)).toBe(ackHex(PUBREC, 7));
		expect(h.exchange(again[1]!)).toBe(ackHex(PUBREC, 7));
		expect(h.exchange(again[0]! + again[1]!, 1)).toBe(ackHex(PUBREC, 7).repeat(2));
		h.lost();
		h.connect(true);
		expect(h.exchange(again[1]!)).toBe(ackHex(PUBREC, 7));
		expect(h.seen.length).toBe(1);
		expect(h.exchange(ackHex(PUBREL, 7))).toBe(ackHex(PUBCOMP, 7));
	});

	it("takes the identifier for a new message after PUBREL, whatever DUP says [MQTT-4.3.3-2]", () => {
		for (const flags of [0, 8]) {
			const h = subscribed(["t"]);
			h.exchange(publishHex("t", "one", 2, 7) + ackHex(PUBREL, 7));
			expect(h.exchange(publishHex("t", "two", 2, 7, flags))).toBe(ackHex(PUBREC, 7));
			expect(h.seen.map(({ payload }) => payload)).toEqual(["one", "two"]);
		}
	});

	it("answers PUBREL with PUBCOMP also when it comes again, or for an identifier that is not known [MQTT-4.3.3-2]", () => {
		const h = subscribed(["t"]);
		h.exchange(publishHex("t", "x", 2, 7));
		expect(h.exchange(ackHex(PUBREL, 7) + ackHex(PUBREL, 7))).toBe(ackHex(PUBCOMP, 7).repeat(2));
		expect(h.exchange(ackHex(PUBREL, 9))).toBe(ackHex(PUBCOMP, 9));
		expect(h.seen.length).toBe(1);
		expectAlive(h);
	});

	it("keeps many identifiers apart [MQTT-4.3.3-2]", () => {
		const h = subscribed(["t"], { incomingQoS2: 32 });
		const ids = Array.from({ length: 32 }, (_, i) => 1 + i * 2047);
		for (const id of ids) expect(h.exchange(publishHex("t", `${id}`, 2, id))).toBe(ackHex(PUBREC, id));
		// Every second is released; its neighbours stay known.
		const released = ids.filter((_, i) => i % 2 === 0);
		for (const id of released) expect(h.exchange(ackHex(PUBREL, id))).toBe(ackHex(PUBCOMP, id));
		h.seen.length = 0;
		for (const id of ids) expect(h.exchange(publishHex("t", `${id}`, 2, id, 8))).toBe(ackHex(PUBREC, id));
		expect(h.seen.map(({ payload }) => Number(payload))).toEqual(released);
	});

	it.each([
		["taken in pieces", true],
		["too large for its handler", false],
	])("answers a message %s in the same way, once delivered [MQTT-4.3.3-2]", (_how, stream) => {
		const h = inState.connected({ rxBuffer: 64 });
		h.subscribe("t", 2, h.keep, stream);
		h.sent();
		const large = publishHex("t", "x".repeat(200), 2, 7);
		expect(h.exchange(large)).toBe(ackHex(PUBREC, 7));
		const pieces = h.seen.length;
		expect(pieces > 0).toBe(stream);
		expect(h.exchange(large)).toBe(ackHex(PUBREC, 7));
		expect(h.seen.length).toBe(pieces);
		expect(h.exchange(ackHex(PUBREL, 7))).toBe(ackHex(PUBCOMP, 7));
		h.exchange(large);
		expect(h.seen.length).toBe(2 * pieces);
	});
});
