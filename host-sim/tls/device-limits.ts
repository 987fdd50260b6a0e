/** What TLS on a device can agree upon. */
import type { SecureLimits } from "./secure.js";

/** Forward secrecy and AEAD first. */
const SUITES = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256"];
/** Ephemeral Diffie-Hellman with a client certificate is nothing that a device can. */
const WITHOUT_CERTIFICATE = ["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES128-SHA256", "DHE-RSA-AES256-SHA256"];
/** Without forward secrecy, by option only. */
const RSA = ["AES128-SHA256", "AES256-SHA256", "AES128-SHA", "AES256-SHA"];

/** Versions, suites and curves of a device: TLS 1.2 and P-256. */
export function deviceLimits(wanted: { certificate: readonly unknown[]; rsaKeyExchange: boolean }): SecureLimits {
	const suites = [
		...SUITES,
		...(wanted.certificate.length === 0 ? WITHOUT_CERTIFICATE : []),
		...(wanted.rsaKeyExchange ? RSA : []),
	];
	return { minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ciphers: suites.join(":"), ecdhCurve: "prime256v1" };
}
