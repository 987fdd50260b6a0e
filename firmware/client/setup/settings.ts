import { checkNames } from "../../base/names.js";
import { sizeOfText, writeText } from "../../base/text.js";
import { sizeOfConnect, type ConnectFields } from "../../codec/connect.js";
import { Max } from "../../codec/constants.js";
import { topicField } from "../../codec/topic.js";
import { isUtf8 } from "../../codec/utf8.js";
import { LIMITS, type LimitName } from "../terms/limits.js";
import type { CommonOptions, CoreOptions, WillOptions } from "../terms/options.js";
import type { TransportFactory } from "../../ports/transport.js";

/** What to do when the outbox is full: the option `outboxFull`. */
export const enum FullPolicy {
	REFUSE = 0,
	DROP_OLDEST = 1,
	LATEST_PER_TOPIC = 2,
}

/** The options, checked. Defaults are inherited: read by name, not by listing keys. */
export interface Settings extends Record<LimitName, number> {
	host: string;
	cleanSession: boolean;
	reconnect: boolean;
	queueQoS0: boolean;
	fullPolicy: FullPolicy;
	acknowledgeTooLarge: boolean;
	/** What CONNECT is made from; given up once the packet is written. */
	connect: ConnectFields | undefined;
	/** Bytes of CONNECT. */
	connectSize: number;
	/** Bytes that the transport wants for itself. */
	ownSize: number;
}

type Options = Record<string, unknown>;

/** What an option that is no number has to be. */
const enum Kind {
	/** Something that has a check of its own. */
	OTHER = 0,
	BOOLEAN = 1,
	FUNCTION = 2,
}

/**
 * Every option that is no number, `config.mqtt` or not. With the names of LIMITS these are all there are: the check of a
 * manifest and the JSON schema take them from here.
 */
export const OTHER_OPTIONS = Object.freeze({
	host: Kind.OTHER,
	transport: Kind.OTHER,
	servers: Kind.OTHER,
	dns: Kind.OTHER,
	store: Kind.OTHER,
	protocol: Kind.OTHER,
	clientId: Kind.OTHER,
	cleanSession: Kind.BOOLEAN,
	userName: Kind.OTHER,
	password: Kind.OTHER,
	will: Kind.OTHER,
	reconnect: Kind.BOOLEAN,
	queueQoS0: Kind.BOOLEAN,
	outboxFull: Kind.OTHER,
	tooLarge: Kind.OTHER,
	onConnected: Kind.FUNCTION,
	onDisconnected: Kind.FUNCTION,
	onDelivered: Kind.FUNCTION,
	onRoom: Kind.FUNCTION,
	onMessage: Kind.FUNCTION,
	onSubscribed: Kind.FUNCTION,
	onUnsubscribed: Kind.FUNCTION,
	onProblem: Kind.FUNCTION,
	onStopped: Kind.FUNCTION,
	onTrace: Kind.FUNCTION,
} as const satisfies Record<Exclude<keyof CoreOptions<unknown>, LimitName>, Kind>);

/** The names in the option `will`. */
export const WILL_OPTIONS = Object.freeze(["topic", "payload", "qos", "retain"] satisfies (keyof WillOptions)[]);

/** A value as an error line shows it: short, text told from numbers, and never what nobody else may read. */
function shown(name: string, value: unknown): string {
	if (typeof value === "string") {
		// A URL may hold a password, too.
		if (name === "password" || (name === "host" && value.includes("@"))) return "the value";
		return JSON.stringify(value.length > 40 ? value.slice(0, 40) + "…" : value);
	}
	if (typeof value === "function") return "a function";
	if (typeof value === "object" && value !== null) return "an object";
	return name === "password" && typeof value === "number" ? "a number" : String(value);
}

/** Throws: the value is of the wrong kind. */
function refuseType(name: string, value: unknown, what: string): never {
	throw new TypeError(`${name}: ${shown(name, value)} is ${what}`);
}

