// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import type { Decoder } from "../../codec/decoder.js";
import { checkTopicName } from "../../codec/utf8.js";
import { qosOf } from "../outgoing/sender.js";
import type { IncomingIds } from "../session/incoming-ids.js";
import type { Subscriptions } from "../session/subscriptions.js";
import type { TransmitParts } from "../short-ways/transmit-region.js";
import type { Application } from "../telling/application.js";
import { ProblemCode, ReasonCode } from "../terms/codes.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import type { Message } from "../terms/message.js";
import type { Exchanges } from "./exchanges.js";
import { Held, Step } from "./receive-mode.js";

/**
 * A PUBLISH that is not taken whole: one larger than the buffer goes to handlers in pieces or to nobody, and one whose topic
 * name alone is larger goes to nobody. The receiver calls `begin`, then `take` for all that comes until `step` is NONE.
 *
 *     base                     landing      at           end
 *     | topic name of the head | taken      | piece       |
 *
 * Hot for pieces: no allocation.
 */
export class PartialPublish {
	/** What comes next; NONE: the packet is over, or none has begun. */
	step: Step = Step.NONE;
	/** Where the bytes start that have not been taken. */
	at: number;
	/** Bytes of the topic name or the payload that are still to come. */
	protected _left = 0;
	/** Bytes of the payload. */
	protected _total = 0;
	/** Whether the message counts as received. */
	protected _acknowledge = true;
	protected readonly _base: number;
	protected readonly _landing: number;
	protected readonly _sizeMax: number;
	protected readonly _acknowledgeTooLarge: boolean;
	protected readonly _bytes: Uint8Array;
	protected readonly _incoming: IncomingIds;
	protected readonly _subscriptions: Subscriptions;
	protected readonly _application: Application;
	protected readonly _counters: Counts;
	protected readonly _exchanges: Exchanges;
	protected readonly _message: Message;

	/**
	 * in   base, landing  of the receive window: topic names are kept at the base
	 *      message        what handlers get
	 */
	constructor(parts: TransmitParts, exchanges: Exchanges, base: number, landing: number, message: Message) {
		const { arena, session, settings } = parts;
		this._bytes = arena.bytes;
		this._sizeMax = settings.rxBuffer;
		this._acknowledgeTooLarge = settings.acknowledgeTooLarge;
		this._incoming = session.incoming;
		this._subscriptions = parts.subscriptions;
		this._application = parts.application;
		this._counters = parts.counts;
		this._exchanges = exchanges;
		this._base = base;
		this._landing = this.at = landing;
		this._message = message;
	}

	/** A connection has ended: what was to come does not. */
	reset(): void {
		this.step = Step.NONE;
		this.at = this._landing;
		this._message.offset = 0;
	}

	/** Bytes that are still to come, and those of the payload: while a problem is told, what is known of its size. */
	get size(): number {
		return this._left + this._total;
	}

