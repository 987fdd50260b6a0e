/** Bytes of a hex string; blanks are allowed. */
export function bytesOf(hex: string): Uint8Array {
	return Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ""), "hex"));
}

/** Hex of bytes, without blanks. */
export function hexOf(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}

/** A PUBLISH as a server would send it, as hex. */
export function publishHex(topic: string, payload: string | Uint8Array, qos = 0, packetId = 1, flags = 0): string {
	const name = Buffer.from(topic);
	const body = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
	const head = Buffer.alloc(2 + name.length + (qos ? 2 : 0));
	head.writeUInt16BE(name.length, 0);
	name.copy(head, 2);
	if (qos) head.writeUInt16BE(packetId, 2 + name.length);
	return Buffer.concat([
		Buffer.from([0x30 | flags | (qos << 1)]),
		varint(head.length + body.length),
		head,
		body,
	]).toString("hex");
}

/** An ack as hex: `first` is its first byte. */
export function ackHex(first: number, packetId: number): string {
	return Buffer.from([first, 2, packetId >> 8, packetId & 255]).toString("hex");
}

function varint(value: number): Buffer {
	const bytes: number[] = [];
	do {
		bytes.push((value % 128) + (value > 127 ? 128 : 0));
		value = Math.floor(value / 128);
	} while (value > 0);
	return Buffer.from(bytes);
}
