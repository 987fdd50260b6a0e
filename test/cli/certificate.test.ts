import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import {
	chmodSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	Certificates,
	daysFromNow,
	makeCertificate,
	makeKey,
	pemOf,
	type Certificate,
} from "../support/certificates.js";
import { CLI } from "./run-cli.js";

// Goal: whatever people have as certificates and keys becomes what a device takes, or a line that says what is wrong with it.
// Method: two tables of files, right and wrong; the command itself, what it has written, and what it has said.

const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-certificate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PASSPHRASE = "open sesame";
let authority: Certificates;
let client: Certificate;
let intermediate: Certificate;
let behind: Certificate;

function openssl(...args: string[]): void {
	execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}

/** Writes a file of the test, and returns its name. */
function file(name: string, content: string | Buffer): string {
	writeFileSync(join(folder, name), content);
	return name;
}

const keyAs = (certificate: Certificate, type: "pkcs1" | "pkcs8", cipher?: string): string =>
	certificate.key.export({
		type,
		format: "pem",
		...(cipher !== undefined && { cipher, passphrase: PASSPHRASE }),
	}) as string;

beforeAll(() => {
	authority = new Certificates("rsa");
	client = authority.client();
	intermediate = authority.intermediate();
	behind = authority.client({ issuer: intermediate, name: "device-2" });
	file("ca.pem", authority.ca.pem);
	file("ca.crt", authority.ca.der);
	file("ca-ec.pem", makeCertificate({ name: "EC root", key: "ec", issues: true }).pem);
	file("ca-384.pem", makeCertificate({ name: "P-384 root", key: "p384", issues: true }).pem);
	file("client.pem", client.pem);
	file("client.crt", client.der);
	file("client-key.pem", client.keyPem);
	file("client-key.der", client.keyDer);
	file("client-pkcs1.pem", keyAs(client, "pkcs1"));
	file("client-encrypted.pem", keyAs(client, "pkcs8", "aes-256-cbc"));
	file("client-encrypted-pkcs1.pem", keyAs(client, "pkcs1", "aes-128-cbc"));
	file("passphrase", `${PASSPHRASE}\r\nanother line`);
	file("wrong-passphrase", "not that");
	file("chain.pem", behind.pem + intermediate.pem);
	file("chain-turned.pem", authority.ca.pem + intermediate.pem + behind.pem);
	file("behind.pem", behind.pem);
	file("behind-key.pem", behind.keyPem);
	file(
		"all.pem",
		`Bag Attributes\r\n    friendlyName: device\r\n${client.keyPem}${client.pem}`.replaceAll(/\r?\n/g, "\r\n"),
	);
	file(
		"commented.pem",
		`# my CAs\n\n${authority.ca.pem}\nsome text\n${makeCertificate({ name: "Second CA", issues: true }).pem}`,
	);
	file("other-key.pem", makeKey("rsa").export({ type: "pkcs8", format: "pem" }) as string);
	const ec = authority.client({ key: "ec", name: "device-3" });
	file("ec.pem", ec.pem);
	file("ec-key.pem", ec.key.export({ type: "sec1", format: "pem" }) as string);
	file("expired.pem", authority.client({ from: daysFromNow(-20), to: daysFromNow(-10), key: client.key }).pem);
	file("later.pem", authority.client({ from: daysFromNow(10), to: daysFromNow(400), key: client.key }).pem);
	file("soon.pem", authority.client({ to: daysFromNow(10.5), key: client.key }).pem);
	file("forged.pem", authority.client({ broken: true, key: client.key }).pem);
	file(
		"elsewhere.pem",
		makeCertificate({ name: "thing", key: client.key, issuer: makeCertificate({ name: "Other CA", issues: true }) })
			.pem,
	);
	const noCa = authority.server({ key: "rsa" });
	file("no-ca.pem", noCa.pem);
	file("by-no-ca.pem", makeCertificate({ name: "thing", key: client.key, issuer: noCa }).pem);
	file("chain-forged.pem", client.pem + makeCertificate({ name: "Test CA", issues: true, issuer: intermediate }).pem);
	file("server.pem", authority.selfSigned().pem);
	file("request.pem", pemOf("CERTIFICATE REQUEST", Buffer.from("30030201", "hex")));
	file("damaged.pem", client.pem.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"));
	file("nothing.pem", "");
	file("words.pem", "this is not it\n");
	openssl(
		"pkcs12",
		"-export",
		"-in",
		"client.pem",
		"-inkey",
		"client-key.pem",
		"-out",
		"client.p12",
		"-passout",
		"pass:x",
	);
	const request = ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=odd", "-keyout", "odd-key.pem"];
	openssl(...request, "-newkey", "ed25519", "-out", "ed25519.pem");
	openssl(...request, "-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss", "-out", "pss.pem");
	openssl(...request, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp521r1", "-out", "p521.pem");
});

interface Run {
	exitCode: number | null;
	out: string;
	err: string;
}

function run(...args: string[]): Run {
	const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "certificate", ...args], {
		cwd: folder,
		encoding: "utf8",
	});
	return { exitCode: status, out: stdout, err: stderr };
}

