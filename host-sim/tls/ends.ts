/** What goes wrong in Node's TLS, in the reasons of the client. */
import { ReasonCode } from "../../firmware/client/terms/codes.js";

/** Why a handshake or a connection over TLS is over. */
export interface SecureEnd {
	/** A value of Reason; 0: the connection ended as one without TLS might have. */
	reason: number;
	/** A number that belongs to it: of an alert. */
	detail: number;
	/** For people. */
	text: string;
}

/** What OpenSSL finds wrong with certificates, by the names that Node gives to it. */
const CERTIFICATES: Readonly<Record<string, number>> = {
	CERT_HAS_EXPIRED: ReasonCode.CERTIFICATE_EXPIRED,
	CERT_NOT_YET_VALID: ReasonCode.CERTIFICATE_NOT_YET_VALID,
	CERT_SIGNATURE_FAILURE: ReasonCode.BAD_SIGNATURE,
	UNABLE_TO_DECRYPT_CERT_SIGNATURE: ReasonCode.BAD_SIGNATURE,
	UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: ReasonCode.BAD_SIGNATURE,
	EE_KEY_TOO_SMALL: ReasonCode.BAD_SIGNATURE,
	CA_KEY_TOO_SMALL: ReasonCode.BAD_SIGNATURE,
	CA_MD_TOO_WEAK: ReasonCode.BAD_SIGNATURE,
	// What may not issue has signed nothing.
	INVALID_CA: ReasonCode.BAD_SIGNATURE,
	PATH_LENGTH_EXCEEDED: ReasonCode.BAD_SIGNATURE,
	// Node's word for all that it has no name for: an issuer that is none, a hash that is too weak.
	UNSPECIFIED: ReasonCode.BAD_SIGNATURE,
	// A certificate that is not one of a server.
	INVALID_PURPOSE: ReasonCode.WRONG_SERVER_NAME,
	HOSTNAME_MISMATCH: ReasonCode.WRONG_SERVER_NAME,
	ERR_TLS_CERT_ALTNAME_INVALID: ReasonCode.WRONG_SERVER_NAME,
	UNABLE_TO_GET_ISSUER_CERT: ReasonCode.UNKNOWN_ISSUER,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ReasonCode.UNKNOWN_ISSUER,
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: ReasonCode.UNKNOWN_ISSUER,
	SELF_SIGNED_CERT_IN_CHAIN: ReasonCode.UNKNOWN_ISSUER,
	DEPTH_ZERO_SELF_SIGNED_CERT: ReasonCode.UNKNOWN_ISSUER,
};

/** In words; what is not here is worded by its name. */
const WORDS: Readonly<Record<string, string>> = {
	CERT_HAS_EXPIRED: "a certificate of the server has expired",
	CERT_NOT_YET_VALID: "a certificate of the server is not valid yet",
	CERT_SIGNATURE_FAILURE: "a certificate of the server is not signed by the one that should have",
	UNABLE_TO_GET_ISSUER_CERT: "the server's certificates lead to none that is trusted",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the server's certificates lead to none that is trusted",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		"the issuer of the server's certificate is not trusted, or an intermediate one is missing",
	SELF_SIGNED_CERT_IN_CHAIN: "the server's certificates end in a root that is not trusted",
	DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed and not trusted",
	UNSPECIFIED: "a certificate of the server is signed in a way that does not count, or by one that may not sign",
};

/** What OpenSSL answers when a key exchange or a Finished does not fit its signature or hash. */
const SIGNATURES =
	/BAD_SIGNATURE|DECRYPT_ERROR|WRONG_SIGNATURE_TYPE|SHARED_SIGNATURE|PADDING|OCTET_INVALID|INVALID_SIGNATURE/;

/** OpenSSL numbers what an alert says from here on. */
const ALERT_OFFSET = 1000;
/** Of an error's number, the part that is the reason. */
const OPENSSL_REASON = 0xfff;

