// Goal: a program runs by TLS, by WebSocket and by both without any set-up, on both engines, unchanged; with a broker that is named,
// by the scheme of its URL and certificates; the log tells what was agreed upon.
// Method: the command as it is installed, with JSON; brokers of this process in all four ways.
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";
import { Certificates } from "../support/certificates.js";
import { folderWith } from "../support/files.js";
import { runCliProcess, runInProcess } from "./run-cli.js";

const found = await tryBuildXsHost();
const engines = "host" in found ? ["node", "xs"] : ["node"];

type Line = { type: string } & Record<string, unknown>;

/** Runs a program; gives its lines. */
async function run(
	program: string,
	...args: string[]
): Promise<{ exitCode: number | null; lines: Line[]; err: string }> {
	const { exitCode, out, err } = await runCliProcess(["run", program, "--seed", "7", "--json", ...args]);
	const lines = out
		.toString()
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as Line);
	return { exitCode, lines, err };
}

const steps = (lines: readonly Line[]): string[] =>
	lines.filter(({ type }) => type === "step").map(({ step, detail }) => `${String(step)}: ${String(detail)}`);

const LOOKED_UP = /^(lookup|resolved|connect|connected): /;
const SECURED = "secured: TLSv1.2 with TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, server is localhost, 127.0.0.1";
const UPGRADED = ["upgrade: GET /mqtt", "upgraded: HTTP/1.1 101 Switching Protocols"];
const BYE = "close frame: 1000 from the device";

describe.each(engines)("telemetry on %s", (engine) => {
	it.each([
		[["--tls"], ["handshake: 127.0.0.1", SECURED, "closed: by the device"]],
		[["--websocket"], [...UPGRADED, BYE, "closed: by the device"]],
		[
			["--tls", "--websocket"],
			["handshake: 127.0.0.1", SECURED, ...UPGRADED, BYE, "closed: by the device"],
		],
	])("needs no more than %j", async (args, expected) => {
		const more = ["--duration", "3", "--expect-delivered", "1", "--engine", engine];
		const { exitCode, lines, err } = await run("telemetry", ...args, ...more);
		expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
		expect(steps(lines).filter((step) => !LOOKED_UP.test(step))).toEqual(expected);
		expect(lines.filter(({ packet }) => packet === "MALFORMED" || packet === "INCOMPLETE")).toEqual([]);
		expect(lines.some(({ packet, direction }) => packet === "CONNACK" && direction === "in")).toBe(true);
	});
});

describe("a broker that is named", () => {
	let broker: EmbeddedBroker;
	beforeAll(async () => {
		broker = await startAedes({ ways: { mqtts: 0, ws: 0, wss: 0 } });
	});
	afterAll(() => broker.close());

	const url = (way: "mqtts" | "ws" | "wss"): string => `${way}://localhost:${broker.ports[way]}`;

	/** A folder with what is trusted. */
	const files = (): string => folderWith({ "ca.pem": broker.ca! });

	it.each(engines)("is reached in each way, by its companion too, from %s", { timeout: 90_000 }, async (engine) => {
		const folder = files();
		// The last has all there is of the other two, and engines do not differ in that.
		for (const way of engine === "node" ? (["mqtts", "ws", "wss"] as const) : (["wss"] as const)) {
			const ca = way === "ws" ? [] : ["--cafile", join(folder, "ca.pem")];
			const more = ["--duration", "3", "--expect-delivered", "1", "--engine", engine];
			const { exitCode, err } = await run("telemetry", "--broker", url(way), ...ca, ...more);
			expect({ way, exitCode, err }).toEqual({ way, exitCode: 0, err: "" });
		}
	});

	it.each([
		["an issuer who is not trusted", "other.pem", "UNKNOWN_ISSUER"],
		["another name", "test.pem", "WRONG_SERVER_NAME"],
	])("is refused for %s", async (_what, file, reason) => {
		const certificates = new Certificates();
		const { pem, keyPem } = certificates.server();
		const server = createServer({ cert: pem, key: keyPem });
		onTestFinished(() => void server.close());
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const { port } = server.address() as AddressInfo;
		const ca = join(folderWith({ "test.pem": certificates.ca.pem, "other.pem": broker.ca! }), file);
		const more = ["--no-companion", "--duration", "2", "--cafile", ca];
		const { exitCode, lines, err } = await run("telemetry", "--broker", `mqtts://localhost:${port}`, ...more);
		expect(exitCode).toBe(1);
		expect(err).toContain(`${reason} of layer SECURITY`);
		expect(steps(lines).some((step) => step.startsWith("handshake failed: "))).toBe(true);
		expect(lines.some(({ type }) => type === "packet")).toBe(false);
	});

	it("is taken whoever it is with --insecure, and that is told", async () => {
		const more = ["--insecure", "--no-companion", "--duration", "2", "--expect-delivered", "1"];
		const { exitCode, lines } = await run("telemetry", "--broker", url("mqtts"), ...more);
		expect(exitCode).toBe(0);
		expect(lines.find(({ type }) => type === "trace")?.["trace"]).toBe("xs-mqtt: TLS: the server is not verified");
		expect(steps(lines).find((step) => step.startsWith("secured: "))).toContain("not verified: ");
	});

	it("leaves a program that has TLS itself as it is, and tells it what the broker wants", async () => {
		const source = `
			import config from "mc/config";
			import { Client } from "xs-mqtt";
			import { tls } from "xs-mqtt/tls";
			const { ca, serverName } = config.tls;
			const client = new Client({ ...config.mqtt, transport: tls({ ca, serverName }), clientId: "own",
				onConnected: () => trace("connected\\n") });
			client.start();`;
		const program = join(folderWith({ "own.mjs": source }), "own.mjs");
		for (const engine of engines) {
			const { exitCode, lines, err } = await run(program, "--tls", "--duration", "2", "--engine", engine);
			expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
			expect(lines.find(({ type }) => type === "trace")?.["trace"]).toBe("connected");
			const notes = lines.filter(({ type }) => type === "note").map(({ note }) => note);
			expect(notes).toContain(
				"the program has a transport of its own; config.tls and config.websocket say what the broker wants",
			);
		}
	});
});

describe("options that do not go together", () => {
	it.each([
		[["--tls", "--broker", "mqtt://h"], "Error: --tls: contradicts --broker mqtt://; write mqtts://"],
		[["--tls", "--broker", "ws://h"], "Error: --tls: contradicts --broker ws://; write wss://"],
		[["--websocket", "--broker", "mqtts://h"], "Error: --websocket: contradicts --broker mqtts://; write wss://"],
		[["--cafile", "x", "--broker", "mqtt://h"], "Error: --cafile: only with --broker mqtts:// or wss://"],
		[["--insecure", "--tls"], "Error: --insecure: only with --broker mqtts:// or wss://"],
		[["--cert", "x", "--broker", "mqtts://h"], "Error: --cert needs --key, its private key"],
	])("%j", async (args, line) => {
		const { exitCode, err } = await runInProcess("run", "telemetry", ...args);
		expect({ exitCode, err: err.trim() }).toEqual({ exitCode: 64, err: line });
	});
});
