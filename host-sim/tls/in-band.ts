/**
 * How a stand-in of TLS on the device and the world speak to each other on the connection itself. TLS ends in the
 * simulator's process; between it and the device go, instead of records:
 *
 *     device ─▶ world   preamble: magic, size, items (who is asked for, what is trusted); then plain bytes as they are
 *     world ─▶ device   frames all the time: kind, size in two bytes, body
 *
 * A frame says DATA, that the handshake is DONE (in words), or that it or the connection FAILED (a reason and its detail),
 * behind which the connection ends. The enums are all that a stand-in takes from here: the compiler writes them in place.
 */

/** The preamble's form. Its first byte begins neither a packet of MQTT nor a request of HTTP. */
export const enum Preamble {
	/** "\0xs-" */
	MAGIC_HIGH = 0x0078_732d,
	/** "tls" and the version of this form */
	MAGIC_LOW = 0x746c_7301,
	/** The magic, and the size of all items in four bytes. */
	HEAD_SIZE = 12,
	/** Of an item: what it is, and its size in three bytes. */
	ITEM_HEAD_SIZE = 4,
	/** All items together, at most. */
	SIZE_MAX = 262_144,
}

/** What an item of the preamble is. Some may come several times, in their order. */
export const enum SecureItem {
	/** Two bytes: flags, and 0. */
	FLAGS = 1,
	/** Host of the attempt, as the program names it. */
	HOST = 2,
	SERVER_NAME = 3,
	ALPN = 4,
	/** PEM or DER, as the program gives it; the next two likewise. */
	CA = 5,
	CERTIFICATE = 6,
	KEY = 7,
}

/** Bits of the flags. */
export const enum SecureFlag {
	VERIFY = 1,
	RSA_KEY_EXCHANGE = 2,
}

/** What a frame from the world is. */
export const enum FrameKind {
	/** Nothing has come yet. */
	NONE = 0,
	/** Decrypted bytes. */
	DATA = 0xd1,
	/** The handshake is done: protocol, suite and ALPN as text. */
	DONE = 0xd2,
	/** It is over: a value of Reason, and its detail in two bytes. */
	FAILED = 0xd3,
}

/** Sizes of frames. */
export const enum FrameSize {
	HEAD = 3,
	BODY_MAX = 0xffff,
}

/** A program's `ca` that stands for all that this machine trusts: a list of hundreds is nothing to give to a device. */
export const enum Trusted {
	SYSTEM = "what this machine trusts",
}

/** What a device wants of a handshake. */
export interface SecureRequest {
	host: string;
	/** For SNI and the check of names; empty: the host. */
	serverName: string;
	alpn: string[];
	verify: boolean;
	rsaKeyExchange: boolean;
	/** PEM or DER. */
	ca: Buffer[];
	certificate: Buffer[];
	key: Buffer | undefined;
}

/** One frame to the device. in: body  at most FrameSize.BODY_MAX bytes */
export function frame(kind: FrameKind, body: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(FrameSize.HEAD + body.length);
	bytes.set([kind, body.length >> 8, body.length & 0xff]);
	bytes.set(body, FrameSize.HEAD);
	return bytes;
}

/** The frame that tells an end. */
export function failedFrame(reason: number, detail: number): Uint8Array {
	return frame(FrameKind.FAILED, Uint8Array.of(reason, detail >> 8, detail & 0xff));
}

/**
 * Looks for a preamble at the start of what a device sends. What does not begin with one passes at once and as it is.
 */
export class PreambleReader {
	/** What was asked for, once all of it is there. */
	request: SecureRequest | undefined;
	/** undefined: plain bytes follow. */
	#held: Buffer | undefined = Buffer.alloc(0);

	/** Takes what was sent. out: bytes that belong to no preamble, as often as not all of them */
	take(bytes: Uint8Array): Uint8Array {
		if (this.#held === undefined || bytes.length === 0) return bytes;
		const held = Buffer.concat([this.#held, bytes]);
		const size = sizeOf(held);
		if (size === undefined) {
			this.#held = undefined;
			return held;
		}
		if (held.length < size) {
			this.#held = held;
			return held.subarray(held.length);
		}
		this.#held = undefined;
		this.request = requestOf(held.subarray(Preamble.HEAD_SIZE, size));
		return held.subarray(size);
	}
}

/** Bytes that a preamble has in all, as far as it can be known; undefined when this is none. */
function sizeOf(bytes: Buffer): number | undefined {
	const magic = Buffer.alloc(Preamble.HEAD_SIZE - 4);
	magic.writeUInt32BE(Preamble.MAGIC_HIGH, 0);
	magic.writeUInt32BE(Preamble.MAGIC_LOW, 4);
	const known = Math.min(bytes.length, magic.length);
	if (bytes.compare(magic, 0, known, 0, known) !== 0) return undefined;
	if (bytes.length < Preamble.HEAD_SIZE) return Preamble.HEAD_SIZE;
	const size = bytes.readUInt32BE(magic.length);
	return size > Preamble.SIZE_MAX ? undefined : Preamble.HEAD_SIZE + size;
}

function requestOf(items: Buffer): SecureRequest {
	const request: SecureRequest = {
		host: "",
		serverName: "",
		alpn: [],
		verify: true,
		rsaKeyExchange: false,
		ca: [],
		certificate: [],
		key: undefined,
	};
	for (let offset = 0; offset + Preamble.ITEM_HEAD_SIZE <= items.length;) {
		const start = offset + Preamble.ITEM_HEAD_SIZE;
		const end = start + items.readUIntBE(offset + 1, 3);
		takeItem(request, items[offset] as SecureItem, items.subarray(start, end));
		offset = end;
	}
	return request;
}

function takeItem(request: SecureRequest, item: SecureItem, body: Buffer): void {
	switch (item) {
		case SecureItem.FLAGS:
			request.verify = (body[0]! & SecureFlag.VERIFY) !== 0;
			request.rsaKeyExchange = (body[0]! & SecureFlag.RSA_KEY_EXCHANGE) !== 0;
			return;
		case SecureItem.HOST:
			request.host = body.toString();
			return;
		case SecureItem.SERVER_NAME:
			request.serverName = body.toString();
			return;
		case SecureItem.ALPN:
			request.alpn.push(body.toString());
			return;
		case SecureItem.CA:
			request.ca.push(body);
			return;
		case SecureItem.CERTIFICATE:
			request.certificate.push(body);
			return;
		case SecureItem.KEY:
			request.key = body;
	}
}
