import { spawnSync } from "node:child_process";

/** How long the search may take, in ms. */
const TIMEOUT_MS = 10_000;

/**
 * Parses modules without running anything, beginning with the one given and following relative imports, until one of them
 * cannot be parsed. Source text for a process of its own: parsing alone needs a flag of Node, and only when Node reports
 * the error as uncaught does it say where it is.
 */
const SEARCH = `
	import { existsSync, readFileSync } from "node:fs";
	import { pathToFileURL } from "node:url";
	import { SourceTextModule } from "node:vm";
	const queue = [pathToFileURL(process.argv[1])];
	const seen = new Set();
	for (const url of queue) {
		if (seen.has(url.href) || !existsSync(url)) continue;
		seen.add(url.href);
		const module = new SourceTextModule(readFileSync(url, "utf8"), { identifier: decodeURI(url.pathname) });
		const names = module.moduleRequests?.map((request) => request.specifier) ?? module.dependencySpecifiers;
		for (const name of names) if (/^[.]{1,2}[/]/.test(name)) queue.push(new URL(name, url));
	}
`;

/**
 * Where the syntax error is that keeps a module from being loaded.
 *
 * out  path and line, e.g. "/home/me/main.mjs:7"; undefined when it is not found
 */
export function findSyntaxError(file: string): string | undefined {
	const options = ["--experimental-vm-modules", "--no-warnings", "--input-type=module", "--eval", SEARCH, file];
	const { stderr } = spawnSync(process.execPath, options, { encoding: "utf8", timeout: TIMEOUT_MS });
	return /^(.+:\d+)$/m.exec(stderr ?? "")?.[1];
}
