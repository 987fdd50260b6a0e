/** Certificates and private keys from files of any usual form: PEM or DER, with whatever else is in them. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { CliError, Exit } from "../terminal/exit.js";

/** What was read is no good. */
export class DataError extends CliError {
	override name = "DataError";

	constructor(message: string) {
		super(message, Exit.DATA);
	}
}

/** A file as it was read. */
export interface Input {
	/** Its name, for errors. */
	readonly file: string;
	readonly bytes: Buffer;
}

/** How a PEM text begins; what stands before it is a comment (RFC 7468 §2). */
const BEGIN = /-----BEGIN ([A-Z0-9 ]+)-----/;
const CERTIFICATE = /-----BEGIN (X509 |)CERTIFICATE-----[\s\S]*?-----END \1CERTIFICATE-----/g;
const KEY = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[\s\S]*?-----END \1-----/;
/** PFX of RFC 7292, in hex: a sequence that begins with version 3, and then another sequence. */
const PKCS12 = /^30(?:[0-7].|80|81..|82.{4}|83.{6})02010330/;
/** Identifiers of PKCS#5, by which a key in PKCS#8 is encrypted. */
const PKCS5 = Buffer.from("06092a864886f70d0105", "hex");

/** What else may stand in a file in PEM, and what to do with it. */
const OTHERS: Readonly<Record<string, string>> = {
	"CERTIFICATE REQUEST": "is a request for a certificate; what comes back from the issuer is wanted",
	"NEW CERTIFICATE REQUEST": "is a request for a certificate; what comes back from the issuer is wanted",
	PKCS7: "is PKCS#7; openssl pkcs7 -print_certs -in FILE -out FILE.pem",
	CMS: "is PKCS#7; openssl pkcs7 -print_certs -in FILE -out FILE.pem",
	"PUBLIC KEY": "is a public key; the private one is wanted",
	"RSA PUBLIC KEY": "is a public key; the private one is wanted",
	"OPENSSH PRIVATE KEY": "is a key of OpenSSH; ssh-keygen -p -m PKCS8 -f FILE",
	"TRUSTED CERTIFICATE": "is a certificate with OpenSSL's own additions; openssl x509 -in FILE -out FILE.pem",
};

/** Throws DataError: the file is not what is wanted. */
function refuse({ file }: Input, what: string): never {
	throw new DataError(`${file}: ${what.replaceAll("FILE", file)}`);
}

/** The text of a file in PEM; undefined when it is none. Throws DataError for what is in no form that can be taken. */
function pemOf(input: Input): string | undefined {
	const text = input.bytes.toString("latin1");
	if (input.bytes.length === 0) refuse(input, "is empty");
	if (PKCS12.test(input.bytes.toString("hex", 0, 16)))
		refuse(input, "is PKCS#12; openssl pkcs12 -in FILE -nodes -out FILE.pem, then --cert and --key FILE.pem");
	return BEGIN.test(text) ? text : undefined;
}

/**
 * All certificates of a file, in its order.
 *
 * Throws DataError that says what the file is instead.
 */
export function readCertificates(input: Input): X509Certificate[] {
	const text = pemOf(input);
	const blocks = text === undefined ? [input.bytes] : [...text.matchAll(CERTIFICATE)].map(([block]) => block);
	if (blocks.length === 0) {
		const label = BEGIN.exec(text ?? "")?.[1] ?? "";
		if (/PRIVATE KEY$/.test(label)) refuse(input, "is a private key, and no certificate");
		refuse(input, OTHERS[label] ?? `has no certificate, but ${label}`);
	}
	return blocks.map((block, i) => {
		try {
			return new X509Certificate(block);
		} catch {
			refuse(
				input,
				blocks.length > 1 ? `certificate ${i + 1} in it is damaged` : "is no certificate, neither PEM nor DER",
			);
		}
	});
}

/**
 * The private key of a file.
 *
 * in   passphrase  of an encrypted one
 *
 * Throws DataError that says what the file is instead; never anything of the key.
 */
export function readKey(input: Input, passphrase: string | undefined): KeyObject {
	const text = pemOf(input);
	const block = text === undefined ? undefined : KEY.exec(text);
	const label = block?.[1] ?? BEGIN.exec(text ?? "")?.[1] ?? "";
	if (OTHERS[label]) refuse(input, OTHERS[label]);
	if (text !== undefined && !block)
		refuse(input, label === "CERTIFICATE" ? "is a certificate, and no key" : `has no private key, but ${label}`);
	const isEncrypted = block ? /ENCRYPTED/.test(block[0]) : input.bytes.subarray(0, 40).includes(PKCS5);
	if (isEncrypted && passphrase === undefined) {
		refuse(input, "is encrypted; --passphrase-file, or: openssl pkey -in FILE -out plain.pem");
	}
	try {
		if (block)
			return createPrivateKey({ key: block[0], format: "pem", ...(passphrase !== undefined && { passphrase }) });
		return keyOfDer(input.bytes, passphrase);
	} catch {
		refuse(
			input,
			isEncrypted
				? "cannot be decrypted: the passphrase is wrong, or it is damaged"
				: "is no private key, neither PEM nor DER",
		);
	}
}

function keyOfDer(key: Buffer, passphrase: string | undefined): KeyObject {
	for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
		try {
			return createPrivateKey({ key, format: "der", type, ...(passphrase !== undefined && { passphrase }) });
		} catch {
			// It may be of another form.
		}
	}
	throw new Error("no key");
}
