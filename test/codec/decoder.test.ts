import { describe, expect, it } from "vitest";
import { PacketType, Max } from "../../firmware/codec/constants.js";
import { Decoded, Decoder } from "../../firmware/codec/decoder.js";
import { bytesOf, hexOf } from "../support/hex.js";
import { bytesOfVector, payloadOf, textOf, vectorsOf, type Vector } from "../vectors/vectors.js";
import { expectBytes } from "./guarded.js";
import { Arrival, verdictOf } from "./receiving.js";

// Goal: every packet of a 3.1.1 server is read right, wherever the stream is cut and whatever stands around it.
// Method: every such vector whole, at every cut, moved between two looks, and with something behind it; bytes beyond
// the limit are filled with different values and must not matter. Broken input is in decoder-malformed.test.ts, mutated
// input in decoder-fuzz.test.ts.

const vectors = vectorsOf("3.1.1", "server->client");

/** Cutting 2 MB at every byte is fine; moving them at every byte is not. */
const MOVED_SIZE_MAX = 4_096;

const FILLS = [0x00, 0x80, 0xff];

/** From which size on the decoder knows a packet: the head of PUBLISH, else all of it. */
function sizeToKnow(vector: Vector): number {
	const { fields, length } = vector;
	return fields.packet === "PUBLISH" ? length - payloadOf(fields).length : length;
}

function foundOf(vector: Vector): Decoded {
	return vector.fields.packet === "PUBLISH" ? Decoded.PUBLISH : Decoded.PACKET;
}

/** Checks every field that the decoder has set; `bytes` hold the packet from `offset` on. */
function expectFields(decoder: Decoder, vector: Vector, bytes: Uint8Array, offset: number): void {
	const { fields, length } = vector;
	const packet = bytesOfVector(vector);
	expect(decoder.firstByte).toBe(packet[0]);
	expect(decoder.type).toBe(decoder.firstByte >> 4);
	expect(decoder.packetSize).toBe(length);
	expect(decoder.packetId).toBe(fields.packetId ?? 0);
	const payload = bytes.subarray(offset + decoder.payloadStart, offset + decoder.payloadStart + decoder.payloadSize);
	if (fields.packet === "CONNACK") {
		expect(decoder.sessionPresent).toBe(fields.sessionPresent);
		expect(decoder.returnCode).toBe(fields.returnCode);
	} else if (fields.packet === "SUBACK") {
		expect([...payload]).toEqual(fields.returnCodes);
	} else if (fields.packet === "PUBLISH") {
		const topicName = bytes.subarray(offset + decoder.topicStart, offset + decoder.topicStart + decoder.topicSize);
		expectBytes(topicName, Buffer.from(textOf(fields.topic ?? "")));
		expect(decoder.payloadStart + decoder.payloadSize).toBe(length);
		expectBytes(payload, payloadOf(fields));
		const flags = (fields.dup ? 8 : 0) + (fields.qos ?? 0) * 2 + (fields.retain ? 1 : 0);
		expect(decoder.firstByte & 15).toBe(flags);
	}
}

