import { X509Certificate, createPrivateKey } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { Certificates, makeCertificate, SERVER_ADDRESS, SERVER_NAME, type KeyKind } from "../support/certificates.js";

// Goal: certificates that were made here are what another maker's reader and checker take them for, faults too.
// Method: node:crypto reads them; node:tls accepts a chain, or says why not.

/** Connects to a server that has this certificate. out: "ok", or the code of what was wrong */
async function verdict(all: Certificates, server = all.server(), host = SERVER_NAME): Promise<string> {
	const listener = createServer({ cert: server.chainPem, key: server.keyPem });
	listener.on("tlsClientError", () => undefined);
	listener.listen(0, "127.0.0.1");
	await once(listener, "listening");
	const { port } = listener.address() as AddressInfo;
	const socket = connect({ port, host: "127.0.0.1", servername: host, ca: all.ca.pem });
	const result = await new Promise<string>((resolve) => {
		socket.once("secureConnect", () => resolve("ok"));
		socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
	});
	socket.destroy();
	listener.close();
	return result;
}

describe("a certificate", () => {
	it.each<KeyKind>(["rsa", "ec", "p384"])("says what it was told to, with a key of kind %s", (key) => {
		const all = new Certificates(key);
		const server = all.server();
		const read = new X509Certificate(server.der);
		expect(read.subject).toBe(`CN=${SERVER_NAME}`);
		expect(read.issuer).toBe("CN=Test CA");
		expect(read.subjectAltName).toBe(`DNS:${SERVER_NAME}, IP Address:${SERVER_ADDRESS}`);
		expect([read.ca, new X509Certificate(all.ca.der).ca]).toEqual([false, true]);
		expect(read.verify(new X509Certificate(all.ca.pem).publicKey)).toBe(true);
		expect(read.checkPrivateKey(createPrivateKey(server.keyPem))).toBe(true);
		expect(createPrivateKey({ key: server.keyDer, format: "der", type: "pkcs8" }).asymmetricKeyType).toBe(
			key === "rsa" ? "rsa" : "ec",
		);
	});

	it("of a time after 2049 has four digits of the year", () => {
		const to = new Date(Date.UTC(2051, 1, 3, 4, 5, 6));
		const read = new X509Certificate(makeCertificate({ name: "late", to }).der);
		expect(Date.parse(read.validTo)).toBe(to.getTime());
	});
});

describe("a server", () => {
	const all = new Certificates();

	it.each([
		["good", () => all.server(), "ok"],
		["behind an intermediate", () => all.server({ issuer: all.intermediate() }), "ok"],
		["expired", () => all.expired(), "CERT_HAS_EXPIRED"],
		["not yet valid", () => all.notYetValid(), "CERT_NOT_YET_VALID"],
		["for another name", () => all.wrongName(), "ERR_TLS_CERT_ALTNAME_INVALID"],
		["signed by itself", () => all.selfSigned(), "DEPTH_ZERO_SELF_SIGNED_CERT"],
		["signed wrongly", () => all.server({ broken: true }), "CERT_SIGNATURE_FAILURE"],
		// Node has no code of its own for X509_V_ERR_INVALID_CA.
		["behind one that may not issue", () => all.server({ issuer: all.intermediate({ issues: false }) }), "UNSPECIFIED"],
	])("that is %s is judged so by another implementation", async (_name, make, wanted) => {
		expect(await verdict(all, make())).toBe(wanted);
	});
});
