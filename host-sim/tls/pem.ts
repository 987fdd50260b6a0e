/** Certificates and keys as Node wants them, of PEM or DER. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { SecureConfigError } from "./config-error.js";

/** Where PEM begins, what precedes it being a comment. */
const PEM = "-----BEGIN ";

function textOf(bytes: Uint8Array): string | undefined {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
	return text.includes(PEM) ? text : undefined;
}

/**
 * The certificates in PEM, or the one in DER.
 *
 * in   option  whose they are, for the error
 *
 * Throws SecureConfigError when there is none, or one cannot be read.
 */
export function certificatesOf(bytes: Uint8Array, option: string): X509Certificate[] {
	const text = textOf(bytes);
	const blocks = text?.match(
		/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g,
	);
	if (text !== undefined && !blocks) {
		const [, what = "something else"] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? [];
		throw new SecureConfigError(option, `has no certificate but ${what}`);
	}
	try {
		return (blocks ?? [bytes]).map((block) => new X509Certificate(block));
	} catch {
		throw new SecureConfigError(option, "is no certificate, neither PEM nor DER");
	}
}

/**
 * A private key as PEM of PKCS#8.
 *
 * Throws SecureConfigError when it is none, or needs a passphrase.
 */
export function keyText(bytes: Uint8Array): string {
	const text = textOf(bytes);
	if (text !== undefined && /ENCRYPTED/.test(text)) {
		throw new SecureConfigError(
			"key",
			"is encrypted; take its passphrase away: openssl pkey -in key.pem -out plain.pem",
		);
	}
	try {
		const key = text === undefined ? keyOfDer(Buffer.from(bytes)) : createPrivateKey(text);
		return key.export({ type: "pkcs8", format: "pem" }).toString();
	} catch {
		throw new SecureConfigError("key", "is no private key, neither PEM nor DER");
	}
}

function keyOfDer(key: Buffer): ReturnType<typeof createPrivateKey> {
	for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
		try {
			return createPrivateKey({ key, format: "der", type });
		} catch {
			// It may be of another form.
		}
	}
	throw new Error("no key");
}
