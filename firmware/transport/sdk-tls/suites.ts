import supported, { type CipherSuite } from "ssl/ciphersuites";
import type { TlsSettings } from "../../ports/tls-engine.js";

/** How keys are agreed upon: the platform's numbers. */
export const enum KeyExchange {
	RSA = 0,
	DHE = 2,
	ECDHE = 6,
}

/** Numbers of suites, the best first: forward secrecy, then AEAD, then the shorter handshake. */
const ORDER = Object.freeze([0xc02b, 0xc02f, 0x9e, 0xc027, 0x67, 0x6b, 0x3c, 0x3d, 0x2f, 0x35]);
const NAMES = Object.freeze([
	"ECDHE-ECDSA-AES128-GCM-SHA256",
	"ECDHE-RSA-AES128-GCM-SHA256",
	"DHE-RSA-AES128-GCM-SHA256",
	"ECDHE-RSA-AES128-SHA256",
	"DHE-RSA-AES128-SHA256",
	"DHE-RSA-AES256-SHA256",
	"AES128-SHA256",
	"AES256-SHA256",
	"AES128-SHA",
	"AES256-SHA",
]);

export function numberOf(suite: CipherSuite): number {
	return (suite.value[0] << 8) | suite.value[1];
}

/** OpenSSL's name of a suite, for people. */
export function nameOf(suite: CipherSuite): string {
	return NAMES[ORDER.indexOf(numberOf(suite))] ?? "";
}

/**
 * What is offered, the best first. Without forward secrecy only on demand; DHE not with a certificate of the client's: the
 * platform cannot sign then.
 */
export function suitesFor(settings: TlsSettings): readonly CipherSuite[] {
	const offered: CipherSuite[] = [];
	for (const number of ORDER) {
		const suite = supported.find((each) => numberOf(each) === number);
		if (suite === undefined) continue;
		const exchange = suite.keyExchangeAlgorithm as KeyExchange;
		if (exchange === KeyExchange.RSA && !settings.rsaKeyExchange) continue;
		if (exchange === KeyExchange.DHE && settings.certificate.length > 0) continue;
		offered.push(suite);
	}
	return offered;
}
