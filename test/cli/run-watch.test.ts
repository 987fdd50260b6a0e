// Goal: what goes wrong in a program is seen, in the log and in the exit code, on both engines.
// Method: the command itself, with programs of a few lines.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";
import { folderWith } from "../support/files.js";
import { freePort } from "../support/port.js";
import { CLI, runCliProcess, runInProcess } from "./run-cli.js";

const found = await tryBuildXsHost();
const engines = "host" in found ? ["node", "xs"] : ["node"];

const HEAD = `
import { Client, Topic } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import Timer from "timer";
import config from "mc/config";
const make = (options) => new Client({ ...config.mqtt, clientId: "p", transport: tcp, ...options });
`;

/** Everything that can be refused, an exception, a message that is too large, one without a handler. */
const WRONG = `${HEAD}
const TOPIC = new Topic("a/b");
const BYTES = new Uint8Array(2);
function handle() { throw new TypeError("boom"); }
const client = make({ onConnected });
function onConnected() {
	client.publish("a/b", "x", 1);
	client.publish("a/+", "x");
	client.publish(new Topic("a/t"), new Uint8Array(5000), 1);
	client.publish("a/large", new Uint8Array(520));
	client.publishStream("a/s", -1, { read: () => -1 }, 1);
	for (let i = 0; i < 5000; i++) client.publish(TOPIC, BYTES, 3);
	client.publish("a/end", "", 1);
}
client.subscribe("a/b", 1, handle);
client.subscribe("a/large", 0, () => {});
// The last message that comes back ends the program.
client.subscribe("a/end", 1, () => client.stop());
client.subscribe("a/#/b", 0, () => {});
client.subscribe("f".repeat(300), 0, () => {});
client.unsubscribe("a/#/b");
client.compose("", 1).drop();
client.compose("a/c", 1).text("\\ud800").send();
trace("no end of line");
client.start();
`;

type Line = Record<string, unknown> & { type: string };

/** The lines of a run with --json. */
function linesOf(out: Buffer | string): Line[] {
	return out
		.toString()
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as Line);
}

describe.each(engines)("what goes wrong in a program on %s", (engine) => {
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-test-"));
	const args = ["run", join(folder, "wrong.mjs"), "--engine", engine, "--duration", "60", "--seed", "1"];
	let out: string;
	let lines: Line[];

	afterAll(() => rmSync(folder, { recursive: true }));
	beforeAll(async () => {
		writeFileSync(join(folder, "wrong.mjs"), WRONG);
		const start = (...more: string[]) =>
			promisify(execFile)(process.execPath, [CLI, ...args, ...more], { maxBuffer: 2 ** 26 });
		const [text, json] = await Promise.all([start(), start("--json")]);
		expect(text.stderr).toBe("");
		out = text.stdout;
		lines = linesOf(json.stdout);
	});

	it.each([
		'publish refused: INVALID_TOPIC (-4), "a/+", payload of 1 byte',
		'publish refused: TOO_LARGE (-2), "a/t", payload of 5000 bytes',
		'publishStream refused: INVALID_PAYLOAD (-7), "a/s"',
		'publish refused: INVALID_QOS (-6), "a/b", payload of 2 bytes',
		'subscribe refused: INVALID_FILTER (-5), "a/#/b"',
		`subscribe refused: FULL (-1), "${"f".repeat(40)}…" (300 bytes)`,
		'unsubscribe refused: INVALID_FILTER (-5), "a/#/b"',
		'compose refused: INVALID_TOPIC (-4), ""',
		'send refused: INVALID_PAYLOAD (-7), "a/c"',
		"message too large, dropped: MESSAGE_TOO_LARGE, payload of 520 bytes, see rxBuffer",
		"a callback threw, TypeError: boom",
	])("has a line of its own: %s", (line) => {
		expect(out).toContain(` ! ${line}\n`);
	});

	it("shows where an exception was made, down to the program", () => {
		expect(out).toMatch(/! a callback threw, TypeError: boom\n.* ! {3}at handle \(.*\)\n(?!.* ! {3}at)/);
	});

	it("folds what is repeated, and says how often it was", () => {
		expect(out.match(/publish refused: INVALID_QOS/g)!.length).toBeLessThan(15);
		const refused = lines.filter(({ type, status }) => type === "refused" && status === -6);
		const more = lines.filter(({ type, of, name }) => type === "more" && of === "refused" && name === "INVALID_QOS");
		const written = refused.length + more.reduce((sum, line) => sum + (line["more"] as number), 0);
		expect(written).toBe(5000);
		expect(JSON.stringify(lines.at(-1))).toContain('"publish INVALID_QOS":5000');
	});

	it("leaves what the program has traced of a line as it is", () => {
		expect(out).toMatch(/ \| no end of line$/m);
	});

	it("is in every line of JSON under a type, numbers beside their names", () => {
		const topic = lines.find(({ type, status }) => type === "refused" && status === -4);
		expect(topic).toMatchObject({ client: 1, call: expect.any(String) as string, name: "INVALID_TOPIC", count: 1 });
		const problem = lines.find(({ type }) => type === "problem");
		expect(problem).toMatchObject({ problem: 1, name: "MESSAGE_TOO_LARGE", detail: 520 });
		expect(lines.find(({ type }) => type === "threw")).toMatchObject({ error: "TypeError: boom", inside: false });
		expect(lines.find(({ type }) => type === "ended")).toMatchObject({ layerName: "LOCAL", name: "STOPPED" });
	});

	it("raises the sizes that were too small", () => {
		const row = (name: string): number => Number(new RegExp(`^ {2}${name} +\\d+ +\\d+ +(\\d+)$`, "m").exec(out)![1]);
		expect(row("filterBytes")).toBeGreaterThan(300);
		expect(row("outbox")).toBeGreaterThan(5000);
		expect(row("rxBuffer")).toBeGreaterThan(520);
	});
});

