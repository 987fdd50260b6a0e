import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FirstByte, PacketType, Max } from "../../firmware/codec/constants.js";
import { Decoded, Decoder } from "../../firmware/codec/decoder.js";
import {
	Size,
	remainingLengthOfPublish,
	sizeOfPublishHead,
	sizeOfVarint,
	writeAck,
	writePublishHead,
	writeUint16,
	writeVarint,
} from "../../firmware/codec/encode.js";
import { Topic } from "../../firmware/codec/topic.js";
import { hexOf } from "../support/hex.js";
import { bytesOfVector, payloadOf, textOf, vectors, vectorsOf } from "../vectors/vectors.js";
import { expectBytes, guarded } from "./guarded.js";

// Goal: every encoder byte for byte, of exactly the size that was announced, and nothing beside it.
// Method: vectors and tables of boundaries between guard bytes; random numbers against a plain twin; random PUBLISH
// heads through the decoder. Room is the caller's business: no encoder here knows a limit.

/** The last value of each size and the first of the next. */
const VARINTS: readonly [number, string][] = [
	[0, "00"],
	[1, "01"],
	[127, "7f"],
	[128, "8001"],
	[129, "8101"],
	[16_383, "ff7f"],
	[16_384, "808001"],
	[16_385, "818001"],
	[2_097_151, "ffff7f"],
	[2_097_152, "80808001"],
	[2_097_153, "81808001"],
	[Max.REMAINING_LENGTH - 1, "feffff7f"],
	[Max.REMAINING_LENGTH, "ffffff7f"],
];

/** The plain twin of writeVarint: the algorithm that the standard prints. */
function plainVarint(value: number): number[] {
	const bytes: number[] = [];
	do {
		const digit = value % 128;
		value = Math.floor(value / 128);
		bytes.push(value > 0 ? digit + 128 : digit);
	} while (value > 0);
	return bytes;
}

describe("writeVarint", () => {
	it.each(VARINTS)("writes %i as %s, and sizeOfVarint says so before", (value, hex) => {
		expect(sizeOfVarint(value)).toBe(hex.length / 2);
		expect(hexOf(guarded(hex.length / 2, (bytes, offset) => writeVarint(bytes, offset, value)))).toBe(hex);
	});

	it("writes any length in its shortest form [X3-2.2.3-2]", () => {
		const value = fc.oneof(
			fc.integer({ min: 0, max: Max.REMAINING_LENGTH }),
			fc.integer({ min: 0, max: 28 }).chain((bits) => fc.integer({ min: 0, max: 2 ** bits - 1 })),
		);
		fc.assert(
			fc.property(value, (given) => {
				const expected = plainVarint(given);
				expect(sizeOfVarint(given)).toBe(expected.length);
				expect([...guarded(expected.length, (bytes, offset) => writeVarint(bytes, offset, given))]).toEqual(expected);
			}),
		);
	});
});

describe("writeUint16", () => {
	it.each([
		[0, "0000"],
		[1, "0001"],
		[255, "00ff"],
		[256, "0100"],
		[0x1234, "1234"],
		[65_535, "ffff"],
	])("writes %i as %s, high byte first", (value, hex) => {
		expect(hexOf(guarded(2, (bytes, offset) => writeUint16(bytes, offset, value)))).toBe(hex);
	});
});

describe("writeAck", () => {
	const firstBytes: Readonly<Record<string, FirstByte>> = {
		PUBACK: FirstByte.PUBACK,
		PUBREC: FirstByte.PUBREC,
		PUBREL: FirstByte.PUBREL,
		PUBCOMP: FirstByte.PUBCOMP,
	};
	// The layout is the same both ways, so the server's packets serve too.
	const acks = vectors.filter(({ version, fields }) => version === "3.1.1" && fields.packet in firstBytes);

	it.each(acks)("writes $name [MQTT-3.6.1-1]", (vector) => {
		const { packet, packetId = 0 } = vector.fields;
		const packetBytes = guarded(Size.ACK, (bytes, offset) => {
			writeAck(bytes, offset, firstBytes[packet] ?? 0, packetId);
			return offset + Size.ACK;
		});
		expectBytes(packetBytes, bytesOfVector(vector));
	});

	it("is tried with every kind of ack in both directions", () => {
		expect(acks.length).toBe(12);
	});
});

/** One whole PUBLISH with DUP 0, between guard bytes. */
function publish(field: Uint8Array, qos: number, retain: boolean, packetId: number, payload: Uint8Array): Uint8Array {
	const headSize = sizeOfPublishHead(field.length, qos, payload.length);
	return guarded(headSize + payload.length, (bytes, offset) => {
		const at = writePublishHead(bytes, offset, field, qos, retain, packetId, payload.length);
		expect(at - offset).toBe(headSize);
		bytes.set(payload, at);
		return at + payload.length;
	});
}

