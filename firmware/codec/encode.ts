// Read MQTT 3.1.1 §2 and §3 beside this file.
import { FirstByte, PublishFlag } from "./constants.js";

/**
 * Size of a Remaining Length field (§2.2.3). Hot: no allocation.
 *
 * in   value  0 … Max.REMAINING_LENGTH
 * out  1 … 4 bytes
 */
export function sizeOfVarint(value: number): number {
	return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}

/**
 * Writes a Remaining Length in its shortest form (§2.2.3). Hot: no allocation.
 *
 * in   bytes, offset  where to; sizeOfVarint(value) bytes have been made sure of
 * out  one past the last byte written
 */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
	while (value > 127) {
		bytes[offset++] = (value & 127) | 128;
		value >>= 7;
	}
	bytes[offset] = value;
	return offset + 1;
}

/** Writes a two-byte integer, high byte first (§1.5.2), and returns one past it. Hot: no allocation. */
export function writeUint16(bytes: Uint8Array, offset: number, value: number): number {
	bytes[offset] = value >> 8;
	bytes[offset + 1] = value & 0xff;
	return offset + 2;
}

/** Bytes of packets whose size is fixed. */
export const enum Size {
	/** PUBACK, PUBREC, PUBREL and PUBCOMP (§3.4 … §3.7). */
	ACK = 4,
}

/**
 * Writes PUBACK, PUBREC, PUBREL or PUBCOMP (§3.4 … §3.7). Hot: no allocation.
 *
 * in   bytes, offset  where to; Size.ACK bytes have been made sure of
 *      firstByte      FirstByte.PUBACK, PUBREC, PUBREL or PUBCOMP
 *      packetId       1 … 65535
 */
export function writeAck(bytes: Uint8Array, offset: number, firstByte: number, packetId: number): void {
	bytes[offset] = firstByte;
	bytes[offset + 1] = 2;
	bytes[offset + 2] = packetId >> 8;
	bytes[offset + 3] = packetId & 0xff;
}

/**
 * Bytes of a PUBLISH in front of its payload (§3.3). Hot: no allocation.
 *
 * in   fieldSize    size of the topic name with its length, 3 … 65537
 *      qos          0, 1, 2
 *      payloadSize  the Remaining Length must stay within Max.REMAINING_LENGTH: see remainingLengthOfPublish
 */
export function sizeOfPublishHead(fieldSize: number, qos: number, payloadSize: number): number {
	const middle = qos === 0 ? fieldSize : fieldSize + 2;
	return 1 + sizeOfVarint(middle + payloadSize) + middle;
}

/** Remaining Length of a PUBLISH; may exceed Max.REMAINING_LENGTH, which the caller refuses. Hot: no allocation. */
export function remainingLengthOfPublish(fieldSize: number, qos: number, payloadSize: number): number {
	return qos === 0 ? fieldSize + payloadSize : fieldSize + 2 + payloadSize;
}

/**
 * Writes a PUBLISH up to its payload (§3.3.1, §3.3.2), DUP 0. Hot: no allocation.
 *
 * in   bytes, offset  where to; sizeOfPublishHead bytes have been made sure of
 *      field          topic name as on the wire, checked; not a view of `bytes`
 *      qos            0, 1, 2
 *      retain         whether the server is to keep it
 *      packetId       1 … 65535; ignored at QoS 0 [MQTT-2.3.1-5]
 *      payloadSize    bytes that will follow
 * out  one past the last byte written: where the payload starts
 */
export function writePublishHead(
	bytes: Uint8Array,
	offset: number,
	field: Uint8Array,
	qos: number,
	retain: boolean | undefined,
	packetId: number,
	payloadSize: number,
): number {
	const fieldSize = field.length;
	bytes[offset] = FirstByte.PUBLISH | (qos << PublishFlag.QOS_SHIFT) | (retain ? PublishFlag.RETAIN : 0);
	let at = writeVarint(bytes, offset + 1, remainingLengthOfPublish(fieldSize, qos, payloadSize));
	bytes.set(field, at);
	at += fieldSize;
	if (qos === 0) return at;
	bytes[at] = packetId >> 8;
	bytes[at + 1] = packetId & 0xff;
	return at + 2;
}
