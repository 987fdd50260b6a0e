import { afterAll, describe, expect, it } from "vitest";
import { packetsOf, serve } from "../../client/model-server.js";
import { BROKERS, endAll } from "../../support/brokers.js";
import { inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { numberedPublishes } from "../../support/flow.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { Peer } from "../../support/peer.js";
import { publishesIn, subscribed } from "../support.js";

// Goal: §4.6, the order of what is sent again, of acks, and of messages.
// Method: many exchanges, ended out of order; acks that had to wait for room; brokers between a client of ours and another.

afterAll(endAll);

describe("what a client sends", () => {
	it("again goes out in the order of its first sending [MQTT-4.6.0-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 65_530, inflight: 16, outbox: 4096 });
		// Identifiers wrap: their order is not that of the numbers.
		for (let i = 0; i < 12; i++) h.publish("t", `${i}`, 1 + (i % 2));
		const first = publishesIn(h.sent()).map(({ payload }) => payload);
		expect(first).toEqual(Array.from({ length: 12 }, (_, i) => `${i}`));
		const ids = Array.from({ length: 12 }, (_, i) => ((65_530 + i - 1) % 65_535) + 1);
		h.exchange(ackHex(0x40, ids[4]!) + ackHex(0x50, ids[1]!) + ackHex(0x70, ids[1]!) + ackHex(0x40, ids[0]!));
		for (let i = 0; i < 3; i++) {
			h.lost();
			h.publish("t", `offline ${i}`, 1);
			const again = publishesIn(h.connect(true)).map(({ payload }) => payload);
			expect(again.slice(0, 9)).toEqual(["2", "3", "5", "6", "7", "8", "9", "10", "11"]);
			expect(again.slice(9)).toEqual(Array.from({ length: i + 1 }, (_, n) => `offline ${n}`));
		}
	});

	it("as PUBACK and PUBREC goes out in the order of the messages [MQTT-4.6.0-2] [MQTT-4.6.0-3]", () => {
		const ids = [9, 3, 65_535, 4, 1, 8, 2];
		for (const pieceMax of [Infinity, 1, 5]) {
			for (const qos of [1, 2]) {
				const h = subscribed(["t"]);
				const messages = ids.map((id) => publishHex("t", "x", qos, id)).join("");
				expect(h.exchange(messages, pieceMax)).toBe(ids.map((id) => ackHex(qos === 1 ? 0x40 : 0x50, id)).join(""));
			}
		}
	});

	it("as acks keeps that order when there is no room for them at once, and for mixed levels [MQTT-4.6.0-2] [MQTT-4.6.0-3]", () => {
		const h = subscribed(["t", "u/#"], { txBuffer: 64, rxBuffer: 2048, readSize: 2048, incomingQoS2: 64 });
		// What is being written takes all the room.
		h.publish("t", "x".repeat(200), 1);
		const before = h.write(10);
		const messages = Array.from({ length: 60 }, (_, i) => [1 + (i % 2), 100 - i] as const);
		h.receive(messages.map(([qos, id]) => publishHex(id % 3 ? "t" : "u/v", "x", qos, id)).join(""));
		const sent = packetsOf(before + h.pending + h.sent()).filter(({ first }) => first === 0x40 || first === 0x50);
		expect(sent.map(({ first, packetId }) => [first, packetId])).toEqual(
			messages.map(([qos, id]) => [qos === 1 ? 0x40 : 0x50, id]),
		);
	});

	it("as PUBREL goes out in the order of the PUBRECs, the first time and again [MQTT-4.6.0-4]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 1, inflight: 16 });
		for (let i = 0; i < 6; i++) h.publish("t", "x", 2);
		h.sent();
		const order = [3, 1, 6, 2];
		expect(h.exchange(order.map((id) => ackHex(0x50, id)).join(""))).toBe(order.map((id) => ackHex(0x62, id)).join(""));
		h.lost();
		const sent = packetsOf(h.connect(true));
		expect(sent.filter(({ first }) => first === 0x62).map(({ packetId }) => packetId)).toEqual(order);
		h.exchange(ackHex(0x70, 1) + ackHex(0x50, 5));
		h.lost();
		const again = packetsOf(h.connect(true));
		expect(again.filter(({ first }) => first === 0x62).map(({ packetId }) => packetId)).toEqual([3, 6, 2, 5]);
	});

	it("as PUBREL is not sent before that of an earlier PUBREC, although PUBREC is repeated [MQTT-4.6.0-4]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 1 });
		for (let i = 0; i < 3; i++) h.publish("t", "x", 2);
		h.sent();
		const hex = h.exchange([2, 1, 1, 3].map((id) => ackHex(0x50, id)).join(""));
		const released = packetsOf(hex).map(({ packetId }) => packetId);
		expect(released.filter((id, i) => released.indexOf(id) === i)).toEqual([2, 1, 3]);
	});

	it.each([0, 1, 2])(
		"as new messages at QoS %i goes out in the order in which it was published [MQTT-4.6.0-6]",
		(qos) => {
			const h = inState.stopped({ inflight: 4, outbox: 4096, firstId: 1 });
			const numbers = Array.from({ length: 40 }, (_, i) => `${i}`);
			for (const number of numbers.slice(0, 10)) h.publish("t", number, qos);
			let sent = h.connect();
			// Text and bytes, with and without others before: each of these goes its own way.
			for (const number of numbers.slice(10, 20)) h.publish("t", Buffer.from(number), qos);
			sent += h.sent();
			for (const number of numbers.slice(20, 30)) h.publish("t", number, qos);
			sent = serve(h, sent + h.sent());
			for (const number of numbers.slice(30)) {
				h.publish("t", Buffer.from(number), qos);
				if (Number(number) % 3 === 0) sent += serve(h, h.sent());
			}
			sent += serve(h, h.sent());
			expect(publishesIn(sent).map(({ payload }) => payload)).toEqual(numbers);
		},
	);
});

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("as the server", () => {
		it.each([0, 1, 2] as const)(
			"keeps the order of our messages at QoS %i, to others and back to us [MQTT-4.6.0-5] [MQTT-4.6.0-6]",
			async (qos) => {
				const broker = await start();
				const peer = await (await Peer.connect(broker.port)).subscribe("ordered", qos);
				const device = new Device(broker.port, {
					outbox: 4096,
					...numberedPublishes(100, { topicName: "ordered", qos }),
				});
				device.client.subscribe("ordered", qos, device.keep);
				await device.connect();
				await peer.untilReceived(100);
				await device.untilReceived(100);
				const expected = Array.from({ length: 100 }, (_, i) => `${i}`);
				expect(peer.payloads).toEqual(expected);
				expect(device.payloads).toEqual(expected);
				await device.stop();
				await peer.end();
				await broker.stop();
			},
		);
	});
});
