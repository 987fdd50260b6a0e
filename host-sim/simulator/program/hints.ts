/**
 * What to use on a device instead of what only Node and browsers have. A program that uses one of these fails as it does
 * on a device; the hint is added to the message.
 */

const TIMER = 'use Timer from "timer"';
const CONFIG = 'use config from "mc/config", which the manifest fills';
const SOCKET = 'use TCP from "embedded:io/socket/tcp", or the client of this package';
const TEXT = "use ArrayBuffer.fromString and String.fromArrayBuffer";
const PACKAGE = "a device loads ES modules only: use import and export";

/** Global names. */
const GLOBALS: Readonly<Record<string, string>> = {
	setTimeout: TIMER,
	setInterval: TIMER,
	setImmediate: TIMER,
	clearTimeout: TIMER,
	clearInterval: TIMER,
	clearImmediate: TIMER,
	queueMicrotask: "use Promise.resolve().then(…)",
	console: "use trace(…)",
	process: CONFIG,
	Buffer: "use Uint8Array and ArrayBuffer",
	fetch: SOCKET,
	WebSocket: SOCKET,
	XMLHttpRequest: SOCKET,
	performance: 'use Time.ticks from "time"',
	TextEncoder: TEXT,
	TextDecoder: TEXT,
	atob: TEXT,
	btoa: TEXT,
	global: "use globalThis",
	window: "use globalThis",
	self: "use globalThis",
	require: PACKAGE,
	module: PACKAGE,
	exports: PACKAGE,
	__dirname: "a device has no files",
	__filename: "a device has no files",
	structuredClone: "copy what is needed",
	Intl: "write numbers and dates by hand",
	WebAssembly: "a device runs JavaScript only",
};

/** Modules of Node. */
const MODULES: Readonly<Record<string, string>> = {
	timers: TIMER,
	"timers/promises": TIMER,
	process: CONFIG,
	console: "use trace(…)",
	buffer: "use Uint8Array and ArrayBuffer",
	net: SOCKET,
	tls: SOCKET,
	http: SOCKET,
	https: SOCKET,
	dgram: SOCKET,
	dns: 'use Resolver from "embedded:network/dns/resolver/udp"',
	"dns/promises": 'use Resolver from "embedded:network/dns/resolver/udp"',
	perf_hooks: 'use Time from "time"',
	fs: `a device has no files; for settings ${CONFIG}`,
	"fs/promises": `a device has no files; for settings ${CONFIG}`,
	events: "use callbacks",
};

/** What a device program uses instead of a module of Node; `name` with or without "node:". */
export function hintForModule(name: string): string {
	const plain = name.replace(/^node:/, "");
	return (Object.hasOwn(MODULES, plain) && MODULES[plain]) || "a device has no modules of Node";
}

/** Names of variables that are not there, as V8 and XS say it. */
const UNDEFINED_VARIABLE = /ReferenceError: (?:(?:get|set|typeof) )?([\w$]+)(?: is not defined|: undefined variable)/;

/** The hint for a message about an exception, to be added to it; empty when there is none. */
export function hintForMessage(message: string): string {
	const name = UNDEFINED_VARIABLE.exec(message)?.[1];
	return name !== undefined && Object.hasOwn(GLOBALS, name) ? `; ${GLOBALS[name]!}` : "";
}

/** Globals of V8 that XS has not. */
export const NOT_ON_XS: readonly string[] = [
	"console",
	"Intl",
	"WebAssembly",
	"Temporal",
	"Float16Array",
	"SuppressedError",
	"DisposableStack",
	"AsyncDisposableStack",
];
