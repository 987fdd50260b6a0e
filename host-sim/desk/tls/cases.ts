/** What the check of TLS goes through: who the server is, what the client was given, and what has to come of it. */
import {
	makeCertificate,
	makeKey,
	type Certificate,
	type CertificateOptions,
} from "../../certificates/certificates.js";
import { afterConnect, byBytes, byNode, byScript, plain, silent, type Conduct } from "./peers.js";
import type { Script } from "./scripted-server.js";
import type { Listener } from "./tls-mosquitto.js";

const DAY_MS = 86_400_000;
const NAME = "broker.test";

/** Reasons: numbers of the public constant. */
const enum Reason {
	LINK_LOST = 22,
	PROTOCOL_ERROR = 41,
	REFUSED = 60,
	TIMEOUT = 61,
	UNKNOWN_ISSUER = 62,
	BAD_SIGNATURE = 63,
	EXPIRED = 64,
	NOT_YET_VALID = 65,
	WRONG_NAME = 66,
	PROTOCOL = 67,
	CUT = 68,
}

export interface TlsCase {
	name: string;
	/** Default: broker.test. */
	host?: string;
	ca: readonly Certificate[];
	/** The client's. */
	certificate?: Certificate;
	alpn?: string;
	rsaKeyExchange?: boolean;
	/** Default: true. */
	verify?: boolean;
	conduct: Conduct;
	/** Of a server that is there already. */
	port?: number;
	/** The first end; absent: it connects at once. */
	wanted?: readonly [reason: number, detail: number];
	/** It ends when it was connected already. */
	late?: boolean;
	/** The SDK's own class is led to send CONNECT by this. */
	fools?: boolean;
}

/** All that is made for one run. */
export class Cast {
	readonly ca = makeCertificate({ name: "Check CA", key: "rsa", issues: true });
	readonly #key = makeKey("rsa");
	readonly server = this.signed({});
	readonly ecCa = makeCertificate({ name: "Check EC CA", issues: true });
	readonly ecServer = this.signed({ issuer: this.ecCa, key: "ec" });
	readonly client = makeCertificate({ name: "device-1", key: "rsa", issuer: this.ca });
	/** A key and certificates of somebody who is nobody. */
	readonly impostor = makeCertificate({ name: NAME, names: [NAME], key: "rsa" });

	signed(changes: Partial<CertificateOptions>): Certificate {
		return makeCertificate({
			name: NAME,
			names: [NAME],
			addresses: ["127.0.0.1"],
			key: this.#key,
			issuer: this.ca,
			...changes,
		});
	}

	/** The scripted server as it should be. */
	get good(): Script {
		return { chain: this.server.chain.map(({ der }) => der), key: this.server.key };
	}

	get cure(): Conduct {
		return byScript(this.good);
	}
}

