import { checkNames } from "../../base/names.js";
import type { TlsBytes, TlsSettings } from "../../ports/tls-engine.js";
import type { TransportFactory } from "../../ports/transport.js";

/** Options of `tls()`. */
export interface TlsOptions {
	/**
	 * Certificates of issuers that are trusted; or that of the server itself, which then is the only one that passes. DER, in
	 * flash (`new Resource("ca.der")`) or in memory; in the simulator PEM text too. One or a list; needed with `verify`.
	 */
	ca?: TlsBytes | readonly TlsBytes[];
	/** The client's certificate, and those between it and its issuer behind it. */
	certificate?: TlsBytes | readonly TlsBytes[];
	/** Private key of the first `certificate`: RSA, PKCS#8, not encrypted. */
	key?: TlsBytes;
	/** Protocols for ALPN (RFC 7301), the preferred first, e.g. "x-amzn-mqtt-ca". */
	alpn?: string | readonly string[];
	/** The server's name, for SNI and for the check of its certificate, when it is not `host`. */
	serverName?: string;
	/** Default: true. False takes any server, whoever it is; that is traced at every connection. */
	verify?: boolean;
	/** Offers suites whose key exchange is RSA as well, last of all. They have no forward secrecy. Default: false. */
	rsaKeyExchange?: boolean;
	/** The transport below. Default: `tcp`. */
	over?: TransportFactory;
}

/** All there are. */
const NAMES = Object.freeze([
	...["ca", "certificate", "key", "alpn", "serverName", "verify", "rsaKeyExchange", "over"],
] satisfies string[]) as readonly (keyof TlsOptions)[];

const enum Max {
	/** Bytes of a protocol's name (RFC 7301 §3.1). */
	ALPN_SIZE = 255,
	/** Characters of a name (RFC 1035 §2.3.4). */
	NAME_SIZE = 253,
}

/** Labels of a name, or an address. */
const SERVER_NAME = /^[\w-]{1,63}(\.[\w-]{1,63})*$/;
/** Visible ASCII: no protocol for ALPN that is registered has anything else. */
const ALPN = /^[!-~]+$/;

/**
 * Checks the options of `tls()`.
 *
 * out  the same in one form
 *
 * Throws TypeError or RangeError that names the option, what it is, and what it has to be.
 */
export function checkTlsOptions(options: TlsOptions): TlsSettings {
	if (typeof options !== "object" || options === null) throw new TypeError("tls: takes an object with options");
	checkNames(options, NAMES, "tls.");
	const { over } = options;
	if (over !== undefined && typeof over !== "function") {
		throw new TypeError('tls.over: is not a transport; import { tcp } from "xs-mqtt/tcp"');
	}
	const verify = readBoolean(options.verify, "verify", true);
	const ca = readList(options.ca, "ca");
	if (verify && ca.length === 0) {
		throw new TypeError(
			"tls.ca: is missing; the certificate of the server's issuer (verify: false would take any server)",
		);
	}
	const certificate = readList(options.certificate, "certificate");
	const { key } = options;
	if (key !== undefined) checkBytes(key, "key");
	if (key === undefined && certificate.length > 0) throw new TypeError("tls.key: is missing; tls.certificate needs it");
	if (key !== undefined && certificate.length === 0)
		throw new TypeError("tls.certificate: is missing; tls.key is its key");
	return {
		ca,
		certificate,
		key,
		alpn: readAlpn(options.alpn),
		serverName: readName(options.serverName),
		verify,
		rsaKeyExchange: readBoolean(options.rsaKeyExchange, "rsaKeyExchange", false),
	};
}

function readBoolean(value: unknown, name: string, initial: boolean): boolean {
	if (value === undefined) return initial;
	if (typeof value !== "boolean") throw new TypeError(`tls.${name}: ${shown(value)} is not true or false`);
	return value;
}

/** A value as an error line shows it. */
function shown(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
	return typeof value === "object" && value !== null ? "an object" : String(value);
}

function readList(value: TlsOptions["ca"], name: string): readonly TlsBytes[] {
	if (value === undefined) return [];
	const list = Array.isArray(value) ? (value as readonly TlsBytes[]) : [value as TlsBytes];
	for (let i = 0; i < list.length; i++) checkBytes(list[i], list.length > 1 ? `${name}[${i}]` : name);
	return list;
}

/** Bytes of any kind, those in flash too, which are no ArrayBuffer to `instanceof`; or text, of which the engine says more. */
function checkBytes(value: unknown, name: string): void {
	if (typeof value === "string") {
		if (value === "") throw new RangeError(`tls.${name}: is empty`);
		return;
	}
	const size = (value as { byteLength?: unknown } | null | undefined)?.byteLength;
	if (typeof size !== "number") {
		const what = typeof value === "object" ? "an object without bytes" : shown(value);
		throw new TypeError(
			`tls.${name}: ${what} is no certificate or key; DER in an ArrayBuffer, a Uint8Array or a Resource`,
		);
	}
	if (size === 0) throw new RangeError(`tls.${name}: is empty`);
}

function readAlpn(value: TlsOptions["alpn"]): readonly string[] {
	if (value === undefined) return [];
	const list = Array.isArray(value) ? (value as readonly string[]) : [value as string];
	for (const each of list as readonly unknown[]) {
		if (typeof each !== "string") throw new TypeError(`tls.alpn: ${shown(each)} is not a string or a list of them`);
		if (each === "" || each.length > Max.ALPN_SIZE || !ALPN.test(each)) {
			throw new RangeError(
				`tls.alpn: ${shown(each)} is no name of a protocol; 1 … ${Max.ALPN_SIZE} visible characters`,
			);
		}
	}
	return list;
}

function readName(value: unknown): string {
	if (value === undefined) return "";
	if (typeof value !== "string") throw new TypeError(`tls.serverName: ${shown(value)} is not a string`);
	if (value.length > Max.NAME_SIZE || !SERVER_NAME.test(value)) {
		throw new RangeError(`tls.serverName: ${shown(value)} is neither a name nor an address`);
	}
	return value;
}
