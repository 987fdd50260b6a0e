// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { fail } from "../../base/assert.js";
import { FirstByte } from "../../codec/constants.js";
import { Decoder } from "../../codec/decoder.js";
import { checkTopicName } from "../../codec/utf8.js";
import type { Application } from "../telling/application.js";
import { ProblemCode, ReasonCode } from "../terms/codes.js";
import type { Link } from "./link.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import { Message } from "../terms/message.js";
import type { Outbox } from "../session/outbox.js";
import type { IncomingIds } from "../session/incoming-ids.js";
import { Held, Mode } from "./receive-mode.js";
import { qosOf } from "../outgoing/sender.js";
import type { TransmitRegion } from "../short-ways/transmit-region.js";
import type { Session } from "../session/session.js";
import type { Subscriptions } from "../session/subscriptions.js";

/**
 * What of a PUBLISH is not taken whole: one larger than the buffer, in pieces or not at all, and one whose topic name alone
 * is larger. With the fields that this shares with the usual way: see Receiver. Hot for pieces: no allocation.
 */
export abstract class LargeReceiver {
	/** When bytes last came. */
	lastReceived = 0;
	/**
	 * Bytes stay in the window: until acks are out, because there is no room for those that they would cause, or see
	 * _overrun; or for the next turn, because this one has lasted for long enough.
	 */
	stalled = false;
	/** Whether the application has paused; above all but NONE and RESUMED, the first byte of the ack that it owes. */
	held: number = Held.NONE;
	/** The message that handlers get. */
	readonly message: Message;
	protected readonly _decoder = new Decoder();
	protected readonly _bytes: Uint8Array;
	protected readonly _view: DataView;
	protected readonly _base: number;
	/** Where the transport puts what it reads. */
	readonly landing: number;
	protected readonly _sizeMax: number;
	protected readonly _packetSizeMax: number;
	protected readonly _acknowledgeTooLarge: boolean;
	protected readonly _session: Session;
	protected readonly _outbox: Outbox;
	protected readonly _incoming: IncomingIds;
	protected readonly _subscriptions: Subscriptions;
	protected readonly _region: TransmitRegion;
	protected readonly _application: Application;
	protected readonly _link: Link;
	protected readonly _counters: Counts;
	/** The connection is there; any callback may end it. */
	protected _linked = false;
	protected _start: number;
	protected _end: number;
	protected _mode: Mode = Mode.PACKET;
	/** Bytes of the topic or the payload that are still to come. */
	protected _left = 0;
	/** The PUBLISH in pieces or skipped: its payload, and whether it counts as received. */
	protected _total = 0;
	protected _acknowledge = true;
	/** The server has more QoS 2 messages open than can be remembered: the connection ends once our acks are out. */
	protected _overrun = false;

	/** in  link  whose parts but this one are made */
	constructor(link: Link) {
		const { arena, session, settings } = link;
		this._bytes = arena.bytes;
		this._view = arena.view;
		// An incomplete packet is kept right in front of the landing, so that a packet stands together.
		this._base = arena.take(settings.rxBuffer + settings.readSize);
		this.landing = this._start = this._end = this._base + settings.rxBuffer;
		this._sizeMax = settings.rxBuffer;
		this._packetSizeMax = settings.maximumPacketSize;
		this._acknowledgeTooLarge = settings.acknowledgeTooLarge;
		this._session = session;
		this._outbox = session.outbox;
		this._incoming = session.incoming;
		this._subscriptions = link.subscriptions;
		this._region = link.region;
		this._application = link.application;
		this._link = link;
		this._counters = link.counts;
		this.message = new Message(arena.bytes, arena.view);
	}

	/** A connection begins. */
	open(): void {
		this._linked = true;
	}

	/** A connection has ended: what is left of its bytes means nothing. */
	reset(): void {
		this._linked = false;
		this._start = this._end = this.landing;
		this.stalled = this._overrun = false;
		this.held = Held.NONE;
		this._mode = Mode.PACKET;
		this.message.offset = 0;
		this._decoder.reset();
	}

	/** Leaves what has arrived in the window: see Client.pause. */
	pause(): void {
		// Before CONNACK there is nothing to hold back, and somebody waits for it.
		if (!this._linked || !this._region.open) return;
		this._linked = false;
		this.stalled = true;
		this.held = Held.PAUSED;
	}

	/**
	 * Ends a pause; the driver goes on with what stands in the window.
	 *
	 * in   taken  whether the message at whose handler it began is acknowledged
	 */
	resume(taken: boolean): void {
		const owed = this.held;
		if (owed < Held.PAUSED) return;
		this.held = Held.RESUMED;
		this._linked = true;
		if (owed === Held.PAUSED || !taken) return;
		this.keepId(this.message);
		this._region.ack(owed, this.message.packetId);
	}

