import { LIMITS, type LimitName } from "../../firmware/client/terms/limits.js";
import type { ManifestOptions, WillOptions } from "../../firmware/client/terms/options.js";
import { type JsonObject, isObject } from "./merge.js";

/** One line on each numeric option of `config.mqtt`, for editors and help texts. */
export const LIMIT_DESCRIPTIONS: Readonly<Record<LimitName, string>> = Object.freeze({
	port: "TCP port of the server; without it the usual one of the transport.",
	keepAlive:
		"Seconds: silence of either direction after which the connection is probed (MQTT 3.1.1, 3.1.2.10); 0 is off.",
	rxBuffer: "Bytes: the largest incoming PUBLISH packet that is handed over whole; streaming handlers need no more.",
	readSize:
		"Bytes: the most that is taken from the socket at once, and the largest piece of a streamed message; follows a smaller rxBuffer.",
	txBuffer: "Bytes: what waits to be written to the socket.",
	outbox: "Bytes: QoS 1 and 2 publishes until they are acknowledged, and whatever waits for a connection.",
	inflight: "QoS 1 and 2 publishes sent and not yet finished.",
	incomingQoS2:
		"Runs of packet identifiers of incoming QoS 2 messages whose PUBREL has not come yet: one holds any number of neighbours; more runs end the connection.",
	subscriptions: "Subscriptions at once.",
	filterBytes: "Bytes: the topic filters of all subscriptions together.",
	sources: "Streamed publishes at once.",
	views: "Views of exact size kept for each direction of the socket.",
	credentialBytes: "Bytes: user name and password together, where a program gives functions that are asked for them.",
	packetLog: "Entries in the ring of the last packets; 0 for none.",
	maximumPacketSize: "Bytes: incoming packets above this end the connection.",
	connectTimeoutMs: "Milliseconds for each step of a connection: name lookup, connect, CONNACK.",
	handshakeTimeoutMs: "Milliseconds for each handshake between connect and CONNECT: of TLS, of WebSocket.",
	pingTimeoutMs: "Milliseconds from PINGREQ to PINGRESP, and for a connection that takes no more bytes.",
	ackTimeoutMs: "Milliseconds from SUBSCRIBE or UNSUBSCRIBE to its acknowledgement.",
	reconnectMinMs: "Milliseconds: the first back-off is drawn from 0 up to this; each further one from twice as much.",
	reconnectMaxMs: "Milliseconds: no back-off is longer.",
	stableMs: "Milliseconds: a connection that has lived this long resets the back-off.",
	holdOffMs: "Milliseconds: pause after refusals that do not heal by themselves, and after repeated evictions.",
	resendsMax:
		"Connections that may end young, one after the other, with the same publish under way; then it is given up. 0: it never is.",
	stopTimeoutMs: "Milliseconds: how long stop() may flush.",
});

/** A string with no wildcard and no U+0000, which MQTT forbids in a topic name. */
const TOPIC_NAME = "^[^+#\\u0000]+$";
const TEXT_SIZE_MAX = 65_535;
const QOS = { description: "Quality of Service.", enum: [0, 1, 2] };

