// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { fail } from "../base/assert.js";
import { FirstByte, PacketType, PublishFlag, QOS_SHIFT } from "../codec/constants.js";
import { AckHead, Decoded, Decoder } from "../codec/decoder.js";
import { ACK_SIZE } from "../codec/encode.js";
import { checkTopicName } from "../codec/utf8.js";
import type { Application } from "./application.js";
import { ACK_RING_SIZE, type Arena } from "./arena.js";
import { ProblemCode, ReasonCode } from "./codes.js";
import type { Core } from "./core.js";
import { CounterIndex, raise } from "./counters.js";
import { KEEP_ALIVE_BIT, PINGED } from "./deadlines.js";
import { Message } from "./message.js";
import type { Outbox } from "./outbox.js";
import type { PacketLog } from "./packet-log.js";
import type { IncomingIds } from "./incoming-ids.js";
import { handleAckAlone } from "./publish-acks.js";
import { Mode } from "./receive-mode.js";
import { qosOf, type Sender } from "./sender.js";
import { PUBACK_TAGS, type Session } from "./session.js";
import type { Settings } from "./settings.js";
import type { Subscriptions } from "./subscriptions.js";

/** PINGRESP as one number (§3.13). */
const PINGRESP_PACKET = PacketType.PINGRESP << 12;

/** The QoS bits of a first byte at QoS 1. */
const QOS_1 = 1 << QOS_SHIFT;

/**
 * The receive window, and what becomes of the messages in it.
 *
 * The transport always writes to the landing. An incomplete packet moves in front of it, so that its rest lands right
 * behind it:
 *
 *     rxOffset            start   landing            end     landingLimit
 *     | room               | rest  | just arrived     |       |
 *
 * Hot: no allocation.
 */
export class Receiver {
	/** When bytes last came. */
	lastReceived = 0;
	/** Bytes stay in the window until acks are out: there is no room for those that they would cause, or see #overrun. */
	stalled = false;
	/** The message that handlers get. */
	readonly message: Message;
	private readonly _decoder = new Decoder();
	private readonly _bytes: Uint8Array;
	private readonly _view: DataView;
	private readonly _base: number;
	private readonly _landing: number;
	private readonly _sizeMax: number;
	private readonly _packetSizeMax: number;
	private readonly _acknowledgeTooLarge: boolean;
	private readonly _session: Session;
	private readonly _outbox: Outbox;
	private readonly _incoming: IncomingIds;
	private readonly _subscriptions: Subscriptions;
	private readonly _sender: Sender;
	private readonly _application: Application;
	private readonly _core: Core;
	private readonly _counters: Uint32Array;
	private readonly _log: PacketLog;
	/** The connection is there; any callback may end it. */
	private _linked = false;
	private _start: number;
	private _end: number;
	private _mode: Mode = Mode.PACKET;
	/** Bytes of the topic or the payload that are still to come. */
	private _left = 0;
	/** The PUBLISH in pieces or skipped: its payload, and whether it counts as received. */
	private _total = 0;
	private _acknowledge = true;
	/** The server has more QoS 2 messages open than can be remembered: the connection ends once our acks are out. */
	private _overrun = false;

	constructor(
		settings: Settings,
		arena: Arena,
		session: Session,
		subscriptions: Subscriptions,
		sender: Sender,
		application: Application,
		core: Core,
		counters: Uint32Array,
		log: PacketLog,
	) {
		this._bytes = arena.bytes;
		this._view = arena.view;
		this._base = arena.rxOffset;
		this._landing = this._start = this._end = arena.landingOffset;
		this._sizeMax = settings.rxBuffer;
		this._packetSizeMax = settings.maximumPacketSize;
		this._acknowledgeTooLarge = settings.acknowledgeTooLarge;
		this._session = session;
		this._outbox = session.outbox;
		this._incoming = session.incoming;
		this._subscriptions = subscriptions;
		this._sender = sender;
		this._application = application;
		this._core = core;
		this._counters = counters;
		this._log = log;
		this.message = new Message(arena.bytes, arena.view);
	}