	/** A QoS 2 message has been handed over: its repetitions shall not be. */
	protected remember(packetId: number): void {
		if (!this._incoming.takes(packetId)) fail("receiver: more identifiers than there is room for");
		this._incoming.add(packetId);
		if (this._incoming.count > this._counters.incomingQoS2Max) this._counters.incomingQoS2Max = this._incoming.count;
	}

	protected violation(reason: ReasonCode, detail: number): boolean {
		this._counters.table[CounterIndex.PROTOCOL_ERRORS]!++;
		this._link.handleViolation(reason, detail);
		return false;
	}

	/** A PUBLISH whose head is here, and not all of its payload. */
	protected takeLarge(): boolean {
		const decoder = this._decoder;
		if (decoder.packetSize <= this._sizeMax) return false;
		if (decoder.payloadStart > this._sizeMax) return this.startLongTopic(decoder);
		const { firstByte, packetId, packetSize } = decoder;
		const topic = this._start + decoder.topicStart;
		// What is left to the server to send again takes no place among the identifiers.
		const unrouted = this._application.handlesUnrouted;
		const checked =
			this._acknowledgeTooLarge ||
			qosOf(firstByte) === 1 ||
			!this._subscriptions.refusesLarge(topic, decoder.topicSize, unrouted);
		if (!this.mayCome(firstByte, checked ? packetId : 0)) return false;
		this.notePublish(packetSize);
		return this.startLarge(decoder);
	}

	/** Notes a PUBLISH that is not taken whole. */
	protected notePublish(packetSize: number): void {
		this._counters.publishesIn++;
		if (packetSize > this._counters.packetInMax) this._counters.packetInMax = packetSize;
	}

	/** Whether a PUBLISH may come now: after CONNACK [MQTT-3.2.0-1], and with this identifier. */
	protected mayCome(firstByte: number, packetId: number): boolean {
		if (!this._region.open) return this.violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		if (packetId !== 0) return this.checkId(firstByte, packetId);
		// What was asked of it before its acks went out may not be asked any more: a callback has changed who takes it.
		return this.noOverrun();
	}

	/** Whether the identifier of a QoS 1 or 2 PUBLISH may come now, before anything is delivered. */
	protected checkId(firstByte: number, packetId: number): boolean {
		const qos = qosOf(firstByte);
		const incoming = this._incoming;
		if (!incoming.has(packetId))
			return qos === 1 || incoming.takes(packetId) ? this.noOverrun() : this.overrun(packetId);
		if (qos === 2) {
			incoming.renew(packetId);
			return this.noOverrun();
		}
		// A server that uses an identifier for two messages at once on one connection [MQTT-2.3.1-4].
		if (incoming.isOfThisConnection(packetId)) return this.violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		// One from before has no exchange with this identifier any more: it forgot ours in a crash. Ending the connection would
		// not help, because it would send the same again, for ever.
		return this.release(packetId);
	}

	/** An identifier is not open any more. False: see IncomingIds.remove. */
	protected release(packetId: number): boolean {
		return this._incoming.remove(packetId) ? this.noOverrun() : this.overrun(packetId);
	}

	/** What a packet was kept from by a full table does not keep it from any more. Returns true. */
	private noOverrun(): boolean {
		this._overrun = false;
		return true;
	}

	/** There is no room for what a packet leads to: the connection ends, once our acks are out. Returns false. */
	private overrun(packetId: number): boolean {
		const isAgain = this._overrun;
		// Without the acks of the packets before this one, the server would send all of them again, for ever.
		this._overrun = !isAgain;
		if (isAgain) this._link.handleViolation(ReasonCode.INCOMING_QOS2_FULL, packetId);
		return false;
	}

	/** A PUBLISH larger than the buffer: pieces for those who take them, a report for those who do not. */
	protected startLarge(decoder: Decoder): boolean {
		const start = this._start;
		const topic = start + decoder.topicStart;
		const topicSize = decoder.topicSize;
		if (checkTopicName(this._bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.violation(ReasonCode.MALFORMED_PACKET, decoder.firstByte);
		}
		const repeated = qosOf(decoder.firstByte) === 2 && this._incoming.has(decoder.packetId);
		const pieces = !repeated && this.markStreaming(topic, topicSize, decoder.payloadSize);
		// The report of a message that nobody can take is a callback: it may have ended the connection.
		if (!this._link.linked) return false;
		// The topic stays at the base while pieces come and go in the landing.
		this._bytes.copyWithin(this._base, topic, topic + topicSize);
		this.message.setHead(decoder.firstByte, decoder.packetId, this._base, topicSize);
		this.startRest(decoder, pieces ? Mode.PIECES : Mode.SKIP, start + decoder.payloadStart);
		if (repeated) {
			this._acknowledge = true;
			this._counters.table[CounterIndex.DUPLICATES_IN]!++;
		}
		return this._linked;
	}

	protected startRest(decoder: Decoder, mode: Mode, at: number): void {
		this._mode = mode;
		this._total = this._left = decoder.payloadSize;
		this._start = at;
		decoder.reset();
	}

	/** Marks who gets the pieces, and reports the message for those who cannot. True when anybody gets them. */
	protected markStreaming(topic: number, topicSize: number, payloadSize: number): boolean {
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
			this._counters.table[CounterIndex.UNROUTED]!++;
			this._acknowledge = true;
			if (this._application.handlesUnrouted) others++;
		}
		if (others > 0) {
			if (streaming === 0) this._acknowledge = this._acknowledgeTooLarge;
			this.reportTooLarge(payloadSize);
		}
		return streaming > 0;
	}

