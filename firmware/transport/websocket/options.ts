import { checkNames } from "../../base/names.js";
import { traced } from "../../base/traced.js";
import type { TransportFactory } from "../../ports/transport.js";
import { Own } from "./codes.js";

/** Further headers of the request: name to value. */
export type WebSocketHeaders = Readonly<Record<string, string>>;

/** Options of `webSocket`. */
export interface WebSocketOptions {
	/** Where the server has MQTT, with a query perhaps; a function is asked at each attempt. Default "/mqtt". */
	path?: string | (() => string);
	/** Further headers of the request, `Host` in place of ours; a function is asked at each attempt. Default none. */
	headers?: WebSocketHeaders | (() => WebSocketHeaders);
	/** What it goes over: `tls(…)` for wss. Default `tcp`. */
	over?: TransportFactory;
	/** Bytes of the longest request, 128 … 8192; default 512. It shares its memory with frames. */
	requestSize?: number;
	/** Bytes of payload that one frame carries at most, 128 … 16,384; default 512. */
	frameSize?: number;
	/** Random numbers for masks and keys, 0 ≤ … < 1. Default Math.random. */
	random?: () => number;
}

/** The options, checked. What is a function is asked at each attempt. */
export interface WebSocketSettings {
	readonly path: string;
	readonly askPath: (() => unknown) | undefined;
	/** Names and values in turn. */
	readonly headers: readonly string[];
	readonly askHeaders: (() => unknown) | undefined;
	readonly requestSize: number;
	readonly frameSize: number;
	readonly random: () => number;
	readonly over: TransportFactory;
	/** Of `over`, for the port: what `Host` need not name. */
	readonly defaultPort: number;
}

const enum Limit {
	REQUEST_MIN = 128,
	REQUEST_MAX = 8_192,
	FRAME_MIN = 128,
	FRAME_MAX = 16_384,
	INITIAL = 512,
	/** Where TLS listens for MQTT: then WebSocket is wss. */
	SECURE_MQTT = 8_883,
	HTTPS = 443,
	HTTP = 80,
}

const NAMES: readonly string[] = Object.freeze(["path", "headers", "over", "requestSize", "frameSize", "random"]);

/** Headers that the handshake itself is made of (RFC 6455 §4.1), in small letters. */
const OURS = /^(upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** Says why, for a device's log, where an exception's text is not. */
export function say(text: string): void {
	if (typeof trace === "function") trace(`xs-mqtt: ${text}\n`);
}

function wrongType(text: string): never {
	throw traced(new TypeError(text));
}

/** What is wrong with a path, in words that do not show it: it may hold a signature. Undefined: nothing. */
export function faultOfPath(path: unknown): string | undefined {
	if (typeof path !== "string") return "webSocket.path: is not a string";
	if (!path.startsWith("/")) return "webSocket.path: does not start with /";
	if (!/^[!-"$-~]*$/.test(path))
		return "webSocket.path: holds a character that has to be escaped, such as a space, # or a line end";
	return undefined;
}

/**
 * What is wrong with headers, in words that show no value: it may be a token. Undefined: nothing.
 *
 * in   list  names and values are added, in turn
 */
export function faultOfHeaders(headers: unknown, list: string[]): string | undefined {
	if (typeof headers !== "object" || headers === null) return "webSocket.headers: is not an object of names and values";
	for (const [name, value] of Object.entries(headers)) {
		if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name))
			return "webSocket.headers: a name holds a character that names of headers have not";
		if (OURS.test(name)) return `webSocket.headers: ${name} belongs to the handshake itself`;
		if (typeof value !== "string") return `webSocket.headers: the value of ${name} is not a string`;
		if (!/^[ -~]*$/.test(value)) return `webSocket.headers: the value of ${name} holds more than visible ASCII`;
		list.push(name, value);
	}
	return undefined;
}

function readSize(value: unknown, name: string, min: number, max: number): number {
	if (value === undefined) return Limit.INITIAL;
	if (!Number.isInteger(value)) wrongType(`${name}: ${typeof value} is not a whole number; ${min} … ${max}`);
	if ((value as number) < min || (value as number) > max) {
		throw traced(new RangeError(`${name}: ${value as number} is out of range; ${min} … ${max}`));
	}
	return value as number;
}

/**
 * Checks the options. Throws TypeError or RangeError that names the option and the limit, and no value of a header.
 *
 * in   tcp  what it goes over unless told
 */
export function readOptions(options: WebSocketOptions, tcp: TransportFactory): WebSocketSettings {
	if (typeof options !== "object" || options === null) wrongType("webSocket: takes an object with options");
	try {
		checkNames(options, NAMES, "webSocket.");
	} catch (error) {
		throw traced(error);
	}
	const { path = "/mqtt", headers = {}, over = tcp, random = Math.random } = options;
	if (typeof over !== "function") wrongType("webSocket.over: is not a transport such as tcp");
	if (typeof random !== "function") wrongType("webSocket.random: is not a function");
	const list: string[] = [];
	let fault: string | undefined;
	if (typeof path !== "function") fault = faultOfPath(path);
	if (typeof headers !== "function") fault ??= faultOfHeaders(headers, list);
	if (fault !== undefined) wrongType(fault);
	return {
		path: typeof path === "function" ? "" : path,
		askPath: typeof path === "function" ? path : undefined,
		headers: Object.freeze(list),
		askHeaders: typeof headers === "function" ? headers : undefined,
		requestSize: readSize(options.requestSize, "webSocket.requestSize", Limit.REQUEST_MIN, Limit.REQUEST_MAX),
		frameSize: readSize(options.frameSize, "webSocket.frameSize", Limit.FRAME_MIN, Limit.FRAME_MAX),
		random,
		over,
		defaultPort: over.defaultPort === Limit.SECURE_MQTT ? Limit.HTTPS : Limit.HTTP,
	};
}

/** Bytes that a frame or a request may take, and what masking does behind it. */
export function outSize({ requestSize, frameSize }: WebSocketSettings): number {
	let size = frameSize + Own.HEAD_MAX;
	if (size < requestSize) size = requestSize;
	if (size < Own.OUT_MIN) size = Own.OUT_MIN;
	// The gap before it, and up to the next word.
	return (size + Own.GAP + 3) & ~3;
}
