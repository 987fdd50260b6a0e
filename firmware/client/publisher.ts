// Read MQTT 3.1.1 §3.3 before changing this file.
import { sizeOfText, writeText } from "../base/text.js";
import { REMAINING_LENGTH_MAX } from "../codec/constants.js";
import { remainingLengthOfPublish, sizeOfPublishHead, sizeOfVarint, writePublishHead } from "../codec/encode.js";
import { StatusCode } from "../codec/status.js";
import { Topic } from "../codec/topic.js";
import type { Application } from "./application.js";
import type { Arena } from "./arena.js";
import { ProblemCode } from "./codes.js";
import { CounterIndex } from "./counters.js";
import type { PayloadSource } from "./options.js";
import { RECORD_HEADER_SIZE, RecordState, sizeOfRecord, type Outbox } from "./outbox.js";
import type { Sender } from "./sender.js";
import type { Session } from "./session.js";
import { FullPolicy, type Settings } from "./settings.js";
import type { Subscriptions } from "./subscriptions.js";

/** Takes publishes from the application: straight into the transmit region, or into the outbox. */
export class Publisher {
	/** A payload is being composed at the tail of the outbox. */
	composing = false;
	readonly #bytes: Uint8Array;
	readonly #session: Session;
	readonly #outbox: Outbox;
	readonly #subscriptions: Subscriptions;
	readonly #sender: Sender;
	readonly #application: Application;
	readonly #counters: Uint32Array;
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
	) {
		this.#bytes = arena.bytes;
		this.#session = session;
		this.#outbox = session.outbox;
		this.#subscriptions = subscriptions;
		this.#sender = sender;
		this.#application = application;
		this.#counters = counters;
		this.#queueQoS0 = settings.queueQoS0;
		this.#policy = settings.fullPolicy;
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
	publish(topic: Topic | string, payload: Uint8Array | string, qos: number, retain: boolean, now: number): number {
		if (!(topic instanceof Topic)) {
			const made = topicOf(topic);
			if (made === undefined) return StatusCode.INVALID_TOPIC;
			topic = made;
		}
		const isBytes = payload instanceof Uint8Array;
		const size = isBytes ? payload.length : typeof payload === "string" ? sizeOfText(payload) : -1;
		if (size < 0) return StatusCode.INVALID_PAYLOAD;
		const status = this.#check(qos);
		if (status !== StatusCode.OK) return status;
		const packetSize = sizeOfPublishHead(topic.field.length, qos, size) + size;
		const sender = this.#sender;
		let at: number;
		let packetId = 0;
		if (qos === 0 && this.#outbox.countQoS0 === 0 && packetSize <= sender.directRoom) {
			at = sender.writeQoS0(topic, retain, size, packetSize, now);
		} else {
			packetId = this.#enqueue(topic, size, packetSize, qos, retain);
			if (packetId < 0) return packetId;
			at = this.#outbox.tail - sizeOfRecord(packetSize) + RECORD_HEADER_SIZE + packetSize - size;
		}
		if (isBytes) this.#bytes.set(payload, at);
		else writeText(this.#bytes, at, payload);
		return packetId;
	}

	/** What has nothing to do with room. Hot: no allocation. */
	#check(qos: number): StatusCode {
		if (qos !== 0 && qos !== 1 && qos !== 2) return StatusCode.INVALID_QOS;
		if (this.composing) return StatusCode.BUSY;
		const sender = this.#sender;
		if (sender.disconnectDue || sender.finished) return StatusCode.STOPPED;
		if (qos === 0 && !sender.open && !this.#queueQoS0) return StatusCode.NOT_CONNECTED;
		return StatusCode.OK;
	}

	/** Puts a record without its payload at the tail. Hot: no allocation. */
	#enqueue(topic: Topic, payloadSize: number, packetSize: number, qos: number, retain: boolean): number {
		const field = topic.field;
		if (remainingLengthOfPublish(field.length, qos, payloadSize) > REMAINING_LENGTH_MAX) return StatusCode.TOO_LARGE;
		const size = sizeOfRecord(packetSize);
		const record = this.#reserve(size, field);
		if (record < 0) return record;
		const packetId = qos === 0 ? 0 : this.#session.takeId(this.#subscriptions);
		if (qos !== 0 && packetId === 0) return this.#refuse(StatusCode.FULL);
		writePublishHead(this.#bytes, record + RECORD_HEADER_SIZE, field, qos, retain, packetId, payloadSize);
		this.#outbox.commit(size, RecordState.QUEUED, qos, packetId, 0, RECORD_HEADER_SIZE, packetSize);
		return packetId;
	}

	/**
	 * Takes a publish whose payload is pulled from a source as it goes out. Parameters and statuses as for publish;
	 * FULL also when all `sources` are in use.
	 *
	 * in   total  bytes of the payload, 0 or more
	 */
	publishStream(topic: Topic | string, total: number, source: PayloadSource, qos: number, retain: boolean): number {
		const made = topic instanceof Topic ? topic : topicOf(topic);
		if (made === undefined) return StatusCode.INVALID_TOPIC;
		if (!Number.isInteger(total) || total < 0 || typeof source?.read !== "function") return StatusCode.INVALID_PAYLOAD;
		const status = this.#check(qos);
		if (status !== StatusCode.OK) return status;
		const field = made.field;
		if (remainingLengthOfPublish(field.length, qos, total) > REMAINING_LENGTH_MAX) return StatusCode.TOO_LARGE;
		const index = this.#application.freeSource();
		if (index < 0) return this.#refuse(StatusCode.FULL);
		const headSize = sizeOfPublishHead(field.length, qos, total);
		const size = sizeOfRecord(headSize);
		const record = this.#reserve(size, field);
		if (record < 0) return record;
		const packetId = qos === 0 ? 0 : this.#session.takeId(this.#subscriptions);
		if (qos !== 0 && packetId === 0) return this.#refuse(StatusCode.FULL);
		// The head ends with the record, so that its stored size is known.
		const start = size - headSize;
		writePublishHead(this.#bytes, record + start, field, qos, retain, packetId, total);
		this.#application.sources[index] = source;
		this.#outbox.commit(size, RecordState.QUEUED, qos, packetId, index + 1, start, headSize + total);
		return packetId;
	}

	/**
	 * Starts composing at the tail of the outbox.
	 *
	 * out  offset of the first payload byte; negative: a status as for publish
	 */
	startCompose(topic: Topic, qos: number): number {
		const status = this.#check(qos);
		if (status !== StatusCode.OK) return status;
		if (this.#policy === FullPolicy.LATEST_PER_TOPIC) this.#dropSameTopic(topic.field);
		this.#outbox.makeRoom();
		this.composing = true;
		return this.#outbox.tail + composedHeadMax(topic, qos);
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
		this.composing = false;
		const before = composedHeadMax(topic, qos);
		if (size < 0) {
			const whole = outbox.limit - outbox.base;
			return this.#refuse(outbox.count === 0 && outbox.limit - start + before >= whole ? StatusCode.TOO_LARGE : StatusCode.FULL);
		}
		const packetId = qos === 0 ? 0 : this.#session.takeId(this.#subscriptions);
		if (qos !== 0 && packetId === 0) return this.#refuse(StatusCode.FULL);
		// Records before it may have been given back in the meantime: the tail moves down, and the payload with it.
		const to = outbox.tail + before;
		if (to !== start) this.#bytes.copyWithin(to, start, start + size);
		const headSize = sizeOfPublishHead(topic.field.length, qos, size);
		writePublishHead(this.#bytes, to - headSize, topic.field, qos, retain, packetId, size);
		const recordSize = (before + size + 3) & ~3;
		outbox.commit(recordSize, RecordState.QUEUED, qos, packetId, 0, before - headSize, headSize + size);
		return packetId;
	}

	#refuse(status: StatusCode): StatusCode {
		this.#counters[CounterIndex.REFUSED_FULL]!++;
		this.#application.wantsRoom = true;
		return status;
	}

	/** Room at the tail, by the policy for a full outbox. Hot: no allocation. */
	#reserve(size: number, field: Uint8Array): number {
		const outbox = this.#outbox;
		if (this.#policy === FullPolicy.LATEST_PER_TOPIC) this.#dropSameTopic(field);
		for (;;) {
			const record = outbox.reserve(size);
			if (record >= 0) return record;
			if (record !== StatusCode.FULL || this.#policy !== FullPolicy.DROP_OLDEST) return this.#refuse(record);
			if (!this.#dropOldest()) return this.#refuse(record);
		}
	}

	/** Drops the oldest publish that has not been sent; one on its way has to finish. */
	#dropOldest(): boolean {
		const outbox = this.#outbox;
		for (let record = outbox.cursor; record < outbox.tail; record = outbox.next(record)) {
			if (outbox.state(record) !== RecordState.QUEUED || record === outbox.active) continue;
			this.#dropRecord(record);
			return true;
		}
		return false;
	}

	#dropSameTopic(field: Uint8Array): void {
		const outbox = this.#outbox;
		for (let record = outbox.cursor; record < outbox.tail; record = outbox.next(record)) {
			if (outbox.state(record) !== RecordState.QUEUED || record === outbox.active) continue;
			if (!this.#hasTopic(record, field)) continue;
			this.#dropRecord(record);
			return;
		}
	}

	#dropRecord(record: number): void {
		const packetId = this.#outbox.packetId(record);
		this.#counters[CounterIndex.DROPPED_OLD]!++;
		this.#session.drop(record);
		this.#application.problem(ProblemCode.PUBLISH_DROPPED, packetId);
	}

	#hasTopic(record: number, field: Uint8Array): boolean {
		const bytes = this.#bytes;
		let at = this.#outbox.packetStart(record) + 1;
		while (bytes[at]! > 127) at++;
		at++;
		for (let i = 0; i < field.length; i++) if (bytes[at + i] !== field[i]) return false;
		return true;
	}
}

/** Bytes in front of a composed payload: its size, and so the head's, is not known until the end. */
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
