import { readFileSync } from "node:fs";
import { basename, dirname, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "es-module-lexer/js";
import { CliError } from "../terminal/exit.js";
import { dataFiles } from "../manifest/data.js";
import { loadManifest, type LoadedManifest } from "../manifest/load.js";
import { moduleFiles } from "../manifest/modules.js";
import { ImportError, ImportResolver, resolveInstalled, type ModuleTable } from "./program/resolve.js";
import { isTypeScript, ModuleSources } from "./program/sources.js";
import type { XsSource } from "../stand-ins/xs/xs-process.js";
import type { Program } from "./program.js";
import { bareModules, compiledFile, everyModule, TLS_ENGINE } from "../stand-ins/library.js";
import { compiledUrl, STAND_INS } from "../stand-ins/stand-ins.js";

/** What is linked for a program. */
export interface XsModules {
	/** Names to paths of modules; with their text where that is not what lies there. */
	modules: Record<string, string | XsSource>;
	/** Names of the modules that run when the image is built. */
	preload: string[];
	/** Name of the program's main module. */
	main: string;
	/** Where in a source something is. */
	sources: ModuleSources;
	/** The program's own modules as they were written. */
	texts: Map<string, string>;
}

/** Parts of the library that every program gets, whether its manifest includes them or not. */
const LIBRARY = ["manifest_core.json", "manifest_tcp.json"];
/** The host has modules of its own for those of the platform: an installed SDK's are left out. */
const NO_SDK = { moddable: "" };
/** A module that is written for each program. */
const RESOURCE = "Resource";
/** Modules of the host. */
const NATIVE = Object.keys(STAND_INS).filter((name) => !name.startsWith("xs-mqtt") && name !== RESOURCE);

/**
 * Collects the modules of a program: what it imports, from its manifest, the library, or beside it. A main module that the
 * manifest does not name is linked as `main`.
 *
 * in   instead  modules that take the place of the package's own, by the names that programs import
 *
 * Throws CliError for what cannot be found or compiled, ManifestError.
 */
export function xsModules(program: Program, manifest: string | undefined, instead: ModuleTable = {}): XsModules {
	const library = LIBRARY.map((name) => loadManifest(fileURLToPath(compiledUrl(`../manifests/${name}`)), NO_SDK));
	const loaded = [...library, ...(manifest === undefined ? [] : [loadManifest(manifest, NO_SDK)])];
	const table: Record<string, string> = {};
	for (const one of loaded) Object.assign(table, Object.fromEntries(moduleFiles(asCompiled(one))));
	Object.assign(table, everyModule(), bareModules(), instead);
	try {
		const resources = manifest === undefined ? {} : dataFiles(loadManifest(manifest, NO_SDK));
		const graph = linkAll(table, resources, program.file);
		const { modules, main, sources, texts } = graph;
		const inFlash = [...loaded.flatMap((one) => one.preload), ...Object.keys(everyModule()), TLS_ENGINE];
		// What takes a module's place looks at the run's configuration, as a program does.
		const preload = preloaded(inFlash, modules).filter((name) => !Object.hasOwn(instead, name));
		return { modules: Object.fromEntries(modules), preload, main, sources, texts };
	} catch (error) {
		if (!(error instanceof ImportError)) throw error;
		throw new CliError(`program ${program.name} cannot be loaded: ${error.message}`);
	}
}

/** A manifest that takes the library's modules as the compiler made them. */
export function asCompiled(manifest: LoadedManifest): LoadedManifest {
	const entries = Object.entries(manifest.modules).map(([name, files]) => [name, files.map(compiledFile)]);
	return { ...manifest, modules: Object.fromEntries(entries) as Record<string, string[]> };
}

/** The modules that `preload` names; a wildcard takes those of one folder. */
function preloaded(patterns: readonly string[], modules: ReadonlyMap<string, unknown>): string[] {
	const names = patterns.flatMap((pattern) => {
		if (!pattern.endsWith("*")) return modules.has(pattern) ? [pattern] : [];
		const stem = pattern.slice(0, -1);
		return [...modules.keys()].filter((name) => name.startsWith(stem) && !name.slice(stem.length).includes("/"));
	});
	return [...new Set(names)];
}

type Resources = Readonly<Record<string, Uint8Array>>;

/** The module `Resource`, with the files as text in flash; what is made of one takes its bytes of the heap of chunks. */
function resourceModule(resources: Resources): string {
	const files = Object.entries(resources).map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]);
	return `const files = Object.freeze(${JSON.stringify(Object.fromEntries(files))});
export default class Resource extends ArrayBuffer {
	constructor(path) {
		const hex = files[path];
		if (hex === undefined) throw new URIError("Resource not found: " + path);
		super(hex.length / 2);
		const bytes = new Uint8Array(this);
		for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
	}
	static exists(path) {
		return files[path] !== undefined;
	}
	static get [Symbol.species]() {
		return ArrayBuffer;
	}
}
`;
}

