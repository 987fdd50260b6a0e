import { TlsEnd } from "../../ports/tls-engine.js";
import type { Certificate } from "./certificate.js";
import type { Failure } from "./failure.js";
import { isFor } from "./server-name.js";
import { digestOf, isSigned, kindOf, Signature } from "./signature.js";

const enum Count {
	/** Certificates that are looked at: each costs a check of a signature. */
	CHAIN_MAX = 6,
}

/**
 * Whether a server's certificates are those of the host that was asked for (RFC 5280 §6, without policies and revocation).
 * Ends by `failure` when they are not.
 *
 * Every link is signed by the next one, which may issue, up to one that is signed by a trusted certificate, or is one. Names
 * are those of the first; the time is one at which all are valid.
 *
 * in   chain    as the server has sent them, its own first
 *      trusted  what was given as `ca`
 *      now      milliseconds since 1970
 */
export function verifyChain(
	chain: readonly Certificate[],
	trusted: readonly Certificate[],
	host: string,
	now: number,
	failure: Failure,
): void {
	const leaf = chain[0];
	if (leaf === undefined) return failure.refuse(TlsEnd.UNKNOWN_ISSUER);
	for (let i = 0; ; i++) {
		const one = chain[i]!;
		if (one.isUnknown) failure.refuse(TlsEnd.BAD_SIGNATURE, i);
		if (trusted.some((each) => each.equals(one))) {
			checkTime(one, now, failure, i);
			break;
		}
		const anchor = findIssuer(one, trusted, i, failure);
		if (anchor !== undefined) {
			checkTime(one, now, failure, i);
			checkTime(anchor, now, failure, i + 1);
			break;
		}
		const next = chain[i + 1];
		if (next === undefined || i + 1 >= Count.CHAIN_MAX || !one.isIssuedBy(next)) {
			return failure.refuse(TlsEnd.UNKNOWN_ISSUER, i);
		}
		if (!mayIssue(next, i) || !isSignedBy(one, next)) failure.refuse(TlsEnd.BAD_SIGNATURE, i);
		checkTime(one, now, failure, i);
	}
	if (!leaf.mayServe || !isFor(leaf, host)) failure.refuse(TlsEnd.WRONG_NAME);
}

/** The trusted certificate that has signed another one; undefined when none has its name. */
function findIssuer(
	one: Certificate,
	trusted: readonly Certificate[],
	depth: number,
	failure: Failure,
): Certificate | undefined {
	let named = 0;
	for (const each of trusted) {
		if (!one.isIssuedBy(each)) continue;
		named++;
		if ((each.isFirst || mayIssue(each, depth)) && isSignedBy(one, each)) return each;
	}
	// Somebody has borrowed the name of a trusted one.
	if (named > 0) failure.refuse(TlsEnd.BAD_SIGNATURE, depth);
	return undefined;
}

/**
 * Whether a certificate says that it may issue. One of version 1 cannot say so: it has to be given. Of an authority that
 * hands out such certificates, each device's would make another server otherwise.
 *
 * in   below  how many certificates stand between it and the leaf
 */
function mayIssue(issuer: Certificate, below: number): boolean {
	return issuer.mayIssue && !issuer.isUnknown && below <= issuer.pathMax;
}

/** Whether a certificate is signed by another one's key. Keys of kinds that are not known have signed nothing. */
function isSignedBy(one: Certificate, issuer: Certificate): boolean {
	if (one.signature === Signature.NONE) return false;
	try {
		const { key } = issuer;
		if (kindOf(key) !== one.signature) return false;
		const digest = digestOf(one.hash);
		digest.write(one.bytes.subarray(one.signedAt, one.signedEnd));
		return isSigned(key, one.hash, digest.close(), one.bytes, one.signatureAt, one.signatureEnd);
	} catch {
		return false;
	}
}

function checkTime(one: Certificate, now: number, failure: Failure, depth: number): void {
	if (now < one.from) failure.refuse(TlsEnd.NOT_YET_VALID, depth);
	if (now > one.to) failure.refuse(TlsEnd.EXPIRED, depth);
}
