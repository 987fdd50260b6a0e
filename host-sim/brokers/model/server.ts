import type { Clock } from "../../world/clock.js";
import type { Random } from "../../world/random.js";
import type { ServerEnd, ServerWire } from "../../world/virtual-link.js";
import { Connection } from "./connection.js";
import type { Packet } from "./packets.js";
import { Session, type ServerMessage } from "./session.js";
import { matches } from "./topics.js";

/** What a server does beside what it has to. Everything here is within the standard. */
export interface Behaviour {
	/** Whether it accepts connections. */
	listening: boolean;
	/** What it says to CONNECT: a return code, 0 for yes; CLOSE to close without a word. */
	connack: number;
	/** Acknowledgements come up to so much later, each by itself: so they overtake each other. */
	lateMs: number;
	/** Percent of acknowledgements that are said twice. */
	twicePercent: number;
	/** Nothing is said at all; it goes out when this ends. */
	silent: boolean;
	/** Acknowledgements of publishes wait for release(). */
	holding: boolean;
	/** QoS 1 and 2 messages to one client that may be unfinished at once. */
	window: number;
	/** What it makes of the QoS of a subscription. */
	grant: "asked" | "lower" | "none";
}

/** A CONNACK that is none: the connection is closed instead. */
export const CLOSE = -1;

/** A server that does what is asked, at once. */
export function obligingServer(): Behaviour {
	return {
		listening: true,
		connack: 0,
		lateMs: 0,
		twicePercent: 0,
		silent: false,
		holding: false,
		window: 16,
		grant: "asked",
	};
}

/** Learns what a server does with messages. */
export interface ServerEvents {
	/** A message of a client goes to its subscribers. */
	published(session: Session, packet: Packet): void;
	/** A message now belongs to a session: at QoS 1 and 2 it will be sent until it is finished or the session is. */
	taken(session: Session, message: ServerMessage): void;
	/** The client has finished a message. */
	finished(session: Session, message: ServerMessage): void;
	/** A session and all that is in it is no more. */
	forgotten(session: Session): void;
	/** Makes the message that a new subscription gets for a retained one. */
	retained(topic: string, qos: number): ServerMessage;
	/** The client has broken the standard. */
	violation(text: string): void;
	/** The will of a client was published (§3.1.2.5). */
	will(clientId: string): void;
	/** Something for the log. */
	note(text: string): void;
}

/** Messages that wait for a client that is away; a server may bound that. */
const WAITING_MAX = 40;

/** What a server is made from. */
export interface ServerOptions {
	clock: Clock;
	random: Random;
	events: ServerEvents;
	/** Where its packet identifiers start. */
	firstId: number;
}

/**
 * An MQTT 3.1.1 server, written from the standard and with a codec of its own, for one device at a time. It keeps to the
 * standard, and does what the standard allows and clients rarely see.
 */
export class ModelServer {
	readonly behaviour = obligingServer();
	readonly options: ServerOptions;
	readonly #sessions = new Map<string, Session>();
	/** The connection that each session has. */
	readonly #connections = new Map<Session, Connection>();
	readonly #all = new Set<Connection>();
	/** Topic name to QoS. */
	readonly retained = new Map<string, number>();
	#incarnations = 0;

	constructor(options: ServerOptions) {
		this.options = options;
	}

	/** A connection is offered; undefined: nobody listens. */
	accept(wire: ServerWire): ServerEnd | undefined {
		if (!this.behaviour.listening) return undefined;
		const connection = new Connection(this, wire);
		this.#all.add(connection);
		return connection;
	}

	/** The session of a client, if it has one. */
	session(clientId: string): Session | undefined {
		return this.#sessions.get(clientId);
	}

	connectionOf(session: Session): Connection | undefined {
		return this.#connections.get(session);
	}

	/** Somebody publishes: every session that has a matching subscription gets one copy, at the highest QoS of these. */
	publish(message: ServerMessage): void {
		for (const session of this.#sessions.values()) {
			let granted = -1;
			for (const [filter, qos] of session.subscriptions) {
				if (qos > granted && matches(filter, message.topic)) granted = qos;
			}
			if (granted >= 0) this.give(session, { ...message, qos: Math.min(granted, message.qos) });
		}
	}

	/** Gives a message to a session. */
	give(session: Session, message: ServerMessage): void {
		const connection = this.#connections.get(session);
		if (message.qos === 0) {
			if (connection === undefined) return;
			this.options.events.taken(session, message);
			connection.sendPublish(message, 0, false);
			return;
		}
		if (session.waiting.length >= WAITING_MAX) return;
		this.options.events.taken(session, message);
		session.waiting.push(message);
		connection?.pump();
	}

	/** All acknowledgements that wait, or one of them, are sent. */
	release(index: number): void {
		for (const connection of this.#all) connection.release(index);
	}

	/** Goes on after being silent. */
	flush(): void {
		for (const connection of this.#all) connection.flush();
	}

	/** Says something unfinished again on the live connection, which 3.1.1 does not forbid. */
	repeat(index: number): void {
		for (const connection of this.#all) connection.repeat(index);
	}

	/** Closes every connection, in good order. */
	closeAll(): void {
		for (const connection of [...this.#all]) connection.close();
	}

	/** Forgets sessions: of those that have a connection too, which is therefore closed. */
	forget(): void {
		for (const session of [...this.#sessions.values()]) {
			this.#connections.get(session)?.close();
			this.drop(session);
		}
		this.retained.clear();
	}

	/** For connections: CONNECT of a client. Any other connection of it ends [MQTT-3.1.4-2]. */
	openSession(connection: Connection, clientId: string, clean: boolean): { session: Session; present: boolean } {
		const before = this.#sessions.get(clientId);
		if (before !== undefined) this.#connections.get(before)?.close();
		// A fresh one is gone by now, with its connection.
		const kept = this.#sessions.get(clientId);
		if (kept !== undefined && clean) this.drop(kept);
		const session = (!clean && kept) || new Session(clientId, ++this.#incarnations, this.options.firstId);
		this.#sessions.set(clientId, session);
		this.#connections.set(session, connection);
		return { session, present: session === kept };
	}

	/** For connections: this one is over. */
	closed(connection: Connection, session: Session | undefined, clean: boolean): void {
		this.#all.delete(connection);
		if (session === undefined || this.#connections.get(session) !== connection) return;
		this.#connections.delete(session);
		if (clean || session.fresh) this.drop(session);
	}

	private drop(session: Session): void {
		if (this.#sessions.get(session.clientId) !== session) return;
		this.#sessions.delete(session.clientId);
		this.#connections.delete(session);
		this.options.events.forgotten(session);
	}
}
