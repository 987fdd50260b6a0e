import type { Command } from "commander";
import { configSchema, manifestSchema, schemaText } from "../manifest/schema.js";
import type { Io } from "../terminal/io.js";

/** Adds `xs-mqtt schema`. */
export function addSchema(program: Command, io: Io): void {
	program
		.command("schema")
		.description("the JSON schema of config.mqtt, as it is kept in manifests/")
		.option("--manifest", "the schema of a whole manifest, for its $schema")
		.action((flags: { manifest?: true }) => {
			io.out(schemaText(flags.manifest ? manifestSchema() : configSchema()));
		});
}
