import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { putBase64, putNumber, putText } from "../../firmware/transport/websocket/ascii.js";
import { sha1 } from "../../firmware/transport/websocket/sha1.js";

// Goal: SHA-1 and base64 of any bytes are those that everybody else gets, in place, with nothing written beyond.
// Method: Node's own, for every size around the ends of blocks, and for random bytes.

const AT = 8;

function digest(message: Uint8Array): string {
	const padded = (message.length + 9 + 63) & ~63;
	const buffer = new ArrayBuffer(AT + padded + 8);
	const bytes = new Uint8Array(buffer).fill(0xee);
	bytes.set(message, AT);
	sha1(new DataView(buffer), new Int32Array(buffer), AT, message.length);
	expect([...bytes.subarray(0, AT), ...bytes.subarray(AT + padded)]).toEqual(Array(AT + 8).fill(0xee));
	return Buffer.from(bytes.subarray(AT, AT + 20)).toString("hex");
}

function expected(message: Uint8Array): string {
	return createHash("sha1").update(message).digest("hex");
}

it("sha1 of every size up to three blocks is that of node:crypto", () => {
	for (let size = 0; size <= 200; size++) {
		const message = Uint8Array.from({ length: size }, (_, i) => (i * 167 + size) & 255);
		expect(digest(message)).toBe(expected(message));
	}
});

it("sha1 of random bytes is that of node:crypto", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 500 }), (message) => {
			expect(digest(message)).toBe(expected(message));
		}),
		{ numRuns: 500 },
	);
});

it("sha1 of the example of FIPS 180 is its digest", () => {
	expect(digest(Buffer.from("abc"))).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
});

it("base64 of random bytes is Node's", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 60 }), (message) => {
			const bytes = new Uint8Array(200);
			bytes.set(message);
			const end = putBase64(bytes, 0, message.length, 100);
			expect(Buffer.from(bytes.subarray(100, end)).toString("latin1")).toBe(Buffer.from(message).toString("base64"));
		}),
	);
});

it("text and numbers fit, or say that they do not, and write nothing beyond", () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 12 }), (number, room) => {
			for (const put of [
				(bytes: Uint8Array) => putNumber(bytes, 2, 2 + room, number),
				(bytes: Uint8Array) => putText(bytes, 2, 2 + room, String(number)),
			]) {
				const bytes = new Uint8Array(20).fill(0xee);
				const end = put(bytes);
				const text = String(number);
				if (text.length > room) expect(end).toBe(2 + room + 1);
				else {
					expect(Buffer.from(bytes.subarray(2, end)).toString("latin1")).toBe(text);
					expect(end).toBe(2 + text.length);
				}
				expect(bytes.subarray(2 + room).every((byte) => byte === 0xee)).toBe(true);
			}
		}),
	);
});