	protected reportTooLarge(payloadSize: number): void {
		this._counters.table[CounterIndex.TOO_LARGE_IN]!++;
		this._application.problem(ProblemCode.MESSAGE_TOO_LARGE, payloadSize);
	}

	/** A topic name larger than the buffer: nobody can have subscribed to it but by a wildcard, and nobody gets it. */
	protected startLongTopic(decoder: Decoder): boolean {
		if (!this.mayCome(decoder.firstByte, 0)) return false;
		this.notePublish(decoder.packetSize);
		this.message.setHead(decoder.firstByte, 0, this._base, 0);
		this._acknowledge = this._acknowledgeTooLarge;
		this.startRest(decoder, Mode.TOPIC, this._start + decoder.topicStart);
		this._left = decoder.topicSize;
		this.reportTooLarge(this._total);
		return this._linked;
	}

	/** Bytes of a PUBLISH that is not kept whole. */
	protected takeRest(): boolean {
		if (this._mode === Mode.TOPIC) return this.takeTopic();
		if (this._mode === Mode.PACKET_ID) return this.takePacketId();
		const here = this._end - this._start;
		const count = here < this._left ? here : this._left;
		if (this._mode === Mode.PIECES) {
			this.handPiece(count);
			if (!this._linked) return this.leaveRest(count);
		}
		this._start += count;
		this._left -= count;
		return this._left > 0 || this.finishRest();
	}

	/** The handler of a piece has ended the connection or paused it. out: false */
	private leaveRest(count: number): boolean {
		this._left -= count;
		if (this.held !== Held.NONE) this._start += count;
		if (this._left > 0) return false;
		// With the last piece a handler has had the message.
		this.message.offset = 0;
		this._mode = Mode.PACKET;
		return this.keepId(this.message);
	}

	protected handPiece(count: number): void {
		const message = this.message;
		message.start = this._start;
		message.size = count;
		message.offset = this._total - this._left;
		message.total = this._total;
		const subscriptions = this._subscriptions;
		for (let i = 0; i < subscriptions.count; i++) {
			if (!subscriptions.isStreaming(i)) continue;
			this._counters.table[CounterIndex.PIECES]!++;
			this._application.handle(subscriptions.handlers[i]!, message);
		}
	}

	/** The last byte of a PUBLISH that was not kept whole has been used. */
	protected finishRest(): boolean {
		const message = this.message;
		// A whole message is at 0; its path does not say so each time.
		message.offset = 0;
		this._mode = Mode.PACKET;
		const qos = message.qos;
		if (qos === 0 || !this._acknowledge) return true;
		this.keepId(message);
		this._region.ack(qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC, message.packetId);
		return true;
	}

	/**
	 * A message has been handed over, even if its handler has ended the connection: it shall not be again at QoS 2. One
	 * whose handler has paused is not taken yet.
	 *
	 * out  false
	 */
	protected keepId(message: Message): boolean {
		if (this.held === Held.PAUSED) {
			if (message.qos > 0) this.held = message.qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC;
		} else if (message.qos === 2 && !this._incoming.has(message.packetId)) this.remember(message.packetId);
		return false;
	}

	protected takeTopic(): boolean {
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
		return this._mode === Mode.PACKET_ID || this._left > 0 || this.finishRest();
	}

	/** Two bytes behind a topic name that was not kept. */
	protected takePacketId(): boolean {
		if (this._end - this._start < 2) return false;
		const packetId = (this._bytes[this._start]! << 8) | this._bytes[this._start + 1]!;
		if (packetId === 0) return this.violation(ReasonCode.MALFORMED_PACKET, this.message.firstByte);
		const message = this.message;
		message.packetId = packetId;
		if (!this.mayCome(message.firstByte, this._acknowledge || message.qos === 1 ? packetId : 0)) return false;
		this._start += 2;
		if (message.qos === 2 && this._incoming.has(packetId)) this._acknowledge = true;
		this._mode = Mode.SKIP;
		return this._left > 0 || this.finishRest();
	}
}
