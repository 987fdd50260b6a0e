import { sizeOfText, writeText } from "../base/text.js";
import { sizeOfConnect, type ConnectFields } from "../codec/connect.js";
import { Max } from "../codec/constants.js";
import { Topic } from "../codec/topic.js";
import { isUtf8 } from "../codec/utf8.js";
import { LIMITS, type LimitName } from "./limits.js";
import type { CoreOptions } from "./options.js";

/** What to do when the outbox is full: the option `outboxFull`. */
export const enum FullPolicy {
	REFUSE = 0,
	DROP_OLDEST = 1,
	LATEST_PER_TOPIC = 2,
}

/** The options, checked. Defaults are inherited: read by name, not by listing keys. */
export interface Settings extends Record<LimitName, number> {
	cleanSession: boolean;
	reconnect: boolean;
	queueQoS0: boolean;
	fullPolicy: FullPolicy;
	acknowledgeTooLarge: boolean;
	/** What CONNECT is made from; given up once the packet is written. */
	connect: ConnectFields | undefined;
	/** Bytes of CONNECT. */
	connectSize: number;
}

/** A value as an error line shows it: short, and text told from numbers. */
function shown(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value.length > 40 ? value.slice(0, 40) + "…" : value);
	if (typeof value === "function") return "a function";
	return typeof value === "object" && value !== null ? "an object" : String(value);
}

function readNumber(options: Record<string, unknown>, name: LimitName): number {
	const value = options[name];
	const { initial, min, max } = LIMITS[name];
	if (value === undefined) return initial;
	if (typeof value !== "number" || !Number.isInteger(value)) {
		throw new TypeError(`${name}: ${shown(value)} is not a whole number; ${min} … ${max}`);
	}
	if (value < min || value > max) throw new RangeError(`${name}: ${value} is out of range; ${min} … ${max}`);
	return value;
}

function readBoolean(options: Record<string, unknown>, name: string, initial: boolean): boolean {
	const value = options[name];
	if (value === undefined) return initial;
	if (typeof value !== "boolean") throw new TypeError(`${name}: ${shown(value)} is not true or false`);
	return value;
}

/** UTF-8 of a text option, which becomes a field with a two-byte length (§1.5.3). */
function readText(value: unknown, name: string): Uint8Array {
	if (typeof value !== "string") throw new TypeError(`${name}: ${shown(value)} is not a string`);
	const size = sizeOfText(value);
	if (size < 0) throw new RangeError(`${name}: ${shown(value)} holds a lone surrogate`);
	if (size > Max.FIELD_SIZE) throw new RangeError(`${name}: has ${size} bytes; at most ${Max.FIELD_SIZE}`);
	const bytes = new Uint8Array(size);
	writeText(bytes, 0, value);
	if (!isUtf8(bytes, 0, size)) throw new RangeError(`${name}: ${shown(value)} holds U+0000`);
	return bytes;
}

/** Bytes of an option that is text or bytes; U+0000 is fine here. */
function readBytes(value: unknown, name: string): Uint8Array {
	let bytes: Uint8Array;
	if (typeof value === "string") {
		const size = sizeOfText(value);
		if (size < 0) throw new RangeError(`${name}: ${shown(value)} holds a lone surrogate`);
		bytes = new Uint8Array(size);
		writeText(bytes, 0, value);
	} else if (value instanceof Uint8Array) {
		bytes = value;
	} else {
		throw new TypeError(`${name}: ${shown(value)} is neither a string nor a Uint8Array`);
	}
	if (bytes.length > Max.FIELD_SIZE) {
		throw new RangeError(`${name}: has ${bytes.length} bytes; at most ${Max.FIELD_SIZE}`);
	}
	return bytes;
}

function readWill(options: Record<string, unknown>, fields: ConnectFields): void {
	if (options["will"] === undefined) return;
	if (typeof options["will"] !== "object" || options["will"] === null) {
		throw new TypeError(`will: ${shown(options["will"])} is not an object with a topic`);
	}
	const will = options["will"] as Record<string, unknown>;
	if (will["topic"] === undefined) throw new TypeError("will.topic: is missing");
	readText(will["topic"], "will.topic");
	try {
		fields.willTopic = new Topic(will["topic"] as string).field.slice(2);
	} catch (error) {
		throw new RangeError(`will.${(error as Error).message}`, { cause: error });
	}
	if (will["payload"] !== undefined) fields.willPayload = readBytes(will["payload"], "will.payload");
	const qos = will["qos"] === undefined ? 0 : will["qos"];
	if (qos !== 0 && qos !== 1 && qos !== 2) throw new RangeError(`will.qos: ${shown(qos)} is out of range; 0 … 2`);
	fields.willQos = qos;
	fields.willRetain = readBoolean({ "will.retain": will["retain"] }, "will.retain", false);
}

