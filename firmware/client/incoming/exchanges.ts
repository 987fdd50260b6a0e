// Read MQTT 3.1.1 §2.3.1 and §4.3 before changing this file.
import { fail } from "../../base/assert.js";
import { FirstByte } from "../../codec/constants.js";
import { qosOf } from "../outgoing/sender.js";
import type { IncomingIds } from "../session/incoming-ids.js";
import type { TransmitParts, TransmitRegion } from "../short-ways/transmit-region.js";
import { ReasonCode } from "../terms/codes.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import type { Message } from "../terms/message.js";
import type { Connection } from "./link.js";
import { Held } from "./receive-mode.js";

/**
 * The exchanges that the server begins with its messages (§4.3): whether a PUBLISH may come now, which identifiers are
 * remembered until PUBREL, and which ack is owed while the application has paused. Hot: no allocation.
 */
export class Exchanges {
	/** Messages are taken: there is a connection, and the application has not paused. Any callback may end it. */
	taking = false;
	/** Whether the application has paused: one of Held. */
	held: Held = Held.NONE;
	/**
	 * The server has more QoS 2 messages open than can be remembered: the packet that would be one too many waits in the
	 * window, and the connection ends once our acks are out.
	 */
	overrun = false;
	private readonly _incoming: IncomingIds;
	private readonly _region: TransmitRegion;
	private readonly _counters: Counts;
	private readonly _connection: Connection;

	constructor(parts: TransmitParts, connection: Connection) {
		this._incoming = parts.session.incoming;
		this._region = parts.region;
		this._counters = parts.counts;
		this._connection = connection;
	}

	/** A connection begins. */
	open(): void {
		this.taking = true;
	}

	/** A connection has ended. */
	reset(): void {
		this.taking = this.overrun = false;
		this.held = Held.NONE;
	}

	/** Takes no more messages: see Client.pause. False: there is nothing to hold back. */
	pause(): boolean {
		// Before CONNACK no message may come, and somebody waits for it.
		if (!this.taking || !this._region.open) return false;
		this.taking = false;
		this.held = Held.PAUSED;
		return true;
	}

	/**
	 * Ends a pause; the driver goes on with what stands in the window.
	 *
	 * in   taken    whether the message at whose handler it began is acknowledged
	 *      message  that message, when there is one
	 */
	resume(taken: boolean, message: Message): void {
		const before = this.held;
		if (before < Held.PAUSED) return;
		this.held = Held.RESUMED;
		this.taking = true;
		if (before === Held.OWES && taken) this.finish(message);
	}

	/** Whether a PUBLISH may come now: after CONNACK [MQTT-3.2.0-1], and with this identifier; 0: it is not looked at. */
	mayCome(firstByte: number, packetId: number): boolean {
		if (!this._region.open) return this.violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		if (packetId !== 0) return this.checkId(firstByte, packetId);
		// A packet that a full table has kept waiting is asked again after the acks went out. Callbacks may have changed who
		// takes it, and its identifier may not matter any more.
		return this.noteRoom();
	}

	/** Whether the identifier of a QoS 1 or 2 PUBLISH may come now, before anything is delivered. */
	private checkId(firstByte: number, packetId: number): boolean {
		const qos = qosOf(firstByte);
		const incoming = this._incoming;
		if (!incoming.has(packetId))
			return qos === 1 || incoming.takes(packetId) ? this.noteRoom() : this.noteOverrun(packetId);
		if (qos === 2) {
			incoming.renew(packetId);
			return this.noteRoom();
		}
		// A server that uses an identifier for two messages at once on one connection [MQTT-2.3.1-4].
		if (incoming.isOfThisConnection(packetId)) return this.violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		// The server has lost the exchange of an earlier connection in a crash, and uses its identifier anew. Ending this
		// connection would not help: the server would send the same again, for ever.
		return this.release(packetId);
	}

	/** An identifier is not open any more. False: see IncomingIds.remove. */
	release(packetId: number): boolean {
		return this._incoming.remove(packetId) ? this.noteRoom() : this.noteOverrun(packetId);
	}

	/** The table has room for what the packet leads to. Returns true. */
	private noteRoom(): boolean {
		this.overrun = false;
		return true;
	}

	/** The table has no room for what the packet leads to: the connection ends, once our acks are out. Returns false. */
	private noteOverrun(packetId: number): boolean {
		const isAgain = this.overrun;
		// Without the acks of the packets before this one, the server would send all of them again, for ever.
		this.overrun = !isAgain;
		if (isAgain) this._connection.handleViolation(ReasonCode.INCOMING_QOS2_FULL, packetId);
		return false;
	}

	/** The server broke the protocol: the connection ends. Returns false. */
	violation(reason: ReasonCode, detail: number): boolean {
		this._counters.table[CounterIndex.PROTOCOL_ERRORS]!++;
		this._connection.handleViolation(reason, detail);
		return false;
	}

	/**
	 * A handler has had a whole message. At QoS 2 its repetitions are kept from handlers, also when this one has ended the
	 * connection. When it has paused instead, the message is not taken yet, and its ack is owed. Returns false.
	 */
	keepId(message: Message): boolean {
		if (this.held === Held.PAUSED) {
			if (message.qos > 0) this.held = Held.OWES;
		} else if (message.qos === 2 && !this._incoming.has(message.packetId)) this.remember(message.packetId);
		return false;
	}

	private remember(packetId: number): void {
		const incoming = this._incoming;
		if (!incoming.takes(packetId)) fail("exchanges: more identifiers than there is room for");
		incoming.add(packetId);
		if (incoming.count > this._counters.incomingQoS2Max) this._counters.incomingQoS2Max = incoming.count;
	}

	/** A message of QoS 1 or 2 is taken: its ack follows, at QoS 2 once the identifier is remembered [MQTT-4.3.3-2]. */
	finish(message: Message): void {
		this.keepId(message);
		this._region.ack(message.qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC, message.packetId);
	}
}
