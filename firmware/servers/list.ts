import { checkNames } from "../base/names.js";
import { checkHost } from "../client/setup/settings.js";
import { LIMITS } from "../client/terms/limits.js";
import type { BesideServers } from "../ports/servers.js";
import type { TransportFactory } from "../ports/transport.js";

/** One server of several. */
export interface ServerOptions {
	/** Name or IPv4 address, and nothing else. */
	host: string;
	/** Without it the client's, if `transport` is the client's, too; otherwise the usual one of the transport. */
	port?: number;
	/** Without it the client's. */
	transport?: TransportFactory;
}

/** A server, complete. */
export interface Server {
	readonly host: string;
	readonly port: number;
	readonly transport: TransportFactory;
}

/** Bounds of a list. */
export const enum ListSize {
	/** Those that were tried are bits of an integer. */
	MAX = 30,
}

const NAMES = Object.freeze(["host", "port", "transport"] satisfies (keyof ServerOptions)[]);

/**
 * Checks what can be checked before a client has said what goes with it.
 *
 * Throws TypeError or RangeError that names the server by its place.
 */
export function checkServers(list: unknown): asserts list is readonly ServerOptions[] {
	if (!Array.isArray(list)) throw new TypeError("servers: is not an array of { host, port, transport }");
	if (list.length < 1 || list.length > ListSize.MAX) {
		throw new RangeError(`servers: has ${list.length} entries; 1 … ${ListSize.MAX}`);
	}
	for (let i = 0; i < list.length; i++) checkServer(list[i], `servers[${i}].`);
}

function checkServer(server: unknown, path: string): void {
	if (typeof server !== "object" || server === null)
		throw new TypeError(`${path.slice(0, -1)}: is not an object with a host`);
	checkNames(server, NAMES, path);
	const { host, port, transport } = server as Partial<ServerOptions>;
	try {
		checkHost(host);
	} catch (error) {
		(error as Error).message = path + (error as Error).message;
		throw error;
	}
	const { min, max } = LIMITS.port;
	if (port !== undefined && !(Number.isInteger(port) && port >= min && port <= max)) {
		throw new RangeError(`${path}port: ${String(port)} is no port; ${min} … ${max}`);
	}
	if (transport !== undefined && typeof transport !== "function") {
		throw new TypeError(`${path}transport: is not a transport such as tcp`);
	}
}

/** Completes each server by what the client's options say. Throws TypeError when one is left without a transport. */
export function completed(list: readonly ServerOptions[], beside: BesideServers): readonly Server[] {
	return list.map(({ host, port, transport }, i) => {
		const own = transport ?? beside.transport;
		if (typeof own !== "function") throw new TypeError(`servers[${i}].transport: is missing, and so is transport`);
		const usual = own.defaultPort ?? LIMITS.port.initial;
		return { host, port: port ?? (transport ? undefined : beside.port) ?? usual, transport: own };
	});
}