function chains(cast: Cast): TlsCase[] {
	const { ca, server } = cast;
	const between = makeCertificate({ name: "Check intermediate", issuer: ca, issues: 0 });
	const behind = cast.signed({ issuer: between });
	const selfSigned = makeCertificate({ name: NAME, names: [NAME], key: "rsa" });
	const star = cast.signed({ names: ["*.brokers.test"] });
	const old = makeCertificate({ name: "Check old CA", key: "rsa", first: true });
	const large = makeCertificate({ name: "Check CA 4096", key: "rsa4096", issues: true });
	const p384 = makeCertificate({ name: "Check CA P-384", key: "p384", issues: true });
	return [
		{ name: "leaf alone", ca: [ca], conduct: byNode(server) },
		{ name: "leaf and root", ca: [ca], conduct: byNode(server, { chain: [server, ca] }) },
		{ name: "intermediate", ca: [ca], conduct: byNode(behind) },
		{ name: "all three", ca: [ca], conduct: byNode(behind, { chain: [behind, between, ca] }) },
		{ name: "intermediate given", ca: [between], conduct: byNode(behind, { chain: [behind] }) },
		{ name: "pinned leaf", ca: [server], conduct: byNode(server) },
		{ name: "self-signed", ca: [selfSigned], conduct: byNode(selfSigned) },
		{ name: "one of several", ca: [cast.ecCa, ca], conduct: byNode(server) },
		{ name: "IP in SAN", host: "127.0.0.1", ca: [ca], conduct: byNode(server) },
		{ name: "wildcard", host: "one.brokers.test", ca: [ca], conduct: byNode(star) },
		{ name: "CA of version 1", ca: [old], conduct: byNode(cast.signed({ issuer: old })) },
		{ name: "RSA 4096", ca: [large], conduct: byNode(cast.signed({ issuer: large })) },
		{ name: "signed by P-384", ca: [p384], conduct: byNode(cast.signed({ issuer: p384 })) },
		{ name: "EC by Node", ca: [cast.ecCa], conduct: byNode(cast.ecServer) },
		{ name: "CBC", ca: [ca], conduct: byNode(server, { ciphers: "ECDHE-RSA-AES128-SHA256" }) },
		{ name: "RSA key exchange", ca: [ca], rsaKeyExchange: true, conduct: byNode(server, { ciphers: "AES128-SHA256" }) },
		{ name: "ALPN", ca: [ca], alpn: "mqtt", conduct: byNode(server, { ALPNProtocols: ["mqtt"] }) },
		{ name: "not verified", ca: [], verify: false, conduct: byNode(cast.impostor) },
		{ name: "no ALPN", ca: [ca], alpn: "mqtt", conduct: byNode(server) },
		{ name: "all in one record", ca: [ca], conduct: byScript({ ...cast.good, recordSize: 16_384 }) },
		{ name: "records of 50 bytes", ca: [ca], conduct: byScript({ ...cast.good, recordSize: 50 }) },
		{ name: "records of 1 byte", ca: [ca], conduct: byScript({ ...cast.good, recordSize: 1 }) },
		{
			name: "client certificate by Node",
			ca: [ca],
			certificate: cast.client,
			conduct: byNode(server, { ca: ca.pem, requestCert: true, rejectUnauthorized: true }),
		},
	];
}

function wrongChains(cast: Cast): TlsCase[] {
	const { ca, server, impostor } = cast;
	const now = Date.now();
	const date = (days: number): Date => new Date(now + days * DAY_MS);
	const namesake = makeCertificate({ name: ca.name, key: "rsa", issues: true });
	const forged = cast.signed({ issuer: namesake });
	const leafAsIssuer = cast.signed({ issuer: makeCertificate({ name: "Check leaf", issuer: ca }) });
	const device = makeCertificate({ name: "Check device", issuer: ca, first: true });
	const outer = makeCertificate({ name: "Check outer", issuer: ca, issues: 0 });
	const inner = makeCertificate({ name: "Check inner", issuer: outer, issues: true });
	const late = makeCertificate({ name: "Check late", issuer: ca, issues: true, from: date(-20), to: date(-10) });
	const sha1 = cast.signed({ sha1: true });
	const one = (name: string, server: Certificate, reason: number, detail = 0, more: Partial<TlsCase> = {}): TlsCase => {
		return { name, ca: [ca], conduct: byNode(server), wanted: [reason, detail], ...more };
	};
	return [
		one("unknown CA", cast.ecServer, Reason.UNKNOWN_ISSUER),
		one("expired", cast.signed({ from: date(-20), to: date(-10) }), Reason.EXPIRED),
		one("not yet valid", cast.signed({ from: date(10), to: date(20) }), Reason.NOT_YET_VALID),
		one("wrong name", cast.signed({ names: ["other.test"] }), Reason.WRONG_NAME),
		one("no name but the common one", cast.signed({ names: [], addresses: [] }), Reason.WRONG_NAME),
		one("wrong address", cast.signed({ addresses: ["127.0.0.2"] }), Reason.WRONG_NAME, 0, { host: "127.0.0.1" }),
		one("wildcard for two labels", cast.signed({ names: ["*.test"] }), Reason.WRONG_NAME),
		one("self-signed by another", impostor, Reason.UNKNOWN_ISSUER),
		one("impostor", impostor, Reason.UNKNOWN_ISSUER, 0, {
			conduct: impostorOf(impostor, [impostor, ca]),
			fools: true,
		}),
		one("impostor with the name of the CA", forged, Reason.BAD_SIGNATURE, 0, {
			conduct: impostorOf(forged, [forged, ca]),
			fools: true,
		}),
		one("a leaf that issues", leafAsIssuer, Reason.BAD_SIGNATURE),
		one("a leaf of version 1 that issues", cast.signed({ issuer: device }), Reason.BAD_SIGNATURE),
		one("a path that is too long", cast.signed({ issuer: inner }), Reason.BAD_SIGNATURE, 1),
		one("an intermediate that has expired", cast.signed({ issuer: late }), Reason.EXPIRED, 1),
		one("a broken signature", cast.signed({ broken: true }), Reason.BAD_SIGNATURE),
		one("SHA-1", sha1, Reason.BAD_SIGNATURE, 0, { conduct: byScript({ chain: [sha1.der], key: server.key }) }),
	];
}

