/** The Moddable SDK on this machine, and its tools. Nothing of it is needed for anything else in this package. */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError, UsageError } from "../terminal/exit.js";
import { parseJson } from "../manifest/json.js";

/** This package. */
export const PACKAGE = fileURLToPath(new URL("../../../", import.meta.url));

/** What builds leave behind, of all runs: the second one is much faster. */
export const OUTPUT = join(PACKAGE, "node_modules/.cache/xs-mqtt/device");

/** mcconfig's names of the systems that it builds on. */
const SYSTEMS: Readonly<Record<string, string>> = { linux: "lin", darwin: "mac", win32: "win" };

/** The SDK. */
export interface Sdk {
	root: string;
	/** "lin", "mac" or "win". */
	system: string;
	/** With the SDK's tools and this package's TypeScript on the path. */
	environment: NodeJS.ProcessEnv;
}

/** One line for whoever has no SDK. */
export const NO_SDK =
	"MODDABLE is not set: install the Moddable SDK (npm install -g xs-dev, xs-dev setup), open a new shell, run this again";

/**
 * Finds the SDK by the variable MODDABLE; undefined when it is not set. Throws UsageError when it leads to no SDK, or to
 * one that is not built.
 */
export function findSdk(): Sdk | undefined {
	const root = process.env["MODDABLE"];
	if (!root) return undefined;
	const system = SYSTEMS[process.platform];
	if (system === undefined) throw new UsageError(`the Moddable SDK has no tools for ${process.platform}`);
	const tools = join(root, "build/bin", system, "release");
	if (!existsSync(join(root, "modules"))) throw new UsageError(`MODDABLE is ${root}, where there is no Moddable SDK`);
	const path = [tools, join(PACKAGE, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
	const environment = { ...process.env, PATH: path };
	if (findProgram("mcconfig", environment) === undefined) {
		throw new UsageError(`no mcconfig in ${tools}: the SDK's tools are not built (xs-dev setup does that)`);
	}
	return { root, system, environment };
}

/** Where a program is, or undefined. */
export function findProgram(name: string, environment: NodeJS.ProcessEnv): string | undefined {
	for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
		for (const file of [join(folder, name), join(folder, `${name}.exe`)]) {
			try {
				accessSync(file, constants.X_OK);
				return file;
			} catch {
				// Not here.
			}
		}
	}
	return undefined;
}

/** The version of ESP-IDF that this SDK is made for, e.g. "v6.0". */
export function idfVersion(sdk: Sdk): string {
	const manifest = parseJson(readFileSync(join(sdk.root, "build/devices/esp32/manifest.json"), "utf8")) as {
		build?: { EXPECTED_ESP_IDF?: string };
	};
	return manifest.build?.EXPECTED_ESP_IDF ?? "unknown";
}

/**
 * Runs a tool to its end and returns what it printed. Throws CliError with the end of that when it fails.
 *
 * in   environment  the SDK's, usually
 *      folder       where it runs
 */
export function runTool(
	command: string,
	args: readonly string[],
	environment: NodeJS.ProcessEnv,
	folder = OUTPUT,
): Promise<string> {
	mkdirSync(folder, { recursive: true });
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
		let output = "";
		const take = (chunk: Buffer): void => void (output += chunk.toString());
		child.stdout.on("data", take);
		child.stderr.on("data", take);
		child.on("error", (error) => reject(new CliError(`${command}: ${error.message}`)));
		child.on("close", (code) => {
			if (code === 0) resolve(output);
			else reject(new CliError(`${command} ${args.join(" ")} ended with ${code}:\n${lastLines(output)}`));
		});
	});
}

function lastLines(text: string): string {
	return text.trimEnd().split("\n").slice(-20).join("\n");
}