describe("decode", () => {
	it.each(vectors)("reads $name whole [MQTT-2.2.2-2]", (vector) => {
		const packet = bytesOfVector(vector);
		const decoder = new Decoder();
		expect(decoder.decode(packet, 0, packet.length)).toBe(foundOf(vector));
		expectFields(decoder, vector, packet, 0);
	});

	it.each(vectors)("waits at every cut of $name, with a new look at each", (vector) => {
		const packet = bytesOfVector(vector);
		const enough = sizeToKnow(vector);
		for (const fill of FILLS) {
			const room = new Uint8Array(packet.length + 8).fill(fill);
			const decoder = new Decoder();
			let wrong = 0;
			for (let limit = 0; limit <= packet.length; limit++) {
				if (limit > 0) room[limit - 1] = packet[limit - 1] ?? 0;
				decoder.reset();
				const found = decoder.decode(room, 0, limit);
				if (found !== (limit < enough ? Decoded.NEED_MORE : foundOf(vector))) wrong++;
			}
			expect(wrong).toBe(0);
			expectFields(decoder, vector, room, 0);
		}
	});

	it.each(vectors.filter(({ length }) => length <= MOVED_SIZE_MAX))(
		"reads $name byte by byte while it is moved about",
		(vector) => {
			const packet = bytesOfVector(vector);
			const enough = sizeToKnow(vector);
			for (const fill of FILLS) {
				const arrival = new Arrival(packet, fill);
				const decoder = new Decoder();
				while (arrival.size < enough) {
					expect(decoder.decode(arrival.room, arrival.offset, arrival.limit)).toBe(Decoded.NEED_MORE);
					arrival.arrive().move();
				}
				expect(decoder.decode(arrival.room, arrival.offset, arrival.limit)).toBe(foundOf(vector));
				arrival.arrive(packet.length);
				expectFields(decoder, vector, arrival.room, arrival.offset);
			}
		},
	);

	it.each(vectors)("is not disturbed by what stands behind $name", (vector) => {
		const packet = bytesOfVector(vector);
		for (const behind of ["d000", "00", "ffffffffff", hexOf(bytesOf("20020000"))]) {
			const both = Uint8Array.from(Buffer.concat([packet, bytesOf(behind)]));
			const before = vector.length <= MOVED_SIZE_MAX ? hexOf(both) : "";
			const decoder = new Decoder();
			expect(decoder.decode(both, 0, both.length)).toBe(foundOf(vector));
			expectFields(decoder, vector, both, 0);
			// Received bytes are read only.
			if (before !== "") expect(hexOf(both)).toBe(before);
		}
	});

	it("reads every vector after every other with one decoder", () => {
		const short = vectors.filter(({ length }) => length <= MOVED_SIZE_MAX);
		const decoder = new Decoder();
		for (const first of short) {
			for (const second of short) {
				const stream = Buffer.concat([bytesOfVector(first), bytesOfVector(second)]);
				let offset = 0;
				for (const vector of [first, second]) {
					expect(decoder.decode(stream, offset, stream.length)).toBe(foundOf(vector));
					expectFields(decoder, vector, stream, offset);
					offset += decoder.packetSize;
					decoder.reset();
				}
			}
		}
	});

	it.each(vectors.filter(({ length }) => length <= MOVED_SIZE_MAX))(
		"finds a topic name that it accepts in $name",
		(vector) => {
			const packet = bytesOfVector(vector);
			const verdict = vector.fields.packet === "PUBLISH" ? "publish" : "packet";
			expect(verdictOf(new Decoder(), packet, 0, packet.length)).toBe(verdict);
		},
	);
});

