#!/usr/bin/env node
/**
 * Prints what the client takes on XS against its budgets. Ends with 1 when a budget is passed.
 *
 * With `--profile <operation>` it prints instead what each function takes in one operation: in all of those whose
 * name contains that text, in the table or the measuring program; `--profile start` is about start-up.
 */
import { tryBuildXsHost } from "../xs/build.js";
import { printProfiles } from "./profile.js";
import {
	faultOfFigure,
	faultsOf,
	figureLine,
	measureAll,
	measureFigures,
	moddableClient,
	tableOf,
} from "./xs-bench.js";

const built = await tryBuildXsHost({ onProgress: (line) => process.stderr.write(`${line}\n`) });
if ("reason" in built) {
	process.stderr.write(`${built.reason}\n`);
	process.exit(1);
}
if (process.argv[2] === "--profile") process.exit(await printProfiles(built.host, process.argv[3] ?? ""));
const rows = await measureAll(built.host, moddableClient());
process.stdout.write(
	`XS 13.3, ${built.host.bits}-bit host; 20-byte topic, 64-byte payload; figures of one repetition\n\n`,
);
process.stdout.write(`${tableOf(rows)}\n\n`);
const figures = await measureFigures(built.host);
for (const figure of figures) process.stdout.write(`${figureLine(figure)}\n`);
if (!moddableClient())
	process.stdout.write("Set MODDABLE to an installed SDK to see Moddable's own client beside ours.\n");
const faults = [...rows.flatMap(faultsOf), ...figures.flatMap(faultOfFigure)];
for (const fault of faults) process.stderr.write(`over budget: ${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