let runs = 0;

/** A run with an output folder of its own; what is in it afterwards. */
function convert(...args: string[]): Run & { files: Map<string, Buffer> } {
	const out = `out-${++runs}`;
	const result = run(...args, "--out", out);
	const path = join(folder, out);
	const names = existsSync(path) ? readdirSync(path) : [];
	return { ...result, files: new Map(names.map((name) => [name, readFileSync(join(path, name))])) };
}

const USUAL = ["--ca", "ca.pem", "--cert", "client.pem"];

describe("certificates and keys that are right", () => {
	it.each<[string, string[], string[], RegExp?]>([
		["a CA alone", ["--ca", "ca.pem"], ["ca.der"]],
		["a CA in DER", ["--ca", "ca.crt"], ["ca.der"]],
		[
			"several CAs, in one file and in several, with text between them",
			["--ca", "commented.pem", "--ca", "ca-ec.pem", "--ca", "ca-384.pem", "--ca", "ca.crt"],
			["ca.der", "ca-2.der", "ca-3.der", "ca-4.der"],
		],
		["a key in PKCS#8", [...USUAL, "--key", "client-key.pem"], ["ca.der", "cert.der", "key.der"]],
		["a key in PKCS#1", [...USUAL, "--key", "client-pkcs1.pem"], ["ca.der", "cert.der", "key.der"]],
		[
			"all in DER",
			["--ca", "ca.crt", "--cert", "client.crt", "--key", "client-key.der"],
			["ca.der", "cert.der", "key.der"],
		],
		[
			"an encrypted key",
			[...USUAL, "--key", "client-encrypted.pem", "--passphrase-file", "passphrase"],
			["ca.der", "cert.der", "key.der"],
		],
		[
			"an encrypted key in PKCS#1",
			[...USUAL, "--key", "client-encrypted-pkcs1.pem", "--passphrase-file", "passphrase"],
			["ca.der", "cert.der", "key.der"],
		],
		[
			"a chain",
			["--ca", "ca.pem", "--cert", "chain.pem", "--key", "behind-key.pem"],
			["ca.der", "cert.der", "cert-2.der", "key.der"],
		],
		[
			"a chain in any order, root and all",
			["--ca", "ca.pem", "--cert", "chain-turned.pem", "--key", "behind-key.pem"],
			["ca.der", "cert.der", "cert-2.der", "key.der"],
		],
		[
			"key and certificate in one file, CRLF, text before them",
			["--ca", "ca.pem", "--cert", "all.pem", "--key", "all.pem"],
			["ca.der", "cert.der", "key.der"],
		],
		[
			"a client of another CA",
			["--ca", "ca-ec.pem", "--cert", "elsewhere.pem", "--key", "client-key.pem", "--other-issuer"],
			["ca.der", "cert.der", "key.der"],
		],
		[
			"one that begins later",
			["--ca", "ca.pem", "--cert", "later.pem", "--key", "client-key.pem"],
			["ca.der", "cert.der", "key.der"],
			/^Warning: later\.pem: "CN=device-1" is not valid before \d{4}-\d\d-\d\d\n$/,
		],
		[
			"one that ends soon",
			["--ca", "ca.pem", "--cert", "soon.pem", "--key", "client-key.pem"],
			["ca.der", "cert.der", "key.der"],
			/^Warning: soon\.pem: "CN=device-1" expires in 10 days\n$/,
		],
		[
			"the server's own certificate",
			["--ca", "server.pem"],
			["ca.der"],
			/^Warning: server\.pem: "CN=broker\.test" is no CA: it passes only as the server's own certificate\n$/,
		],
	])("are written: %s", (_name, args, names, warning = /^$/) => {
		const { exitCode, out, err, files } = convert(...args);
		expect(err).toMatch(warning);
		expect(exitCode).toBe(0);
		expect([...files.keys()].sort()).toEqual([...names].sort());
		for (const [name, bytes] of files) {
			if (name === "key.der") {
				const key = createPrivateKey({ key: bytes, format: "der", type: "pkcs8" });
				expect(new X509Certificate(files.get("cert.der")!).checkPrivateKey(key)).toBe(true);
				expect(bytes.subarray(0, 2).toString("hex")).toBe("3082");
			} else expect(new X509Certificate(bytes).raw).toEqual(bytes);
			expect(out).toContain(`${name}  `);
		}
		// The first is the client's, the next has signed it.
		const [first, second] = ["cert.der", "cert-2.der"].map((name) => files.get(name));
		if (second) expect(new X509Certificate(first!).verify(new X509Certificate(second).publicKey)).toBe(true);
		expect(out).toContain(`"data": { "*": "./out-${runs}/*" }`);
		expect(out).toContain("transport: tls({ ca: ");
		expect(out.includes('key: new Resource("key.der")')).toBe(names.includes("key.der"));
		expect(out + err).not.toMatch(/PRIVATE|MII/);
	});

	it("are told with names, dates, kinds of keys and signatures, as JSON too", () => {
		const made = file("named.pem", authority.server({ key: client.key, to: daysFromNow(100.5) }).pem);
		const { out, err, files } = convert("--ca", "ca.pem", "--cert", made, "--key", "client-key.pem", "--json");
		expect(err).toBe("");
		const report = JSON.parse(out) as { type: string; files: Record<string, unknown>[]; warnings: string[] };
		expect(report).toMatchObject({ type: "certificate", out: `out-${runs}`, warnings: [] });
		expect(report.files).toMatchObject([
			{
				file: "ca.der",
				kind: "ca",
				subject: "CN=Test CA",
				issuer: "CN=Test CA",
				key: "RSA 2048",
				signature: "RSA with SHA-256",
				isCa: true,
			},
			{
				file: "cert.der",
				kind: "certificate",
				subject: "CN=broker.test",
				names: ["broker.test", "127.0.0.1"],
				daysLeft: 100,
				isCa: false,
			},
			{ file: "key.der", kind: "key", key: "RSA 2048", bytes: files.get("key.der")!.length },
		]);
	});
});

