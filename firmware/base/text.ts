/**
 * JavaScript strings to UTF-8 without an intermediate object.
 *
 * A string method called the usual way makes a wrapper object on XS (2 slots); uncurried once, it makes none. The walk
 * is quadratic there, because XS strings are UTF-8 and an index is found by scanning: fine for topics, not for payloads
 * of kilobytes.
 */

/** charCodeAt(text, index); NaN past the end. */
const charCodeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as unknown as (
	text: string,
	index: number,
) => number;

/** What `sizeOfText` and `writeText` return for a string that UTF-8 cannot hold. */
export const enum TextCode {
	ILL_FORMED = -1,
}

const enum Surrogate {
	HIGH_MIN = 0xd800,
	LOW_MIN = 0xdc00,
	MAX = 0xdfff,
}

/**
 * Reads the code point at `index`. Devices count code points, desktop engines count UTF-16 units; two halves joined
 * with `+` stay two units on a device. So both forms are accepted everywhere. Hot: no allocation.
 *
 * out  the code point; -1 for a lone surrogate; NaN past the end
 */
function codePointAt(text: string, index: number): number {
	const code = charCodeAt(text, index);
	if (code < Surrogate.HIGH_MIN || code > Surrogate.MAX || code !== code) return code;
	if (code >= Surrogate.LOW_MIN) return TextCode.ILL_FORMED;
	const low = charCodeAt(text, index + 1);
	if (!(low >= Surrogate.LOW_MIN && low <= Surrogate.MAX)) return TextCode.ILL_FORMED;
	return 0x10000 + ((code - Surrogate.HIGH_MIN) << 10) + (low - Surrogate.LOW_MIN);
}

/**
 * Size of a string in UTF-8, in bytes. Hot: no allocation.
 *
 * TextCode.ILL_FORMED  the string holds a lone surrogate
 */
export function sizeOfText(text: string): number {
	let size = 0;
	for (let i = 0; ; i++) {
		const code = charCodeAt(text, i);
		if (code !== code) return size;
		if (code < 0x80) size += 1;
		else if (code < 0x800) size += 2;
		else if (code >= Surrogate.HIGH_MIN && code <= Surrogate.MAX) {
			if (codePointAt(text, i) < 0) return TextCode.ILL_FORMED;
			size += 4;
			i++;
		} else size += code < 0x10000 ? 3 : 4;
	}
}

/**
 * Writes a string as UTF-8. Hot: no allocation.
 *
 * in   bytes, offset  where to; the caller has made sure that sizeOfText(text) bytes fit
 * out  one past the last byte written
 */
export function writeText(bytes: Uint8Array, offset: number, text: string): number {
	for (let i = 0; ; i++) {
		const code = codePointAt(text, i);
		if (code !== code) return offset;
		if (code < 0x80) {
			bytes[offset++] = code;
		} else if (code < 0x800) {
			bytes[offset++] = 0xc0 | (code >> 6);
			bytes[offset++] = 0x80 | (code & 0x3f);
		} else if (code < 0x10000) {
			bytes[offset++] = 0xe0 | (code >> 12);
			bytes[offset++] = 0x80 | ((code >> 6) & 0x3f);
			bytes[offset++] = 0x80 | (code & 0x3f);
		} else {
			bytes[offset++] = 0xf0 | (code >> 18);
			bytes[offset++] = 0x80 | ((code >> 12) & 0x3f);
			bytes[offset++] = 0x80 | ((code >> 6) & 0x3f);
			bytes[offset++] = 0x80 | (code & 0x3f);
			// Where strings are UTF-16, the pair took two units.
			if (charCodeAt(text, i) < 0x10000) i++;
		}
	}
}

/**
 * Whether bytes are the UTF-8 of a string. Hot: no allocation.
 *
 * in   bytes, offset, limit  well-formed UTF-8
 *      text                  any string; one with a lone surrogate equals nothing
 */
export function equalsText(bytes: Uint8Array, offset: number, limit: number, text: string): boolean {
	for (let i = 0; ; i++) {
		const code = codePointAt(text, i);
		if (code !== code) return offset === limit;
		if (code < 0 || offset >= limit) return false;
		const first = bytes[offset++]!;
		if (code < 0x80) {
			if (first !== code) return false;
			continue;
		}
		// Rebuild the code point; the bytes are known to be well-formed.
		let value = first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 0x07;
		while (offset < limit && (bytes[offset]! & 0xc0) === 0x80) value = (value << 6) | (bytes[offset++]! & 0x3f);
		if (value !== code) return false;
		if (code >= 0x10000 && charCodeAt(text, i) < 0x10000) i++;
	}
}
