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

type Options = Record<string, unknown>;

/** A value as an error line shows it: short, and text told from numbers. */
function shown(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value.length > 40 ? value.slice(0, 40) + "…" : value);
	if (typeof value === "function") return "a function";
	return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Throws: the value is of the wrong kind. */
function refuseType(name: string, value: unknown, what: string): never {
	throw new TypeError(`${name}: ${shown(value)} is ${what}`);
}

/** Throws: the value breaks a rule. */
function refuse(name: string, value: unknown, what: string): never {
	throw new RangeError(`${name}: ${shown(value)} ${what}`);
}

function readNumber(options: Options, name: LimitName): number {
	const { initial, min, max } = LIMITS[name];
	const value = options[name] === undefined ? initial : options[name];
	if (!Number.isInteger(value)) refuseType(name, value, `not a whole number; ${min} … ${max}`);
	if ((value as number) < min || (value as number) > max) refuse(name, value, `is out of range; ${min} … ${max}`);
	return value as number;
}

function readBoolean(value: unknown, name: string, initial: boolean): boolean {
	if (value === undefined) return initial;
	if (typeof value !== "boolean") refuseType(name, value, "not true or false");
	return value;
}

/** Bytes of an option that is text or bytes, and becomes a field with a two-byte length; U+0000 is fine here. */
function readBytes(value: unknown, name: string): Uint8Array {
	let bytes = value;
	if (typeof value === "string") {
		const size = sizeOfText(value);
		if (size < 0) refuse(name, value, "holds a lone surrogate");
		bytes = new Uint8Array(size);
		writeText(bytes as Uint8Array, 0, value);
	}
	if (!(bytes instanceof Uint8Array)) refuseType(name, value, "neither a string nor a Uint8Array");
	const size = bytes.length;
	if (size > Max.FIELD_SIZE) throw new RangeError(`${name}: has ${size} bytes; at most ${Max.FIELD_SIZE}`);
	return bytes;
}

/** UTF-8 of a text option (§1.5.3). */
function readText(value: unknown, name: string): Uint8Array {
	if (typeof value !== "string") refuseType(name, value, "not a string");
	const bytes = readBytes(value, name);
	if (!isUtf8(bytes, 0, bytes.length)) refuse(name, value, "holds U+0000");
	return bytes;
}

function readWill(will: unknown, fields: ConnectFields): void {
	if (typeof will !== "object" || will === null) refuseType("will", will, "not an object with a topic");
	const { topic, payload, qos = 0, retain } = will as Options;
	if (topic === undefined) throw new TypeError("will.topic: is missing");
	readText(topic, "will.topic");
	try {
		fields.willTopic = new Topic(topic as string).field.slice(2);
	} catch (error) {
		throw new RangeError(`will.${(error as Error).message}`, { cause: error });
	}
	if (payload !== undefined) fields.willPayload = readBytes(payload, "will.payload");
	if (qos !== 0 && qos !== 1 && qos !== 2) refuse("will.qos", qos, "is out of range; 0 … 2");
	fields.willQos = qos;
	fields.willRetain = readBoolean(retain, "will.retain", false);
}

/** The fields of CONNECT; every rule of §3.1 that a client could break is checked here. */
function readConnect(options: Options): ConnectFields {
	const { cleanSession, clientId = "", userName, password, will } = options;
	const fields: ConnectFields = {
		cleanSession: readBoolean(cleanSession, "cleanSession", true),
		keepAliveS: readNumber(options, "keepAlive"),
		clientId: readText(clientId, "clientId"),
		willTopic: undefined,
		willPayload: new Uint8Array(0),
		willQos: 0,
		willRetain: false,
		userName: undefined,
		password: undefined,
	};
	// [MQTT-3.1.3-7], [MQTT-3.1.3-8]
	if (fields.clientId.length === 0 && !fields.cleanSession) {
		refuse("clientId", "", "is empty; at least 1 character when cleanSession is false");
	}
	if (userName !== undefined) fields.userName = readText(userName, "userName");
	if (password !== undefined) {
		fields.password = readBytes(password, "password");
		// [MQTT-3.1.2-22]
		if (!fields.userName) throw new TypeError("password: needs userName in MQTT 3.1.1");
	}
	if (will !== undefined) readWill(will, fields);
	return fields;
}

function readChoice(options: Options, name: string, choices: readonly string[]): number {
	const value = options[name];
	if (value === undefined) return 0;
	const index = choices.indexOf(value as string);
	if (index < 0) refuse(name, value, `is not one of ${choices.join(", ")}`);
	return index;
}

/** Throws when the first is larger than the second. */
function checkOrder(settings: Settings, name: LimitName, limit: LimitName): void {
	if (settings[name] > settings[limit]) {
		refuse(name, settings[name], `is out of range; at most ${limit}, ${settings[limit]}`);
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

/** Values of `outboxFull` by FullPolicy, and of `tooLarge`. */
const FULL_POLICIES = Object.freeze(["refuse", "dropOldest", "latestPerTopic"]);
const TOO_LARGE_POLICIES = Object.freeze(["acknowledge", "refuse"]);

/**
 * Checks every option and fills in defaults.
 *
 * Throws TypeError or RangeError whose text names the option, the value and the limit.
 */
export function readSettings<C>(given: CoreOptions<C>): Settings {
	if (typeof given !== "object" || given === null) throw new TypeError("options: expected an object");
	const options = given as unknown as Options;
	const { host, transport } = options;
	if (host === undefined) throw new TypeError("host: is missing");
	if (readText(host, "host").length === 0) refuse("host", "", "is empty; a name or an address");
	if (typeof transport !== "function") refuseType("transport", transport, "not a transport such as tcp");
	for (let i = 0; i < CALLBACKS.length; i++) {
		const callback = options[CALLBACKS[i]!];
		if (callback !== undefined && typeof callback !== "function") {
			refuseType(CALLBACKS[i]!, callback, "not a function");
		}
	}
	const connect = readConnect(options);
	const settings = Object.create(DEFAULTS) as Settings;
	settings.connect = connect;
	settings.connectSize = sizeOfConnect(connect);
	set(settings, "cleanSession", connect.cleanSession);
	set(settings, "reconnect", readBoolean(options["reconnect"], "reconnect", true));
	set(settings, "queueQoS0", readBoolean(options["queueQoS0"], "queueQoS0", true));
	set(settings, "fullPolicy", readChoice(options, "outboxFull", FULL_POLICIES));
	set(settings, "acknowledgeTooLarge", readChoice(options, "tooLarge", TOO_LARGE_POLICIES) === 0);
	const names = Object.keys(LIMITS) as LimitName[];
	for (let i = 0; i < names.length; i++) set(settings, names[i]!, readNumber(options, names[i]!));
	// Who makes the buffer smaller need not say it twice.
	if (options["readSize"] === undefined && settings.readSize > settings.rxBuffer) {
		set(settings, "readSize", settings.rxBuffer);
	}
	checkOrder(settings, "readSize", "rxBuffer");
	checkOrder(settings, "reconnectMinMs", "reconnectMaxMs");
	return settings;
}
