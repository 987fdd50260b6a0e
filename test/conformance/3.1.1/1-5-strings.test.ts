import { describe, expect, it } from "vitest";
import { Status, Topic } from "xs-mqtt";
import { Harness, inState, type HarnessOptions } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import {
	connectOf,
	expectAlive,
	expectViolation,
	fieldHex,
	hexOfText,
	ILL_FORMED,
	NOT_UTF8,
	packetHex,
	readPublish,
	readRequest,
	subscribed,
	TEXT,
	textOfHex,
} from "../support.js";

// Goal: §1.5.3, UTF-8 encoded strings, in every string field that a client sends or receives.
// Method: sent fields are decoded by Node's strict decoder; received ones are hand-made bytes, met by each path that a
// topic name can take: equal to a filter, matched by a wildcard, matched by nothing, streamed, longer than the buffer.

/** Options that put a text into each string field of CONNECT. */
const CONNECT_FIELDS: readonly [string, (text: string) => HarnessOptions][] = [
	["the client identifier", (text) => ({ clientId: text })],
	["the user name", (text) => ({ userName: text })],
	["the Will Topic", (text) => ({ will: { topic: text } })],
];

/** Clients that meet a topic name on each path. */
const PATHS: readonly [string, () => Harness][] = [
	["a handler by a wildcard", () => subscribed(["#"])],
	["a handler by a filter with one level", () => subscribed(["+", "other"])],
	["a filter without a wildcard", () => subscribed(["other"])],
	["nobody", () => inState.connected()],
];

/** A PUBLISH with these bytes as its topic name. */
function publishOf(topicHex: string, payloadSize = 1): string {
	const size = (topicHex.length / 2).toString(16).padStart(4, "0");
	return packetHex(0x32, size + topicHex + "0007" + "78".repeat(payloadSize));
}

describe("what a client sends", () => {
	it.each(CONNECT_FIELDS)("encodes %s as UTF-8 in CONNECT [MQTT-1.5.3-1]", (_field, optionsOf) => {
		expect(connectOf(optionsOf(TEXT)).fields).toContain(hexOfText(TEXT));
	});

	it.each(CONNECT_FIELDS)("refuses a lone surrogate in %s [MQTT-1.5.3-1]", (_field, optionsOf) => {
		for (const text of NOT_UTF8) expect(() => new Harness(optionsOf(text)), JSON.stringify(text)).toThrow(RangeError);
	});

	it("encodes topic names and filters as UTF-8 [MQTT-1.5.3-1]", () => {
		const h = inState.connected();
		h.publish(TEXT, "x", 1);
		expect(readPublish(h.sent()).topicName).toBe(TEXT);
		h.subscribe(TEXT);
		expect(readRequest(h.sent()).filters).toEqual([TEXT]);
		h.unsubscribe(TEXT);
		expect(readRequest(h.sent()).filters).toEqual([TEXT]);
	});

	it("refuses a lone surrogate in a topic name or filter, and sends nothing [MQTT-1.5.3-1]", () => {
		const h = inState.connected();
		for (const text of NOT_UTF8) {
			expect(() => new Topic(text)).toThrow(RangeError);
			for (const qos of [0, 1, 2]) expect(h.publish(text, "x", qos)).toBe(Status.INVALID_TOPIC);
			expect(h.publishStream(text, 1, 1)).toBe(Status.INVALID_TOPIC);
			expect(h.subscribe(text)).toBe(Status.INVALID_FILTER);
		}
		expect(h.sent()).toBe("");
	});

	it.each(CONNECT_FIELDS)("refuses U+0000 in %s [MQTT-1.5.3-2]", (_field, optionsOf) => {
		for (const text of ["\0", "a\0", "\0a"]) expect(() => new Harness(optionsOf(text))).toThrow(RangeError);
	});

	it("refuses U+0000 in a topic name or filter, and sends nothing [MQTT-1.5.3-2]", () => {
		const h = inState.connected();
		for (const text of ["\0", "a\0", "\0/a", "a/\0/b"]) {
			expect(() => new Topic(text)).toThrow(RangeError);
			for (const qos of [0, 1, 2]) expect(h.publish(text, "x", qos)).toBe(Status.INVALID_TOPIC);
			expect(h.publishStream(text, 1, 1)).toBe(Status.INVALID_TOPIC);
			expect(h.subscribe(text)).toBe(Status.INVALID_FILTER);
		}
		expect(h.sent()).toBe("");
	});

	it("sends U+FEFF as any character, also at the start [MQTT-1.5.3-3]", () => {
		const text = "\ufeffa\ufeff";
		for (const [, optionsOf] of CONNECT_FIELDS) expect(connectOf(optionsOf(text)).fields).toContain("efbbbf61efbbbf");
		const h = inState.connected();
		h.publish(text, "");
		expect(h.sent()).toBe(packetHex(0x30, "0007efbbbf61efbbbf"));
		h.subscribe(text);
		expect(readRequest(h.sent()).filters).toEqual([text]);
	});
});

