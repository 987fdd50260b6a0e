import X509, { type PublicKey } from "x509";
import { Der, sameBytes, Tag } from "../tls/der.js";
import { Hash, Signature } from "./signature.js";

/** 1.2.840.113549.1.1 and 1.2.840.10045.4.3: signatures by RSA and on a curve, but for the last arc. */
const RSA = Object.freeze([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01]);
const ECDSA = Object.freeze([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03]);
/** 1.3.6.1.5.5.7.3.1: serverAuth. */
const SERVER_AUTH = Object.freeze([0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]);

/** Last arcs. */
const enum Arc {
	SHA256_RSA = 11,
	SHA256_ECDSA = 2,
}

/** Extensions: the last byte of 2.5.29.x (RFC 5280 §4.2.1). */
const enum Extension {
	KEY_USAGE = 15,
	ALTERNATIVE_NAME = 17,
	BASIC_CONSTRAINTS = 19,
	POLICIES = 32,
	EXTENDED_USAGE = 37,
}

/** Tags of fields (§4.1). */
const enum Field {
	VERSION = 0xa0,
	EXTENSIONS = 0xa3,
}

/** keyCertSign in the first byte of KeyUsage. */
const CERT_SIGN = 0x04;

/**
 * Reads a certificate (RFC 5280 §4.1): positions in its bytes, which are not copied. Throws when it is not well-formed.
 */
export class Certificate {
	readonly bytes: Uint8Array;
	/** What is signed, with its head. */
	readonly signedAt: number;
	readonly signedEnd: number;
	issuerAt = 0;
	issuerEnd = 0;
	subjectAt = 0;
	subjectEnd = 0;
	/** Milliseconds since 1970, both included. */
	from = 0;
	to = 0;
	/** How it is signed; NONE: in a way that is not checked here, or not any more. */
	readonly hash: Hash;
	readonly signature: Signature;
	readonly signatureAt: number;
	readonly signatureEnd: number;
	/** GeneralNames of the subject; both 0: none. */
	namesAt = 0;
	namesEnd = 0;
	/** It says that it may sign other certificates. */
	mayIssue = false;
	/** It is of version 1, which has no word for that. */
	isFirst = false;
	/** How many may stand between it and a leaf. */
	pathMax = 255;
	/** It may be a server's. */
	mayServe = true;
	/** It has an extension that must not be overlooked, and that is not known here. */
	isUnknown = false;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		const outer = new Der(bytes, 0, bytes.length).next(Tag.SEQUENCE);
		if (outer.more) throw new RangeError("certificate: bytes behind its end");
		const parts = outer.enter();
		parts.next(Tag.SEQUENCE);
		this.signedAt = parts.head;
		this.signedEnd = parts.end;
		const inner = this.readFields(parts.enter());
		parts.next(Tag.SEQUENCE);
		// The algorithm that is named where nobody has signed it is that which was signed.
		if (!sameBytes(bytes, parts.start, parts.end, bytes, inner.start, inner.end)) {
			throw new RangeError("certificate: two algorithms");
		}
		const [signature, hash] = algorithmOf(parts.enter());
		this.signature = signature;
		this.hash = hash;
		parts.next(Tag.BIT_STRING);
		if (bytes[parts.start] !== 0) throw new RangeError("certificate: bits of its signature");
		this.signatureAt = parts.start + 1;
		this.signatureEnd = parts.end;
	}

	/** out: the algorithm of the signature, where it is signed */
	private readFields(der: Der): Der {
		let version = 0;
		if (der.peek === (Field.VERSION as number)) {
			const number = der.next().enter().next(Tag.INTEGER);
			version = this.bytes[number.start]!;
		}
		der.next(Tag.INTEGER);
		const algorithm = new Der(this.bytes, der.end, this.bytes.length).next(Tag.SEQUENCE);
		der.next(Tag.SEQUENCE).next(Tag.SEQUENCE);
		this.issuerAt = der.start;
		this.issuerEnd = der.end;
		const times = der.next(Tag.SEQUENCE).enter();
		this.from = timeOf(times.next());
		this.to = timeOf(times.next());
		der.next(Tag.SEQUENCE);
		this.subjectAt = der.start;
		this.subjectEnd = der.end;
		der.next(Tag.SEQUENCE);
		this.isFirst = version === 0;
		while (der.more) {
			der.next();
			if (der.tag === (Field.EXTENSIONS as number)) this.readExtensions(der.enter().next(Tag.SEQUENCE).enter());
		}
		return algorithm;
	}

	private readExtensions(all: Der): void {
		let maySign = true;
		while (all.more) {
			const der = all.next(Tag.SEQUENCE).enter();
			der.next(Tag.OBJECT_IDENTIFIER);
			const { bytes } = this;
			const isCommon = der.end - der.start === 3 && bytes[der.start] === 0x55 && bytes[der.start + 1] === 0x1d;
			const which = isCommon ? bytes[der.start + 2]! : 0;
			let isCritical = false;
			if (der.peek === (Tag.BOOLEAN as number)) isCritical = bytes[der.next().start] !== 0;
			const content = der.next(Tag.OCTET_STRING).enter().next();
			if (which === (Extension.BASIC_CONSTRAINTS as number)) this.readConstraints(content.enter());
			else if (which === (Extension.KEY_USAGE as number)) maySign = (bytes[content.start + 1]! & CERT_SIGN) !== 0;
			else if (which === (Extension.EXTENDED_USAGE as number)) this.mayServe = servesBy(content.enter());
			else if (which === (Extension.ALTERNATIVE_NAME as number)) {
				this.namesAt = content.start;
				this.namesEnd = content.end;
			} else if (isCritical && which !== (Extension.POLICIES as number)) this.isUnknown = true;
		}
		if (!maySign) this.mayIssue = false;
	}

	private readConstraints(der: Der): void {
		this.mayIssue = der.peek === (Tag.BOOLEAN as number) && this.bytes[der.next().start] !== 0;
		if (der.peek !== (Tag.INTEGER as number)) return;
		der.next();
		if (der.end - der.start === 1) this.pathMax = this.bytes[der.start]!;
	}

	/** The key. Throws when it is of a kind that the platform does not know. Allocates. */
	get key(): PublicKey {
		return X509.decodeSPKI(this.bytes);
	}

	/** Whether another one is the issuer by its name. */
	isIssuedBy(issuer: Certificate): boolean {
		const { issuerAt, issuerEnd } = this;
		return sameBytes(this.bytes, issuerAt, issuerEnd, issuer.bytes, issuer.subjectAt, issuer.subjectEnd);
	}

	/** Whether another one is the very same. */
	equals(other: Certificate): boolean {
		return sameBytes(this.bytes, 0, this.bytes.length, other.bytes, 0, other.bytes.length);
	}
}