	/** A connection begins. */
	open(): void {
		this._linked = true;
	}

	/** A connection has ended: what is left of its bytes means nothing. */
	reset(): void {
		this._linked = false;
		this._start = this._end = this._landing;
		this.stalled = this._overrun = false;
		this._mode = Mode.PACKET;
		this.message.offset = 0;
		this._decoder.reset();
	}

	/**
	 * Bytes have been written to the landing; or none, when there is room for acks again. Bounded by the window. Hot:
	 * no allocation.
	 *
	 * in   count  0 … size of the landing; 0 only and always when stalled
	 * out  whether this was a PINGRESP alone, as in a silence: the driver's timer was set for its deadline
	 */
	handleBytes(count: number, now: number): boolean {
		if (count === ACK_SIZE && !this._mode) {
			// Mostly, this is one ack alone: looked at before anything is made ready for more.
			const outbox = this._outbox;
			const word = this._view.getInt32(this._landing);
			// The tags of the only publish hold all there is to compare: identifier, no source, QoS, waiting for PUBACK.
			if (outbox.alone === ((word << 16) | PUBACK_TAGS) && word >> 16 === AckHead.PUBACK) {
				this.lastReceived = now;
				this._counters[CounterIndex.BYTES_IN]! += ACK_SIZE;
				this._counters[CounterIndex.DELIVERED]!++;
				outbox.count = outbox.used = outbox.alone = this._session.waiting = 0;
				outbox.head = outbox.cursor = outbox.tail = outbox.base;
				const log = this._log;
				log.words[log.next] = now;
				log.words[log.next + 1] = (FirstByte.PUBACK << 16) | (word & 0xffff);
				log.next = (log.next + 2) & log.mask;
				if (this._application.tells) this._application.acked(word & 0xffff, true);
				return false;
			}
			if (this._sender.open && handleAckAlone(this._core, word, now)) {
				this.lastReceived = now;
				this._counters[CounterIndex.BYTES_IN]! += ACK_SIZE;
				return false;
			}
		} else if (count === 2) {
			// Asked for, and nothing else is waited for: so it comes after CONNACK.
			if (this._core.deadlines.armed === PINGED && !this._mode) {
				if (this._view.getUint16(this._landing) === PINGRESP_PACKET) {
					this._core.deadlines.armed = KEEP_ALIVE_BIT;
					this.lastReceived = now;
					this._counters[CounterIndex.BYTES_IN]! += 2;
					return true;
				}
			}
		}
		this.takeBytes(count, now);
		return false;
	}

	/** Any bytes: see handleBytes. Hot: no allocation. */
	private takeBytes(count: number, now: number): void {
		this._core.now = now;
		if (this._mode === Mode.PARTIAL) this._mode = Mode.PACKET;
		let start = this._start;
		let end = this._end;
		if (count) {
			if (this.stalled) fail("receiver: bytes over bytes");
			this.lastReceived = now;
			this._counters[CounterIndex.BYTES_IN]! += count;
			end += count;
			this._end = end;
			if (end - start > this._counters[CounterIndex.RX_MAX]!) this._counters[CounterIndex.RX_MAX] = end - start;
		}
		while (start < end) {
			if (this._sender.ackCount === ACK_RING_SIZE) {
				this.stalled = true;
				return;
			}
			if (this._mode ? this.takeRest(now) : this.takePacket(now)) {
				start = this._start;
				continue;
			}
			if (!this._linked) return;
			// More bytes are needed: what is here of the packet waits in front of the landing.
			this.stalled = this._overrun;
			if (this._overrun) return;
			return this.keepRest();
		}
		this.stalled = false;
		this._start = this._end = this._landing;
	}

