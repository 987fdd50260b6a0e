// Read MQTT 3.1.1 §1.5.3 before changing this file.

/** First bytes of the characters that take more than one. */
const enum First {
	TWO_MIN = 0xc2,
	THREE_MIN = 0xe0,
	FOUR_MIN = 0xf0,
	FOUR_MAX = 0xf4,
}

/**
 * How many bytes the character takes that starts at `offset`, a byte of 0x80 or more.
 *
 * out  2 … 4; 0 when it runs past `limit` and is right so far; -1 when it is ill-formed: a stray continuation, an
 *      overlong form, a surrogate, above U+10FFFF
 *
 * Hot: no allocation.
 */
function sizeOfCharacter(bytes: Uint8Array, offset: number, limit: number): number {
	const first = bytes[offset]!;
	if (first < First.TWO_MIN || first > First.FOUR_MAX) return -1;
	if (offset + 1 === limit) return 0;
	const second = bytes[offset + 1]!;
	if ((second & 0xc0) !== 0x80) return -1;
	if (first < First.THREE_MIN) return 2;
	if (first === 0xe0 ? second < 0xa0 : first === 0xed && second > 0x9f) return -1;
	if (first === 0xf0 ? second < 0x90 : first === First.FOUR_MAX && second > 0x8f) return -1;
	if (offset + 2 === limit) return 0;
	if ((bytes[offset + 2]! & 0xc0) !== 0x80) return -1;
	if (first < First.FOUR_MIN) return 3;
	if (offset + 3 === limit) return 0;
	return (bytes[offset + 3]! & 0xc0) === 0x80 ? 4 : -1;
}

/**
 * Checks bytes of a Topic Name: well-formed UTF-8 [MQTT-1.5.3-1], no U+0000 [MQTT-1.5.3-2], no wildcard
 * [MQTT-3.3.2-2]. Hot: no allocation.
 *
 * in   bytes, offset, limit  the bytes; they may end inside a character
 * out  one past the last whole character, `limit` when the last is whole; -1 when a check fails
 */
export function checkTopicName(bytes: Uint8Array, offset: number, limit: number): number {
	while (offset < limit) {
		const byte = bytes[offset]!;
		// Everything above "+" in ASCII is allowed: one comparison for letters, digits and "/".
		if (byte > 0x2b) {
			if (byte < 0x80) {
				offset++;
				continue;
			}
			const size = sizeOfCharacter(bytes, offset, limit);
			if (size <= 0) return size < 0 ? -1 : offset;
			offset += size;
		} else {
			if (byte === 0x2b || byte === 0x23 || byte === 0) return -1;
			offset++;
		}
	}
	return limit;
}

/** Bytes of a word that are looked at together. */
const enum Word {
	/** One in each byte: subtracted, it sets the top bit of a byte that was 0 (and of others only above one that was). */
	ONES = 0x01010101,
	/** The top bit of each byte. */
	TOPS = ~0x7f7f7f7f,
	/** All but the bit in which "+" and "#" differ. */
	WILDCARD_MASK = ~0x08080808,
	/** "#" in each byte. */
	WILDCARDS = 0x23232323,
}

/**
 * Checks a whole Topic Name: see checkTopicName. From a whole word on, four bytes of ASCII are looked at together, which
 * takes a third of the instructions; from the first word with anything else in it, byte by byte. Hot: no allocation.
 *
 * in   words  the same memory as `bytes`, from its start
 */
export function isTopicName(bytes: Uint8Array, words: Int32Array, offset: number, limit: number): boolean {
	if ((offset & 3) === 0) {
		while (offset + 4 <= limit) {
			const word = words[offset >> 2]!;
			// A word below 0 has a byte above ASCII; the differences of all others stay within 32 bits.
			if (word < 0) break;
			const wildcards = (word & Word.WILDCARD_MASK) ^ Word.WILDCARDS;
			if (((word - Word.ONES) | (wildcards - Word.ONES) | word) & Word.TOPS) break;
			offset += 4;
		}
	}
	return checkTopicName(bytes, offset, limit) === limit;
}

/**
 * Checks a whole UTF-8 encoded string (§1.5.3): well-formed, no U+0000.
 *
 * out  true when both hold
 *
 * Hot: no allocation.
 */
export function isUtf8(bytes: Uint8Array, offset: number, limit: number): boolean {
	while (offset < limit) {
		const byte = bytes[offset]!;
		if (byte === 0) return false;
		if (byte < 0x80) {
			offset++;
			continue;
		}
		const size = sizeOfCharacter(bytes, offset, limit);
		if (size <= 0) return false;
		offset += size;
	}
	return true;
}