describe("decode, the fixed header", () => {
	it.each([
		[0, "3000", Decoded.MALFORMED],
		[3, "3003", Decoded.NEED_MORE],
		[127, "307f", Decoded.NEED_MORE],
		[128, "308001", Decoded.NEED_MORE],
		[16_383, "30ff7f", Decoded.NEED_MORE],
		[16_384, "30808001", Decoded.NEED_MORE],
		[2_097_151, "30ffff7f", Decoded.NEED_MORE],
		[2_097_152, "3080808001", Decoded.NEED_MORE],
		[Max.REMAINING_LENGTH, "30ffffff7f", Decoded.NEED_MORE],
	])("reads a Remaining Length of %i from %s, and waits at every cut", (remaining, hex, found) => {
		const bytes = bytesOf(hex);
		for (const fill of FILLS) {
			const arrival = new Arrival(bytes, fill);
			const decoder = new Decoder();
			while (arrival.size < bytes.length) {
				expect(decoder.decode(arrival.room, arrival.offset, arrival.limit)).toBe(Decoded.NEED_MORE);
				expect([decoder.packetSize, decoder.fixedSize]).toEqual([0, 0]);
				arrival.arrive().move();
			}
			expect(decoder.decode(arrival.room, arrival.offset, arrival.limit)).toBe(found);
			expect(decoder.packetSize).toBe(bytes.length + remaining);
		}
	});

	it("says the size of the largest packet as soon as its length is there", () => {
		const decoder = new Decoder();
		decoder.decode(bytesOf("30ffffff7f"), 0, 5);
		expect(decoder.packetSize).toBe(268_435_460);
		expect(Max.PACKET_SIZE).toBe(268_435_460);
	});

	it.each([
		["d08000", 3],
		["d0808000", 4],
		["d080808000", 5],
		["2082000000", 5],
		["308300000161", 6],
		["30838000000161", 7],
		["3083808000000161", 8],
		["9083000001" + "00", 6],
	])("accepts %s, whose length is longer than needed [X3-2.2.3-2]", (hex, size) => {
		const decoder = new Decoder();
		expect(decoder.decode(bytesOf(hex), 0, size)).toBeGreaterThan(0);
		expect(decoder.packetSize).toBe(size);
	});

	it.each(["30ffffffff", "d080808080", "3080808080", "2082808080"])(
		"refuses %s, whose length has no end, before a fifth byte of it [X3-2.2.3-1]",
		(hex) => {
			expect(new Decoder().decode(bytesOf(hex), 0, 4)).toBe(Decoded.NEED_MORE);
			expect(new Decoder().decode(bytesOf(hex), 0, 5)).toBe(Decoded.MALFORMED);
		},
	);

	it("knows for each of the 256 first bytes whether a server may send it [MQTT-2.2.2-2] [X3-2.2.1-1]", () => {
		// A length that suits the type, and a packet identifier.
		const rest: Readonly<Record<number, string>> = { 3: "06000161000101", 9: "03000101", 13: "00" };
		const allowed = [
			"20",
			"30",
			"31",
			"32",
			"33",
			"34",
			"35",
			"3a",
			"3b",
			"3c",
			"3d",
			"40",
			"50",
			"62",
			"70",
			"90",
			"b0",
			"d0",
		];
		const forbidden = [
			PacketType.CONNECT,
			PacketType.SUBSCRIBE,
			PacketType.UNSUBSCRIBE,
			PacketType.PINGREQ,
			PacketType.DISCONNECT,
		];
		for (let firstByte = 0; firstByte < 256; firstByte++) {
			const type = firstByte >> 4;
			const hex = hexOf(Uint8Array.of(firstByte));
			const bytes = bytesOf(hex + (rest[type] ?? "020001"));
			const found = new Decoder().decode(bytes, 0, bytes.length);
			if (allowed.includes(hex)) expect([hex, found > 0]).toEqual([hex, true]);
			else expect([hex, found]).toEqual([hex, forbidden.includes(type) ? Decoded.FORBIDDEN : Decoded.MALFORMED]);
		}
	});

	it.each(["00", "f0"])("refuses the reserved type of %s with any length [X3-2.2.1-1]", (first) => {
		for (const rest of ["00", "01", "0100", "020001", "03000100", "8000", "808000", "ffffff7f"]) {
			// What follows looks like a packet identifier.
			const bytes = bytesOf(`${first}${rest} 0001 d000`);
			expect([rest, new Decoder().decode(bytes, 0, bytes.length)]).toEqual([rest, Decoded.MALFORMED]);
		}
	});
});