	/** Moves what is left of an incomplete packet in front of the landing. */
	private keepRest(): void {
		const rest = this._end - this._start;
		const to = this._landing - rest;
		if (to < this._base) fail("receiver: rest larger than the buffer");
		this._bytes.copyWithin(to, this._start, this._end);
		this._start = to;
		this._end = this._landing;
		if (this._mode === Mode.PACKET) this._mode = Mode.PARTIAL;
	}

	/**
	 * One packet, or the head of a PUBLISH that does not fit. Hot for a whole PUBLISH: no allocation, and one function for
	 * the reason given at Decoder.decode.
	 *
	 * out  false: more bytes are needed, or the link is gone
	 */
	private takePacket(now: number): boolean {
		const decoder = this._decoder;
		const start = this._start;
		const found = decoder.decode(this._bytes, start, this._end);
		const packetSize = decoder.packetSize;
		if (packetSize > this._packetSizeMax && found >= 0) return this.violation(ReasonCode.PACKET_TOO_LARGE, packetSize);
		if (found !== Decoded.PUBLISH) return this.takeOther(found, now);
		const end = start + packetSize;
		if (end > this._end) return this.takeLarge(now);
		const firstByte = decoder.firstByte;
		const packetId = decoder.packetId;
		const qos = firstByte & PublishFlag.QOS_MASK;
		if (!this._sender.open || (qos && this._incoming.count)) {
			if (!this.mayCome(firstByte, packetId)) return false;
		}
		this._counters[CounterIndex.PUBLISHES_IN]!++;
		if (packetSize > this._counters[CounterIndex.PACKET_IN_MAX]!)
			this._counters[CounterIndex.PACKET_IN_MAX] = packetSize;
		const log = this._log;
		log.words[log.next] = now;
		log.words[log.next + 1] = (firstByte << 16) | packetId;
		log.next = (log.next + 2) & log.mask;
		this._start = end;
		if (!qos || !this._incoming.count || !this._incoming.has(packetId)) {
			const message = this.message;
			const payload = start + decoder.payloadStart;
			message.firstByte = firstByte;
			message.packetId = packetId;
			message.topicStart = start + decoder.fixedSize + 2;
			message.topicSize = decoder.topicSize;
			message.start = payload;
			message.size = message.total = end - payload;
			decoder.fixedSize = 0;
			const index = this._subscriptions.findExact(message.topicStart, message.topicSize);
			if (index >= 0 && this._subscriptions.wildcards === 0) {
				this._application.handle(this._subscriptions.handlers[index]!, message);
				this._counters[CounterIndex.HANDLED]!++;
				if (!this._linked) return this.keepId(message);
			} else if (!this.deliver(message, index)) return false;
			if (qos === 0) return true;
			if (qos !== QOS_1) {
				// As remember, whose call would cost more than all it does.
				this._incoming.add(packetId);
				if (this._incoming.count > this._counters[CounterIndex.INCOMING_QOS2_MAX]!)
					this._counters[CounterIndex.INCOMING_QOS2_MAX] = this._incoming.count;
			}
		} else {
			// A repetition is not handed over; its topic name has to be right all the same [MQTT-1.5.3-1].
			const topic = start + decoder.fixedSize + 2;
			decoder.fixedSize = 0;
			if (checkTopicName(this._bytes, topic, topic + decoder.topicSize) !== topic + decoder.topicSize) {
				return this.violation(ReasonCode.MALFORMED_PACKET, firstByte);
			}
			this._counters[CounterIndex.DUPLICATES_IN]!++;
		}
		this._sender.ack(qos === QOS_1 ? FirstByte.PUBACK : FirstByte.PUBREC, packetId, now);
		return true;
	}

	/** A QoS 2 message has been handed over: its repetitions shall not be. */
	private remember(packetId: number): void {
		this._incoming.add(packetId);
		raise(this._counters, CounterIndex.INCOMING_QOS2_MAX, this._incoming.count);
	}

