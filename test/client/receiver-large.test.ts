// Read MQTT 3.1.1 §3.3 and §4.3 beside this file.
// Goal: messages larger than the receive buffer: in pieces to those who take them, reported for those who do not.
// Method: small buffers; every message at every cut; the pieces put together have to be the payload.
import { describe, expect, it } from "vitest";
import { Problem, Reason } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { Message } from "../../firmware/client/terms/message.js";
import { endedBy, Harness, inState, NOTHING, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const TEXT = "0123456789".repeat(20);
const ACK = ["", ackHex(0x40, 7), ackHex(0x50, 7)];
const tooLarge = (size: number): string => `problem ${Problem.MESSAGE_TOO_LARGE} ${size}`;

/** Connected with buffers of 64 and 16 bytes, a streaming handler for `big`, another for `in/#`, a whole one for `small`. */
function listening(options: HarnessOptions = {}): Harness {
	const h = new Harness({ firstId: 100, rxBuffer: 64, readSize: 16, cleanSession: false, ...options });
	h.subscribe("big", 2, h.keep, true);
	h.subscribe("in/#", 2, h.keep, true);
	h.subscribe("small", 2);
	h.connect();
	h.receive("9005" + "0064" + "020202");
	h.rest();
	return h;
}

/** What handlers of pieces got, put together; checks that pieces follow each other up to the announced end. */
function joined(h: Harness): string {
	let text = "";
	for (const piece of h.seen) {
		expect(piece.offset).toBe(text.length);
		expect(piece.payload.length).toBeGreaterThan(0);
		expect(piece.payload.length).toBeLessThanOrEqual(h.core.settings.readSize);
		text += piece.payload;
		expect(piece.total).toBeGreaterThanOrEqual(text.length);
	}
	expect(h.seen.at(-1)?.total ?? 0).toBe(text.length);
	h.seen.length = 0;
	return text;
}

describe("a message in pieces", () => {
	it.each([0, 1, 2])("arrives whole at QoS %i, and is acknowledged after its last byte", (qos) => {
		const h = listening();
		const hex = publishHex("big", TEXT, qos, 7, 1);
		h.receive(hex.slice(0, -2));
		expect(h.sent()).toBe("");
		expect(h.seen[0]).toMatchObject({ topic: "big", qos, retain: true, packetId: qos ? 7 : 0, offset: 0, total: 200 });
		h.receive(hex.slice(-2));
		expect(h.sent()).toBe(ACK[qos]);
		expect(joined(h)).toBe(TEXT);
		expect(h.exchange(publishHex("small", "after"))).toBe("");
		expect(joined(h)).toBe("after");
		expect(h.rest()).toEqual(NOTHING);
	});

	it("arrives whole at every cut, and whatever comes behind it is read", () => {
		const hex = publishHex("in/a/b", TEXT, 1, 7) + publishHex("small", "after", 1, 8);
		for (let cut = 2; cut < hex.length; cut += 2) {
			const h = listening();
			h.receive(hex.slice(0, cut));
			h.receive(hex.slice(cut));
			expect(h.seen.pop()).toMatchObject({ topic: "small", payload: "after" });
			expect(h.seen.every((piece) => piece.topic === "in/a/b")).toBe(true);
			expect(joined(h)).toBe(TEXT);
			expect(h.sent()).toBe(ackHex(0x40, 7) + ackHex(0x40, 8));
		}
	});

	it("arrives whole byte by byte, with pieces of one byte", () => {
		const h = listening();
		h.receive(publishHex("big", TEXT, 2, 7), 1);
		expect(h.seen.length).toBe(200);
		expect(joined(h)).toBe(TEXT);
		expect(h.sent()).toBe(ACK[2]);
		expect(h.core.counters[Counter.PIECES]).toBe(200);
		expect(h.core.counters[Counter.PACKET_IN_MAX]).toBe(publishHex("big", TEXT, 2).length / 2);
	});

	it("goes to every handler that takes pieces, and is reported for those who do not", () => {
		const h = listening();
		h.subscribe("#", 0, h.keep, true);
		h.subscribe("+", 0);
		h.sent();
		h.receive(publishHex("big", TEXT, 1, 7));
		expect(h.seen.length % 2).toBe(0);
		expect(h.sent()).toBe(ACK[1]);
		expect(h.take()).toEqual([tooLarge(200)]);
		expect(h.core.counters[Counter.TOO_LARGE_IN]).toBe(1);
	});

	it("that fits the buffer is one piece", () => {
		const h = listening();
		h.receive(publishHex("big", "x".repeat(50)));
		expect(h.seen.length).toBe(1);
		expect(h.seen[0]).toMatchObject({ offset: 0, total: 50 });
	});

	it("is not delivered again at QoS 2 before PUBREL, and is acknowledged again", () => {
		for (const tooLargeOption of ["acknowledge", "refuse"] as const) {
			const h = listening({ tooLarge: tooLargeOption });
			h.exchange(publishHex("big", TEXT, 2, 7));
			h.lost();
			h.connect(true);
			h.seen.length = 0;
			expect(h.exchange(publishHex("big", TEXT, 2, 7, 8))).toBe(ACK[2]);
			expect(h.seen).toEqual([]);
			expect(h.core.counters[Counter.DUPLICATES_IN]).toBe(1);
			expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
		}
	});

	it("starts over when the link was lost within it", () => {
		const h = listening();
		h.receive(publishHex("big", TEXT, 2, 7).slice(0, 200));
		expect(h.seen.length).toBeGreaterThan(1);
		h.lost();
		h.connect(true);
		h.seen.length = 0;
		expect(h.exchange(publishHex("big", TEXT, 2, 7, 8))).toBe(ACK[2]);
		expect(joined(h)).toBe(TEXT);
	});

	it("goes to its own handlers only, when the link was lost within another one", () => {
		const h = listening();
		h.receive(publishHex("big", TEXT).slice(0, 200));
		h.lost();
		h.connect(true);
		h.seen.length = 0;
		h.receive(publishHex("in/x", TEXT));
		expect(joined(h)).toBe(TEXT);
	});

	it("is given to nobody any more when its handler is unsubscribed, or changed, within it", () => {
		for (const change of [
			(h: Harness) => h.core.unsubscribe("big"),
			(h: Harness) => h.subscribe("big", 0, h.keep, true),
		]) {
			const h: Harness = listening();
			let calls = 0;
			h.subscribe("big", 1, () => (calls++, change(h)), true);
			h.sent();
			expect(h.exchange(publishHex("big", TEXT, 1, 7))).toContain(ACK[1]);
			expect(calls).toBe(1);
			expect(h.seen).toEqual([]);
		}
	});

	it("is remembered at QoS 2 when its last piece ended the connection, else comes again", () => {
		for (const last of [true, false]) {
			const h: Harness = listening();
			const stop = (message: Message): void => {
				if (!last || message.offset + message.size === message.total) h.core.networkDown(h.now);
			};
			h.subscribe("big", 2, stop, true);
			h.sent();
			expect(h.exchange(publishHex("big", TEXT, 2, 7))).toBe("");
			expect(h.core.session.incoming.has(7)).toBe(last);
			h.connect(true);
			expect(h.core.session.incoming.has(7)).toBe(last);
		}
	});

	it("is held, like any other, when no ack fits", () => {
		const h = listening({ rxBuffer: 64, readSize: 16, txBuffer: 64 });
		const deliver = (hex: string): void => {
			h.core.arena.bytes.set(Buffer.from(hex, "hex"), h.core.receiver.landing);
			h.core.handleBytes(hex.length / 2, h.now);
		};
		// 32 acks, then the head and one byte of a large message.
		for (let id = 1; id <= 31; id++) deliver(publishHex("s", "", 1, id));
		const large = publishHex("big", TEXT, 1, 99);
		const head = (large.length - 400) / 2;
		deliver(publishHex("s", "", 1, 32) + large.slice(0, 18));
		expect(h.core.receiver.stalled).toBe(true);
		h.sent();
		h.core.handleBytes(0, h.now);
		expect(h.core.receiver.stalled).toBe(false);
		for (let at = 18; at < large.length; at += 32) deliver(large.slice(at, at + 32));
		expect(head).toBeGreaterThan(9);
		expect(joined(h)).toBe(TEXT);
		expect(h.sent()).toBe(ackHex(0x40, 99));
	});
});

describe("a message too large for its handler", () => {
	it.each([0, 1, 2])("is reported at QoS %i, acknowledged and skipped", (qos) => {
		const h = listening();
		expect(h.exchange(publishHex("small", TEXT, qos, 7) + publishHex("small", "after"))).toBe(ACK[qos]);
		expect(h.take()).toEqual([tooLarge(200)]);
		expect(joined(h)).toBe("after");
		expect(h.core.counters[Counter.TOO_LARGE_IN]).toBe(1);
	});

	it.each([0, 1, 2])("is left to the server at QoS %i by tooLarge: refuse", (qos) => {
		const h = listening({ tooLarge: "refuse" });
		expect(h.exchange(publishHex("small", TEXT, qos, 7) + publishHex("small", "after"))).toBe("");
		expect(h.take()).toEqual([tooLarge(200)]);
		expect(joined(h)).toBe("after");
		expect(h.core.session.incoming.count).toBe(0);
	});

	it.each([
		["nobody has subscribed to it", {}, false],
		["onMessage might have had it", { onMessage: () => undefined }, true],
	])("takes no identifier that there is no room for when %s", (_why, more, stays) => {
		const h = inState.connected({ rxBuffer: 64, readSize: 64, incomingQoS2: 1, tooLarge: "refuse", ...more });
		h.exchange(publishHex("small", "x", 2, 7));
		h.exchange(publishHex("nobody", "y".repeat(300), 2, 9));
		expect([h.core.session.incoming.count, h.core.connected]).toEqual([1, stays]);
	});

	it("is acknowledged by tooLarge: refuse if anybody got it in pieces", () => {
		const h = listening({ tooLarge: "refuse" });
		h.subscribe("+", 1);
		h.sent();
		expect(h.exchange(publishHex("big", TEXT, 1, 7))).toBe(ACK[1]);
		expect(h.take()).toEqual([tooLarge(200)]);
	});

	it("that nobody has asked for is acknowledged without a word", () => {
		for (const option of ["acknowledge", "refuse"] as const) {
			const h = listening({ tooLarge: option });
			expect(h.exchange(publishHex("none", TEXT, 1, 7))).toBe(ACK[1]);
			expect(h.take()).toEqual([]);
			expect(h.core.counters[Counter.UNROUTED]).toBe(1);
		}
	});

	it("is reported where onMessage would have got it", () => {
		for (const option of ["acknowledge", "refuse"] as const) {
			const h = listening({ tooLarge: option, onMessage: () => h.log.push("message") });
			expect(h.exchange(publishHex("none", TEXT, 1, 7))).toBe(option === "refuse" ? "" : ACK[1]);
			expect(h.take()).toEqual([tooLarge(200)]);
		}
	});

	it("leaves nothing behind when its report ends the connection", () => {
		const h: Harness = listening({ onProblem: () => h.core.networkDown(h.now) });
		h.receive(publishHex("small", TEXT, 1, 7));
		expect(h.take()).toEqual([endedBy(Reason.NETWORK_DOWN)]);
		expect(h.connect(true)).toBe("");
		expect(h.exchange(publishHex("small", "after", 1, 8))).toBe(ackHex(0x40, 8));
		expect(joined(h)).toBe("after");
	});

	it("is skipped at every cut", () => {
		const hex = publishHex("small", TEXT, 2, 7) + publishHex("small", "after", 1, 8);
		for (let cut = 2; cut < hex.length; cut += 2) {
			const h = listening();
			h.receive(hex.slice(0, cut));
			h.receive(hex.slice(cut));
			expect(h.sent()).toBe(ACK[2] + ackHex(0x40, 8));
			expect(joined(h)).toBe("after");
		}
	});
});

describe("a topic in a large message", () => {
	it.each(["c3", "612b", "00", "eda080"])("that is ill-formed ends the connection: %s", (topic) => {
		const h = listening();
		h.subscribe("#", 0, h.keep, true);
		h.sent();
		const size = topic.length / 2;
		h.receive("32" + "c801" + "000" + size + topic + "0007" + "78".repeat(196 - size));
		expect(h.take()).toEqual([endedBy(Reason.MALFORMED_PACKET, 0x32)]);
		expect(h.seen).toEqual([]);
	});

	it("can be looked at in every piece", () => {
		const h = listening();
		h.receive(publishHex("in/quite/a/long/name", TEXT, 0));
		expect(new Set(h.seen.map((piece) => piece.topic))).toEqual(new Set(["in/quite/a/long/name"]));
	});
});

describe("QoS of a large message", () => {
	it.each([{}, { tooLarge: "refuse" as const }])(
		"ends the connection at QoS 1 under an identifier that is open at QoS 2 on it: %j",
		(more) => {
			const h = listening(more);
			h.exchange(publishHex("small", "x", 2, 7));
			expect(h.exchange(publishHex(more.tooLarge ? "small" : "big", TEXT, 1, 7))).toBe("");
			expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, 0x32)]);
		},
	);

	it("takes QoS 1 under an identifier that is open at QoS 2 since an earlier connection: the server has forgotten that exchange", () => {
		const h = listening({ cleanSession: false });
		h.exchange(publishHex("small", "x", 2, 7));
		h.lost();
		h.connect(true);
		expect(h.exchange(publishHex("big", TEXT, 1, 7))).toBe(ACK[1]);
		expect(h.core.session.incoming.count).toBe(0);
		h.seen.shift();
		expect(joined(h)).toBe(TEXT);
	});

	it("ends the connection at QoS 2 when no more can be remembered, before a byte is handed over", () => {
		const h = listening({ incomingQoS2: 1 });
		h.exchange(publishHex("small", "x", 2, 7));
		h.receive(publishHex("big", TEXT, 2, 9));
		expect(h.take()).toEqual([endedBy(Reason.INCOMING_QOS2_FULL, 9)]);
		expect(h.seen.length).toBe(1);
	});

	it("ends the connection before CONNACK", () => {
		const h = inState.connecting({ rxBuffer: 64, readSize: 16 });
		h.receive(publishHex("big", TEXT));
		expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, 0x30)]);
	});
});

describe("maximumPacketSize", () => {
	it("ends the connection as soon as a larger length is read", () => {
		const h = listening({ maximumPacketSize: 100 });
		h.receive("30");
		expect(h.take()).toEqual([]);
		h.receive("63");
		expect(h.take()).toEqual([endedBy(Reason.PACKET_TOO_LARGE, 101)]);
	});

	it("lets a packet of just that size pass", () => {
		const h = listening({ maximumPacketSize: 100 });
		const hex = publishHex("big", "x".repeat(93));
		expect(hex.length / 2).toBe(100);
		h.receive(hex);
		expect(joined(h)).toBe("x".repeat(93));
	});
});