/** Kind and hash of a signature: NONE for SHA-1, for PSS, and for all that is not known. */
function algorithmOf(der: Der): [Signature, Hash] {
	der.next(Tag.OBJECT_IDENTIFIER);
	const arc = der.bytes[der.end - 1]!;
	let signature = Signature.NONE;
	let hash = Hash.NONE as number;
	if (isUnder(der, RSA)) {
		signature = Signature.RSA;
		hash = arc - Arc.SHA256_RSA + Hash.SHA256;
	} else if (isUnder(der, ECDSA)) {
		signature = Signature.ECDSA;
		hash = arc - Arc.SHA256_ECDSA + Hash.SHA256;
	}
	if (hash < Hash.SHA256 || hash > Hash.SHA512) return [Signature.NONE, Hash.NONE];
	return [signature, hash];
}

/** Whether an object identifier is these bytes and one more. */
function isUnder(der: Der, wanted: readonly number[]): boolean {
	if (der.end - der.start !== wanted.length + 1) return false;
	for (let i = 0; i < wanted.length; i++) if (der.bytes[der.start + i] !== wanted[i]) return false;
	return true;
}

/** Whether purposes of a key have serverAuth among them, or anyExtendedKeyUsage (2.5.29.37.0). */
function servesBy(purposes: Der): boolean {
	const any = Uint8Array.of(0x55, 0x1d, Extension.EXTENDED_USAGE, 0);
	const server = Uint8Array.from(SERVER_AUTH);
	while (purposes.more) {
		const { bytes, start, end } = purposes.next(Tag.OBJECT_IDENTIFIER);
		if (sameBytes(bytes, start, end, server, 0, server.length)) return true;
		if (sameBytes(bytes, start, end, any, 0, any.length)) return true;
	}
	return false;
}

/** A time (§4.1.2.5) in milliseconds since 1970. */
function timeOf(der: Der): number {
	const { bytes, start, end } = der;
	const isLong = der.tag === (Tag.GENERALIZED_TIME as number);
	if (!isLong && der.tag !== (Tag.UTC_TIME as number)) throw new RangeError("certificate: time");
	// Seconds are there, and a Z.
	if (end - start !== (isLong ? 15 : 13) || bytes[end - 1] !== 0x5a) throw new RangeError("certificate: time");
	const two = (offset: number): number => {
		const high = bytes[offset]! - 48;
		const low = bytes[offset + 1]! - 48;
		if (high < 0 || high > 9 || low < 0 || low > 9) throw new RangeError("certificate: time");
		return high * 10 + low;
	};
	let year = two(start);
	let at = start + 2;
	if (isLong) {
		year = year * 100 + two(at);
		at += 2;
	} else year += year < 50 ? 2000 : 1900;
	return Date.UTC(year, two(at) - 1, two(at + 2), two(at + 4), two(at + 6), two(at + 8));
}