	/** Anything but the head of a PUBLISH. */
	private takeOther(found: Decoded, now: number): boolean {
		const decoder = this._decoder;
		const start = this._start;
		if (found === Decoded.PACKET) {
			this._start = start + decoder.packetSize;
			this._log.add((decoder.firstByte << 16) | decoder.packetId, now);
			decoder.fixedSize = 0;
			return this._core.handlePacket(decoder, start) && this._linked;
		}
		if (found === Decoded.NEED_MORE) return this.needsMore(decoder, now);
		const reason = found === Decoded.FORBIDDEN ? ReasonCode.PROTOCOL_ERROR : ReasonCode.MALFORMED_PACKET;
		return this.violation(reason, this._bytes[start]!);
	}

	private violation(reason: ReasonCode, detail: number): boolean {
		this._counters[CounterIndex.PROTOCOL_ERRORS]!++;
		this._core.handleViolation(reason, detail);
		return false;
	}

	/** True when the bytes that are here can be consumed all the same. */
	private needsMore(decoder: Decoder, now: number): boolean {
		if (decoder.fixedSize === 0) return false;
		if (decoder.type === PacketType.PUBLISH) {
			return decoder.topicSize > 0 && decoder.payloadStart > this._sizeMax && this.startLongTopic(decoder, now);
		}
		// SUBACK is the only other one whose size varies, and none of ours asks for one that large.
		if (decoder.packetSize > this._sizeMax) return this.violation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		return false;
	}

	/** A PUBLISH whose head is here, and not all of its payload. */
	private takeLarge(now: number): boolean {
		const decoder = this._decoder;
		if (decoder.packetSize <= this._sizeMax) return false;
		if (decoder.payloadStart > this._sizeMax) return this.startLongTopic(decoder, now);
		const { firstByte, packetId, packetSize } = decoder;
		const topic = this._start + decoder.topicStart;
		// What is left to the server to send again takes no place among the identifiers.
		const takesPlace = this._acknowledgeTooLarge || this._subscriptions.isStreamed(topic, decoder.topicSize);
		if (!this.mayCome(firstByte, takesPlace ? packetId : 0)) return false;
		this.notePublish(firstByte, packetId, packetSize, now);
		return this.startLarge(decoder);
	}

	/** Notes a PUBLISH that is not taken whole. */
	private notePublish(firstByte: number, packetId: number, packetSize: number, now: number): void {
		this._counters[CounterIndex.PUBLISHES_IN]!++;
		raise(this._counters, CounterIndex.PACKET_IN_MAX, packetSize);
		this._log.add((firstByte << 16) | packetId, now);
	}

	/** Whether a PUBLISH may come now: after CONNACK [MQTT-3.2.0-1], and with this identifier. */
	private mayCome(firstByte: number, packetId: number): boolean {
		if (!this._sender.open) return this.violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		return packetId === 0 || this.checkId(firstByte, packetId);
	}

	/** Whether the identifier of a QoS 1 or 2 PUBLISH may come now, before anything is delivered. */
	private checkId(firstByte: number, packetId: number): boolean {
		const qos = qosOf(firstByte);
		if (this._incoming.has(packetId)) {
			// At QoS 1 the server has no exchange with this identifier any more: it forgot ours in a crash. Ending the
			// connection [MQTT-2.3.1-4] would not help, because it would send the same again, for ever.
			if (qos === 1) this._incoming.remove(packetId);
			return true;
		}
		if (qos === 1 || !this._incoming.full) return true;
		if (!this._overrun) {
			// Without the acks of the messages before this one, the server would send all of them again, for ever.
			this._overrun = true;
			return false;
		}
		this._core.handleViolation(ReasonCode.INCOMING_QOS2_FULL, packetId);
		return false;
	}

