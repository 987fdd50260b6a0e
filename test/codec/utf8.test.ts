import { isUtf8 as nodeIsUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTopicName, isUtf8 } from "../../firmware/codec/utf8.js";
import { bytesOf, hexOf } from "../support/hex.js";

// Goal: exactly the well-formed UTF-8 of RFC 3629 passes, without U+0000; a character that is cut off is told apart
// from one that is wrong.
// Method: every sequence of one and two bytes, boundaries of three and four, and every code point, against Node's
// TextDecoder (fatal, BOM kept) and Node's own check; then random bytes. What is looked at stands between other bytes,
// which must not matter.

const BEFORE = 3;
const AFTER = 4;

/**
 * Reads bytes with Node: "good", "cut" when only the end of the last character is missing, or "bad".
 * `whole` counts the bytes of the characters that are complete.
 */
function readWithNode(bytes: Uint8Array): { state: "good" | "cut" | "bad"; whole: number } {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	let whole: number;
	try {
		whole = Buffer.byteLength(decoder.decode(bytes, { stream: true }));
	} catch {
		return { state: "bad", whole: 0 };
	}
	return { state: whole === bytes.length ? "good" : "cut", whole };
}

/** Bytes between continuation bytes, which would complete what is cut off. */
function surrounded(bytes: Uint8Array): Uint8Array {
	const room = new Uint8Array(BEFORE + bytes.length + AFTER).fill(0x80);
	room.set(bytes, BEFORE);
	return room;
}

/** What both functions say; kept apart from `expect`, which would take most of the time. */
function look(bytes: Uint8Array): { utf8: boolean; name: number } {
	const room = surrounded(bytes);
	const limit = BEFORE + bytes.length;
	const name = checkTopicName(room, BEFORE, limit);
	return { utf8: isUtf8(room, BEFORE, limit), name: name < 0 ? name : name - BEFORE };
}

/** What both should say. */
function expected(bytes: Uint8Array): { utf8: boolean; name: number } {
	const { state, whole } = readWithNode(bytes);
	const wildcard = bytes.includes(0x2b) || bytes.includes(0x23);
	const nul = bytes.includes(0);
	return { utf8: state === "good" && !nul, name: state === "bad" || nul || wildcard ? -1 : whole };
}

/** The inputs on which ours and Node differ. */
function differences(inputs: Iterable<Uint8Array>): string[] {
	const found: string[] = [];
	for (const bytes of inputs) {
		const ours = look(bytes);
		const theirs = expected(bytes);
		if (ours.utf8 === theirs.utf8 && ours.name === theirs.name) continue;
		found.push(`${hexOf(bytes)}: ${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`);
	}
	return found;
}

/** Every combination of one byte of each list. */
function* combinations(...lists: readonly (readonly number[])[]): Generator<Uint8Array> {
	const [first = [], ...rest] = lists;
	for (const byte of first) {
		if (rest.length === 0) yield Uint8Array.of(byte);
		else for (const tail of combinations(...rest)) yield Uint8Array.of(byte, ...tail);
	}
}

