/**
 * Reads a manifest by the rules of the Moddable SDK's mcconfig, so that a desk sees what a device would get. The SDK
 * itself is not needed: includes that lead into it are left out, and listed.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { JsonError, parseJson } from "./json.js";
import { type JsonObject, isObject, matchPlatform, mergeOver } from "./merge.js";
import { UnknownVariable, Variables } from "./variables.js";

/** A manifest that cannot be used. The message is one line: file, place where there is one, and what is wrong. */
export class ManifestError extends Error {
	override name = "ManifestError";
}

/** How to read. */
export interface LoadOptions {
	/** As for `mcconfig -p`: "lin" (default), "esp32", "esp32/nodemcu", ... "sim" and "simulator" mean "lin". */
	platform?: string;
	/** Folder of the SDK. Default: the environment's MODDABLE; "" for none. */
	moddable?: string;
	/** Variables for $(NAME). Default: the environment of the process. */
	environment?: Readonly<Record<string, string | undefined>>;
}

/** Something that is only for the SDK or for a network, and was left out. */
export interface Skipped {
	/** The manifest that names it. */
	manifest: string;
	kind: "include" | "module" | "data" | "git";
	/** As it stands in the manifest. */
	source: string;
}

/** A manifest with everything that it includes. */
export interface LoadedManifest {
	/** Full path of the manifest that was asked for. */
	file: string;
	platform: string;
	/** What `import config from "mc/config"` gives on the device (there, `format` and `rotation` are added). */
	config: JsonObject;
	/** Module names, maybe with a wildcard, and the full paths behind them; "~" holds what is excluded. */
	modules: Record<string, string[]>;
	/** Names of files that the program reads as a Resource, maybe with a wildcard, and the full paths behind them. */
	data: Record<string, string[]>;
	/** Names of modules that run at build time. */
	preload: string[];
	/** Heaps and main module. */
	creation: JsonObject;
	defines: JsonObject;
	/** Full path of every manifest that was read: included ones before the ones that include them. */
	files: string[];
	/** What each manifest, or its section for the platform, says itself, in the order of merging. */
	layers: { file: string; config: JsonObject }[];
	skipped: Skipped[];
	/** What the manifests themselves warn of. */
	warnings: string[];
}

/** One manifest as read, before it is merged. */
interface Source {
	file: string;
	directory: string;
	manifest: JsonObject;
	/** The section of `platforms` that counts here. */
	section: JsonObject | undefined;
}

/**
 * Reads a manifest and all that it includes, each file once; an including manifest lies over what it includes. Throws
 * ManifestError.
 */
export function loadManifest(file: string, options: LoadOptions = {}): LoadedManifest {
	return new Loader(options).load(file);
}

class Loader {
	readonly #platform: string;
	readonly #variables: Variables;
	/** In the order in which mcconfig merges. */
	readonly #sources: Source[] = [];
	readonly #seen = new Set<string>();
	readonly #skipped: Skipped[] = [];

	constructor(options: LoadOptions) {
		const environment = options.environment ?? process.env;
		this.#platform = platformName(options.platform ?? "lin");
		this.#variables = new Variables(environment, options.moddable ?? environment["MODDABLE"]);
		this.#variables.setPlatform(this.#platform);
	}

	load(file: string): LoadedManifest {
		const path = existingPath(resolve(file), "file");
		if (!path) throw new ManifestError(`${file}: no such manifest`);
		this.#variables.set("NAME", basename(dirname(path)));
		this.#read(path);

		const all: LoadedManifest = {
			file: path,
			platform: this.#platform,
			config: {},
			modules: {},
			data: {},
			preload: [],
			creation: {},
			defines: {},
			files: this.#sources.map((source) => source.file),
			layers: [],
			skipped: this.#skipped,
			warnings: [],
		};
		for (const source of this.#sources) {
			this.#merge(all, source, source.manifest);
			if (source.section) this.#merge(all, source, source.section);
		}
		return all;
	}

	/** Reads one file, defines its variables, and reads what it includes; cycles end because a file counts once. */
	#read(file: string): void {
		this.#seen.add(file);
		const manifest = readObject(file);
		const source: Source = { file, directory: dirname(file), manifest, section: undefined };
		this.#inFile(source, "build", () => this.#variables.addBuild(manifest["build"], source.directory));
		const includes = list(manifest["include"]);
		if (isObject(manifest["platforms"])) {
			const section = matchPlatform(manifest["platforms"], this.#platform);
			if (isObject(section)) {
				source.section = section;
				this.#inFile(source, "build", () => this.#variables.addBuild(section["build"], source.directory));
				includes.push(...list(section["include"]));
			}
		}
		for (const include of includes) this.#include(source, include);
		this.#sources.push(source);
	}

