/** Topic names as they come, and such as may not come. */
const TOPICS = [
	...["a", "in/1", "big", "a/b", "in/x", "$SYS/x", "f/0", "é/世", "\u{1f600}", "a/", "/", "//"],
	...["a/+", "#", "a\0b", "", "in/+"],
].map((text) => Uint8Array.from(Buffer.from(text)));

/** First bytes of what a server sends, and how long the rest is; PUBLISH and SUBACK are made below. */
const FIXED: readonly (readonly number[])[] = [
	[0x20, 2],
	[0x40, 2],
	[0x50, 2],
	[0x62, 2],
	[0x70, 2],
	[0xb0, 2],
	[0xd0, 0],
];

/** Room that writeServerPacket may need. */
export const PACKET_ROOM = 48;

/**
 * Writes a packet as a server sends it, right in all but a few fields.
 *
 * in   below     random numbers
 *      packetId  an identifier to use, or to leave for one at random
 * out  one past its last byte
 */
export function writeServerPacket(
	buffer: Uint8Array,
	at: number,
	below: (bound: number) => number,
	packetId = 1 + below(4),
): number {
	const kind = below(14);
	if (kind >= 8) return writePublish(buffer, at, below, packetId);
	if (kind === 7) return writeSuback(buffer, at, below, packetId);
	const [firstByte = 0, length = 0] = FIXED[kind]!;
	buffer[at] = firstByte;
	buffer[at + 1] = length;
	if (length === 2) {
		const value = firstByte === 0x20 ? (below(2) << 8) | (below(4) === 0 ? below(6) : 0) : packetId;
		buffer[at + 2] = value >> 8;
		buffer[at + 3] = value & 255;
	}
	return at + 2 + length;
}

function writePublish(buffer: Uint8Array, at: number, below: (bound: number) => number, packetId: number): number {
	const qos = below(3);
	const topic = TOPICS[below(below(3) === 0 ? TOPICS.length : 6)]!;
	const payloadSize = below(12);
	buffer[at] = 0x30 | (qos << 1) | below(2) | (qos > 0 && below(3) === 0 ? 8 : 0);
	buffer[at + 1] = 2 + topic.length + (qos > 0 ? 2 : 0) + payloadSize;
	buffer[at + 2] = 0;
	buffer[at + 3] = topic.length;
	buffer.set(topic, at + 4);
	let end = at + 4 + topic.length;
	if (qos > 0) {
		buffer[end++] = packetId >> 8;
		buffer[end++] = packetId & 255;
	}
	for (let i = 0; i < payloadSize; i++) buffer[end++] = 0x61 + i;
	return end;
}

function writeSuback(buffer: Uint8Array, at: number, below: (bound: number) => number, packetId: number): number {
	const count = 1 + below(3);
	buffer[at] = 0x90;
	buffer[at + 1] = 2 + count;
	buffer[at + 2] = packetId >> 8;
	buffer[at + 3] = packetId & 255;
	for (let i = 0; i < count; i++) buffer[at + 4 + i] = below(8) === 0 ? 0x80 : below(3);
	return at + 4 + count;
}

/** Room that writeLargePublish may need. */
export const LARGE_ROOM = 1_024;

/** As writeServerPacket, for a PUBLISH of 20 … 980 bytes of payload. */
export function writeLargePublish(buffer: Uint8Array, below: (bound: number) => number, packetId: number): number {
	const qos = below(3);
	const topic = TOPICS[below(3)]!;
	const payloadSize = 20 + below(16) * 64;
	const remaining = 2 + topic.length + (qos > 0 ? 2 : 0) + payloadSize;
	buffer[0] = 0x30 | (qos << 1) | (qos > 0 && below(3) === 0 ? 8 : 0);
	let at = 1;
	if (remaining > 127) buffer[at++] = 128 | (remaining & 127);
	buffer[at++] = remaining > 127 ? remaining >> 7 : remaining;
	buffer[at++] = 0;
	buffer[at++] = topic.length;
	buffer.set(topic, at);
	at += topic.length;
	if (qos > 0) {
		buffer[at++] = packetId >> 8;
		buffer[at++] = packetId & 255;
	}
	for (let i = 0; i < payloadSize; i++) buffer[at + i] = (i * 5) & 255;
	return at + payloadSize;
}
