// Read MQTT 3.1.1 §3.3.2 and §4.7 beside this file.
// Goal: a PUBLISH whose topic name does not fit the receive buffer is checked, reported and skipped, at every QoS.
// Method: a buffer of 64 bytes and topics of 100; every packet at every cut.
import { describe, expect, it } from "vitest";
import { Problem, Reason } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { endedBy, Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const TOPIC = "topic/of/a/hundred/bytes/" + "ä€😀".repeat(8) + "end";
const AFTER = publishHex("small", "after", 1, 99);
const AFTER_ACK = ackHex(0x40, 99);

function listening(options: HarnessOptions = {}): Harness {
	const h = new Harness({ firstId: 100, rxBuffer: 64, readSize: 16, cleanSession: false, ...options });
	h.subscribe("#", 2, h.keep, true);
	h.connect();
	h.receive("9003" + "0064" + "02");
	h.rest();
	return h;
}

/** The report of a payload that is lost. */
const tooLarge = (size: number): string => `problem ${Problem.MESSAGE_TOO_LARGE} ${size}`;

describe("a topic name longer than the buffer", () => {
	it.each([
		[0, ""],
		[1, ackHex(0x40, 7)],
		[2, ackHex(0x50, 7)],
	])("is reported at QoS %i, acknowledged and skipped, at every cut", (qos, ack) => {
		for (const payload of ["", "x", "0123456789".repeat(10)]) {
			const hex = publishHex(TOPIC, payload, qos, 7) + AFTER;
			for (let cut = 2; cut < hex.length; cut += 2) {
				const h = listening();
				const sent = h.exchange(hex.slice(0, cut)) + h.exchange(hex.slice(cut));
				expect(sent).toBe(ack + AFTER_ACK);
				expect(h.take()).toEqual([tooLarge(payload.length)]);
				expect(h.seen.map((seen) => seen.topic)).toEqual(["small"]);
			}
			const h = listening();
			expect(h.exchange(hex, 1)).toBe(ack + AFTER_ACK);
			expect(h.core.counters[Counter.TOO_LARGE_IN]).toBe(1);
		}
	});

	it.each([1, 2])("is left to the server at QoS %i by tooLarge: refuse", (qos) => {
		const h = listening({ tooLarge: "refuse" });
		expect(h.exchange(publishHex(TOPIC, "x", qos, 7) + AFTER)).toBe(AFTER_ACK);
		expect(h.take()).toEqual([tooLarge(1)]);
		expect(h.core.session.incoming.count).toBe(0);
	});

	it("is acknowledged again by tooLarge: refuse if its identifier says that we had it", () => {
		const h = listening({ tooLarge: "refuse" });
		h.exchange(publishHex("small", "x", 2, 7));
		expect(h.exchange(publishHex(TOPIC, "x", 2, 7, 8))).toBe(ackHex(0x50, 7));
	});

	it("is not handed over either when all of it lies in the window by chance", () => {
		const topic = "t".repeat(62);
		const hex = publishHex(topic, "");
		const h = listening({ rxBuffer: 64, readSize: 64 });
		h.receive(hex.slice(0, 6));
		h.receive(hex.slice(6));
		expect(h.seen).toEqual([]);
		expect(h.core.counters[Counter.TOO_LARGE_IN]).toBe(1);
	});

	it("is skipped when its head lies in the window by chance, and its payload does not", () => {
		const hex = publishHex("t".repeat(61), "x".repeat(30), 1, 7) + AFTER;
		const h = listening({ rxBuffer: 64, readSize: 64 });
		h.receive(hex.slice(0, 6));
		expect(h.exchange(hex.slice(6, 6 + 2 * 64))).toBe("");
		expect(h.exchange(hex.slice(6 + 2 * 64))).toBe(ackHex(0x40, 7) + AFTER_ACK);
		expect(h.take()).toEqual([tooLarge(30)]);
	});

	it.each([
		["a wildcard", "2b"],
		["U+0000", "00"],
		["an ill-formed character", "c328"],
		["a surrogate", "eda080"],
	])("ends the connection with %s in it, at every cut", (_name, bad) => {
		const topic = "61".repeat(80) + bad + "61".repeat(20);
		const size = topic.length / 2;
		const hex = "32" + (size + 5).toString(16) + "00" + size.toString(16) + topic + "0007" + "78";
		expect(size + 5).toBeLessThan(128);
		for (let cut = 2; cut < hex.length; cut += 2) {
			const h = listening();
			h.receive(hex.slice(0, cut));
			h.receive(hex.slice(cut) + "d000");
			expect(h.rest().log).toEqual([tooLarge(1), endedBy(Reason.MALFORMED_PACKET, 0x32)]);
		}
	});

	it("ends the connection when it ends within a character, at every cut", () => {
		const topic = "61".repeat(98) + "f09f98";
		const hex = "30" + (103).toString(16) + "0065" + topic;
		for (let cut = 2; cut <= hex.length; cut += 2) {
			const h = listening();
			h.receive(hex.slice(0, cut));
			h.receive(hex.slice(cut));
			expect(h.rest().log).toEqual([tooLarge(0), endedBy(Reason.MALFORMED_PACKET, 0x30)]);
		}
	});

	it("ends the connection with the packet identifier 0, at every cut [MQTT-2.3.1-1]", () => {
		const hex = publishHex("t".repeat(100), "x", 2, 0);
		for (let cut = 2; cut < hex.length; cut += 2) {
			const h = listening();
			h.receive(hex.slice(0, cut));
			h.receive(hex.slice(cut));
			expect(h.rest().log).toEqual([tooLarge(1), endedBy(Reason.MALFORMED_PACKET, 0x34)]);
		}
	});

	it.each(["acknowledge", "refuse"] as const)(
		"is taken at QoS 1 under an identifier that is open at QoS 2 since an earlier connection, and ends one of this, by %s",
		(tooLarge) => {
			const h = listening({ cleanSession: false, tooLarge });
			h.exchange(publishHex("small", "x", 2, 7));
			h.lost();
			h.connect(true);
			expect(h.exchange(publishHex(TOPIC, "x", 1, 7))).toBe(tooLarge === "refuse" ? "" : ackHex(0x40, 7));
			expect(h.core.session.incoming.count).toBe(0);
			h.exchange(publishHex("small", "y", 2, 8));
			h.take();
			expect(h.exchange(publishHex(TOPIC, "x", 1, 8))).toBe("");
			expect(h.take().at(-1)).toBe(endedBy(Reason.PROTOCOL_ERROR, 0x32));
		},
	);

	it("ends the connection at QoS 2 when no more identifiers can be remembered", () => {
		const h = listening({ incomingQoS2: 1 });
		h.exchange(publishHex("small", "x", 2, 7));
		expect(h.exchange(publishHex(TOPIC, "x", 2, 9))).toBe("");
		expect(h.take()).toEqual([tooLarge(1), endedBy(Reason.INCOMING_QOS2_FULL, 9)]);
	});

	it("ends the connection before CONNACK", () => {
		const h = new Harness({ rxBuffer: 64, readSize: 16 });
		h.start();
		h.opened();
		h.receive(publishHex(TOPIC, "x"));
		expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, 0x30)]);
	});

	it("leaves nothing behind when its report ends the connection", () => {
		const h: Harness = listening({ onProblem: () => h.core.networkDown(h.now) });
		h.receive(publishHex(TOPIC, "x".repeat(100), 1, 7));
		expect(h.take()).toEqual([endedBy(Reason.NETWORK_DOWN)]);
		h.connect(true);
		expect(h.exchange(AFTER)).toBe(AFTER_ACK);
	});
});