	#include(source: Source, include: unknown): void {
		if (isObject(include) && typeof include["git"] === "string") {
			this.#skipped.push({ manifest: source.file, kind: "git", source: include["git"] });
			return;
		}
		if (typeof include !== "string") {
			throw new ManifestError(
				`${source.file}: include: expected a path or {"git": …}, found ${JSON.stringify(include)}`,
			);
		}
		const path = this.#inFile(source, `include "${include}"`, () => this.#variables.resolve(include));
		if (this.#variables.isOfMissingSdk(path)) {
			this.#skipped.push({ manifest: source.file, kind: "include", source: include });
			return;
		}
		const file = existingPath(resolve(source.directory, path), "file");
		if (!file) throw new ManifestError(`${source.file}: include "${include}": no such manifest`);
		if (!this.#seen.has(file)) this.#read(file);
	}

	/** Lays a manifest, or its section for the platform, over everything before it. */
	#merge(all: LoadedManifest, source: Source, part: JsonObject): void {
		for (const name of ["config", "creation", "defines"] as const) {
			const value = part[name];
			if (value === undefined) continue;
			if (!isObject(value)) throw new ManifestError(`${source.file}: ${name}: expected an object`);
			mergeOver(all[name], value);
		}
		all.layers.push({ file: source.file, config: isObject(part["config"]) ? part["config"] : {} });
		this.#addFiles(all.modules, source, "module", part["modules"]);
		this.#addFiles(all.data, source, "data", part["data"]);
		all.preload.push(...strings(part["preload"]));
		const [error] = strings(part["error"]);
		if (error !== undefined) throw new ManifestError(`${source.file}: not for platform ${this.#platform}: ${error}`);
		all.warnings.push(...strings(part["warning"]).map((text) => `${source.file}: ${text}`));
	}

	/** What `modules` or `data` says: names, and where the files are. */
	#addFiles(all: Record<string, string[]>, source: Source, kind: "module" | "data", given: unknown): void {
		if (given === undefined) return;
		if (!isObject(given)) {
			throw new ManifestError(`${source.file}: ${kind === "data" ? kind : "modules"}: expected an object`);
		}
		for (const [name, value] of Object.entries(given)) {
			const paths = (all[name] ??= []);
			for (const item of list(value)) {
				const one = isObject(item) ? item["source"] : item;
				if (typeof one !== "string") throw new ManifestError(`${source.file}: ${kind} "${name}": expected a path`);
				const path = this.#filePath(source, kind, name, one);
				if (path) paths.push(path);
			}
		}
	}

	/** Full path of a file that is named, maybe with a wildcard; undefined when it is in an SDK that is not here. */
	#filePath(source: Source, kind: "module" | "data", name: string, given: string): string | undefined {
		const what = `${kind} "${name}"`;
		const path = this.#inFile(source, what, () => this.#variables.resolve(given));
		if (this.#variables.isOfMissingSdk(path)) {
			this.#skipped.push({ manifest: source.file, kind, source: given });
			return undefined;
		}
		const slash = path.lastIndexOf("/");
		if (slash < 0) throw new ManifestError(`${source.file}: ${what}: "${given}" needs a folder, e.g. "./${given}"`);
		const directory = existingPath(resolve(source.directory, path.slice(0, slash + 1)), "directory");
		if (!directory) throw new ManifestError(`${source.file}: ${what}: "${given}": no such folder`);
		return directory + path.slice(slash);
	}

	/** Runs what may find an unknown variable, and says where. */
	#inFile<T>(source: Source, where: string, action: () => T): T {
		try {
			return action();
		} catch (error) {
			if (error instanceof UnknownVariable) throw new ManifestError(`${source.file}: ${where}: ${error.message}`);
			throw error;
		}
	}
}

/** The platform's name as mcconfig understands it. */
function platformName(given: string): string {
	const [platform = "", ...rest] = given.toLowerCase().split("/");
	const aliases: Readonly<Record<string, string>> = { sim: "lin", simulator: "lin", esp8266: "esp" };
	return [aliases[platform] ?? platform, ...rest].join("/");
}

function readObject(file: string): JsonObject {
	let manifest: unknown;
	try {
		manifest = parseJson(readFileSync(file, "utf8"));
	} catch (error) {
		if (error instanceof JsonError) throw new ManifestError(`${file}:${error.line}:${error.column}: ${error.message}`);
		throw new ManifestError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
	}
	if (!isObject(manifest)) throw new ManifestError(`${file}:1:1: a manifest is a JSON object`);
	return manifest;
}

/** The real path, links followed, of something that exists and is of that kind. */
function existingPath(path: string, kind: "file" | "directory"): string | undefined {
	try {
		const real = realpathSync(path);
		const stat = statSync(real);
		return (kind === "file" ? stat.isFile() : stat.isDirectory()) ? real : undefined;
	} catch {
		return undefined;
	}
}

function list(value: unknown): unknown[] {
	if (value === undefined) return [];
	return Array.isArray(value) ? [...(value as unknown[])] : [value];
}

function strings(value: unknown): string[] {
	return list(value).filter((item) => typeof item === "string");
}
