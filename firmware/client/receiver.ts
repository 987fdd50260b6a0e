// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { fail } from "../base/assert.js";
import { FirstByte, PacketType } from "../codec/constants.js";
import { Decoded, Decoder } from "../codec/decoder.js";
import { checkTopicName } from "../codec/utf8.js";
import type { Application } from "./application.js";
import type { Arena } from "./arena.js";
import { ProblemCode, ReasonCode } from "./codes.js";
import { CounterIndex, raise } from "./counters.js";
import { Message } from "./message.js";
import { Direction, type PacketLog } from "./packet-log.js";
import type { IncomingIds } from "./incoming-ids.js";
import { qosOf, type Sender } from "./sender.js";
import type { Settings } from "./settings.js";
import type { Subscriptions } from "./subscriptions.js";

/** What the bytes that come next belong to. */
const enum Mode {
	/** The start of a packet. */
	PACKET = 0,
	/** The topic name of a PUBLISH whose head is larger than the buffer: checked and thrown away. */
	TOPIC = 1,
	/** Its packet identifier. */
	PACKET_ID = 2,
	/** A payload that is handed over in pieces. */
	PIECES = 3,
	/** A payload that nobody gets. */
	SKIP = 4,
}

/** Takes every packet but PUBLISH; returns false when the connection is over. */
export interface PacketSink {
	handlePacket(decoder: Decoder, start: number): boolean;
	/** Ends the connection because of what the server has sent. */
	handleViolation(reason: ReasonCode, detail: number): void;
	/** Whether the connection is still there: callbacks may have ended it. */
	readonly linked: boolean;
}

/**
 * The receive window, and what becomes of the messages in it.
 *
 * The transport always writes to the landing. An incomplete packet moves in front of it, so that its rest lands right
 * behind it:
 *
 *     rxOffset            start   landing            end     landingLimit
 *     | room               | rest  | just arrived     |       |
 */
export class Receiver {
	/** The message that handlers get. */
	readonly message: Message;
	readonly #decoder = new Decoder();
	readonly #bytes: Uint8Array;
	readonly #base: number;
	readonly #landing: number;
	readonly #sizeMax: number;
	readonly #packetSizeMax: number;
	readonly #acknowledgeTooLarge: boolean;
	readonly #incoming: IncomingIds;
	readonly #subscriptions: Subscriptions;
	readonly #sender: Sender;
	readonly #application: Application;
	readonly #sink: PacketSink;
	readonly #counters: Uint32Array;
	readonly #log: PacketLog;
	#start: number;
	#end: number;
	#mode: Mode = Mode.PACKET;
	/** Bytes of the topic or the payload that are still to come. */
	#left = 0;
	/** The PUBLISH in pieces or skipped: its payload, and whether it counts as received. */
	#total = 0;
	#acknowledge = true;

	constructor(
		settings: Settings,
		arena: Arena,
		incoming: IncomingIds,
		subscriptions: Subscriptions,
		sender: Sender,
		application: Application,
		sink: PacketSink,
		counters: Uint32Array,
		log: PacketLog,
	) {
		this.#bytes = arena.bytes;
		this.#base = arena.rxOffset;
		this.#landing = this.#start = this.#end = arena.landingOffset;
		this.#sizeMax = settings.rxBuffer;
		this.#packetSizeMax = settings.maximumPacketSize;
		this.#acknowledgeTooLarge = settings.acknowledgeTooLarge;
		this.#incoming = incoming;
		this.#subscriptions = subscriptions;
		this.#sender = sender;
		this.#application = application;
		this.#sink = sink;
		this.#counters = counters;
		this.#log = log;
		this.message = new Message(arena.bytes, arena.view);
	}

	/** A new connection: what is left of the old one means nothing. */
	reset(): void {
		this.#start = this.#end = this.#landing;
		this.#mode = Mode.PACKET;
		this.#decoder.reset();
	}

	/** Whether bytes stay in the window because there is no room for the acks that they would cause. */
	get stalled(): boolean {
		return this.#end > this.#landing;
	}