describe("what a client receives", () => {
	describe.each(PATHS)("for %s", (_path, clientOf) => {
		it.each(ILL_FORMED)("closes on %s in a topic name [MQTT-1.5.3-1]", (_what, hex) => {
			// In front, in the middle, and cut off by the end of the name.
			for (const topic of [hex + "61", "612f" + hex + "2f62", "61" + hex])
				expectViolation(clientOf(), publishOf(topic));
		});

		it("closes on a character that is cut off by the end of the topic name [MQTT-1.5.3-1]", () => {
			for (const hex of ["c3", "e2", "e282", "f0", "f09f", "f09f98"])
				expectViolation(clientOf(), publishOf("61" + hex));
		});

		it("closes on U+0000 in a topic name [MQTT-1.5.3-2]", () => {
			for (const hex of ["00", "6100", "0061", "612f002f62"]) expectViolation(clientOf(), publishOf(hex));
		});
	});

	it.each([
		["a handler that takes pieces", true],
		["a handler that does not", false],
	])(
		"closes on a wrong topic name of a message larger than the buffer, for %s [MQTT-1.5.3-1] [MQTT-1.5.3-2]",
		(_who, stream) => {
			for (const hex of ["6180", "eda080", "00", "6100"]) {
				const h = inState.connected({ rxBuffer: 64 });
				h.subscribe("#", 1, h.keep, stream);
				h.sent();
				expectViolation(h, publishOf(hex, 100));
			}
		},
	);

	it("closes on a wrong byte of a topic name that is longer than the buffer [MQTT-1.5.3-1] [MQTT-1.5.3-2]", () => {
		for (const hex of ["80", "eda080", "00"]) {
			for (const at of [0, 70, 199]) {
				const h = inState.connected({ rxBuffer: 64, onProblem: () => {} });
				expectViolation(h, publishOf("61".repeat(at) + hex + "61".repeat(199 - at)));
			}
		}
	});

	it("closes on a wrong topic name also when QoS 2 has the identifier already [MQTT-1.5.3-1] [MQTT-1.5.3-2]", () => {
		for (const hex of ["80", "eda080", "ff", "00", "610062"]) {
			for (const filter of ["#", "other"]) {
				const h = subscribed([filter]);
				h.exchange(publishHex("t", "x", 2, 7));
				const size = (hex.length / 2).toString(16).padStart(4, "0");
				expectViolation(h, packetHex(0x3c, size + hex + "0007" + "78"));
			}
		}
	});

	it("takes every well-formed character, at the ends of each length [MQTT-1.5.3-1]", () => {
		const h = subscribed(["#"]);
		const characters = [
			"\u0001",
			"\u007f",
			"\u0080",
			"\u07ff",
			"\u0800",
			"\ud7ff",
			"\ue000",
			"\uffff",
			"\u{10000}",
			"\u{10ffff}",
		];
		for (const character of characters) {
			expect(h.exchange(publishHex(`a${character}`, "x", 1, 7))).toBe(ackHex(0x40, 7));
			expect(h.seen.pop()!.topic).toBe(`a${character}`);
		}
		expectAlive(h);
	});

	it("keeps EF BB BF, and tells names with and without it apart [MQTT-1.5.3-3]", () => {
		const h = inState.stopped();
		const got: string[] = [];
		const note = (name: string) =>
			((message: { topicByteAt(i: number): number; topicSize: number }) => {
				const bytes = Array.from({ length: message.topicSize }, (_, i) => message.topicByteAt(i));
				got.push(`${name} ${Buffer.from(bytes).toString("hex")}`);
			}) as unknown as typeof h.keep;
		h.subscribe("\ufeffa", 0, note("with"));
		h.subscribe("a", 0, note("without"));
		h.subscribe("+", 0, note("plus"));
		h.connect();
		h.receive(packetHex(0x30, "0004efbbbf61"));
		h.receive(packetHex(0x30, "000161"));
		h.receive(packetHex(0x30, "0003efbbbf"));
		expect(got).toEqual(["with efbbbf61", "plus efbbbf61", "without 61", "plus 61", "plus efbbbf"]);
	});

	it("hands EF BB BF to who asks for the topic name as text [MQTT-1.5.3-3]", () => {
		const h = subscribed(["#"]);
		h.receive(packetHex(0x30, "0004efbbbf61"));
		expect(h.seen[0]!.topic).toBe("\ufeffa");
		expect(textOfHex("efbbbf61")).toBe("\ufeffa");
	});

	it("tolerates control characters and non-characters in a topic name [X3-1.5.3-4]", () => {
		for (const character of ["\u0001", "\u001f", "\u007f", "\u009f", "\ufdd0", "\ufffe", "\uffff", "\u{1fffe}"]) {
			const h = subscribed(["#"]);
			h.receive(packetHex(0x30, fieldHex(`a${character}b`)));
			expect(h.seen.map(({ topic }) => topic)).toEqual([`a${character}b`]);
			expectAlive(h);
		}
	});
});
