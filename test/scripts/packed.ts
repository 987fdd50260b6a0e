import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { ROOT } from "../readme/pages.js";

/** The parts of package.json that are looked at. */
interface PackageFile {
	bin: Record<string, string>;
	exports: Record<string, string | Record<string, string>>;
}

/** Paths in the package, as npm would pack it. */
export function packedFiles(): string[] {
	const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
	const text = execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
	const [pack] = JSON.parse(text) as [{ files: { path: string }[] }];
	return pack.files.map(({ path }) => path);
}

/** Files that `bin` and `exports` name. */
export function entries(): string[] {
	const { bin, exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as PackageFile;
	const targets = Object.values(exports).flatMap((target) =>
		typeof target === "string" ? [target] : Object.values(target),
	);
	return [...Object.values(bin), ...targets].map((path) => posix.normalize(path));
}

/** What a manifest's `modules` name, whatever else is in it: paths without "../" at the start, possibly ending in "*". */
function manifestSources(file: string): string[] {
	const { modules = {} } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as {
		modules?: Record<string, string | string[]>;
	};
	return Object.values(modules)
		.flat()
		.filter((source) => source.startsWith("."))
		.map((source) => posix.join(posix.dirname(file), source));
}

/** Paths that a module names with a dot in front: imports, re-exports, `import()`, and URLs beside it. */
function references(file: string): string[] {
	const text = readFileSync(join(ROOT, file), "utf8");
	const found = [...text.matchAll(/(?:from|import|import\(|URL\()\s*"(\.{1,2}\/[^"]+)"/g)].map(
		([, path]) => path ?? "",
	);
	// Types name ".js" and mean the ".d.ts" beside it.
	const named = file.endsWith(".d.ts") ? found.map((path) => path.replace(/\.js$/, ".d.ts")) : found;
	return named.map((path) => posix.join(posix.dirname(file), path));
}

/** Files that run by name: the examples, and what the simulator puts in the place of platform modules. */
function namedFiles(packed: readonly string[]): string[] {
	const standIns = readFileSync(join(ROOT, "host-sim/stand-ins/stand-ins.ts"), "utf8");
	const named = [...standIns.matchAll(/"((?:host-sim|firmware)\/[^"]+\.js)"/g)].map(([, path]) => `dist/${path}`);
	const loaded = [...allSources(packed).matchAll(/compiledUrl\("([^"]+\.js)"\)/g)].map(([, path]) => `dist/${path}`);
	return [...named, ...loaded, ...packed.filter((path) => /^dist\/firmware\/programs\/\w+\/main\.js$/.test(path))];
}

function allSources(packed: readonly string[]): string {
	const ours = packed.filter((path) => path.startsWith("dist/host-sim/") && path.endsWith(".js"));
	return ours.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
}

/** Everything that can be reached from `bin`, `exports` and the manifests. */
export function reachable(packed: readonly string[]): Set<string> {
	const manifests = packed.filter((path) => /^manifests\/(?!.*schema).*\.json$/.test(path));
	const sources = manifests.flatMap(manifestSources);
	const bySource = packed.filter((path) => {
		const stem = path.replace(/\.js$/, "");
		return sources.some((source) => source === stem || (source.endsWith("/*") && dirname(source) === dirname(path)));
	});
	const queue = [...entries(), ...namedFiles(packed), ...bySource];
	const seen = new Set<string>();
	for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
		if (seen.has(file)) continue;
		seen.add(file);
		if (packed.includes(file) && /\.(js|d\.ts)$/.test(file)) queue.push(...references(file));
	}
	return seen;
}
