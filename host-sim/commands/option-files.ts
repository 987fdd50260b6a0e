/** Options from files, as in mosquitto's tools: one on a line, put before those of the command line, which override them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../terminal/exit.js";

/** Commands that read such files, and the tool whose file each reads. */
const TOOLS: Readonly<Record<string, string>> = { pub: "mosquitto_pub", sub: "mosquitto_sub" };

/** Options that name a file of options. */
const FILE_OPTIONS = ["-o", "--options-file"];

/** What is needed of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Puts options of files before those of the command line: of the file that `-o` names, or else of
 * $XDG_CONFIG_HOME/mosquitto_pub or ~/.config/mosquitto_pub (mosquitto_sub), when there is one.
 *
 * Throws UsageError for a file that `-o` names and that cannot be read.
 */
export function withOptionFiles(args: readonly string[], environment: Environment): string[] {
	const [command = "", ...given] = args;
	const tool = Object.hasOwn(TOOLS, command) ? TOOLS[command] : undefined;
	// Help works whatever stands in a file.
	if (tool === undefined || given.includes("--help")) return [...args];
	const named = namedFile(given);
	if (named !== undefined) return [command, ...kept(optionsIn(read(named)), given), ...given];
	const file = defaultFile(tool, environment);
	let text = "";
	try {
		text = file === undefined ? "" : readFileSync(file, "utf8");
	} catch {
		// As a rule there is none.
	}
	return [command, ...kept(optionsIn(text), given), ...given];
}

/** Of these a command takes one: one of the command line takes the place of another in a file. */
const MESSAGES = [
	["-m", "--message"],
	["-f", "--file"],
	["-s", "--stdin-file"],
	["-l", "--stdin-line"],
	["-n", "--null-message"],
].flat();

function kept(options: readonly string[][], given: readonly string[]): string[] {
	const isMessage = (arg: string): boolean => MESSAGES.includes(arg);
	return (given.some(isMessage) ? options.filter(([name = ""]) => !isMessage(name)) : options).flat();
}

function defaultFile(tool: string, { XDG_CONFIG_HOME: config, HOME: home }: Environment): string | undefined {
	if (config) return join(config, tool);
	return home ? join(home, ".config", tool) : undefined;
}

function namedFile(args: readonly string[]): string | undefined {
	const at = args.findIndex((arg) => FILE_OPTIONS.includes(arg));
	return at < 0 ? undefined : args[at + 1];
}

function read(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		throw new UsageError(`-o: ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
	}
}

/** An option, and behind the first blank its value, blanks and all; lines that begin with # are comments. */
function optionsIn(text: string): string[][] {
	return text.split(/\r?\n/).flatMap((line) => {
		const trimmed = line.trimStart();
		if (trimmed === "" || line.startsWith("#")) return [];
		const [, option = trimmed, value] = /^(\S+) (.*)$/s.exec(trimmed) ?? [];
		return [value === undefined || value === "" ? [option] : [option, value]];
	});
}