	/**
	 * The head of a PUBLISH larger than the buffer is here: pieces for those who take them, a report for those who do not.
	 *
	 * in   decoder  of the packet; forgets it when this returns true
	 *      start    where the packet starts
	 * out  false: it may not come, or a callback has ended the connection or paused it
	 */
	begin(decoder: Decoder, start: number): boolean {
		this.at = start;
		if (decoder.payloadStart > this._sizeMax) return this.beginLongTopic(decoder, start);
		const { firstByte, packetId, topicSize } = decoder;
		const topic = start + decoder.topicStart;
		// What is left to the server to send again takes no place among the identifiers.
		const unrouted = this._application.handlesUnrouted;
		const isChecked =
			this._acknowledgeTooLarge ||
			qosOf(firstByte) === 1 ||
			!this._subscriptions.refusesLarge(topic, topicSize, unrouted);
		if (!this._exchanges.mayCome(firstByte, isChecked ? packetId : 0)) return false;
		this.notePublish(decoder.packetSize);
		if (checkTopicName(this._bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this._exchanges.violation(ReasonCode.MALFORMED_PACKET, firstByte);
		}
		return this.beginPayload(decoder, topic);
	}

	/** The topic name of a PUBLISH that is to come is right. */
	private beginPayload(decoder: Decoder, topic: number): boolean {
		const { firstByte, packetId, topicSize, payloadStart } = decoder;
		const start = this.at;
		const isRepeated = qosOf(firstByte) === 2 && this._incoming.has(packetId);
		const hasPieces = !isRepeated && this.markStreaming(topic, topicSize, decoder.payloadSize);
		// The report of a message that nobody can take is a callback, which may have ended the connection: see reset.
		if (!this._exchanges.taking && this._exchanges.held === Held.NONE) return false;
		// The topic stays at the base while pieces come and go in the landing.
		this._bytes.copyWithin(this._base, topic, topic + topicSize);
		this._message.setHead(firstByte, packetId, this._base, topicSize);
		this.step = hasPieces ? Step.PIECES : Step.SKIP;
		this._total = this._left = decoder.payloadSize;
		this.at = start + payloadStart;
		decoder.reset();
		if (isRepeated) {
			this._acknowledge = true;
			this._counters.table[CounterIndex.DUPLICATES_IN]!++;
		}
		return this._exchanges.taking;
	}

	/** A topic name larger than the buffer: nobody can have subscribed to it but by a wildcard, and nobody gets it. out: as begin */
	beginLongTopic(decoder: Decoder, start: number): boolean {
		this.at = start;
		if (!this._exchanges.mayCome(decoder.firstByte, 0)) return false;
		this.notePublish(decoder.packetSize);
		this._message.setHead(decoder.firstByte, 0, this._base, 0);
		this._acknowledge = this._acknowledgeTooLarge;
		this.step = Step.TOPIC;
		this._total = decoder.payloadSize;
		this._left = decoder.topicSize;
		this.at = start + decoder.topicStart;
		decoder.reset();
		this.reportTooLarge(this._total);
		return this._exchanges.taking;
	}

	private notePublish(packetSize: number): void {
		this._counters.publishesIn++;
		if (packetSize > this._counters.packetInMax) this._counters.packetInMax = packetSize;
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

	private reportTooLarge(payloadSize: number): void {
		this._counters.table[CounterIndex.TOO_LARGE_IN]!++;
		this._application.problem(ProblemCode.MESSAGE_TOO_LARGE, payloadSize);
	}

	/**
	 * Takes bytes of the packet. Hot for pieces: no allocation.
	 *
	 * in   start, end  the bytes that are here
	 * out  false: more bytes are needed for this step, or a callback has ended the connection or paused it
	 */
	take(start: number, end: number): boolean {
		this.at = start;
		if (this.step === Step.TOPIC) return this.takeTopic(end);
		if (this.step === Step.PACKET_ID) return this.takePacketId(end);
		const here = end - this.at;
		const count = here < this._left ? here : this._left;
		if (this.step === Step.PIECES) {
			this.handPiece(count);
			if (!this._exchanges.taking) return this.leave(count);
		}
		this.at += count;
		this._left -= count;
		return this._left > 0 || this.finish();
	}

	/** The handler of a piece has ended the connection or paused it. Returns false. */
	private leave(count: number): boolean {
		this._left -= count;
		if (this._exchanges.held !== Held.NONE) this.at += count;
		if (this._left > 0) return false;
		// With the last piece a handler has had the message.
		this._message.offset = 0;
		this.step = Step.NONE;
		return this._exchanges.keepId(this._message);
	}

	private handPiece(count: number): void {
		const message = this._message;
		message.start = this.at;
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

	/** The last byte of the packet has been taken. Returns true. */
	private finish(): boolean {
		const message = this._message;
		// A whole message starts at 0; its own path does not say so each time.
		message.offset = 0;
		this.step = Step.NONE;
		if (message.qos > 0 && this._acknowledge) this._exchanges.finish(message);
		return true;
	}

	private takeTopic(end: number): boolean {
		const here = end - this.at;
		const count = here < this._left ? here : this._left;
		const checked = checkTopicName(this._bytes, this.at, this.at + count);
		const taken = checked - this.at;
		if (checked < 0 || (count === this._left && taken < count)) {
			return this._exchanges.violation(ReasonCode.MALFORMED_PACKET, this._message.firstByte);
		}
		if (taken === 0) return false;
		this.at = checked;
		this._left -= taken;
		if (this._left > 0) return true;
		this._left = this._total;
		this.step = this._message.qos === 0 ? Step.SKIP : Step.PACKET_ID;
		return this.step === Step.PACKET_ID || this._left > 0 || this.finish();
	}

	/** Two bytes behind a topic name that was not kept. */
	private takePacketId(end: number): boolean {
		if (end - this.at < 2) return false;
		const packetId = (this._bytes[this.at]! << 8) | this._bytes[this.at + 1]!;
		const message = this._message;
		if (packetId === 0) return this._exchanges.violation(ReasonCode.MALFORMED_PACKET, message.firstByte);
		message.packetId = packetId;
		const isChecked = this._acknowledge || message.qos === 1;
		if (!this._exchanges.mayCome(message.firstByte, isChecked ? packetId : 0)) return false;
		this.at += 2;
		if (message.qos === 2 && this._incoming.has(packetId)) this._acknowledge = true;
		this.step = Step.SKIP;
		return this._left > 0 || this.finish();
	}
}
