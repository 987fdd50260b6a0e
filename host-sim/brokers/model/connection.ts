import type { Cancel } from "../../world/clock.js";
import type { ServerEnd, ServerWire } from "../../world/virtual-link.js";
import {
	ackPacket,
	connackPacket,
	emptyPacket,
	publishPacket,
	subackPacket,
	Type,
	type Connect,
	type Packet,
} from "./packets.js";
import { MalformedPacket, PacketReader } from "./reader.js";
import { CLOSE, type ModelServer } from "./server.js";
import type { Session, ServerMessage } from "./session.js";
import { matches } from "./topics.js";

const SUBACK_FAILURE = 0x80;

/** One connection of the model server: the handshakes of MQTT 3.1.1 from the server's side. */
export class Connection implements ServerEnd {
	readonly #server: ModelServer;
	readonly #wire: ServerWire;
	readonly #reader = new PacketReader("client");
	#open = true;
	#connect: Connect | undefined;
	/** Present once CONNECT was accepted; `#answered` once CONNACK is said. */
	#session: Session | undefined;
	#answered = false;
	#disconnected = false;
	#lastHeardMs = 0;
	#watching: Cancel | undefined;
	/** Packets that wait for the end of a silence, and acknowledgements that wait for their release. */
	#unsaid: Uint8Array[] = [];
	#held: Uint8Array[] = [];

	constructor(server: ModelServer, wire: ServerWire) {
		this.#server = server;
		this.#wire = wire;
		this.#lastHeardMs = server.options.clock.now();
	}

	receive(bytes: Uint8Array): void {
		if (!this.#open) return;
		this.#lastHeardMs = this.#server.options.clock.now();
		try {
			this.#reader.push(bytes, (packet) => {
				if (this.#open) this.#handle(packet);
			});
		} catch (error) {
			if (!(error instanceof MalformedPacket)) throw error;
			this.#refuse(error.message);
		}
	}

