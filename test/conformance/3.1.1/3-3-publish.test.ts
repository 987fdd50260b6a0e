import { describe, expect, it } from "vitest";
import { Status, Topic } from "xs-mqtt";
import { Harness, inState } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import {
	expectAlive,
	expectViolation,
	fieldHex,
	packetHex,
	publishesIn,
	readPublish,
	subscribed,
	TEXT,
} from "../support.js";

// Goal: §3.3, PUBLISH in both directions: DUP, QoS, topic name, and how it is answered.
// Method: what is sent is read by a reader of the tests' own, on every way out: at once, from the outbox, in pieces, again.
// RETAIN, whose effect is the server's, is in 3-3-retain-server.test.ts.

const LEVELS = [0, 1, 2] as const;

describe("DUP", () => {
	it.each([1, 2])("is 1 whenever a PUBLISH at QoS %i is sent again [MQTT-3.3.1-1]", (qos) => {
		const h = inState.connected({ cleanSession: false, firstId: 5, sources: 1 });
		h.publish("t", "small", qos);
		h.publish("t", "large ".repeat(100), qos);
		h.publishStream("t", 700, qos);
		expect(publishesIn(h.sent()).map(({ dup }) => dup)).toEqual([false, false, false]);
		for (let i = 0; i < 3; i++) {
			h.lost();
			const again = publishesIn(h.connect(true));
			expect(again.map(({ dup, packetId, payload }) => [dup, packetId, payload.length])).toEqual([
				[true, 5, 5],
				[true, 6, 600],
				[true, 7, 700],
			]);
		}
	});

	it("is 1 also when the first try broke off in the middle of the packet [MQTT-3.3.1-1]", () => {
		const h = inState.connected({ cleanSession: false });
		h.publish("t", "0123456789", 1);
		expect(h.write(5)).toBe("320f000174");
		h.lost();
		expect(publishesIn(h.connect(true)).map(({ dup }) => dup)).toEqual([true]);
	});

	it("is 0 for what has never been sent, also after a reconnect [MQTT-3.3.1-1]", () => {
		const h = inState.connected({ cleanSession: false, inflight: 1, firstId: 5 });
		for (const qos of [1, 2, 1]) h.publish("t", "x", qos);
		h.sent();
		h.lost();
		h.publish("t", "offline", 1);
		let sent = h.connect(true);
		sent += h.exchange(ackHex(0x40, 5)) + h.exchange(ackHex(0x50, 6)) + h.exchange(ackHex(0x70, 6));
		sent += h.exchange(ackHex(0x40, 7));
		expect(publishesIn(sent).map(({ dup, packetId }) => [dup, packetId])).toEqual([
			[true, 5],
			[false, 6],
			[false, 7],
			[false, 8],
		]);
	});

	it("is 0 at QoS 0, also when the packet has to be sent again after it broke off [MQTT-3.3.1-2]", () => {
		const h = inState.connected({ cleanSession: false, txBuffer: 64 });
		h.publish("t", "direct", 0);
		expect(readPublish(h.sent()).firstByte).toBe(0x30);
		h.publishStream("t", 200, 0);
		h.write(10);
		h.publish("t", "behind it", 0);
		h.lost();
		h.publish("t", "offline", 0);
		const again = publishesIn(h.connect(true));
		expect(again.length).toBeGreaterThanOrEqual(2);
		for (const { firstByte } of again) expect(firstByte).toBe(0x30);
	});

	it.each([8, 9])("at QoS 0 from the server ends the connection: flags %i [MQTT-3.3.1-2]", (flags) => {
		expectViolation(subscribed(["#"]), packetHex(0x30 | flags, fieldHex("t") + "78"));
	});

	it.each([1, 2])("of a received PUBLISH at QoS %i does not prove that it came before [X3-3.3.1-13]", (qos) => {
		const h = subscribed(["t"]);
		const again = publishHex("t", "x", qos, 7, 8);
		expect(h.exchange(again)).toBe(ackHex(qos === 1 ? 0x40 : 0x50, 7));
		expect(h.seen.map(({ payload, duplicate }) => [payload, duplicate])).toEqual([["x", true]]);
		// Nor does its absence prove that it did not: the identifier counts.
		h.exchange(publishHex("t", "x", qos, 7));
		expect(h.seen.length).toBe(qos === 1 ? 2 : 1);
	});
});

