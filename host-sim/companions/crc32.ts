/** CRC-32 of the bytes as in zip and Ethernet, 0 … 2^32 - 1. Node has one of its own only from version 22 on. */
export function crc32(bytes: Uint8Array): number {
	let crc = ~0;
	for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
	return ~crc >>> 0;
}

const TABLE = Int32Array.from({ length: 256 }, (_, index) => {
	let value = index;
	for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
	return value;
});
