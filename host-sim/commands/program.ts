import { Command, CommanderError } from "commander";
import { ManifestError } from "../manifest/load.js";
import { checkTexts } from "../terminal/arguments.js";
import { CliError, Exit } from "../terminal/exit.js";
import { EndOfOutput, type Io } from "../terminal/io.js";
import { withoutPassword } from "../terminal/mqtt-url.js";
import { withOptionFiles } from "./option-files.js";
import { addCertificate } from "./certificate.js";
import { addPub } from "./pub.js";
import { addSchema } from "./schema.js";
import { addSizes } from "./sizes.js";
import { addSub } from "./sub.js";

const EXIT_CODES = `
Exit codes:
  0   done
  1   no connection, a file that cannot be read, a message that was not delivered,
      standard output that cannot be written, a signal that left work undone
  1…5 refused by the broker: the return code of its CONNACK; 1 for one above 5
  27  -W is over
  64  wrong options or a wrong manifest`;

/** Adds more commands to the program. */
export type AddCommands = (program: Command, io: Io, setExitCode: (code: number) => void) => void;

/**
 * Runs one command line.
 *
 * in   given        arguments without node and the file; or what reads them, which may throw CliError
 *      version      what `--version` prints
 *      addCommands  commands that are not in this folder
 * out  the exit code; whatever went wrong has been said in one line on `io.err`
 */
export async function runCli(
	given: readonly string[] | (() => string[]),
	io: Io,
	version: string,
	addCommands?: AddCommands,
): Promise<number> {
	let exitCode: number = Exit.OK;
	const setExitCode = (code: number): void => {
		exitCode = code;
	};
	const program = new Command("xs-mqtt")
		.description("An MQTT client for Moddable XS, on a desk: run device programs, publish, subscribe, look at sizes.")
		.version(version, "--version")
		// -h is the host, as in mosquitto's tools.
		.helpOption("--help", "print help")
		.addHelpText("after", EXIT_CODES)
		.exitOverride()
		.configureOutput({
			writeOut: (text) => io.out(text),
			writeErr: (text) => io.err(text.trimEnd()),
			outputError: (text, write) => write(`${withoutSecrets(oneLine(text), args)}\n`),
		});
	for (const add of [addPub, addSub, addSizes, addSchema, addCertificate]) add(program, io, setExitCode);
	addCommands?.(program, io, setExitCode);
	program.hook("preAction", (_program, command) => {
		const nameOf = (name: string): string =>
			command.options.find((option) => option.attributeName() === name)?.flags.split(/[ ,]/)[0] ?? name;
		checkTexts(command.opts(), nameOf, command.args);
	});
	for (const command of program.commands) command.addHelpText("after", EXIT_CODES);
	let args: readonly string[] = [];
	try {
		args = withOptionFiles(typeof given === "function" ? given() : given, process.env);
		await program.parseAsync(args, { from: "user" });
		return exitCode;
	} catch (error) {
		return exitCodeOf(error, io, args);
	}
}

function exitCodeOf(error: unknown, io: Io, args: readonly string[]): number {
	// Its message has been written; help and version are no errors.
	if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.OK : Exit.USAGE;
	if (error instanceof EndOfOutput) return Exit.OK;
	if (error instanceof CliError || error instanceof ManifestError) {
		for (const line of error.message.split("\n")) io.err(withoutSecrets(`Error: ${line}`, args));
		return error instanceof CliError ? error.exitCode : Exit.USAGE;
	}
	throw error;
}

/**
 * An error of commander without passwords: it shows arguments as they were given. A password of its own option is never
 * shown, but one in a URL, or behind the = of an option that there is not, would be.
 */
function withoutSecrets(line: string, args: readonly string[]): string {
	let text = line.replace(/(unknown option '--[^'=]*)=.*'(?= \(Did|$)/s, "$1'");
	// Alone, behind the name of its option, or in one with it.
	for (const arg of args.flatMap((arg) => [arg, arg.slice(arg.indexOf("=") + 1), arg.slice(2)])) {
		const shown = withoutPassword(arg);
		if (shown !== arg) text = text.replaceAll(oneLine(arg), oneLine(shown));
	}
	return text;
}

/** An error of commander, suggestion included, as one line like all others. */
function oneLine(text: string): string {
	const line = text.trim().replace(/\s*\n\s*/g, " ");
	return line.replace(/^error: /, "Error: ");
}