describe("every way out", () => {
	/** Ways in which a program can publish five bytes of "p". */
	const WAYS: readonly [string, (h: Harness, qos: number, retain: boolean) => number][] = [
		["text", (h, qos, retain) => h.publish(TEXT, "ppppp", qos, retain)],
		["bytes", (h, qos, retain) => h.publish(TEXT, Buffer.from("ppppp"), qos, retain)],
		["a stream", (h, qos, retain) => h.publishStream(TEXT, 5, qos, retain)],
	];
	const CONNECTED: readonly [string, (publish: (h: Harness) => void) => string][] = [
		["at once", (publish) => sentBy(inState.connected({ firstId: 7 }), publish)],
		["behind others", (publish) => sentBy(behindOthers(), publish)],
		[
			"when the connection is there",
			(publish) => {
				const h = inState.stopped({ firstId: 7 });
				publish(h);
				return h.connect();
			},
		],
		["in pieces", (publish) => sentBy(inState.connected({ firstId: 7 }), publish, 3)],
	];

	function sentBy(h: Harness, publish: (h: Harness) => void, pieceMax = Infinity): string {
		publish(h);
		return h.sent(pieceMax);
	}

	/** A client with a message of each level that is written and not acknowledged. */
	function behindOthers(): Harness {
		const h = inState.connected({ firstId: 5 });
		for (const qos of LEVELS) h.publish("before", "x", qos);
		h.sent();
		return h;
	}

	it.each(WAYS.flatMap(([way, publish]) => CONNECTED.map(([when, send]) => ({ way, when, publish, send }))))(
		"has RETAIN, QoS, DUP 0, topic name and identifier where they belong: $way, $when [MQTT-3.3.1-5] [MQTT-3.3.1-2] [MQTT-3.3.2-1] [MQTT-2.3.1-5]",
		({ publish, send }) => {
			for (const qos of LEVELS) {
				for (const retain of [false, true]) {
					expect(readPublish(send((h) => publish(h, qos, retain)))).toEqual({
						firstByte: 0x30 | (qos << 1) | (retain ? 1 : 0),
						...{ dup: false, qos, retain, topicName: TEXT, packetId: qos === 0 ? 0 : 7, payload: "ppppp" },
					});
				}
			}
		},
	);
});

describe("QoS", () => {
	it.each([6, 7, 14, 15])("3 from the server ends the connection: flags %i [MQTT-3.3.1-4]", (flags) => {
		expectViolation(subscribed(["#"]), packetHex(0x30 | flags, fieldHex("t") + "0007" + "78"));
	});

	it("3, or any other than 0, 1, 2, is refused, and nothing is sent [MQTT-3.3.1-4]", () => {
		const h = inState.connected();
		for (const qos of [3, 4, 7, -1, 0.5, NaN, Infinity, "1", true]) {
			expect(h.publish("t", "x", qos as number), String(qos)).toBe(Status.INVALID_QOS);
			expect(h.publish("t", Uint8Array.of(1), qos as number)).toBe(Status.INVALID_QOS);
			expect(h.publishStream("t", 1, qos as number)).toBe(Status.INVALID_QOS);
		}
		expect(h.sent()).toBe("");
		for (const qos of LEVELS) {
			h.publish("t", "x", qos);
			expect(readPublish(h.sent()).qos).toBe(qos);
		}
	});

	it.each([
		[0, ""],
		[1, ackHex(0x40, 7)],
		[2, ackHex(0x50, 7)],
	])("%i is answered as the standard says [MQTT-3.3.4-1]", (qos, answer) => {
		const hex = publishHex("t", "x", qos, 7);
		const large = publishHex("t", "x".repeat(600), qos, 7);
		for (const filter of ["t", "+", "other"]) {
			expect(subscribed([filter]).exchange(hex)).toBe(answer);
			expect(subscribed([filter]).exchange(hex, 1)).toBe(answer);
			expect(subscribed([filter]).exchange(large)).toBe(answer);
		}
		const streaming = inState.connected();
		streaming.subscribe("t", 2, streaming.keep, true);
		streaming.sent();
		expect(streaming.exchange(large)).toBe(answer);
		// Once: nothing follows.
		const h = subscribed(["t"], { keepAlive: 0 });
		h.exchange(hex);
		h.pass(100_000);
		expect(h.sent()).toBe("");
	});
});

