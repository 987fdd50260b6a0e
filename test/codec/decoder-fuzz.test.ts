import { Max } from "../../firmware/codec/constants.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketType } from "../../firmware/codec/constants.js";
import { Decoded, Decoder } from "../../firmware/codec/decoder.js";
import { bytesOf } from "../support/hex.js";
import { bytesOfVector, malformed, vectors } from "../vectors/vectors.js";
import { plainVerdict } from "./plain-decoder.js";
import { Arrival, verdictOf } from "./receiving.js";

// Goal: no bytes at all make the decoder throw, look where nothing has arrived, or say a size that cannot be; and
// whatever they are, it says what a plain twin says, however they are cut.
// Method: 1. take packets of a server, of both versions, and broken ones; 2. change, insert, remove and cut bytes; 3. put
// up to three of them behind each other; 4. let them arrive in random pieces, moved about; 5. compare with the twin. And
// the same with bytes that were never a packet. A seed is printed when it fails.

const SIZE_MAX = 300;

const packets: readonly Uint8Array[] = [
	...vectors.filter(({ direction, length }) => direction === "server->client" && length <= SIZE_MAX).map(bytesOfVector),
	...malformed.filter(({ hex }) => hex.length <= 2 * SIZE_MAX).map(({ hex }) => bytesOf(hex)),
];

const byte = fc.oneof(
	fc.constantFrom(0x00, 0x01, 0x02, 0x03, 0x7f, 0x80, 0x81, 0xff),
	fc.integer({ min: 0, max: 255 }),
);

/** Most defects are near the start, where the lengths are. */
const position = fc.oneof(fc.nat(8), fc.nat(SIZE_MAX));

const mutation = fc.tuple(fc.constantFrom("set", "set", "flip", "insert", "remove", "cut"), position, byte);

/** A packet with up to three defects. */
const mutated = fc
	.tuple(fc.constantFrom(...packets), fc.array(mutation, { maxLength: 3 }))
	.map(([packet, mutations]) => {
		const bytes = [...packet];
		for (const [kind, anywhere, value] of mutations) {
			const at = anywhere % (bytes.length + 1);
			if (kind === "insert") bytes.splice(at, 0, value);
			else if (kind === "remove") bytes.splice(at, 1);
			else if (kind === "cut") bytes.length = at;
			else if (at < bytes.length) bytes[at] = kind === "set" ? value : (bytes[at] ?? 0) ^ (1 << (value & 7));
		}
		return Uint8Array.from(bytes);
	});

const stream = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.array(mutated, { minLength: 1, maxLength: 3 }).map((parts) => Uint8Array.from(Buffer.concat(parts))),
	},
	{ weight: 1, arbitrary: fc.array(byte, { maxLength: 40 }).map((bytes) => Uint8Array.from(bytes)) },
);

/** Inputs that once were read wrong, or nearly were. */
const EXAMPLES = ["0000", "0000d000", "00000001", "d0800000", "f0020001", "30838000000161"].map(bytesOf);

/** What the stream says according to the twin: one line per packet, the last one for what ends it. */
function plainWalk(bytes: Uint8Array): string[] {
	const lines: string[] = [];
	for (let offset = 0; ;) {
		const { is, size } = plainVerdict(bytes.subarray(offset));
		if (is !== "packet" && is !== "publish") return [...lines, is];
		lines.push(`${is} ${size}`);
		offset += size;
		if (offset > bytes.length) return lines;
	}
}

/** Checks what the decoder says of itself against what has arrived. */
function expectBounds(decoder: Decoder, found: Decoded, arrived: number): void {
	const { fixedSize, packetSize, topicStart, topicSize, payloadStart, payloadSize, packetId } = decoder;
	const within = (value: number, min: number, max: number): void => {
		expect(value).toBeGreaterThanOrEqual(min);
		expect(value).toBeLessThanOrEqual(max);
	};
	if (found < 0) return;
	if (found === Decoded.NEED_MORE && fixedSize === 0) {
		within(arrived, 0, 4);
		return;
	}
	within(fixedSize, 2, 5);
	within(packetSize, fixedSize, Max.PACKET_SIZE);
	if (found === Decoded.NEED_MORE) within(arrived, 2, packetSize - 1);
	if (found === Decoded.PACKET) {
		within(packetSize, 2, arrived);
		within(packetId, 0, 65_535);
		const withoutId = decoder.type === PacketType.CONNACK || decoder.type === PacketType.PINGRESP;
		expect(packetId === 0).toBe(withoutId);
		if (decoder.type === PacketType.SUBACK) within(payloadSize, 1, packetSize - 4);
	}
	if (found === Decoded.PUBLISH) {
		within(topicSize, 1, 65_535);
		expect(topicStart).toBe(fixedSize + 2);
		within(payloadStart, topicStart + topicSize, arrived);
		expect(payloadStart - topicStart - topicSize).toBe(packetId === 0 ? 0 : 2);
		expect(payloadStart + payloadSize).toBe(packetSize);
	}
}

/** The same as plainWalk, by the decoder, from pieces; checks bounds on the way. */
function walk(bytes: Uint8Array, pieces: readonly number[], fill: number): string[] {
	const lines: string[] = [];
	const decoder = new Decoder();
	let turn = 0;
	for (let taken = 0; ;) {
		decoder.reset();
		const arrival = new Arrival(bytes.subarray(taken), fill);
		for (;;) {
			expectBounds(decoder, decoder.decode(arrival.room, arrival.offset, arrival.limit), arrival.size);
			const is = verdictOf(decoder, arrival.room, arrival.offset, arrival.limit);
			if (is === "wait" && arrival.size < bytes.length - taken) {
				const piece = pieces[turn++ % pieces.length] ?? 1;
				arrival.arrive(Math.min(arrival.size + piece, bytes.length - taken)).move();
				continue;
			}
			if (is !== "packet" && is !== "publish") return [...lines, is];
			lines.push(`${is} ${decoder.packetSize}`);
			break;
		}
		taken += decoder.packetSize;
		if (taken > bytes.length) return lines;
	}
}

describe("decode, any bytes", () => {
	it("says what a plain twin says, within bounds, however they are cut", () => {
		const pieces = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 8 });
		fc.assert(
			fc.property(stream, pieces, byte, (bytes, sizes, fill) => {
				expect(walk(bytes, sizes, fill)).toEqual(plainWalk(bytes));
			}),
			{ numRuns: 5_000, examples: EXAMPLES.map((bytes) => [bytes, [bytes.length], 0xff]) },
		);
	});

	it("does not see what has not arrived", () => {
		fc.assert(
			fc.property(stream, fc.nat(SIZE_MAX), byte, byte, (bytes, at, one, other) => {
				const size = at % (bytes.length + 1);
				const [first, second] = [one, other].map((fill) => {
					const { room, offset, limit } = new Arrival(bytes, fill).arrive(size);
					const decoder = new Decoder();
					return { found: decoder.decode(room, offset, limit), ...decoder };
				});
				expect(first).toEqual(second);
			}),
			{ numRuns: 2_000, examples: EXAMPLES.map((bytes) => [bytes, 2, 0x00, 0xff]) },
		);
	});

	it("mutates into every answer", () => {
		const counts: Record<string, number> = {};
		for (const bytes of fc.sample(stream, { numRuns: 2_000, seed: 311 })) {
			for (const line of plainWalk(bytes)) {
				const [is = ""] = line.split(" ");
				counts[is] = (counts[is] ?? 0) + 1;
			}
		}
		for (const is of ["wait", "packet", "publish", "malformed", "forbidden"]) expect(counts[is]).toBeGreaterThan(20);
	});
});
