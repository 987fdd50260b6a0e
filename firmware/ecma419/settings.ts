import config from "mc/config";
import { checkNames } from "../base/names.js";
import type { QoS } from "../client/terms/codes.js";
import { LIMITS, type LimitName } from "../client/terms/limits.js";
import type { TuningOptions } from "../client/terms/options.js";
import { OPTION_NAMES } from "../client/setup/settings.js";
import type { OneServerOptions } from "../app/client.js";
import { bytesOf, textOf } from "./bytes.js";
import type { Bytes, ProgramOptions, Will } from "./options.js";

/** Messages that are written piece by piece and not finished, if the manifest does not ask for more. */
const SOURCES_MIN = 4;

/** What is read of an object: a name that is not here is told of, and does no harm. */
const WILL: readonly (keyof Will)[] = Object.freeze(["topic", "message", "QoS", "retain"]);
const VALUES: readonly (keyof ProgramOptions<never>)[] = Object.freeze([
	...(["host", "port", "id", "user", "password", "keepAlive", "keepalive", "clean", "will"] as const),
	...(["socket", "dns", "target", "format", "tuning"] as const),
]);
const CALLBACKS: readonly (keyof ProgramOptions<never>)[] = Object.freeze([
	...(["onReadable", "onWritable", "onControl", "onClose", "onError", "onProblem"] as const),
]);
/** Of `device.network.mqtt`, which programs spread into the options: the class itself. */
const NAMES: readonly string[] = Object.freeze([...VALUES, ...CALLBACKS, "io"]);
/** Names in `tuning`; the port is an option here. */
const TUNING = Object.freeze((Object.keys(LIMITS) as LimitName[]).filter((name) => name !== "port"));

/** Throws TypeError. */
function refuse(name: string, what: string): never {
	throw new TypeError(`${name}: ${what}`);
}

/**
 * The contract of ECMA-419 and of the SDK's class has no word against further names in the options, and programs make use
 * of that: a name that is no option is traced, not refused.
 */
function traceNames(given: object, names: readonly string[], path: string): void {
	try {
		checkNames(given, names, path);
	} catch (error) {
		trace(`xs-mqtt: MQTTClient: ${(error as Error).message}\n`);
	}
}

/** Throws TypeError for what is of the wrong kind; what is not given is not needed, but for `socket`. */
function checkKinds(options: ProgramOptions<never>): void {
	const { socket, dns, tuning, will, clean } = options;
	for (const name of CALLBACKS) {
		const callback = options[name] as unknown;
		// The SDK's class takes null for none.
		if (callback && typeof callback !== "function") refuse(name, "is not a function");
	}
	if (typeof socket?.io !== "function") refuse("socket", "is not an object with a class io, such as { io: TCP }");
	if (dns && typeof dns.io !== "function") refuse("dns", "is not an object with a class io, such as { io: Resolver }");
	if (clean !== undefined && clean !== null && typeof clean !== "boolean") refuse("clean", "is not true or false");
	if (tuning) checkNames(tuning, TUNING, "tuning.");
	if (will) {
		if (typeof will !== "object") refuse("will", "is not an object with a topic");
		traceNames(will, WILL, "will.");
	}
}

/** Sizes and times for the client: the manifest's, and over them those of the options. Throws TypeError for a name in either that is none. */
function tuningOf(options: ProgramOptions<never>): TuningOptions {
	const given = (config["mqtt"] ?? {}) as Record<string, unknown>;
	checkNames(given, OPTION_NAMES, "config.mqtt.");
	const tuning: Record<string, unknown> = {};
	for (const name of TUNING) {
		const value = options.tuning?.[name as keyof TuningOptions] ?? given[name];
		if (value !== undefined) tuning[name] = value;
	}
	const keepAliveMs = options.keepAlive ?? options.keepalive;
	if (keepAliveMs !== undefined) {
		if (typeof keepAliveMs !== "number" || !(keepAliveMs >= 0)) refuse("keepAlive", "is not a number of milliseconds");
		tuning["keepAlive"] = Math.ceil(keepAliveMs / 1000);
	}
	tuning["sources"] = Math.max((tuning["sources"] as number | undefined) ?? 0, SOURCES_MIN);
	if (given["reconnect"] !== true) tuning["reconnect"] = false;
	return tuning as TuningOptions;
}

/** The client's own options, by those of ECMA-419. Throws Error or TypeError for a missing or wrong one. */
export function settingsOf(options: ProgramOptions<never>): Omit<OneServerOptions, "transport"> {
	if (typeof options !== "object" || options === null) refuse("options", "expected an object");
	traceNames(options, NAMES, "");
	const { host, port, id, user, password, clean, will } = options;
	if (!host) throw new Error("host required");
	checkKinds(options);
	return {
		...tuningOf(options),
		host,
		...(port === undefined ? {} : { port }),
		clientId: id === undefined ? "" : text("id", id),
		cleanSession: clean ?? true,
		// As for the SDK's class, null is none.
		...((user ?? undefined) === undefined ? {} : { userName: text("user", user!) }),
		...((password ?? undefined) === undefined ? {} : { password: textOrBytes("password", password) }),
		...(will ? { will: willOf(will) } : {}),
	};
}

function text(name: string, value: string | Bytes): string {
	try {
		return textOf(value);
	} catch {
		return refuse(name, "is neither a string nor a buffer of UTF-8");
	}
}

function textOrBytes(name: string, value: string | Bytes | null | undefined): string | Uint8Array {
	try {
		return typeof value === "string" ? value : bytesOf(value);
	} catch {
		return refuse(name, "is neither a string nor a buffer");
	}
}

function willOf({ topic, message, QoS, retain }: Will): NonNullable<OneServerOptions["will"]> {
	if (topic === undefined) refuse("will.topic", "is missing");
	const qos = QoS ?? 0;
	if (qos !== 0 && qos !== 1 && qos !== 2) throw new RangeError("will.QoS: is out of range; 0 … 2");
	return {
		topic: text("will.topic", topic),
		payload: textOrBytes("will.message", message),
		qos: qos satisfies QoS,
		retain: Boolean(retain),
	};
}
