#!/usr/bin/env node
/** Runs for a long time what must never collect garbage on XS, and prints what it took. Ends with 1 when it did collect. */
import { Exit } from "../../terminal/exit.js";
import { wholeNumber } from "../../terminal/numbers.js";
import { brokerMissing } from "../../desk/broker.js";
import type { XsHost } from "../../stand-ins/xs/build.js";
import { MissingError, runScript, scriptCommand } from "../../terminal/script.js";
import { faultOf, SOAK_RUNS, soakMessages, soakProgram, soakTable } from "./soak.js";
import { needXsHost } from "./xs-host.js";

const MINUTES_MAX = 10_000;
const MESSAGES_MAX = 1_000_000_000;

const command = scriptCommand("soak", "Run the examples in two heaps, then exchange messages, on the XS engine.")
	.option("--minutes <number>", "how long the examples run, all at once", wholeNumber(0, MINUTES_MAX), 10)
	.option("--messages <number>", "how many messages are exchanged", wholeNumber(0, MESSAGES_MAX), 1_000_000)
	.parse();
const { minutes, messages } = command.opts<{ minutes: number; messages: number }>();
const faults: string[] = [];

async function programs(): Promise<void> {
	const startMs = Date.now();
	const progress = setInterval(() => {
		say(`${Math.round((Date.now() - startMs) / 60_000)} of ${minutes} minutes`);
	}, 60_000);
	const results = await Promise.all(SOAK_RUNS.map((run) => soakProgram(run, minutes * 60)));
	clearInterval(progress);
	process.stdout.write(`${soakTable(results)}\n\n`);
	for (const result of results) {
		const fault = faultOf(result);
		if (fault) faults.push(`${result.program} in ${result.memory?.slots.size} slots: ${fault}`);
	}
}

async function exchange(host: XsHost): Promise<void> {
	say(`exchanging ${messages} messages`);
	const { slots, chunkBytes, collections, count } = await soakMessages(host, messages);
	const took = `${slots} slots, ${chunkBytes} chunk bytes, ${collections} collections`;
	process.stdout.write(`${2 * count} messages at QoS 0, 1 and 2, half of them each way: ${took}\n`);
	if (slots + chunkBytes + collections > 0) faults.push(`the exchange of messages took ${took}`);
}

function say(line: string): void {
	process.stderr.write(`${line}\n`);
}

await runScript(async () => {
	const host = await needXsHost();
	const missing = minutes > 0 ? brokerMissing() : undefined;
	if (missing) throw new MissingError(missing);
	if (minutes > 0) await programs();
	if (messages > 0) await exchange(host);
	for (const fault of faults) say(`Error: ${fault}`);
	return faults.length > 0 ? Exit.FAILED : Exit.OK;
});
