import type { Bytes } from "./options.js";

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const STRING = "string";

/** The same bytes, as bytes; of null, none. Allocates a view, unless it is one. Throws TypeError for anything else. */
export function bytesOf(data: Bytes | null | undefined): Uint8Array {
	if (data instanceof Uint8Array) return data;
	if (data === null || data === undefined) return new Uint8Array(0);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	throw new TypeError("not a buffer");
}

/** Text, which a program may give as UTF-8. Throws TypeError for anything else. */
export function textOf(text: string | Bytes): string {
	if (typeof text === STRING) return text as string;
	const bytes = bytesOf(text as Bytes);
	return String.fromArrayBuffer(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