describe("the topic name", () => {
	it.each(LEVELS)("is the first field at QoS %i, in UTF-8 [MQTT-3.3.2-1]", (qos) => {
		const h = inState.connected({ firstId: 7 });
		h.publish(TEXT, "payload", qos);
		const id = qos === 0 ? "" : "0007";
		expect(h.sent()).toBe(
			packetHex(0x30 | (qos << 1), "000a61c3a9e282acf09f9880" + id + Buffer.from("payload").toString("hex")),
		);
		// The same out of the outbox, and of a stream.
		const later = new Harness({ firstId: 7 });
		later.publish(TEXT, "payload", qos);
		expect(readPublish(later.connect())).toMatchObject({ topicName: TEXT, payload: "payload", qos });
		later.publishStream(TEXT, 3, qos);
		expect(readPublish(later.sent())).toMatchObject({ topicName: TEXT, payload: "ppp", qos });
	});

	it("is read from the first field [MQTT-3.3.2-1]", () => {
		const h = subscribed(["#"]);
		for (const qos of LEVELS) h.exchange(publishHex(TEXT, "x", qos, 7));
		expect(h.seen.map(({ topic, payload }) => [topic, payload])).toEqual(LEVELS.map(() => [TEXT, "x"]));
	});

	it.each(["c328", "eda080", "00", "80"])("that is not UTF-8 ends the connection: %s [MQTT-3.3.2-1]", (hex) => {
		const field = "000" + hex.length / 2 + hex;
		for (const filter of ["#", "+", "other"]) {
			expectViolation(subscribed([filter]), packetHex(0x30, field + "78"));
			expectViolation(subscribed([filter]), packetHex(0x32, field + "000778"));
		}
	});

	it.each(["00ff", "0002", "ffff"])(
		"that is longer than its packet ends the connection: %s [MQTT-3.3.2-1]",
		(length) => {
			expectViolation(subscribed(["#"]), packetHex(0x30, length + "61"));
		},
	);

	it.each(["+", "#", "a/+", "a/#", "a+", "+/a", "a#b"])(
		"with a wildcard is not sent: %s [MQTT-3.3.2-2]",
		(topicName) => {
			const h = inState.connected();
			expect(() => new Topic(topicName)).toThrow(RangeError);
			expect(() => new Harness({ will: { topic: topicName } })).toThrow(RangeError);
			for (const qos of LEVELS) {
				expect(h.publish(topicName, "x", qos)).toBe(Status.INVALID_TOPIC);
				expect(h.publishStream(topicName, 1, qos)).toBe(Status.INVALID_TOPIC);
			}
			expect(h.sent()).toBe("");
		},
	);

	it.each(["+", "#", "a/+", "a/#", "a+", "a/b#"])(
		"with a wildcard from the server ends the connection: %s [MQTT-3.3.2-2]",
		(topicName) => {
			for (const filter of ["#", "a/+", "other"]) {
				for (const qos of LEVELS) expectViolation(subscribed([filter]), publishHex(topicName, "x", qos, 7));
			}
			expectViolation(subscribed(["#"]), publishHex(topicName, "x".repeat(600), 1, 7));
		},
	);

	it("with a wildcard ends the connection also when QoS 2 has the identifier already [MQTT-3.3.2-2]", () => {
		for (const topicName of ["+", "#", "a/+", "a#"]) {
			const h = subscribed(["#"]);
			h.exchange(publishHex("a", "x", 2, 7));
			expectViolation(h, publishHex(topicName, "x", 2, 7, 8));
		}
	});

	it("with a wildcard ends the connection although a subscription has the same characters [MQTT-3.3.2-2]", () => {
		for (const filter of ["+", "#", "a/+", "a/#"]) expectViolation(subscribed([filter]), publishHex(filter, "x", 1, 7));
	});

	it("that matches no subscription is nothing to insist on: the message is handed over, and acknowledged [MQTT-3.3.2-3]", () => {
		const topics: string[] = [];
		const onMessage = (message: { topicText(): string }): void => void topics.push(message.topicText());
		const h = subscribed(["t"], { onMessage });
		expect(h.exchange(publishHex("mapped/t", "x", 1, 7) + publishHex("other", "x", 2, 8))).toBe(
			ackHex(0x40, 7) + ackHex(0x50, 8),
		);
		expect(topics).toEqual(["mapped/t", "other"]);
		expect(h.seen).toEqual([]);
		expectAlive(h);
	});
});

describe("a payload of no bytes", () => {
	it.each(LEVELS)("is sent at QoS %i [X3-3.3.3-1]", (qos) => {
		for (const payload of ["", new Uint8Array(0)]) {
			const h = inState.connected();
			expect(h.publish("t", payload, qos)).toBeGreaterThanOrEqual(0);
			expect(readPublish(h.sent())).toMatchObject({ topicName: "t", payload: "", qos });
		}
		const h = inState.connected();
		h.publishStream("t", 0, qos);
		expect(readPublish(h.sent())).toMatchObject({ topicName: "t", payload: "", qos });
	});

	it.each(LEVELS)("is received at QoS %i, and what follows too [X3-3.3.3-1]", (qos) => {
		for (const pieceMax of [Infinity, 1]) {
			const h = subscribed(["t"]);
			h.exchange(publishHex("t", "", qos, 7) + publishHex("t", "next", 0), pieceMax);
			expect(h.seen.map(({ payload }) => payload)).toEqual(["", "next"]);
		}
	});
});
