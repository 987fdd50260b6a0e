import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { CliError } from "../../host-sim/terminal/exit.js";
import { parseBrokerUrl } from "../../host-sim/simulator/broker.js";
import type { RunOptions, RunResult } from "../../host-sim/simulator/run-options.js";
import { runProgram } from "../../host-sim/simulator/run-program.js";
import { startPeer } from "./peer.js";

// Goal: a run loads an unchanged program, shows what happens, ends as it should, and says in one line what is wrong.
// Method: small programs that use the platform's modules, run as compiled: the build comes before the tests.

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xs-mqtt-run-test-"));
	writeFileSync(join(folder, "bad.mjs"), "// fine\nimport from;\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a program into a folder of its own, with a manifest if `config` is given, and returns its path. */
let count = 0;
function write(source: string, config?: object, name = "main.mjs"): string {
	const own = join(folder, `${++count}`);
	mkdirSync(own);
	writeFileSync(join(own, name), source);
	if (config) writeFileSync(join(own, "manifest.json"), JSON.stringify({ config }));
	return join(own, name);
}

async function run(options: RunOptions): Promise<{ result: RunResult; lines: string[] }> {
	const lines: string[] = [];
	const result = await runProgram({ onLine: (line) => lines.push(line.slice(14)), ...options });
	return { result, lines };
}

async function failureOf(options: RunOptions): Promise<string> {
	const error = await runProgram(options).then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (error instanceof CliError) return `${error.exitCode}: ${error.message}`;
	return `${(error as Error | undefined)?.name}: ${(error as Error | undefined)?.message}`;
}

const HELLO = `
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import Time from "time";
import Resolver from "embedded:network/dns/resolver/udp";
import config from "mc/config";

const CONNECT = Uint8Array.of(0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 97);
export default function main() {
	trace("ticks ", typeof Time.ticks, " host ", config.mqtt.host, "\\n");
	new Resolver({}).resolve({
		host: "broker.test",
		onError() {},
		onResolved(host, address) {
			new TCP({
				address,
				port: 1883,
				onWritable() { if (!this.sent) this.sent = this.write(CONNECT); },
				onReadable(count) { this.read(count); this.close(); Timer.set(() => trace("bye"), 10); },
			});
		},
	});
}
`;

describe("a run", () => {
	it("loads a program unchanged, shows everything, and ends when the program does", async () => {
		const { result, lines } = await run({ program: write(HELLO, { mqtt: { host: "greenhouse.test" } }), seed: 5 });
		expect(result).toMatchObject({ exitCode: 0, end: "program ended", connections: 1, seed: 5, clients: [] });
		expect(lines.slice(1)).toEqual([
			"| ticks number host greenhouse.test",
			"lookup: broker.test",
			"resolved: broker.test is 127.0.0.1",
			expect.stringMatching(/^connect: 127\.0\.0\.1:\d+$/),
			"connected",
			'→ CONNECT     client "a", MQTT 3.1.1, clean session, keep alive 60 s',
			"← CONNACK     accepted, no session",
			"closed: by the device",
			"| bye",
		]);
	});

	it("gives each run of a program a configuration and modules of its own", async () => {
		const source = `
			import config from "mc/config";
			import { count } from "./part.mjs";
			trace(config.label, " ", count(), " ", Object.isFrozen(config.list), "\\n");`;
		const program = write(source, { label: "one", list: [1] });
		const part = "let calls = 0; export const count = () => ++calls;";
		writeFileSync(join(folder, `${count}`, "part.mjs"), part);
		const first = await run({ program });
		const manifest = join(folder, `${count}`, "manifest.json");
		writeFileSync(manifest, JSON.stringify({ config: { label: "two", list: [] } }));
		const second = await run({ program, manifest });
		expect([first.lines.at(-1), second.lines.at(-1)]).toEqual(["| one 1 true", "| two 1 true"]);
	});

	it("draws the program's random numbers from the seed, and puts Math.random back", async () => {
		const before = Math.random;
		const program = write('trace(Math.random(), "\\n");');
		const said = async (seed: number): Promise<string> => (await run({ program, seed })).lines.at(-1)!;
		expect(await said(7)).toBe(await said(7));
		expect(await said(7)).not.toBe(await said(8));
		expect(Math.random).toBe(before);
	});

	it("ends after its duration, or by the signal", async () => {
		const program = write('import Timer from "timer"; Timer.repeat(() => {}, 10);');
		expect((await run({ program, durationS: 0.05 })).result).toMatchObject({ end: "duration", exitCode: 0 });
		const controller = new AbortController();
		setTimeout(() => controller.abort(), 50);
		expect((await run({ program, signal: controller.signal })).result).toMatchObject({ end: "stopped", exitCode: 0 });
	});

	it("prints JSON only when asked to", async () => {
		const lines: string[] = [];
		await runProgram({ program: write('trace("hi\\n");'), json: true, onLine: (line) => lines.push(line) });
		expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([
			["ms", "type", "note"],
			["ms", "type", "trace"],
		]);
	});

	it("passes faults and the network's state to the world", async () => {
		const program = write(HELLO, { mqtt: {} });
		const { lines } = await run({
			program,
			split: true,
			onStart: (world) => {
				world.faults.nameLookupFails = true;
			},
		});
		expect(lines.at(-1)).toBe("lookup failed: broker.test");
	});
});

describe("an exception that escapes", () => {
	it.each([
		[
			"a timer",
			'import Timer from "timer"; Timer.set(() => { throw new RangeError("boom"); }, 1);',
			"a Timer callback",
		],
		["the main module", 'throw new RangeError("boom");', "program "],
		["the main function", 'export default () => { throw new RangeError("boom"); };', "program "],
	])("from %s ends the run with 70 and one line", async (_where, source, origin) => {
		const { result } = await run({ program: write(source), durationS: 5 });
		expect(result).toMatchObject({ exitCode: 70, end: "exception" });
		expect(result.error).toContain(`exception escaped from ${origin}`);
		expect(result.error).toContain("RangeError: boom");
		expect(result.error).not.toContain("\n");
	});

	it("is the last thing that happens", async () => {
		const source = `
			import Timer from "timer";
			Timer.repeat(() => trace("tick\\n"), 1);
			Timer.set(() => { throw new Error("boom"); }, 20);`;
		const { lines } = await run({ program: write(source) });
		const seen = lines.length;
		await new Promise((resolve) => setTimeout(resolve, 30));
		expect(lines.length).toBe(seen);
	});
});

describe("what keeps a run from starting", () => {
	it.each([
		["is no file", "nowhere/main.js", undefined, /^1: no program nowhere\/main\.js; .*\(ota, telemetry\)$/],
		["has another kind of name", "main.py", "x", /^1: program .*main\.py: must be a \.js, \.mjs or \.ts file$/],
		[
			"has an error in its syntax",
			"main.mjs",
			"let = ;",
			/^1: program .* cannot be loaded: SyntaxError: .*main\.mjs:1$/,
		],
		["imports a file with an error in its syntax", "main.mjs", 'import "../bad.mjs";', /SyntaxError: .*\/bad\.mjs:2$/],
		["imports what is not there", "main.mjs", 'import "./no.js";', /^1: program .* cannot be loaded: .*no\.js/],
		["imports a module we do not have", "main.mjs", 'import "embedded:io/none";', /^1: program .* cannot be loaded: /],
		[
			"imports a name that is not there",
			"main.mjs",
			'import { no } from "timer";',
			/^1: program .* cannot be loaded: SyntaxError: .* 'no'/,
		],
	])("is a program that %s", async (_what, name, source, message) => {
		const failure = await failureOf({ program: source === undefined ? name : write(source, undefined, name) });
		expect(failure).toMatch(message);
		expect(failure).not.toContain("\n");
	});

	it("is a broker that is not there", async () => {
		const peer = await startPeer();
		await peer.close();
		const program = write("");
		const broker = `mqtt://127.0.0.1:${peer.port}`;
		expect(await failureOf({ program, broker })).toBe(`69: no broker at 127.0.0.1:${peer.port}: ECONNREFUSED`);
	});

	it.each([
		["127.0.0.1", /^64: --broker: 127\.0\.0\.1 is no URL/],
		[
			"http://x",
			/^64: --broker: http:\/\/x is no URL of a broker, .* It must begin with mqtt:, mqtts:, ws: or wss:, not http:/,
		],
		["mqtt://me:secret@", /^64: --broker: mqtt:\/\/me:…@ is no URL/],
	])("is the broker %s", async (broker, message) => {
		expect(await failureOf({ program: write(""), broker })).toMatch(message);
	});

	it("is a manifest that is not there or does not fit", async () => {
		const program = write("", { mqtt: { rxBuffer: 1 } });
		expect(await failureOf({ program })).toMatch(/^ManifestError: .*rxBuffer/);
		expect(await failureOf({ program, manifest: "nowhere.json" })).toMatch(/^ManifestError: .*nowhere\.json/);
	});

	it.each([
		[{ durationS: -1 }, "--duration"],
		[{ seed: 2 ** 31 }, "--seed"],
		[{ latencyMs: 1e9 }, "--latency"],
	])("is %o out of range", async (options, name) => {
		expect(await failureOf({ program: write(""), ...options })).toMatch(new RegExp(`^64: ${name}: .* out of range`));
	});
});

describe("a broker's URL", () => {
	it.each([
		["mqtt://host", { address: { host: "host", port: 1883 } }],
		["mqtt://[::1]:7", { address: { host: "::1", port: 7 } }],
		["mqtt://me:a%40b@h:7/", { address: { host: "h", port: 7 }, path: "/", userName: "me", password: "a@b" }],
		["mqtts://h", { address: { host: "h", port: 8883 }, way: "mqtts" }],
		["ws://h/x/y?z=%2f", { address: { host: "h", port: 80 }, way: "ws", path: "/x/y?z=%2f" }],
		["wss://u@h", { address: { host: "h", port: 443 }, way: "wss", userName: "u" }],
	])("%s is taken apart", (url, parts) => {
		const usual = { way: "mqtt", path: "/mqtt", userName: undefined, password: undefined };
		expect(parseBrokerUrl(url)).toEqual({ ...usual, ...parts });
	});

	it("leads to an outside broker, with its credentials in the program's configuration", async () => {
		const aedes = await startAedes();
		const source = HELLO.replace("config.mqtt.host", "config.mqtt.userName");
		const broker = `mqtt://me@127.0.0.1:${aedes.port}`;
		const { result, lines } = await run({ program: write(source), broker });
		await aedes.close();
		expect(result.exitCode).toBe(0);
		expect(lines).toContain("| ticks number host me");
		expect(lines).toContain("← CONNACK     accepted, no session");
	});
});

describe("the examples", () => {
	it("telemetry exchanges messages with the broker and says goodbye", async () => {
		const controller = new AbortController();
		const disconnects: string[] = [];
		const { result, lines } = await run({
			program: "telemetry",
			signal: controller.signal,
			onStart: (_world, broker) => {
				broker!.aedes.on("publish", (packet) => {
					if (packet.topic.endsWith("/status")) disconnects.push(packet.payload.toString());
					if (packet.topic.endsWith("/temperature")) setTimeout(() => controller.abort(), 50);
				});
			},
		});
		expect(result).toMatchObject({ exitCode: 0, end: "stopped", connections: 1 });
		expect(lines.some((line) => /^→ PUBLISH .*\/temperature .*QoS 1/.test(line))).toBe(true);
		expect(lines.slice(-2)).toEqual(["→ DISCONNECT", "closed: by the device"]);
		// No will: the only status is the one the program has sent.
		expect(disconnects).toEqual(["online"]);
		const [client] = result.clients;
		expect(client!.counters["CONNECTS"]).toBe(1);
		expect(client!.marks.find(({ name }) => name === "outbox")!.used).toBeGreaterThan(0);
	});

	it("telemetry finds a half-open connection and makes another", async () => {
		const mqtt = { keepAlive: 1, pingTimeoutMs: 300, reconnectMinMs: 10 };
		const manifest = join(folder, "impatient.json");
		writeFileSync(manifest, JSON.stringify({ config: { mqtt } }));
		const { result, lines } = await run({ program: "telemetry", manifest, halfOpenAtS: 0.5, durationS: 3 });
		expect(result.connections).toBe(2);
		expect(lines).toContain("fault: half-open: nothing passes any more");
		expect(lines.filter((line) => line.startsWith("← CONNACK"))).toEqual([
			"← CONNACK     accepted, no session",
			"← CONNACK     accepted, session present",
		]);
	});

	it("ota receives an image far larger than its buffers", async () => {
		const controller = new AbortController();
		const lines: string[] = [];
		const result = await runProgram({
			program: "ota",
			signal: controller.signal,
			onLine: (line) => {
				lines.push(line);
				if (/status {2}"(ok|bad)/.test(line)) setTimeout(() => controller.abort(), 50);
			},
		});
		expect(lines.some((line) => /status {2}"ok [0-9a-f]{8}"/.test(line))).toBe(true);
		expect(result.clients[0]!.marks.find(({ name }) => name === "rxBuffer")!.configured).toBeLessThanOrEqual(512);
	});
});
