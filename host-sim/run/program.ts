import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { constants, Script } from "node:vm";
import { CliError } from "../cli/exit.js";
import { mqttConfig } from "../manifest/check.js";
import { loadManifest } from "../manifest/load.js";
import { describeError } from "../world/escape.js";
import { findSyntaxError } from "./syntax.js";
import { compiledUrl, installStandIns } from "./stand-ins.js";

/** A program that was found. */
export interface Program {
	/** As it was asked for. */
	name: string;
	/** Full path of its main module. */
	file: string;
	/** Whether it is one of the package's examples. */
	builtIn: boolean;
	/** Full path of the manifest that belongs to it, if there is one. */
	manifest: string | undefined;
}

const EXTENSIONS = [".js", ".mjs", ".ts", ".mts"];
const TYPESCRIPT = [".ts", ".mts"];

type Import = (url: string) => Promise<{ default?: unknown }>;

/**
 * Node's own import(). When this module is run from its source, that is by a test runner, which puts another import() in
 * its place, Node's is asked for by a way that warns that it is experimental.
 */
const importNatively: Import = import.meta.url.endsWith(".ts")
	? (new Script("(url) => import(url)", {
			importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
		}).runInThisContext() as Import)
	: (url) => import(url) as ReturnType<Import>;

/** How many programs this process has loaded. */
let loads = 0;

/** Names of the built-in examples. */
export function builtInPrograms(): string[] {
	const folder = fileURLToPath(compiledUrl("firmware/app/"));
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((name) => existsSync(join(folder, name, "main.js")))
		.sort();
}

/**
 * Finds a program by the name of an example or by its path.
 *
 * Throws CliError when there is none, or Node cannot run such a file.
 */
export function findProgram(name: string): Program {
	const examples = builtInPrograms();
	if (examples.includes(name)) {
		const manifest = fileURLToPath(compiledUrl(`../manifests/simulator/${name}/manifest.json`));
		return {
			name,
			file: fileURLToPath(compiledUrl(`firmware/app/${name}/main.js`)),
			builtIn: true,
			manifest: existsSync(manifest) ? manifest : undefined,
		};
	}
	const file = resolve(name);
	if (!existsSync(file) || !statSync(file).isFile()) {
		throw new CliError(`no program ${name}; it is a file that is not there, and no example (${examples.join(", ")})`);
	}
	if (!EXTENSIONS.includes(extname(file))) throw new CliError(`program ${name}: must be a .js, .mjs or .ts file`);
	const features = process.features as { typescript?: unknown };
	if (TYPESCRIPT.includes(extname(file)) && !features.typescript) {
		throw new CliError(
			`program ${name}: Node ${process.versions.node} cannot run TypeScript; compile it, or use Node 22.18`,
		);
	}
	const manifest = join(dirname(file), "manifest.json");
	return { name, file, builtIn: false, manifest: existsSync(manifest) ? manifest : undefined };
}

/** The merged and checked `config` of a manifest; empty without one. Throws ManifestError. */
export function configOf(manifest: string | undefined): Record<string, unknown> {
	if (manifest === undefined) return {};
	const loaded = loadManifest(manifest);
	mqttConfig(loaded);
	return loaded.config;
}

/**
 * Loads a program, unchanged, and calls its default export if that is a function.
 *
 * Throws CliError when it cannot be loaded; whatever the program itself throws while it is loaded or called, as it is.
 */
export async function loadProgram(program: Program): Promise<void> {
	installStandIns();
	// Node keeps modules for the life of a process; another run needs other URLs (see resolver.ts).
	const url = pathToFileURL(program.file).href + (++loads > 1 ? `?run=${loads}` : "");
	let main: { default?: unknown };
	try {
		main = await importNatively(url);
	} catch (error) {
		if (isLoadError(error))
			throw new CliError(`program ${program.name} cannot be loaded: ${describeLoadError(error, program)}`);
		throw error;
	}
	if (typeof main.default === "function") await (main.default as () => unknown)();
}

/** Node could not find, read or parse a module, as opposed to a program that has thrown. */
function isLoadError(error: unknown): error is Error {
	if (error instanceof SyntaxError) return true;
	const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
	return (
		code !== undefined &&
		(code.startsWith("ERR_MODULE") || code.startsWith("ERR_UNSUPPORTED") || LOADER_CODES.includes(code))
	);
}

const LOADER_CODES = [
	"ERR_UNKNOWN_FILE_EXTENSION",
	"ERR_INVALID_MODULE_SPECIFIER",
	"ERR_INVALID_TYPESCRIPT_SYNTAX",
	"ERR_PACKAGE_PATH_NOT_EXPORTED",
	"ERR_PACKAGE_IMPORT_NOT_DEFINED",
	"ENOENT",
];

function describeLoadError(error: Error, program: Program): string {
	const place = error instanceof SyntaxError ? findSyntaxError(program.file) : undefined;
	return place ? `${error.name}: ${error.message} at ${place}` : describeError(error);
}
