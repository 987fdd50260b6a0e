import { Type, type Packet } from "../../brokers/model/packets.js";
import { MalformedPacket, PacketReader } from "../../brokers/model/reader.js";
import type { Direction } from "../../world/tap.js";
import type { Findings } from "./findings.js";
import type { IncomingChecker } from "./incoming.js";
import { describe, isLaterId, type Outgoing, type OutgoingChecker } from "./outgoing.js";

/** What the device may do depends on these. */
export interface ConductLimits {
	inflight: number;
	/** Messages above this may be left without an ack, if the option says so. */
	rxBuffer: number;
	acknowledgeTooLarge: boolean;
}

/** An exchange of a publish, as the packets at the device tell it. */
interface Exchange {
	readonly message: Outgoing;
	/** The connection on which its PUBLISH was written last in this session; 0: not yet. */
	connection: number;
	/** When PUBREC came, counted in PUBRECs; 0: not yet. And on which connection. */
	released: number;
	releasedOn: number;
	/** PUBREL has been written. */
	pubrel: boolean;
}

/** An ack that the device owes. */
interface Owed {
	id: number;
	serial: number;
	/** It need not come: the message was too large. */
	optional: boolean;
}

/** What is known of the connection that stands. */
class Talk {
	readonly id: number;
	readonly out = new PacketReader("client");
	readonly in = new PacketReader("server");
	connected = false;
	/** CONNACK has accepted it. */
	accepted = false;
	present = false;
	finished = false;
	/** The identifier of the last PUBLISH at QoS 1 or 2; 0: none. */
	lastId = 0;
	/** Place of the PUBREC that the last PUBREL answered. */
	lastReleased = 0;
	readonly owed: Record<number, Owed[]> = { [Type.PUBACK]: [], [Type.PUBREC]: [], [Type.PUBCOMP]: [] };
	/** SUBSCRIBE and UNSUBSCRIBE without an ack: those of their filters that no later request has taken up again. */
	readonly requests = new Map<number, Set<string>>();
	/** PUBRECs that no exchange explains: the device may answer them. */
	readonly strays: number[] = [];

	constructor(id: number) {
		this.id = id;
	}
}

/**
 * Follows every packet at the device's end of the connection: which may be sent when, with which identifier and flags,
 * in which order. MQTT 3.1.1 §2.3.1, §3, §4.3, §4.4, §4.6, and what the client promises beyond it.
 */
export class ConductChecker {
	readonly #findings: Findings;
	readonly #limits: ConductLimits;
	readonly #outgoing: OutgoingChecker;
	readonly #incoming: IncomingChecker;
	readonly #exchanges = new Map<number, Exchange>();
	#talk: Talk | undefined;
	#pubrecs = 0;
	/** Publishes that were taken back, by serial number: on which connection. */
	readonly #cancelled = new Map<number, number>();
	/** Connections whose CONNACK has accepted them. */
	accepted = 0;
	/** The last CONNACK: whether the server had kept the session. */
	sessionPresent = false;
	/** Return code of a CONNACK of the current connection that refused it; else 0. */
	refusal = 0;
	/** Packets of each direction so far. */
	readonly packets = { out: 0, in: 0 };
	/** Sees every packet, for charts. */
	onPacket: ((id: number, direction: Direction, packet: Packet) => void) | undefined;

	constructor(findings: Findings, limits: ConductLimits, outgoing: OutgoingChecker, incoming: IncomingChecker) {
		this.#findings = findings;
		this.#limits = limits;
		this.#outgoing = outgoing;
		this.#incoming = incoming;
	}

