#!/usr/bin/env node
/**
 * `npm run validator`: writes `config-validator.ts`, the check of `config.mqtt` that Ajv makes of the schema. Made ahead,
 * it spares whoever installs this package Ajv and four packages more, and each command half of its start.
 */
import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { scriptCommand } from "../terminal/script.js";
import type { JsonObject } from "../manifest/merge.js";
import { configSchema } from "../manifest/schema.js";

const FILE = new URL("../../../host-sim/manifest/config-validator.ts", import.meta.url);

const WORDS = ["$schema", "title", "description", "default"];

const HEAD = `// @ts-nocheck
// Made by \`npm run validator\` from the schema in schema.ts; do not change it by hand.
`;

/** The text of `config-validator.ts`. */
export function validatorText(): string {
	// Lengths are counted in UTF-16 units: code points would take a module of Ajv, and the client counts bytes anyway.
	const ajv = new Ajv({
		allErrors: true,
		verbose: true,
		strict: false,
		unicode: false,
		// It would say that `unicode` is going to go.
		logger: false,
		code: { source: true, esm: true, lines: true },
	});
	const make = standalone as unknown as (ajv: Ajv, validate: unknown) => string;
	return `${HEAD}${make(ajv, ajv.compile(withoutWords(configSchema()))).trimEnd()}\n`;
}

/** A schema without what only people read: a changed description does not change what is checked. */
function withoutWords(schema: JsonObject): JsonObject {
	const text = JSON.stringify(schema, (name, value: unknown) => (WORDS.includes(name) ? undefined : value));
	return JSON.parse(text) as JsonObject;
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
	scriptCommand("validator", "Write the check of config.mqtt anew, from the schema.").parse();
	writeFileSync(FILE, validatorText());
}
