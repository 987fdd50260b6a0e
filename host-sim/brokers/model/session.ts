/** A message for a client, as the model server keeps it. */
export interface ServerMessage {
	/** Which one it is, for those who check what became of it. */
	readonly serial: number;
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly qos: number;
	/** Sent because of a new subscription (§3.3.1.3). */
	readonly retain: boolean;
}

/** A QoS 1 or 2 message that the client has not finished. */
export interface Exchange {
	readonly id: number;
	readonly message: ServerMessage;
	/** PUBREC has come: only PUBREL may be sent for it. */
	released: boolean;
}

const PACKET_ID_MAX = 65_535;

/** What the standard calls the session state of a server (§4.1), for one client identifier. */
export class Session {
	readonly clientId: string;
	/** Counts sessions of a server: one that starts anew has another number. */
	readonly incarnation: number;
	/** Topic filter to the QoS that was granted. */
	readonly subscriptions = new Map<string, number>();
	/** Sent, not finished, in the order of first sending. */
	outgoing: Exchange[] = [];
	/** Not sent yet: the window is full, or there is no connection. */
	waiting: ServerMessage[] = [];
	/** Identifiers of the client's QoS 2 messages between PUBLISH and PUBREL. */
	readonly incoming = new Set<number>();
	/**
	 * The client may not know of it yet: nothing has come on it since its CONNACK. It holds nothing, so the server may
	 * take it for none when the connection ends; kept, it would be "present" to a client that never heard of its birth.
	 */
	fresh = true;
	#nextId: number;

	constructor(clientId: string, incarnation: number, firstId: number) {
		this.clientId = clientId;
		this.incarnation = incarnation;
		this.#nextId = firstId;
	}

	/** Opens an exchange for a message, with an identifier that no other has. */
	begin(message: ServerMessage): Exchange {
		while (this.find(this.#nextId) !== undefined) this.#advance();
		const exchange = { id: this.#nextId, message, released: false };
		this.#advance();
		this.outgoing.push(exchange);
		return exchange;
	}

	find(id: number): Exchange | undefined {
		return this.outgoing.find((exchange) => exchange.id === id);
	}

	finish(exchange: Exchange): void {
		this.outgoing.splice(this.outgoing.indexOf(exchange), 1);
	}

	#advance(): void {
		this.#nextId = this.#nextId === PACKET_ID_MAX ? 1 : this.#nextId + 1;
	}
}