describe("the files", () => {
	it("hide the key from others, also when a readable one was there", () => {
		const args = [...USUAL, "--key", "client-key.pem", "--out", "hidden"];
		expect(run(...args).exitCode).toBe(0);
		const key = join(folder, "hidden/key.der");
		expect(statSync(key).mode & 0o777).toBe(0o600);
		chmodSync(key, 0o644);
		expect(run(...args, "--force").exitCode).toBe(0);
		expect(statSync(key).mode & 0o777).toBe(0o600);
		expect(readdirSync(join(folder, "hidden")).sort()).toEqual(["ca.der", "cert.der", "key.der"]);
	});

	it("are never replaced without --force, and none of them is then", () => {
		expect(run("--ca", "ca-ec.pem", "--out", "kept").exitCode).toBe(0);
		const before = readFileSync(join(folder, "kept/ca.der"));
		const { exitCode, err } = run(...USUAL, "--key", "client-key.pem", "--out", "kept");
		expect([exitCode, err]).toEqual([73, "Error: kept/ca.der is there already; --force replaces it\n"]);
		expect(readdirSync(join(folder, "kept"))).toEqual(["ca.der"]);
		expect(readFileSync(join(folder, "kept/ca.der"))).toEqual(before);
	});

	it("need a folder that can be made", () => {
		const { exitCode, err } = run("--ca", "ca.pem", "--out", "words.pem/certs");
		expect([exitCode, err]).toEqual([73, "Error: words.pem/certs cannot be made: not a directory\n"]);
	});
});

