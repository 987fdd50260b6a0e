import { Command } from "commander";
import { CliError, Exit } from "./exit.js";

/** How a script of package.json ends, for the end of its help. */
export const SCRIPT_EXIT_CODES = `
Exit codes:
  0    done, and all is well
  1    something is wrong
  64   wrong options
  77   not done: something that it needs is missing; the last line says what`;

/**
 * The command line of `npm run <name> -- …`. Options and arguments that it does not know end it with 64, `--help` with 0,
 * and in both cases nothing has been done.
 *
 * in   exitCodes  what the help says of them
 */
export function scriptCommand(name: string, description: string, exitCodes = SCRIPT_EXIT_CODES): Command {
	return new Command(`npm run ${name} --`)
		.usage("[options]")
		.description(description)
		.addHelpText("after", exitCodes)
		.exitOverride((error) => process.exit(error.exitCode === 0 ? Exit.OK : Exit.USAGE));
}

/** Something that a script cannot do without is not there: one line that says what, and how to get it. */
export class MissingError extends CliError {
	override name = "MissingError";

	constructor(message: string) {
		super(message, Exit.MISSING);
	}
}

/** Runs what a script does, and makes of what it throws one line and an exit code. */
export async function runScript(work: () => Promise<number>): Promise<void> {
	try {
		process.exitCode = await work();
	} catch (error) {
		if (!(error instanceof CliError)) throw error;
		process.stderr.write(`Error: ${error.message}\n`);
		process.exitCode = error.exitCode;
	}
}
