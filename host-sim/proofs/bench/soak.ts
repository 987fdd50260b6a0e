/**
 * Long runs on XS: the example programs against mosquitto in two heaps, and a great many messages. What they must show is
 * that the engine never has to collect garbage.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { plainRoute } from "../../companions/companion.js";
import { startOtaCompanion } from "../../companions/ota.js";
import { CheckBroker } from "../../desk/broker.js";
import type { RunResult } from "../../simulator/run-options.js";
import { compiledUrl } from "../../stand-ins/stand-ins.js";
import type { XsHost } from "../../stand-ins/xs/build.js";
import { measure, type Measurement } from "./measure.js";
import { RealClock } from "../../world/real-clock.js";

/** A program in a heap. */
export interface SoakRun {
	readonly program: "telemetry" | "ota";
	readonly slots: number;
	readonly chunks: number;
}

/** An ESP32 board's heap, and one that is much smaller. */
export const SOAK_RUNS: readonly SoakRun[] = (["telemetry", "ota"] as const).flatMap((program) => [
	{ program, slots: 4928, chunks: 78_848 },
	{ program, slots: 1024, chunks: 16_384 },
]);

/** The rest of a device between two images, in ms. */
const IMAGE_PAUSE_MS = 5000;

/** Runs a program for some time against a mosquitto of its own. Throws with what the command said when it fails. */
export async function soakProgram(run: SoakRun, seconds: number): Promise<RunResult> {
	const broker = await CheckBroker.start();
	const url = `mqtt://127.0.0.1:${broker.port}`;
	// In telemetry the command's own companion does it; an image has to come again and again.
	const companion =
		run.program === "ota"
			? await startOtaCompanion({
					route: plainRoute({ host: "127.0.0.1", port: broker.port }),
					userName: undefined,
					password: undefined,
					clock: new RealClock(),
					say() {},
					repeatMs: IMAGE_PAUSE_MS,
				})
			: undefined;
	try {
		const heap = ["--xs-slots", String(run.slots), "--xs-chunks", String(run.chunks)];
		const options = ["--engine", "xs", "--broker", url, "--duration", String(seconds), "--quiet", "--json", ...heap];
		return await command(["run", run.program, ...options, ...(companion ? ["--no-companion"] : [])]);
	} finally {
		await companion?.stop();
		await broker.remove();
	}
}

/** Runs `xs-mqtt` and returns the summary it prints. */
function command(args: readonly string[]): Promise<RunResult> {
	const cli = fileURLToPath(compiledUrl("host-sim/cli.js"));
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
		let out = "";
		let err = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
		child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
		child.on("error", reject);
		child.on("close", () => {
			const line = out.trim().split("\n").at(-1) ?? "";
			if (line.startsWith('{"type":"summary"')) resolve((JSON.parse(line) as { summary: RunResult }).summary);
			else reject(new Error(`xs-mqtt ${args.join(" ")}: ${err.trim() || "no summary"}`));
		});
	});
}

/** Why a run did not show what it had to; undefined when it did. */
export function faultOf({ memory, error, clients }: RunResult): string | undefined {
	if (error !== undefined) return error;
	if (!memory) return "no figures of the engine";
	if (memory.collections > 0) return `${memory.collections} collections`;
	const counters = clients[0]?.counters ?? {};
	if (!counters["PUBLISHES_OUT"] || !counters["DELIVERED"]) return "no messages";
	return undefined;
}

/** The runs as a Markdown table. */
export function soakTable(results: readonly RunResult[]): string {
	const head = [
		"program",
		"heap",
		"seconds",
		"messages out / in",
		"most used: slots / chunk bytes / stack",
		"slots, chunk bytes in all",
		"after 5 s",
		"collections",
	];
	const lines = [head, head.map(() => "---")];
	for (const { program, durationMs, clients, memory } of results) {
		const { PUBLISHES_OUT = 0, PUBLISHES_IN = 0 } = clients[0]?.counters ?? {};
		if (!memory) continue;
		const { slots, chunkBytes, stack, steady } = memory;
		lines.push([
			program,
			`${slots.size} slots, ${chunkBytes.size} bytes`,
			(durationMs / 1000).toFixed(0),
			`${PUBLISHES_OUT} / ${PUBLISHES_IN}`,
			`${slots.mostUsed} / ${chunkBytes.mostUsed} / ${stack.mostUsed}`,
			`${slots.handedOut}, ${chunkBytes.handedOut}`,
			steady ? `${steady.slots}, ${steady.chunkBytes}` : "",
			String(memory.collections),
		]);
	}
	return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Messages before the window of soakMessages opens: by then every size of a joint arrival has been seen. */
const WARM = 2000;
/** More than enough on a slow machine: messages a second. */
const RATE_MIN = 200;

/** Exchanges messages at QoS 0, 1 and 2 in turn, each sent and received; returns what they took. */
export function soakMessages(host: XsHost, messages: number): Promise<Measurement> {
	const count = Math.ceil(messages / 2);
	return measure(host, {
		operation: "exchange",
		server: { echo: true },
		warm: WARM,
		count,
		durationMs: 60_000 + (messages / RATE_MIN) * 1000,
	});
}
