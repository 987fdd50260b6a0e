// Goal: a Topic Name that is checked four bytes at a time passes just when it passes byte by byte [MQTT-1.5.3-1], [MQTT-3.3.2-2].
// Method: random bytes around those that matter, at each offset and size; checkTopicName is the plain twin.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTopicName, isTopicName } from "../../firmware/codec/utf8.js";

const BYTE = fc.oneof(
	{ weight: 12, arbitrary: fc.integer({ min: 0x2c, max: 0x7f }) },
	{ weight: 2, arbitrary: fc.constantFrom(0x01, 0x20, 0x22, 0x24, 0x2a, 0x21, 0x7f) },
	{ weight: 1, arbitrary: fc.constantFrom(0x00, 0x23, 0x2b, 0x80, 0xc3, 0xa9, 0xff, 0xa3, 0xab) },
);

describe("isTopicName", () => {
	it("says what checkTopicName says, wherever the topic starts and ends", () => {
		const found = { right: 0, wrong: 0 };
		fc.assert(
			fc.property(fc.array(BYTE, { minLength: 24, maxLength: 24 }), fc.nat(5), fc.nat(18), (values, offset, size) => {
				const words = new Int32Array(8);
				const bytes = new Uint8Array(words.buffer);
				bytes.set(values);
				const isRight = checkTopicName(bytes, offset, offset + size) === offset + size;
				found[isRight ? "right" : "wrong"]++;
				expect(isTopicName(bytes, words, offset, offset + size)).toBe(isRight);
			}),
			{ numRuns: 5000, seed: 3 },
		);
		expect(Math.min(found.right, found.wrong)).toBeGreaterThan(500);
	});

	it("sees each byte that is not allowed, at each place of a word", () => {
		for (const wrong of [0x00, 0x23, 0x2b, 0x80, 0xff]) {
			for (let at = 0; at < 8; at++) {
				const words = new Int32Array(2).fill(0x61616161);
				const bytes = new Uint8Array(words.buffer);
				expect(isTopicName(bytes, words, 0, 8)).toBe(true);
				bytes[at] = wrong;
				expect([wrong, at, isTopicName(bytes, words, 0, 8)]).toEqual([wrong, at, false]);
			}
		}
	});
});
