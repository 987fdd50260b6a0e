import type { ErrorObject } from "ajv";
import type { ManifestOptions, WillOptions } from "../../firmware/client/terms/options.js";
import { readSettings, type Settings as ClientSettings } from "../../firmware/client/setup/settings.js";
import { validate as compiled } from "./config-validator.js";
import { type LoadedManifest, ManifestError } from "./load.js";
import { isObject } from "./merge.js";
import { nearest } from "../terminal/nearest.js";
import { optionNames } from "./schema.js";
import { withoutPasswordValue } from "./password.js";

/** `config.mqtt` as the schema has it: what a manifest can say about a client. */
export interface MqttConfig extends ManifestOptions {
	password?: string;
	will?: Omit<WillOptions, "payload"> & { payload?: string };
}

/** Made of the schema by `npm run validator`. */
const validate: { (settings: unknown): boolean; errors?: ErrorObject[] | null } = compiled;

/**
 * What is wrong with settings: one line for each option, with the option, its value and the limit. Empty when nothing
 * is.
 *
 * in   settings  a `config.mqtt`
 *      where     put before each line, e.g. the file
 */
export function problemsOf(settings: unknown, where: (path: readonly string[]) => string): string[] {
	if (validate(settings)) return [];
	const lines = new Map<string, string>();
	for (const error of validate.errors ?? []) {
		const path = error.instancePath.split("/").slice(1);
		if (error.keyword === "additionalProperties") path.push(String(error.params["additionalProperty"]));
		const name = ["config", "mqtt", ...path].join(".");
		// Of several faults of one value the first says enough.
		if (!lines.has(name)) lines.set(name, `${where(path)}: ${name}: ${describe(error, path)}`);
	}
	return [...lines.values()];
}

function describe(error: ErrorObject, path: readonly string[]): string {
	const data: unknown = error.data;
	const params = error.params as Record<string, unknown>;
	const value = path.at(-1) === "password" ? "the value" : (JSON.stringify(data) ?? "undefined").slice(0, 80);
	switch (error.keyword) {
		case "additionalProperties": {
			const guess = path.length === 1 ? nearest(path[0] ?? "", optionNames()) : undefined;
			return `no such option${guess ? `; did you mean ${guess}?` : ""}`;
		}
		case "minimum":
			return `${value} is below the minimum of ${String(params["limit"])}`;
		case "maximum":
			return `${value} is above the maximum of ${String(params["limit"])}`;
		case "type":
			return `${value} is not ${params["type"] === "integer" ? "a whole number" : `of type ${String(params["type"])}`}`;
		case "enum":
			return `${value} is not one of ${(params["allowedValues"] as unknown[]).map((item) => JSON.stringify(item)).join(", ")}`;
		case "minLength":
			return "must not be empty";
		case "maxLength":
			return `is longer than the maximum of ${String(params["limit"])}`;
		case "pattern":
			return `${value} must be a topic name: not empty, without "+", "#" and U+0000`;
		case "required":
			return `${String(params["missingProperty"])} is missing`;
		default:
			return error.message ?? error.keyword;
	}
}

/** `config.mqtt` of a manifest, checked. Throws ManifestError with one line for each wrong option. */
export function mqttConfig(manifest: LoadedManifest): MqttConfig {
	const config = manifest.config["mqtt"] ?? {};
	const problems = problemsOf(config, (path) => originOf(manifest, path));
	if (problems.length > 0) throw new ManifestError(problems.join("\n"));
	try {
		clientSettings(config as MqttConfig);
	} catch (error) {
		const text = withoutPasswordValue(error instanceof Error ? error.message : String(error));
		throw new ManifestError(`${originOf(manifest, [text.split(":")[0] ?? ""])}: config.mqtt.${text}`);
	}
	return config as MqttConfig;
}

/** As long as an identifier may be for every server (MQTT 3.1.1, 3.1.3.1). */
export const TYPICAL_CLIENT_ID = "x".repeat(23);

/**
 * What a client makes of `config.mqtt`: defaults filled in, and for what only a program can say, something typical.
 * Throws RangeError or TypeError, whose text names option, value and limit, when options contradict each other.
 */
export function clientSettings(config: MqttConfig): ClientSettings {
	const transport = (): never => {
		throw new Error("not to be opened");
	};
	const userName = config.password === undefined ? {} : { userName: "user" };
	return readSettings({ host: "localhost", clientId: TYPICAL_CLIENT_ID, ...userName, ...config, transport });
}

/** The file that has the last word on an option of `config.mqtt`. */
function originOf(manifest: LoadedManifest, path: readonly string[]): string {
	const layer = manifest.layers.findLast(({ config }) => {
		let value: unknown = config["mqtt"];
		for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
		return value !== undefined;
	});
	return layer?.file ?? manifest.file;
}
