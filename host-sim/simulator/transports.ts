/** How the transport of a program becomes TLS or WebSocket, when its run wants that. */
import { fileURLToPath } from "node:url";
import { plainRoute, type Route } from "../companions/companion.js";
import { compiledUrl } from "../stand-ins/stand-ins.js";
import { CliError } from "../terminal/exit.js";
import type { Scheme } from "../terminal/mqtt-url.js";
import { Trusted } from "../tls/in-band.js";
import type { RunBroker } from "./broker.js";
import type { Program } from "./program.js";
import { xsModules } from "./xs-modules.js";

/** The name of what is replaced. */
const TCP = "xs-mqtt/tcp";
/** A program that imports one of these knows what it wants. */
const OWN = ["xs-mqtt/tls", "xs-mqtt/websocket"];

/** What a program that imports `xs-mqtt/tcp` gets: a file, and its words for people. */
const TRANSPORTS: Readonly<Partial<Record<Scheme, readonly [URL, string]>>> = {
	mqtts: [compiledUrl("host-sim/stand-ins/transports/tls.js"), "tls(…)"],
	ws: [compiledUrl("host-sim/stand-ins/transports/websocket.js"), "webSocket(…)"],
	wss: [compiledUrl("host-sim/stand-ins/transports/websocket-tls.js"), "webSocket({ over: tls(…) })"],
};

/** Modules in place of others, and what is to be said about it. */
export interface ProgramTransport {
	modules: Readonly<Record<string, string>>;
	note: string | undefined;
}

/** Replaces the transport of a program that speaks plain TCP, if its broker wants another. */
export function programTransport(program: Program, manifest: string | undefined, { way }: RunBroker): ProgramTransport {
	const [file, words] = TRANSPORTS[way] ?? [];
	if (file === undefined) return { modules: {}, note: undefined };
	if (hasOwn(program, manifest)) {
		const note = "the program has a transport of its own; config.tls and config.websocket say what the broker wants";
		return { modules: {}, note };
	}
	return { modules: { [TCP]: fileURLToPath(file) }, note: `the program's tcp is ${words} in this run` };
}

function hasOwn(program: Program, manifest: string | undefined): boolean {
	try {
		return OWN.some((name) => Object.hasOwn(xsModules(program, manifest).modules, name));
	} catch (error) {
		// The run will say so in its own words.
		if (error instanceof CliError) return false;
		throw error;
	}
}

/** What the program's `mc/config` says about the way to its broker: options for tls() and webSocket(). */
export function transportConfig({ address, way, path, security }: RunBroker): Record<string, unknown> {
	const websocket = { path, headers: { Host: hostHeader(address, way) } };
	return {
		...(security && {
			tls: {
				serverName: address.host,
				...(security.verify
					? { ca: security.ca.length > 0 ? security.ca.map(String) : [Trusted.SYSTEM] }
					: { verify: false }),
				...(security.key && { certificate: security.certificate.map(String), key: security.key.toString() }),
				...(security.alpn.length > 0 && { alpn: security.alpn }),
			},
		}),
		...((way === "ws" || way === "wss") && { websocket }),
	};
}

/** The world routes connections: the program itself does not know where to. */
function hostHeader({ host, port }: RunBroker["address"], way: Scheme): string {
	return port === (way === "wss" ? 443 : 80) ? host : `${host}:${port}`;
}

/** How a counterpart of the program gets to the broker: plainly, where it can. */
export function routeOf({ embedded, address, way, path, security }: RunBroker): Route {
	if (embedded) return plainRoute(embedded);
	return { ...address, way, path, security };
}
