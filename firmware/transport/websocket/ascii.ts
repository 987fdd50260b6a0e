/**
 * Text of requests: visible ASCII from strings to bytes without an intermediate object. A string method called the usual way
 * makes a wrapper object on XS; uncurried once, it makes none.
 */

/** charCodeAt(text, index); NaN past the end. */
export const charCodeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as unknown as (
	text: string,
	index: number,
) => number;

/**
 * Writes a string that is known to be ASCII. Hot: no allocation.
 *
 * in   at, limit  where to, and where the room ends; beyond it: an earlier one has not fitted
 * out  one past the last byte; more than `limit` when it does not fit
 */
export function putText(bytes: Uint8Array, at: number, limit: number, text: string): number {
	for (let i = 0; ; i++) {
		const code = charCodeAt(text, i);
		if (code !== code) return at;
		if (at >= limit) return limit + 1;
		bytes[at++] = code;
	}
}

/** Writes a number, 0 … 99,999, in decimal digits. As putText. Hot: no allocation. */
export function putNumber(bytes: Uint8Array, at: number, limit: number, value: number): number {
	let unit = 1;
	while (unit * 10 <= value) unit *= 10;
	for (; unit >= 1; unit = (unit / 10) | 0) {
		if (at >= limit) return limit + 1;
		bytes[at++] = 0x30 + (((value / unit) | 0) % 10);
	}
	return at;
}

/** The character of base64 for six bits (RFC 4648 §4). Hot: no allocation. */
function digitOf(bits: number): number {
	if (bits < 26) return 65 + bits;
	if (bits < 52) return 71 + bits;
	if (bits < 62) return bits - 4;
	return bits === 62 ? 0x2b : 0x2f;
}

/**
 * Writes bytes as base64, with padding. Hot: no allocation.
 *
 * in   from, size  the bytes
 *      to          where to, with room for 4 characters for each 3 bytes or part of them
 * out  one past the last character
 */
export function putBase64(bytes: Uint8Array, from: number, size: number, to: number): number {
	for (const limit = from + size; from < limit; from += 3) {
		const left = limit - from;
		let bits = bytes[from]! << 16;
		if (left > 1) bits |= bytes[from + 1]! << 8;
		if (left > 2) bits |= bytes[from + 2]!;
		bytes[to++] = digitOf(bits >> 18);
		bytes[to++] = digitOf((bits >> 12) & 63);
		bytes[to++] = left > 1 ? digitOf((bits >> 6) & 63) : 0x3d;
		bytes[to++] = left > 2 ? digitOf(bits & 63) : 0x3d;
	}
	return to;
}
