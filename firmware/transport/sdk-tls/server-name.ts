import { Der } from "../tls/der.js";
import type { Certificate } from "./certificate.js";

/** Tags of GeneralName (RFC 5280 §4.2.1.6). */
const enum Name {
	DNS = 0x82,
	ADDRESS = 0x87,
}

const STAR = 0x2a;
const DOT = 0x2e;

/** Whether a host is an IPv4 address: what no name is looked up for, and no SNI is sent. */
export function isAddress(host: string): boolean {
	return /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/**
 * Whether a certificate is for a host (RFC 6125, RFC 2818 §3.1): by its alternative names only, as everywhere by now.
 *
 * in   host  a name, in any case, with or without the last dot; or an IPv4 address
 */
export function isFor(certificate: Certificate, host: string): boolean {
	if (certificate.namesEnd === 0) return false;
	const names = new Der(certificate.bytes, certificate.namesAt, certificate.namesEnd);
	const wanted = isAddress(host) ? Uint8Array.from(host.split("."), Number) : lettersOf(host);
	const tag = isAddress(host) ? Name.ADDRESS : Name.DNS;
	while (names.more) {
		names.next();
		if (names.tag !== (tag as number)) continue;
		if (tag === Name.ADDRESS ? isSame(names, wanted, 0) : isNamed(names, wanted)) return true;
	}
	return false;
}

/** The bytes of a name in small letters, without a last dot. */
function lettersOf(host: string): Uint8Array {
	const bytes = new Uint8Array(ArrayBuffer.fromString(host.toLowerCase()));
	return bytes.length > 1 && bytes[bytes.length - 1] === DOT ? bytes.slice(0, bytes.length - 1) : bytes;
}

function isNamed(name: Der, wanted: Uint8Array): boolean {
	const { bytes, start, end } = name;
	if (bytes[start] !== STAR) return isSame(name, wanted, 0);
	// A star is the whole of the first label, and stands for one label; "*.com" would be for too many.
	const first = wanted.indexOf(DOT);
	if (bytes[start + 1] !== DOT || first < 1) return false;
	if (bytes.subarray(start + 2, end).indexOf(DOT) < 1) return false;
	return end - start - 1 === wanted.length - first && isSame(name, wanted, first);
}

/** Whether the end of an alternative name is that of a host from an offset on; letters of any case, bytes as they are. */
function isSame(name: Der, wanted: Uint8Array, offset: number): boolean {
	const { bytes, end } = name;
	const start = offset === 0 ? name.start : name.start + 1;
	if (end - start !== wanted.length - offset) return false;
	const isText = name.tag === (Name.DNS as number);
	for (let i = start; i < end; i++) {
		let byte = bytes[i]!;
		if (isText && byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
		if (byte !== wanted[offset + i - start]) return false;
	}
	return true;
}
