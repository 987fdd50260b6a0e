// Goal: every wrong set-up gives one clear line that names the option, the value and the limit, and an exit code that is
// not 0.
// Method: one table of command lines, run in this process; a few more as processes.
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { folderWith } from "../support/files.js";
import { freePort } from "../support/port.js";
import { runCliProcess, runInProcess, startCli } from "./run-cli.js";

const PUB = ["pub", "-t", "a", "-m", "x"];
const SUB = ["sub", "-t", "a"];

describe("a wrong option", () => {
	it.each<[string[], string]>([
		[
			[...PUB, "-q", "3"],
			"Error: option '-q, --qos <qos>' argument '3' is invalid. It is above the maximum of 2; 0 … 2.",
		],
		[
			[...PUB, "-q", "-1"],
			"Error: option '-q, --qos <qos>' argument '-1' is invalid. It is below the minimum of 0; 0 … 2.",
		],
		[
			[...PUB, "-p", "65536"],
			"Error: option '-p, --port <port>' argument '65536' is invalid. It is above the maximum of 65535; 1 … 65535.",
		],
		[
			[...PUB, "-p", "mqtt"],
			"Error: option '-p, --port <port>' argument 'mqtt' is invalid. It must be a whole number, 1 … 65535.",
		],
		[
			[...PUB, "-k", "65536"],
			"Error: option '-k, --keepalive <s>' argument '65536' is invalid. It is above the maximum of 65535; 0 … 65535.",
		],
		[
			[...PUB, "-k", "1.5"],
			"Error: option '-k, --keepalive <s>' argument '1.5' is invalid. It must be a whole number, 0 … 65535.",
		],
		[
			[...PUB, "--rx-buffer", "63"],
			"Error: option '--rx-buffer <bytes>' argument '63' is invalid. It is below the minimum of 64; 64 … 1048576.",
		],
		[
			[...PUB, "--tx-buffer", "0"],
			"Error: option '--tx-buffer <bytes>' argument '0' is invalid. It is below the minimum of 64; 64 … 1048576.",
		],
		[
			[...PUB, "--outbox", "2000000"],
			"Error: option '--outbox <bytes>' argument '2000000' is invalid. It is above the maximum of 1048576; 64 … 1048576.",
		],
		[
			[...PUB, "--set", "inflight=0"],
			"Error: option '--set <name=value>' argument 'inflight=0' is invalid. It is below the minimum of 1; 1 … 65535.",
		],
		[
			[...PUB, "--set", "inflght=1"],
			"Error: option '--set <name=value>' argument 'inflght=1' is invalid. There is no option inflght; did you mean inflight?",
		],
		[
			[...PUB, "--set", "outbox"],
			"Error: option '--set <name=value>' argument 'outbox' is invalid. It must be name=value, e.g. outbox=4096.",
		],
		[
			[...PUB, "--rx-buffer", "128", "--set", "readSize=256"],
			"Error: readSize: 256 is out of range; at most rxBuffer, 128",
		],
		[
			[...PUB, "-M", "0"],
			"Error: option '-M, --max-inflight <n>' argument '0' is invalid. It is below the minimum of 1; 1 … 65535.",
		],
		[[...PUB, "-W", "0"], "Error: option '-W <s>' argument '0' is invalid. It is below the minimum of 1; 1 … 2147483."],
		[
			[...SUB, "-C", "0"],
			"Error: option '-C <count>' argument '0' is invalid. It is below the minimum of 1; 1 … 2147483647.",
		],
		[
			[...PUB, "--will-topic", "w", "--will-qos", "4"],
			"Error: option '--will-qos <qos>' argument '4' is invalid. It is above the maximum of 2; 0 … 2.",
		],
		[[...PUB, "--will-topic", "w/#"], 'Error: --will-topic: "w/#" holds a wildcard or U+0000'],
		[[...PUB, "--will-payload", "x"], "Error: --will-payload, --will-qos and --will-retain need --will-topic"],
		[
			[...PUB, "-V", "mqttv5"],
			"Error: option '-V, --protocol-version <version>' argument 'mqttv5' is invalid. Only mqttv311 (or 311) is spoken so far.",
		],
		[[...PUB, "-x", "60"], "Error: -x, --session-expiry-interval: It belongs to MQTT 5.0, which is not spoken yet."],
		[
			[...PUB, "-D", "publish", "topic-alias", "1"],
			"Error: -D, --property: It belongs to MQTT 5.0, which is not spoken yet.",
		],
		[[...PUB, "--psk", "00"], "Error: --psk: Keys that are known beforehand are not supported: certificates only."],
		[[...PUB, "--tls-engine", "x"], "Error: --tls-engine: Engines of OpenSSL are not supported: the key is a file."],
		[
			[...PUB, "--keyform", "engine"],
			"Error: option '--keyform <form>' argument 'engine' is invalid. Engines of OpenSSL are not supported: only pem.",
		],
		[
			[...PUB, "--tls-version", "tlsv1.1", "--tls-use-os-certs"],
			"Error: --tls-version: tlsv1.1 must be tlsv1.2 or tlsv1.3",
		],
		[
			[...PUB, "--insecure"],
			"Error: --insecure: only with TLS: -L mqtts://…, --cafile, --capath or --tls-use-os-certs",
		],
		[[...PUB, "--tls-use-os-certs", "--cert", "x"], "Error: --cert needs --key, its private key"],
		[[...PUB, "--ws-path", "/x"], "Error: --ws-path: only with --ws, ws:// or wss://"],
		[[...PUB, "--ws", "--ws-path", "x"], "Error: --ws-path: must begin with / and have no blanks"],
		[[...PUB, "--tls-use-os-certs", "--ciphers", "no"], "Error: --ciphers: no names no suite that there is"],
		[
			["pub", "-m", "x", "-L", "http://host/a"],
			"Error: option '-L, --url <url>' argument 'http://host/a' is invalid. It must begin with mqtt:, mqtts:, ws: or wss:, not http:",
		],
		[
			["pub", "-m", "x", "-L", "mqtt://host:0/a"],
			"Error: option '-L, --url <url>' argument 'mqtt://host:0/a' is invalid. It is below the minimum of 1; 1 … 65535.",
		],
		[[...PUB, "-h", ""], 'Error: -h: "" is empty; it must be a name or an IPv4 address'],
		[[...PUB, "-h", "::1"], 'Error: -h: "::1" must be a name or an IPv4 address'],
		[[...PUB, "-h", "a b"], 'Error: -h: "a b" is neither a name nor an IPv4 address'],
		[[...PUB, "-h", "host/path"], 'Error: -h: "host/path" is neither a name nor an IPv4 address'],
		[[...PUB, "-c"], "Error: -c needs -i: a session is kept under the client identifier"],
		[[...PUB, "-c", "-i", ""], "Error: -c needs -i: a session is kept under the client identifier"],
		[[...PUB, "-i", "a", "-I", "b"], "Error: -i and -I exclude each other"],
		[[...PUB, "-P", "secret"], "Error: -P needs -u: MQTT 3.1.1 has no password without a user name"],
		[["pub", "-m", "x"], "Error: -t is missing: the topic to publish to"],
		[["pub", "-t", "", "-m", "x"], 'Error: -t: "" is empty; at least 1 character'],
		[["pub", "-t", "a/+", "-m", "x"], 'Error: -t: "a/+" holds a wildcard or U+0000'],
		[["pub", "-t", "a"], "Error: -m, -f, -s, -l or -n is missing: what to publish"],
		[[...PUB, "-n"], "Error: -m, -f, -s, -l and -n exclude each other: one kind of message at a time"],
		[["pub", "-t", "a", "-m"], "Error: option '-m, --message <text>' argument missing"],
		[["sub"], "Error: -t is missing: the topic filter to subscribe to"],
		[["sub", "-t", "a/#/b"], 'Error: -t: "a/#/b": the topic filter is not valid'],
		[["sub", "-t", ""], 'Error: -t: "": the topic filter is not valid'],
		[["sub", "-t", "a", "-U", "b+"], 'Error: -U: "b+": the topic filter is not valid'],
		[
			["sub", "-t", "a", "-t", "b", "--set", "subscriptions=1"],
			'Error: -t: "b": at most 1 filters (subscriptions) of 256 bytes together (filterBytes)',
		],
		[["sub", "-t", "a", "--retian"], "Error: unknown option '--retian'"],
		[[...PUB, "--retian"], "Error: unknown option '--retian' (Did you mean --retain?)"],
		[[...PUB, "more"], "Error: too many arguments for 'pub'. Expected 0 arguments but got 1."],
		[["pubs"], "Error: unknown command 'pubs' (Did you mean pub?)"],
		[["sizes", "--manifest", "no.json"], "Error: no.json: no such manifest"],
		[
			["sizes", "--topic-size", "0"],
			"Error: option '--topic-size <bytes>' argument '0' is invalid. It is below the minimum of 1; 1 … 65535.",
		],
	])("%j", async (args, line) => {
		expect(await runInProcess(...args)).toMatchObject({ exitCode: 64, err: `${line}\n` });
	});

	it("in a manifest is named with its file and place", async () => {
		const folder = folderWith({
			"broken.json": '{ "config": }',
			"wrong.json": { config: { mqtt: { outbox: 1, inflight: 0 } } },
		});
		expect(await runInProcess("sizes", "--manifest", `${folder}/broken.json`)).toMatchObject({
			exitCode: 64,
			err: `Error: ${folder}/broken.json:1:13: expected a value, found "}"\n`,
		});
		expect(await runInProcess(...PUB, "--manifest", `${folder}/wrong.json`)).toMatchObject({
			exitCode: 64,
			err:
				`Error: ${folder}/wrong.json: config.mqtt.outbox: 1 is below the minimum of 64\n` +
				`Error: ${folder}/wrong.json: config.mqtt.inflight: 0 is below the minimum of 1\n`,
		});
	});
});

