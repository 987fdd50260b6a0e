import { findProgram } from "./mosquitto-check.js";

/** Why the tests behind a real nginx cannot run, as one line; undefined when they can. */
export const nginxMissing: string | undefined = findProgram("nginx")
	? undefined
	: "Tests behind nginx are skipped: nginx not found. On Debian: apt-get install nginx-light";

/** Says once per run, before the first test, why the tests behind nginx are skipped. A `globalSetup` of vitest. */
export default function check(): void {
	if (nginxMissing) process.stderr.write(`${nginxMissing}\n`);
}
