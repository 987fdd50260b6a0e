#!/usr/bin/env node
/** `npm run xs-host`: builds the XS host, and prints where it is. */
import { Exit } from "../../terminal/exit.js";
import { runScript, scriptCommand } from "../../terminal/script.js";
import { needXsHost } from "./xs-host.js";

const { sanitize = false } = scriptCommand("xs-host", "Build the XS host, and print where it is.")
	.option("--sanitize", "with the address and undefined-behaviour sanitizers")
	.parse()
	.opts<{ sanitize?: true }>();

await runScript(async () => {
	const host = await needXsHost({ sanitize });
	if (host.note !== undefined) process.stderr.write(`${host.note}\n`);
	process.stdout.write(`${host.path}\n`);
	return Exit.OK;
});
