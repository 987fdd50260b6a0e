#!/usr/bin/env node
/** Prints how we compare: on XS against Moddable's own client where MODDABLE names an SDK, on Node against MQTT.js. */
import { tryBuildXsHost } from "../xs/build.js";
import { compareClients, compareCodecs, type Ratio } from "./node-bench.js";
import { measureAll, moddableClient, tableOf } from "./xs-bench.js";

function nodeTable(ratios: readonly Ratio[]): string {
	const lines = ["| on Node, operations a second | ours | the other | ratio |", "| --- | --- | --- | --- |"];
	for (const { name, ours, theirs, other } of ratios) {
		const ratio = (ours / theirs).toFixed(1);
		lines.push(`| ${name} | ${Math.round(ours)} | ${Math.round(theirs)} (${other}) | ${ratio} |`);
	}
	return lines.join("\n");
}

const built = await tryBuildXsHost({ onProgress: (line) => process.stderr.write(`${line}\n`) });
if ("host" in built) process.stdout.write(`${tableOf(await measureAll(built.host, moddableClient()))}\n\n`);
else process.stdout.write(`XS left out: ${built.reason}\n\n`);
if (!moddableClient())
	process.stdout.write("Set MODDABLE to an installed SDK to see Moddable's own client beside ours.\n\n");
process.stdout.write(`${nodeTable([...compareCodecs(), await compareClients(5_000)])}\n`);