	/** Whether the device stands in the middle of a packet: nothing else can be sent meanwhile. */
	get midPacket(): boolean {
		return (this.#talk?.out.partial ?? 0) > 0;
	}

	/** Requests whose ack has not come, and is waited for: nobody waits for one whose filters are all asked for anew. */
	get requests(): number {
		let count = 0;
		for (const filters of this.#talk?.requests.values() ?? []) if (filters.size > 0) count++;
		return count;
	}

	/** The identifier of the first of them; -1: there is none. */
	get oldestRequest(): number {
		for (const [id, filters] of this.#talk?.requests ?? []) if (filters.size > 0) return id;
		return -1;
	}

	/** The device has declared a filter again, or ended it: nobody waits for what was asked about it before. */
	withdrawn(filter: string): void {
		for (const filters of this.#talk?.requests.values() ?? []) filters.delete(filter);
	}

	/** Whether CONNACK has come on the connection that stands. */
	get isAccepted(): boolean {
		return this.#talk?.accepted ?? false;
	}

	/** Whether DISCONNECT has gone out on it. */
	get isFinished(): boolean {
		return this.#talk?.finished ?? false;
	}

	opened(id: number): void {
		this.#talk = new Talk(id);
		this.refusal = 0;
	}

	/** The connection is over for the device. */
	over(): void {
		this.#talk = undefined;
	}

	/** A publish has ended: its identifier is free. */
	ended(id: number): void {
		this.#exchanges.delete(id);
	}

	/** The device takes back a publish: what of it is written already may still go out on this connection, and no other. */
	cancelled(message: Outgoing): void {
		const { id } = message;
		const exchange = this.#exchanges.get(id);
		this.#exchanges.delete(id);
		if (this.#talk === undefined) return;
		this.#cancelled.set(message.serial, this.#talk.id);
		if (exchange !== undefined && exchange.released > 0) this.#talk.strays.push(id);
	}

	bytes(direction: Direction, bytes: Uint8Array): void {
		const talk = this.#talk;
		if (talk === undefined) return this.#findings.report("bytes without a connection", `${bytes.length} bytes`);
		try {
			if (direction === "out") talk.out.push(bytes, (packet) => this.#sent(talk, packet));
			else talk.in.push(bytes, (packet) => this.#came(talk, packet));
		} catch (error) {
			if (!(error instanceof MalformedPacket)) throw error;
			this.#findings.report(`malformed packet ${direction}`, error.message);
		}
	}

	#fault(rule: string, text: string): void {
		this.#findings.report(rule, text);
	}

	#sent(talk: Talk, packet: Packet): void {
		this.packets.out++;
		this.onPacket?.(talk.id, "out", packet);
		const { type, id } = packet;
		if (talk.finished) return this.#fault("sent after DISCONNECT [MQTT-3.14.4-2]", `type ${type}`);
		if (!talk.connected) {
			if (type !== Type.CONNECT) this.#fault("first packet is not CONNECT [MQTT-3.1.0-1]", `type ${type}`);
			talk.connected = true;
			return;
		}
		if (type === Type.CONNECT) return this.#fault("a second CONNECT [MQTT-3.1.0-2]", "");
		if (type === Type.DISCONNECT) {
			talk.finished = true;
			return;
		}
		if (!talk.accepted) return this.#fault("sent before CONNACK", `type ${type}`);
		switch (type) {
			case Type.PUBLISH:
				return this.#sentPublish(talk, packet);
			case Type.PUBREL:
				return this.#sentPubrel(talk, id);
			case Type.SUBSCRIBE:
			case Type.UNSUBSCRIBE:
				return this.#sentRequest(talk, packet);
			case Type.PINGREQ:
				return;
			default:
				return this.#sentAck(talk, type, id);
		}
	}

	#sentPublish(talk: Talk, packet: Packet): void {
		const message = this.#outgoing.identify(packet);
		if (message === undefined || packet.qos === 0) return;
		const { id, dup } = packet;
		if (message.id === 0) message.id = id;
		const text = (): string => describe(message);
		this.#findings.expect(message.id === id, "another identifier for a message", text);
		this.#findings.expect(!talk.requests.has(id), "identifier of a request in use [MQTT-2.3.1-2]", text);
		// Also what it has waited with: the order of first sending is that of the calls, on every connection anew.
		const inOrder = talk.lastId === 0 || isLaterId(id, talk.lastId);
		this.#findings.expect(inOrder, "publishes out of order [MQTT-4.6.0-1]", text);
		talk.lastId = id;
		if (message.state === "cancelled") {
			const isWritten = this.#cancelled.get(message.serial) === talk.id;
			return this.#findings.expect(isWritten, "sent after it was taken back", text);
		}
		const exchange = this.#exchanges.get(id);
		if (exchange !== undefined && exchange.message !== message) {
			return this.#fault("identifier in use [MQTT-2.3.1-2]", `${text()}; ${describe(exchange.message)}`);
		}
		const ended = message.state !== "open" && message.state !== "asked";
		this.#findings.expect(!ended, "sent after its end", text);
		if (exchange === undefined || exchange.connection === 0) this.#sentFirst(talk, message, id, dup, exchange);
		else this.#sentAgain(talk, exchange, dup);
	}

	#sentFirst(talk: Talk, message: Outgoing, id: number, dup: boolean, exchange: Exchange | undefined): void {
		// With DUP it is one whose first sending was cut off, so on a connection that goes on with the session.
		this.#findings.expect(!dup || talk.present, "DUP on a first sending [MQTT-3.3.1-1]", () => describe(message));
		if (exchange === undefined)
			this.#exchanges.set(id, { message, connection: talk.id, released: 0, releasedOn: 0, pubrel: false });
		else exchange.connection = talk.id;
		let inflight = 0;
		for (const { connection } of this.#exchanges.values()) if (connection > 0) inflight++;
		this.#findings.expect(inflight <= this.#limits.inflight, "more in flight than the window", () => `${inflight}`);
	}

	#sentAgain(talk: Talk, exchange: Exchange, dup: boolean): void {
		const text = (): string => describe(exchange.message);
		this.#findings.expect(exchange.connection !== talk.id, "sent twice on one connection", text);
		this.#findings.expect(dup, "sent again without DUP [MQTT-3.3.1-1]", text);
		this.#findings.expect(!exchange.pubrel, "PUBLISH after PUBREL [MQTT-4.3.3-1]", text);
		exchange.connection = talk.id;
	}

	#sentPubrel(talk: Talk, id: number): void {
		const exchange = this.#exchanges.get(id);
		if (exchange === undefined || exchange.released === 0) {
			const stray = talk.strays.indexOf(id);
			if (stray < 0) return this.#fault("PUBREL without PUBREC", `id ${id}`);
			talk.strays.splice(stray, 1);
			return;
		}
		if (exchange.pubrel && talk.strays.includes(id)) {
			talk.strays.splice(talk.strays.indexOf(id), 1);
			return;
		}
		exchange.pubrel = true;
		const inOrder = exchange.released > talk.lastReleased;
		this.#findings.expect(inOrder, "PUBRELs out of order [MQTT-4.6.0-4]", () => `id ${id}`);
		talk.lastReleased = exchange.released;
	}

	#sentRequest(talk: Talk, { id, filters }: Packet): void {
		const inUse = talk.requests.has(id) || this.#exchanges.has(id) || this.#outgoing.open.has(id);
		this.#findings.expect(!inUse, "identifier in use for a request [MQTT-2.3.1-2]", () => `id ${id}`);
		for (const earlier of talk.requests.values()) for (const { filter } of filters) earlier.delete(filter);
		talk.requests.set(id, new Set(filters.map(({ filter }) => filter)));
	}

	/** PUBACK, PUBREC, PUBCOMP: each kind in the order of what it answers [MQTT-4.6.0-2], [MQTT-4.6.0-3]. */
	#sentAck(talk: Talk, type: number, id: number): void {
		const owed = talk.owed[type]!;
		while (owed.length > 0 && owed[0]!.optional && owed[0]!.id !== id) owed.shift();
		const first = owed.shift();
		if (first?.id !== id) {
			return this.#fault("ack of nothing, or out of order [MQTT-4.6.0-2]", `type ${type}, id ${id}, not ${first?.id}`);
		}
		if (type !== Type.PUBCOMP) this.#incoming.acknowledged(first.serial);
	}