/** A name of the main module that leaves no room to go up where an import does. */
class TooShallow extends Error {}

/** Links from the main module on. Its name gets as many folders as the imports go up. */
function linkAll(table: ModuleTable, resources: Resources, file: string): Graph {
	const named = Object.keys(table).find((name) => table[name] === file);
	for (let folders = ""; ; folders = posix.join(basename(upFrom(file, folders)), folders)) {
		const graph = new Graph(table, resources, named ?? posix.join(folders, "main"));
		try {
			graph.add(graph.main, file);
			return graph;
		} catch (error) {
			if (!(error instanceof TooShallow) || named !== undefined) throw error;
		}
	}
}

/** The folder above those that are already in a name. */
function upFrom(file: string, folders: string): string {
	const count = folders === "" ? 0 : folders.split("/").length;
	let folder = dirname(file);
	for (let index = 0; index < count; index++) folder = dirname(folder);
	return folder;
}

/** The modules that have been reached. */
class Graph {
	readonly modules = new Map<string, string | XsSource>();
	readonly sources = new ModuleSources();
	readonly texts = new Map<string, string>();
	readonly main: string;
	readonly #table: ModuleTable;
	readonly #resources: Resources;
	readonly #resolver: ImportResolver;
	/** Names to paths. */
	readonly #files = new Map<string, string>();

	constructor(table: ModuleTable, resources: Resources, main: string) {
		this.#table = table;
		this.#resources = resources;
		this.main = main;
		this.#resolver = new ImportResolver(table, resolveInstalled);
	}

	/** Links a module and all that it imports. */
	add(name: string, file: string): void {
		const known = this.#files.get(name);
		if (known === file) return;
		if (known !== undefined)
			throw new ImportError(
				`two modules would be "${name}" on a device: ${known} and ${file}; the manifest can name them`,
			);
		this.#files.set(name, file);
		const source = this.sources.read(file);
		this.modules.set(name, isTypeScript(file) ? { path: file, source } : file);
		if (!Object.hasOwn(this.#table, name)) this.texts.set(file, readFileSync(file, "utf8"));
		for (const { specifier, isLater } of importsOf(source)) this.#follow(specifier, name, file, isLater);
	}

	#follow(specifier: string | undefined, name: string, file: string, isLater: boolean): void {
		if (specifier === undefined) {
			// Computed at run time: it may be any that the manifest names.
			for (const [other, path] of Object.entries(this.#table)) this.add(other, path);
			return;
		}
		if (NATIVE.includes(specifier)) return;
		if (specifier === RESOURCE) {
			this.modules.set(RESOURCE, { path: RESOURCE, source: resourceModule(this.#resources) });
			return;
		}
		try {
			const target = this.#resolver.resolve(specifier, file);
			this.add(/^\.{1,2}\//.test(specifier) ? nameFrom(name, specifier) : specifier, target);
		} catch (error) {
			// import() of what is not there is the program's own affair.
			if (!isLater || !(error instanceof ImportError)) throw error;
		}
	}
}

/** The name that a relative import means, by the host's rule. Throws TooShallow when there is nothing left to go up. */
function nameFrom(importer: string, specifier: string): string {
	const name = posix.join(posix.dirname(importer), specifier).replace(/\.m?[jt]s$/, "");
	if (name.startsWith("../")) throw new TooShallow();
	return name;
}

/** What a module imports; without a specifier where that is computed. None when it cannot be parsed: the engine says why. */
function importsOf(source: string): { specifier: string | undefined; isLater: boolean }[] {
	try {
		const [imports] = parse(source);
		// -2 is import.meta.
		return imports.filter(({ d }) => d !== -2).map(({ n, d }) => ({ specifier: n, isLater: d > -1 }));
	} catch {
		return [];
	}
}
