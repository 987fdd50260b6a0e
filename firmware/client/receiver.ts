// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { fail } from "../base/assert.js";
import { FirstByte, PacketType, PublishFlag, QOS_SHIFT } from "../codec/constants.js";
import { ackAt, Decoded, Decoder } from "../codec/decoder.js";
import { ACK_SIZE } from "../codec/encode.js";
import { checkTopicName } from "../codec/utf8.js";
import type { Application } from "./application.js";
import { ACK_RING_SIZE, type Arena } from "./arena.js";
import { ProblemCode, ReasonCode } from "./codes.js";
import { CounterIndex, raise } from "./counters.js";
import { Message } from "./message.js";
import type { PacketLog } from "./packet-log.js";
import type { IncomingIds } from "./incoming-ids.js";
import { qosOf, type Sender } from "./sender.js";
import type { Settings } from "./settings.js";
import type { Subscriptions } from "./subscriptions.js";

/** The QoS bits of a first byte at QoS 1. */
const QOS_1 = 1 << QOS_SHIFT;

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
	/** Takes PUBACK, PUBREC, PUBREL or PUBCOMP: first byte << 16 | packet identifier. */
	handleAck(ack: number): boolean;
	/** Ends the connection because of what the server has sent. */
	handleViolation(reason: ReasonCode, detail: number): void;
}

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
	readonly #decoder = new Decoder();
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
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
	/** The connection is there; any callback may end it. */
	#linked = false;
	#start: number;
	#end: number;
	#mode: Mode = Mode.PACKET;
	/** Bytes of the topic or the payload that are still to come. */
	#left = 0;
	/** The PUBLISH in pieces or skipped: its payload, and whether it counts as received. */
	#total = 0;
	#acknowledge = true;
	/** The server has more QoS 2 messages open than can be remembered: the connection ends once our acks are out. */
	#overrun = false;

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
		this.#view = arena.view;
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

	/** A connection begins. */
	open(): void {
		this.#linked = true;
	}

	/** A connection has ended: what is left of its bytes means nothing. */
	reset(): void {
		this.#linked = false;
		this.#start = this.#end = this.#landing;
		this.stalled = this.#overrun = false;
		this.#mode = Mode.PACKET;
		this.message.offset = 0;
		this.#decoder.reset();
	}

	/**
	 * Bytes have been written to the landing; or none, when there is room for acks again. Bounded by the window. Hot:
	 * no allocation.
	 *
	 * in   count  0 … size of the landing; 0 only and always when stalled
	 */
	handleBytes(count: number, now: number): void {
		const counters = this.#counters;
		const sender = this.#sender;
		let start = this.#start;
		let end = this.#end;
		if (count > 0) {
			if (this.stalled) fail("receiver: bytes over bytes");
			if (!this.#linked) return; // A call has ended the connection, which is still to be closed.
			this.lastReceived = now;
			counters[CounterIndex.BYTES_IN]! += count;
			// One ack alone, as they mostly come.
			if (count === ACK_SIZE && start === end && this.#mode === Mode.PACKET && sender.open) {
				const ack = ackAt(this.#view, start);
				if (ack !== 0 && sender.ackCount < ACK_RING_SIZE) {
					const log = this.#log;
					log.words[log.next] = now;
					log.words[log.next + 1] = ack;
					log.next = (log.next + 2) & log.mask;
					this.#sink.handleAck(ack);
					return;
				}
			}
			end += count;
			this.#end = end;
			if (end - start > counters[CounterIndex.RX_MAX]!) counters[CounterIndex.RX_MAX] = end - start;
		}
		while (start < end) {
			if (sender.ackCount === ACK_RING_SIZE) {
				this.stalled = true;
				return;
			}
			if (this.#mode === Mode.PACKET ? this.takePacket(now) : this.takeRest(now)) {
				start = this.#start;
				continue;
			}
			if (!this.#linked) return;
			// More bytes are needed: what is here of the packet waits in front of the landing.
			this.stalled = this.#overrun;
			if (this.#overrun) return;
			return this.keepRest();
		}
		this.stalled = false;
		this.#start = this.#end = this.#landing;
	}

	/** Moves what is left of an incomplete packet in front of the landing. */
	private keepRest(): void {
		const rest = this.#end - this.#start;
		const to = this.#landing - rest;
		if (to < this.#base) fail("receiver: rest larger than the buffer");
		this.#bytes.copyWithin(to, this.#start, this.#end);
		this.#start = to;
		this.#end = this.#landing;
	}

	/**
	 * One packet, or the head of a PUBLISH that does not fit. Hot for a whole PUBLISH: no allocation, and one function for
	 * the reason given at Decoder.decode.
	 *
	 * out  false: more bytes are needed, or the link is gone
	 */
	private takePacket(now: number): boolean {
		const decoder = this.#decoder;
		const start = this.#start;
		const found = decoder.decode(this.#bytes, start, this.#end);
		const packetSize = decoder.packetSize;
		if (packetSize > this.#packetSizeMax && found >= 0) return this.violation(ReasonCode.PACKET_TOO_LARGE, packetSize);
		if (found !== Decoded.PUBLISH) return this.takeOther(found, now);
		const end = start + packetSize;
		if (end > this.#end) return this.takeLarge(now);
		const firstByte = decoder.firstByte;
		const packetId = decoder.packetId;
		const qos = firstByte & PublishFlag.QOS_MASK;
		if (!this.#sender.open || (qos !== 0 && this.#incoming.count > 0)) {
			if (!this.mayCome(firstByte, packetId)) return false;
		}
		this.#counters[CounterIndex.PUBLISHES_IN]!++;
		if (packetSize > this.#counters[CounterIndex.PACKET_IN_MAX]!)
			this.#counters[CounterIndex.PACKET_IN_MAX] = packetSize;
		const log = this.#log;
		log.words[log.next] = now;
		log.words[log.next + 1] = (firstByte << 16) | packetId;
		log.next = (log.next + 2) & log.mask;
		this.#start = end;
		if (qos === 0 || this.#incoming.count === 0 || !this.#incoming.has(packetId)) {
			const message = this.message;
			const payload = start + decoder.payloadStart;
			message.firstByte = firstByte;
			message.packetId = packetId;
			message.topicStart = start + decoder.fixedSize + 2;
			message.topicSize = decoder.topicSize;
			message.start = payload;
			message.size = message.total = end - payload;
			decoder.fixedSize = 0;
			const index = this.#subscriptions.findExact(message.topicStart, message.topicSize);
			if (index >= 0 && this.#subscriptions.wildcards === 0) {
				this.#application.handle(this.#subscriptions.handlers[index]!, message);
				this.#counters[CounterIndex.HANDLED]!++;
				if (!this.#linked) return this.keepId(message);
			} else if (!this.deliver(message, index)) return false;
			if (qos === 0) return true;
			if (qos !== QOS_1) this.remember(packetId);
		} else {
			decoder.fixedSize = 0;
			this.#counters[CounterIndex.DUPLICATES_IN]!++;
		}
		this.#sender.ack(qos === QOS_1 ? FirstByte.PUBACK : FirstByte.PUBREC, packetId, now);
		return true;
	}

	/** A QoS 2 message has been handed over: its repetitions shall not be. */
	private remember(packetId: number): void {
		const count = this.#incoming.add(packetId);
		const counters = this.#counters;
		if (count > counters[CounterIndex.INCOMING_QOS2_MAX]!) counters[CounterIndex.INCOMING_QOS2_MAX] = count;
	}

	/** Anything but the head of a PUBLISH. */
	private takeOther(found: Decoded, now: number): boolean {
		const decoder = this.#decoder;
		const start = this.#start;
		if (found === Decoded.PACKET) {
			this.#start = start + decoder.packetSize;
			this.#log.add((decoder.firstByte << 16) | decoder.packetId, now);
			decoder.fixedSize = 0;
			return this.#sink.handlePacket(decoder, start) && this.#linked;
		}
		if (found === Decoded.NEED_MORE) return this.needsMore(decoder, now);
		const reason = found === Decoded.FORBIDDEN ? ReasonCode.PROTOCOL_ERROR : ReasonCode.MALFORMED_PACKET;
		return this.violation(reason, this.#bytes[start]!);
	}

	private violation(reason: ReasonCode, detail: number): boolean {
		this.#counters[CounterIndex.PROTOCOL_ERRORS]!++;
		this.#sink.handleViolation(reason, detail);
		return false;
	}

	/** True when the bytes that are here can be consumed all the same. */
	private needsMore(decoder: Decoder, now: number): boolean {
		if (decoder.fixedSize === 0) return false;
		if (decoder.type === PacketType.PUBLISH) {
			return decoder.topicSize > 0 && decoder.payloadStart > this.#sizeMax && this.startLongTopic(decoder, now);
		}
		// SUBACK is the only other one whose size varies, and none of ours asks for one that large.
		if (decoder.packetSize > this.#sizeMax) return this.violation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		return false;
	}

	/** A PUBLISH whose head is here, and not all of its payload. */
	private takeLarge(now: number): boolean {
		const decoder = this.#decoder;
		if (decoder.packetSize <= this.#sizeMax) return false;
		if (decoder.payloadStart > this.#sizeMax) return this.startLongTopic(decoder, now);
		const { firstByte, packetId, packetSize } = decoder;
		const topic = this.#start + decoder.topicStart;
		// What is left to the server to send again takes no place among the identifiers.
		const takesPlace = this.#acknowledgeTooLarge || this.#subscriptions.isStreamed(topic, decoder.topicSize);
		if (!this.mayCome(firstByte, takesPlace ? packetId : 0)) return false;
		this.notePublish(firstByte, packetId, packetSize, now);
		return this.startLarge(decoder);
	}

	/** Notes a PUBLISH that is not taken whole. */
	private notePublish(firstByte: number, packetId: number, packetSize: number, now: number): void {
		this.#counters[CounterIndex.PUBLISHES_IN]!++;
		raise(this.#counters, CounterIndex.PACKET_IN_MAX, packetSize);
		this.#log.add((firstByte << 16) | packetId, now);
	}

	/** Whether a PUBLISH may come now: after CONNACK [MQTT-3.2.0-1], and with this identifier. */
	private mayCome(firstByte: number, packetId: number): boolean {
		if (!this.#sender.open) return this.violation(ReasonCode.PROTOCOL_ERROR, firstByte);
		return packetId === 0 || this.checkId(firstByte, packetId);
	}

	/** Whether the identifier of a QoS 1 or 2 PUBLISH may come now, before anything is delivered. */
	private checkId(firstByte: number, packetId: number): boolean {
		const qos = qosOf(firstByte);
		if (this.#incoming.has(packetId)) {
			// At QoS 1 the server has no exchange with this identifier any more: it forgot ours in a crash. Ending the
			// connection [MQTT-2.3.1-4] would not help, because it would send the same again, for ever.
			if (qos === 1) this.#incoming.remove(packetId);
			return true;
		}
		if (qos === 1 || !this.#incoming.full) return true;
		if (!this.#overrun) {
			// Without the acks of the messages before this one, the server would send all of them again, for ever.
			this.#overrun = true;
			return false;
		}
		this.#sink.handleViolation(ReasonCode.INCOMING_QOS2_FULL, packetId);
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
		const subscriptions = this.#subscriptions;
		const topic = message.topicStart;
		const topicSize = message.topicSize;
		let count = 0;
		if (index >= 0) {
			count = 1;
			this.#application.handle(subscriptions.handlers[index]!, message);
		} else if (checkTopicName(this.#bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.violation(ReasonCode.MALFORMED_PACKET, message.firstByte);
		}
		if (subscriptions.wildcards > 0) count += this.deliverByWalk(message);
		if (count > 0) this.#counters[CounterIndex.HANDLED]! += count;
		else {
			this.#counters[CounterIndex.UNROUTED]!++;
			if (this.#application.handlesUnrouted) this.#application.unrouted(message);
		}
		return this.#linked || this.keepId(message);
	}

	/** The handlers whose filters have wildcards. Returns how many there were. */
	private deliverByWalk(message: Message): number {
		const subscriptions = this.#subscriptions;
		const { topicStart, topicSize } = message;
		let count = 0;
		let index = subscriptions.nextWildcard(0, topicStart, topicSize);
		while (index >= 0) {
			count++;
			this.#application.handle(subscriptions.handlers[index]!, message);
			index = subscriptions.nextWildcard(index + 1, topicStart, topicSize);
		}
		return count;
	}

	/** A PUBLISH larger than the buffer: pieces for those who take them, a report for those who do not. */
	private startLarge(decoder: Decoder): boolean {
		const start = this.#start;
		const topic = start + decoder.topicStart;
		const topicSize = decoder.topicSize;
		if (checkTopicName(this.#bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.violation(ReasonCode.MALFORMED_PACKET, decoder.firstByte);
		}
		const repeated = qosOf(decoder.firstByte) === 2 && this.#incoming.has(decoder.packetId);
		const pieces = !repeated && this.markStreaming(topic, topicSize, decoder.payloadSize);
		// The report of a message that nobody can take is a callback: it may have ended the connection.
		if (!this.#linked) return false;
		// The topic stays at the base while pieces come and go in the landing.
		this.#bytes.copyWithin(this.#base, topic, topic + topicSize);
		this.message.setHead(decoder.firstByte, decoder.packetId, this.#base, topicSize);
		this.startRest(decoder, pieces ? Mode.PIECES : Mode.SKIP, start + decoder.payloadStart);
		if (repeated) {
			this.#acknowledge = true;
			this.#counters[CounterIndex.DUPLICATES_IN]!++;
		}
		return true;
	}

	private startRest(decoder: Decoder, mode: Mode, at: number): void {
		this.#mode = mode;
		this.#total = this.#left = decoder.payloadSize;
		this.#start = at;
		decoder.reset();
	}

	/** Marks who gets the pieces, and reports the message for those who cannot. True when anybody gets them. */
	private markStreaming(topic: number, topicSize: number, payloadSize: number): boolean {
		const subscriptions = this.#subscriptions;
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
		this.#acknowledge = streaming > 0 || this.#acknowledgeTooLarge;
		if (streaming + others === 0) {
			this.#counters[CounterIndex.UNROUTED]!++;
			this.#acknowledge = true;
			if (this.#application.handlesUnrouted) others++;
		}
		if (others > 0) {
			if (streaming === 0) this.#acknowledge = this.#acknowledgeTooLarge;
			this.reportTooLarge(payloadSize);
		}
		return streaming > 0;
	}

	private reportTooLarge(payloadSize: number): void {
		this.#counters[CounterIndex.TOO_LARGE_IN]!++;
		this.#application.problem(ProblemCode.MESSAGE_TOO_LARGE, payloadSize);
	}

	/** A topic name larger than the buffer: nobody can have subscribed to it but by a wildcard, and nobody gets it. */
	private startLongTopic(decoder: Decoder, now: number): boolean {
		if (!this.mayCome(decoder.firstByte, 0)) return false;
		this.notePublish(decoder.firstByte, 0, decoder.packetSize, now);
		this.message.setHead(decoder.firstByte, 0, this.#base, 0);
		this.#acknowledge = this.#acknowledgeTooLarge;
		this.startRest(decoder, Mode.TOPIC, this.#start + decoder.topicStart);
		this.#left = decoder.topicSize;
		this.reportTooLarge(this.#total);
		return this.#linked;
	}

	/** Bytes of a PUBLISH that is not kept whole. */
	private takeRest(now: number): boolean {
		if (this.#mode === Mode.TOPIC) return this.takeTopic(now);
		if (this.#mode === Mode.PACKET_ID) return this.takePacketId(now);
		const here = this.#end - this.#start;
		const count = here < this.#left ? here : this.#left;
		if (this.#mode === Mode.PIECES) {
			this.handPiece(count);
			// With the last piece a handler has had the message.
			if (!this.#linked) return count === this.#left && this.keepId(this.message);
		}
		this.#start += count;
		this.#left -= count;
		return this.#left > 0 || this.finishRest(now);
	}

	private handPiece(count: number): void {
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
	private finishRest(now: number): boolean {
		const message = this.message;
		// A whole message is at 0; its path does not say so each time.
		message.offset = 0;
		this.#mode = Mode.PACKET;
		const qos = message.qos;
		if (qos === 0 || !this.#acknowledge) return true;
		this.keepId(message);
		this.#sender.ack(qos === 1 ? FirstByte.PUBACK : FirstByte.PUBREC, message.packetId, now);
		return true;
	}

	/**
	 * A message has been handed over, even if its handler has ended the connection: it shall not be again at QoS 2.
	 *
	 * out  false
	 */
	private keepId(message: Message): boolean {
		if (message.qos === 2 && !this.#incoming.has(message.packetId)) this.remember(message.packetId);
		return false;
	}

	private takeTopic(now: number): boolean {
		const here = this.#end - this.#start;
		const count = here < this.#left ? here : this.#left;
		const checked = checkTopicName(this.#bytes, this.#start, this.#start + count);
		const taken = checked - this.#start;
		if (checked < 0 || (count === this.#left && taken < count)) {
			return this.violation(ReasonCode.MALFORMED_PACKET, this.message.firstByte);
		}
		if (taken === 0) return false;
		this.#start = checked;
		this.#left -= taken;
		if (this.#left > 0) return true;
		this.#left = this.#total;
		this.#mode = this.message.qos === 0 ? Mode.SKIP : Mode.PACKET_ID;
		return this.#mode === Mode.PACKET_ID || this.#left > 0 || this.finishRest(now);
	}

	/** Two bytes behind a topic name that was not kept. */
	private takePacketId(now: number): boolean {
		if (this.#end - this.#start < 2) return false;
		const packetId = (this.#bytes[this.#start]! << 8) | this.#bytes[this.#start + 1]!;
		if (packetId === 0) return this.violation(ReasonCode.MALFORMED_PACKET, this.message.firstByte);
		const message = this.message;
		message.packetId = packetId;
		if (this.#acknowledge && !this.checkId(message.firstByte, packetId)) return false;
		this.#start += 2;
		if (message.qos === 2 && this.#incoming.has(packetId)) this.#acknowledge = true;
		this.#mode = Mode.SKIP;
		return this.#left > 0 || this.finishRest(now);
	}
}