describe("decode, a PUBLISH", () => {
	it("knows the topic name's size before the rest of the head is there", () => {
		const decoder = new Decoder();
		const bytes = bytesOf("32 ff7f 1000");
		expect(decoder.decode(bytes, 0, bytes.length)).toBe(Decoded.NEED_MORE);
		expect([decoder.fixedSize, decoder.topicStart, decoder.topicSize]).toEqual([3, 5, 4_096]);
		expect(decoder.payloadStart).toBe(3 + 2 + 4_096 + 2);
		expect(decoder.payloadStart + decoder.payloadSize).toBe(decoder.packetSize);
	});

	it.each([
		["3005 0004", "a topic name of four bytes in three"],
		["3205 0002", "no room for the packet identifier"],
		["3405 0000", "an empty topic name"],
		["30ffffff7f ffff", "nothing", Decoded.NEED_MORE],
	])("looks at the lengths in %s as soon as they are there: %s", (hex, _what, found = Decoded.MALFORMED) => {
		const bytes = bytesOf(hex);
		expect(new Decoder().decode(bytes, 0, bytes.length)).toBe(found);
	});

	it("forgets the packet identifier of the packet before", () => {
		const decoder = new Decoder();
		decoder.decode(bytesOf("32050001611234"), 0, 7);
		expect(decoder.packetId).toBe(0x1234);
		decoder.reset();
		decoder.decode(bytesOf("3003000161"), 0, 5);
		expect(decoder.packetId).toBe(0);
	});
});

describe("decode, a SUBACK", () => {
	// 253 codes make a Remaining Length of 255, the mark of "any length" in the table.
	it.each([1, 2, 125, 126, 252, 253, 254, 400])("reads %i codes, and waits at every cut [MQTT-3.9.3-2]", (count) => {
		const length = count + 2;
		const head = length < 128 ? [0x90, length] : [0x90, (length & 127) | 128, length >> 7];
		const packet = Uint8Array.from([
			...head,
			0x12,
			0x34,
			...Array.from({ length: count }, (_, i) => [0, 1, 2, 128][i % 4] ?? 0),
		]);
		const decoder = new Decoder();
		for (let limit = 0; limit < packet.length; limit++)
			expect(decoder.decode(packet, 0, limit)).toBe(Decoded.NEED_MORE);
		expect(decoder.decode(packet, 0, packet.length)).toBe(Decoded.PACKET);
		expect([decoder.packetId, decoder.payloadStart, decoder.payloadSize]).toEqual([0x1234, head.length + 2, count]);
		for (const [at, code] of [
			[packet.length - 1, 3],
			[head.length + 2, 0x81],
		] as const) {
			const broken = packet.slice();
			broken[at] = code;
			expect(new Decoder().decode(broken, 0, broken.length)).toBe(Decoded.MALFORMED);
		}
	});

	it("accepts just the codes of 3.1.1 [MQTT-3.9.3-2]", () => {
		for (let code = 0; code < 256; code++) {
			const found = new Decoder().decode(Uint8Array.of(0x90, 3, 0, 1, code), 0, 5);
			expect([code, found]).toEqual([code, [0, 1, 2, 128].includes(code) ? Decoded.PACKET : Decoded.MALFORMED]);
		}
	});
});

describe("decode, a CONNACK", () => {
	it("accepts any return code, and refuses reserved bits of its flags [X3-3.2.2.1-1] [X3-3.2.2.3-1]", () => {
		for (let flags = 0; flags < 256; flags++) {
			for (const code of [0, 1, 5, 6, 0x80, 0xff]) {
				const decoder = new Decoder();
				const found = decoder.decode(Uint8Array.of(0x20, 2, flags, code), 0, 4);
				expect([flags, code, found]).toEqual([flags, code, flags < 2 ? Decoded.PACKET : Decoded.MALFORMED]);
				if (flags < 2) expect([decoder.sessionPresent, decoder.returnCode]).toEqual([flags === 1, code]);
			}
		}
	});
});

describe("reset", () => {
	it("makes the decoder forget a packet that is not complete", () => {
		const decoder = new Decoder();
		expect(decoder.decode(bytesOf("3010000a61"), 0, 5)).toBe(Decoded.NEED_MORE);
		decoder.reset();
		expect([decoder.packetSize, decoder.fixedSize]).toEqual([0, 0]);
		expect(decoder.decode(bytesOf("d000"), 0, 2)).toBe(Decoded.PACKET);
		expect(decoder.type).toBe(PacketType.PINGRESP);
	});
});