function range(from: number, to: number): readonly number[] {
	return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Both sides of every boundary that a second, third or fourth byte can have. */
const FOLLOWING = [0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff];

const THREE = range(0xe0, 0xef);
const FOUR = range(0xf0, 0xff);

describe("isUtf8 and checkTopicName", () => {
	it("agree with Node on every sequence of one byte", () => {
		expect(differences(combinations(range(0, 255)))).toEqual([]);
	});

	it("agree with Node on every sequence of two bytes", () => {
		expect(differences(combinations(range(0, 255), range(0, 255)))).toEqual([]);
	});

	it("agree with Node at the boundaries of three bytes, also when they are cut", () => {
		expect(differences(combinations([...THREE, ...FOUR], FOLLOWING))).toEqual([]);
		expect(differences(combinations([...THREE, ...FOUR], FOLLOWING, FOLLOWING))).toEqual([]);
	});

	it("agree with Node at the boundaries of four bytes, also when they are cut", () => {
		const lead = [0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5];
		expect(differences(combinations(lead, FOLLOWING, FOLLOWING, FOLLOWING))).toEqual([]);
		expect(differences(combinations([0x61], lead, FOLLOWING, FOLLOWING))).toEqual([]);
	});

	it("agree with Node's own check on every sequence of three bytes that starts with E0 to EF", () => {
		let wrong = 0;
		const room = surrounded(new Uint8Array(3));
		const middle = room.subarray(BEFORE, BEFORE + 3);
		for (let value = 0xe00000; value <= 0xefffff; value++) {
			middle[0] = value >> 16;
			middle[1] = value >> 8;
			middle[2] = value;
			const good = nodeIsUtf8(middle) && middle[1] !== 0 && middle[2] !== 0;
			if (isUtf8(room, BEFORE, BEFORE + 3) !== good) wrong++;
		}
		expect(wrong).toBe(0);
	});

	it("take every character, and wait for the rest of one that is cut [MQTT-1.5.3-1]", () => {
		let wrong = 0;
		for (let code = 1; code <= 0x10ffff; code++) {
			if (code === 0xd800) code = 0xe000;
			const bytes = Buffer.from(String.fromCodePoint(code));
			const size = bytes.length;
			if (!isUtf8(bytes, 0, size)) wrong++;
			const wildcard = code === 0x23 || code === 0x2b;
			if (checkTopicName(bytes, 0, size) !== (wildcard ? -1 : size)) wrong++;
			for (let cut = 1; cut < size; cut++) {
				if (isUtf8(bytes, 0, cut) || checkTopicName(bytes, 0, cut) !== 0) wrong++;
			}
		}
		expect(wrong).toBe(0);
	});

	it("agree with Node on any bytes", () => {
		const any = fc.uint8Array({ maxLength: 12 });
		const nearly = fc
			.tuple(fc.string({ unit: "binary", maxLength: 6 }), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(2))
			.map(([text, at, byte, change]) => {
				const bytes = [...Buffer.from(text)];
				if (change > 0) bytes.splice(at % (bytes.length + 1), 1, ...(change > 1 ? [byte] : []));
				return Uint8Array.from(bytes);
			});
		fc.assert(
			fc.property(fc.oneof(any, nearly), (bytes) => {
				expect(differences([bytes])).toEqual([]);
			}),
			{ numRuns: 5_000 },
		);
	});
});

describe("isUtf8", () => {
	it.each(["", "61", "612f62", "c3a9", "efbbbf61", "efbfbf", "7f", "0102", "f48fbfbf", "2b2f23"])("takes %j", (hex) => {
		expect(isUtf8(bytesOf(hex), 0, hex.length / 2)).toBe(true);
	});

	it.each(["00", "6100", "610062"])("refuses %s for its U+0000 [MQTT-1.5.3-2]", (hex) => {
		expect(isUtf8(bytesOf(hex), 0, hex.length / 2)).toBe(false);
	});

	it.each(["eda080", "edbfbf", "eda0bdedb880"])("refuses %s for its surrogates [MQTT-1.5.3-1]", (hex) => {
		expect(isUtf8(bytesOf(hex), 0, hex.length / 2)).toBe(false);
	});
});

describe("checkTopicName", () => {
	it.each([
		["", 0],
		["61", 1],
		["2a2c2f24", 4],
		["01", 1],
		["efbbbf61", 4],
		["efbfbf", 3],
	])("takes %j whole: %i bytes [MQTT-1.5.3-3]", (hex, size) => {
		expect(look(bytesOf(hex)).name).toBe(size);
	});

	it.each(["2b", "23", "612f2b", "612f23", "73702b7274", "c3a923"])(
		"refuses the wildcard in %s [MQTT-3.3.2-2]",
		(hex) => {
			expect(look(bytesOf(hex)).name).toBe(-1);
		},
	);

	it.each(["00", "610062", "61c3a900"])("refuses the U+0000 in %s [MQTT-4.7.3-2]", (hex) => {
		expect(look(bytesOf(hex)).name).toBe(-1);
	});

	it.each([
		["61c3", 1],
		["61e4", 1],
		["61e4b8", 1],
		["c3a9f0", 2],
		["c3a9f09f", 2],
		["c3a9f09f98", 2],
	])("stops in %s behind the last whole character, at %i", (hex, size) => {
		expect(look(bytesOf(hex)).name).toBe(size);
	});

	it.each(["61c0", "61e080", "61eda0", "61f08f", "61f490", "61f5", "6180", "c3a9ff"])(
		"refuses %s, which no further byte could mend [MQTT-1.5.3-1]",
		(hex) => {
			expect(look(bytesOf(hex)).name).toBe(-1);
		},
	);
});
