/** Writes DER (X.690): what certificates are made of. Arguments are the contents; each function returns a whole element. */

const enum Tag {
	BOOLEAN = 0x01,
	INTEGER = 0x02,
	BIT_STRING = 0x03,
	OCTET_STRING = 0x04,
	NULL = 0x05,
	OBJECT_IDENTIFIER = 0x06,
	UTF8_STRING = 0x0c,
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
	SEQUENCE = 0x30,
	SET = 0x31,
}

/** From this year on a time has four digits (RFC 5280 §4.1.2.5). */
const GENERALIZED_YEAR = 2050;

/** One element of any tag. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
	const content = Buffer.concat(contents);
	const size = content.length;
	const head = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
	return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => element(Tag.SEQUENCE, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => element(Tag.SET, ...contents);
export const octets = (...contents: readonly Uint8Array[]): Buffer => element(Tag.OCTET_STRING, ...contents);
export const text = (value: string): Buffer => element(Tag.UTF8_STRING, Buffer.from(value));
export const yes = (): Buffer => element(Tag.BOOLEAN, Buffer.from([0xff]));
export const nothing = (): Buffer => element(Tag.NULL);

/** A positive integer, big-endian, of which the highest bit is clear or gets a zero before it. */
export function integer(bytes: Uint8Array): Buffer {
	return element(Tag.INTEGER, bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** Bits, of which the last `unused` of the last byte count for nothing. */
export function bits(bytes: Uint8Array, unused = 0): Buffer {
	return element(Tag.BIT_STRING, Buffer.from([unused]), bytes);
}

/** An object identifier in dots. */
export function identifier(dotted: string): Buffer {
	const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
	const bytes = [first * 40 + second];
	for (const arc of rest) {
		const digits = [arc & 0x7f];
		for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
		bytes.push(...digits);
	}
	return element(Tag.OBJECT_IDENTIFIER, Buffer.from(bytes));
}

/** A time in the form that certificates need for its year. */
export function time(date: Date): Buffer {
	const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
	if (date.getUTCFullYear() >= GENERALIZED_YEAR) return element(Tag.GENERALIZED_TIME, Buffer.from(digits));
	return element(Tag.UTC_TIME, Buffer.from(digits.slice(2)));
}