/** Throws: the value breaks a rule. */
function refuse(name: string, value: unknown, what: string): never {
	throw new RangeError(`${name}: ${shown(name, value)} ${what}`);
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

const enum HostSize {
	/** Characters of a name (RFC 1035 §2.3.4). */
	MAX = 253,
}

/**
 * Throws TypeError or RangeError for a host that no transport can reach, and says what to write where that can be known.
 */
export function checkHost(host: unknown): void {
	if (host === undefined) throw new TypeError("host: is missing");
	const size = readText(host, "host").length;
	const text = host as string;
	if (size === 0) refuse("host", text, "is empty; a name or an address");
	if (size > HostSize.MAX) refuse("host", text, `has ${size} bytes; at most ${HostSize.MAX}`);
	if (isHost(text)) return;
	// Without scheme, path and user of a URL, in this order.
	const scheme = text.indexOf("://");
	let name = scheme < 0 ? text : text.slice(scheme + 3);
	if (name.includes("/")) name = name.slice(0, name.indexOf("/"));
	name = name.slice(name.lastIndexOf("@") + 1);
	const colon = name.indexOf(":");
	if (colon !== name.lastIndexOf(":")) refuse("host", text, "is an IPv6 address; the platform's sockets take IPv4");
	let port = "";
	if (colon >= 0) {
		if (colon < name.length - 1) port = `, port: ${name.slice(colon + 1)}`;
		name = name.slice(0, colon);
	}
	refuse("host", text, `is neither a name nor an IPv4 address${isHost(name) ? `; write host: "${name}"${port}` : ""}`);
}

/** Labels of a name (RFC 1035 §2.3.1, and the underscore that many have); what looks like an address has to be one. */
function isHost(text: string): boolean {
	if (!/^[\d.]+$/.test(text)) return /^[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(text);
	return /^((25[0-5]|2[0-4]\d|[01]?\d?\d)(\.(?=\d)|$)){4}$/.test(text);
}

function readWill(will: unknown, fields: ConnectFields): void {
	if (typeof will !== "object" || will === null) refuseType("will", will, "not an object with a topic");
	checkNames(will, WILL_OPTIONS, "will.");
	const { topic, payload, qos = 0, retain } = will as Options;
	if (topic === undefined) throw new TypeError("will.topic: is missing");
	readText(topic, "will.topic");
	fields.willTopic = topicField(topic, "will.topic").slice(2);
	if (payload !== undefined) fields.willPayload = readBytes(payload, "will.payload");
	if (qos !== 0 && qos !== 1 && qos !== 2) refuse("will.qos", qos, "is out of range; 0 … 2");
	fields.willQos = qos;
	fields.willRetain = readBoolean(retain, "will.retain", false);
}

/** The fields of CONNECT; every rule of §3.1 that a client could break is checked here. */
function readConnect(options: Options, settings: Settings): ConnectFields {
	const { clientId = "", userName, password, will } = options;
	const fields: ConnectFields = {
		cleanSession: settings.cleanSession,
		keepAliveS: settings.keepAlive,
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
	// Those that are functions are asked at each attempt: see Credentials.
	if (isGiven(userName)) fields.userName = readText(userName, "userName");
	if (isGiven(password)) fields.password = readBytes(password, "password");
	// [MQTT-3.1.2-22]
	if (password !== undefined && userName === undefined) {
		throw new TypeError("password: needs userName in MQTT 3.1.1");
	}
	if (will !== undefined) readWill(will, fields);
	return fields;
}

/** Whether a credential is there, and is none that is asked for at each attempt. */
function isGiven(value: unknown): boolean {
	return value !== undefined && typeof value !== "function";
}

/**
 * What CONNECT takes when a credential changes: the packet without any, room for both, and for a length of four bytes.
 *
 * Throws RangeError when the one that does not change leaves no room.
 */
function readCredentials(fields: ConnectFields, settings: Settings): void {
	const { userName, password } = fields;
	const size = userName?.length ?? password?.length ?? 0;
	if (size > settings.credentialBytes) {
		refuse(
			"credentialBytes",
			settings.credentialBytes,
			`is less than the ${size} bytes of ${userName ? "userName" : "password"}`,
		);
	}
	fields.userName = fields.password = undefined;
	settings.connectSize = sizeOfConnect(fields) + 3 + 4 + settings.credentialBytes;
}

function readChoice(options: Options, name: string, choices: readonly string[]): number {
	const value = options[name];
	if (value === undefined) return 0;
	const index = choices.indexOf(value as string);
	if (index < 0) refuse(name, value, `is not one of ${choices.join(", ")}`);
	return index;
}

/** What applies where the options say nothing: in flash, and inherited, so that a client keeps only what differs. */
const DEFAULTS: Partial<Settings> = {
	cleanSession: true,
	reconnect: true,
	queueQoS0: true,
	fullPolicy: FullPolicy.REFUSE,
	acknowledgeTooLarge: true,
	ownSize: 0,
};
for (const name of Object.keys(LIMITS) as LimitName[]) DEFAULTS[name] = LIMITS[name].initial;
Object.freeze(DEFAULTS);

/** Keeps a value that is not the default. */
function set<K extends keyof Settings>(settings: Settings, name: K, value: Settings[K]): void {
	// Not by assignment: what is inherited is read-only.
	if (settings[name] !== value) Object.defineProperty(settings, name, { value, enumerable: true, configurable: true });
}

/** Throws when the first is larger than the second. */
function checkOrder(settings: Settings, name: LimitName, limit: LimitName): void {
	if (settings[name] > settings[limit]) {
		refuse(name, settings[name], `is out of range; at most ${limit}, ${settings[limit]}`);
	}
}

/** Whether user name or password is a function. */
export function asksCredentials({ userName, password }: { userName?: unknown; password?: unknown }): boolean {
	return typeof userName === "function" || typeof password === "function";
}

/** Values of `outboxFull` by FullPolicy, and of `tooLarge`. */
const FULL_POLICIES = Object.freeze(["refuse", "dropOldest", "latestPerTopic"]);
const TOO_LARGE_POLICIES = Object.freeze(["acknowledge", "refuse"]);

/** Names of all options. */
export const OPTION_NAMES = Object.freeze([...Object.keys(OTHER_OPTIONS), ...Object.keys(LIMITS)]);

/**
 * Checks every option and fills in defaults.
 *
 * in   given  the options
 *      way    where several servers take the place of `host`, `port` and `transport`: those of the first one
 *
 * Throws TypeError or RangeError whose text names the option, the value and the limit.
 */
export function readSettings<C>(given: CommonOptions<C>, way?: Pick<CoreOptions<C>, "host" | "transport">): Settings {
	if (typeof given !== "object" || given === null) throw new TypeError("options: expected an object");
	const options = given as unknown as Options;
	checkNames(options, OPTION_NAMES, "");
	const { servers, dns, store, protocol } = options;
	if (servers !== undefined && !way) refuseType("servers", servers, "not made by servers() of xs-mqtt/servers");
	const { host, transport } = way ?? options;
	checkHost(host);
	if (typeof transport !== "function") refuseType("transport", transport, "not a transport such as tcp");
	if (dns !== undefined && typeof (dns as Options | null)?.["resolve"] !== "function") {
		refuseType("dns", dns, "not a resolver such as platformDns()");
	}
	if (store !== undefined && typeof (store as Options | null)?.["makeSession"] !== "function") {
		refuseType("store", store, "not made for an observer");
	}
	if (protocol !== undefined && typeof (protocol as Options | null)?.["makeCore"] !== "function") {
		refuseType("protocol", protocol, "not a version of MQTT");
	}
	const settings = Object.create(DEFAULTS) as Settings;
	for (let i = 0; i < OPTION_NAMES.length; i++) {
		const name = OPTION_NAMES[i]!;
		const value = options[name];
		const kind = (OTHER_OPTIONS as Record<string, Kind>)[name];
		if (kind === undefined) set(settings, name as LimitName, readNumber(options, name as LimitName));
		else if (kind === Kind.BOOLEAN) set(settings, name as "reconnect", readBoolean(value, name, true));
		else if (kind === Kind.FUNCTION && value !== undefined && typeof value !== "function") {
			refuseType(name, value, "not a function");
		}
	}
	settings.host = host as string;
	const { ownSize = 0, defaultPort } = transport as TransportFactory;
	set(settings, "ownSize", ownSize);
	if ((way || options["port"] === undefined) && defaultPort !== undefined) set(settings, "port", defaultPort);
	const connect = readConnect(options, settings);
	settings.connect = connect;
	settings.connectSize = sizeOfConnect(connect);
	if (asksCredentials(options)) readCredentials(connect, settings);
	set(settings, "fullPolicy", readChoice(options, "outboxFull", FULL_POLICIES));
	set(settings, "acknowledgeTooLarge", readChoice(options, "tooLarge", TOO_LARGE_POLICIES) === 0);
	// Who makes the buffer smaller need not say it twice.
	if (options["readSize"] === undefined && settings.readSize > settings.rxBuffer) {
		set(settings, "readSize", settings.rxBuffer);
	}
	checkOrder(settings, "readSize", "rxBuffer");
	checkOrder(settings, "reconnectMinMs", "reconnectMaxMs");
	return settings;
}
