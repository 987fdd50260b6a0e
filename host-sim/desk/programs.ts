import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OUTPUT, PACKAGE } from "./sdk.js";

/** The example programs: what `--program` takes. */
export const PROGRAMS = ["telemetry", "ota"] as const;

/** Path of a manifest of this package. */
export function manifestOf(path: string): string {
	return join(PACKAGE, path, "manifest.json");
}

/** A manifest around another one. */
export interface Wrapped {
	/** What mcconfig calls the program. */
	name: string;
	file: string;
}

/**
 * Writes a manifest that includes another one and gives it a name of its own, and settings: those of
 * config.mqtt, and others. (On mcconfig's command line
 * settings are strings without structure, and the name would be that of the folder.)
 *
 * in   ca  certificate that the program finds as `ca.der`, if it wants one
 */
export function wrapManifest(
	name: string,
	include: string,
	mqtt: Readonly<Record<string, unknown>> = {},
	others: Readonly<Record<string, unknown>> = {},
	ca?: Uint8Array,
): Wrapped {
	const folder = join(OUTPUT, "manifests", name);
	mkdirSync(folder, { recursive: true });
	const file = join(folder, "manifest.json");
	const manifest = { build: { NAME: name }, include: [include], config: { ...others, mqtt } };
	if (ca !== undefined) writeFileSync(join(folder, "ca.der"), ca);
	const data = ca === undefined ? {} : { data: { "*": "./ca" } };
	writeFileSync(file, JSON.stringify({ ...manifest, ...data }, null, "\t"));
	return { name, file };
}
