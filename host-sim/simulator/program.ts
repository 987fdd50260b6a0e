import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../terminal/exit.js";
import { mqttConfig } from "../manifest/check.js";
import { loadManifest } from "../manifest/load.js";
import { MODULE_EXTENSIONS } from "./program/resolve.js";
import { compiledUrl } from "../stand-ins/stand-ins.js";

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

/** Names of the built-in examples. */
export function builtInPrograms(): string[] {
	const folder = fileURLToPath(compiledUrl("firmware/programs/"));
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((name) => existsSync(join(folder, name, "main.js")))
		.sort();
}

/**
 * Finds a program by the name of an example or by its path.
 *
 * Throws CliError when there is none, or it is of another kind.
 */
export function findProgram(name: string): Program {
	const examples = builtInPrograms();
	if (examples.includes(name)) {
		const manifest = fileURLToPath(compiledUrl(`../manifests/simulator/${name}/manifest.json`));
		return {
			name,
			file: fileURLToPath(compiledUrl(`firmware/programs/${name}/main.js`)),
			builtIn: true,
			manifest: existsSync(manifest) ? manifest : undefined,
		};
	}
	const file = resolve(name);
	if (!existsSync(file) || !statSync(file).isFile()) {
		throw new CliError(`no program ${name}; it is a file that is not there, and no example (${examples.join(", ")})`);
	}
	if (!MODULE_EXTENSIONS.includes(extname(file)))
		throw new CliError(`program ${name}: must be a .js, .mjs or .ts file`);
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
