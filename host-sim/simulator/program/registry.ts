import { Counter } from "../../../firmware/client/terms/counters.js";

/** What the simulator needs of a client. The firmware's Client has all of it. */
export interface SimulatedClient {
	/** Indices are those of `Counter`. */
	readonly counters: Uint32Array;
	/** The checked options; numeric ones by their names in `LIMITS`. */
	readonly settings: Readonly<Record<string, unknown>>;
	/** One of `State`. */
	readonly state: number;
	readonly clientId?: string;
	/** Bytes. */
	readonly arenaSize?: number;
	stop(): void;
}

/** PUBLISH packets of all clients, both ways. */
export function messagesOf(clients: readonly Pick<SimulatedClient, "counters">[]): number {
	let sum = 0;
	for (const { counters } of clients) {
		sum += (counters[Counter.PUBLISHES_OUT] ?? 0) + (counters[Counter.PUBLISHES_IN] ?? 0);
	}
	return sum;
}
