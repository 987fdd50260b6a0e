import * as nodeModule from "node:module";
import { resolveStandIn, type StandIns } from "./resolver.js";

/** Where compiled files are, also when this module is run from its source by a test runner. */
const DIST = new URL(import.meta.url.endsWith(".ts") ? "../../dist/" : "../../", import.meta.url);

/** Names that a program imports, and the compiled files behind them. */
export const STAND_INS: Readonly<Record<string, string>> = {
	timer: "host-sim/stand-ins/node/timer.js",
	time: "host-sim/stand-ins/node/time.js",
	Resource: "host-sim/stand-ins/node/resource.js",
	"mc/config": "host-sim/stand-ins/node/config.js",
	"embedded:io/socket/tcp": "host-sim/stand-ins/node/tcp.js",
	"embedded:network/dns/resolver/udp": "host-sim/stand-ins/node/dns.js",
	"xs-mqtt": "firmware/index.js",
	"xs-mqtt/tcp": "firmware/transport/tcp.js",
	"xs-mqtt/dns": "firmware/transport/dns.js",
	"xs-mqtt/tls": "firmware/transport/tls.js",
	"xs-mqtt/websocket": "firmware/transport/websocket.js",
	"xs-mqtt/servers": "firmware/servers/servers.js",
	"xs-mqtt/tls-engine": "host-sim/stand-ins/tls-engine.js",
};

/** The two ways that versions of Node offer; `registerHooks` is newer than the typings for Node 20. */
interface Hooking {
	registerHooks?(hooks: {
		resolve(
			specifier: string,
			context: { parentURL?: string },
			next: (specifier: string, context?: object) => object,
		): object;
	}): unknown;
	register(specifier: URL, options: { data: StandIns }): void;
}

let installed = false;

/** URL of a file of the compiled package, e.g. "firmware/programs/telemetry/main.js". */
export function compiledUrl(path: string): URL {
	return new URL(path, DIST);
}

/**
 * Makes Node resolve the platform's modules to their stand-ins, and `xs-mqtt` to this package, for everything imported
 * from now on in this process. The stand-ins are the same modules that the simulator uses itself. May be called again.
 */
export function installStandIns(): void {
	if (installed) return;
	installed = true;
	const table: StandIns = {};
	for (const [name, path] of Object.entries(STAND_INS)) table[name] = compiledUrl(path).href;
	const hooking = nodeModule as unknown as Hooking;
	if (!hooking.registerHooks) {
		hooking.register(compiledUrl("host-sim/stand-ins/resolver.js"), { data: table });
		return;
	}
	hooking.registerHooks({
		resolve(specifier, context, next) {
			const url = resolveStandIn(table, specifier, context.parentURL);
			return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
		},
	});
}
