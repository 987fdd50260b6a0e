/** Exit code of a run that an exception ended (EX_SOFTWARE of sysexits.h). */
export const ESCAPE_EXIT_CODE = 70;

/**
 * What to do with an exception that has left a callback of the program. On a device the virtual machine would abort and
 * the chip restart.
 *
 * in   error   what was thrown
 *      origin  the callback it came from, e.g. "TCP onReadable"
 */
export type EscapeHandler = (error: unknown, origin: string) => void;

/** One line for people: the error, and the first place of its stack that is not Node's own. */
export function describeError(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const place = error.stack?.split("\n").find((line) => /^\s+at /.test(line) && !line.includes("node:"));
	const text = `${error.name}: ${error.message}`.replace(/\s*\n\s*/g, " ");
	return place ? `${text} (${place.trim()})` : text;
}

/** One line that says what happened and what a device would have done. */
export function describeEscape(error: unknown, origin: string): string {
	return `exception escaped from ${origin}, a device would restart: ${describeError(error)}`;
}

/** Prints the exception on standard error and ends the process with ESCAPE_EXIT_CODE. */
export function endWithEscape(error: unknown, origin: string): void {
	process.stderr.write(`xs-mqtt: ${describeEscape(error, origin)}\n`);
	process.exit(ESCAPE_EXIT_CODE);
}
