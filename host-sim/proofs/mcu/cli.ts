#!/usr/bin/env node
/** `npm run bench:mcu`: what the client takes in a microcontroller's own instructions and RAM. */
import { join } from "node:path";
import { Exit } from "../../terminal/exit.js";
import { buildBareHost, type BareHost, type Optimisation } from "./bare-build.js";
import { XsHostUnavailableError } from "../../stand-ins/xs/build.js";
import { moddableClass } from "../bench/ecma419-bench.js";
import { measureClassOnMcu, MESSAGES, tableOfMcuClasses } from "./classes.js";
import { printMcuProfiles } from "./profile.js";
import { measureClientRam, measureTelemetryRam, ramLines, telemetryFigure } from "./ram.js";
import { faultsOfMcuRow, MCU_OPERATIONS, measureMcuOverheads, measureMcuRow, tableOfMcu, type McuRow } from "./mcu.js";
import { packageRoot } from "../bench/measure.js";
import { rewrite, withLines, withTable } from "../bench/page.js";
import { MissingError, runScript, scriptCommand } from "../../terminal/script.js";
import { faultOfFigure, figureLine } from "../bench/xs-bench.js";

const { profile, write } = scriptCommand(
	"bench:mcu",
	"Print what the client takes in instructions of RV32IMC and in RAM. Ends with 1 when a budget is passed.",
)
	.option("--profile <operation>", "instead, by function in C and in JavaScript: all rows with this in their name")
	.option("--write", "write the figures to firmware/FIGURES.md")
	.parse()
	.opts<{ profile?: string; write?: true }>();

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const note = (line: string): void => void process.stderr.write(`${line}\n`);

async function build(optimisation: Optimisation, sampled = false): Promise<BareHost> {
	try {
		return await buildBareHost(optimisation, { sampled, onProgress: note });
	} catch (error) {
		if (error instanceof XsHostUnavailableError) throw new MissingError(error.message);
		throw error;
	}
}

async function measureAll(host: BareHost): Promise<McuRow[]> {
	const overheads = await measureMcuOverheads(host);
	const rows: McuRow[] = [];
	for (const operation of MCU_OPERATIONS) rows.push(await measureMcuRow(host, operation, overheads));
	return rows;
}

const FOOT = `
Bare on RV32IMC, the instruction set of an ESP32-C3, in qemu-system-riscv32: exact, and the same each time. The engine is XS 13.3
with its check of the stack (mxBoundsCheck), which a device's release build leaves out, and without metering. Its
TypedArray.prototype.set, which copies byte by byte by a fault, is put right: one memcpy, as in XS 17. memcpy and its kin go by
words. Not counted: what drives the repetitions, the peer and all of the network below the socket, waits for a flash cache.`;

const RAM_FOOT = `
An hour of telemetry with a publish each second, the image of preloaded modules in read-only memory, as in flash. Not in it:
a network stack and its buffers, because the peer is not on the board.`;

/** Ours, and the SDK's where that is named. */
async function printClasses(host: BareHost): Promise<string> {
	const theirs = moddableClass();
	const table = tableOfMcuClasses(await measureClassOnMcu(host));
	print(
		`\nThe class of ECMA-419 (-O2)${theirs ? " and the SDK's own" : ""}, also over ${MESSAGES} messages in an ESP32's heap\n`,
	);
	print(table);
	if (!theirs) print("\nSet MODDABLE to an installed SDK to see its own client beside ours.");
	return table;
}

/** What the SDK's class takes stays on the page where it is not measured. */
function writePage(table: string, classes: string, lines: readonly string[]): void {
	rewrite(join(packageRoot(), "firmware/FIGURES.md"), (page) => {
		const withRows = withLines(withTable(page, table), lines);
		return moddableClass() ? withTable(withRows, classes) : withRows;
	});
}

await runScript(async () => {
	const fast = await build("-O2");
	if (profile !== undefined) return printMcuProfiles({ host: fast, sampled: await build("-O2", true) }, profile);
	const rows = await measureAll(fast);
	const table = tableOfMcu(rows, await measureAll(await build("-Os")));
	print(`20-byte topic, 64-byte payload; instructions of one repetition\n\n${table}\n${FOOT}`);
	const classes = await printClasses(fast);
	const ram = await measureTelemetryRam(note);
	const [all, client] = [telemetryFigure(ram), await measureClientRam(fast)];
	const lines = [`- ${figureLine(all)}`, ...ramLines(ram)];
	print(`\n${lines.join("\n")}\n- ${figureLine(client)}\n${RAM_FOOT}`);
	if (write) writePage(table, classes, lines);
	const faults = [...rows.flatMap(faultsOfMcuRow), ...[all, client].flatMap(faultOfFigure)];
	for (const fault of faults) note(`over budget: ${fault}`);
	return faults.length > 0 ? Exit.FAILED : Exit.OK;
});
