#!/usr/bin/env node
/**
 * `npm run bench:pub`: how `xs-mqtt pub` compares with mosquitto_pub. Both in turns against one mosquitto, start of the
 * process included; the median of the ratios.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wholeNumber } from "../../terminal/numbers.js";
import { MissingError, runScript, scriptCommand } from "../../terminal/script.js";

const CLI = fileURLToPath(new URL("../../cli.js", import.meta.url));
const LINES = 100_000;
const FILE_SIZE = 50_000_000;
/** One run may take this long. */
const RUN_MS_MAX = 120_000;
/** How long the broker may take to start. */
const START_MS_MAX = 10_000;

/** What is compared, and the ratio that is promised. */
const CASES = [
	{ name: "100,000 lines, QoS 0", args: ["-l", "-q", "0"], ratioMax: 1.5 },
	{ name: "100,000 lines, QoS 1", args: ["-l", "-q", "1"], ratioMax: 1.5 },
	{ name: "100,000 lines, QoS 2", args: ["-l", "-q", "2"], ratioMax: 2 },
	{ name: "a file of 50 MB, QoS 0", args: ["-q", "0", "-f"], ratioMax: 2 },
	{ name: "a file of 50 MB, QoS 1", args: ["-q", "1", "-f"], ratioMax: 2 },
] as const;

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer().once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}

/** Resolves when somebody listens there. */
async function whenListening(port: number): Promise<void> {
	for (const end = Date.now() + START_MS_MAX; Date.now() < end;) {
		const up = await new Promise<boolean>((resolve) => {
			const socket = connect(port, "127.0.0.1");
			socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
			socket.once("connect", () => socket.destroy());
		});
		if (up) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error("mosquitto does not start");
}

/** Milliseconds of one run. Throws when it fails: a fast failure is no speed. */
function timed(program: string, args: readonly string[], input: string): number {
	const fd = openSync(input, "r");
	try {
		const start = performance.now();
		const { status, signal, error } = spawnSync(program, args, {
			stdio: [fd, "ignore", "inherit"],
			timeout: RUN_MS_MAX,
		});
		if (status !== 0)
			throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? signal ?? `exit code ${status}`}`);
		return performance.now() - start;
	} finally {
		closeSync(fd);
	}
}

function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function compare(folder: string, port: number, pairs: number): boolean {
	let kept = true;
	const seconds = (ms: readonly number[]): string => (median(ms) / 1000).toFixed(2);
	process.stdout.write(
		"| `pub`, whole runs, medians | ours, s | mosquitto_pub, s | ratio | at most |\n| --- | --- | --- | --- | --- |\n",
	);
	for (const { name, args, ratioMax } of CASES) {
		const file = args.at(-1) === "-f" ? [join(folder, "file")] : [];
		const to = ["-h", "127.0.0.1", "-p", String(port), "-t", "bench", ...args, ...file];
		const ours: number[] = [];
		const theirs: number[] = [];
		for (let pair = 0; pair < pairs; pair++) {
			theirs.push(timed("mosquitto_pub", to, join(folder, "lines")));
			ours.push(timed(process.execPath, [CLI, "pub", ...to], join(folder, "lines")));
		}
		const ratio = median(ours.map((ms, pair) => ms / theirs[pair]!));
		kept &&= ratio <= ratioMax;
		process.stdout.write(`| ${name} | ${seconds(ours)} | ${seconds(theirs)} | ${ratio.toFixed(2)} | ${ratioMax} |\n`);
	}
	return kept;
}

const command = scriptCommand(
	"bench:pub",
	"Print how `xs-mqtt pub` compares with mosquitto_pub; it ends with 1 when a ratio is above what is promised.",
)
	.option("--pairs <number>", "how often each is run", wholeNumber(1, 1000), 5)
	.parse();

/** Runs all comparisons against a broker of their own. out: the exit code */
async function bench(): Promise<number> {
	if (spawnSync("mosquitto_pub", ["--help"]).error || spawnSync("mosquitto", ["-h"]).error) {
		throw new MissingError("mosquitto and mosquitto_pub are missing; apt-get install mosquitto mosquitto-clients");
	}
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-bench-"));
	let broker: ChildProcess | undefined;
	try {
		const port = await freePort();
		writeFileSync(join(folder, "lines"), Array.from({ length: LINES }, (_, line) => `line number ${line}\n`).join(""));
		writeFileSync(join(folder, "file"), Buffer.alloc(FILE_SIZE, "0123456789abcdef"));
		writeFileSync(join(folder, "conf"), `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_type none\n`);
		broker = spawn("mosquitto", ["-c", join(folder, "conf")], { stdio: "ignore" });
		await whenListening(port);
		return compare(folder, port, command.opts<{ pairs: number }>().pairs) ? 0 : 1;
	} finally {
		broker?.kill();
		rmSync(folder, { recursive: true, force: true });
	}
}

await runScript(bench);
