import { describe, expect, it } from "vitest";
import {
	ConnectFlag,
	Max,
	FirstByte,
	PacketType,
	PublishFlag,
	ReturnCode,
	SubackCode,
} from "../../firmware/codec/constants.js";
import { bytesOfVector, vectors } from "../vectors/vectors.js";

// Goal: the numbers are those of the standard.
// Method: types and first bytes against the packets of the vectors, bits and limits against the text.

const TYPES: Readonly<Record<string, PacketType>> = {
	CONNECT: PacketType.CONNECT,
	CONNACK: PacketType.CONNACK,
	PUBLISH: PacketType.PUBLISH,
	PUBACK: PacketType.PUBACK,
	PUBREC: PacketType.PUBREC,
	PUBREL: PacketType.PUBREL,
	PUBCOMP: PacketType.PUBCOMP,
	SUBSCRIBE: PacketType.SUBSCRIBE,
	SUBACK: PacketType.SUBACK,
	UNSUBSCRIBE: PacketType.UNSUBSCRIBE,
	UNSUBACK: PacketType.UNSUBACK,
	PINGREQ: PacketType.PINGREQ,
	PINGRESP: PacketType.PINGRESP,
	DISCONNECT: PacketType.DISCONNECT,
};

const FIRST_BYTES: Readonly<Record<string, FirstByte>> = {
	CONNECT: FirstByte.CONNECT,
	PUBLISH: FirstByte.PUBLISH,
	PUBACK: FirstByte.PUBACK,
	PUBREC: FirstByte.PUBREC,
	PUBREL: FirstByte.PUBREL,
	PUBCOMP: FirstByte.PUBCOMP,
	SUBSCRIBE: FirstByte.SUBSCRIBE,
	UNSUBSCRIBE: FirstByte.UNSUBSCRIBE,
	PINGREQ: FirstByte.PINGREQ,
	DISCONNECT: FirstByte.DISCONNECT,
};

const ours = vectors.filter((vector) => vector.version === "3.1.1");

describe("PacketType", () => {
	it.each(Object.entries(TYPES))("has the number of %s", (packet, type) => {
		const firstBytes = ours.filter(({ fields }) => fields.packet === packet).map((vector) => bytesOfVector(vector)[0]);
		expect(firstBytes.length).toBeGreaterThan(0);
		for (const firstByte of firstBytes) expect((firstByte ?? 0) >> 4).toBe(type);
	});
});

describe("FirstByte", () => {
	it.each(Object.entries(FIRST_BYTES))("has the type and the reserved flags of %s [MQTT-2.2.2-1]", (packet, byte) => {
		for (const vector of ours.filter(({ fields }) => fields.packet === packet)) {
			const flags = packet === "PUBLISH" ? 0x0f : 0;
			expect((bytesOfVector(vector)[0] ?? 0) & ~flags).toBe(byte);
		}
	});

	it("knows every packet that a client sends", () => {
		const sent = ours.filter(({ direction }) => direction === "client->server").map(({ fields }) => fields.packet);
		expect([...new Set(sent)].sort()).toEqual(Object.keys(FIRST_BYTES).sort());
	});
});

describe("flags", () => {
	it("of PUBLISH are those of §3.3.1", () => {
		expect([PublishFlag.RETAIN, PublishFlag.QOS_MASK, PublishFlag.DUP]).toEqual([0b0001, 0b0110, 0b1000]);
		expect(3 << PublishFlag.QOS_SHIFT).toBe(PublishFlag.QOS_MASK);
	});

	it("of CONNECT are those of §3.1.2.3", () => {
		const one = [ConnectFlag.CLEAN_SESSION, ConnectFlag.WILL, ConnectFlag.WILL_RETAIN];
		const other = [ConnectFlag.PASSWORD, ConnectFlag.USER_NAME];
		expect([...one, ...other].map(Math.log2)).toEqual([1, 2, 5, 6, 7]);
		expect(ConnectFlag.WILL_QOS_SHIFT).toBe(3);
	});
});

describe("codes and limits", () => {
	it("of CONNACK are those of §3.2.2.3", () => {
		expect([
			ReturnCode.ACCEPTED,
			ReturnCode.UNACCEPTABLE_PROTOCOL_VERSION,
			ReturnCode.IDENTIFIER_REJECTED,
			ReturnCode.SERVER_UNAVAILABLE,
			ReturnCode.BAD_USER_NAME_OR_PASSWORD,
			ReturnCode.NOT_AUTHORIZED,
		]).toEqual([0, 1, 2, 3, 4, 5]);
	});

	it("are what the fields can hold", () => {
		expect(SubackCode.FAILURE).toBe(0x80);
		expect(Max.REMAINING_LENGTH).toBe(128 ** 4 - 1);
		expect([Max.FIELD_SIZE, Max.PACKET_ID, Max.KEEP_ALIVE_S]).toEqual([0xffff, 0xffff, 0xffff]);
	});
});
