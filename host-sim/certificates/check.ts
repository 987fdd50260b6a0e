/** Whether certificates and a key are what a device can use, and belong together. */
import type { KeyObject, X509Certificate } from "node:crypto";
import { DataError } from "./read.js";
import { describeKey, factsOf, oneLine } from "./facts.js";

/** A certificate and the file that it came from. */
export interface Source {
	readonly file: string;
	readonly certificate: X509Certificate;
}

/** What is no error. */
export type Warn = (text: string) => void;

const enum KeyBits {
	MIN = 2048,
	MAX = 4096,
}

/** Days before the end from which on it is said how many are left. */
const DAYS_SOON = 30;
/** TLS Web client authentication (RFC 5280 §4.2.1.12). */
const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";
/** What a device can verify: RSA by PKCS#1, and ECDSA. */
const VERIFIABLE = /^(?:RSA|ECDSA) with SHA-(?:1|256|384|512)$/;
const VERIFIABLE_KEY = /^(?:RSA \d+|EC P-256|EC P-384)$/;

function nameOf(certificate: X509Certificate): string {
	return `"${oneLine(certificate.subject)}"`;
}

/** Throws DataError when it is over, warns when it has not begun or ends soon. */
function checkDates({ file, certificate }: Source, now: number, warn: Warn): void {
	const { validFrom, validTo, daysLeft } = factsOf(certificate, now);
	if (Date.parse(validTo) < now)
		throw new DataError(`${file}: ${nameOf(certificate)} has expired, on ${validTo.slice(0, 10)}`);
	if (Date.parse(validFrom) > now)
		warn(`${file}: ${nameOf(certificate)} is not valid before ${validFrom.slice(0, 10)}`);
	if (daysLeft < DAYS_SOON) warn(`${file}: ${nameOf(certificate)} expires in ${daysLeft} days`);
}

/**
 * Who has signed a certificate.
 *
 * in   candidates  where it is looked for: several may have the same name, as a CA and its successor
 * out  undefined when none has the name of the issuer
 *
 * Throws DataError when those that have it have not signed it.
 */
function signerOf({ file, certificate }: Source, candidates: readonly Source[]): Source | undefined {
	const named = candidates.filter((each) => each.certificate.subject === certificate.issuer);
	const signer = named.find((each) => certificate.verify(each.certificate.publicKey));
	if (named[0] && !signer) {
		throw new DataError(
			`${file}: ${nameOf(certificate)} is not signed by ${nameOf(named[0].certificate)} in ${named[0].file}`,
		);
	}
	if (signer && !signer.certificate.ca && signer.certificate.fingerprint256 !== certificate.fingerprint256) {
		throw new DataError(`${signer.file}: ${nameOf(signer.certificate)} has signed another, and is no CA`);
	}
	return signer;
}

/**
 * Checks a certificate that the server's is to lead to.
 *
 * Throws DataError when a device cannot use it.
 */
export function checkCa(source: Source, now: number, warn: Warn): void {
	const { file, certificate } = source;
	const { key, signature, isCa } = factsOf(certificate, now);
	checkDates(source, now, warn);
	if (!VERIFIABLE_KEY.test(key)) {
		throw new DataError(
			`${file}: ${nameOf(certificate)} has a key of kind ${key}; a device can check RSA, P-256 and P-384`,
		);
	}
	if (!VERIFIABLE.test(signature)) {
		throw new DataError(
			`${file}: ${nameOf(certificate)} is signed by ${signature}; a device can check RSA (PKCS#1) and ECDSA`,
		);
	}
	checkSize(file, certificate.publicKey, warn);
	const isSelfSigned = certificate.subject === certificate.issuer;
	if (isSelfSigned && !certificate.verify(certificate.publicKey)) {
		throw new DataError(`${file}: ${nameOf(certificate)} says that it has signed itself, and its signature is wrong`);
	}
	if (!isCa) warn(`${file}: ${nameOf(certificate)} is no CA: it passes only as the server's own certificate`);
	else if (!isSelfSigned)
		warn(`${file}: ${nameOf(certificate)} is no root: it is taken as it is, and what comes before it is not asked for`);
}

/** Throws DataError when an RSA key is larger than was ever tried. */
function checkSize(file: string, key: KeyObject, warn: Warn): void {
	const bits = key.asymmetricKeyDetails?.modulusLength;
	if (bits === undefined) return;
	if (bits > KeyBits.MAX)
		throw new DataError(`${file}: a key of ${bits} bits is more than a device can; at most ${KeyBits.MAX}`);
	if (bits < KeyBits.MIN) warn(`${file}: a key of ${bits} bits is weak; ${KeyBits.MIN} are usual`);
}

/** Throws DataError when a device cannot use the client's private key. */
export function checkKey(file: string, key: KeyObject, warn: Warn): void {
	const kind = describeKey(key);
	if (key.asymmetricKeyType !== "rsa") {
		throw new DataError(
			`${file}: is a key of kind ${kind}; a device's TLS takes RSA for clients: ` +
				"openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem",
		);
	}
	checkSize(file, key, warn);
}

/**
 * Puts the client's certificates into the order in which they are sent: the key's own, then each issuer.
 *
 * Throws DataError when none belongs to the key, or a link of the chain is not signed by the next.
 */
export function orderChain(all: readonly Source[], key: KeyObject, keyFile: string, now: number, warn: Warn): Source[] {
	const leaf = all.find(({ certificate }) => certificate.checkPrivateKey(key));
	if (!leaf) {
		const what = all.length > 1 ? "none of its certificates belongs" : `${nameOf(all[0]!.certificate)} does not belong`;
		throw new DataError(`${all[0]!.file}: ${what} to the key in ${keyFile}`);
	}
	const usage = leaf.certificate.keyUsage as readonly string[] | undefined;
	if (usage && !usage.includes(CLIENT_AUTHENTICATION)) {
		warn(`${leaf.file}: ${nameOf(leaf.certificate)} is not for clients (extended key usage): servers may refuse it`);
	}
	const chain = [leaf];
	const left = all.filter((source) => source !== leaf);
	for (let last = leaf; ;) {
		checkDates(last, now, warn);
		const next = signerOf(last, left);
		if (!next) break;
		left.splice(left.indexOf(next), 1);
		// The server has its root: it is not sent.
		if (next.certificate.subject === next.certificate.issuer) break;
		chain.push((last = next));
	}
	for (const { file, certificate } of left)
		warn(`${file}: ${nameOf(certificate)} is no part of the chain, and is left out`);
	return chain;
}

/**
 * Checks that a chain leads to one of the CAs.
 *
 * Throws DataError when it does not.
 */
export function checkLeadsTo(chain: readonly Source[], cas: readonly Source[]): void {
	const last = chain.at(-1)!;
	if (signerOf(last, cas)) return;
	throw new DataError(
		`${last.file}: ${nameOf(last.certificate)} leads to "${oneLine(last.certificate.issuer)}", which is not in --ca; ` +
			"--other-issuer if the server's certificate comes from elsewhere than the client's, as at AWS IoT",
	);
}
