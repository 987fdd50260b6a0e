import { fileURLToPath } from "node:url";
import { types } from "node:util";

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

/** A place in a file; lines and columns from 1. */
export interface StackPlace {
	file: string;
	line: number;
	column: number;
}

/** Finds the place in a source that a place in a compiled file stands for. */
export type FindSource = (place: StackPlace) => StackPlace;

/** This package's own compiled modules: an exception is put down to the program that called them. */
const OWN_FOLDER = new URL(import.meta.url.endsWith(".ts") ? "../../dist/" : "../../", import.meta.url);

/** One line for people: the error, and the first place of its stack that is not Node's own, the program's if there is one. */
export function describeError(error: unknown, findSource: FindSource = (place) => place): string {
	// One of another realm is no instance of our Error.
	if (!types.isNativeError(error)) return describeValue(error);
	const own = [OWN_FOLDER.href, fileURLToPath(OWN_FOLDER)];
	const places = String(error.stack)
		.split("\n")
		.filter((line) => /^\s+at /.test(line) && !line.includes("node:"));
	const line = places.find((place) => !own.some((folder) => place.includes(folder))) ?? places[0];
	const text = `${error.name}: ${error.message}`.replace(/\s*\n\s*/g, " ");
	return line === undefined ? text : `${text} (${inSource(line.trim(), findSource)})`;
}

/** What was thrown is the program's, down to how it becomes text. */
function describeValue(value: unknown): string {
	try {
		return String(value);
	} catch {
		return "a value that cannot be described";
	}
}

/** A line of a stack with the place in the source instead. */
export function inSource(line: string, findSource: FindSource): string {
	return line.replace(/((?:file:\/\/)?[^\s()]+):(\d+):(\d+)/, (_all, file: string, row: string, column: string) => {
		const path = file.startsWith("file:") ? fileURLToPath(file) : file;
		const place = findSource({ file: path, line: Number(row), column: Number(column) });
		return `${place.file}:${place.line}:${place.column}`;
	});
}

/** One line that says what happened and what a device would have done. */
export function describeEscape(error: unknown, origin: string, findSource?: FindSource): string {
	return `exception escaped from ${origin}, a device would restart: ${describeError(error, findSource)}`;
}

/** Prints the exception on standard error and ends the process with ESCAPE_EXIT_CODE. */
export function endWithEscape(error: unknown, origin: string): void {
	process.stderr.write(`xs-mqtt: ${describeEscape(error, origin)}\n`);
	process.exit(ESCAPE_EXIT_CODE);
}
