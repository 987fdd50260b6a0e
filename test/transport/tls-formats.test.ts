import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Der, Tag } from "../../firmware/transport/tls/der.js";
import { certificateOf, keyOf } from "../../firmware/transport/tls/formats.js";
import { makeCertificate, makeKey } from "../support/certificates.js";

// Goal: what a device cannot use is refused with the option, what it looks like, and the command that mends it.
// Method: keys and certificates in every form in which people have them; DER cut and altered at every byte.

const rsa = makeKey("rsa");
const ec = makeKey("ec");
const made = makeCertificate({ name: "device-1", key: rsa });
const pkcs1 = rsa.export({ type: "pkcs1", format: "der" });
const sec1 = ec.export({ type: "sec1", format: "der" });
const ecPkcs8 = ec.export({ type: "pkcs8", format: "der" });
const encrypted = rsa.export({ type: "pkcs8", format: "der", cipher: "aes-128-cbc", passphrase: "secret" });
const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" });
const behind = Buffer.concat([made.der, Buffer.alloc(3)]);

describe("a key", () => {
	it("in PKCS#8 is taken as it is", () => {
		const { keyDer } = made;
		expect(keyOf(keyDer, "key")).toBe(keyDer);
		expect(keyOf(new Uint8Array(made.keyDer).buffer, "key")).toEqual(new Uint8Array(made.keyDer));
	});

	it.each([
		["text", made.keyPem, "is text; a device takes DER, not PEM"],
		["PEM in bytes", Buffer.from(made.keyPem), "is PEM; a device takes DER"],
		["PKCS#1", pkcs1, "is an RSA key in PKCS#1; a device takes PKCS#8"],
		["an EC key", sec1, "is an EC key; the platform's TLS takes RSA keys only"],
		["an EC key in PKCS#8", ecPkcs8, "is no RSA key"],
		["Ed25519", ed25519, "is no RSA key"],
		["encrypted", encrypted, "is encrypted"],
		["a certificate", made.der, "is a certificate, not a private key"],
		["anything", Buffer.from("secret"), "is not DER"],
		["cut", made.keyDer.subarray(0, 100), "is cut: 100 bytes are not all of it"],
		["empty", Buffer.from([0x30, 0]), "is not a private key"],
	])("that is %s is refused", (_what, value, message) => {
		expect(() => keyOf(value, "key")).toThrow(TypeError);
		expect(() => keyOf(value, "key")).toThrow(`tls.key: ${message}`);
		expect(() => keyOf(value, "key")).toThrow("npx xs-mqtt certificate --ca");
	});
});

describe("a certificate", () => {
	it("in DER is taken as it is", () => {
		expect(certificateOf(made.der, "ca")).toBe(made.der);
	});

	it.each([
		["text", made.pem, "is text"],
		["PEM in bytes", Buffer.from(made.pem), "is PEM"],
		["a key", made.keyDer, "is a private key, not a certificate"],
		["PKCS#1", pkcs1, "is a private key"],
		["with bytes behind it", behind, "has 3 bytes behind its end"],
		["cut", made.der.subarray(0, 300), "is cut"],
		["empty", Buffer.from([0x30, 0]), "is not a certificate"],
	])("that is %s is refused", (_what, value, message) => {
		expect(() => certificateOf(value, "ca[1]")).toThrow(`tls.ca[1]: ${message}`);
	});
});

describe("the reader of DER", () => {
	it("reads what it is told to, and nothing past an end", () => {
		const der = new Der(Uint8Array.of(0x30, 3, 2, 1, 5, 4, 0), 0, 7);
		const inner = der.next(Tag.SEQUENCE).enter();
		expect([inner.peek, inner.next(Tag.INTEGER).start, inner.end, inner.more, inner.peek]).toEqual([
			2,
			4,
			5,
			false,
			-1,
		]);
		expect(() => inner.next()).toThrow(RangeError);
		expect(() => der.next(Tag.INTEGER)).toThrow(RangeError);
	});

	it.each([
		["of indefinite length", [0x30, 0x80, 0, 0]],
		["of a length in four bytes", [0x30, 0x84, 0, 0, 0, 1, 5]],
		["whose length is cut", [0x30, 0x82, 1]],
		["longer than there is", [0x30, 0x82, 1, 0, 5]],
		["of one byte", [0x30]],
	])("refuses an element %s", (_what, bytes) => {
		expect(() => new Der(Uint8Array.from(bytes), 0, bytes.length).next()).toThrow(RangeError);
	});

	it("refuses, and never goes astray, whatever comes", () => {
		fc.assert(
			fc.property(fc.nat(made.der.length - 1), fc.nat(255), (at, byte) => {
				const bytes = Uint8Array.from(made.der);
				bytes[at] = byte;
				try {
					expect(certificateOf(bytes, "ca")).toBe(bytes);
				} catch (error) {
					expect(String(error)).toMatch(/^TypeError: tls\.ca: /);
				}
			}),
		);
	});
});
