import { describe, expect, it } from "vitest";
import { packetsOf } from "../../client/model-server.js";
import { inState } from "../../support/core-harness.js";
import { ackHex } from "../../support/hex.js";
import { packetsOfType, publishesIn } from "../support.js";

// Goal: §4.4, what is sent again, and when.
// Method: sessions with exchanges in every state are resumed, by a CONNACK that is compared whole with what follows it.

describe("what is not acknowledged", () => {
	it("is sent again when the session is resumed, with its identifier: PUBLISH and PUBREL [MQTT-4.4.0-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 0x0102 });
		const ids = [1, 2, 2, 1, 0].map((qos, i) => h.publish(`t/${i}`, `payload ${i}`, qos));
		const first = publishesIn(h.sent());
		h.exchange(ackHex(0x50, ids[1]!));
		h.lost();
		const sent = h.connect(true);
		expect(packetsOfType(sent, 6).map(({ hex }) => hex)).toEqual([ackHex(0x62, ids[1]!)]);
		const expected = ["t/0", "t/2", "t/3"].map((topicName) => {
			const before = first.find((publish) => publish.topicName === topicName)!;
			return { ...before, dup: true, firstByte: before.firstByte | 8 };
		});
		expect(publishesIn(sent)).toEqual(expected);
		expect(packetsOf(sent).length).toBe(4);
	});

	it("is sent again as often as the connection is lost, also in the middle of sending it again [MQTT-4.4.0-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5, txBuffer: 64, outbox: 4096 });
		for (let i = 0; i < 5; i++) h.publish("t", `${i}`.repeat(50), 1);
		h.write(40);
		for (let i = 0; i < 3; i++) {
			h.lost();
			h.start();
			h.pass(200_000);
			h.opened();
			h.receive("20020100");
			h.write(10 + i * 50);
		}
		h.lost();
		const sent = publishesIn(h.connect(true));
		expect(sent.map(({ packetId, payload }) => [packetId, payload])).toEqual(
			[0, 1, 2, 3, 4].map((i) => [5 + i, `${i}`.repeat(50)]),
		);
	});

	it("is sent again whole when it is larger than any buffer [MQTT-4.4.0-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5 });
		h.publishStream("t", 5_000, 2);
		h.write(100);
		h.lost();
		expect(publishesIn(h.connect(true))).toMatchObject([{ packetId: 5, payload: "p".repeat(5_000), dup: true }]);
		h.exchange(ackHex(0x50, 5));
		h.lost();
		expect(h.connect(true)).toBe(ackHex(0x62, 5));
	});

	it("waits for CONNACK before it is sent again [MQTT-4.4.0-1]", () => {
		const h = inState.connected({ cleanSession: false });
		h.publish("t", "x", 1);
		h.sent();
		h.lost();
		h.pass(200_000);
		expect(packetsOf(h.opened()).map(({ first }) => first)).toEqual([0x10]);
		expect(h.sent()).toBe("");
	});

	it("is not sent again while the connection lives, however long the ack takes [X3-4.4-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5, keepAlive: 60 });
		for (const qos of [1, 2, 2]) h.publish("t", "x", qos);
		h.sent();
		h.exchange(ackHex(0x50, 7));
		let sent = "";
		for (let minutes = 0; minutes < 600; minutes++) {
			h.pass(60_000);
			const now = h.sent();
			sent += now;
			h.exchange("d000".repeat(packetsOfType(now, 12).length));
		}
		expect(packetsOf(sent).every(({ first }) => first === 0xc0)).toBe(true);
		h.take();
		h.exchange(ackHex(0x40, 5));
		expect(h.take()).toEqual(["delivered 5"]);
	});
});
