import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { ManifestError, type LoadedManifest } from "./load.js";

/**
 * What a program can read as a `Resource`: the files of `data`, by the names that they have on a device, which keep their
 * extensions. As mcconfig does it: a source without an extension takes the file of that name whatever its extension, a
 * wildcard those of one folder, and what "~" names is left out.
 *
 * Throws ManifestError for a source that no file matches, or one that cannot be read.
 */
export function dataFiles(manifest: LoadedManifest): Record<string, Uint8Array> {
	const { "~": excluded = [], ...data } = manifest.data;
	const taken = new Set(excluded.flatMap((source) => matches(source).map(({ file }) => file)));
	const files: Record<string, Uint8Array> = {};
	for (const [pattern, sources] of Object.entries(data)) {
		const star = pattern.lastIndexOf("*");
		for (const source of sources) {
			const found = matches(source);
			if (found.length === 0) throw new ManifestError(`${manifest.file}: data "${pattern}": no file ${source}`);
			for (const { file, rest } of found) {
				if (taken.has(file)) continue;
				taken.add(file);
				const name = (star < 0 ? pattern : pattern.slice(0, star) + rest) + extname(file);
				files[name] ??= contentOf(manifest, file);
			}
		}
	}
	return files;
}

/** Files that one source names, and for each what the wildcard stands for, without its extension. */
function matches(source: string): { file: string; rest: string }[] {
	const directory = dirname(source);
	const wanted = basename(source);
	const star = wanted.lastIndexOf("*");
	const head = star < 0 ? undefined : wanted.slice(0, star);
	return readdirSync(directory, { withFileTypes: true })
		.filter((entry) => entry.isFile() && !entry.name.startsWith("."))
		.map((entry) => ({ file: join(directory, entry.name), name: basename(entry.name, extname(entry.name)), entry }))
		.filter(({ name, entry }) =>
			head === undefined ? name === wanted || entry.name === wanted : name.startsWith(head),
		)
		.map(({ file, name }) => ({ file, rest: name.slice(head?.length ?? 0) }))
		.sort((a, b) => (a.file < b.file ? -1 : 1));
}

function contentOf(manifest: LoadedManifest, file: string): Uint8Array {
	try {
		return readFileSync(file);
	} catch (error) {
		throw new ManifestError(`${manifest.file}: data: ${(error as Error).message}`);
	}
}
