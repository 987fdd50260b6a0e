#!/usr/bin/env node
/** `npm run budget:ecma419`: prints what the MQTT client class of ECMA-419 takes on XS. */
import { join } from "node:path";
import { Exit } from "../../terminal/exit.js";
import {
	measureClass,
	measureRam,
	moddableClass,
	ourClass,
	ramSentence,
	tableOfClasses,
	type Ecma419Row,
} from "./ecma419-bench.js";
import { packageRoot } from "./measure.js";
import { rewrite, withLines, withTable } from "./page.js";
import { runScript, scriptCommand } from "../../terminal/script.js";
import { needXsHost } from "./xs-host.js";

const { write } = scriptCommand(
	"budget:ecma419",
	"Print what the MQTT client class of ECMA-419 takes on the XS engine, and Moddable's own where MODDABLE names an SDK.",
)
	.option("--write", "write the figures to manifests/mqttclient.md")
	.parse()
	.opts<{ write?: true }>();

/** A 64-bit host has larger chunks than a device: what the page says of them, and of RAM and Moddable's class, stays. */
function withChunksOf(page: string, rows: readonly Ecma419Row[]): Ecma419Row[] {
	return rows.map((row) => {
		const shown = new RegExp(`^\\| ${row.name} \\| [\\d.]+ / (\\d+) /`, "m").exec(page)?.[1];
		return shown === undefined ? row : { ...row, chunkBytes: Number(shown) };
	});
}

const print = (text: string): void => void process.stdout.write(text);

await runScript(async () => {
	const host = await needXsHost();
	const theirs = moddableClass();
	const rows = await measureClass(host, ourClass());
	print(`XS 13.3, ${host.bits}-bit host; 20-byte topic, 64-byte payload; figures of one message\n\n`);
	const table = tableOfClasses(rows, theirs && (await measureClass(host, theirs)));
	const ram = ramSentence(await measureRam(host, ourClass()), theirs && (await measureRam(host, theirs)));
	print(`${table}\n\n${ram}\n`);
	if (write) {
		rewrite(join(packageRoot(), "manifests/mqttclient.md"), (page) => {
			if (host.bits === 64) return withTable(page, tableOfClasses(withChunksOf(page, rows), undefined));
			// Without an SDK what the page says of Moddable's class stays.
			const other = /^RAM of .*(; Moddable's: [\d,]+ bytes)\.$/m.exec(page)?.[1] ?? "";
			return withLines(withTable(page, table), [theirs ? ram : ram.replace(/\.$/, `${other}.`)]);
		});
	}
	if (!theirs) print("Set MODDABLE to an installed SDK to see Moddable's own class beside it.\n");
	return Exit.OK;
});
