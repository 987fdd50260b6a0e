import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Max } from "../../firmware/codec/constants.js";
import { Text, Topic } from "../../firmware/codec/topic.js";
import { hexOf } from "../support/hex.js";

// Goal: a Topic holds the field as it goes out, and whatever may not be a topic name is refused with one clear line.
// Method: tables of names and of error lines; then random names against Buffer and a regular expression.

/** The error that a constructor throws, as "TypeError: text". */
function errorOf(make: () => unknown): string {
	try {
		make();
	} catch (error) {
		return String(error);
	}
	return "no error";
}

describe("Text", () => {
	it.each([
		["", ""],
		["on", "6f6e"],
		['{"t":', "7b2274223a"],
		["\u0000", "00"],
		["é世\u{1f600}", "c3a9e4b896f09f9880"],
	])("holds %j as UTF-8", (text, hex) => {
		expect(hexOf(new Text(text).bytes)).toBe(hex);
	});

	it.each([
		[undefined, "TypeError: text: expected a string, got undefined"],
		[null, "TypeError: text: expected a string, got object"],
		[21.5, "TypeError: text: expected a string, got number"],
		["t\ud800", 'TypeError: text: "t\\ud800" holds a lone surrogate'],
		["\udc00" + "x".repeat(50), `TypeError: text: "\\udc00${"x".repeat(39)}" holds a lone surrogate`],
	])("refuses %j", (value, line) => {
		expect(errorOf(() => new Text(value as string))).toBe(line);
	});
});

describe("Topic", () => {
	it.each([
		["a", "000161"],
		["/", "00012f"],
		["a//b/", "0005612f2f622f"],
		["Accounts payable", "00104163636f756e74732070617961626c65"],
		["$SYS/x", "0006245359532f78"],
		["\ufeffa", "0004efbbbf61"],
		["A\u{2a6d4}", "000541f0aa9b94"],
		["a\u0001\uffff", "00056101efbfbf"],
	])("encodes %j as %s [MQTT-3.3.2-1]", (topicName, hex) => {
		expect(hexOf(new Topic(topicName).field)).toBe(hex);
	});

	it("takes 65,535 bytes [MQTT-4.7.3-3]", () => {
		const { field } = new Topic("é".repeat(32_767) + "e");
		expect(field.length).toBe(2 + Max.FIELD_SIZE);
		expect(hexOf(field.subarray(0, 4))).toBe("ffffc3a9");
		expect(hexOf(field.subarray(-3))).toBe("c3a965");
	});

	const long = "x".repeat(50);
	it.each([
		[undefined, "TypeError: topic: expected a string, got undefined"],
		[null, "TypeError: topic: expected a string, got object"],
		[7, "TypeError: topic: expected a string, got number"],
		["", 'RangeError: topic: "" is empty; at least 1 character'],
		["a/\udfff", 'RangeError: topic: "a/\\udfff" holds a lone surrogate'],
		["a\u0000b", 'RangeError: topic: "a\\u0000b" holds a wildcard or U+0000'],
		["a/+", 'RangeError: topic: "a/+" holds a wildcard or U+0000'],
		["#", 'RangeError: topic: "#" holds a wildcard or U+0000'],
		["sp+rt", 'RangeError: topic: "sp+rt" holds a wildcard or U+0000'],
		[`${long}#`, `RangeError: topic: "${long.slice(0, 40)}" holds a wildcard or U+0000`],
	])("refuses %j with one line [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]", (value, line) => {
		expect(errorOf(() => new Topic(value as string))).toBe(line);
	});

	it("refuses 65,536 bytes with the size and the limit [MQTT-4.7.3-3]", () => {
		const line = (start: string): string => `RangeError: topic: "${start}"… has 65536 bytes; at most 65535`;
		expect(errorOf(() => new Topic("t".repeat(65_536)))).toBe(line("t".repeat(40)));
		expect(errorOf(() => new Topic("é".repeat(32_768)))).toBe(line("é".repeat(40)));
	});

	it("takes just the names that have no wildcard, no U+0000 and no lone surrogate", () => {
		const unit = fc.constantFrom(
			"a",
			"/",
			"+",
			"#",
			"$",
			"*",
			",",
			"\u0000",
			"\u0001",
			"é",
			"\ud800",
			"\udc00",
			"\u{1f600}",
		);
		fc.assert(
			fc.property(fc.array(unit, { maxLength: 5 }), (units) => {
				const name = units.join("");
				const bytes = Buffer.from(name);
				const good = name !== "" && !/[+#\0]/.test(name) && bytes.toString() === name;
				const field = hexOf(Buffer.concat([Buffer.from([0, bytes.length]), bytes]));
				if (good) expect(hexOf(new Topic(name).field)).toBe(field);
				else expect(() => new Topic(name)).toThrow(RangeError);
			}),
			{ numRuns: 1_000 },
		);
	});
});