/** Runs a program of a few lines. */
async function run(source: string, ...args: string[]) {
	const file = join(folderWith({ "program.mjs": `${HEAD}${source}` }), "program.mjs");
	const { exitCode, out, err } = await runCliProcess(["run", file, "--seed", "1", ...args]);
	return { exitCode, out: out.toString(), err };
}

/** A client that ends the program when both its publishes are delivered. */
const GOOD = `
let left = 2;
const client = make({
	onConnected() { client.publish("a", "x", 1); client.publish("a", "y", 2); },
	onDelivered() { if (--left === 0) client.stop(); },
});
client.start();
`;

describe.each(engines)("a message without a handler on %s", (engine) => {
	it("has a line, whether it fits or not, and --fail-on sees it", async () => {
		// PUBLISH at QoS 0 to "x" of 1 and of 600 bytes, and to "end".
		const publish = (topic: string, size: number): Buffer => {
			const remaining = 2 + topic.length + size;
			const head = remaining < 128 ? [remaining] : [(remaining & 127) | 128, remaining >> 7];
			return Buffer.concat([Buffer.from([0x30, ...head, 0, topic.length]), Buffer.from(topic), Buffer.alloc(size, 65)]);
		};
		const server = createServer((socket) => {
			socket.on("error", () => {});
			socket.once("data", () => {
				const packets = [publish("x", 1), publish("x", 600), publish("end", 0)];
				socket.write(Buffer.concat([Buffer.from([0x20, 2, 0, 0]), ...packets]));
			});
		});
		onTestFinished(() => void server.close());
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const broker = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const program = `
			const client = make({ stopTimeoutMs: 10 });
			client.subscribe("end", 0, () => client.stop());
			client.start();`;
		const { out, err, exitCode } = await run(program, "--engine", engine, "--broker", broker, "--fail-on", "unrouted");
		expect(out).toContain('! message without a handler, dropped, "x", payload of 1 byte\n');
		expect(out).toContain('! message without a handler, dropped, "x", payload of 600 bytes\n');
		expect([exitCode, err]).toEqual([1, 'Error: --fail-on unrouted: client "p": 2 messages had no handler\n']);
	});
});

