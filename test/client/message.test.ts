// Goal: every accessor of a message, at its ends, and without a look beyond the message.
// Method: a message that stands between bytes which would change every answer, were they looked at.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Message } from "../../firmware/client/terms/message.js";
import { Text, Topic } from "../../firmware/codec/topic.js";
import { bytesOf } from "../support/hex.js";

/** A message in the middle of a larger buffer; what surrounds it are digits and slashes. */
function messageOf(topic: string, payload: string | Uint8Array, firstByte = 0x30, packetId = 0): Message {
	const name = Buffer.from(topic);
	const body = typeof payload === "string" ? Buffer.from(payload) : payload;
	const bytes = new Uint8Array(20 + name.length + body.length);
	bytes.fill("1/".charCodeAt(0));
	bytes.set(name, 7);
	const start = 7 + name.length + 5;
	bytes.set(body, start);
	const message = new Message(bytes, new DataView(bytes.buffer));
	message.setHead(firstByte, packetId, 7, name.length);
	Object.assign(message, { start, size: body.length, offset: 0, total: body.length });
	return message;
}

describe("what a message says of itself", () => {
	it.each([
		[0x30, 0, false, false],
		[0x31, 0, true, false],
		[0x32, 1, false, false],
		[0x3b, 1, true, true],
		[0x34, 2, false, false],
		[0x3d, 2, true, true],
	])("comes from its first byte: %i", (firstByte, qos, retain, duplicate) => {
		const message = messageOf("t", "x", firstByte, 7);
		expect(message).toMatchObject({ qos, retain, duplicate, firstByte, packetId: 7, size: 1, offset: 0, total: 1 });
	});

	it("is where it stands in a payload that comes in pieces", () => {
		const message = messageOf("t", "0123456789");
		Object.assign(message, { start: 7 + 1 + 5 + 3, size: 4, offset: 103, total: 1_000 });
		expect(message.text()).toBe("3456");
		expect([message.size, message.offset, message.total]).toEqual([4, 103, 1_000]);
	});
});

describe("payload bytes", () => {
	const message = messageOf("t", bytesOf("00 ff 80 7f"));

	it("are read one by one, and -1 outside", () => {
		expect([-1, 0, 1, 3, 4, NaN].map((index) => message.byteAt(index))).toEqual([-1, 0, 255, 127, -1, -1]);
	});

	it("are read as 32-bit integers, and NaN where they are not all there", () => {
		const eight = messageOf("t", bytesOf("7fffffff 80000000"));
		expect([0, 4, 1].map((index) => eight.int32At(index))).toEqual([0x7fffffff, -0x80000000, -128]);
		expect([-1, 5, 8].map((index) => eight.int32At(index))).toEqual([NaN, NaN, NaN]);
		expect(messageOf("t", "123").int32At(0)).toBe(NaN);
	});

	it("are compared as a whole", () => {
		expect(message.equals(bytesOf("00ff807f"))).toBe(true);
		expect(message.equals(bytesOf("00ff807e"))).toBe(false);
		expect(message.equals(bytesOf("00ff80"))).toBe(false);
		expect(message.equals(bytesOf("00ff807f31"))).toBe(false);
		expect(messageOf("t", "").equals(new Uint8Array(0))).toBe(true);
	});

	it("are copied as far as there is room", () => {
		const target = new Uint8Array(6);
		expect(message.copyTo(target)).toBe(4);
		expect(message.copyTo(target, 3)).toBe(3);
		expect([...target]).toEqual([0, 255, 128, 0, 255, 128]);
		expect([message.copyTo(target, 6), message.copyTo(target, 7)]).toEqual([0, 0]);
	});

	it("are given as a copy, or as text", () => {
		const copy = message.bytes();
		expect(copy).toEqual(bytesOf("00ff807f"));
		expect(copy.buffer.byteLength).toBe(4);
		expect(messageOf("t", "ä€😀").text()).toBe("ä€😀");
		expect(() => messageOf("t", bytesOf("ff")).text()).toThrow(TypeError);
	});
});

describe("numbers", () => {
	it.each([
		["0", 0],
		["-0", -0],
		["007", 7],
		["-12", -12],
		["9007199254740991", 9007199254740991],
		["", NaN],
		["-", NaN],
		["+1", NaN],
		["--1", NaN],
		["1-", NaN],
		["1.5", NaN],
		[" 1", NaN],
		["1e3", NaN],
		["x", NaN],
	])("are read from %j as a whole number: %d", (text, value) => {
		expect(messageOf("t", text).integer()).toBe(value);
	});

	it.each([
		["12.5", 12.5],
		["-12.5", -12.5],
		["-0.05", -0.05],
		["12", 12],
		["12.", 12],
		[".5", 0.5],
		["0.1", 0.1],
		["21.45", 21.45],
		[".", NaN],
		["-.", NaN],
		["1.2.3", NaN],
		["1,5", NaN],
		["", NaN],
	])("are read from %j as a decimal: %d", (text, value) => {
		expect(messageOf("t", text).decimal()).toBe(value);
	});

	it("are what Number reads, for everything that toFixed writes", () => {
		const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
		fc.assert(
			fc.property(value, fc.integer({ min: 0, max: 6 }), (number, digits) => {
				const text = number.toFixed(digits);
				expect(messageOf("t", text).decimal()).toBe(Number(text));
				expect(messageOf("t", String(Math.trunc(number))).integer()).toBe(Math.trunc(number) + 0);
			}),
		);
	});
});

describe("the topic name", () => {
	const message = messageOf("a/bc//d", "x");

	it("is compared with topics", () => {
		expect(message.topicEquals(new Topic("a/bc//d"))).toBe(true);
		for (const other of ["a/bc//e", "b/bc//d", "a/bc//", "a/bc//d/"])
			expect(message.topicEquals(new Topic(other))).toBe(false);
	});

	it("is given as text, and byte by byte", () => {
		expect(message.topicText()).toBe("a/bc//d");
		expect([-1, 0, 6, 7].map((index) => message.topicByteAt(index))).toEqual([-1, 97, 100, -1]);
	});

	it.each([
		["a", ["a"]],
		["a/b", ["a", "b"]],
		["a/bc//d", ["a", "bc", "", "d"]],
		["/", ["", ""]],
		["/a/", ["", "a", ""]],
		["ä/€", ["ä", "€"]],
	])("has levels: %s", (topic, levels) => {
		const each = messageOf(topic, "x");
		expect(each.levelCount).toBe(levels.length);
		let start = 0;
		levels.forEach((level, i) => {
			expect(each.levelStart(i)).toBe(start);
			start += Buffer.byteLength(level) + 1;
			expect(each.levelEquals(i, new Text(level).bytes)).toBe(true);
			expect(each.levelEquals(i, new Text(level + "x").bytes)).toBe(false);
			// Two levels are no level.
			if (i + 1 < levels.length) {
				expect(each.levelEquals(i, new Text(`${level}/${levels[i + 1]}`).bytes)).toBe(false);
			}
			expect(each.levelEquals(i, new Text("x" + level.slice(1)).bytes)).toBe(false);
			if (level.length > 1) expect(each.levelEquals(i, new Text(level.slice(0, -1)).bytes)).toBe(false);
			else expect(each.levelEquals(i, new Text("").bytes)).toBe(level === "");
		});
		expect(each.levelStart(levels.length)).toBe(-1);
		expect(each.levelStart(-1)).toBe(-1);
		expect(each.levelEquals(levels.length, new Text("").bytes)).toBe(false);
	});
});
