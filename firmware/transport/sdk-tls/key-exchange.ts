import type Session from "ssl/session";
import type { PublicKey } from "x509";
import { TlsEnd } from "../../ports/tls-engine.js";
import { Fault, type Failure } from "./failure.js";
import { digestOf, Hash, isSigned, kindOf } from "./signature.js";
import { KeyExchange } from "./suites.js";

/** secp256r1 (RFC 8422 §5.1.1), the one curve that is offered; its points have 65 bytes, uncompressed. */
const NAMED_CURVE = 3;
const SECP256R1 = 23;
const POINT_SIZE = 65;
const UNCOMPRESSED = 4;
/** Bytes of the prime of DHE: below 2,048 bits it protects nothing any more. */
const PRIME_SIZE_MIN = 256;
const PRIME_SIZE_MAX = 512;

/**
 * ServerKeyExchange (RFC 5246 §7.4.3, RFC 8422 §5.4): checks its signature, and hands its parameters to the session.
 *
 * in   key          of the server's certificate
 *      exchange     of the suite
 *      bytes        the message, from `at` to `end`
 *
 * Ends by `failure` when it is not signed by the key, with SHA-256, to the last byte.
 */
export function takeKeyExchange(
	session: Session,
	key: PublicKey,
	exchange: number,
	bytes: Uint8Array,
	at: number,
	end: number,
	failure: Failure,
): void {
	const isCurve = exchange === (KeyExchange.ECDHE as number);
	const signedEnd = isCurve ? readPoint(session, bytes, at, end, failure) : readPrime(session, bytes, at, end, failure);
	// Hash, algorithm, size of the signature, signature, and nothing behind it.
	if (signedEnd + 4 > end) failure.refuse(TlsEnd.BAD_SIGNATURE);
	const size = (bytes[signedEnd + 2]! << 8) | bytes[signedEnd + 3]!;
	if (
		bytes[signedEnd] !== (Hash.SHA256 as number) ||
		bytes[signedEnd + 1] !== (kindOf(key) as number) ||
		size === 0 ||
		signedEnd + 4 + size !== end
	) {
		failure.refuse(TlsEnd.BAD_SIGNATURE);
	}
	const digest = digestOf(Hash.SHA256);
	digest.write(session.clientRandom);
	digest.write(session.serverRandom);
	digest.write(bytes.subarray(at, signedEnd));
	let isGood = false;
	try {
		isGood = isSigned(key, Hash.SHA256, digest.close(), bytes, signedEnd + 4, end);
	} catch {
		// Not even the form of one.
	}
	if (!isGood) failure.refuse(TlsEnd.BAD_SIGNATURE);
}

/** out: where the parameters end */
function readPoint(session: Session, bytes: Uint8Array, at: number, end: number, failure: Failure): number {
	const curve = (bytes[at + 1]! << 8) | bytes[at + 2]!;
	const pointEnd = at + 4 + POINT_SIZE;
	if (bytes[at] !== NAMED_CURVE || curve !== SECP256R1) failure.refuse(TlsEnd.PROTOCOL, Fault.NOT_OFFERED);
	if (bytes[at + 3] !== POINT_SIZE || bytes[at + 4] !== UNCOMPRESSED || pointEnd > end) {
		failure.refuse(TlsEnd.PROTOCOL, Fault.MALFORMED);
	}
	session.dhparams = { named_curve: curve, dh_Ys: bytes.slice(at + 4, pointEnd).buffer };
	return pointEnd;
}

/** As readPoint: three numbers, each behind its size. */
function readPrime(session: Session, bytes: Uint8Array, at: number, end: number, failure: Failure): number {
	const parts: ArrayBuffer[] = [];
	for (let i = 0; i < 3; i++) {
		const size = (bytes[at]! << 8) | bytes[at + 1]!;
		at += 2;
		if (size === 0 || at + size > end) failure.refuse(TlsEnd.PROTOCOL, Fault.MALFORMED);
		parts.push(bytes.slice(at, at + size).buffer);
		at += size;
	}
	const [prime, generator, share] = parts as [ArrayBuffer, ArrayBuffer, ArrayBuffer];
	const p = BigInt.fromArrayBuffer(prime);
	const y = BigInt.fromArrayBuffer(share);
	const size = prime.byteLength;
	if (size < PRIME_SIZE_MIN || size > PRIME_SIZE_MAX || y < 2n || y > p - 2n) {
		failure.refuse(TlsEnd.PROTOCOL, Fault.WEAK);
	}
	session.dhparams = { dh_p: prime, dh_g: generator, dh_Ys: share };
	return at;
}