	closed(): void {
		if (!this.#open) return;
		this.#open = false;
		this.#watching?.();
		const { events } = this.#server.options;
		if (this.#session !== undefined && !this.#disconnected && this.#connect?.will) events.will(this.#connect.clientId);
		this.#server.closed(this, this.#session, this.#connect?.clean ?? true);
	}

	/** Ends it from this side. */
	close(): void {
		if (!this.#open) return;
		this.#wire.close();
		this.closed();
	}

	/** Sends what waits in the session, as far as the window goes. */
	pump(): void {
		const session = this.#session;
		if (session === undefined || !this.#answered || !this.#open) return;
		while (session.waiting.length > 0 && session.outgoing.length < this.#server.behaviour.window) {
			const message = session.waiting.shift()!;
			this.sendPublish(message, session.begin(message).id, false);
		}
	}

	sendPublish(message: ServerMessage, id: number, dup: boolean): void {
		if (this.#answered) this.#send(publishPacket(message, id, dup));
	}

	/** Says one of the acknowledgements that wait, or with -1 all of them. */
	release(index: number): void {
		if (this.#held.length === 0) return;
		const released = index < 0 ? this.#held.splice(0) : this.#held.splice(index % this.#held.length, 1);
		for (const bytes of released) this.#send(bytes);
	}

	/** Says what was kept back in a silence. */
	flush(): void {
		for (const bytes of this.#unsaid.splice(0)) this.#send(bytes);
	}

	/** Says one unfinished exchange again. */
	repeat(index: number): void {
		const session = this.#session;
		if (session === undefined || !this.#answered || session.outgoing.length === 0) return;
		this.#resend(session, index % session.outgoing.length);
	}

	#resend(session: Session, index: number): void {
		const { id, message, released } = session.outgoing[index]!;
		if (released) this.#send(ackPacket(Type.PUBREL, id));
		else this.sendPublish(message, id, true);
	}

	/** The client has broken the standard: a server closes the connection [MQTT-4.8.0-1]. */
	#refuse(text: string): void {
		this.#server.options.events.violation(text);
		this.close();
	}

	#send(bytes: Uint8Array): void {
		if (!this.#open) return;
		if (this.#server.behaviour.silent) this.#unsaid.push(bytes);
		else this.#wire.send(bytes);
	}

	/** Sends an answer: at once, late, twice, or when it is released. */
	#answer(bytes: Uint8Array, mayWait = true): void {
		const { behaviour, options } = this.#server;
		const twice = behaviour.twicePercent > 0 && options.random.below(100) < behaviour.twicePercent;
		for (let i = twice ? 2 : 1; i > 0; i--) {
			if (behaviour.holding && mayWait) this.#held.push(bytes);
			else if (behaviour.lateMs === 0) this.#send(bytes);
			else options.clock.after(options.random.below(behaviour.lateMs + 1), () => this.#send(bytes));
		}
	}

	#handle(packet: Packet): void {
		if (this.#disconnected) return this.#refuse("a packet after DISCONNECT [MQTT-3.14.4-2]");
		if (packet.type === Type.CONNECT) return this.#handleConnect(packet.connect!);
		if (this.#connect === undefined) return this.#refuse("the first packet is not CONNECT [MQTT-3.1.0-1]");
		if (packet.type === Type.DISCONNECT) {
			// No sign that CONNACK has reached the client: it may have been sent before.
			this.#disconnected = true;
			return this.close();
		}
		const session = this.#session;
		if (session === undefined) return this.#refuse("a packet before CONNACK");
		session.fresh = false;
		switch (packet.type) {
			case Type.PUBLISH:
				return this.#handlePublish(session, packet);
			case Type.PUBACK:
			case Type.PUBREC:
			case Type.PUBCOMP:
				return this.#handleAck(session, packet.type, packet.id);
			case Type.PUBREL:
				session.incoming.delete(packet.id);
				return this.#answer(ackPacket(Type.PUBCOMP, packet.id));
			case Type.SUBSCRIBE:
				return this.#handleSubscribe(session, packet);
			case Type.UNSUBSCRIBE:
				for (const { filter } of packet.filters) session.subscriptions.delete(filter);
				return this.#answer(ackPacket(Type.UNSUBACK, packet.id), false);
			default:
				return this.#answer(emptyPacket(Type.PINGRESP), false);
		}
	}

	#handleConnect(connect: Connect): void {
		if (this.#connect !== undefined) return this.#refuse("a second CONNECT [MQTT-3.1.0-2]");
		this.#connect = connect;
		const { behaviour, options } = this.#server;
		const { connack, lateMs } = behaviour;
		if (connack === CLOSE) return this.close();
		const answer = (): void => {
			if (!this.#open) return;
			if (connack === 0) return this.#accept(connect);
			this.#send(connackPacket(false, connack));
			this.close();
		};
		if (lateMs === 0) answer();
		else options.clock.after(options.random.below(lateMs + 1), answer);
	}

	/** CONNACK, then everything unfinished in its first order (§4.4), then what waits. */
	#accept(connect: Connect): void {
		const { session, present } = this.#server.openSession(this, connect.clientId, connect.clean);
		this.#session = session;
		this.#answered = true;
		this.#send(connackPacket(present, 0));
		for (let i = 0; i < session.outgoing.length; i++) this.#resend(session, i);
		this.pump();
		if (connect.keepAliveS > 0) this.#watch(connect.keepAliveS * 1500);
	}

	/** One and a half times the keep alive without a packet, and the connection is closed [MQTT-3.1.2-24]. */
	#watch(limitMs: number): void {
		const { clock, events } = this.#server.options;
		const silentMs = clock.now() - this.#lastHeardMs;
		this.#watching = clock.after(limitMs - silentMs, () => {
			if (clock.now() - this.#lastHeardMs < limitMs) return this.#watch(limitMs);
			events.note("the server has heard nothing for 1.5 keep alives, and closes");
			this.close();
		});
	}

	#handlePublish(session: Session, packet: Packet): void {
		const { events } = this.#server.options;
		if (packet.qos < 2) events.published(session, packet);
		if (packet.qos === 1) this.#answer(ackPacket(Type.PUBACK, packet.id));
		if (packet.qos !== 2) return;
		if (!session.incoming.has(packet.id)) {
			session.incoming.add(packet.id);
			events.published(session, packet);
		}
		this.#answer(ackPacket(Type.PUBREC, packet.id));
	}

	#handleAck(session: Session, type: number, id: number): void {
		const exchange = session.find(id);
		// Late, or said twice: nothing to do; but PUBREC is answered, so that the client can finish.
		if (exchange === undefined) {
			if (type === Type.PUBREC) this.#answer(ackPacket(Type.PUBREL, id));
			return;
		}
		const wanted = exchange.message.qos === 1 ? Type.PUBACK : exchange.released ? Type.PUBCOMP : Type.PUBREC;
		if (type !== wanted && !(type === Type.PUBREC && exchange.released)) {
			return this.#refuse(`type ${type} for identifier ${id}, where type ${wanted} is due`);
		}
		if (type === Type.PUBREC) {
			exchange.released = true;
			return this.#answer(ackPacket(Type.PUBREL, id));
		}
		session.finish(exchange);
		this.#server.options.events.finished(session, exchange.message);
		this.pump();
	}

	#handleSubscribe(session: Session, packet: Packet): void {
		const { behaviour, retained, options } = this.#server;
		const codes = packet.filters.map(({ filter, qos }) => {
			if (behaviour.grant === "none") return SUBACK_FAILURE;
			const granted = behaviour.grant === "lower" ? Math.max(0, qos - 1) : qos;
			session.subscriptions.set(filter, granted);
			return granted;
		});
		this.#answer(subackPacket(packet.id, codes), false);
		packet.filters.forEach(({ filter }, index) => {
			const granted = codes[index]!;
			if (granted === SUBACK_FAILURE) return;
			for (const [topic, qos] of retained) {
				if (matches(filter, topic)) this.#server.give(session, options.events.retained(topic, Math.min(granted, qos)));
			}
		});
	}
}
