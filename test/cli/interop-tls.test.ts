// Goal: `pub` and `sub` exchange messages with mosquitto's tools by TLS and with each other by all four URLs, and say in one line
// what is wrong with a broker, with a certificate, or with a file.
// Method: the commands as processes; a mosquitto with two listeners of TLS, one of which wants certificates; the embedded broker for
// WebSocket, which Debian's mosquitto has not; servers with bad certificates in front of it.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { Certificates, makeCertificate, SERVER_ADDRESS, type Certificate } from "../support/certificates.js";
import { folderWith } from "../support/files.js";
import { describeWithMosquitto, findProgram, freePort, Mosquitto } from "../support/mosquitto.js";
import { TlsFront } from "../support/tls-front.js";
import { runCliProcess, Running, startCli } from "./run-cli.js";

const certificates = new Certificates();
const server = certificates.server({ names: ["localhost"] });
const client = certificates.client({ key: "ec" });
const FILES = {
	"ca.pem": certificates.ca.pem,
	"server.pem": server.pem,
	"server.key": server.keyPem,
	"client.pem": client.pem,
	"client.key": client.keyPem,
	"other.pem": makeCertificate({ name: "Another CA", issues: true }).pem,
};

let topics = 0;
const newTopic = (): string => `tls/${++topics}`;

async function ok(running: Running): Promise<void> {
	expect(await running.ended).toMatchObject({ exitCode: 0, err: "" });
}

