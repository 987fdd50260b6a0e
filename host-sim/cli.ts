#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { processArguments } from "./terminal/arguments.js";
import { processIo } from "./terminal/io.js";
import { runCli } from "./commands/program.js";

/** How long what was written before DISCONNECT may take to leave. */
const LAST_BYTES_MS = 10_000;

/** Commands that need nothing of the simulator; loading it, broker and all, would only delay them. */
const LIGHT_COMMANDS = ["pub", "sub", "sizes", "schema", "certificate"];

/** From dist/host-sim/ to the package's own folder. */
const packageFile = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const light = LIGHT_COMMANDS.includes(process.argv[2] ?? "");
const heavy = light ? undefined : await Promise.all([import("./commands/run.js"), import("./commands/torture.js")]);
process.exitCode = await runCli(processArguments, processIo, version, (program, io, setExitCode) => {
	heavy?.[0].registerRun(program, io, setExitCode);
	heavy?.[1].registerTorture(program, io, setExitCode);
});
// Node ends by itself when the last bytes have left its sockets; a peer that takes none must not keep us.
setTimeout(() => process.exit(), LAST_BYTES_MS).unref();
