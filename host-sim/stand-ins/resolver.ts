/**
 * Module resolution for device programs. Node 20 loads this file into a thread of its own, so it imports nothing of the
 * simulator and keeps no state but its table.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Names that programs import to URLs of files. */
export type StandIns = Record<string, string>;

/** A module that has been loaded again for another run; see loadProgram() in program.ts. */
const RUN_QUERY = /\?run=\d+$/;

/**
 * Where an import leads, or undefined when Node's own rules apply.
 *
 * Modules of a program carry the number of their run in their URL from the second run in a process on. They pass it on to
 * what they import relatively and to `mc/config`, so that each run has a program and a configuration of its own.
 */
export function resolveStandIn(table: StandIns, specifier: string, parent: string | undefined): string | undefined {
	const run = (parent && RUN_QUERY.exec(parent)?.[0]) ?? "";
	if (Object.hasOwn(table, specifier)) return table[specifier]! + (specifier === "mc/config" ? run : "");
	if (!parent?.startsWith("file:") || !/^\.{1,2}\//.test(specifier)) return undefined;
	const url = new URL(specifier, parent);
	if (parent.replace(RUN_QUERY, "").endsWith(".ts")) {
		// "./x.js" means the output of x.ts, which is not there when Node runs the source itself.
		const source = new URL(url.href.replace(/\.js$/, ".ts"));
		if (!existsSync(fileURLToPath(url)) && existsSync(fileURLToPath(source))) return source.href + run;
	}
	return run ? url.href + run : undefined;
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
