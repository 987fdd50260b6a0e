import type { SimulatedClient } from "./registry.js";

/** A client as it is at one moment, in a form that can be sent: what `reportClient` needs of it. */
export interface ClientSnapshot {
	readonly counters: Uint32Array;
	/** Numbers only. */
	readonly settings: Readonly<Record<string, unknown>>;
	readonly state: number;
	readonly clientId: string;
	readonly arenaSize: number;
}

/** Reads a client. */
export function snapshotOf(client: SimulatedClient): ClientSnapshot {
	const id = client.clientId ?? client.settings["clientId"];
	const settings = Object.entries(client.settings).filter(([, value]) => typeof value === "number");
	return {
		counters: Uint32Array.from(client.counters),
		settings: Object.fromEntries(settings),
		state: client.state,
		clientId: typeof id === "string" ? id : "",
		arenaSize: client.arenaSize ?? 0,
	};
}