/** The impostor's own key, and whatever certificates. */
function impostorOf(owner: Certificate, chain: readonly Certificate[]): Conduct {
	return byScript({ chain: chain.map(({ der }) => der), key: owner.key });
}

function wrongHandshakes(cast: Cast): TlsCase[] {
	const { ca, impostor } = cast;
	// With two certificates the SDK's class takes the server for one of its own.
	const good = { ...cast.good, chain: [cast.server.der, ca.der] };
	const one = (name: string, script: Partial<Script>, reason: number, detail = 0, fools = false): TlsCase => {
		return { name, ca: [ca], conduct: byScript({ ...good, ...script }), wanted: [reason, detail], fools };
	};
	const none = { hash: 0, algorithm: 1 };
	return [
		one("close_notify for ServerHello", { alert: [1, 0] }, Reason.REFUSED, 0, true),
		one("handshake_failure for ServerHello", { alert: [2, 40] }, Reason.REFUSED, 40),
		one("protocol_version for ServerHello", { alert: [2, 70] }, Reason.REFUSED, 70),
		one("TLS 1.1", { version: 0x0302 }, Reason.PROTOCOL, 0x0302),
		one("SSL 3.0", { version: 0x0300 }, Reason.PROTOCOL, 0x0300, true),
		one("a suite that was not offered", { suite: 0x002f }, Reason.PROTOCOL, 3),
		one("ServerKeyExchange missing", { keyExchange: "missing" }, Reason.PROTOCOL, 2),
		one("ServerKeyExchange altered", { keyExchange: "altered" }, Reason.BAD_SIGNATURE),
		// The server's certificates are public: with these, anybody has been the server.
		one("ServerKeyExchange without a hash", { keyExchange: none, key: impostor.key }, Reason.BAD_SIGNATURE, 0, true),
		one(
			"ServerKeyExchange with an unknown hash",
			{ keyExchange: { hash: 9, algorithm: 1 }, key: impostor.key },
			Reason.BAD_SIGNATURE,
			0,
			true,
		),
		one(
			"ServerKeyExchange with an unknown algorithm",
			{ keyExchange: { hash: 4, algorithm: 9 }, key: impostor.key },
			Reason.BAD_SIGNATURE,
			0,
			true,
		),
		one("ServerKeyExchange by another key", { key: impostor.key }, Reason.BAD_SIGNATURE),
		one("HelloRequest in between", { extra: 0 }, Reason.PROTOCOL, 2),
		one("ClientHello in between", { extra: 1 }, Reason.PROTOCOL, 2),
		one("Finished in between", { extra: 20 }, Reason.PROTOCOL, 2),
		...[1, 2, 3, 4, 5].map((count) => one(`cut after ${count} messages`, { cutsAfter: count }, Reason.CUT)),
		...[1, 3, 4].map((count) => one(`silent after ${count} messages`, { stopsAfter: count }, Reason.TIMEOUT)),
		one("data behind Finished", { greeting: Buffer.from([0xd0, 0]) }, Reason.PROTOCOL_ERROR, 0xd0),
	];
}