describe("what is not there", () => {
	it("a file", async () => {
		expect(await runInProcess("pub", "-t", "a", "-f", "no/file")).toMatchObject({
			exitCode: 1,
			err: "Error: -f: no/file cannot be opened: no such file or directory\n",
		});
		expect(await runInProcess("pub", "-t", "a", "-f", ".")).toMatchObject({
			exitCode: 1,
			err: "Error: -f: . cannot be sent: it is a folder\n",
		});
	});

	it("a broker", async () => {
		const port = await freePort();
		for (const args of [PUB, SUB]) {
			expect(await runCliProcess([...args, "-h", "127.0.0.1", "-p", `${port}`])).toMatchObject({
				exitCode: 1,
				err: `Error: 127.0.0.1:${port}: Connection refused\n`,
			});
		}
	});

	it("a broker, quietly", async () => {
		const port = await freePort();
		const outcome = await runCliProcess([...PUB, "-h", "127.0.0.1", "-p", `${port}`, "--quiet"]);
		expect(outcome).toMatchObject({ exitCode: 1, err: "" });
	});

	it("an answer", async () => {
		const server = createServer().listen(0, "127.0.0.1");
		await new Promise((resolve) => server.once("listening", resolve));
		const { port } = server.address() as { port: number };
		const args = [...PUB, "-h", "127.0.0.1", "-p", `${port}`];
		const [silent, timed] = await Promise.all([
			runCliProcess([...args, "--set", "connectTimeoutMs=200"]),
			runCliProcess([...args, "-W", "1"]),
		]);
		server.close();
		const line = `Error: 127.0.0.1:${port}: no CONNACK in time; is it an MQTT broker?\n`;
		expect(silent).toMatchObject({ exitCode: 1, err: line });
		expect(timed).toMatchObject({ exitCode: 27, err: "Error: Timed out\n" });
	});
});

describe("the command", () => {
	it("prints version and help on standard output", async () => {
		expect(await runInProcess("--version")).toMatchObject({ exitCode: 0, err: "" });
		for (const command of ["run", "pub", "sub", "sizes", "schema"]) {
			const { exitCode, out, err } = await runInProcess(command, "--help");
			expect([exitCode, err]).toEqual([0, ""]);
			expect(out.toString()).toContain(`Usage: xs-mqtt ${command}`);
			expect(out.toString()).toContain("64  wrong options");
		}
	});

	it("prints help when nothing is asked for", async () => {
		const { exitCode, err } = await runInProcess();
		expect(exitCode).toBe(64);
		expect(err).toContain("Usage: xs-mqtt [options] [command]");
	});

	it("ends quietly when nobody reads what it prints", async () => {
		const running = startCli(["schema"]);
		running.child.stdout?.destroy();
		expect(await running.ended).toMatchObject({ exitCode: 0, err: "" });
	});
});
