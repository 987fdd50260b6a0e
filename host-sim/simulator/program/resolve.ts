/**
 * Where an import of a device program leads: to a stand-in, to a module that the manifest names, to a file beside the
 * program, or to an installed package. Both engines ask here.
 */
import { existsSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hintForModule } from "./hints.js";

/** A module cannot be had. The message says in one line why. */
export class ImportError extends Error {
	override name = "ImportError";
}

/** Kinds of files that are modules of a program. */
export const MODULE_EXTENSIONS: readonly string[] = [".js", ".mjs", ".ts", ".mts"];

/** Names of modules to paths of files. */
export type ModuleTable = Readonly<Record<string, string>>;

export class ImportResolver {
	readonly #table: ModuleTable;
	/** Paths to names; a file with two names keeps the first. */
	readonly #names = new Map<string, string>();
	readonly #resolvePackage: (specifier: string, parent: string) => string | undefined;

	/**
	 * in   table           names that are known; they come before installed packages
	 *      resolvePackage  finds the file of a package, for the file that imports it
	 */
	constructor(table: ModuleTable, resolvePackage: (specifier: string, parent: string) => string | undefined) {
		this.#table = table;
		this.#resolvePackage = resolvePackage;
		for (const [name, file] of Object.entries(table)) if (!this.#names.has(file)) this.#names.set(file, name);
	}

	/** The name that the table gives a file. */
	nameOf(file: string): string | undefined {
		return this.#names.get(file);
	}

	/**
	 * Path of the file that `specifier` means in the module `parent`, a path.
	 *
	 * Throws ImportError.
	 */
	resolve(specifier: string, parent: string): string {
		if (Object.hasOwn(this.#table, specifier)) return this.#table[specifier]!;
		const file = /^\.{1,2}\//.test(specifier)
			? (this.#byName(specifier, parent) ?? moduleFile(join(dirname(parent), specifier)))
			: this.#bare(specifier, parent);
		if (file === undefined) throw new ImportError(`module "${specifier}" not found, imported by ${parent}`);
		if (!MODULE_EXTENSIONS.includes(extname(file)))
			throw new ImportError(`"${specifier}", imported by ${parent}, is no module: ${MODULE_EXTENSIONS.join(", ")}`);
		return file;
	}

	/** On a device a relative import is a matter of names. */
	#byName(specifier: string, parent: string): string | undefined {
		const name = this.#names.get(parent);
		if (name === undefined) return undefined;
		const wanted = join(dirname(name), specifier)
			.replaceAll("\\", "/")
			.replace(/\.m?[jt]s$/, "");
		return Object.hasOwn(this.#table, wanted) ? this.#table[wanted] : undefined;
	}

	#bare(specifier: string, parent: string): string | undefined {
		if (specifier.startsWith("node:") || builtinModules.includes(specifier))
			throw new ImportError(`module "${specifier}", imported by ${parent}, is Node's own; ${hintForModule(specifier)}`);
		if (/^[a-z][a-z0-9+.-]*:|^\//i.test(specifier)) return undefined;
		return this.#resolvePackage(specifier, parent);
	}
}

/**
 * The file that a path means: itself; what it is compiled from, when only that is there; or, without an extension as a
 * device takes it, the module of that name.
 */
function moduleFile(path: string): string | undefined {
	const candidates = [path];
	if (/\.m?js$/.test(path)) candidates.push(path.replace(/js$/, "ts"));
	if (!MODULE_EXTENSIONS.includes(extname(path))) candidates.push(...MODULE_EXTENSIONS.map((end) => path + end));
	return candidates.find((file) => existsSync(file) && statSync(file).isFile());
}

/**
 * Finds packages by Node's rules. Needs Node's option `--experimental-import-meta-resolve`; without it everything is
 * looked for from here, not from `parent`.
 */
export function resolveInstalled(specifier: string, parent: string): string | undefined {
	const resolve = import.meta.resolve as (specifier: string, parent: string) => string;
	try {
		const url = resolve(specifier, pathToFileURL(parent).href);
		const file = url.startsWith("file:") ? fileURLToPath(url) : undefined;
		return file !== undefined && existsSync(file) ? file : undefined;
	} catch {
		return undefined;
	}
}
