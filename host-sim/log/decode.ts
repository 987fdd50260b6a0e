import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import type { Frame } from "./framer.js";
import { PACKET_NAMES, reasonCodeName, returnCodeName } from "./names.js";
import { hexOf, payloadRecord, type PacketRecord } from "./record.js";

/** Protocol levels of MQTT, as CONNECT carries them. */
export type ProtocolLevel = 3 | 4 | 5;

const PUBLISH = 3;
/** Packets of one size only, before 5.0; the package does not check it. */
const EXACT_SIZES: Readonly<Partial<Record<Packet["cmd"], number>>> = {
	connack: 4,
	puback: 4,
	pubrec: 4,
	pubrel: 4,
	pubcomp: 4,
	unsuback: 4,
	pingreq: 2,
	pingresp: 2,
	disconnect: 2,
};
const PROTOCOLS: Readonly<Record<number, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/**
 * Says what a packet is, with the codec of the package mqtt-packet, which has nothing in common with the firmware's.
 * Never throws: what cannot be understood becomes a record that says so.
 *
 * in   frame  whole, cut off by the end of the connection, or broken
 *      level  the protocol that CONNECT has named
 *      full   whether payloads are shown whole
 */
export function decodeFrame(frame: Frame, level: ProtocolLevel, full = false): PacketRecord {
	if (frame.headerSize > 0 && frame.received === frame.size) {
		try {
			return frame.kept.length < frame.size ? decodeLarge(frame, level) : decodeWhole(frame, level, full);
		} catch (error) {
			return malformed(frame, error instanceof Error ? error.message : String(error));
		}
	}
	// Five bytes without an end of the header are one length byte too many.
	if (frame.size > 0 || frame.kept.length < 5) return incomplete(frame);
	return malformed(frame, "the remaining length has more than four bytes");
}

function malformed(frame: Frame, error: string): PacketRecord {
	return { packet: "MALFORMED", size: frame.received, error, hex: hexOf(frame.kept) };
}

function incomplete(frame: Frame): PacketRecord {
	const name = PACKET_NAMES[(frame.kept[0] ?? 0) >> 4]!;
	const of = frame.size > 0 ? ` of ${frame.size}` : "";
	const error = `${name} ended after ${frame.received}${of} bytes`;
	return { packet: "INCOMPLETE", size: frame.received, error, hex: hexOf(frame.kept) };
}

function decodeWhole(frame: Frame, level: ProtocolLevel, full: boolean): PacketRecord {
	const found: Packet[] = [];
	let problem: unknown;
	const parser = mqttPacket.parser({ protocolVersion: level });
	parser.on("packet", (packet) => found.push(packet));
	parser.on("error", (error: unknown) => (problem = error));
	parser.parse(Buffer.from(frame.kept.buffer, frame.kept.byteOffset, frame.kept.length));
	if (problem) throw problem;
	const packet = found[0];
	// The package reads a field beyond the end as -1.
	if (!packet || packet.messageId === -1) throw new Error("the packet is shorter than its fields");
	const exact = level < 5 ? EXACT_SIZES[packet.cmd] : undefined;
	if (exact !== undefined && frame.size !== exact)
		throw new Error(`${packet.cmd} of ${frame.size} bytes, not ${exact}`);
	return describePacket(packet, frame, level, full);
}

/** A PUBLISH of which only the beginning was kept; no other packet of this size has a meaning that fits a line. */
function decodeLarge(frame: Frame, level: ProtocolLevel): PacketRecord {
	const { kept, headerSize, size } = frame;
	const first = kept[0]!;
	if (first >> 4 !== PUBLISH) return { packet: PACKET_NAMES[first >> 4]!, size };
	const qos = (first >> 1) & 3;
	if (qos === 3) throw new Error("Packet must not have both QoS bits set to 1");
	const bytes = Buffer.from(kept.buffer, kept.byteOffset, kept.length);
	let offset = headerSize + 2 + bytes.readUInt16BE(headerSize);
	const topic = bytes.toString("utf8", headerSize + 2, offset);
	const packetId = qos > 0 ? bytes.readUInt16BE(offset) : undefined;
	if (qos > 0) offset += 2;
	if (level === 5) offset += sizeOfProperties(bytes, offset);
	return {
		packet: "PUBLISH",
		size,
		topic,
		qos,
		dup: (first & 8) !== 0,
		retain: (first & 1) !== 0,
		...(packetId !== undefined && { packetId }),
		...payloadRecord(bytes.subarray(offset), size - offset),
	};
}

/** Bytes of the properties of an MQTT 5.0 packet, their length field included. */
function sizeOfProperties(bytes: Buffer, offset: number): number {
	let length = 0;
	for (let index = 0; index < 4; index++) {
		const byte = bytes.readUInt8(offset + index);
		length += (byte & 0x7f) * 128 ** index;
		if (byte < 0x80) return index + 1 + length;
	}
	throw new Error("the length of the properties has more than four bytes");
}

function describePacket(packet: Packet, frame: Frame, level: ProtocolLevel, full: boolean): PacketRecord {
	const record: PacketRecord = { packet: packet.cmd.toUpperCase(), size: frame.size };
	if (typeof packet.messageId === "number") record.packetId = packet.messageId;
	switch (packet.cmd) {
		case "connect":
			return { ...record, ...describeConnect(packet, full) };
		case "connack": {
			const code = packet.returnCode ?? packet.reasonCode ?? 0;
			const reason = level === 5 ? reasonCodeName(code) : returnCodeName(code);
			return { ...record, sessionPresent: packet.sessionPresent, code, reason };
		}
		case "publish": {
			const { topic, qos, dup, retain } = packet;
			const payload = Buffer.from(packet.payload);
			return { ...record, topic, qos, dup, retain, ...payloadRecord(payload, payload.length, full) };
		}
		case "subscribe":
			return { ...record, filters: packet.subscriptions.map(({ topic, qos }) => ({ filter: topic, qos })) };
		case "unsubscribe":
			return { ...record, filters: packet.unsubscriptions.map((filter) => ({ filter })) };
		case "suback":
		case "unsuback":
			return { ...record, ...(packet.granted && { granted: packet.granted.map(Number) }) };
		case "pingreq":
		case "pingresp":
			return record;
		default: {
			const code = packet.reasonCode;
			return code === undefined ? record : { ...record, code, reason: reasonCodeName(code) };
		}
	}
}

function describeConnect(packet: IConnectPacket, full: boolean): Partial<PacketRecord> {
	const { will } = packet;
	const payload = will && Buffer.from(will.payload);
	return {
		clientId: packet.clientId,
		protocol: PROTOCOLS[packet.protocolVersion ?? 4] ?? "unknown",
		clean: packet.clean ?? false,
		keepAlive: packet.keepalive ?? 0,
		...(packet.username !== undefined && { userName: packet.username }),
		...(packet.password !== undefined && { password: true }),
		...(will &&
			payload && {
				will: {
					topic: will.topic,
					qos: will.qos ?? 0,
					retain: will.retain ?? false,
					...payloadRecord(payload, payload.length, full),
				},
			}),
	};
}

/** The protocol level that a CONNECT record names, or undefined when it is none. */
export function levelOf(record: PacketRecord): ProtocolLevel | undefined {
	if (record.packet !== "CONNECT") return undefined;
	return record.protocol === "5.0" ? 5 : record.protocol === "3.1" ? 3 : 4;
}