describeWithMosquitto("with mosquitto's tools, by TLS", () => {
	let broker: Mosquitto;
	let files: string;
	/** Ports: without and with certificates of clients. */
	let open: number;
	let strict: number;

	beforeAll(async () => {
		[open, strict] = [await freePort(), await freePort()];
		broker = await Mosquitto.start({
			files: FILES,
			config: ["per_listener_settings false", ...listener(open), ...listener(strict), "require_certificate true"],
		});
		files = broker.folder;
	});
	afterAll(() => broker.stop());

	/** Lines of mosquitto.conf; paths are in the broker's folder. */
	function listener(port: number): string[] {
		const names = { cafile: "ca.pem", certfile: "server.pem", keyfile: "server.key" };
		return [`listener ${port} 127.0.0.1`, ...Object.entries(names).map(([name, file]) => `${name} {folder}/${file}`)];
	}

	const file = (name: string): string => join(files, name);
	const at = (port: number): string[] => ["-h", "127.0.0.1", "-p", `${port}`, "--cafile", file("ca.pem")];
	const mine = (): string[] => ["--cert", file("client.pem"), "--key", file("client.key")];
	const ours = (command: "pub" | "sub", ...args: string[]): Running =>
		startCli([command, ...args], command === "sub" ? "" : undefined);
	const theirs = (command: "pub" | "sub", ...args: string[]): Running =>
		new Running(findProgram(`mosquitto_${command}`) ?? "", args, command === "sub" ? "" : undefined);

	async function subscribed(start: typeof ours, ...args: string[]): Promise<Running> {
		const id = `sub-tls-${++topics}`;
		const from = broker.log.length;
		const running = start("sub", "-i", id, ...args);
		await broker.waitForLog(new RegExp(`Sending SUBACK to ${id}\\b`), from);
		return running;
	}

	it.each([
		["0", "open", []],
		["1", "strict", ["--tls-version", "tlsv1.2"]],
		["2", "strict", ["--tls-version", "tlsv1.3"]],
	] as const)("messages of QoS %s go from each to each, port %s", async (qos, port, more) => {
		const topic = newTopic();
		const args = port === "open" ? at(open) : [...at(strict), ...mine()];
		const own = ["-t", topic, "-q", qos, "-C", "2"];
		const readers = [await subscribed(ours, ...args, ...more, ...own), await subscribed(theirs, ...args, ...own)];
		await ok(ours("pub", ...args, ...more, "-t", topic, "-q", qos, "-m", "grün"));
		await ok(theirs("pub", ...args, "-t", topic, "-q", qos, "-m", "blau"));
		for (const reader of readers) {
			const { exitCode, out, err } = await reader.ended;
			expect({ exitCode, out: out.toString(), err }).toEqual({ exitCode: 0, out: "grün\nblau\n", err: "" });
		}
	});

	it.each(["tlsv1.2", "tlsv1.3"])("a certificate that is wanted and not there is told, with %s", async (version) => {
		const args = ["pub", ...at(strict), "--tls-version", version, "-t", newTopic(), "-m", "x"];
		const { exitCode, err } = await runCliProcess(args);
		expect(exitCode).toBe(1);
		expect(err).toMatch(
			/^Error: 127\.0\.0\.1:\d+: TLS: the broker has ended it by an alert (40|116) \(.*it wants a certificate, see --cert\)\n$/,
		);
	});

	it("--capath, --ciphers, --tls-alpn and -d work", async () => {
		const more = ["--capath", files, "--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384", "--tls-version", "tlsv1.2", "-d"];
		const args = [
			"pub",
			"-h",
			"localhost",
			"-p",
			`${open}`,
			"--tls-alpn",
			"mqtt",
			...more,
			"-t",
			newTopic(),
			"-m",
			"x",
		];
		const { exitCode, err } = await runCliProcess(args);
		expect(exitCode).toBe(0);
		expect(err).toContain(" secured: TLSv1.2 with TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
		expect(err).toContain("server is localhost, 127.0.0.1");
	});

	it("plain MQTT at a port with TLS, and TLS at a port without it, end with a hint", async () => {
		const plain = await runCliProcess(["pub", "-h", "127.0.0.1", "-p", `${open}`, "-t", "a", "-m", "x"]);
		expect([plain.exitCode, plain.err]).toEqual([1, expect.stringMatching(/is it an MQTT broker\?/)]);
		const secured = await runCliProcess(["pub", ...at(broker.port), "-t", "a", "-m", "x"]);
		expect([secured.exitCode, secured.err]).toEqual([1, expect.stringMatching(/is it a port with TLS\?/)]);
	});
});

describe("by all four URLs", () => {
	let broker: EmbeddedBroker;
	beforeAll(async () => {
		broker = await startAedes({ ways: { mqtts: 0, ws: 0, wss: 0 } });
	});
	afterAll(() => broker.close());

	const ways = ["mqtt", "mqtts", "ws", "wss"] as const;
	it.each(ways)("messages of every size come from each to a reader by %s:", async (way) => {
		const ca = join(folderWith({ "ca.pem": broker.ca! }), "ca.pem");
		const topic = newTopic();
		const by = (of: (typeof ways)[number]): string[] => {
			const secured = of === "mqtts" || of === "wss" ? ["--cafile", ca] : [];
			return ["-L", `${of}://localhost:${broker.ports[of]}/${topic}`, ...secured];
		};
		const large = "0123456789".repeat(20_000);
		const subscribed = new Promise<void>((resolve) => broker.aedes.once("subscribe", () => resolve()));
		const reader = startCli(["sub", ...by(way), "-q", "1", "-C", "5"], "");
		await subscribed;
		for (const other of ways) await ok(startCli(["pub", ...by(other), "-q", "1", "-m", `by ${other}`]));
		await ok(startCli(["pub", ...by(way), "-q", "2", "-s"], large));
		const { exitCode, out, err } = await reader.ended;
		expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
		expect(out.toString()).toBe(`${ways.map((other) => `by ${other}\n`).join("")}${large}\n`);
	});

	it("--ws and --ws-path lead there, too; a path that is not there is told", async () => {
		const args = ["-h", "localhost", "-p", `${broker.ports.ws}`, "--ws", "-t", "a", "-m", "x"];
		await ok(startCli(["pub", ...args, "--ws-path", "/any?thing=1"]));
		const plain = await runCliProcess(["pub", "-L", `ws://localhost:${broker.port}/a`, "-m", "x"]);
		expect([plain.exitCode, plain.err]).toEqual([1, expect.stringMatching(/^Error: localhost:\d+: /)]);
	});
});

describe("a broker that is no good", () => {
	let broker: EmbeddedBroker;
	beforeAll(async () => {
		broker = await startAedes();
	});
	afterAll(() => broker.close());

	const wrongName = certificates.wrongName();
	it.each<[string, Certificate, string, string]>([
		["an issuer who is not trusted", server, "other.pem", "the server's certificates lead to none that is trusted"],
		["another name", wrongName, "ca.pem", "the server's certificate is for other.test, 192.0.2.1, not for 127.0.0.1"],
		["an expired certificate", certificates.expired(), "ca.pem", "a certificate of the server has expired"],
		["one that is not valid yet", certificates.notYetValid(), "ca.pem", "a certificate of the server is not valid yet"],
		["one that is signed by itself", certificates.selfSigned(), "ca.pem", "the server's certificate is self-signed"],
		[
			"a broken signature",
			certificates.server({ broken: true }),
			"ca.pem",
			"is not signed by the one that should have",
		],
	])("is refused for %s", async (_what, certificate, ca, text) => {
		const front = await TlsFront.listen(broker.port, { cert: certificate.pem, key: certificate.keyPem });
		onTestFinished(() => front.close());
		const args = ["pub", "-h", SERVER_ADDRESS, "-p", `${front.port}`, "-t", "a", "-m", "x"];
		const { exitCode, err } = await runCliProcess([...args, "--cafile", join(folderWith(FILES), ca)]);
		expect(exitCode).toBe(1);
		expect(err).toMatch(/^Error: 127\.0\.0\.1:\d+: TLS: [^\n]*\n$/);
		expect(err).toContain(text);
	});

	it("with --insecure may have another name, and nothing else", async () => {
		const folder = folderWith(FILES);
		const front = await TlsFront.listen(broker.port, { cert: wrongName.pem, key: wrongName.keyPem });
		onTestFinished(() => front.close());
		const args = ["pub", "-h", "127.0.0.1", "-p", `${front.port}`, "-t", "a", "-m", "x", "--insecure", "--cafile"];
		await ok(startCli([...args, join(folder, "ca.pem")]));
		expect((await runCliProcess([...args, join(folder, "other.pem")])).exitCode).toBe(1);
		const theirs = findProgram("mosquitto_pub");
		if (theirs === undefined) return;
		expect((await new Running(theirs, [...args.slice(1), join(folder, "ca.pem")]).ended).exitCode).toBe(0);
		expect((await new Running(theirs, [...args.slice(1), join(folder, "other.pem")]).ended).exitCode).not.toBe(0);
	});
});

describe("a file that is of no use", () => {
	const encrypted = client.key
		.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "geheim" })
		.toString();
	const other = makeCertificate({ name: "other" });
	const all = { ...FILES, "encrypted.key": encrypted, "other.key": other.keyPem, text: "no PEM\n", empty: "" };

	it.each([
		[["--cafile", "none"], "--cafile: {}/none cannot be read: no such file or directory"],
		[["--cafile", "text"], "--cafile: {}/text is no certificate, neither PEM nor DER"],
		[["--cafile", "empty"], "--cafile: {}/empty is no certificate, neither PEM nor DER"],
		[["--cafile", "client.key"], "--cafile: {}/client.key has no certificate but PRIVATE KEY"],
		[["--capath", "none"], "--capath: {}/none cannot be read: no such file or directory"],
		[["--cert", "client.pem", "--key", "none"], "--key: {}/none cannot be read: no such file or directory"],
		[["--cert", "client.pem", "--key", "client.pem"], "--key: {}/client.pem is no private key, neither PEM nor DER"],
		[["--cert", "client.pem", "--key", "other.key"], "--key: {}/other.key does not belong to the certificate"],
		[["--cert", "client.key", "--key", "client.key"], "--cert: {}/client.key has no certificate but PRIVATE KEY"],
		[
			["--cert", "client.pem", "--key", "encrypted.key"],
			"--key: {}/encrypted.key is encrypted; take its passphrase away: openssl pkey -in key.pem -out plain.pem",
		],
	])("%j", async (args, line) => {
		const folder = folderWith(all);
		const named = args.map((arg) => (arg.startsWith("--") ? arg : join(folder, arg)));
		for (const command of [
			["pub", "-t", "a", "-m", "x", "-L", "mqtts://h"],
			["run", "telemetry", "--broker", "mqtts://h"],
		]) {
			const { exitCode, err } = await runCliProcess([...command, ...named]);
			expect({ exitCode, err }).toEqual({ exitCode: 1, err: `Error: ${line.replace("{}", folder)}\n` });
		}
	});
});
