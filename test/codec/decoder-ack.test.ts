import { describe, expect, it } from "vitest";
import { PacketType } from "../../firmware/codec/constants.js";
import { ackAt, Decoded, Decoder } from "../../firmware/codec/decoder.js";
import { bytesOf } from "../support/hex.js";
import { bytesOfVector, vectors, vectorsOf } from "../vectors/vectors.js";

// Goal: the short way to an ack takes just the packets that the decoder takes, and reads the same.
// Method: the acks of the vectors; then every first byte with every length byte that is short, and the identifiers at
// the boundaries, against the decoder.

const ACKS = [PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP];

/** What ackAt says of the four bytes when they stand between others. */
function look(four: Uint8Array): number {
	const results = [0x00, 0x40, 0xff].map((around) => {
		const bytes = new Uint8Array(12).fill(around);
		bytes.set(four, 5);
		return ackAt(new DataView(bytes.buffer), 5);
	});
	for (const result of results) expect(result).toBe(results[0]);
	return results[0] ?? NaN;
}

describe("ackAt", () => {
	const acks = vectorsOf("3.1.1", "server->client").filter(({ fields }) =>
		/^PUB(ACK|RE[CL]|COMP)$/.test(fields.packet),
	);

	it("is tried with every kind of ack", () => {
		expect(acks.length).toBe(8);
	});

	it.each(acks)("reads $name", (vector) => {
		const packet = bytesOfVector(vector);
		expect(look(packet)).toBe(((packet[0] ?? 0) << 16) | (vector.fields.packetId ?? 0));
	});

	it("leaves every other packet to the decoder", () => {
		for (const vector of vectors.filter(({ length }) => length <= 300)) {
			const packet = Uint8Array.from(Buffer.concat([bytesOfVector(vector), bytesOf("00010001")])).subarray(0, 4);
			const isAck = /^(40|50|62|70)02/.test(Buffer.from(packet).toString("hex")) && (packet[2] || packet[3]);
			expect([vector.name, look(packet) !== 0]).toEqual([vector.name, Boolean(isAck)]);
		}
	});

	it("agrees with the decoder on every first byte [MQTT-2.2.2-2] [MQTT-2.3.1-1]", () => {
		const wrong: string[] = [];
		for (let firstByte = 0; firstByte < 256; firstByte++) {
			for (const length of [0x00, 0x01, 0x02, 0x03, 0x7f, 0x80, 0x82, 0xff]) {
				for (const packetId of [0x0000, 0x0001, 0x00ff, 0x0100, 0x1234, 0xff00, 0xffff]) {
					const four = Uint8Array.of(firstByte, length, packetId >> 8, packetId & 255);
					const decoder = new Decoder();
					const found = decoder.decode(four, 0, 4);
					const isAck = found === Decoded.PACKET && decoder.packetSize === 4 && ACKS.includes(firstByte >> 4);
					if (look(four) !== (isAck ? (firstByte << 16) | packetId : 0)) wrong.push(Buffer.from(four).toString("hex"));
				}
			}
		}
		expect(wrong).toEqual([]);
	});
});