/** JSON schema of every option that is not a number with limits. */
const OTHER_OPTIONS: Readonly<Record<Exclude<keyof ManifestOptions, LimitName>, JsonObject>> = {
	host: { description: "Name or IPv4 address of the server: no scheme, no port.", type: "string", minLength: 1 },
	clientId: {
		description: "Client identifier; may be empty only with a clean session.",
		type: "string",
		maxLength: TEXT_SIZE_MAX,
	},
	cleanSession: { description: "False: the session outlives the connection.", type: "boolean", default: true },
	userName: { description: "User name.", type: "string", maxLength: TEXT_SIZE_MAX },
	password: {
		description: "Password; needs a user name. Whoever has the manifest or the flash has it.",
		type: "string",
		maxLength: TEXT_SIZE_MAX,
	},
	will: {
		description: "What the server publishes for the client when the connection ends without DISCONNECT.",
		type: "object",
		required: ["topic"],
		additionalProperties: false,
		properties: {
			topic: { description: "Topic name.", type: "string", pattern: TOPIC_NAME, maxLength: TEXT_SIZE_MAX },
			payload: { description: "Absent means empty.", type: "string", maxLength: TEXT_SIZE_MAX, default: "" },
			qos: { ...QOS, default: 0 },
			retain: { description: "Whether the server keeps it.", type: "boolean", default: false },
		} satisfies Record<keyof WillOptions, JsonObject>,
	},
	reconnect: { description: "Go on connecting until stop().", type: "boolean", default: true },
	queueQoS0: {
		description: "Whether QoS 0 publishes wait in the outbox while there is no connection.",
		type: "boolean",
		default: true,
	},
	outboxFull: {
		description: "What happens when the outbox has no room for a publish.",
		enum: ["refuse", "dropOldest", "latestPerTopic"],
		default: "refuse",
	},
	tooLarge: {
		description: "What happens to a message too large to hand over: acknowledged, or left to the server to send again.",
		enum: ["acknowledge", "refuse"],
		default: "acknowledge",
	},
};

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** JSON schema (draft 7) of `config.mqtt`. Defaults and ranges are those of firmware/client/terms/limits.ts. */
export function configSchema(): JsonObject {
	const numbers = Object.entries(LIMITS).map(([name, limit]) => [
		name,
		{
			description: LIMIT_DESCRIPTIONS[name as LimitName],
			type: "integer",
			default: limit.initial,
			minimum: limit.min,
			maximum: limit.max,
		},
	]);
	return {
		$schema: DRAFT,
		title: "config.mqtt of a Moddable manifest: the settings of an xs-mqtt client",
		description:
			"Generated by `xs-mqtt schema`; change firmware/client/terms/limits.ts or host-sim/manifest/schema.ts.",
		type: "object",
		additionalProperties: false,
		properties: { ...OTHER_OPTIONS, ...(Object.fromEntries(numbers) as JsonObject) },
	};
}

/** JSON schema (draft 7) of a manifest, as far as this project goes: `config.mqtt`, also within `platforms`. */
export function manifestSchema(): JsonObject {
	const names = { type: ["array", "string"], items: { type: "string" } };
	const section = {
		type: "object",
		properties: {
			include: { description: "Manifests that come before this one.", type: ["array", "string"] },
			build: { description: "Variables for $(NAME).", type: "object" },
			modules: { description: "Module names and their sources.", type: "object" },
			data: { description: "Files that the program reads as a Resource.", type: "object" },
			preload: { ...names, description: "Modules that run at build time." },
			creation: { description: "Heap sizes and the main module.", type: "object" },
			defines: { description: "Macros for native code.", type: "object" },
			config: {
				description: 'What `import config from "mc/config"` gives.',
				type: "object",
				properties: { mqtt: { $ref: "config.schema.json" } },
			},
		},
	};
	return {
		$schema: DRAFT,
		title: "Moddable manifest with the settings of an xs-mqtt client",
		description:
			'For completion in an editor begin a manifest with "$schema": "./node_modules/xs-mqtt/manifests/manifest.schema.json" ' +
			"(the path from the manifest to this file); mcconfig takes no notice of it. Generated by `xs-mqtt schema --manifest`.",
		definitions: { section },
		allOf: [{ $ref: "#/definitions/section" }],
		properties: {
			$schema: { type: "string" },
			platforms: {
				description: 'One section counts for each platform: its full name, its parent, or "...".',
				type: "object",
				additionalProperties: { $ref: "#/definitions/section" },
			},
		},
	};
}

/** A schema as the text of the file that is kept in manifests/; short arrays stay on one line, as prettier has them. */
export function schemaText(schema: JsonObject): string {
	const text = JSON.stringify(schema, undefined, "\t");
	const oneLine = (_array: string, items: string): string => `[${items.replace(/,\n\t*/g, ", ")}]`;
	return `${text.replace(/\[\n\t*([^[\]{}]*?)\n\t*\]/g, oneLine)}\n`;
}

/** Names of all options of `config.mqtt`. */
export function optionNames(): string[] {
	const properties = configSchema()["properties"];
	return isObject(properties) ? Object.keys(properties) : [];
}
