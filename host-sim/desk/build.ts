import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { CliError } from "../terminal/exit.js";
import type { Wrapped } from "./programs.js";
import { idfVersion, OUTPUT, runTool, type Sdk } from "./sdk.js";

/** How mcconfig builds: with a debugger, for counting, or as shipped. */
export type Goal = "debug" | "instrument" | "release";

const FLAGS: Readonly<Record<Goal, readonly string[]>> = { debug: ["-d"], instrument: ["-i"], release: [] };

/** Warnings of the linker about modules of this package: each means RAM that was to be flash, or worse. */
export function ourWarnings(output: string): string[] {
	return output.split("\n").filter((line) => line.startsWith("### warning: xs-mqtt"));
}

function refuseWarnings(what: string, output: string): void {
	const warnings = ourWarnings(output);
	if (warnings.length > 0) throw new CliError(`${what}: the linker warns\n${warnings.join("\n")}`);
}

/**
 * Builds a program for the simulator. Throws CliError when that fails or the linker warns of our modules.
 *
 * out  what the simulator loads
 */
export async function buildForSimulator(sdk: Sdk, program: Wrapped, goal: Goal): Promise<string> {
	const { name, file } = program;
	// A linked program that is up to date is not linked again, and then there would be no warnings.
	rmSync(join(OUTPUT, "tmp", sdk.system, "mc", goal, name, "mc.xs.c"), { force: true });
	const args = [...FLAGS[goal], "-m", "-p", sdk.system, "-t", "build", "-o", OUTPUT, file];
	refuseWarnings(`${name}, ${goal}`, await runTool("mcconfig", args, sdk.environment));
	return join(OUTPUT, "bin", sdk.system, "mc", goal, name, "mc.so");
}

/**
 * Compiles and links a program for an ESP32 board, release build, as far as that goes without a C compiler for it: up to
 * the file that holds the linked modules. ESP-IDF is not needed. Throws CliError as above.
 *
 * out  path of that file
 */
export async function linkForBoard(sdk: Sdk, program: Wrapped, board: string): Promise<string> {
	const environment = { ...sdk.environment, IDF_PATH: process.env["IDF_PATH"] ?? (await standInIdf(sdk)) };
	const folder = join(OUTPUT, "tmp", board, "release", program.name);
	// Names that modules had in an earlier build would be linked, and counted, again.
	rmSync(join(folder, "modules"), { recursive: true, force: true });
	await runTool("mcconfig", ["-p", board, "-o", OUTPUT, program.file], environment);
	const makefile = join(folder, "makefile");
	const chip = /^ESP32_SUBCLASS *= *(\w+)/m.exec(readFileSync(makefile, "utf8"))?.[1] ?? "esp32";
	// Only C files need what stands in it; make must not want to have ESP-IDF write it.
	const settings = join(folder, `xsProj-${chip}/build/config/sdkconfig.h`);
	if (!existsSync(settings)) {
		mkdirSync(join(settings, ".."), { recursive: true });
		writeFileSync(settings, "");
	}
	const linked = join(folder, "mc.xs.c");
	rmSync(linked, { force: true });
	const args = ["-j", String(availableParallelism()), "-f", makefile, "-o", settings, linked];
	refuseWarnings(`${program.name} for ${board}`, await runTool("make", args, environment));
	return linked;
}

/** A git repository with nothing in it but the version that the SDK's makefile asks for. */
async function standInIdf(sdk: Sdk): Promise<string> {
	const version = idfVersion(sdk);
	const folder = join(OUTPUT, `idf-${version}`);
	if (existsSync(join(folder, ".git"))) return folder;
	mkdirSync(folder, { recursive: true });
	const git = (...args: string[]): Promise<string> =>
		runTool(
			"git",
			["-C", folder, "-c", "user.name=xs-mqtt", "-c", "user.email=xs-mqtt@localhost", ...args],
			process.env,
		);
	await git("init", "--quiet");
	await git("commit", "--quiet", "--allow-empty", "--message", "stand-in");
	await git("tag", "--annotate", version, "--message", version);
	return folder;
}
