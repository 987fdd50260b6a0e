import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian keeps the broker where a user's PATH does not look. */
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

/** Full path of a program of mosquitto; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
	return FOLDERS.map((folder) => join(folder, name)).find((file) => {
		try {
			accessSync(file, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

const missing = ["mosquitto", "mosquitto_pub", "mosquitto_sub", "mosquitto_passwd"].filter(
	(name) => !findProgram(name),
);

/** Why the tests with a real mosquitto cannot run, as one line; undefined when they can. */
export const mosquittoMissing: string | undefined =
	missing.length === 0
		? undefined
		: `Tests with mosquitto are skipped: ${missing.join(", ")} not found. ` +
			"On Debian: apt-get install mosquitto mosquitto-clients";

/** Says once per run, before the first test, why the tests with mosquitto are skipped. A `globalSetup` of vitest. */
export default function check(): void {
	if (mosquittoMissing) process.stderr.write(`${mosquittoMissing}\n`);
}