describe("what is wrong", () => {
	const KEY = ["--key", "client-key.pem"];
	it.each<[string[], number, string]>([
		[[...USUAL, "--key", "other-key.pem"], 65, 'client.pem: "CN=device-1" does not belong to the key in other-key.pem'],
		[
			["--ca", "ca.pem", "--cert", "ec.pem", "--key", "ec-key.pem"],
			65,
			"ec-key.pem: is a key of kind EC P-256; a device's TLS takes RSA for clients: openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem",
		],
		[
			["--ca", "ca.pem", "--cert", "behind.pem", "--key", "behind-key.pem"],
			65,
			'behind.pem: "CN=device-2" leads to "CN=Test intermediate", which is not in --ca; --other-issuer if the server\'s certificate comes from elsewhere than the client\'s, as at AWS IoT',
		],
		[
			["--ca", "ca.pem", "--cert", "forged.pem", ...KEY],
			65,
			'forged.pem: "CN=device-1" is not signed by "CN=Test CA" in ca.pem',
		],
		[
			["--ca", "no-ca.pem", "--cert", "by-no-ca.pem", ...KEY],
			65,
			'no-ca.pem: "CN=broker.test" has signed another, and is no CA',
		],
		[
			["--ca", "ca.pem", "--cert", "chain-forged.pem", ...KEY],
			65,
			'chain-forged.pem: "CN=device-1" is not signed by "CN=Test CA" in chain-forged.pem',
		],
		[["--ca", "ca.pem", "--cert", "expired.pem", ...KEY], 65, 'expired.pem: "CN=device-1" has expired, on '],
		[
			["--ca", "ed25519.pem"],
			65,
			'ed25519.pem: "CN=odd" has a key of kind Ed25519; a device can check RSA, P-256 and P-384',
		],
		[
			["--ca", "p521.pem"],
			65,
			'p521.pem: "CN=odd" has a key of kind EC P-521; a device can check RSA, P-256 and P-384',
		],
		[["--ca", "pss.pem"], 65, 'pss.pem: "CN=odd" is signed by RSA-PSS; a device can check RSA (PKCS#1) and ECDSA'],
		[
			["--ca", "client.p12"],
			65,
			"client.p12: is PKCS#12; openssl pkcs12 -in client.p12 -nodes -out client.p12.pem, then --cert and --key client.p12.pem",
		],
		[[...USUAL, "--key", "client.p12"], 65, "client.p12: is PKCS#12; openssl pkcs12"],
		[
			[...USUAL, "--key", "client-encrypted.pem"],
			65,
			"client-encrypted.pem: is encrypted; --passphrase-file, or: openssl pkey -in client-encrypted.pem -out plain.pem",
		],
		[
			[...USUAL, "--key", "client-encrypted.pem", "--passphrase-file", "wrong-passphrase"],
			65,
			"client-encrypted.pem: cannot be decrypted: the passphrase is wrong, or it is damaged",
		],
		[[...USUAL, "--key", "client.pem"], 65, "client.pem: is a certificate, and no key"],
		[["--ca", "client-key.pem"], 65, "client-key.pem: is a private key, and no certificate"],
		[
			["--ca", "ca.pem", "--cert", "request.pem", ...KEY],
			65,
			"request.pem: is a request for a certificate; what comes back from the issuer is wanted",
		],
		[["--ca", "damaged.pem"], 65, "damaged.pem: is no certificate, neither PEM nor DER"],
		[["--ca", "words.pem"], 65, "words.pem: is no certificate, neither PEM nor DER"],
		[["--ca", "nothing.pem"], 65, "nothing.pem: is empty"],
		[["--ca", "absent.pem"], 66, "absent.pem cannot be read: no such file or directory"],
		[["--ca", "ca.pem", "--cert", "client.pem"], 64, "--cert and --key need each other"],
		[["--cert", "client.pem", ...KEY], 64, "required option '--ca <file>' not specified"],
	])("is said in one line, and nothing is written: %j", (args, code, line) => {
		const { exitCode, out, err, files } = convert(...args);
		expect(err.startsWith(`Error: ${line}`)).toBe(true);
		expect(err).toMatch(/^[^\n]*\n$/);
		expect([exitCode, out, [...files.keys()]]).toEqual([code, "", []]);
		expect(err).not.toMatch(/sesame|not that|PRIVATE/);
	});
});

it("--help has the codes of this command", () => {
	expect(run("--help").out).toMatch(/65 {2}what was read is no good/);
});
