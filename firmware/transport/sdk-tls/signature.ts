import ECDSA from "ecdsa";
import PKCS1_5 from "pkcs1_5";
import { Digest } from "crypt";
import type { PublicKey } from "x509";
import { Der, Tag } from "../tls/der.js";

/** Numbers of TLS (RFC 5246 §7.4.1.4.1). */
export const enum Hash {
	NONE = 0,
	SHA256 = 4,
	SHA384 = 5,
	SHA512 = 6,
}

/** Likewise. */
export const enum Signature {
	NONE = 0,
	RSA = 1,
	ECDSA = 3,
}

const NAMES = Object.freeze(["SHA256", "SHA384", "SHA512"]);
/** Their object identifiers but for the last arc. */
const HASHES = Object.freeze([2, 16, 840, 1, 101, 3, 4, 2]);

/** Makes a digest of something. The hash is one of ours. */
export function digestOf(hash: Hash): Digest {
	return new Digest(NAMES[hash - Hash.SHA256]!);
}

/** Kind of signatures that a key makes. */
export function kindOf(key: PublicKey): Signature {
	if (key.modulus !== undefined) return Signature.RSA;
	return key.curve !== undefined ? Signature.ECDSA : Signature.NONE;
}

/**
 * Whether a signature was made by the owner of a key. All of it is compared, so that nothing can be hidden in padding, and
 * numbers that no signer makes are refused: the platform's own checks leave both open.
 *
 * in   digest          of what is signed
 *      bytes           where the signature stands, from `start` to `end`
 */
export function isSigned(
	key: PublicKey,
	hash: Hash,
	digest: ArrayBuffer,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	if (kindOf(key) === Signature.RSA) return isSignedByRsa(key, hash, digest, bytes.slice(start, end).buffer);
	return isSignedByCurve(key, digest, bytes, start, end);
}

/** RFC 8017 §8.2.2: the encoded message is made anew, and has to be the same. */
function isSignedByRsa(key: PublicKey, hash: Hash, digest: ArrayBuffer, signature: ArrayBuffer): boolean {
	const rsa = new PKCS1_5(key, false, [...HASHES, hash - Hash.SHA256 + 1]);
	const { modulusSize } = rsa;
	if (signature.byteLength !== modulusSize) return false;
	const number = BigInt.fromArrayBuffer(signature);
	if (number >= key.modulus!) return false;
	return rsa.rsa.process(number) === rsa.emsaEncode(digest, modulusSize - 1);
}

/** FIPS 186-4 §6.4: r and s are 1 … n - 1, and of the digest only as many bits count as n has. */
function isSignedByCurve(key: PublicKey, digest: ArrayBuffer, bytes: Uint8Array, start: number, end: number): boolean {
	const curve = key.curve!;
	const size = curve.orderSize;
	const outer = new Der(bytes, start, end).next(Tag.SEQUENCE);
	if (outer.more) return false;
	const der = outer.enter();
	const both = new Uint8Array(2 * size);
	for (let place = size; place <= 2 * size; place += size) {
		der.next(Tag.INTEGER);
		let from = der.start;
		if (bytes[from]! >= 0x80) return false;
		while (from < der.end && bytes[from] === 0) from++;
		const count = der.end - from;
		if (count === 0 || count > size) return false;
		both.set(bytes.subarray(from, der.end), place - count);
		if (BigInt.fromArrayBuffer(both.slice(place - size, place).buffer) >= curve.n) return false;
	}
	if (der.more) return false;
	const used = digest.byteLength > size ? digest.slice(0, size) : digest;
	return new ECDSA(key.pub!, curve).verify(used, both.buffer);
}