describe("the exit code of a run", () => {
	it("is 0 for a client that is connected, and has delivered what is expected", async () => {
		const watched = ["--fail-on", "refused,threw,dropped,too-large,unconnected", "--expect-delivered", "2"];
		expect(await run(GOOD, ...watched)).toMatchObject({ exitCode: 0, err: "" });
	});

	it("is 1 for each thing that --fail-on names, and not for others", async () => {
		// What it does before it ends itself: a refused call, an exception, a message that is too large, a source that fails.
		const program = `
			let connects = 0;
			const onConnected = () => { if (++connects === 2) client.stop(); };
			const client = make({ rxBuffer: 64, readSize: 64, reconnectMinMs: 1, reconnectMaxMs: 1, onConnected });
			client.start();
			client.publish("+", "");
			client.subscribe("a", 0, () => { throw 1; });
			client.publish("a", "");
			client.publish("a", "x".repeat(70));
			// Last, because a source that fails ends the connection.
			client.subscribe("end", 1, () => client.publishStream("b", 5, { read: () => -1 }, 1));
			client.publish("end", "", 1);`;
		const names = "refused,threw,too-large,dropped,unrouted,unfinished,session-lost,unconnected";
		const { exitCode, err } = await run(program, "--fail-on", names);
		expect([exitCode, err.trimEnd().split("\n")]).toEqual([
			1,
			[
				'Error: --fail-on refused: client "p": 1 call was refused',
				'Error: --fail-on threw: client "p": 1 exception was thrown',
				'Error: --fail-on too-large: client "p": 1 message was too large',
				'Error: --fail-on dropped: client "p": 1 publish was dropped',
			],
		]);
	});

	it("is 1 for a client that was never connected", async () => {
		const { exitCode, err } = await run("make({}).start();", "--duration", "0");
		expect([exitCode, err]).toEqual([1, 'Error: client "p" was never connected\n']);
	});

	it("is 1 for a client that has no connection at the end, and did not want that", async () => {
		const program = `
			const client = make({ reconnect: false });
			client.publishStream("a", 5, { read: () => -1 }, 1);
			client.start();`;
		const { exitCode, err } = await run(program);
		const line = 'Error: client "p" was not connected at the end: SOURCE_FAILED of layer LOCAL\n';
		expect([exitCode, err]).toEqual([1, line]);
	});

	it("is 64 for a name that --fail-on does not know, and all of them are listed", async () => {
		const { exitCode, err } = await runInProcess("run", "telemetry", "--fail-on", "refused,droped");
		expect(exitCode).toBe(64);
		expect(err).toBe(
			'Error: --fail-on: there is no "droped"; did you mean dropped? One or more of refused,threw,dropped,too-large,' +
				"unrouted,unfinished,session-lost,subscription-refused,unconnected\n",
		);
	});
});

describe("options of a run", () => {
	it("--port has the embedded broker there, and says when the port is taken", async () => {
		const port = String(await freePort());
		const { out, exitCode, err } = await run(GOOD, "--port", port, "--expect-delivered", "3");
		// Fewer than that are delivered.
		expect([exitCode, err]).toEqual([1, "Error: --expect-delivered 3: 2 publishes of QoS 1 and 2 were delivered\n"]);
		expect(out).toContain(`broker embedded aedes on port ${port}`);
		expect(out).toContain(`connect: 127.0.0.1:${port}`);
		expect(out).not.toContain("198.18.");
		const both = await runInProcess("run", "telemetry", "--port", port, "--broker", "mqtt://127.0.0.1");
		expect([both.exitCode, both.err]).toEqual([
			64,
			"Error: --port: only without --broker, for the broker inside this process\n",
		]);
	});

	it("--full-payload shows payloads whole, and bytes that are no text in Base64", async () => {
		const program = `
			const client = make({ onConnected() {
				client.publish("text", "é".repeat(100));
				client.publish("bytes", new Uint8Array(100).fill(255));
				client.stop();
			} });
			client.start();`;
		const file = join(folderWith({ "program.mjs": HEAD + program }), "program.mjs");
		const { out } = await runCliProcess(["run", file, "--json", "--full-payload"]);
		const sent = (topic: string) => linesOf(out).find((line) => line["topic"] === topic)!;
		expect(sent("text")).toMatchObject({ payloadSize: 200, payload: "é".repeat(100) });
		expect(sent("text")).not.toHaveProperty("payloadCut");
		const base64 = Buffer.alloc(100, 255).toString("base64");
		expect(sent("bytes")).toMatchObject({ payloadSize: 100, payloadBase64: base64 });
		expect(sent("bytes")).not.toHaveProperty("payload");
	});

	it("reads a manifest with a byte-order mark", async () => {
		const folder = folderWith({ "program.mjs": `${HEAD}trace(config.mqtt.clientId, "\\n");` });
		writeFileSync(join(folder, "manifest.json"), '\ufeff{ "config": { "mqtt": { "clientId": "marked" } } }');
		const { exitCode, out } = await runCliProcess(["run", join(folder, "program.mjs")]);
		expect(exitCode).toBe(0);
		expect(out.toString()).toContain("| marked");
	});
});
