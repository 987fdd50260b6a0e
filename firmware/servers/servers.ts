import { checkNames } from "../base/names.js";
import { Ticks } from "../base/ticks.js";
import { traced } from "../base/traced.js";
import type { Core } from "../client/connection/core.js";
import type { BesideServers, Route, Servers } from "../ports/servers.js";
import type { TransportFactory } from "../ports/transport.js";
import { Addresses } from "./addresses.js";
import { type ChoiceSettings, ServerChoice } from "./choice.js";
import { checkServers, completed, type Server, type ServerOptions } from "./list.js";
import { makeTransport } from "./transport.js";

/** How several servers are used. */
export interface ServersOptions {
	/** "inOrder", the default: the first one first. "random": a fleet spreads over all of them. */
	order?: "inOrder" | "random";
	/**
	 * A connection to another server that has been up for so many milliseconds is left in an orderly way as soon as nothing is
	 * under way, and the first server is tried. 0, the default: never. Only in order.
	 */
	returnToFirstMs?: number;
	/**
	 * Default true: each server has sessions of its own, as brokers that know nothing of each other. False: they are nodes of
	 * one broker, and a session that was begun at one goes on at any other.
	 */
	sessionPerServer?: boolean;
}

const OPTIONS = Object.freeze(["order", "returnToFirstMs", "sessionPerServer"] satisfies (keyof ServersOptions)[]);
/** By Order. */
const ORDERS = Object.freeze(["inOrder", "random"]);

function settingsOf(options: ServersOptions): ChoiceSettings {
	checkNames(options, OPTIONS, "servers: ");
	const { order = "inOrder", returnToFirstMs = 0, sessionPerServer = true } = options;
	if (!ORDERS.includes(order))
		throw new RangeError(`servers: order: ${String(order)} is not one of ${ORDERS.join(", ")}`);
	if (!Number.isInteger(returnToFirstMs) || returnToFirstMs < 0 || returnToFirstMs > Ticks.DURATION_MS_MAX) {
		throw new RangeError(
			`servers: returnToFirstMs: ${String(returnToFirstMs)} is out of range; 0 … ${Ticks.DURATION_MS_MAX}`,
		);
	}
	if (returnToFirstMs > 0 && order !== "inOrder")
		throw new TypeError('servers: returnToFirstMs: needs order "inOrder"');
	if (typeof sessionPerServer !== "boolean") throw new TypeError("servers: sessionPerServer: is not true or false");
	return { order: ORDERS.indexOf(order), returnToFirstMs, sessionPerServer };
}

/** The way of one client to its servers. */
class ServersRoute implements Route<Core> {
	readonly host: string;
	readonly transport: TransportFactory;
	private readonly _servers: readonly Server[];
	private readonly _settings: ChoiceSettings;
	private readonly _addresses = new Addresses();
	private _choice: ServerChoice | undefined = undefined;

	constructor(servers: readonly Server[], settings: ChoiceSettings) {
		this._servers = servers;
		this._settings = settings;
		const { host, port } = servers[0]!;
		this.host = host;
		let ownSize = 0;
		for (const { transport } of servers) ownSize = Math.max(ownSize, transport.ownSize ?? 0);
		this.transport = Object.assign(
			(setup: Parameters<TransportFactory>[0]) => makeTransport(setup, servers, this._choice!, this._addresses),
			{ ownSize, defaultPort: port },
		);
	}

	attach(core: Core): ServerChoice {
		const choice = (this._choice = new ServerChoice(core, this._servers, this._addresses, this._settings));
		core.backoff = choice;
		Object.defineProperty(core.reason, "server", { get: () => choice.index });
		return choice;
	}
}

/**
 * Makes the option `servers`: several servers in place of one.
 *
 * in   list     1 … 30 of them; kept
 *      options  how they are used
 *
 * Throws TypeError or RangeError that names what is wrong, traced first.
 */
export function servers(list: readonly ServerOptions[], options: ServersOptions = {}): Servers<Core> {
	try {
		checkServers(list);
		const settings = settingsOf(options);
		return { over: (beside: BesideServers) => new ServersRoute(completed(list, beside), settings) };
	} catch (error) {
		throw traced(error);
	}
}

export type { ServerOptions } from "./list.js";
