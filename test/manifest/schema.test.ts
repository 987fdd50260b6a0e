// Goal: the committed schemas say what the code does, and a wrong config.mqtt is refused in one line for each option.
import { Ajv } from "ajv";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../firmware/client/terms/limits.js";
import { mqttConfig } from "../../host-sim/manifest/check.js";
import { loadManifest, ManifestError } from "../../host-sim/manifest/load.js";
import { configSchema, LIMIT_DESCRIPTIONS, manifestSchema, schemaText } from "../../host-sim/manifest/schema.js";
import { validatorText } from "../../host-sim/desk/write-validator.js";
import { folderWith } from "../support/files.js";

function committed(name: string): string {
	return readFileSync(new URL(`../../manifests/${name}`, import.meta.url), "utf8");
}

describe("the schemas in manifests/", () => {
	it("are what `xs-mqtt schema` prints", () => {
		expect(committed("config.schema.json")).toBe(schemaText(configSchema()));
	});

	it("are what `xs-mqtt schema --manifest` prints", () => {
		expect(committed("manifest.schema.json")).toBe(schemaText(manifestSchema()));
	});

	it("are checked by what `npm run validator` makes of them", () => {
		const made = readFileSync(new URL("../../host-sim/manifest/config-validator.ts", import.meta.url), "utf8");
		expect(made).toBe(validatorText());
		expect(made).not.toMatch(/require\(|\bimport\b/);
	});

	it("describe every numeric option with its default and range", () => {
		const properties = configSchema()["properties"] as Record<string, Record<string, unknown>>;
		for (const [name, limit] of Object.entries(LIMITS)) {
			expect(properties[name]).toEqual({
				description: LIMIT_DESCRIPTIONS[name as keyof typeof LIMITS],
				type: "integer",
				default: limit.initial,
				minimum: limit.min,
				maximum: limit.max,
			});
		}
	});

	it("accept a whole manifest, and refuse a wrong size, also within platforms", () => {
		const ajv = new Ajv({ strict: false });
		ajv.addSchema(configSchema(), "config.schema.json");
		const validate = ajv.compile(manifestSchema());
		const manifest = { include: ["a.json"], modules: { "*": "./main" }, config: { mqtt: { rxBuffer: 512 }, mine: 1 } };
		expect(validate({ ...manifest, platforms: { esp32: manifest } })).toBe(true);
		expect(validate({ config: { mqtt: { rxBuffer: 1 } } })).toBe(false);
		expect(validate({ platforms: { esp32: { config: { mqtt: { rxBuffer: 1 } } } } })).toBe(false);
	});
});

function linesFor(mqtt: unknown): string[] {
	const folder = folderWith({ "manifest.json": { config: { mqtt } } });
	try {
		mqttConfig(loadManifest(`${folder}/manifest.json`, { moddable: "" }));
		return [];
	} catch (error) {
		expect(error).toBeInstanceOf(ManifestError);
		return (error as Error).message.replaceAll(`${folder}/manifest.json: `, "").split("\n");
	}
}

describe("mqttConfig", () => {
	it.each<[unknown, string]>([
		[{ rxBuffer: 63 }, "config.mqtt.rxBuffer: 63 is below the minimum of 64"],
		[{ outbox: 2_000_000 }, "config.mqtt.outbox: 2000000 is above the maximum of 1048576"],
		[{ inflight: 0 }, "config.mqtt.inflight: 0 is below the minimum of 1"],
		[{ keepAlive: 65_536 }, "config.mqtt.keepAlive: 65536 is above the maximum of 65535"],
		[{ keepAlive: 1.5 }, "config.mqtt.keepAlive: 1.5 is not a whole number"],
		[{ keepAlive: "60" }, 'config.mqtt.keepAlive: "60" is not a whole number'],
		[{ port: 0 }, "config.mqtt.port: 0 is below the minimum of 1"],
		[{ rxBufer: 512 }, "config.mqtt.rxBufer: no such option; did you mean rxBuffer?"],
		[{ transport: "tcp" }, "config.mqtt.transport: no such option"],
		[{ host: "" }, "config.mqtt.host: must not be empty"],
		[{ host: 5 }, "config.mqtt.host: 5 is not of type string"],
		[{ cleanSession: 1 }, "config.mqtt.cleanSession: 1 is not of type boolean"],
		[{ outboxFull: "block" }, 'config.mqtt.outboxFull: "block" is not one of "refuse", "dropOldest", "latestPerTopic"'],
		[{ password: 1234 }, "config.mqtt.password: the value is not of type string"],
		[{ will: { payload: "x" } }, "config.mqtt.will: topic is missing"],
		[
			{ will: { topic: "a/#" } },
			'config.mqtt.will.topic: "a/#" must be a topic name: not empty, without "+", "#" and U+0000',
		],
		[{ will: { topic: "a", qos: 3 } }, "config.mqtt.will.qos: 3 is not one of 0, 1, 2"],
		[{ will: { topic: "a", retained: true } }, "config.mqtt.will.retained: no such option"],
		[{ rxBuffer: 128, readSize: 256 }, "config.mqtt.readSize: 256 is out of range; at most rxBuffer, 128"],
		[
			{ reconnectMinMs: 5000, reconnectMaxMs: 4000 },
			"config.mqtt.reconnectMinMs: 5000 is out of range; at most reconnectMaxMs, 4000",
		],
		[
			{ cleanSession: false, clientId: "" },
			'config.mqtt.clientId: "" is empty; at least 1 character when cleanSession is false',
		],
		[[], "config.mqtt: [] is not of type object"],
	])("refuses %j", (mqtt, expected) => {
		expect(linesFor(mqtt)).toEqual([expected]);
	});

	it("says one line for each wrong option", () => {
		expect(linesFor({ rxBuffer: 1, outbox: 1, host: "" })).toHaveLength(3);
	});

	it("accepts every option at both ends of its range", () => {
		for (const [name, { min, max }] of Object.entries(LIMITS)) {
			const partner = name === "rxBuffer" ? { readSize: 16 } : name === "readSize" ? { rxBuffer: 1_048_576 } : {};
			const back =
				name === "reconnectMinMs" ? { reconnectMaxMs: max } : name === "reconnectMaxMs" ? { reconnectMinMs: min } : {};
			expect(linesFor({ [name]: min, ...partner, ...back })).toEqual([]);
			expect(linesFor({ [name]: max, ...partner, ...back })).toEqual([]);
			expect(linesFor({ [name]: min - 1, ...partner, ...back })).toHaveLength(1);
			expect(linesFor({ [name]: max + 1, ...partner, ...back })).toHaveLength(1);
		}
	});

	it("names the file that has the last word", () => {
		const folder = folderWith({
			"lib.json": { config: { mqtt: { outbox: 1, rxBuffer: 1 } } },
			"manifest.json": { include: "lib.json", config: { mqtt: { rxBuffer: 2 } } },
		});
		const check = (): unknown => mqttConfig(loadManifest(`${folder}/manifest.json`));
		expect(check).toThrow(`${folder}/manifest.json: config.mqtt.rxBuffer: 2 is below the minimum of 64`);
		expect(check).toThrow(`${folder}/lib.json: config.mqtt.outbox: 1 is below the minimum of 64`);
	});
});
