/**
 * Throw-away certificates (X.509, RFC 5280), made in this process: any dates, names, chains, and faults that no tool would
 * make. For tests, and for brokers that live as long as a run. No key of theirs protects anything.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { bits, element, identifier, integer, nothing, octets, sequence, set, text, time, yes } from "./der.js";

/** Kinds of keys. P-384 and RSA of 4,096 bits are for what a device can check and not have. */
export type KeyKind = "rsa" | "rsa4096" | "ec" | "p384";

const DAY_MS = 86_400_000;
/** Contexts of GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
/** Tags that say which field of its sequence an element is. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const KEY_IDENTIFIER = 0x80;
/** The digits of version 3. */
const VERSION_3 = Buffer.from([2]);
/** Bits of KeyUsage: digitalSignature and keyEncipherment; keyCertSign and cRLSign. */
const LEAF_USAGE = Buffer.from([0xa0]);
const ISSUER_USAGE = Buffer.from([0x06]);

const Oid = Object.freeze({
	COMMON_NAME: "2.5.4.3",
	KEY_IDENTIFIER: "2.5.29.14",
	KEY_USAGE: "2.5.29.15",
	ALTERNATIVE_NAME: "2.5.29.17",
	BASIC_CONSTRAINTS: "2.5.29.19",
	ISSUER_KEY: "2.5.29.35",
	SHA1_RSA: "1.2.840.113549.1.1.5",
	SHA256_RSA: "1.2.840.113549.1.1.11",
	SHA256_ECDSA: "1.2.840.10045.4.3.2",
} as const);

/** What a certificate says. */
export interface CertificateOptions {
	/** Common name of the subject. */
	name: string;
	/** Who signs; absent: it signs itself. */
	issuer?: Certificate;
	/** Kind of a new key, or one that is there. Default: "ec". */
	key?: KeyKind | KeyObject;
	/** Names of the server, wildcards too; default: none. */
	names?: readonly string[];
	/** IPv4 addresses of the server. */
	addresses?: readonly string[];
	/** When it begins and ends to be valid. Default: from a day ago until a year from now. */
	from?: Date;
	to?: Date;
	/** It may sign others; with a number: so many may stand between it and a leaf. Default: false. */
	issues?: boolean | number;
	/** It is of version 1, which has no extensions: what `openssl x509 -req` makes of a request that has none. */
	first?: boolean;
	/** Signs with SHA-1, as nobody should any more. */
	sha1?: boolean;
	/** A bit of the signature is wrong. */
	broken?: boolean;
}

/** A certificate and its key. */
export class Certificate {
	readonly name: string;
	readonly der: Buffer;
	/** Private key. */
	readonly key: KeyObject;
	/** Who has signed it; itself, perhaps. */
	readonly issuer: Certificate;

	constructor(name: string, der: Buffer, key: KeyObject, issuer: Certificate | undefined) {
		this.name = name;
		this.der = der;
		this.key = key;
		this.issuer = issuer ?? this;
	}

	get pem(): string {
		return pemOf("CERTIFICATE", this.der);
	}

	/** PKCS#8. */
	get keyPem(): string {
		return this.key.export({ type: "pkcs8", format: "pem" }) as string;
	}

	/** PKCS#8: what a device wants. */
	get keyDer(): Buffer {
		return this.key.export({ type: "pkcs8", format: "der" });
	}

	/** This one and those behind it, without the root: what a server sends. */
	get chain(): Certificate[] {
		return this.issuer === this || this.issuer.issuer === this.issuer ? [this] : [this, ...this.issuer.chain];
	}

	/** The chain in one text: a server's `certfile`. */
	get chainPem(): string {
		return this.chain.map(({ pem }) => pem).join("");
	}
}

/** Text form of anything that has one (RFC 7468). */
export function pemOf(label: string, der: Uint8Array): string {
	const lines = Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
	return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** A new private key. */
export function makeKey(kind: KeyKind): KeyObject {
	if (kind === "rsa" || kind === "rsa4096") {
		return generateKeyPairSync("rsa", { modulusLength: kind === "rsa" ? 2048 : 4096 }).privateKey;
	}
	return generateKeyPairSync("ec", { namedCurve: kind === "ec" ? "P-256" : "P-384" }).privateKey;
}

/** Makes a certificate; with a new key that takes some 100 ms for RSA, and next to nothing for EC. */
export function makeCertificate(options: CertificateOptions): Certificate {
	const { name, issuer, key = "ec" } = options;
	const own = typeof key === "string" ? makeKey(key) : key;
	const signer = issuer?.key ?? own;
	const algorithm = signatureAlgorithm(signer, options.sha1 === true);
	// eslint-disable-next-line no-restricted-properties -- a peer that checks it looks at the real time
	const now = Date.now();
	const { from = new Date(now - DAY_MS), to = new Date(now + 365 * DAY_MS) } = options;
	const content = sequence(
		...(options.first ? [] : [element(VERSION, integer(VERSION_3))]),
		integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
		algorithm,
		nameOf(issuer?.name ?? name),
		sequence(time(from), time(to)),
		nameOf(name),
		publicKeyOf(own),
		...(options.first ? [] : [element(EXTENSIONS, sequence(...extensionsOf(options, own, signer)))]),
	);
	const signature = sign(options.sha1 ? "sha1" : "sha256", content, signer);
	if (options.broken) signature[signature.length - 1]! ^= 1;
	return new Certificate(name, sequence(content, algorithm, bits(signature)), own, issuer);
}

function signatureAlgorithm(signer: KeyObject, sha1: boolean): Buffer {
	if (signer.asymmetricKeyType !== "rsa") return sequence(identifier(Oid.SHA256_ECDSA));
	return sequence(identifier(sha1 ? Oid.SHA1_RSA : Oid.SHA256_RSA), nothing());
}

function nameOf(commonName: string): Buffer {
	return sequence(set(sequence(identifier(Oid.COMMON_NAME), text(commonName))));
}

function publicKeyOf(key: KeyObject): Buffer {
	return createPublicKey(key).export({ type: "spki", format: "der" });
}

function keyIdentifierOf(key: KeyObject): Buffer {
	return createHash("sha1").update(publicKeyOf(key)).digest();
}

function extension(oid: string, content: Buffer, critical = false): Buffer {
	return sequence(identifier(oid), ...(critical ? [yes()] : []), octets(content));
}

function extensionsOf(options: CertificateOptions, own: KeyObject, signer: KeyObject): Buffer[] {
	const { names = [], addresses = [], issues = false } = options;
	const constraints =
		issues === false
			? sequence()
			: sequence(yes(), ...(typeof issues === "number" ? [integer(Buffer.from([issues]))] : []));
	const usage = issues === false ? bits(LEAF_USAGE, 5) : bits(ISSUER_USAGE, 1);
	const all = [
		extension(Oid.BASIC_CONSTRAINTS, constraints, true),
		extension(Oid.KEY_USAGE, usage, true),
		extension(Oid.KEY_IDENTIFIER, octets(keyIdentifierOf(own))),
		extension(Oid.ISSUER_KEY, sequence(element(KEY_IDENTIFIER, keyIdentifierOf(signer)))),
	];
	if (names.length + addresses.length > 0) {
		const alternatives = [
			...names.map((each) => element(DNS_NAME, Buffer.from(each))),
			...addresses.map((each) => element(IP_ADDRESS, Buffer.from(each.split(".").map(Number)))),
		];
		all.push(extension(Oid.ALTERNATIVE_NAME, sequence(...alternatives)));
	}
	return all;
}
