// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { fail } from "../../base/assert.js";
import { FirstByte, PacketType, PublishFlag } from "../../codec/constants.js";
import { AckHead, Decoded, Decoder } from "../../codec/decoder.js";
import { Size } from "../../codec/encode.js";
import { checkTopicName, isTopicName } from "../../codec/utf8.js";
import type { IncomingIds } from "../session/incoming-ids.js";
import { TagBits, type Outbox } from "../session/outbox.js";
import type { Session } from "../session/session.js";
import type { Subscriptions } from "../session/subscriptions.js";
import { handleAckAlone } from "../short-ways/ack-alone.js";
import type { TransmitParts, TransmitRegion } from "../short-ways/transmit-region.js";
import { Fixed, type Arena } from "../setup/arena.js";
import type { Application } from "../telling/application.js";
import { ReasonCode } from "../terms/codes.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import { Message } from "../terms/message.js";
import { Exchanges } from "./exchanges.js";
import type { Connection } from "./link.js";
import { PartialPublish } from "./partial-publish.js";
import { type Held, Mode } from "./receive-mode.js";

/** Parts of packets as one number. */
const enum Wire {
	/** The QoS bits of a first byte at QoS 1. */
	QOS_1 = 1 << PublishFlag.QOS_SHIFT,
}

/** A PUBLISH whose Remaining Length takes one byte, and what its first four bytes are as a word: the first one lowest. */
const enum Alone {
	SIZE_MAX = 129,
	/** Of type and Remaining Length; the bits between them are flags. */
	HEAD_MASK = 0xfff0,
	LENGTH_SHIFT = 8,
	/** Where the bytes of the topic's size go: the low one from the top, the high one from below it. */
	TOPIC_LOW_SHIFT = 24,
	TOPIC_HIGH_SHIFT = 8,
	TOPIC_HIGH_MASK = 0xff00,
	/** First byte, Remaining Length, size of the topic name. */
	TOPIC = 4,
}

/**
 * The receive window, and what becomes of the packets in it. A PUBLISH that is not taken whole is left to PartialPublish.
 *
 * The transport always writes to the landing. An incomplete packet moves in front of it, so that its rest lands right
 * behind it, and the packet stands together:
 *
 *     base                start   landing            end
 *     | room               | rest  | just arrived     | room  |
 *
 * Hot: no allocation.
 */
export class Receiver {
	// In the order of how often they are asked for: on XS a field costs by its place.
	/** What the next bytes belong to. */
	mode: Mode = Mode.PACKET;
	protected readonly _counters: Counts;
	protected readonly _subscriptions: Subscriptions;
	protected readonly _region: TransmitRegion;
	/** Where the transport puts what it reads. */
	readonly landing: number;
	/** The arena by words. */
	protected readonly _words: Int32Array;
	/** Bytes of the largest PUBLISH that the short way takes. */
	protected readonly _aloneMax: number;
	/** The message that handlers get. */
	readonly message: Message;
	/**
	 * Bytes stay in the window: until acks are out, because there is no room for those that they would cause, or see
	 * Exchanges.overrun; or for the next turn, because this one has lasted for long enough.
	 */
	stalled = false;
	/** When bytes last came. */
	lastReceived = 0;
	protected readonly _application: Application;
	protected readonly _exchanges: Exchanges;
	protected readonly _incoming: IncomingIds;
	protected readonly _bytes: Uint8Array;
	protected readonly _view: DataView;
	protected readonly _outbox: Outbox;
	protected readonly _session: Session;
	protected readonly _parts: TransmitParts;
	protected _start: number;
	protected _end: number;
	protected readonly _decoder: Decoder;
	protected readonly _connection: Connection;
	protected readonly _base: number;
	protected readonly _sizeMax: number;
	protected readonly _packetSizeMax: number;
	protected readonly _partial: PartialPublish;

