/**
 * Text and bytes as XS converts them, which is not quite as Node does. XS keeps text as UTF-8 inside and hands out what
 * it keeps: a lone surrogate as three bytes, U+0000 as C0 80. In the other direction it checks only how many bytes belong
 * to a character, and stops at a zero byte. A client that leaves UTF-8 checks to these calls passes on Node's own
 * converters and fails on a device, so the stand-ins do the same.
 */

/** `ArrayBuffer.fromString`: the bytes that XS keeps for a text. */
export function encodeText(text: string): ArrayBuffer {
	// Three bytes suffice for each UTF-16 unit: a pair of surrogates makes four.
	const bytes = new Uint8Array(text.length * 3);
	let size = 0;
	for (const character of text) {
		const code = character.codePointAt(0)!;
		if (code > 0 && code < 0x80) {
			bytes[size++] = code;
			continue;
		}
		const tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
		bytes[size++] = (tails === 1 ? 0xc0 : tails === 2 ? 0xe0 : 0xf0) | (code >> (6 * tails));
		for (let tail = tails - 1; tail >= 0; tail--) bytes[size++] = 0x80 | ((code >> (6 * tail)) & 0x3f);
	}
	return bytes.buffer.slice(0, size);
}

/**
 * `String.fromArrayBuffer`: the text of UTF-8 bytes, up to the first zero byte.
 *
 * in   buffer          an ArrayBuffer, not a view
 *      offset, length  the part of it; all of it unless told
 *
 * Throws TypeError for anything but an ArrayBuffer and for bytes that are no UTF-8, RangeError outside of the buffer.
 */
export function decodeText(buffer: ArrayBuffer, offset = 0, length?: number): string {
	if (!(buffer instanceof ArrayBuffer)) throw new TypeError("argument is no ArrayBuffer instance");
	if (offset < 0 || offset > buffer.byteLength) throw new RangeError(`out of range byteOffset ${offset}`);
	const size = length ?? buffer.byteLength - offset;
	if (size < 0 || offset + size > buffer.byteLength) throw new RangeError(`out of range byteLength ${size}`);
	const bytes = new Uint8Array(buffer, offset, size);
	let text = "";
	let index = 0;
	while (index < size && bytes[index] !== 0) {
		const first = bytes[index++]!;
		const tails = tailsOf(first);
		if (tails < 0 || index + tails > size) throw new TypeError("invalid UTF-8");
		let code = tails === 0 ? first : first & (0x3f >> tails);
		for (let tail = 0; tail < tails; tail++) {
			const byte = bytes[index++]!;
			if ((byte & 0xc0) !== 0x80) throw new TypeError("invalid UTF-8");
			code = (code << 6) | (byte & 0x3f);
		}
		text += code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
	}
	return text;
}

/** Bytes that follow the first one, or -1 when no character begins so. */
function tailsOf(first: number): number {
	if (first < 0x80) return 0;
	if ((first & 0xe0) === 0xc0) return 1;
	if ((first & 0xf0) === 0xe0) return 2;
	return (first & 0xf0) === 0xf0 ? 3 : -1;
}