	#came(talk: Talk, packet: Packet): void {
		this.packets.in++;
		this.onPacket?.(talk.id, "in", packet);
		const { type, id } = packet;
		switch (type) {
			case Type.CONNACK:
				return this.#cameConnack(talk, packet);
			case Type.PUBLISH:
				return this.#camePublish(talk, packet);
			case Type.PUBREC:
				return this.#camePubrec(talk, id);
			case Type.PUBREL:
				talk.owed[Type.PUBCOMP]!.push({ id, serial: -1, optional: false });
				return;
			case Type.SUBACK:
			case Type.UNSUBACK:
				talk.requests.delete(id);
				return;
			default:
		}
	}

	#cameConnack(talk: Talk, packet: Packet): void {
		this.refusal = packet.returnCode;
		if (packet.returnCode !== 0) return;
		this.accepted++;
		talk.accepted = true;
		talk.present = this.sessionPresent = packet.sessionPresent;
		if (packet.sessionPresent) return;
		// The server knows nothing of them: they are sent as new.
		for (const exchange of this.#exchanges.values()) {
			exchange.connection = exchange.released = 0;
			exchange.pubrel = false;
		}
	}

	#camePublish(talk: Talk, packet: Packet): void {
		const { qos, id, topic, payload } = packet;
		const serial = this.#incoming.arrived(topic, payload);
		if (qos === 0) return;
		const headSize = 4 + Buffer.byteLength(topic);
		const large = 2 + headSize + payload.length > this.#limits.rxBuffer;
		talk.owed[qos === 1 ? Type.PUBACK : Type.PUBREC]!.push({
			id,
			serial,
			optional: large && !this.#limits.acknowledgeTooLarge,
		});
	}

	#camePubrec(talk: Talk, id: number): void {
		const exchange = this.#exchanges.get(id);
		const again = exchange === undefined || exchange.pubrel || exchange.releasedOn === talk.id;
		if (again || exchange.message.qos !== 2) {
			talk.strays.push(id);
			return;
		}
		// One that came on an earlier connection may have been lost on its way to the client.
		exchange.released = ++this.#pubrecs;
		exchange.releasedOn = talk.id;
	}
}
