/**
 * What messages of a simulation are filled with: a mark that says which one it is, then text that follows from the mark,
 * so that any byte that is lost, doubled or taken from elsewhere shows. A message without payload carries the mark in
 * its topic name.
 */
const SEMICOLON = 0x3b;
const ZERO = 0x30;
const LOWER_A = 97;
const ALPHABET = 26;

/** Who has sent it: "c" the device, "s" the server. */
export type Origin = "c" | "s";

/** Bytes that a payload has at least, unless it is empty. */
export function markSize(serial: number): number {
	return String(serial).length + 2;
}

/** The byte of a payload at `index`. */
export function contentByte(origin: Origin, serial: number, index: number): number {
	const mark = `${origin}${serial};`;
	return index < mark.length ? mark.charCodeAt(index) : LOWER_A + ((serial + index) % ALPHABET);
}

/** A payload of `size` bytes: 0, or markSize and more. */
export function makeContent(origin: Origin, serial: number, size: number): Uint8Array {
	const bytes = new Uint8Array(size);
	const mark = `${origin}${serial};`;
	for (let i = 0; i < size; i++) {
		bytes[i] = i < mark.length ? mark.charCodeAt(i) : LOWER_A + ((serial + i) % ALPHABET);
	}
	return bytes;
}

/** The topic name of an empty message. */
export function emptyTopic(topic: string, origin: Origin, serial: number): string {
	return `${topic}${origin}${serial}`;
}

/** The serial number of a message; -1 when nothing says it. */
export function serialOf(origin: Origin, topic: string, payload: Uint8Array): number {
	if (payload.length === 0) {
		const at = topic.lastIndexOf(origin);
		return at < 0 || !/^\d+$/.test(topic.slice(at + 1)) ? -1 : Number(topic.slice(at + 1));
	}
	if (payload[0] !== origin.charCodeAt(0)) return -1;
	let serial = 0;
	for (let i = 1; i < payload.length; i++) {
		const byte = payload[i]!;
		if (byte === SEMICOLON) return i > 1 ? serial : -1;
		if (byte < ZERO || byte > ZERO + 9) return -1;
		serial = serial * 10 + byte - ZERO;
	}
	return -1;
}

/** Whether bytes that start at `offset` of a payload are those of this message. */
export function isContent(origin: Origin, serial: number, offset: number, bytes: Uint8Array): boolean {
	const mark = offset < 16 ? `${origin}${serial};` : "";
	for (let i = 0; i < bytes.length; i++) {
		const index = offset + i;
		const wanted = index < mark.length ? mark.charCodeAt(index) : LOWER_A + ((serial + index) % ALPHABET);
		if (bytes[i] !== wanted) return false;
	}
	return true;
}
