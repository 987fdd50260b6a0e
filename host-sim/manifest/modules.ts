import { readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { LoadedManifest } from "./load.js";

/** What mcconfig compiles or takes as it is. */
const EXTENSIONS = [".js", ".mjs", ".ts", ".json"];

/**
 * Every module of a manifest: its name on the device and the file behind it. A source has one name, the first that
 * matches; a wildcard takes the files of one folder; what "~" matches is left out, and so are types, hidden files and
 * manifests.
 */
export function moduleFiles(manifest: LoadedManifest): Map<string, string> {
	const { "~": excluded = [], ...modules } = manifest.modules;
	const taken = new Set(excluded.flatMap((source) => matches(source).map((match) => match.file)));
	const files = new Map<string, string>();
	for (const [pattern, sources] of Object.entries(modules)) {
		const star = pattern.lastIndexOf("*");
		for (const { file, rest } of sources.flatMap(matches)) {
			if (taken.has(file)) continue;
			taken.add(file);
			const name = star < 0 ? pattern : pattern.slice(0, star) + rest;
			if (!files.has(name)) files.set(name, file);
		}
	}
	return files;
}

/** Files that one source names, and for each what the wildcard stands for. */
function matches(source: string): { file: string; rest: string }[] {
	const directory = dirname(source);
	const wanted = basename(source);
	const star = wanted.lastIndexOf("*");
	const found = [];
	for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const extension = extname(entry.name);
		const name = basename(entry.name, extension);
		if (entry.isDirectory() || name.startsWith(".") || name.endsWith(".d") || !EXTENSIONS.includes(extension)) continue;
		if (extension === ".json" && name.startsWith("manifest")) continue;
		const head = star < 0 ? undefined : wanted.slice(0, star);
		const fits = head === undefined ? name === wanted || entry.name === wanted : name.startsWith(head);
		if (fits) found.push({ file: join(directory, entry.name), rest: name.slice(head?.length ?? 0) });
	}
	return found;
}
