import type { TransportFactory } from "./transport.js";

/** What of a client's options a list of servers is completed by. */
export interface BesideServers {
	/** Of servers without a transport of their own. */
	readonly transport?: TransportFactory | undefined;
	/** Of servers that have neither a port nor a transport of their own. */
	readonly port?: number | undefined;
}

/**
 * What the option `servers` takes: made by `servers()` of "xs-mqtt/servers", so that whoever has one server links nothing of
 * it. One list may serve any number of clients.
 */
export interface Servers<Core = never> {
	/**
	 * Completes the list for one client. Allocates.
	 *
	 * Throws TypeError or RangeError that names the server and what is wrong with it.
	 */
	over(options: BesideServers): Route<Core>;
}

/** The way of one client to its servers. `host` and `defaultPort` of `transport` are those of the first attempt. */
export interface Route<Core> {
	readonly host: string;
	readonly transport: TransportFactory;
	/**
	 * Takes the place of what decides when the core tries again. Called once, before the transport is made.
	 *
	 * out  where each attempt goes to
	 */
	attach(core: Core): { readonly host: string; readonly port: number };
}
