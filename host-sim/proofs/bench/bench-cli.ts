#!/usr/bin/env node
/** `npm run bench`: how we compare; on XS with Moddable's own client where MODDABLE names an SDK, on Node with MQTT.js. */
import { Exit } from "../../terminal/exit.js";
import { tryBuildXsHost } from "../../stand-ins/xs/build.js";
import { compareClients, compareCodecs, type Ratio } from "./node-bench.js";
import { runScript, scriptCommand } from "../../terminal/script.js";
import { measureAll, moddableClient, tableOf } from "./xs-bench.js";

scriptCommand(
	"bench",
	"Print how the client compares with Moddable's own on XS, and with MQTT.js and mqtt-packet on Node.",
).parse();

function nodeTable(ratios: readonly Ratio[]): string {
	const lines = ["| on Node, operations a second | ours | the other | ratio |", "| --- | --- | --- | --- |"];
	for (const { name, ours, theirs, other } of ratios) {
		const ratio = (ours / theirs).toFixed(1);
		lines.push(`| ${name} | ${Math.round(ours)} | ${Math.round(theirs)} (${other}) | ${ratio} |`);
	}
	return lines.join("\n");
}

const print = (text: string): void => void process.stdout.write(text);

await runScript(async () => {
	const built = await tryBuildXsHost({ onProgress: (line) => process.stderr.write(`${line}\n`) });
	if ("host" in built) print(`${tableOf(await measureAll(built.host, moddableClient()))}\n\n`);
	else print(`XS left out: ${built.reason}\n\n`);
	if (!moddableClient()) print("Set MODDABLE to an installed SDK to see Moddable's own client beside ours.\n\n");
	print(`${nodeTable([...compareCodecs(), await compareClients(5_000)])}\n`);
	return Exit.OK;
});