	constructor(parts: TransmitParts, connection: Connection) {
		const { arena, session, settings } = parts;
		const sizeMax = settings.rxBuffer;
		const packetSizeMax = settings.maximumPacketSize;
		this._counters = parts.counts;
		this._subscriptions = parts.subscriptions;
		this._region = parts.region;
		this._base = arena.take(sizeMax + settings.readSize);
		this.landing = this._start = this._end = this._base + sizeMax;
		this._words = arena.words;
		const takenMax = sizeMax < packetSizeMax ? sizeMax : packetSizeMax;
		// The landing is read by words, if it starts with one.
		this._aloneMax = (this.landing & 3) !== 0 ? 0 : takenMax < Alone.SIZE_MAX ? takenMax : Alone.SIZE_MAX;
		this.message = this.makeMessage(arena);
		this._application = parts.application;
		this._exchanges = new Exchanges(parts, connection);
		this._incoming = session.incoming;
		this._bytes = arena.bytes;
		this._view = arena.view;
		this._outbox = session.outbox;
		this._session = session;
		this._parts = parts;
		this._decoder = this.makeDecoder();
		this._connection = connection;
		this._sizeMax = sizeMax;
		this._packetSizeMax = packetSizeMax;
		this._partial = this.makePartial();
	}

	/** What this and the next two make is of another class where another version of the protocol needs that. Allocates. */
	protected makeDecoder(): Decoder {
		return new Decoder();
	}

	/** Allocates. */
	protected makeMessage(arena: Arena): Message {
		return new Message(arena.bytes, arena.view);
	}

	/** Allocates. */
	protected makePartial(): PartialPublish {
		return new PartialPublish(this._parts, this._exchanges, this._base, this.landing, this.message);
	}

	/** A connection begins. */
	open(): void {
		this._exchanges.open();
	}

	/** A connection has ended: what is left of its bytes means nothing. */
	reset(): void {
		this._start = this._end = this.landing;
		this.stalled = false;
		this.mode = Mode.PACKET;
		this._exchanges.reset();
		this._partial.reset();
		this._decoder.reset();
	}

	/** Whether the application has paused. */
	get held(): Held {
		return this._exchanges.held;
	}

	/** The driver has gone on after a pause. */
	set held(held: Held) {
		this._exchanges.held = held;
	}

	/** Leaves what has arrived in the window: see Client.pause. */
	pause(): void {
		if (this._exchanges.pause()) this.stalled = true;
	}

	/** Ends a pause: see Exchanges.resume. */
	resume(taken: boolean): void {
		this._exchanges.resume(taken, this.message);
	}

	/**
	 * Bytes have been written to the landing; or none, when there is room for acks again. Bounded by the window. Hot:
	 * no allocation.
	 *
	 * in   count  0 … size of the landing; 0 only and always when stalled
	 */
	handleBytes(count: number, now: number): void {
		if (!this.mode) {
			if (count === Size.ACK) {
				// Mostly, this is one ack alone: looked at before anything is made ready for more. PUBACK is taken here, what is
				// said at handleAckAlone goes for it too.
				const outbox = this._outbox;
				const word = this._view.getInt32(this.landing);
				// The tags of the only publish hold all there is to compare: identifier, no source, QoS, waiting for PUBACK.
				if (outbox.alone === ((word << TagBits.ID_SHIFT) | TagBits.PUBACK_WAIT) && word >> 16 === AckHead.PUBACK) {
					this.lastReceived = now;
					this._counters.bytesIn += Size.ACK;
					this._counters.delivered++;
					outbox.count = outbox.used = outbox.alone = this._session.waiting = 0;
					outbox.head = outbox.cursor = outbox.tail = outbox.base;
					if (this._application.tells) this._application.acked(word & 0xffff, true);
					return;
				}
				if (this._region.open && handleAckAlone(this._parts, word)) {
					this.lastReceived = now;
					this._counters.bytesIn += Size.ACK;
					return;
				}
			} else if (count <= this._aloneMax && this.takeAlone(count, now)) return;
		}
		this.takeBytes(count, now);
	}

