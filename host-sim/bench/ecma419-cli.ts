#!/usr/bin/env node
/** `npm run budget:ecma419`: prints what the MQTT client class of ECMA-419 takes on XS. */
import { Exit } from "../cli/exit.js";
import { measureClass, measureRam, moddableClass, ourClass, ramSentence, tableOfClasses } from "./ecma419-bench.js";
import { runScript, scriptCommand } from "./script.js";
import { needXsHost } from "./xs-host.js";

scriptCommand(
	"budget:ecma419",
	"Print what the MQTT client class of ECMA-419 takes on the XS engine, and Moddable's own where MODDABLE names an SDK.",
).parse();

const print = (text: string): void => void process.stdout.write(text);

await runScript(async () => {
	const host = await needXsHost();
	const theirs = moddableClass();
	const rows = await measureClass(host, ourClass());
	print(`XS 13.3, ${host.bits}-bit host; 20-byte topic, 64-byte payload; figures of one message\n\n`);
	print(`${tableOfClasses(rows, theirs && (await measureClass(host, theirs)))}\n\n`);
	print(`${ramSentence(await measureRam(host, ourClass()), theirs && (await measureRam(host, theirs)))}\n`);
	if (!theirs) print("Set MODDABLE to an installed SDK to see Moddable's own class beside it.\n");
	return Exit.OK;
});
