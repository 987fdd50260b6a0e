import type { TlsBytes } from "../../ports/tls-engine.js";
import { Der, sameBytes, Tag } from "./der.js";

/** What makes a device's files of those that everybody else has. */
const MEND = "npx xs-mqtt certificate --ca ca.pem --cert cert.pem --key key.pem --out certificates";
const RSA = Object.freeze([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]);
/** "-----BEGIN" */
const PEM = Object.freeze([0x2d, 0x2d, 0x2d, 0x2d, 0x2d, 0x42, 0x45, 0x47, 0x49, 0x4e]);

/** Throws: the option holds something else than a device can use. */
function refuse(option: string, what: string): never {
	throw new TypeError(`tls.${option}: ${what}; write ${MEND}`);
}

function startsWith(bytes: Uint8Array, offset: number, wanted: readonly number[]): boolean {
	for (let i = 0; i < wanted.length; i++) if (bytes[offset + i] !== wanted[i]) return false;
	return true;
}

/**
 * The bytes of an option, which is to be one element of DER. They are not copied.
 *
 * Throws TypeError that says what it looks like.
 */
function derOf(value: TlsBytes, option: string): Uint8Array {
	if (typeof value === "string") return refuse(option, "is text; a device takes DER, not PEM");
	const bytes = value instanceof Uint8Array ? value : new Uint8Array(value);
	if (startsWith(bytes, 0, PEM)) refuse(option, "is PEM; a device takes DER");
	if (bytes[0] !== (Tag.SEQUENCE as number)) refuse(option, "is not DER");
	const der = new Der(bytes, 0, bytes.length);
	try {
		der.next();
	} catch {
		refuse(option, `is cut: ${bytes.length} bytes are not all of it`);
	}
	if (der.more) refuse(option, `has ${bytes.length - der.end} bytes behind its end`);
	return bytes;
}

/** Tags of the first two elements within; -1 for one that is not there. */
function shapeOf(bytes: Uint8Array): [first: number, second: number] {
	const inner = new Der(bytes, 0, bytes.length).next().enter();
	try {
		return [inner.next().tag, inner.peek];
	} catch {
		return [-1, -1];
	}
}

/** Whether a key in PKCS#8 (RFC 5208 §5) is one of RSA. */
function isRsa(bytes: Uint8Array): boolean {
	const inner = new Der(bytes, 0, bytes.length).next().enter();
	try {
		const algorithm = inner.next().next(Tag.SEQUENCE).enter().next(Tag.OBJECT_IDENTIFIER);
		return sameBytes(bytes, algorithm.start, algorithm.end, Uint8Array.from(RSA), 0, RSA.length);
	} catch {
		return false;
	}
}

/**
 * A certificate as bytes.
 *
 * in   value   of the option
 *      option  its name, for errors
 *
 * Throws TypeError that says what it looks like, and the command that mends it.
 */
export function certificateOf(value: TlsBytes, option: string): Uint8Array {
	const bytes = derOf(value, option);
	if (shapeOf(bytes)[0] === (Tag.INTEGER as number)) refuse(option, "is a private key, not a certificate");
	if (shapeOf(bytes)[1] !== (Tag.SEQUENCE as number)) refuse(option, "is not a certificate");
	return bytes;
}

/** As certificateOf: a private key, RSA in PKCS#8. */
export function keyOf(value: TlsBytes, option: string): Uint8Array {
	const bytes = derOf(value, option);
	const [first, second] = shapeOf(bytes);
	if (first === (Tag.SEQUENCE as number)) {
		const isEncrypted = second === (Tag.OCTET_STRING as number);
		refuse(option, isEncrypted ? "is encrypted; a device takes it as it is" : "is a certificate, not a private key");
	}
	if (first !== (Tag.INTEGER as number)) refuse(option, "is not a private key");
	if (second === (Tag.INTEGER as number)) refuse(option, "is an RSA key in PKCS#1; a device takes PKCS#8");
	if (second === (Tag.OCTET_STRING as number)) refuse(option, "is an EC key; the platform's TLS takes RSA keys only");
	if (second !== (Tag.SEQUENCE as number)) refuse(option, "is not a private key in PKCS#8");
	if (!isRsa(bytes)) refuse(option, "is no RSA key; the platform's TLS takes RSA keys only");
	return bytes;
}