	/**
	 * Bytes have been written to the landing; or none, when there is room for acks again. Bounded by the window. Hot:
	 * no allocation.
	 *
	 * in   count  0 … size of the landing; 0 only and always when stalled
	 */
	handleBytes(count: number, now: number): void {
		if (count > 0) {
			if (this.stalled) fail("receiver: bytes over bytes");
			this.#end = this.#landing + count;
			raise(this.#counters, CounterIndex.RX_MAX, this.#end - this.#start);
		}
		while (this.#start < this.#end && this.#sender.takesAck) {
			const before = this.#start;
			if (this.#mode === Mode.PACKET) {
				if (!this.#takePacket(now)) break;
			} else if (!this.#takeRest(now)) break;
			if (!this.#sink.linked) return;
			if (this.#start <= before) fail("receiver: no progress");
		}
		if (!this.#sink.linked || (this.#start < this.#end && !this.#sender.takesAck)) return;
		this.#keepRest();
	}

	/** Moves what is left of an incomplete packet in front of the landing. */
	#keepRest(): void {
		const rest = this.#end - this.#start;
		const to = this.#landing - rest;
		if (to < this.#base) fail("receiver: rest larger than the buffer");
		if (rest > 0 && to !== this.#start) this.#bytes.copyWithin(to, this.#start, this.#end);
		this.#start = to;
		this.#end = this.#landing;
	}

	/** One packet, or the head of a PUBLISH that does not fit. False: more bytes are needed, or the link is gone. */
	#takePacket(now: number): boolean {
		const decoder = this.#decoder;
		const start = this.#start;
		const found = decoder.decode(this.#bytes, start, this.#end);
		if (decoder.packetSize > this.#packetSizeMax && found >= 0) {
			return this.#violation(ReasonCode.PACKET_TOO_LARGE, decoder.packetSize);
		}
		if (found === Decoded.PUBLISH) return this.#takePublish(decoder, now);
		if (found === Decoded.PACKET) {
			this.#start = start + decoder.packetSize;
			this.#log.add(Direction.IN, decoder.firstByte, decoder.packetId, decoder.packetSize, now);
			decoder.reset();
			return this.#sink.handlePacket(decoder, start);
		}
		if (found === Decoded.NEED_MORE) return this.#needsMore(decoder, now);
		return this.#violation(
			found === Decoded.FORBIDDEN ? ReasonCode.PROTOCOL_ERROR : ReasonCode.MALFORMED_PACKET,
			this.#bytes[start]!,
		);
	}

	#violation(reason: ReasonCode, detail: number): boolean {
		this.#counters[CounterIndex.PROTOCOL_ERRORS]!++;
		this.#sink.handleViolation(reason, detail);
		return false;
	}

	/** True when the bytes that are here can be consumed all the same. */
	#needsMore(decoder: Decoder, now: number): boolean {
		if (decoder.fixedSize === 0) return false;
		if (decoder.type === PacketType.PUBLISH) {
			return decoder.topicSize > 0 && decoder.payloadStart > this.#sizeMax && this.#startLongTopic(decoder, now);
		}
		// SUBACK is the only other one whose size varies, and none of ours asks for one that large.
		if (decoder.packetSize > this.#sizeMax) return this.#violation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		return false;
	}

	/** A PUBLISH whose head is here. */
	#takePublish(decoder: Decoder, now: number): boolean {
		const start = this.#start;
		const packetSize = decoder.packetSize;
		const whole = this.#end - start >= packetSize;
		if (!whole) {
			if (packetSize <= this.#sizeMax) return false;
			if (decoder.payloadStart > this.#sizeMax) return this.#startLongTopic(decoder, now);
		}
		if (!this.#checkId(decoder.firstByte, decoder.packetId) || !this.#beginPublish(decoder, now)) return false;
		if (!whole) return this.#startLarge(decoder, now);
		this.#start = start + packetSize;
		decoder.reset();
		const packetId = decoder.packetId;
		const qos = qosOf(decoder.firstByte);
		if (qos === 2 && this.#incoming.has(packetId)) {
			this.#counters[CounterIndex.DUPLICATES_IN]!++;
		} else {
			const message = this.message;
			message.setHead(decoder.firstByte, packetId, start + decoder.topicStart, decoder.topicSize);
			message.setPayload(start + decoder.payloadStart, decoder.payloadSize, 0, decoder.payloadSize);
			if (!this.#deliver(message, start + decoder.topicStart, decoder.topicSize)) return false;
			if (!this.#sink.linked) return false;
			if (qos === 2) this.#incoming.add(packetId);
		}
		if (qos !== 0) this.#sender.ack(qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC, packetId, now);
		return true;
	}

	/** Notes a PUBLISH, unless it may not come yet. */
	#beginPublish(decoder: Decoder, now: number): boolean {
		// PUBLISH before CONNACK [MQTT-3.2.0-1]
		if (!this.#sender.open) return this.#violation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		this.#counters[CounterIndex.PUBLISHES_IN]!++;
		raise(this.#counters, CounterIndex.PACKET_IN_MAX, decoder.packetSize);
		this.#log.add(Direction.IN, decoder.firstByte, decoder.packetId, decoder.packetSize, now);
		return true;
	}

	/** Whether the identifier of a PUBLISH may come now, before anything is delivered. */
	#checkId(firstByte: number, packetId: number): boolean {
		const qos = qosOf(firstByte);
		if (qos === 0) return true;
		if (this.#incoming.has(packetId)) {
			// At QoS 1 the server uses an identifier that is still in its own use [MQTT-2.3.1-4].
			return qos === 2 || this.#violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		}
		if (qos === 1 || !this.#incoming.full) return true;
		this.#sink.handleViolation(ReasonCode.INCOMING_QOS2_FULL, packetId);
		return false;
	}

	/**
	 * Hands a whole message to every handler that matches, each once. Hot: no allocation.
	 *
	 * out  false when the topic name is ill-formed; then nothing was handed over, and the connection is over
	 */
	#deliver(message: Message, topic: number, topicSize: number): boolean {
		const subscriptions = this.#subscriptions;
		let index = subscriptions.nextExact(0, topic, topicSize);
		let count = 0;
		if (index < 0 && checkTopicName(this.#bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.#violation(ReasonCode.MALFORMED_PACKET, FirstByte.PUBLISH);
		}
		while (index >= 0) {
			count++;
			this.#application.handle(subscriptions.handlers[index]!, message);
			index = subscriptions.nextExact(index + 1, topic, topicSize);
		}
		if (subscriptions.hasWildcards) {
			index = subscriptions.nextWildcard(0, topic, topicSize);
			while (index >= 0) {
				count++;
				this.#application.handle(subscriptions.handlers[index]!, message);
				index = subscriptions.nextWildcard(index + 1, topic, topicSize);
			}
		}
		const counters = this.#counters;
		if (count > 0) {
			counters[CounterIndex.HANDLED]! += count;
			return true;
		}
		counters[CounterIndex.UNROUTED]!++;
		if (this.#application.handlesUnrouted) this.#application.unrouted(message);
		return true;
	}

	/** A PUBLISH larger than the buffer: pieces for those who take them, a report for those who do not. */
	#startLarge(decoder: Decoder, now: number): boolean {
		const start = this.#start;
		const topic = start + decoder.topicStart;
		const topicSize = decoder.topicSize;
		if (checkTopicName(this.#bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.#violation(ReasonCode.MALFORMED_PACKET, decoder.firstByte);
		}
		const repeated = qosOf(decoder.firstByte) === 2 && this.#incoming.has(decoder.packetId);
		const pieces = !repeated && this.#markStreaming(topic, topicSize, decoder.payloadSize);
		// The topic stays at the base while pieces come and go in the landing.
		this.#bytes.copyWithin(this.#base, topic, topic + topicSize);
		this.message.setHead(decoder.firstByte, decoder.packetId, this.#base, topicSize);
		this.#startRest(decoder, pieces ? Mode.PIECES : Mode.SKIP, start + decoder.payloadStart);
		if (repeated) {
			this.#acknowledge = true;
			this.#counters[CounterIndex.DUPLICATES_IN]!++;
		}
		return this.#sink.linked && (this.#start < this.#end || this.#left > 0 || this.#finishRest(now));
	}

	#startRest(decoder: Decoder, mode: Mode, at: number): void {
		this.#mode = mode;
		this.#total = this.#left = decoder.payloadSize;
		this.#start = at;
		decoder.reset();
	}

	/** Marks who gets the pieces, and reports the message for those who cannot. True when anybody gets them. */
	#markStreaming(topic: number, topicSize: number, payloadSize: number): boolean {
		const subscriptions = this.#subscriptions;
		let streaming = 0;
		let others = 0;
		for (let pass = 0; pass < 2; pass++) {
			for (let i = 0; ; i++) {
				i = pass === 0 ? subscriptions.nextExact(i, topic, topicSize) : subscriptions.nextWildcard(i, topic, topicSize);
				if (i < 0) break;
				subscriptions.setStreaming(i, subscriptions.streams(i));
				if (subscriptions.streams(i)) streaming++;
				else others++;
			}
		}
		this.#acknowledge = streaming > 0 || this.#acknowledgeTooLarge;
		if (streaming + others === 0) {
			this.#counters[CounterIndex.UNROUTED]!++;
			this.#acknowledge = true;
			if (this.#application.handlesUnrouted) others++;
		}
		if (others > 0) {
			if (streaming === 0) this.#acknowledge = this.#acknowledgeTooLarge;
			this.#reportTooLarge(payloadSize);
		}
		return streaming > 0;
	}

	#reportTooLarge(payloadSize: number): void {
		this.#counters[CounterIndex.TOO_LARGE_IN]!++;
		this.#application.problem(ProblemCode.MESSAGE_TOO_LARGE, payloadSize);
	}

	/** A topic name larger than the buffer: nobody can have subscribed to it but by a wildcard, and nobody gets it. */
	#startLongTopic(decoder: Decoder, now: number): boolean {
		if (!this.#beginPublish(decoder, now)) return false;
		this.message.setHead(decoder.firstByte, 0, this.#base, 0);
		this.#reportTooLarge(decoder.payloadSize);
		this.#acknowledge = this.#acknowledgeTooLarge;
		this.#startRest(decoder, Mode.TOPIC, this.#start + decoder.topicStart);
		this.#left = decoder.topicSize;
		return this.#sink.linked;
	}

	/** Bytes of a PUBLISH that is not kept whole. */
	#takeRest(now: number): boolean {
		if (this.#mode === Mode.TOPIC) return this.#takeTopic(now);
		if (this.#mode === Mode.PACKET_ID) return this.#takePacketId(now);
		const here = this.#end - this.#start;
		const count = here < this.#left ? here : this.#left;
		if (this.#mode === Mode.PIECES && count > 0) this.#handPiece(count);
		if (!this.#sink.linked) return false;
		this.#start += count;
		this.#left -= count;
		return this.#left > 0 || this.#finishRest(now);
	}

	#handPiece(count: number): void {
		const message = this.message;
		message.setPayload(this.#start, count, this.#total - this.#left, this.#total);
		const subscriptions = this.#subscriptions;
		for (let i = 0; i < subscriptions.count; i++) {
			if (!subscriptions.isStreaming(i)) continue;
			this.#counters[CounterIndex.PIECES]!++;
			this.#application.handle(subscriptions.handlers[i]!, message);
		}
	}

	/** The last byte of a PUBLISH that was not kept whole has been used. */
	#finishRest(now: number): boolean {
		const message = this.message;
		const subscriptions = this.#subscriptions;
		if (this.#mode === Mode.PIECES) {
			for (let i = 0; i < subscriptions.count; i++) subscriptions.setStreaming(i, false);
		}
		this.#mode = Mode.PACKET;
		const qos = message.qos;
		if (qos === 0 || !this.#acknowledge) return true;
		if (qos === 2 && !this.#incoming.has(message.packetId)) this.#incoming.add(message.packetId);
		this.#sender.ack(qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC, message.packetId, now);
		return true;
	}

	#takeTopic(now: number): boolean {
		const here = this.#end - this.#start;
		const count = here < this.#left ? here : this.#left;
		const checked = checkTopicName(this.#bytes, this.#start, this.#start + count);
		const taken = checked - this.#start;
		if (checked < 0 || (count === this.#left && taken < count)) {
			return this.#violation(ReasonCode.MALFORMED_PACKET, FirstByte.PUBLISH);
		}
		if (taken === 0) return false;
		this.#start = checked;
		this.#left -= taken;
		if (this.#left > 0) return true;
		this.#left = this.#total;
		this.#mode = this.message.qos === 0 ? Mode.SKIP : Mode.PACKET_ID;
		return this.#mode === Mode.PACKET_ID || this.#left > 0 || this.#finishRest(now);
	}

	/** Two bytes behind a topic name that was not kept. */
	#takePacketId(now: number): boolean {
		if (this.#end - this.#start < 2) return false;
		const packetId = (this.#bytes[this.#start]! << 8) | this.#bytes[this.#start + 1]!;
		if (packetId === 0) return this.#violation(ReasonCode.MALFORMED_PACKET, FirstByte.PUBLISH);
		this.#start += 2;
		const message = this.message;
		message.packetId = packetId;
		if (!this.#checkId(message.firstByte, packetId)) return false;
		if (message.qos === 2 && this.#incoming.has(packetId)) this.#acknowledge = true;
		this.#mode = Mode.SKIP;
		return this.#left > 0 || this.#finishRest(now);
	}
}
