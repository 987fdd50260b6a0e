import { Counter } from "../../firmware/client/counters.js";
import { State } from "../../firmware/client/codes.js";

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

/** Where the firmware's Client registers itself, if anybody has put a registry there. */
const KEY = Symbol.for("xs-mqtt.clients");

const slots = globalThis as unknown as { [KEY]: ClientRegistry | undefined };

/** The clients that an unchanged program makes. */
export class ClientRegistry {
	readonly clients: SimulatedClient[] = [];

	/** Called by the constructor of a client. */
	add(client: SimulatedClient): void {
		this.clients.push(client);
	}

	/** Sees the clients made from now on. Returns what ends that. */
	install(): () => void {
		const before = slots[KEY];
		slots[KEY] = this;
		return () => {
			slots[KEY] = before;
		};
	}

	/** Whether every client is at rest. */
	get stopped(): boolean {
		return this.clients.every((client) => client.state === State.STOPPED);
	}

	/** PUBLISH packets of all clients, both ways. */
	get messages(): number {
		let sum = 0;
		for (const { counters } of this.clients) {
			sum += (counters[Counter.PUBLISHES_OUT] ?? 0) + (counters[Counter.PUBLISHES_IN] ?? 0);
		}
		return sum;
	}
}
