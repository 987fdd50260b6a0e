// Read MQTT 3.1.1 §3.3 before changing this file.
import { sizeOfText, writeText } from "../base/text.js";
import { FirstByte, PublishFlag, QOS_SHIFT, REMAINING_LENGTH_MAX } from "../codec/constants.js";
import {
	remainingLengthOfPublish,
	sizeOfPublishHead,
	sizeOfVarint,
	writePublishHead,
	writeVarint,
} from "../codec/encode.js";
import { StatusCode } from "../codec/status.js";
import { Topic } from "../codec/topic.js";
import type { Application } from "./application.js";
import type { Arena } from "./arena.js";
import { ProblemCode } from "./codes.js";
import { CounterIndex } from "./counters.js";
import type { PayloadSource } from "./options.js";
import { RECORD_HEADER_SIZE, RecordState, sizeOfRecord, type Outbox } from "./outbox.js";
import { OUTGOING, type PacketLog } from "./packet-log.js";
import { Work, type Sender } from "./sender.js";
import type { Session } from "./session.js";
import { FullPolicy, type Settings } from "./settings.js";
import type { Subscriptions } from "./subscriptions.js";

// Literals of a preloaded module are copied into the heap each time they are executed; constants are not.
const STRING = "string";
const FUNCTION = "function";

/**
 * Takes publishes from the application: straight into the transmit region, or into the outbox.
 * Hot: no allocation.
 */
export class Publisher {
	readonly #bytes: Uint8Array;
	readonly #session: Session;
	readonly #outbox: Outbox;
	readonly #subscriptions: Subscriptions;
	readonly #sender: Sender;
	readonly #application: Application;
	readonly #counters: Uint32Array;
	readonly #log: PacketLog;
	/** Where the payload goes of the publish that was started last. */
	#payloadAt = 0;
	readonly #queueQoS0: boolean;
	readonly #policy: FullPolicy;

	constructor(
		settings: Settings,
		arena: Arena,
		session: Session,
		subscriptions: Subscriptions,
		sender: Sender,
		application: Application,
		counters: Uint32Array,
		log: PacketLog,
	) {
		this.#bytes = arena.bytes;
		this.#session = session;
		this.#outbox = session.outbox;
		this.#subscriptions = subscriptions;
		this.#sender = sender;
		this.#application = application;
		this.#counters = counters;
		this.#log = log;
		this.#queueQoS0 = settings.queueQoS0;
		this.#policy = settings.fullPolicy;
	}

	/** A payload is being composed. */
	get composing(): boolean {
		return this.#sender.composing;
	}

	/** Gives up a payload that is being composed. */
	dropCompose(): void {
		this.#sender.setComposing(false);
	}

	/**
	 * Takes a publish (§3.3). Hot with a Topic and bytes: no allocation.
	 *
	 * in   topic    a Topic; a string is encoded and checked at every call, and allocates
	 *      payload  copied; text is sent as UTF-8
	 *      qos      0, 1, 2
	 *      retain   whether the server is to keep it
	 * out  packet identifier, 1 … 65535; 0 at QoS 0
	 *
	 * INVALID_TOPIC, INVALID_QOS, INVALID_PAYLOAD  wrong arguments
	 * FULL           no room in the outbox now: onRoom will be called
	 * TOO_LARGE      no room in an empty outbox either
	 * NOT_CONNECTED  QoS 0 without a connection, when queueQoS0 is off
	 * BUSY           a payload is being composed
	 * STOPPED        the client is stopping
	 */
	publish(
		topic: Topic | string,
		payload: Uint8Array | string,
		qos: number,
		retain: boolean | undefined,
		now: number,
	): number {
		if (!(topic instanceof Topic)) {
			const made = topicOf(topic);
			if (made === undefined) return StatusCode.INVALID_TOPIC;
			topic = made;
		}
		if (!(payload instanceof Uint8Array)) return this.publishText(topic.field, payload, qos, retain, now);
		const sender = this.#sender;
		if (qos === 0 && sender.direct) {
			// Straight into the transmit region. In this function, because a call costs more than what it would do; and
			// without locals for what is used a few times only, because a local costs five byte codes.
			const at = sender.offset + sender.size;
			const remaining = topic.field.length + payload.length;
			const end = at + 2 + remaining;
			if (remaining < 128 && end <= sender.limit) {
				const firstByte = retain ? FirstByte.PUBLISH | PublishFlag.RETAIN : FirstByte.PUBLISH;
				this.#bytes[at] = firstByte;
				this.#bytes[at + 1] = remaining;
				this.#bytes.set(topic.field, at + 2);
				this.#bytes.set(payload, end - payload.length);
				sender.size = end - sender.offset;
				this.#counters[CounterIndex.PUBLISHES_OUT]!++;
				const log = this.#log;
				log.words[log.next] = now;
				log.words[log.next + 1] = OUTGOING | (firstByte << 16);
				log.next = (log.next + 2) & log.mask;
				return 0;
			}
		}
		const field = topic.field;
		const size = payload.length;
		if ((qos === 1 || qos === 2) && sender.direct && sender.work === Work.NONE) {
			const packetId = this.publishAtOnce(field, payload, qos, retain, now);
			if (packetId > 0) return packetId;
		}
		const packetId = qos === 0 ? this.start(field, size, 0, retain, now) : this.enqueue(field, size, qos, retain);
		if (packetId >= 0) this.#bytes.set(payload, this.#payloadAt);
		return packetId;
	}

