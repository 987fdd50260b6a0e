/** Passwords from elsewhere than the command line, which every user of the machine can read. */
import { readFileSync } from "node:fs";
import { UsageError } from "../terminal/exit.js";

/** The environment variable that has the password. */
export const PASSWORD_VARIABLE = "XS_MQTT_PASSWORD";

/** Options that say where a password is. */
export interface PasswordFlags {
	username?: string;
	pw?: string;
	pwFile?: string;
	url?: { userName: unknown; password: unknown };
}

/**
 * Fills in the password: `-P`, that of the URL, `--pw-file`, or the environment, where it counts only beside a user name.
 * Throws UsageError for a file that cannot be read.
 */
export function withPassword<F extends PasswordFlags>(flags: F, environment: NodeJS.ProcessEnv): F {
	if (flags.pw !== undefined) {
		if (flags.pwFile !== undefined) throw new UsageError("-P and --pw-file exclude each other");
		return flags;
	}
	if (flags.pwFile !== undefined) return { ...flags, pw: firstLine(flags.pwFile) };
	const pw = environment[PASSWORD_VARIABLE];
	const named = flags.username !== undefined || flags.url?.userName !== undefined;
	return pw === undefined || !named || flags.url?.password !== undefined ? flags : { ...flags, pw };
}

/** An editor puts an end to every line: it is no part of the password. */
function firstLine(file: string): string {
	try {
		return readFileSync(file, "utf8").replace(/\r?\n[^]*$/, "");
	} catch (error) {
		throw new UsageError(
			`--pw-file: ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
		);
	}
}
