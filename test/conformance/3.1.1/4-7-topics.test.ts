import { describe, expect, it } from "vitest";
import { Status, Topic } from "xs-mqtt";
import { Harness, inState } from "../../support/core-harness.js";
import { publishHex } from "../../support/hex.js";
import { expectViolation, packetHex, readPublish, readRequest, subscribed } from "../support.js";

// Goal: §4.7, topic names and topic filters: what they may be, and what matches what.
// Method: the tables of the standard's own examples and their neighbours; matching is looked at by who is handed a message.

const LEVELS = [0, 1, 2] as const;

/** Which of these filters a client has its handlers called for, when a message comes for a topic. */
function handedTo(filters: readonly string[], topicName: string): string[] {
	const h = inState.stopped({ subscriptions: 16, filterBytes: 1024 });
	const got: string[] = [];
	for (const filter of filters) {
		expect(h.subscribe(filter, 1, (() => got.push(filter)) as never)).toBeGreaterThanOrEqual(0);
	}
	h.connect();
	h.receive(publishHex(topicName, "x"));
	return got.sort();
}

describe("wildcards", () => {
	it.each(["+", "#", "a/+", "a/#", "+/a", "#/a", "a+", "a#b"])("are not in a topic name: %s [MQTT-4.7.1-1]", (text) => {
		const h = inState.connected();
		expect(() => new Topic(text)).toThrow(RangeError);
		for (const qos of LEVELS) expect(h.publish(text, "x", qos)).toBe(Status.INVALID_TOPIC);
		expect(h.sent()).toBe("");
		expect(() => new Harness({ will: { topic: text } })).toThrow(RangeError);
		for (const filter of ["#", "+", "other"]) expectViolation(subscribed([filter]), publishHex(text, "x", 1, 7));
	});

	it("are in topic filters, which go out as they are [MQTT-4.7.1-1]", () => {
		const filters = ["#", "+", "a/+/b", "+/+", "a/#", "/#", "$SYS/#"];
		const h = inState.stopped();
		for (const filter of filters) h.subscribe(filter);
		expect(readRequest(h.connect()).filters).toEqual(filters);
	});

	it.each(["#", "a/#", "a/b/#", "/#", "+/#", "a//#"])(
		"# alone on the last level is right: %s [MQTT-4.7.1-2]",
		(filter) => {
			const h = inState.connected();
			expect(h.subscribe(filter)).toBe(0);
			expect(readRequest(h.sent()).filters).toEqual([filter]);
		},
	);

	it.each(["a#", "a/b#", "#a", "#/a", "a/#/b", "a/#b", "##", "#/", "a/##", "a/#/", "+#", "#+"])(
		"# anywhere else is refused: %s [MQTT-4.7.1-2]",
		(filter) => {
			const h = inState.connected();
			expect(h.subscribe(filter)).toBe(Status.INVALID_FILTER);
			expect(h.sent()).toBe("");
		},
	);

	it.each(["+", "a/+", "+/a", "a/+/b", "+/+", "/+", "+/", "/+/", "+/a/#"])(
		"+ alone on a level is right: %s [MQTT-4.7.1-3]",
		(filter) => {
			const h = inState.connected();
			expect(h.subscribe(filter)).toBe(0);
			expect(readRequest(h.sent()).filters).toEqual([filter]);
		},
	);

	it.each(["a+", "+a", "a/+b", "a/b+", "a+/b", "++", "+/++", "a/+b/c", "+#"])(
		"+ beside anything else is refused: %s [MQTT-4.7.1-3]",
		(filter) => {
			const h = inState.connected();
			expect(h.subscribe(filter)).toBe(Status.INVALID_FILTER);
			expect(h.sent()).toBe("");
		},
	);

	it.each([
		["sport/tennis/player1", ["sport/tennis/player1/#", "sport/#", "sport/+/player1", "sport/tennis/+", "#"]],
		["sport/tennis/player1/ranking", ["sport/tennis/player1/#", "sport/#", "#"]],
		["sport", ["sport/#", "#", "+"]],
		["sport/", ["sport/#", "sport/+", "#", "+/+"]],
		["/finance", ["+/+", "/+", "#"]],
		["sports", ["#", "+"]],
	])(
		"match what the standard says, # and + each by its rule: %s [MQTT-4.7.1-2] [MQTT-4.7.1-3]",
		(topicName, expected) => {
			const filters = [
				"sport/tennis/player1/#",
				"sport/#",
				"sport/+/player1",
				"sport/tennis/+",
				"sport/+",
				"#",
				"+",
				"+/+",
				"/+",
			];
			expect(handedTo(filters, topicName)).toEqual([...expected].sort());
		},
	);
});

describe("topics that begin with $", () => {
	it.each([
		["$SYS", ["$SYS", "$SYS/#"]],
		["$SYS/monitor/Clients", ["$SYS/#", "$SYS/monitor/+"]],
		["$", ["$"]],
		["SYS/monitor/Clients", ["#", "+/monitor/Clients"]],
		["a/$SYS", ["#", "a/#", "a/+", "+/$SYS"]],
	])("are matched by no wildcard on the first level: %s [MQTT-4.7.2-1]", (topicName, expected) => {
		const filters = [
			"#",
			"+",
			"+/#",
			"+/monitor/Clients",
			"$SYS",
			"$SYS/#",
			"$SYS/monitor/+",
			"$",
			"a/#",
			"a/+",
			"+/$SYS",
		];
		// "+/#" matches all that begin otherwise.
		const all = topicName.startsWith("$") ? expected : [...expected, "+/#"];
		expect(handedTo(filters, topicName)).toEqual([...all].sort());
	});

	it("are taken in pieces by nobody who has only a wildcard on the first level [MQTT-4.7.2-1]", () => {
		const h = inState.stopped({ rxBuffer: 64 });
		h.subscribe("#", 0, h.keep, true);
		h.subscribe("+/a", 0, h.keep, true);
		h.connect();
		h.exchange(publishHex("$SYS/a", "x".repeat(200)));
		expect(h.seen).toEqual([]);
	});
});