	/**
	 * The usual case of QoS 1 and 2: nothing waits, and there is room everywhere. The packet is made in the outbox, and
	 * copied to where it goes out from. Hot: no allocation.
	 *
	 * out  packet identifier; 0 when it is not the usual case
	 */
	private publishAtOnce(
		field: Uint8Array,
		payload: Uint8Array,
		qos: number,
		retain: boolean | undefined,
		now: number,
	): number {
		const sender = this.#sender;
		const outbox = this.#outbox;
		const session = this.#session;
		const record = outbox.tail;
		const fieldSize = field.length;
		const remaining = fieldSize + 2 + payload.length;
		const size = (RECORD_HEADER_SIZE + 2 + remaining + 3) & ~3;
		const to = sender.offset + sender.size;
		if (remaining > 127 || size > outbox.limit - record || outbox.cursor !== record) return 0;
		if (remaining + 2 > sender.limit - to || !session.windowOpen || this.#policy === FullPolicy.LATEST_PER_TOPIC)
			return 0;
		const packetId = session.takeId(this.#subscriptions);
		if (packetId === 0) return 0;
		const start = record + RECORD_HEADER_SIZE;
		const firstByte = FirstByte.PUBLISH | (qos << QOS_SHIFT) | (retain ? PublishFlag.RETAIN : 0);
		const bytes = this.#bytes;
		bytes[start] = firstByte;
		bytes[start + 1] = remaining;
		bytes.set(field, start + 2);
		const at = start + 2 + fieldSize;
		bytes[at] = packetId >> 8;
		bytes[at + 1] = packetId & 0xff;
		bytes.set(payload, at + 2);
		bytes.copyWithin(to, start, start + 2 + remaining);
		sender.size += 2 + remaining;
		session.waiting++;
		outbox.commitSent(size, (packetId << 16) | (qos << 4) | (RecordState.QUEUED + qos), 2 + remaining);
		this.#counters[CounterIndex.PUBLISHES_OUT]!++;
		const log = this.#log;
		log.words[log.next] = now;
		log.words[log.next + 1] = OUTGOING | (firstByte << 16) | packetId;
		log.next = (log.next + 2) & log.mask;
		return packetId;
	}

	/** Text is written where it goes, without bytes in between. */
	private publishText(field: Uint8Array, text: unknown, qos: number, retain: boolean | undefined, now: number): number {
		const size = typeof text === STRING ? sizeOfText(text as string) : -1;
		if (size < 0) return StatusCode.INVALID_PAYLOAD;
		const packetId = this.start(field, size, qos, retain, now);
		if (packetId >= 0) writeText(this.#bytes, this.#payloadAt, text as string);
		return packetId;
	}

	/** Writes everything of a PUBLISH but its payload, which goes to #payloadAt. Hot: no allocation. */
	private start(field: Uint8Array, size: number, qos: number, retain: boolean | undefined, now: number): number {
		const sender = this.#sender;
		if (qos !== 0 || !sender.direct) return this.enqueue(field, size, qos, retain);
		const remaining = field.length + size;
		const packetSize = 1 + sizeOfVarint(remaining) + remaining;
		const at = sender.offset + sender.size;
		if (at + packetSize > sender.limit) return this.enqueue(field, size, qos, retain);
		this.#payloadAt = writePublishHead(this.#bytes, at, field, 0, retain === true, 0, size);
		sender.size += packetSize;
		this.#counters[CounterIndex.PUBLISHES_OUT]!++;
		this.#log.add(OUTGOING | (this.#bytes[at]! << 16), now);
		return 0;
	}

	/** What has nothing to do with room. Hot: no allocation. */
	private check(qos: number): StatusCode {
		if (qos !== 0 && qos !== 1 && qos !== 2) return StatusCode.INVALID_QOS;
		const sender = this.#sender;
		if (sender.composing) return StatusCode.BUSY;
		if (sender.disconnectDue) return StatusCode.STOPPED;
		if (qos === 0 && !sender.open && !this.#queueQoS0) return StatusCode.NOT_CONNECTED;
		return StatusCode.OK;
	}

	/**
	 * Puts a record without its payload at the tail. Hot: no allocation.
	 */
	private enqueue(field: Uint8Array, payloadSize: number, qos: number, retain: boolean | undefined): number {
		const sender = this.#sender;
		// All is well as a rule; what is not is looked for elsewhere.
		if (!sender.open || sender.composing || sender.disconnectDue || (qos !== 1 && qos !== 2)) {
			const status = this.check(qos);
			if (status !== StatusCode.OK) return status;
		}
		const fieldSize = field.length;
		const remaining = fieldSize + payloadSize + (qos === 0 ? 0 : 2);
		const headSize = remaining < 128 ? 2 : 1 + sizeOfVarint(remaining);
		const size = (RECORD_HEADER_SIZE + headSize + remaining + 3) & ~3;
		if (remaining > REMAINING_LENGTH_MAX) return StatusCode.TOO_LARGE;
		const outbox = this.#outbox;
		let record = outbox.tail;
		if (size > outbox.limit - record || this.#policy === FullPolicy.LATEST_PER_TOPIC) {
			record = this.reserve(size, field);
			if (record < 0) return record;
		}
		const packetId = qos === 0 ? 0 : this.#session.takeId(this.#subscriptions);
		if (qos !== 0 && packetId === 0) return this.refuse(StatusCode.FULL);
		const bytes = this.#bytes;
		const start = record + RECORD_HEADER_SIZE;
		bytes[start] = FirstByte.PUBLISH | (qos << QOS_SHIFT) | (retain ? PublishFlag.RETAIN : 0);
		if (remaining < 128) bytes[start + 1] = remaining;
		else writeVarint(bytes, start + 1, remaining);
		let at = start + headSize;
		bytes.set(field, at);
		at += fieldSize;
		if (qos !== 0) {
			bytes[at] = packetId >> 8;
			bytes[at + 1] = packetId & 0xff;
			at += 2;
		} else sender.direct = false;
		this.#payloadAt = at;
		outbox.commit(size, qos, packetId, 0, RECORD_HEADER_SIZE, headSize + remaining);
		sender.work |= Work.RECORDS;
		return packetId;
	}

	/**
	 * Takes a publish whose payload is pulled from a source as it goes out. Parameters and statuses as for publish;
	 * FULL also when all `sources` are in use.
	 *
	 * in   total  bytes of the payload, 0 or more
	 */
	publishStream(
		topic: Topic | string,
		total: number,
		source: PayloadSource,
		qos: number,
		retain: boolean | undefined,
	): number {
		const made = topic instanceof Topic ? topic : topicOf(topic);
		if (made === undefined) return StatusCode.INVALID_TOPIC;
		if (!Number.isInteger(total) || total < 0 || typeof source?.read !== FUNCTION) return StatusCode.INVALID_PAYLOAD;
		const status = this.check(qos);
		if (status !== StatusCode.OK) return status;
		const field = made.field;
		if (remainingLengthOfPublish(field.length, qos, total) > REMAINING_LENGTH_MAX) return StatusCode.TOO_LARGE;
		if (this.#application.freeSource() < 0) return this.refuse(StatusCode.FULL);
		const headSize = sizeOfPublishHead(field.length, qos, total);
		const size = sizeOfRecord(headSize);
		const record = this.reserve(size, field);
		if (record < 0) return record;
		// Not before: told of a publish that gave way, the application may have published another stream.
		const index = this.#application.freeSource();
		const packetId = qos === 0 ? 0 : this.#session.takeId(this.#subscriptions);
		if (index < 0 || (qos !== 0 && packetId === 0)) return this.refuse(StatusCode.FULL);
		// The head ends with the record, so that its stored size is known.
		const start = size - headSize;
		writePublishHead(this.#bytes, record + start, field, qos, retain === true, packetId, total);
		this.#application.sources[index] = source;
		this.#outbox.commit(size, qos, packetId, index + 1, start, headSize + total);
		if (qos === 0) this.#sender.direct = false;
		this.#sender.work |= Work.RECORDS;
		return packetId;
	}

	/**
	 * Starts composing at the tail of the outbox.
	 *
	 * out  offset of the first payload byte; negative: a status as for publish
	 */
	startCompose(topic: Topic, qos: number): number {
		const status = this.check(qos);
		if (status !== StatusCode.OK) return status;
		const outbox = this.#outbox;
		if (this.#policy === FullPolicy.LATEST_PER_TOPIC) {
			this.dropSameTopic(topic.field, 0);
			if (this.#sender.composing) return StatusCode.BUSY;
		}
		const before = composedHeadMax(topic, qos);
		if (before > outbox.makeRoom()) {
			return this.refuse(before > outbox.limit - outbox.base ? StatusCode.TOO_LARGE : StatusCode.FULL);
		}
		this.#sender.setComposing(true);
		return outbox.tail + before;
	}

	/** One past the last byte that a composed payload may take. */
	get composeLimit(): number {
		return this.#outbox.limit;
	}

	/**
	 * Ends composing.
	 *
	 * in   start  what startCompose returned
	 *      size   bytes that were written there; -1 when they did not fit
	 */
	finishCompose(topic: Topic, qos: number, retain: boolean, start: number, size: number): number {
		const outbox = this.#outbox;
		this.#sender.setComposing(false);
		const before = composedHeadMax(topic, qos);
		if (size < 0) {
			const whole = outbox.limit - outbox.base;
			return this.refuse(
				outbox.count === 0 && outbox.limit - start + before >= whole ? StatusCode.TOO_LARGE : StatusCode.FULL,
			);
		}
		const packetId = qos === 0 ? 0 : this.#session.takeId(this.#subscriptions);
		if (qos !== 0 && packetId === 0) return this.refuse(StatusCode.FULL);
		// Records before it may have been given back in the meantime: the tail moves down, and the payload with it.
		const to = outbox.tail + before;
		if (to !== start) this.#bytes.copyWithin(to, start, start + size);
		const headSize = sizeOfPublishHead(topic.field.length, qos, size);
		writePublishHead(this.#bytes, to - headSize, topic.field, qos, retain, packetId, size);
		const recordSize = (before + size + 3) & ~3;
		outbox.commit(recordSize, qos, packetId, 0, before - headSize, headSize + size);
		this.#sender.work |= Work.RECORDS;
		return packetId;
	}

	private refuse(status: StatusCode): StatusCode {
		this.#counters[CounterIndex.REFUSED_FULL]!++;
		this.#application.wantsRoom = true;
		return status;
	}

	/** Room at the tail, by the policy for a full outbox. Hot: no allocation. */
	private reserve(size: number, field: Uint8Array): number {
		const outbox = this.#outbox;
		if (this.#policy === FullPolicy.LATEST_PER_TOPIC) this.dropSameTopic(field, size);
		for (;;) {
			// Told of a publish that gave way, the application may have begun to compose: the tail is taken.
			if (this.#sender.composing) return StatusCode.BUSY;
			const record = outbox.reserve(size);
			if (record >= 0) return record;
			if (record !== StatusCode.FULL || this.#policy !== FullPolicy.DROP_OLDEST) return this.refuse(record);
			if (!this.dropOldest()) return this.refuse(record);
		}
	}

	/** Drops the oldest publish that has not been sent; one on its way has to finish. */
	private dropOldest(): boolean {
		const outbox = this.#outbox;
		for (let record = outbox.cursor; record < outbox.tail; record = outbox.next(record)) {
			if (outbox.state(record) !== RecordState.QUEUED || record === outbox.active) continue;
			this.dropRecord(record);
			return true;
		}
		return false;
	}

	/** Drops the publish to the same topic that has not been sent, if there is room for one of `size` bytes then. */
	private dropSameTopic(field: Uint8Array, size: number): void {
		const outbox = this.#outbox;
		for (let record = outbox.cursor; record < outbox.tail; record = outbox.next(record)) {
			if (outbox.state(record) !== RecordState.QUEUED || record === outbox.active) continue;
			if (!this.hasTopic(record, field)) continue;
			if (size <= outbox.limit - outbox.base - outbox.used + outbox.size(record)) this.dropRecord(record);
			return;
		}
	}

	private dropRecord(record: number): void {
		const packetId = this.#outbox.packetId(record);
		this.#counters[CounterIndex.DROPPED_OLD]!++;
		this.#session.drop(record);
		this.#application.problem(ProblemCode.PUBLISH_DROPPED, packetId);
	}

	private hasTopic(record: number, field: Uint8Array): boolean {
		const bytes = this.#bytes;
		let at = this.#outbox.packetStart(record) + 1;
		while (bytes[at]! > 127) at++;
		at++;
		for (let i = 0; i < field.length; i++) if (bytes[at + i] !== field[i]) return false;
		return true;
	}
}

/**
 * Bytes in front of a composed payload: its size, and so the head's, is not known until the end.
 * Hot: no allocation.
 */
function composedHeadMax(topic: Topic, qos: number): number {
	return RECORD_HEADER_SIZE + 1 + sizeOfVarint(REMAINING_LENGTH_MAX) + topic.field.length + (qos === 0 ? 0 : 2);
}

/** A Topic of a string; undefined when it is not a topic name. Allocates. */
export function topicOf(topicName: unknown): Topic | undefined {
	try {
		return new Topic(topicName as string);
	} catch {
		return undefined;
	}
}