	/**
	 * The short way of a PUBLISH that has arrived alone: one read brought it whole, and nothing of a packet is kept from before.
	 * It stands for Decoder.decode, takeBytes and takePacket, and checks all that they check.
	 *
	 *     landing: | 3x | length | topicSize | topic name | packetId | payload |     count
	 *
	 * Left to the long way when QoS 2 identifiers are open, when acks wait for room, and for all that ends a connection; then
	 * nothing has changed. The first four bytes are read as one word, low byte first as on all processors that XS runs on. Hot: no
	 * allocation.
	 *
	 * in   count  bytes in the landing, at most _aloneMax
	 * out  whether it was taken
	 */
	protected takeAlone(count: number, now: number): boolean {
		const start = this.landing;
		const head = this._words[start >> 2]!;
		if ((head & Alone.HEAD_MASK) !== (((count - 2) << Alone.LENGTH_SHIFT) | FirstByte.PUBLISH)) return false;
		const qos = head & PublishFlag.QOS_MASK;
		const topicSize = (head >>> Alone.TOPIC_LOW_SHIFT) | ((head >> Alone.TOPIC_HIGH_SHIFT) & Alone.TOPIC_HIGH_MASK);
		let payload = Alone.TOPIC + topicSize;
		let packetId = 0;
		if (qos) {
			payload += 2;
			if (payload > count || qos === PublishFlag.QOS_MASK || this._incoming.count) return false;
			packetId = (this._bytes[start + payload - 2]! << 8) | this._bytes[start + payload - 1]!;
			if (!packetId) return false;
		} else if (payload > count || head & PublishFlag.DUP) return false;
		if (!topicSize || !this._region.open || this._region.ackCount || this.stalled) return false;
		this.lastReceived = now;
		const counters = this._counters;
		counters.bytesIn += count;
		counters.publishesIn++;
		if (count > counters.packetInMax) counters.packetInMax = count;
		if (count > counters.rxMax) counters.rxMax = count;
		const message = this.message;
		message.firstByte = head & 0xff;
		message.packetId = packetId;
		message.topicStart = start + Alone.TOPIC;
		message.topicSize = topicSize;
		message.start = start + payload;
		message.size = message.total = count - payload;
		const subscriptions = this._subscriptions;
		const index = subscriptions.findExact(start + Alone.TOPIC, topicSize);
		if (index >= 0 && !subscriptions.wildcards) {
			this._application.handle(subscriptions.handlers[index]!, message);
			counters.handled++;
			if (!this._exchanges.taking) {
				this._exchanges.keepId(message);
				return true;
			}
		} else {
			this._connection.now = now;
			if (!this.deliver(message, index)) return true;
		}
		if (!qos) return true;
		if (qos === Wire.QOS_1) this._region.ack(FirstByte.PUBACK, packetId);
		else {
			this._incoming.add(packetId);
			if (!counters.incomingQoS2Max) counters.incomingQoS2Max = 1;
			this._region.ack(FirstByte.PUBREC, packetId);
		}
		return true;
	}

	/** Any bytes: see handleBytes. Hot: no allocation. */
	protected takeBytes(count: number, now: number): void {
		this._connection.now = now;
		if (this.mode === Mode.BEGUN) this.mode = Mode.PACKET;
		let start = this._start;
		let end = this._end;
		if (count) {
			if (this.stalled) fail("receiver: bytes over bytes");
			// A call has ended the connection, which is still to be closed.
			if (!this._exchanges.taking) return;
			this.lastReceived = now;
			this._counters.bytesIn += count;
			end += count;
			this._end = end;
			if (end - start > this._counters.rxMax) this._counters.rxMax = end - start;
		} else this.stalled = false;
		while (start < end) {
			if (this._region.ackCount === Fixed.ACK_RING_SIZE) return this.stall();
			if (this.mode ? this.takePartial() : this.takePacket()) {
				start = this._start;
				if (start >= end) break;
				// Each packet may have run a callback, and a landing holds many.
				if (!this._application.driver?.isLate(now)) continue;
				return this.stall();
			}
			if (!this._exchanges.taking) return;
			// More bytes are needed: what is here of the packet waits in front of the landing.
			if (!this._exchanges.overrun) return this.keepRest();
			return this.stall();
		}
		this._start = this._end = this.landing;
	}

	/** What is left waits in the window, and the driver comes back for it. */
	private stall(): void {
		this.stalled = this._application.attention = true;
	}

	/** Moves what is left of an incomplete packet in front of the landing. */
	private keepRest(): void {
		const rest = this._end - this._start;
		const to = this.landing - rest;
		if (to < this._base) fail("receiver: rest larger than the buffer");
		this._bytes.copyWithin(to, this._start, this._end);
		this._start = to;
		this._end = this.landing;
		if (this.mode === Mode.PACKET) this.mode = Mode.BEGUN;
	}

