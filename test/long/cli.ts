#!/usr/bin/env node
/**
 * `npm run test:long`: evidence that takes minutes. Each command is one check, and has passed when it ends with 0. The last
 * line is of the kind that `npm test` ends with.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { scriptCommand } from "../../host-sim/terminal/script.js";
import { Exit } from "../../host-sim/terminal/exit.js";
import { wholeNumber } from "../../host-sim/terminal/numbers.js";
import { span } from "../support/span.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COUNT_MAX = 1_000_000_000;
const count = wholeNumber(1, COUNT_MAX);

interface Options {
	seeds: number;
	runs: number;
	inputs: number;
	messages: number;
}

const { seeds, runs, inputs, messages } = scriptCommand(
	"test:long",
	"Run the client against bad luck and any bytes, for some minutes.",
	"\nExit codes:\n  0   every check has passed\n  1   one has not\n  64  wrong options",
)
	.option("--seeds <number>", "runs of xs-mqtt torture, from seed 1", count, 20_000)
	.option("--runs <number>", "runs of the fuzzer on the client", count, 300_000)
	.option(
		"--messages <number>",
		"messages of each QoS, both ways, over bad links, by TCP, TLS, WebSocket and both",
		count,
		10_000,
	)
	.option("--inputs <number>", "inputs of the fuzzer for the decoder", count, 5_000_000)
	.parse()
	.opts<Options>();

/** What is run, with the same seeds each time: programs that are compiled, and tests with more of everything. */
const CHECKS: readonly (readonly string[])[] = [
	[
		"../node_modules/vitest/vitest.mjs",
		"run",
		"test/broker/ways.test.ts",
		"test/broker/faults.test.ts",
		"test/broker/kills.test.ts",
	],
	["host-sim/cli.js", "torture", "--seeds", String(seeds)],
	["test/fuzz/cli.js", "client", "--runs", String(runs), "--seed", "1"],
	["test/fuzz/cli.js", "decoder", "--inputs", String(inputs), "--seed", "1"],
	["test/fuzz/cli.js", "websocket", "--inputs", String(Math.ceil(inputs / 100)), "--seed", "1"],
	["../node_modules/vitest/vitest.mjs", "run", "test/transport/websocket-many.test.ts"],
	["host-sim/proofs/mcu/cli.js"],
];

/** Of each QoS, by the test of WebSocket. */
process.env["XS_MQTT_MESSAGES"] ??= "10000";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function run(args: readonly string[]): Promise<number | null> {
	const [program = "", ...rest] = args;
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [`${ROOT}dist/${program}`, ...rest], {
			stdio: "inherit",
			cwd: ROOT,
			env: { ...process.env, XS_MQTT_MESSAGES: String(messages) },
		});
		child.on("error", reject);
		child.on("close", resolve);
	});
}

let failed = 0;
let skipped = 0;
for (const check of CHECKS) {
	const startMs = performance.now();
	say(`\n${check.join(" ")}`);
	const code = await run(check);
	if (code === Exit.MISSING) skipped++;
	else if (code !== 0) failed++;
	const outcome = code === 0 ? "passed" : code === Exit.MISSING ? "SKIPPED" : `FAILED, exit code ${code}`;
	say(`${outcome}, ${span(performance.now() - startMs)}`);
}
say(`\n${CHECKS.length - failed - skipped} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;