/** The fields of CONNECT; every rule of §3.1 that a client could break is checked here. */
function readConnect(options: Record<string, unknown>): ConnectFields {
	const fields: ConnectFields = {
		cleanSession: readBoolean(options, "cleanSession", true),
		keepAliveS: readNumber(options, "keepAlive"),
		clientId: readText(options["clientId"] === undefined ? "" : options["clientId"], "clientId"),
		willTopic: undefined,
		willPayload: new Uint8Array(0),
		willQos: 0,
		willRetain: false,
		userName: undefined,
		password: undefined,
	};
	// [MQTT-3.1.3-7], [MQTT-3.1.3-8]
	if (fields.clientId.length === 0 && !fields.cleanSession) {
		throw new RangeError('clientId: "" is empty; at least 1 character when cleanSession is false');
	}
	if (options["userName"] !== undefined) fields.userName = readText(options["userName"], "userName");
	if (options["password"] !== undefined) {
		fields.password = readBytes(options["password"], "password");
		// [MQTT-3.1.2-22]
		if (!fields.userName) throw new TypeError("password: needs userName in MQTT 3.1.1");
	}
	readWill(options, fields);
	return fields;
}

function readChoice(options: Record<string, unknown>, name: string, choices: readonly string[]): number {
	const value = options[name];
	if (value === undefined) return 0;
	const index = choices.indexOf(value as string);
	if (index < 0) throw new RangeError(`${name}: ${shown(value)} is not one of ${choices.join(", ")}`);
	return index;
}

function checkRelations(settings: Settings): void {
	if (settings.readSize > settings.rxBuffer) {
		throw new RangeError(`readSize: ${settings.readSize} is out of range; at most rxBuffer, ${settings.rxBuffer}`);
	}
	if (settings.reconnectMinMs > settings.reconnectMaxMs) {
		const limit = `at most reconnectMaxMs, ${settings.reconnectMaxMs}`;
		throw new RangeError(`reconnectMinMs: ${settings.reconnectMinMs} is out of range; ${limit}`);
	}
}

/** What applies where the options say nothing: in flash, and inherited, so that a client keeps only what differs. */
const DEFAULTS: Partial<Settings> = {
	cleanSession: true,
	reconnect: true,
	queueQoS0: true,
	fullPolicy: FullPolicy.REFUSE,
	acknowledgeTooLarge: true,
};
for (const name of Object.keys(LIMITS) as LimitName[]) DEFAULTS[name] = LIMITS[name].initial;
Object.freeze(DEFAULTS);

/** Keeps a value that is not the default. */
function set<K extends keyof Settings>(settings: Settings, name: K, value: Settings[K]): void {
	// Not by assignment: what is inherited is read-only.
	if (settings[name] !== value) Object.defineProperty(settings, name, { value, enumerable: true });
}

const CALLBACKS = Object.freeze([
	"onConnected",
	"onDisconnected",
	"onDelivered",
	"onRoom",
	"onMessage",
	"onSubscribed",
	"onUnsubscribed",
	"onProblem",
	"onStopped",
	"onTrace",
]);

/**
 * Checks every option and fills in defaults.
 *
 * Throws TypeError or RangeError whose text names the option, the value and the limit.
 */
export function readSettings<C>(given: CoreOptions<C>): Settings {
	if (typeof given !== "object" || given === null) throw new TypeError("options: expected an object");
	const options = given as unknown as Record<string, unknown>;
	if (options["host"] === undefined) throw new TypeError("host: is missing");
	if (readText(options["host"], "host").length === 0) throw new RangeError('host: "" is empty; a name or an address');
	if (typeof options["transport"] !== "function") {
		throw new TypeError(`transport: ${shown(options["transport"])} is not a transport such as tcp`);
	}
	for (let i = 0; i < CALLBACKS.length; i++) {
		const callback = options[CALLBACKS[i]!];
		if (callback !== undefined && typeof callback !== "function") {
			throw new TypeError(`${CALLBACKS[i]!}: ${shown(callback)} is not a function`);
		}
	}
	const connect = readConnect(options);
	const settings = Object.create(DEFAULTS) as Settings;
	set(settings, "cleanSession", connect.cleanSession);
	set(settings, "reconnect", readBoolean(options, "reconnect", true));
	set(settings, "queueQoS0", readBoolean(options, "queueQoS0", true));
	set(settings, "fullPolicy", readChoice(options, "outboxFull", ["refuse", "dropOldest", "latestPerTopic"]));
	set(settings, "acknowledgeTooLarge", readChoice(options, "tooLarge", ["acknowledge", "refuse"]) === 0);
	settings.connect = connect;
	settings.connectSize = sizeOfConnect(connect);
	const names = Object.keys(LIMITS) as LimitName[];
	for (let i = 0; i < names.length; i++) set(settings, names[i]!, readNumber(options, names[i]!));
	// Who makes the buffer smaller need not say it twice.
	if (options["readSize"] === undefined && settings.readSize > settings.rxBuffer) {
		set(settings, "readSize", settings.rxBuffer);
	}
	checkRelations(settings);
	return settings;
}