	/**
	 * Hands a whole message to every handler that matches, each once. Hot: no allocation.
	 *
	 * in   index  the subscription whose filter equals the topic name, or -1
	 * out  false when the connection is over: by a callback, or because the topic name is ill-formed; then nothing was
	 *      handed over
	 */
	private deliver(message: Message, index: number): boolean {
		const subscriptions = this._subscriptions;
		const topic = message.topicStart;
		const topicSize = message.topicSize;
		let count = 0;
		if (index >= 0) {
			count = 1;
			this._application.handle(subscriptions.handlers[index]!, message);
		} else if (checkTopicName(this._bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.violation(ReasonCode.MALFORMED_PACKET, message.firstByte);
		}
		if (subscriptions.wildcards > 0) count += this.deliverByWalk(message);
		if (count > 0) this._counters[CounterIndex.HANDLED]! += count;
		else {
			this._counters[CounterIndex.UNROUTED]!++;
			if (this._application.handlesUnrouted) this._application.unrouted(message);
		}
		return this._linked || this.keepId(message);
	}

	/** The handlers whose filters have wildcards. Returns how many there were. */
	private deliverByWalk(message: Message): number {
		const subscriptions = this._subscriptions;
		const { topicStart, topicSize } = message;
		let count = 0;
		let index = subscriptions.nextWildcard(0, topicStart, topicSize);
		while (index >= 0) {
			count++;
			this._application.handle(subscriptions.handlers[index]!, message);
			index = subscriptions.nextWildcard(index + 1, topicStart, topicSize);
		}
		return count;
	}

	/** A PUBLISH larger than the buffer: pieces for those who take them, a report for those who do not. */
	private startLarge(decoder: Decoder): boolean {
		const start = this._start;
		const topic = start + decoder.topicStart;
		const topicSize = decoder.topicSize;
		if (checkTopicName(this._bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.violation(ReasonCode.MALFORMED_PACKET, decoder.firstByte);
		}
		const repeated = qosOf(decoder.firstByte) === 2 && this._incoming.has(decoder.packetId);
		const pieces = !repeated && this.markStreaming(topic, topicSize, decoder.payloadSize);
		// The report of a message that nobody can take is a callback: it may have ended the connection.
		if (!this._linked) return false;
		// The topic stays at the base while pieces come and go in the landing.
		this._bytes.copyWithin(this._base, topic, topic + topicSize);
		this.message.setHead(decoder.firstByte, decoder.packetId, this._base, topicSize);
		this.startRest(decoder, pieces ? Mode.PIECES : Mode.SKIP, start + decoder.payloadStart);
		if (repeated) {
			this._acknowledge = true;
			this._counters[CounterIndex.DUPLICATES_IN]!++;
		}
		return true;
	}

	private startRest(decoder: Decoder, mode: Mode, at: number): void {
		this._mode = mode;
		this._total = this._left = decoder.payloadSize;
		this._start = at;
		decoder.reset();
	}

	/** Marks who gets the pieces, and reports the message for those who cannot. True when anybody gets them. */
	private markStreaming(topic: number, topicSize: number, payloadSize: number): boolean {
		const subscriptions = this._subscriptions;
		// The marks of the message before mean nothing for this one.
		for (let i = 0; i < subscriptions.count; i++) subscriptions.setStreaming(i, false);
		let streaming = 0;
		let others = 0;
		const exact = subscriptions.findExact(topic, topicSize);
		let i = exact < 0 ? subscriptions.nextWildcard(0, topic, topicSize) : exact;
		while (i >= 0) {
			const streams = subscriptions.streams(i);
			subscriptions.setStreaming(i, streams);
			if (streams) streaming++;
			else others++;
			i = subscriptions.nextWildcard(i === exact ? 0 : i + 1, topic, topicSize);
		}
		this._acknowledge = streaming > 0 || this._acknowledgeTooLarge;
		if (streaming + others === 0) {
			this._counters[CounterIndex.UNROUTED]!++;
			this._acknowledge = true;
			if (this._application.handlesUnrouted) others++;
		}
		if (others > 0) {
			if (streaming === 0) this._acknowledge = this._acknowledgeTooLarge;
			this.reportTooLarge(payloadSize);
		}
		return streaming > 0;
	}

	private reportTooLarge(payloadSize: number): void {
		this._counters[CounterIndex.TOO_LARGE_IN]!++;
		this._application.problem(ProblemCode.MESSAGE_TOO_LARGE, payloadSize);
	}

	/** A topic name larger than the buffer: nobody can have subscribed to it but by a wildcard, and nobody gets it. */
	private startLongTopic(decoder: Decoder, now: number): boolean {
		if (!this.mayCome(decoder.firstByte, 0)) return false;
		this.notePublish(decoder.firstByte, 0, decoder.packetSize, now);
		this.message.setHead(decoder.firstByte, 0, this._base, 0);
		this._acknowledge = this._acknowledgeTooLarge;
		this.startRest(decoder, Mode.TOPIC, this._start + decoder.topicStart);
		this._left = decoder.topicSize;
		this.reportTooLarge(this._total);
		return this._linked;
	}

	/** Bytes of a PUBLISH that is not kept whole. */
	private takeRest(now: number): boolean {
		if (this._mode === Mode.TOPIC) return this.takeTopic(now);
		if (this._mode === Mode.PACKET_ID) return this.takePacketId(now);
		const here = this._end - this._start;
		const count = here < this._left ? here : this._left;
		if (this._mode === Mode.PIECES) {
			this.handPiece(count);
			// With the last piece a handler has had the message.
			if (!this._linked) return count === this._left && this.keepId(this.message);
		}
		this._start += count;
		this._left -= count;
		return this._left > 0 || this.finishRest(now);
	}

	private handPiece(count: number): void {
		const message = this.message;
		message.setPayload(this._start, count, this._total - this._left, this._total);
		const subscriptions = this._subscriptions;
		for (let i = 0; i < subscriptions.count; i++) {
			if (!subscriptions.isStreaming(i)) continue;
			this._counters[CounterIndex.PIECES]!++;
			this._application.handle(subscriptions.handlers[i]!, message);
		}
	}

	/** The last byte of a PUBLISH that was not kept whole has been used. */
	private finishRest(now: number): boolean {
		const message = this.message;
		// A whole message is at 0; its path does not say so each time.
		message.offset = 0;
		this._mode = Mode.PACKET;
		const qos = message.qos;
		if (qos === 0 || !this._acknowledge) return true;
		this.keepId(message);
		this._sender.ack(qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC, message.packetId, now);
		return true;
	}

	/**
	 * A message has been handed over, even if its handler has ended the connection: it shall not be again at QoS 2.
	 *
	 * out  false
	 */
	private keepId(message: Message): boolean {
		if (message.qos === 2 && !this._incoming.has(message.packetId)) this.remember(message.packetId);
		return false;
	}

	private takeTopic(now: number): boolean {
		const here = this._end - this._start;
		const count = here < this._left ? here : this._left;
		const checked = checkTopicName(this._bytes, this._start, this._start + count);
		const taken = checked - this._start;
		if (checked < 0 || (count === this._left && taken < count)) {
			return this.violation(ReasonCode.MALFORMED_PACKET, this.message.firstByte);
		}
		if (taken === 0) return false;
		this._start = checked;
		this._left -= taken;
		if (this._left > 0) return true;
		this._left = this._total;
		this._mode = this.message.qos === 0 ? Mode.SKIP : Mode.PACKET_ID;
		return this._mode === Mode.PACKET_ID || this._left > 0 || this.finishRest(now);
	}

	/** Two bytes behind a topic name that was not kept. */
	private takePacketId(now: number): boolean {
		if (this._end - this._start < 2) return false;
		const packetId = (this._bytes[this._start]! << 8) | this._bytes[this._start + 1]!;
		if (packetId === 0) return this.violation(ReasonCode.MALFORMED_PACKET, this.message.firstByte);
		const message = this.message;
		message.packetId = packetId;
		if (this._acknowledge && !this.checkId(message.firstByte, packetId)) return false;
		this._start += 2;
		if (message.qos === 2 && this._incoming.has(packetId)) this._acknowledge = true;
		this._mode = Mode.SKIP;
		return this._left > 0 || this.finishRest(now);
	}
}