describe("writePublishHead", () => {
	// DUP is set in place when a packet is sent again: see client-packets.test.ts.
	const publishes = vectors.filter(
		({ version, fields }) => version === "3.1.1" && fields.packet === "PUBLISH" && fields.dup === false,
	);

	it.each(publishes)("writes $name", (vector) => {
		const { topic = "", qos = 0, retain = false, packetId = 0 } = vector.fields;
		const { field } = new Topic(textOf(topic));
		expectBytes(publish(field, qos, retain, packetId, payloadOf(vector.fields)), bytesOfVector(vector));
	});

	it("is tried with every PUBLISH that a client sends for the first time", () => {
		const outgoing = vectorsOf("3.1.1", "client->server").filter(({ fields }) => fields.packet === "PUBLISH");
		const rest = outgoing.filter((vector) => !publishes.includes(vector)).map(({ name }) => name);
		expect(rest).toEqual(["v311-publish-qos2-dup"]);
	});

	it("ignores the packet identifier at QoS 0 [MQTT-2.3.1-5]", () => {
		expect(hexOf(publish(new Topic("a").field, 0, false, 0x1234, new Uint8Array(0)))).toBe("3003000161");
	});

	it.each([
		[0, true, "3103000161"],
		[1, false, "3205000161ffff"],
		[1, true, "3305000161ffff"],
		[2, false, "3405000161ffff"],
		[2, true, "3505000161ffff"],
	])("puts QoS %i and retain %s into the first byte", (qos, retain, hex) => {
		expect(hexOf(publish(new Topic("a").field, qos, retain, 0xffff, new Uint8Array(0)))).toBe(hex);
	});

	it("writes the head of the largest packet without its payload", () => {
		const { field } = new Topic("a");
		const head = (qos: number): string => {
			const payloadSize = Max.REMAINING_LENGTH - field.length - (qos === 0 ? 0 : 2);
			expect(remainingLengthOfPublish(field.length, qos, payloadSize)).toBe(Max.REMAINING_LENGTH);
			const write = (bytes: Uint8Array, offset: number): number =>
				writePublishHead(bytes, offset, field, qos, false, 1, payloadSize);
			return hexOf(guarded(sizeOfPublishHead(field.length, qos, payloadSize), write));
		};
		expect(head(0)).toBe("30ffffff7f000161");
		expect(head(2)).toBe("34ffffff7f0001610001");
	});

	it("is read back by the decoder", () => {
		const topicName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }).filter((s) => !/[+#\0]/.test(s));
		const qos = fc.integer({ min: 0, max: 2 });
		const packetId = fc.integer({ min: 1, max: 65_535 });
		const payloadSize = fc.oneof(fc.nat(300), fc.nat(Max.REMAINING_LENGTH - 65_535 - 4));
		fc.assert(
			fc.property(topicName, qos, fc.boolean(), packetId, payloadSize, (name, level, retain, id, size) => {
				const { field } = new Topic(name);
				const headSize = sizeOfPublishHead(field.length, level, size);
				const head = guarded(headSize, (bytes, offset) =>
					writePublishHead(bytes, offset, field, level, retain, id, size),
				);
				const decoder = new Decoder();
				expect(decoder.decode(head, 0, headSize)).toBe(Decoded.PUBLISH);
				expect(decoder.type).toBe(PacketType.PUBLISH);
				expect(decoder.firstByte & 15).toBe(level * 2 + (retain ? 1 : 0));
				expect(decoder.packetId).toBe(level === 0 ? 0 : id);
				expect(hexOf(head.subarray(decoder.topicStart - 2, decoder.topicStart + decoder.topicSize))).toBe(hexOf(field));
				expect([decoder.payloadStart, decoder.payloadSize]).toEqual([headSize, size]);
				expect(decoder.packetSize).toBe(headSize + size);
			}),
		);
	});
});

describe("remainingLengthOfPublish", () => {
	it("goes beyond what a packet can have, for the caller to refuse", () => {
		expect(remainingLengthOfPublish(65_537, 2, Max.REMAINING_LENGTH)).toBe(Max.REMAINING_LENGTH + 65_539);
		expect(remainingLengthOfPublish(3, 0, Max.REMAINING_LENGTH - 2)).toBe(Max.REMAINING_LENGTH + 1);
		expect(remainingLengthOfPublish(3, 1, Max.REMAINING_LENGTH - 4)).toBe(Max.REMAINING_LENGTH + 1);
	});
});
