/** Options of commands about TLS, as mosquitto's tools have them, and what they lead to. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates, DEFAULT_CIPHERS } from "node:tls";
import { CliError, UsageError } from "../terminal/exit.js";
import { systemErrorText } from "../terminal/reasons.js";
import { SecureConfigError } from "./config-error.js";
import { secureContext, type SecureLimits } from "./secure.js";

/** Options as commander names them. */
export interface SecureFlags {
	cafile?: string;
	capath?: string;
	cert?: string;
	key?: string;
	insecure?: true;
	tlsAlpn?: string;
	ciphers?: string;
	tlsVersion?: string;
	tlsUseOsCerts?: true;
}

/** What they lead to. */
export interface Security {
	/** PEM; empty: what this machine trusts. */
	ca: Buffer[];
	certificate: Buffer[];
	key: Buffer | undefined;
	alpn: string[];
	verify: boolean;
	/** Whether its certificate has to be for the server's name. */
	checkName: boolean;
	limits: SecureLimits;
}

/** Where systems keep all that they trust in one file: Debian, Fedora, Alpine. */
const SYSTEM_FILES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** Of the option --tls-version. */
const VERSIONS: Readonly<Record<string, SecureLimits>> = {
	"tlsv1.2": { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
	"tlsv1.3": { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" },
};

/** Names of those options that were given. */
export function securityOptions(flags: SecureFlags): string[] {
	const { cafile, capath, cert, key, insecure, tlsAlpn, ciphers, tlsVersion, tlsUseOsCerts } = flags;
	const given = { cafile, capath, cert, key, insecure, "tls-alpn": tlsAlpn, ciphers };
	const all = { ...given, "tls-version": tlsVersion, "tls-use-os-certs": tlsUseOsCerts };
	return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
}

/**
 * Reads what the options name, and tries whether it can be used.
 *
 * Throws CliError for a file that cannot be read or is of no use, UsageError for options that contradict each other.
 */
export function readSecurity(flags: SecureFlags): Security {
	const { cert, key, insecure, ciphers, tlsVersion } = flags;
	if (cert !== undefined && key === undefined) throw new UsageError("--cert needs --key, its private key");
	if (key !== undefined && cert === undefined) throw new UsageError("--key needs --cert, its certificate");
	const version = tlsVersion === undefined ? undefined : VERSIONS[tlsVersion.toLowerCase()];
	if (tlsVersion !== undefined && !version)
		throw new UsageError(`--tls-version: ${tlsVersion} must be tlsv1.2 or tlsv1.3`);
	const security: Security = {
		ca: trustedBy(flags),
		certificate: cert === undefined ? [] : [readOption("--cert", cert)],
		key: key === undefined ? undefined : readOption("--key", key),
		alpn: flags.tlsAlpn === undefined ? [] : alpnOf(flags.tlsAlpn),
		verify: !insecure,
		checkName: !insecure,
		limits: { minVersion: "TLSv1.2", ...version, ...(ciphers !== undefined && { ciphers: suites(ciphers) }) },
	};
	try {
		secureContext(security);
	} catch (error) {
		throw describe(error, flags);
	}
	return security;
}

/** Suites of TLS 1.3 have no names in such a list: they stay as they are. */
function suites(ciphers: string): string {
	const later = DEFAULT_CIPHERS.split(":").filter((name) => name.startsWith("TLS_"));
	return ciphers.includes("TLS_") ? ciphers : [...later, ciphers].join(":");
}

function alpnOf(text: string): string[] {
	if (text.length === 0 || text.length > 255)
		throw new UsageError("--tls-alpn: must be the name of a protocol, 1 … 255 bytes");
	return [text];
}

function trustedBy({ cafile, capath, tlsUseOsCerts }: SecureFlags): Buffer[] {
	return [
		...(cafile === undefined ? [] : [readOption("--cafile", cafile)]),
		...(capath === undefined ? [] : readFolder(capath)),
		...(tlsUseOsCerts ? systemCa() : []),
	];
}

/** What this machine trusts: its own list, else that which Node brings along. */
export function systemCa(): Buffer[] {
	const file = SYSTEM_FILES.find((path) => existsSync(path));
	return file === undefined ? rootCertificates.map((pem) => Buffer.from(pem)) : [readFileSync(file)];
}

function readOption(option: string, file: string): Buffer {
	try {
		return readFileSync(file);
	} catch (error) {
		throw new CliError(`${option}: ${file} cannot be read: ${systemErrorText(error)}`);
	}
}

/** mosquitto asks for names by hash (`c_rehash`); here every certificate of the folder counts. */
function readFolder(folder: string): Buffer[] {
	let names: string[];
	try {
		names = readdirSync(folder).sort();
	} catch (error) {
		throw new CliError(`--capath: ${folder} cannot be read: ${systemErrorText(error)}`);
	}
	const files = names.map((name) => join(folder, name)).filter((file) => existsSync(file) && statSync(file).isFile());
	const all = files
		.map((file) => readOption("--capath", file))
		.filter((bytes) => bytes.includes("-----BEGIN CERTIFICATE"));
	if (all.length === 0) throw new CliError(`--capath: there is no certificate in ${folder}`);
	return all;
}

/** What is wrong with a certificate or a key, by the option that names it. */
function describe(error: unknown, flags: SecureFlags): Error {
	if (!(error instanceof SecureConfigError)) {
		const { code = "", message } = error as NodeJS.ErrnoException;
		if (/CIPHER/.test(code + message))
			return new UsageError(`--ciphers: ${flags.ciphers} names no suite that there is`);
		return new CliError(`TLS cannot be set up with these certificates: ${code || message}`);
	}
	const { option, why } = error;
	if (option === "key") return new CliError(`--key: ${flags.key} ${why}`);
	if (option.startsWith("certificate")) return new CliError(`--cert: ${flags.cert} ${why}`);
	return new CliError(
		flags.cafile === undefined ? `--capath: ${flags.capath} ${why}` : `--cafile: ${flags.cafile} ${why}`,
	);
}
