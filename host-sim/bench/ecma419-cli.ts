#!/usr/bin/env node
/** Prints what the MQTT client class of ECMA-419 takes on XS, and Moddable's own beside it where MODDABLE is set. */
import { tryBuildXsHost } from "../xs/build.js";
import { measureClass, measureRam, moddableClass, ourClass, tableOfClasses } from "./ecma419-bench.js";

const built = await tryBuildXsHost({ onProgress: (line) => process.stderr.write(`${line}\n`) });
if ("reason" in built) {
	process.stderr.write(`${built.reason}\n`);
	process.exit(1);
}
const { host } = built;
const theirs = moddableClass();
const rows = await measureClass(host, ourClass());
process.stdout.write(`XS 13.3, ${host.bits}-bit host; 20-byte topic, 64-byte payload; figures of one message\n\n`);
process.stdout.write(`${tableOfClasses(rows, theirs && (await measureClass(host, theirs)))}\n\n`);
process.stdout.write(`RAM of one connected client with its regions: ${await measureRam(host, ourClass())} bytes`);
if (theirs) process.stdout.write(`; Moddable's ${await measureRam(host, theirs)} bytes`);
else process.stdout.write("\nSet MODDABLE to an installed SDK to see Moddable's own class beside it.");
process.stdout.write("\n");
