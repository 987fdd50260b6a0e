/** The engine's sources: where they are, which of them are compiled, and how, for every host alike. */
import type { Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inParallel, run, XsHostUnavailableError } from "./building.js";
import { patchedFiles, patchEngine, type PatchKind } from "./patches.js";

/** The engine's files without its own main programs, snapshots and Unicode tables that are only used by tools. */
const ENGINE_FILES =
	"xsAll xsAPI xsArguments xsArray xsAtomics xsBigInt xsBoolean xsCode xsCommon xsDataView xsDate xsDebug xsDefaults " +
	"xsError xsFunction xsGenerator xsGlobal xsJSON xsLexical xsLockdown xsMapSet xsMarshall xsMath xsMemory xsModule " +
	"xsNumber xsObject xsPlatforms xsProfile xsPromise xsProperty xsProxy xsRegExp xsRun xsScope xsScript xsSourceMap " +
	"xsString xsSymbol xsSyntaxical xsTree xsType xsdtoa xsre xsmc";

/** How the engine is compiled. */
export interface EngineBuild {
	readonly compiler: string;
	readonly flags: readonly string[];
	readonly definitions: readonly string[];
	/** Folder of the engine, and of our own files in C. */
	readonly engine: string;
	readonly sources: string;
	/** Folders of ours with headers: the first with the platform's. */
	readonly include: readonly string[];
	readonly patches: PatchKind;
}

/** Adds everything to a hash that the compiled engine is made from. */
export async function hashEngine(hash: Hash, build: EngineBuild): Promise<void> {
	const { compiler, flags, definitions, engine, sources, include, patches } = build;
	hash.update(JSON.stringify([compiler, await run(compiler, ["--version"]), flags, definitions, ENGINE_FILES]));
	for (const folder of ["sources", "platforms", "includes"]) await hashFolder(hash, join(engine, folder), false);
	hash.update(await readFile(join(sources, "platform-common.h")));
	hash.update(await readFile(join(include[0]!, "platform.h")));
	for (const file of patchedFiles(patches))
		hash.update(patchEngine(file, await readFile(join(engine, "sources", file), "utf8"), patches));
}

/** Adds our own files in C to a hash: those for everywhere, and a platform's. */
export async function hashHost(hash: Hash, sources: string, platform: string): Promise<void> {
	await hashFolder(hash, sources, false);
	await hashFolder(hash, join(sources, platform), true);
}

async function hashFolder(hash: Hash, folder: string, recursive: boolean): Promise<void> {
	for (const name of (await readdir(folder, { recursive })).sort()) {
		if (!/\.[ch]$/.test(name)) continue;
		hash.update(name);
		hash.update(await readFile(join(folder, name)));
	}
}

/** Compiles the engine's files into a folder, one object each. */
export async function compileEngine(folder: string, build: EngineBuild, signal?: AbortSignal): Promise<void> {
	const { compiler, flags, definitions, engine, include, patches } = build;
	const folders = [...include, ...["sources", "includes", "platforms"].map((name) => join(engine, name))];
	const common = [...flags, "-w", ...definitions.map((one) => `-D${one}`), ...folders.map((one) => `-I${one}`)];
	const tasks = ENGINE_FILES.split(" ").map((name) => async () => {
		const file = `${name}.c`;
		let source = join(engine, "sources", file);
		if (patchedFiles(patches).includes(file)) {
			const text = patchEngine(file, await readFile(source, "utf8"), patches);
			source = join(folder, file);
			await writeFile(source, text);
		}
		await run(compiler, [...common, "-c", source, "-o", join(folder, `${name}.o`)]);
	});
	await inParallel(tasks, signal);
}

/** Names of the objects that compileEngine has left. */
export function engineObjects(folder: string): string[] {
	return ENGINE_FILES.split(" ").map((name) => join(folder, `${name}.o`));
}

/**
 * Compiles our own files, and returns the objects.
 *
 * in   strict  a warning is an error
 */
export async function compileHost(
	folder: string,
	{ compiler, flags, definitions, engine, sources, include }: EngineBuild,
	files: readonly string[],
	strict: boolean,
	signal?: AbortSignal,
): Promise<string[]> {
	// The engine's headers count as system headers, so that warnings are about our own files only.
	const system = ["sources", "includes", "platforms"].flatMap((name) => ["-isystem", join(engine, name)]);
	const common = [
		...flags,
		"-Wall",
		"-Wextra",
		...(strict ? ["-Werror"] : []),
		...definitions.map((one) => `-D${one}`),
		...[...include, sources].map((one) => `-I${one}`),
		...system,
	];
	const objectOf = (file: string): string => join(folder, `${file.replace("/", "-")}.o`);
	await inParallel(
		files.map((file) => () => run(compiler, [...common, "-c", join(sources, file), "-o", objectOf(file)])),
		signal,
	);
	return files.map(objectOf);
}

/** Our own files for a platform, relative to their folder: those that serve everywhere, and its own. */
export async function hostFiles(sources: string, platform: string): Promise<string[]> {
	const own = (await readdir(join(sources, platform))).map((name) => join(platform, name));
	return [...(await readdir(sources)), ...own].filter((name) => name.endsWith(".c"));
}

/** The folder of this package, from the source tree and from dist alike. */
export function packageRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url));
	while (!existsSync(join(folder, "package.json"))) {
		const parent = dirname(folder);
		if (parent === folder) throw new Error("xs-mqtt: package.json not found above the XS host's build");
		folder = parent;
	}
	return folder;
}

/** npm may put the package into any node_modules folder above ours. */
export function engineFolder(root: string): string {
	for (let folder = root; ; folder = dirname(folder)) {
		const engine = join(folder, "node_modules", "@agoric", "xsnap", "moddable", "xs");
		if (existsSync(join(engine, "sources", "xsAll.h"))) return engine;
		if (folder === dirname(folder)) {
			throw new XsHostUnavailableError(
				"the engine's sources are missing; to get them: npm install @agoric/xsnap --ignore-scripts",
			);
		}
	}
}
