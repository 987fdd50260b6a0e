/**
 * Module resolution for device programs. Node 20 loads this file into a thread of its own, so it imports nothing of the
 * simulator and keeps no state but its table.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Names that programs import to URLs of files. */
export type StandIns = Record<string, string>;

/** Where an import leads, or undefined when Node's own rules apply. */
export function resolveStandIn(table: StandIns, specifier: string, parent: string | undefined): string | undefined {
	if (Object.hasOwn(table, specifier)) return table[specifier];
	if (!parent?.startsWith("file:") || !parent.endsWith(".ts") || !/^\.{1,2}\//.test(specifier)) return undefined;
	const url = new URL(specifier, parent);
	// "./x.js" means the output of x.ts, which is not there when Node runs the source itself.
	const source = new URL(url.href.replace(/\.js$/, ".ts"));
	return !existsSync(fileURLToPath(url)) && existsSync(fileURLToPath(source)) ? source.href : undefined;
}

let standIns: StandIns = {};

/** Node calls this first, with what was given to register(). */
export function initialize(data: StandIns): void {
	standIns = data;
}

type Next = (specifier: string, context: object) => Promise<object>;

/** Node calls this for every import. */
export async function resolve(specifier: string, context: { parentURL?: string }, next: Next): Promise<object> {
	const url = resolveStandIn(standIns, specifier, context.parentURL);
	return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}