/** A certificate that is no good. in: code  Node's name for what is wrong */
export function certificateEnd(code: string): SecureEnd {
	const text = WORDS[code] ?? `the server's certificate is no good: ${code}`;
	return { reason: CERTIFICATES[code] ?? ReasonCode.UNKNOWN_ISSUER, detail: 0, text };
}

/** The number of the alert that an error of OpenSSL stands for; undefined when it was something else. */
export function alertOf(message: string): number | undefined {
	const [, said] = /SSL alert number (\d+)/.exec(message) ?? [];
	if (said !== undefined) return Number(said);
	const [, number] = /error:([0-9A-F]{8}):SSL/i.exec(message) ?? [];
	const reason = number === undefined ? 0 : Number.parseInt(number, 16) & OPENSSL_REASON;
	return reason >= ALERT_OFFSET && reason < ALERT_OFFSET + 256 ? reason - ALERT_OFFSET : undefined;
}

/**
 * What an error of a socket means.
 *
 * in   secured  whether the handshake had been done
 */
export function errorEnd(error: NodeJS.ErrnoException, secured: boolean): SecureEnd {
	const code = error.code ?? "";
	const { message } = error;
	const alert = alertOf(message);
	if (alert !== undefined)
		return {
			reason: ReasonCode.SECURITY_REFUSED,
			detail: alert,
			text: `the server sent alert ${alert}: ${alertName(message)}`,
		};
	if (SIGNATURES.test(code))
		return {
			reason: ReasonCode.BAD_SIGNATURE,
			detail: 0,
			text: "the server's handshake is not signed as it should be",
		};
	if (code.startsWith("ERR_SSL_") || code === "EPROTO" || /error:[0-9A-F]{8}:/i.test(message))
		return { reason: ReasonCode.SECURITY_PROTOCOL, detail: faultOf(code), text: protocolText(code, message) };
	if (secured) return { reason: 0, detail: 0, text: message };
	return cutEnd(code);
}

/** The connection ended within the handshake. in: code  Node's name for how, or "" */
export function cutEnd(code: string): SecureEnd {
	const how = code === "" || code === "ECONNRESET" ? "" : ` (${code})`;
	return { reason: ReasonCode.HANDSHAKE_CUT, detail: 0, text: `the connection ended within the handshake${how}` };
}

function alertName(message: string): string {
	const [, words] = /alert ([a-z][a-z ]*[a-z])/.exec(message) ?? [];
	return words ?? "no name";
}

/** Details as a device gives them, as far as OpenSSL tells them apart. */
const enum Fault {
	NOT_TLS = 1,
	ORDER = 2,
	NOT_OFFERED = 3,
	MALFORMED = 4,
	BAD_RECORD = 5,
}

function faultOf(code: string): number {
	if (NOT_TLS.test(code)) return Fault.NOT_TLS;
	if (TOO_OLD.test(code)) return Fault.NOT_OFFERED;
	if (OUT_OF_ORDER.test(code)) return Fault.ORDER;
	return /BAD_RECORD|DECRYPTION_FAILED|CIPHER_OPERATION/.test(code) ? Fault.BAD_RECORD : Fault.MALFORMED;
}

/** What OpenSSL says of bytes that are no record, and of a version or a suite that was not offered. */
const NOT_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/;
const TOO_OLD = /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|WRONG_CIPHER/;
/** A message that is not due, one that the two sides have not both seen, and a second handshake. */
const OUT_OF_ORDER = /UNEXPECTED_MESSAGE|DIGEST_CHECK|RENEGOTIATION/;

function protocolText(code: string, message: string): string {
	if (NOT_TLS.test(code)) return "the answer is not TLS";
	if (/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code)) return "the server wants a version of TLS that is too old";
	const [, words] = /SSL routines:[^:]*:([^:]*)/.exec(message) ?? [];
	return `the server broke TLS: ${words ?? (code || message)}`;
}
