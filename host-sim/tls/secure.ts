/** A handshake by `node:tls`, judged as a device judges it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, type ConnectionOptions, type SecureContext, type TLSSocket } from "node:tls";
import { ReasonCode } from "../../firmware/client/terms/codes.js";
import { SecureConfigError } from "./config-error.js";
import { certificateEnd, cutEnd, errorEnd, type SecureEnd } from "./ends.js";
import { certificatesOf, keyText } from "./pem.js";

/** What a client wants of TLS. Certificates and keys are PEM or DER. */
export interface SecureOptions {
	/** For SNI and the check of names; a name or an address. */
	serverName: string;
	/** Trusted; empty: what Node trusts. */
	ca: readonly Uint8Array[];
	/** The client's own, the leaf first; empty without one. */
	certificate: readonly Uint8Array[];
	key: Uint8Array | undefined;
	/** Protocols for ALPN, the preferred first. */
	alpn: readonly string[];
	verify: boolean;
	/** Whether its certificate has to be for `serverName`; true unless told. */
	checkName?: boolean;
	/** Versions, suites and curves; Node's own unless told. */
	limits?: SecureLimits;
}

/** What may be agreed upon, as Node takes it. */
export type SecureLimits = Pick<ConnectionOptions, "minVersion" | "maxVersion" | "ciphers" | "ecdhCurve" | "sigalgs">;

/** What was agreed upon. */
export interface Secured {
	/** E.g. "TLSv1.2". */
	protocol: string;
	/** By the name of the standard. */
	suite: string;
	/** Empty: none. */
	alpn: string;
	/** The names that the server's certificate is for. */
	peer: string;
	/** What is wrong with its certificate, when nobody wanted to know. */
	unverified: string;
}

/** What happens on a secured connection. */
export interface SecureEvents {
	done(secured: Secured): void;
	data(bytes: Buffer): void;
	/** It is over. `end.reason` 0: it was closed, or broke after the handshake. Last event. */
	ended(end: SecureEnd): void;
	/** What waited has been handed to the system. */
	drained?(): void;
}

/** Makes what connections are secured with. Throws SecureConfigError for certificates or a key that are no good. */
export function secureContext(options: Pick<SecureOptions, "ca" | "certificate" | "key" | "limits">): SecureContext {
	const { ca, certificate, key, limits } = options;
	const trusted = ca.flatMap((bytes, i) => certificatesOf(bytes, `ca[${i}]`));
	const own = certificate.flatMap((bytes, i) => certificatesOf(bytes, `certificate[${i}]`));
	const text = key === undefined ? undefined : keyText(key);
	if (text !== undefined && own[0] !== undefined && !own[0].checkPrivateKey(createPrivateKey(text)))
		throw new SecureConfigError("key", "does not belong to the certificate");
	return createSecureContext({
		...(trusted.length > 0 && { ca: trusted.map(String), allowPartialTrustChain: true }),
		...(own.length > 0 && { cert: own.map(String).join("") }),
		...(text !== undefined && { key: text }),
		...limits,
	});
}

/**
 * Begins a handshake on a connection that stands.
 *
 * out  the secured stream; what happens to it comes by `events`
 */
export function secure(
	socket: Socket,
	context: SecureContext,
	options: SecureOptions,
	events: SecureEvents,
): TLSSocket {
	const stream = connect(connectionOptions(socket, context, options));
	let secured = false;
	let over = false;
	let error: NodeJS.ErrnoException | undefined;
	const end = (how: SecureEnd): void => {
		if (over) return;
		over = true;
		events.ended(how);
	};
	const endByError = (): void => end(error ? errorEnd(error, secured) : secured ? CLOSED : cutEnd(""));
	stream.on("secureConnect", () => {
		// Node gives it once.
		const certificate = stream.getPeerX509Certificate();
		const wrong = judge(stream, certificate, options);
		if (wrong && options.verify) {
			end(wrong);
			stream.destroy();
			return;
		}
		secured = true;
		events.done(describe(stream, certificate, wrong));
	});
	stream.on("data", (bytes: Buffer) => events.data(bytes));
	stream.on("drain", () => events.drained?.());
	stream.on("error", (caught) => {
		error ??= caught;
		// After a handshake Node leaves the connection as it is.
		endByError();
		stream.destroy();
	});
	stream.on("end", () => secured && !error && end(CLOSED));
	stream.on("close", () => {
		endByError();
		socket.destroy();
	});
	return stream;
}

