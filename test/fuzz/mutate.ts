import type { Random } from "../../host-sim/world/random.js";

/** Bytes that matter in MQTT: lengths and identifiers at their ends, QoS, separators, first bytes. */
const TELLING = Uint8Array.of(
	...[0x00, 0x01, 0x02, 0x03, 0x04, 0x7f, 0x80, 0x81, 0xff, 0x2f, 0x23, 0x2b, 0x61, 0xc0, 0xed, 0xf0],
	...[0x20, 0x30, 0x31, 0x32, 0x34, 0x3a, 0x3c, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xe0, 0x10],
);

/** The most that one mutation moves, repeats or takes out. */
const BLOCK_MAX = 24;

/**
 * Changes bytes at random: one to six times set, flip, add, insert, remove, repeat, overwrite by a piece of another
 * input, cut. Most changes are near the start, where the lengths are.
 *
 * in   buffer, size  the input; buffer.length is the most that it may become
 *      other         another input
 * out  the new size
 */
export function mutate(buffer: Uint8Array, size: number, other: Uint8Array, random: Random): number {
	let changes = 1 << random.below(3);
	while (changes-- > 0) size = change(buffer, size, other, random);
	return size;
}

function change(buffer: Uint8Array, size: number, other: Uint8Array, random: Random): number {
	const bits = random.next();
	const range = (bits & 0x100) === 0 ? Math.min(size, 12) : size;
	const at = random.below(range);
	const value = (bits & 0x200) === 0 ? TELLING[(bits >>> 16) & 31]! : (bits >>> 16) & 255;
	const block = 1 + random.below((bits & 0x400) === 0 ? 2 : BLOCK_MAX);
	switch (bits & 15) {
		case 0:
		case 1:
		case 2:
		case 3:
			if (at < size) buffer[at] = value;
			return size;
		case 4:
		case 5:
			if (at < size) buffer[at]! ^= 1 << ((bits >>> 16) & 7);
			return size;
		case 6:
		case 7:
			if (at < size) buffer[at]! += ((bits >>> 16) & 7) - 4;
			return size;
		case 8:
		case 9:
			return insert(buffer, size, at, [value], 0, 1);
		case 10:
		case 11: {
			const count = Math.min(block, size - at);
			buffer.copyWithin(at, at + count, size);
			return size - count;
		}
		case 12:
			// A piece of itself again, as packets that come twice.
			return insert(buffer, size, at, buffer.slice(0, size), random.below(size), block);
		case 13:
			return insert(buffer, size, at, other, random.below(other.length), block);
		case 14:
			for (let i = 0, from = random.below(other.length); i < block && at + i < size && from < other.length; i++)
				buffer[at + i] = other[from++]!;
			return size;
		default:
			return (bits & 0x800) === 0 ? at : join(buffer, size, other);
	}
}

function insert(
	buffer: Uint8Array,
	size: number,
	at: number,
	source: ArrayLike<number>,
	from: number,
	count: number,
): number {
	count = Math.max(0, Math.min(count, source.length - from, buffer.length - size));
	buffer.copyWithin(at + count, at, size);
	for (let i = 0; i < count; i++) buffer[at + i] = source[from + i]!;
	return size + count;
}

function join(buffer: Uint8Array, size: number, other: Uint8Array): number {
	const count = Math.min(other.length, buffer.length - size);
	for (let i = 0; i < count; i++) buffer[size + i] = other[i]!;
	return size + count;
}
