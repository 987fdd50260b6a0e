// Goal: a program finds the platform and the client in its author's editor, and what is wrong is red there.
// Method: the package is packed as for the registry and put into a fresh project, with the tsconfig.json of the device page;
// TypeScript itself is run on it. The programs of the pages are in it as they are, and what has to be an error.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blocksOf, ROOT } from "./pages.js";

const run = promisify(execFile);

/** As the SDK's typings declare it, as far as ours have the same names. */
const SDK_TYPINGS = `
declare function trace(...messages: unknown[]): void;
declare module "timer" {
	class Timer {
		private constructor();
		static set: (callback: (timer: Timer) => void, interval?: number, repeat?: number) => Timer;
		static repeat: (callback: (timer: Timer) => void, interval: number) => Timer;
		static schedule: (timer: Timer, interval?: number, repeat?: number) => void;
		static clear: (timer: Timer | undefined | null) => void;
	}
	export { Timer as default };
}
declare module "time" {
	var Time: { set: (seconds: number) => void; ticks: number; delta(start: number, end?: number): number };
	export { Time as default };
}
declare module "mc/config" {
	var Config: { file: { root: string } } & Record<string, any>;
	export { Config as default };
}
declare module "embedded:io/system" {
	export default class System { static resolve(name: string, callback: (name: string, ip: string) => void): void; }
}
declare module "global" {
	import System_ from "embedded:io/system";
	export {};
	global { var System: typeof System_; }
}
declare module "embedded:io/socket/tcp" {
	export default class TCP { constructor(options: { address: string; port: number }); close(): void; }
}
`;

/** What a program for the simulator may import and call. */
const PROGRAM = `
import config from "mc/config";
import Time from "time";
import Timer from "timer";
import TCP from "embedded:io/socket/tcp";
import Resolver from "embedded:network/dns/resolver/udp";
import { Client, Counter, Layer, Problem, QoS, Reason, State, Status, Topic, type Message } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";

let timer: Timer | undefined = Timer.set(() => trace("due ", Time.delta(Time.ticks), "\\n"), 10);
Timer.clear(timer);
timer = undefined;

const led: number = config.led;
const outbox: number | undefined = config.mqtt?.outbox;
const socket = new TCP({ address: "127.0.0.1", port: 1883, onReadable(count) { trace(count); } });
socket.close();
new Resolver({}).resolve({ host: "a", onResolved: (_host, address) => trace(address), onError: () => {} });
System?.resolve("a", (_host, address) => trace(address ?? "none"));
trace(String.fromArrayBuffer(ArrayBuffer.fromString("text")), led, outbox, "\\n");

const text = (reason: Reason, layer: Layer): string => (reason === Reason.LINK_LOST && layer === Layer.TRANSPORT ? "lost" : "");
const told = (problem: Problem): boolean => problem === Problem.CALLBACK_THREW;
const read = (client: Client, counter: Counter): number => client.counters[counter] ?? 0;

export const client: Client = new Client({
	host: "localhost",
	...config.mqtt,
	transport: tcp,
	dns: platformDns(),
	onConnected: async () => { await null; },
	onDisconnected: (_client, reason) => trace(text(reason.code, reason.layer)),
	onMessage: (message) => client.publish("echo", message.bytes(), message.qos),
	onProblem: (_client, problem) => void told(problem),
});
const state: State = client.state;
const status: Status = client.publish(new Topic("a"), "b", QoS.AT_LEAST_ONCE);
client.subscribe("a", 1, (message: Message) => client.publish("b", message.text()));
client.subscribe("b", 1, function named() {});
client.subscribe("c", 1, (message) => message.size > 0 && client.compose("d"));
client.subscribeStream("d", 1, (message): void => trace(message.offset));
trace(read(client, Counter.PINGS), state === State.CONNECTED, status === Status.FULL);
`;

/** Each line but the imports is an error. */
const WRONG = [
	`import { Client, type DisconnectReason, type Message, type State } from "xs-mqtt";`,
	`import { tcp } from "xs-mqtt/tcp";`,
	`declare const client: Client;`,
	`client.subscribe("a", 1, async (message: Message) => trace(message.text()));`,
	`client.subscribeStream("a", 1, async () => {});`,
	`client.subscribe("a", 1, () => Promise.resolve());`,
	`new Client({ host: "a", transport: tcp, onMessage: async (message) => trace(message.text()) });`,
	`new Client({ host: "a", transport: tcp, onDisconnected: async (_client, reason: DisconnectReason) => trace(reason.code) });`,
	`new Client({ host: "a", transport: tcp, clientID: "x" });`,
	`new Client({ host: "a", transport: tcp, will: { topic: "t", message: "x" } });`,
	`new Client({ host: "a", transport: tcp, onDelivered: 5 });`,
	`new Client({ host: "a", transport: tcp, keepAlive: "60" });`,
	`export const state: State = 77;`,
	`console.log(setTimeout, process);`,
];
const WRONG_FROM = 3;

let folder: string;
/** What TypeScript says, about all of them at once: so it reads its libraries once. */
let lines: string[];

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "xs-mqtt-projects-"));
	await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: ROOT });
	const [archive = ""] = await readdir(folder);
	const installed = join(folder, "node_modules/xs-mqtt");
	await mkdir(installed, { recursive: true });
	await run("tar", ["-xzf", join(folder, archive), "-C", installed, "--strip-components=1"]);
	const [tsconfig = ""] = blocksOf("manifests/README.md", "json").filter((block) => block.includes("compilerOptions"));
	const [readme = ""] = blocksOf("README.md", "ts");
	const [device = ""] = blocksOf("manifests/README.md", "ts");
	const withTypes = (types: string): string => tsconfig.replace(/"types": .*/, `"types": [${types}],`);
	const files: Record<string, string> = {
		"own/tsconfig.json": tsconfig,
		"own/readme.ts": readme,
		"own/readme-as-script.mjs": readme,
		"own/device.js": device,
		"own/program.ts": PROGRAM,
		"wrong/tsconfig.json": tsconfig,
		"wrong/main.ts": WRONG.join("\n"),
		"sdk/tsconfig.json": withTypes(""),
		"sdk/typings.d.ts": SDK_TYPINGS,
		"sdk/readme.ts": readme,
		"both/tsconfig.json": withTypes('"xs-mqtt/platform"'),
		"both/typings.d.ts": SDK_TYPINGS,
		"both/readme.ts": readme,
	};
	for (const [name, text] of Object.entries(files)) {
		await mkdir(dirname(join(folder, name)), { recursive: true });
		await writeFile(join(folder, name), text);
	}
	const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
	const command = [tsc, "-b", "own", "wrong", "sdk", "both", "--pretty", "false"];
	const { stdout } = await run(process.execPath, command, { cwd: folder }).catch((error: { stdout: string }) => error);
	lines = stdout.split("\n").filter((line) => /^\S/.test(line));
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
	["as its author's editor does", "own"],
	["with the typings of an installed SDK in place of ours", "sdk"],
	["with those beside ours", "both"],
])("type-checks a program %s", (_, project) => {
	expect(lines.filter((line) => line.startsWith(project))).toEqual([]);
});

it("marks what is wrong, and looks at every project", () => {
	const marked = lines.flatMap((line) => /^wrong\/main\.ts\((\d+),/.exec(line)?.[1] ?? []).map(Number);
	const expected = WRONG.map((_line, index) => index + 1).slice(WRONG_FROM);
	expect([...new Set(marked)].sort((a, b) => a - b)).toEqual(expected);
	expect(lines.filter((line) => !/^(own|wrong|sdk|both)\//.test(line))).toEqual([]);
});
