import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../cli/exit.js";
import { loadManifest, type LoadedManifest } from "../manifest/load.js";
import { moduleFiles } from "../manifest/modules.js";
import type { Program } from "./program.js";
import { compiledUrl } from "./stand-ins.js";

/** What is linked for a program. */
export interface XsModules {
	/** Names to paths of compiled files. */
	modules: Record<string, string>;
	/** Names of the modules that run when the image is built. */
	preload: string[];
	/** Name of the program's main module. */
	main: string;
}

/** Parts of the library that every program gets, whether its manifest includes them or not. */
const LIBRARY = ["manifest_core.json", "manifest_tcp.json"];
const COMPILED = [".js", ".mjs"];
/** The host has modules of its own for those of the platform: an installed SDK's are left out. */
const NO_SDK = { moddable: "" };

/**
 * Collects the modules of a program: those of its manifest, and the library. A main module that the manifest does not
 * name is linked as `main`, with the compiled files beside it.
 *
 * Throws CliError for sources that are not compiled, ManifestError.
 */
export function xsModules(program: Program, manifest: string | undefined): XsModules {
	const library = LIBRARY.map((name) => loadManifest(fileURLToPath(compiledUrl(`../manifests/${name}`)), NO_SDK));
	const own = manifest === undefined ? [] : [loadManifest(manifest, NO_SDK)];
	const modules: Record<string, string> = {};
	const preload = new Set<string>();
	for (const loaded of [...library, ...own]) {
		for (const [name, file] of moduleFiles(loaded)) modules[name] = file;
	}
	for (const loaded of [...library, ...own]) for (const name of preloadNames(loaded, modules)) preload.add(name);
	let main = Object.keys(modules).find((name) => modules[name] === program.file);
	if (main === undefined) {
		Object.assign(modules, siblings(program.file));
		main = "main";
		modules[main] = program.file;
	}
	for (const [name, file] of Object.entries(modules)) {
		if (!COMPILED.includes(extname(file)))
			throw new CliError(`module ${name}: ${file} must be compiled for --engine xs`);
		if (!existsSync(file)) throw new CliError(`module ${name}: ${file} is not there`);
	}
	return { modules, preload: [...preload], main };
}

/** The modules that `preload` names; a wildcard takes those of one folder. */
function preloadNames(loaded: LoadedManifest, modules: Record<string, string>): string[] {
	return loaded.preload.flatMap((pattern) => {
		if (!pattern.endsWith("*")) return Object.hasOwn(modules, pattern) ? [pattern] : [];
		const stem = pattern.slice(0, -1);
		return Object.keys(modules).filter((name) => name.startsWith(stem) && !name.slice(stem.length).includes("/"));
	});
}

/** The compiled files beside a main module, by their names, for its relative imports. */
function siblings(file: string): Record<string, string> {
	const folder = dirname(file);
	const found: Record<string, string> = {};
	for (const entry of readdirSync(folder)) {
		const extension = extname(entry);
		if (COMPILED.includes(extension)) found[basename(entry, extension)] = join(folder, entry);
	}
	return found;
}
