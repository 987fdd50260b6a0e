#!/usr/bin/env node
/** `npm run budget`: prints what the client takes on XS against its budgets. */
import { join } from "node:path";
import { Exit } from "../../terminal/exit.js";
import { packageRoot } from "./measure.js";
import { rewrite, withLines, withTable } from "./page.js";
import { printProfiles } from "./profile.js";
import { runScript, scriptCommand } from "../../terminal/script.js";
import type { XsHost } from "../../stand-ins/xs/build.js";
import { WEBSOCKET_BUDGETS, WEBSOCKET_CYCLES } from "./websocket-budgets.js";
import { needXsHost } from "./xs-host.js";
import {
	faultOfFigure,
	faultsOf,
	figureLine,
	measureAll,
	measureFigures,
	measureWebSocketFlash,
	moddableClient,
	tableOf,
} from "./xs-bench.js";

const { profile, websocket, write } = scriptCommand(
	"budget",
	"Print what the client takes on the XS engine. Ends with 1 when a budget is passed.",
)
	.option(
		"--profile <operation>",
		"instead, by function: all rows with this in their name; start: what happens up to the connection",
	)
	.option("--websocket", "instead, the same over WebSocket")
	.option("--write", "write the figures to firmware/FIGURES.md, or to manifests/websocket.md")
	.parse()
	.opts<{ profile?: string; websocket?: true; write?: true }>();

const print = (text: string): void => void process.stdout.write(text);

/** The rows over WebSocket. Returns the exit code. */
async function printWebSocket(host: XsHost): Promise<number> {
	const rows = await measureAll(host, undefined, [...WEBSOCKET_BUDGETS, ...WEBSOCKET_CYCLES]);
	const flash = await measureWebSocketFlash(host);
	print(`${tableOf(rows)}\n\n${figureLine(flash)}\n`);
	if (write) {
		const change = (page: string): string => withLines(withTable(page, tableOf(rows)), [`- ${figureLine(flash)}`]);
		rewrite(join(packageRoot(), "manifests/websocket.md"), change);
	}
	const faults = [...rows.flatMap(faultsOf), ...faultOfFigure(flash)];
	for (const fault of faults) process.stderr.write(`over budget: ${fault}\n`);
	return faults.length > 0 ? Exit.FAILED : Exit.OK;
}

await runScript(async () => {
	const host = await needXsHost();
	if (profile !== undefined) return printProfiles(host, profile);
	if (websocket) return printWebSocket(host);
	const rows = await measureAll(host, moddableClient());
	print(`XS 13.3, ${host.bits}-bit host; 20-byte topic, 64-byte payload; figures of one repetition\n\n`);
	print(`${tableOf(rows)}\n\n`);
	const figures = await measureFigures(host);
	for (const figure of figures) print(`${figureLine(figure)}\n`);
	if (write) {
		const lines = figures.map((figure) => `- ${figureLine(figure)}`);
		rewrite(join(packageRoot(), "firmware/FIGURES.md"), (page) => withLines(withTable(page, tableOf(rows)), lines));
	}
	if (!moddableClient()) print("Set MODDABLE to an installed SDK to see Moddable's own client beside ours.\n");
	const faults = [...rows.flatMap(faultsOf), ...figures.flatMap(faultOfFigure)];
	for (const fault of faults) process.stderr.write(`over budget: ${fault}\n`);
	return faults.length > 0 ? Exit.FAILED : Exit.OK;
});