function connectionOptions(socket: Socket, secureContext: SecureContext, options: SecureOptions): ConnectionOptions {
	const { serverName, alpn } = options;
	return {
		socket,
		secureContext,
		// What a certificate lacks is judged here: Node would not say all of it.
		rejectUnauthorized: false,
		checkServerIdentity: () => undefined,
		...(isIP(serverName) === 0 && serverName !== "" && { servername: serverName }),
		...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
		...versionsOf(options.limits),
	};
}

const CLOSED: SecureEnd = { reason: 0, detail: 0, text: "closed by the broker" };

/** A context has versions of its own, but connect() does not ask for them. */
function versionsOf(limits: SecureLimits | undefined): SecureLimits {
	return {
		...(limits?.minVersion && { minVersion: limits.minVersion }),
		...(limits?.maxVersion && { maxVersion: limits.maxVersion }),
	};
}

/** What is wrong with the server's certificates; undefined: nothing. */
function judge(
	stream: TLSSocket,
	certificate: X509Certificate | undefined,
	{ serverName, ca, checkName = true }: SecureOptions,
): SecureEnd | undefined {
	if (certificate === undefined) return certificateEnd("NO_CERTIFICATE");
	// Node says a name; its typing has an error.
	const code = stream.authorizationError as unknown as string | null;
	if (code) {
		const end = certificateEnd(code);
		const forged = end.reason === ReasonCode.UNKNOWN_ISSUER && isForged(certificate, ca);
		return forged ? certificateEnd("CERT_SIGNATURE_FAILURE") : end;
	}
	return checkName ? wrongName(certificate, serverName) : undefined;
}

/**
 * A certificate that names a trusted issuer who has not signed it. OpenSSL tells it as an issuer that is not there, when
 * the two differ in the identifier of their key.
 */
function isForged(certificate: X509Certificate, ca: readonly Uint8Array[]): boolean {
	const trusted = ca.flatMap((bytes) => certificatesOf(bytes, "ca"));
	const seen = new Set<string>();
	for (
		let one: X509Certificate | undefined = certificate;
		one && !seen.has(one.fingerprint256);
		one = one.issuerCertificate
	) {
		seen.add(one.fingerprint256);
		const link = one;
		const issuers = trusted.filter(({ subject }) => subject === link.issuer);
		if (issuers.length > 0) return !issuers.some(({ publicKey }) => link.verify(publicKey));
	}
	return false;
}

/** Names count by subjectAltName only, as on a device: a common name is no name of a server any more (RFC 6125 §6.4.4). */
function wrongName(certificate: X509Certificate, serverName: string): SecureEnd | undefined {
	const fits =
		isIP(serverName) === 0 ? certificate.checkHost(serverName, { subject: "never" }) : certificate.checkIP(serverName);
	if (fits !== undefined) return undefined;
	return {
		reason: ReasonCode.WRONG_SERVER_NAME,
		detail: 0,
		text: `the server's certificate is for ${peerNames(certificate)}, not for ${serverName}`,
	};
}

/** The names that a certificate is for, for people. */
function peerNames({ subjectAltName, subject }: X509Certificate): string {
	const names = (subjectAltName ?? "").split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
	return names[0] === "" ? `no name but ${subject.replaceAll("\n", ", ")}` : names.join(", ");
}

function describe(stream: TLSSocket, certificate: X509Certificate | undefined, wrong: SecureEnd | undefined): Secured {
	const { standardName, name } = stream.getCipher();
	return {
		protocol: stream.getProtocol() ?? "",
		suite: standardName ?? name,
		alpn: stream.alpnProtocol || "",
		peer: certificate ? peerNames(certificate) : "",
		unverified: wrong?.text ?? "",
	};
}

/** What was agreed upon, in one line. */
export function securedText({ protocol, suite, alpn, peer, unverified }: Secured): string {
	const parts = [`${protocol} with ${suite}`, alpn && `ALPN ${alpn}`, peer && `server is ${peer}`];
	return [...parts, unverified && `not verified: ${unverified}`].filter(Boolean).join(", ");
}
