/** Writes the files of `xs-mqtt certificate`: all of them, or none. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError, Exit } from "../terminal/exit.js";
import { systemErrorText } from "../terminal/reasons.js";

/** A file to be written. */
export interface Output {
	readonly name: string;
	readonly bytes: Uint8Array;
	/** Nobody else may read it. */
	readonly isSecret: boolean;
}

/** Errors of a disk, and not of a name or of rights. */
const DISK = ["ENOSPC", "EDQUOT", "EIO"];

const enum Mode {
	USUAL = 0o644,
	SECRET = 0o600,
}

function failed(what: string, error: unknown): CliError {
	const isDisk = DISK.includes((error as NodeJS.ErrnoException).code ?? "");
	return new CliError(`${what}: ${systemErrorText(error)}`, isDisk ? Exit.IO : Exit.CANNOT_CREATE);
}

/**
 * in   folder     made when it is not there
 *      overwrite  whether files that are there are replaced
 *
 * Throws CliError, and nothing is changed then but that the folder may be there.
 */
export function writeOutputs(folder: string, outputs: readonly Output[], overwrite: boolean): void {
	try {
		mkdirSync(folder, { recursive: true });
	} catch (error) {
		throw failed(`${folder} cannot be made`, error);
	}
	const taken = outputs.find(({ name }) => existsSync(join(folder, name)));
	if (taken && !overwrite) {
		throw new CliError(`${join(folder, taken.name)} is there already; --force replaces it`, Exit.CANNOT_CREATE);
	}
	const parts = outputs.map(({ name }) => join(folder, `${name}.part`));
	try {
		for (const [i, { bytes, isSecret }] of outputs.entries()) {
			// A part of an earlier run would keep its mode.
			rmSync(parts[i]!, { force: true });
			writeFileSync(parts[i]!, bytes, { mode: isSecret ? Mode.SECRET : Mode.USUAL, flag: "wx" });
		}
		for (const [i, { name }] of outputs.entries()) renameSync(parts[i]!, join(folder, name));
	} catch (error) {
		for (const part of parts) rmSync(part, { force: true });
		throw failed(`${folder} cannot be written`, error);
	}
}