	/**
	 * One packet, or the head of a PUBLISH that does not fit. Hot for a whole PUBLISH: no allocation, and one function for
	 * the reason given at Decoder.decode.
	 *
	 * out  false: more bytes are needed, or the link is gone
	 */
	private takePacket(): boolean {
		const decoder = this._decoder;
		const start = this._start;
		const found = decoder.decode(this._bytes, start, this._end);
		const packetSize = decoder.packetSize;
		if (packetSize > this._packetSizeMax && found >= 0) {
			return this._exchanges.violation(ReasonCode.PACKET_TOO_LARGE, packetSize);
		}
		if (found !== Decoded.PUBLISH) return this.takeOther(found);
		const end = start + packetSize;
		// One that is larger than the buffer is taken as such, also when it happens to stand in the window as a whole.
		if (packetSize > this._sizeMax) return this.follow(this._partial.begin(decoder, start));
		if (end > this._end) return false;
		const firstByte = decoder.firstByte;
		const packetId = decoder.packetId;
		const qos = firstByte & PublishFlag.QOS_MASK;
		if (!this._region.open || (qos && this._incoming.count)) {
			if (!this._exchanges.mayCome(firstByte, packetId)) return false;
		}
		this._counters.publishesIn++;
		if (packetSize > this._counters.packetInMax) this._counters.packetInMax = packetSize;
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
				this._counters.handled++;
				if (!this._exchanges.taking) return this._exchanges.keepId(message);
			} else if (!this.deliver(message, index)) return false;
			if (qos === 0) return true;
			if (qos !== Wire.QOS_1) {
				// As Exchanges.finish, whose calls would cost more than all they do.
				this._incoming.add(packetId);
				if (this._incoming.count > this._counters.incomingQoS2Max)
					this._counters.incomingQoS2Max = this._incoming.count;
			}
		} else if (!this.takeRepetition(decoder, start)) return false;
		this._region.ack(qos === Wire.QOS_1 ? FirstByte.PUBACK : FirstByte.PUBREC, packetId);
		return true;
	}

	/**
	 * A QoS 2 message that was handed over already is not handed over; its topic name has to be right all the same
	 * [MQTT-1.5.3-1]. out: whether the connection stands
	 */
	private takeRepetition(decoder: Decoder, start: number): boolean {
		const topic = start + decoder.fixedSize + 2;
		decoder.fixedSize = 0;
		if (checkTopicName(this._bytes, topic, topic + decoder.topicSize) !== topic + decoder.topicSize) {
			return this._exchanges.violation(ReasonCode.MALFORMED_PACKET, decoder.firstByte);
		}
		this._counters.table[CounterIndex.DUPLICATES_IN]!++;
		return true;
	}

	/** Bytes of a PUBLISH that is not taken whole. out: as takePacket */
	private takePartial(): boolean {
		return this.follow(this._partial.take(this._start, this._end));
	}

	/** Goes where a PUBLISH that is not taken whole has come to. Returns `goesOn`. */
	private follow(goesOn: boolean): boolean {
		this._start = this._partial.at;
		this.mode = this._partial.step ? Mode.PARTIAL : Mode.PACKET;
		return goesOn;
	}

	/** Anything but the head of a PUBLISH. */
	private takeOther(found: Decoded): boolean {
		const decoder = this._decoder;
		const start = this._start;
		if (found === Decoded.PACKET) {
			if (decoder.firstByte === FirstByte.PUBREL && this._region.open) {
				if (!this._exchanges.release(decoder.packetId)) return false;
			}
			this._start = start + decoder.packetSize;
			decoder.fixedSize = 0;
			return this._connection.handlePacket(decoder, start) && this._exchanges.taking;
		}
		if (found === Decoded.NEED_MORE) return this.needsMore(decoder);
		const reason = found === Decoded.FORBIDDEN ? ReasonCode.PROTOCOL_ERROR : ReasonCode.MALFORMED_PACKET;
		return this._exchanges.violation(reason, this._bytes[start]!);
	}

	/** True when the bytes that are here can be taken all the same. */
	private needsMore(decoder: Decoder): boolean {
		if (decoder.fixedSize === 0) return false;
		if (decoder.type === PacketType.PUBLISH) {
			if (decoder.topicSize === 0 || decoder.payloadStart <= this._sizeMax) return false;
			return this.follow(this._partial.beginLongTopic(decoder, this._start));
		}
		// SUBACK is the only other one whose size varies, and none of ours asks for one that large.
		if (decoder.packetSize > this._sizeMax) {
			return this._exchanges.violation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		}
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
		} else if (!isTopicName(this._bytes, this._words, topic, topic + topicSize)) {
			return this._exchanges.violation(ReasonCode.MALFORMED_PACKET, message.firstByte);
		}
		if (subscriptions.wildcards > 0) count += this.deliverByWalk(message);
		if (count > 0) this._counters.handled += count;
		else {
			this._counters.table[CounterIndex.UNROUTED]!++;
			if (this._application.handlesUnrouted) this._application.unrouted(message);
		}
		return this._exchanges.taking || this._exchanges.keepId(message);
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
}