describe("topic names and filters", () => {
	it("have at least one character [MQTT-4.7.3-1]", () => {
		const h = inState.connected();
		expect(() => new Topic("")).toThrow(RangeError);
		expect(() => new Harness({ will: { topic: "" } })).toThrow(RangeError);
		for (const qos of LEVELS) {
			expect(h.publish("", "x", qos)).toBe(Status.INVALID_TOPIC);
			expect(h.publishStream("", 1, qos)).toBe(Status.INVALID_TOPIC);
		}
		expect(h.subscribe("")).toBe(Status.INVALID_FILTER);
		expect(h.sent()).toBe("");
		expect(h.publish("/", "x", 0)).toBe(0);
		expect(h.subscribe("/")).toBe(0);
		for (const hex of [
			packetHex(0x30, "0000"),
			packetHex(0x30, "000078"),
			packetHex(0x32, "00000007"),
			packetHex(0x34, "0000000778"),
		]) {
			expectViolation(subscribed(["#"]), hex);
		}
	});

	it("hold no U+0000 [MQTT-4.7.3-2]", () => {
		const h = inState.connected();
		for (const text of ["\0", "a\0", "a/\0", "\0/a"]) {
			expect(() => new Topic(text)).toThrow(RangeError);
			for (const qos of LEVELS) expect(h.publish(text, "x", qos)).toBe(Status.INVALID_TOPIC);
			expect(h.subscribe(text)).toBe(Status.INVALID_FILTER);
			for (const filter of ["#", "a/+", "other"]) expectViolation(subscribed([filter]), publishHex(text, "x", 1, 7));
		}
		expect(h.sent()).toBe("");
	});

	it("take at most 65,535 bytes [MQTT-4.7.3-3]", () => {
		const h = inState.connected({ txBuffer: 262_144, outbox: 262_144, filterBytes: 65_535 });
		// Bytes, not characters.
		for (const longest of ["a".repeat(65_535), "é".repeat(32_767) + "a", "€".repeat(21_845)]) {
			for (const tooLong of [longest + "b", "é" + longest]) {
				expect(() => new Topic(tooLong)).toThrow(RangeError);
				for (const qos of LEVELS) expect(h.publish(tooLong, "x", qos)).toBe(Status.INVALID_TOPIC);
				expect(h.subscribe(tooLong)).toBe(Status.INVALID_FILTER);
				expect(() => new Harness({ will: { topic: tooLong } })).toThrow(RangeError);
			}
			expect(h.sent()).toBe("");
			expect(h.publish(longest, "x", 0)).toBe(0);
			expect(readPublish(h.sent()).topicName).toBe(longest);
			const other = inState.connected({ txBuffer: 262_144, filterBytes: 65_535 });
			expect(other.subscribe(longest)).toBe(0);
			expect(readRequest(other.sent()).filters).toEqual([longest]);
		}
	});

	it("of 65,535 bytes are received too [MQTT-4.7.3-3]", () => {
		const h = inState.stopped({ txBuffer: 131_072, rxBuffer: 131_072, filterBytes: 65_535 });
		const longest = "a".repeat(65_535);
		h.subscribe(longest, 1);
		h.connect();
		h.receive(publishHex(longest, "x"));
		expect(h.seen.map(({ topic }) => topic.length)).toEqual([65_535]);
	});

	it.each([
		["ACCOUNTS", ["ACCOUNTS"]],
		["Accounts", ["Accounts"]],
		["accounts", []],
		["Accounts payable", ["Accounts payable"]],
		["Accounts/", ["Accounts/", "Accounts/+"]],
		["/Accounts", ["/Accounts"]],
		// Composed and decomposed: the same to the eye.
		["\u00e9", ["\u00e9"]],
		["e\u0301", ["e\u0301"]],
		["\u00c9", []],
		// Look-alikes: the Kelvin sign and K, a full-width slash.
		["\u212a", ["\u212a"]],
		["K", []],
		["Accounts\uff0f", []],
	])("are compared as they are, character by character: %j [MQTT-4.7.3-4]", (topicName, expected) => {
		const filters = [
			...["ACCOUNTS", "Accounts", "Accounts payable", "Accounts/", "/Accounts", "Accounts/+"],
			...["\u00e9", "e\u0301", "\u212a"],
		];
		expect(handedTo(filters, topicName)).toEqual([...expected].sort());
	});

	it("are compared as they are also beside wildcards [MQTT-4.7.3-4]", () => {
		expect(handedTo(["a/+", "A/+", "+/\u00e9", "+/e\u0301"], "a/\u00e9")).toEqual(["+/\u00e9", "a/+"].sort());
		expect(handedTo(["a/+", "A/+", "+/\u00e9", "+/e\u0301"], "A/e\u0301")).toEqual(["+/e\u0301", "A/+"].sort());
	});
});
