/** What a certificate or a key says, for people and as JSON. */
import type { KeyObject, X509Certificate } from "node:crypto";

const DAY_MS = 86_400_000;

/** What a certificate says. */
export interface CertificateFacts {
	/** Distinguished names, in one line. */
	readonly subject: string;
	readonly issuer: string;
	/** Names and addresses it is for (SAN). */
	readonly names: readonly string[];
	/** ISO 8601. */
	readonly validFrom: string;
	readonly validTo: string;
	/** Whole days; negative when it has expired. */
	readonly daysLeft: number;
	readonly key: string;
	readonly signature: string;
	/** Whether it may sign others. */
	readonly isCa: boolean;
	readonly sha256: string;
}

/** Names of signature algorithms, by the bytes of their identifiers. */
const SIGNATURES: Readonly<Record<string, string>> = {
	"2a864886f70d010104": "RSA with MD5",
	"2a864886f70d010105": "RSA with SHA-1",
	"2a864886f70d01010a": "RSA-PSS",
	"2a864886f70d01010b": "RSA with SHA-256",
	"2a864886f70d01010c": "RSA with SHA-384",
	"2a864886f70d01010d": "RSA with SHA-512",
	"2a8648ce3d0401": "ECDSA with SHA-1",
	"2a8648ce3d040302": "ECDSA with SHA-256",
	"2a8648ce3d040303": "ECDSA with SHA-384",
	"2a8648ce3d040304": "ECDSA with SHA-512",
	"2b6570": "Ed25519",
	"2b6571": "Ed448",
};

/** Curves by the names that they have in certificates' standards. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** Where the content of an element of DER begins and ends. */
function element(der: Buffer, at: number): { start: number; end: number } {
	const first = der[at + 1]!;
	if (first < 0x80) return { start: at + 2, end: at + 2 + first };
	const count = first & 0x7f;
	const start = at + 2 + count;
	return { start, end: start + der.readUIntBE(at + 2, count) };
}

/** The algorithm that a certificate is signed by (RFC 5280 §4.1.1.2): the second element in it. */
function signatureOf({ raw }: X509Certificate): string {
	const content = element(raw, element(raw, 0).start);
	const identifier = element(raw, element(raw, content.end).start);
	const oid = raw.subarray(identifier.start, identifier.end).toString("hex");
	return SIGNATURES[oid] ?? `an unknown algorithm (${oid})`;
}

/** Kind and size of a key, public or private. */
export function describeKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
	const { modulusLength, namedCurve = "" } = asymmetricKeyDetails ?? {};
	if (asymmetricKeyType === "rsa") return `RSA ${modulusLength}`;
	if (asymmetricKeyType === "rsa-pss") return `RSA-PSS ${modulusLength}`;
	if (asymmetricKeyType === "ec") return `EC ${CURVES[namedCurve] ?? namedCurve}`;
	return (asymmetricKeyType ?? "unknown").replace("ed", "Ed");
}

/** A distinguished name in one line. */
export function oneLine(name: string): string {
	return name.trim().replace(/\n/g, ", ");
}

/** in: now  what time it is, in ms */
export function factsOf(certificate: X509Certificate, now: number): CertificateFacts {
	const names = certificate.subjectAltName?.split(/, (?=[A-Za-z ]+:)/) ?? [];
	const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
	return {
		subject: oneLine(certificate.subject),
		issuer: oneLine(certificate.issuer),
		names: names.map((name) => name.replace(/^(?:DNS|IP Address|URI|email):/, "")),
		validFrom: from.toISOString(),
		validTo: to.toISOString(),
		daysLeft: Math.floor((to.getTime() - now) / DAY_MS),
		key: describeKey(certificate.publicKey),
		signature: signatureOf(certificate),
		isCa: certificate.ca,
		sha256: certificate.fingerprint256,
	};
}
