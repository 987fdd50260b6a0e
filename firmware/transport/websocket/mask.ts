/**
 * Masks (RFC 6455 §5.3): a frame's payload is xored with four bytes, over and over. Word by word, because each element of a
 * typed array is a dear thing on XS, and four bytes cost no more than one; straight on, because the count of a loop would
 * cost as much again. Words behind the payload are masked as well, up to the end of a block of eight: nobody sees them.
 */

/**
 * Masks what a payload of 5 … 125 bytes has behind its first word, which is word 2. Hot: no allocation.
 *
 * in   w      words of the region; Own.OUT_MIN bytes of them
 *      m      the mask, as the words have it
 *      count  bytes of the payload
 */
export function maskRest(w: Int32Array, m: number, count: number): void {
	w[3]! ^= m;
	w[4]! ^= m;
	w[5]! ^= m;
	w[6]! ^= m;
	w[7]! ^= m;
	w[8]! ^= m;
	w[9]! ^= m;
	if (count < 33) return;
	w[10]! ^= m;
	w[11]! ^= m;
	w[12]! ^= m;
	w[13]! ^= m;
	w[14]! ^= m;
	w[15]! ^= m;
	w[16]! ^= m;
	w[17]! ^= m;
	if (count < 65) return;
	w[18]! ^= m;
	w[19]! ^= m;
	w[20]! ^= m;
	w[21]! ^= m;
	w[22]! ^= m;
	w[23]! ^= m;
	w[24]! ^= m;
	if (count < 93) return;
	w[25]! ^= m;
	w[26]! ^= m;
	w[27]! ^= m;
	w[28]! ^= m;
	w[29]! ^= m;
	w[30]! ^= m;
	w[31]! ^= m;
	w[32]! ^= m;
	w[33]! ^= m;
}

/** Masks so many words from one on. Hot: no allocation. */
export function maskWords(w: Int32Array, m: number, from: number, to: number): void {
	for (; from < to; from++) w[from]! ^= m;
}
