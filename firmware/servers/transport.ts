import type { Transport, TransportEnd, TransportFactory, TransportSetup } from "../ports/transport.js";
import type { Addresses } from "./addresses.js";
import type { Server } from "./list.js";

/** Which server an attempt goes to. */
interface Chosen {
	readonly index: number;
}

/** Passes all on to the transport of the server whose turn it is; what they tell goes to the listener itself. */
class SwitchingTransport implements Transport {
	private _active: Transport;
	private readonly _transports: readonly Transport[];
	/** For each server, which of them is its own. */
	private readonly _kinds: readonly number[];
	private readonly _chosen: Chosen;

	constructor(transports: readonly Transport[], kinds: readonly number[], chosen: Chosen) {
		this._active = transports[0]!;
		this._transports = transports;
		this._kinds = kinds;
		this._chosen = chosen;
	}

	get readable(): number {
		return this._active.readable;
	}

	get resolving(): boolean {
		return this._active.resolving === true;
	}

	read(countMax: number): number {
		return this._active.read(countMax);
	}

	write(count: number): number {
		return this._active.write(count);
	}

	open(host: string, port: number): TransportEnd | void {
		this._active.close();
		this._active = this._transports[this._kinds[this._chosen.index]!]!;
		return this._active.open(host, port);
	}

	close(): void {
		this._active.close();
	}

	turn(): void {
		this._active.turn?.();
	}
}

/**
 * Makes the transports of all servers, one for each kind, and one over them where there are several. They share the region
 * of their own: only one of them is open. Throws what a transport throws that cannot go to its server.
 *
 * in   chosen     says the server of each attempt, once attempts are made
 *      addresses  set in front of the resolver
 */
export function makeTransport(
	setup: TransportSetup,
	servers: readonly Server[],
	chosen: Chosen,
	addresses: Addresses,
): Transport {
	const { dns } = setup;
	addresses.inner = dns;
	const factories: TransportFactory[] = [];
	const transports: Transport[] = [];
	const kinds: number[] = [];
	for (let i = 0; i < servers.length; i++) {
		const { host, port, transport } = servers[i]!;
		if (!dns && !/^[\d.]+$/.test(host)) {
			throw new TypeError(
				`dns: is missing; servers[${i}].host "${host}" is a name, not an IPv4 address; pass platformDns()`,
			);
		}
		let kind = factories.indexOf(transport);
		if (kind < 0) {
			kind = factories.push(transport) - 1;
			transports.push(transport({ ...setup, host, port, dns: dns && addresses }));
		}
		kinds.push(kind);
	}
	return transports.length === 1 ? transports[0]! : new SwitchingTransport(transports, kinds, chosen);
}
