import { describe, expect, it } from "vitest";
import { PacketHeads } from "../../firmware/loop/packet-heads.js";
import { ackHex, bytesOf, publishHex } from "../support/hex.js";

// Goal: heads are found whatever the pieces are in which a stream goes by.
// Method: one stream with every kind of packet; cut once at every place, and into pieces of every small size.

const STREAM: readonly [hex: string, head: number][] = [
	["20020000", 0x200000],
	["9003000701", 0x900007],
	[ackHex(0x40, 0x1234), 0x401234],
	[publishHex("a/b", "none"), 0x300000],
	[publishHex("a/b", "once", 1, 0x0102), 0x320102],
	[publishHex("a/b", "x".repeat(200), 2, 0xfffe), 0x34fffe],
	[publishHex("a/b", "x".repeat(200)), 0x300000],
	["d000", 0xd00000],
	[ackHex(0x62, 9), 0x620009],
	["b0020008", 0xb00008],
];
const BYTES = bytesOf(STREAM.map(([hex]) => hex).join(""));
const HEADS = STREAM.map(([, head]) => head);

/** Heads of the stream when it goes by in pieces that end at these places. */
function headsOf(ends: readonly number[]): number[] {
	const heads: number[] = [];
	const window = new Uint8Array(BYTES.length + 1);
	const finder = new PacketHeads(window, { handleHead: (head) => void heads.push(head) });
	let at = 0;
	for (const end of [...ends, BYTES.length]) {
		// What is behind the piece is none of the stream.
		window.fill(0x55).set(BYTES.subarray(at, end));
		finder.look(0, end - at);
		at = end;
	}
	return heads;
}

describe("PacketHeads", () => {
	it("tells type, flags and identifier of each packet, 0 for none", () => {
		expect(headsOf([])).toEqual(HEADS);
	});

	it("finds them wherever the stream is cut", () => {
		for (let cut = 1; cut < BYTES.length; cut++) expect(headsOf([cut]), `cut at ${cut}`).toEqual(HEADS);
	});

	it.each([1, 2, 3, 5, 7, 64])("finds them in pieces of %i", (size) => {
		const ends = Array.from({ length: Math.ceil(BYTES.length / size) - 1 }, (_, i) => (i + 1) * size);
		expect(headsOf(ends)).toEqual(HEADS);
	});

	it("starts over with a new stream", () => {
		const heads: number[] = [];
		const window = bytesOf("40020007");
		const finder = new PacketHeads(window, { handleHead: (head) => void heads.push(head) });
		finder.look(0, 3);
		finder.reset();
		finder.look(0, 4);
		expect(heads).toEqual([0x400007]);
	});
});
