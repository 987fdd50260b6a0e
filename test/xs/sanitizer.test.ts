// Goal: the host's own C code touches only memory it owns, does nothing undefined, and hides no object from the
// collector.
// Method: a build with the address and undefined-behaviour sanitizers and with warnings as errors runs a program that
// uses sockets, timers, names and preloaded modules, once as it is and once collecting at every allocation; and the
// client itself.
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { XsExit } from "../../host-sim/stand-ins/xs/xs-process.js";
import { CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { measure } from "../../host-sim/proofs/bench/measure.js";
import { hostOrSkip, runSource } from "./support.js";

const host = await hostOrSkip({ sanitize: true, strict: true });

const reconnecting = CYCLES.find((cycle) => cycle.operation === "reconnect")!;

const library = {
	"lib/index": `
		import TCP from "embedded:io/socket/tcp";
		import Timer from "timer";
		export const table = new Uint8Array([1, 2, 3]);
		export const words = ["one", "two", { three: 3 }];
		export const plain = { text: "text" };
		export const pattern = /a(b+)c/;
		export const big = 12345678901234567890n;
		export let count = 0;
		export const later = (f, ms) => Timer.set(f, ms);
		export const connect = (port, callbacks) => new TCP({ ...callbacks, address: "127.0.0.1", port, nodelay: true });
		export function touch() { count++; plain.text += "!"; words[0] = "ONE"; return pattern.exec("xabbc")[1] + (big + 1n) + words[2].three; }`,
};

const program = `
import { connect, later, touch, words } from "lib/index";
import Resolver from "embedded:network/dns/resolver/udp";
import Timer from "timer";
import config from "mc/config";
trace(touch(), words.length, "\\n");
const into = new Uint8Array(16);
const attempt = (f) => { try { return f(); } catch (e) { return e.message; } };
let rounds = 0, failed = 0, kept = [];
const resolver = new Resolver({});
resolver.resolve({ host: "localhost", onResolved(host, address) {
	const socket = connect(config.port, {
		target: { name: "owner" },
		onWritable() { if (!rounds) { rounds = 1; this.write(new Uint8Array(16).fill(rounds)); } },
		onReadable(count) {
			attempt(() => this.read(count + 1));
			kept.push(this.read(1));
			if (count > 1) this.read(into.subarray(0, count - 1));
			if (++rounds < 40) this.write(into);
			else { this.close(); this.close(); attempt(() => this.read()); trace("closed ", this.target.name, " ", kept.length > 10, "\\n"); }
		},
	});
	attempt(() => socket.write(into));
} });
for (let i = 0; i < 5; i++) connect(config.closedPort, { onError() { failed++; this.close(); } });
const parked = Timer.repeat(() => trace("never\\n"), 1);
Timer.schedule(parked);
const repeated = Timer.repeat((id) => { Timer.schedule(id, 2, 3); if (rounds >= 40) { Timer.clear(id); Timer.clear(parked); later(() => trace("failed ", failed, "\\n"), 5); } }, 1);
const victims = [1, 2, 3].map(() => Timer.set(() => trace("never\\n"), 0));
Timer.set(() => victims.forEach((it) => Timer.clear(it)));
Timer.clear(victims[0]); Timer.clear(victims[1]); Timer.clear(victims[2]);
async function jobs() { for (let i = 0; i < 5; i++) await Promise.resolve(i); trace("jobs\\n"); }
jobs();
`;

describe.skipIf(host === undefined)("under the sanitizers", () => {
	const server = createServer((socket) =>
		socket
			.setNoDelay(true)
			.on("error", () => socket.destroy())
			.pipe(socket),
	);
	let port = 0;
	let closedPort = 0;

	beforeAll(async () => {
		const closed = createServer();
		await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
		closedPort = (closed.address() as AddressInfo).port;
		await new Promise((resolve) => closed.close(resolve));
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		port = (server.address() as AddressInfo).port;
	});
	afterAll(() => server.close());

	it.each([
		["as it is", false],
		["collecting at every allocation", true],
	])(
		"runs sockets, timers and preloaded modules, %s",
		async (_, stress) => {
			const result = await runSource(host, program, {
				library,
				preload: ["lib/index"],
				config: { port, closedPort },
				stress,
				durationMs: 30_000,
			});
			expect(result.stderr).toBe("");
			expect(result.exitCode).toBe(XsExit.OK);
			expect(result.trace).toEqual(["bb1234567890123456789133", "jobs", "closed owner true", "failed 5"]);
			expect(result.report?.reason).toBe("idle");
		},
		60_000,
	);

	it("runs a client that reconnects, and notes where it spends what", async () => {
		const result = await measure(host!, { ...reconnecting, profile: "window", count: 20 });
		expect(result.profile.length).toBeGreaterThan(20);
	}, 60_000);

	it.each([
		[
			"an escaped exception",
			`import Timer from "timer"; Timer.set(() => { throw new Error("boom"); });`,
			XsExit.EXCEPTION,
		],
		["a full slot heap", `let list = null; for (;;) list = { list };`, XsExit.HEAP],
		["a full chunk heap", `const kept = []; for (;;) kept.push(new ArrayBuffer(1000));`, XsExit.HEAP],
		["a full stack", `function f(n) { return f(n + 1) + 1; } f(0);`, XsExit.HEAP],
		["a missing module", `import "nowhere";`, XsExit.MODULE],
		["a source with an error", `let = ;`, XsExit.MODULE],
	])("ends cleanly with %s", async (_, source, exitCode) => {
		const result = await runSource(host, source);
		expect(result.exitCode).toBe(exitCode);
		expect(result.stderr).not.toMatch(/Sanitizer|runtime error/);
	});
});
