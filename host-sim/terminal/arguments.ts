/**
 * Arguments as bytes. Node makes strings of them and puts U+FFFD in place of what is not UTF-8. Here such bytes are lone
 * surrogates, U+DC80 … U+DCFF, one for each byte: nothing that is UTF-8 decodes to those, so that a string stands for its
 * bytes and for no others (as in PEP 383).
 */
import { readFileSync } from "node:fs";
import { UsageError } from "./exit.js";

/** What Node puts in place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";
const ESCAPE = 0xdc00;

/**
 * The arguments of this process, without node and the file. Throws UsageError when they are not UTF-8 and this platform
 * does not show their bytes.
 */
export function processArguments(): string[] {
	return exactArguments(process.argv.slice(2), readCommandLine);
}

/** Linux shows a process its arguments as they were given; undefined elsewhere. */
function readCommandLine(): Buffer | undefined {
	try {
		return readFileSync("/proc/self/cmdline");
	} catch {
		return undefined;
	}
}

/**
 * Puts back what Node has replaced.
 *
 * in   args         as Node gives them
 *      commandLine  the whole command line, each argument with a 0 behind it; asked for when it is needed
 */
export function exactArguments(args: readonly string[], commandLine: () => Buffer | undefined): string[] {
	if (!args.some((arg) => arg.includes(REPLACEMENT))) return [...args];
	// Latin 1: a character for each byte.
	const raw = commandLine()?.toString("latin1").split("\0").slice(0, -1).slice(-args.length);
	return args.map((arg, index) => {
		if (!arg.includes(REPLACEMENT)) return arg;
		const bytes = Buffer.from(raw?.[index] ?? "", "latin1");
		if (bytes.toString() === arg) return escaped(bytes);
		throw new UsageError(
			`argument ${index + 1} is not UTF-8, and its bytes cannot be had on this platform; -f and -s take any bytes`,
		);
	});
}

/** Bytes as a string, with those that are not UTF-8 escaped. */
function escaped(bytes: Uint8Array): string {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	let text = "";
	for (let at = 0; at < bytes.length;) {
		let size = Math.min(4, bytes.length - at);
		for (; size > 0; size--) {
			try {
				const character = decoder.decode(bytes.subarray(at, at + size));
				text += character;
				break;
			} catch {
				// Fewer bytes may be a character.
			}
		}
		if (size === 0) text += String.fromCharCode(ESCAPE + bytes[at]!);
		at += size || 1;
	}
	return text;
}

/** Whether an argument is UTF-8. */
export function isText(argument: string): boolean {
	return !/\p{Surrogate}/u.test(argument);
}

/** The bytes that an argument stands for. */
export function bytesOfArgument(argument: string): Buffer {
	if (isText(argument)) return Buffer.from(argument);
	return Buffer.concat(
		argument
			.split(/([\udc80-\udcff])/u)
			.map((part) => (isText(part) ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) - ESCAPE))),
	);
}

/** An argument as text where it is that, else its bytes. */
export function textOrBytes(argument: string): string | Uint8Array {
	return isText(argument) ? argument : bytesOfArgument(argument);
}

/** Options whose values are bytes to MQTT or to the file system; by the names that commander gives them. */
const ANY_BYTES = ["message", "pw", "willPayload", "file", "url"];

/**
 * Throws UsageError for an argument that has to be text and is not: what it would become is not what was asked for.
 *
 * in   options  values by name
 *      nameOf   what people know an option by
 *      operands  arguments that belong to no option
 */
export function checkTexts(
	options: Readonly<Record<string, unknown>>,
	nameOf: (option: string) => string,
	operands: readonly string[],
): void {
	const refuse = (what: string, value: unknown): void => {
		for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
			if (typeof one === "string" && !isText(one)) throw new UsageError(`${what}: ${JSON.stringify(one)} is not UTF-8`);
		}
	};
	for (const [option, value] of Object.entries(options)) if (!ANY_BYTES.includes(option)) refuse(nameOf(option), value);
	refuse("argument", operands);
}