function noServers(cast: Cast): TlsCase[] {
	const ca = [cast.ca];
	const http = "HTTP/1.1 400 Bad Request\r\n\r\n";
	const wants = byNode(cast.server, { ca: cast.ca.pem, requestCert: true, rejectUnauthorized: true });
	return [
		{ name: "silent", ca, conduct: silent, wanted: [Reason.TIMEOUT, 0] },
		{ name: "closes after ClientHello", ca, conduct: byBytes("", true), wanted: [Reason.CUT, 0] },
		{ name: "HTTP", ca, conduct: byBytes(http, true), wanted: [Reason.PROTOCOL, 1] },
		{ name: "garbage", ca, conduct: byBytes(Buffer.alloc(3000, 0xa5)), wanted: [Reason.PROTOCOL, 1] },
		{ name: "a record of no bytes", ca, conduct: byBytes(Buffer.from([22, 3, 3, 0, 0])), wanted: [Reason.PROTOCOL, 4] },
		{ name: "half a record", ca, conduct: byBytes(Buffer.from([22, 3, 3, 0, 9, 2]), true), wanted: [Reason.CUT, 0] },
		{ name: "plain MQTT", ca, conduct: plain, wanted: [Reason.CUT, 0] },
		{ name: "wants a certificate", ca, conduct: wants, wanted: [Reason.REFUSED, 40] },
	];
}

function lateEnds(cast: Cast): TlsCase[] {
	const one = (name: string, conduct: Conduct, reason: number, detail = 0): TlsCase => {
		return { name, ca: [cast.ca], conduct, wanted: [reason, detail], late: true };
	};
	return [
		one(
			"close_notify when connected",
			afterConnect(cast.good, (c) => c.alert(1, 0)),
			Reason.LINK_LOST,
		),
		one(
			"an alert when connected",
			afterConnect(cast.good, (c) => c.alert(2, 80)),
			Reason.REFUSED,
			80,
		),
		one(
			"closed when connected",
			afterConnect(cast.good, (c) => c.end()),
			Reason.LINK_LOST,
		),
		one(
			"a record that is not the server's",
			afterConnect(cast.good, (c) => c.forge()),
			Reason.PROTOCOL,
			5,
		),
		one(
			"a new handshake when connected",
			afterConnect(cast.good, (c) => c.renegotiate()),
			Reason.PROTOCOL,
			2,
		),
	];
}

/** Listeners of a mosquitto, for the first cases. */
export function listenersOf(cast: Cast): Listener[] {
	return [{ server: cast.server }, { server: cast.ecServer }, { server: cast.server, clients: cast.ca }];
}

/** Cases for a mosquitto with those listeners. */
export function mosquittoCases(cast: Cast, ports: readonly number[]): TlsCase[] {
	const one = (index: number, name: string, ca: Certificate, more: Partial<TlsCase> = {}): TlsCase => {
		return { name: `mosquitto, ${name}`, ca: [ca], conduct: silent, port: ports[index]!, ...more };
	};
	return [
		one(0, "RSA", cast.ca),
		one(1, "EC", cast.ecCa),
		one(2, "client certificate", cast.ca, { certificate: cast.client }),
	];
}

/** All cases but those that need a mosquitto of their own. */
export function casesOf(cast: Cast): TlsCase[] {
	return [...chains(cast), ...wrongChains(cast), ...wrongHandshakes(cast), ...noServers(cast), ...lateEnds(cast)];
}
