// Read MQTT 3.1.1 §3.3 before changing this file.
import { sizeOfText, writeText } from "../../base/text.js";
import { FirstByte, PublishFlag, Max } from "../../codec/constants.js";
import {
	remainingLengthOfPublish,
	sizeOfPublishHead,
	sizeOfVarint,
	writePublishHead,
	writeVarint,
} from "../../codec/encode.js";
import { StatusCode } from "../../codec/status.js";
import { Topic, topicOf } from "../../codec/topic.js";
import type { Application } from "../telling/application.js";
import { ProblemCode } from "../terms/codes.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import type { PayloadSource } from "../terms/options.js";
import { RecordBits, RecordState, sizeOfRecord, type Outbox } from "../session/outbox.js";
import type { Session } from "../session/session.js";
import type { Subscriptions } from "../session/subscriptions.js";
import { FullPolicy } from "../setup/settings.js";
import type { LongPublisher } from "../short-ways/publish.js";
import { Leaving, type TransmitParts, type TransmitRegion } from "../short-ways/transmit-region.js";

// Literals of a preloaded module are copied into the heap each time they are executed; constants are not.
const STRING = "string";
const FUNCTION = "function";

/**
 * Takes publishes from the application, in any state: into the outbox, or at QoS 0 straight into the transmit region.
 * ShortPublisher, which is asked first, takes the usual ones where nothing stands in their way. Hot: no allocation.
 */
export class Publisher implements LongPublisher {
	private readonly _region: TransmitRegion;
	private readonly _outbox: Outbox;
	private readonly _session: Session;
	private readonly _bytes: Uint8Array;
	private readonly _counters: Counts;
	private readonly _subscriptions: Subscriptions;
	private readonly _application: Application;
	private readonly _queueQoS0: boolean;
	private readonly _policy: FullPolicy;
	/** Where the payload goes of the publish that was started last. */
	private _payloadAt = 0;
	/** A number that is another after each time that a payload was begun or finished. */
	private _composed = 0;

	constructor(parts: TransmitParts) {
		this._region = parts.region;
		this._outbox = parts.session.outbox;
		this._session = parts.session;
		this._bytes = parts.arena.bytes;
		this._counters = parts.counts;
		this._subscriptions = parts.subscriptions;
		this._application = parts.application;
		this._queueQoS0 = parts.settings.queueQoS0;
		this._policy = parts.settings.fullPolicy;
	}

	/** A payload is being composed at the tail of the outbox. */
	get composing(): boolean {
		return this._region.composing;
	}

	/** A payload is begun to be composed, or is finished. */
	setComposing(composing: boolean): void {
		this._composed++;
		this._region.setComposing(composing);
	}

	/** Gives up a payload that is being composed. */
	dropCompose(): void {
		this.setComposing(false);
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
	publish(topic: Topic | string, payload: Uint8Array | string, qos: number, retain: boolean | undefined): number {
		const made = topic instanceof Topic ? topic : topicOf(topic);
		if (made === undefined) return StatusCode.INVALID_TOPIC;
		if (payload instanceof Uint8Array) return this.publishBytes(made, payload, qos, retain);
		return this.publishText(made.field, payload, qos, retain);
	}

	/** As publish, of a Topic and bytes. Hot: no allocation. */
	publishBytes(topic: Topic, payload: Uint8Array, qos: number, retain: boolean | undefined): number {
		const packetId = this.start(topic.field, payload.length, qos, retain);
		if (packetId >= 0) this._bytes.set(payload, this._payloadAt);
		return packetId;
	}

	/** Text is written where it goes, without bytes in between. */
	protected publishText(field: Uint8Array, text: unknown, qos: number, retain: boolean | undefined): number {
		const size = typeof text === STRING ? sizeOfText(text as string) : -1;
		if (size < 0) return StatusCode.INVALID_PAYLOAD;
		const packetId = this.start(field, size, qos, retain);
		if (packetId >= 0) writeText(this._bytes, this._payloadAt, text as string);
		return packetId;
	}

	/** Writes everything of a PUBLISH but its payload, which goes to _payloadAt. Hot: no allocation. */
	private start(field: Uint8Array, size: number, qos: number, retain: boolean | undefined): number {
		const region = this._region;
		if (qos !== 0 || !region.direct) return this.enqueue(field, size, qos, retain);
		const remaining = field.length + size;
		const packetSize = 1 + sizeOfVarint(remaining) + remaining;
		const at = region.offset + region.size;
		if (at + packetSize > region.limit) return this.enqueue(field, size, qos, retain);
		this._payloadAt = writePublishHead(this._bytes, at, field, 0, retain, 0, size);
		region.size += packetSize;
		this._counters.publishesOut++;
		return 0;
	}

	/** What has nothing to do with room. Hot: no allocation. */
	private check(qos: number): StatusCode {
		if (qos !== 0 && qos !== 1 && qos !== 2) return StatusCode.INVALID_QOS;
		if (this._region.composing) return StatusCode.BUSY;
		if (this._region.leaving !== Leaving.NO) return StatusCode.STOPPED;
		if (qos === 0 && !this._region.open && !this._queueQoS0) return StatusCode.NOT_CONNECTED;
		return StatusCode.OK;
	}

	/**
	 * Puts a record without its payload at the tail. Hot: no allocation.
	 */
	private enqueue(field: Uint8Array, payloadSize: number, qos: number, retain: boolean | undefined): number {
		const region = this._region;
		// All is well as a rule; what is not is looked for elsewhere.
		if (!region.open || region.composing || region.leaving !== Leaving.NO || (qos !== 1 && qos !== 2)) {
			const status = this.check(qos);
			if (status !== StatusCode.OK) return status;
		}
		const fieldSize = field.length;
		const remaining = fieldSize + payloadSize + (qos === 0 ? 0 : 2);
		const headSize = remaining < 128 ? 2 : 1 + sizeOfVarint(remaining);
		const size = (RecordBits.HEADER_SIZE + headSize + remaining + 3) & ~3;
		if (remaining > Max.REMAINING_LENGTH) return StatusCode.TOO_LARGE;
		const outbox = this._outbox;
		let record = outbox.tail;
		if (size > outbox.limit - record || this._policy === FullPolicy.LATEST_PER_TOPIC) {
			record = this.reserve(size, field);
			if (record < 0) return record;
		}
		const packetId = qos === 0 ? 0 : this._session.takeId(this._subscriptions);
		if (qos !== 0 && packetId === 0) return this.refuse(StatusCode.FULL);
		const bytes = this._bytes;
		const start = record + RecordBits.HEADER_SIZE;
		bytes[start] = FirstByte.PUBLISH | (qos << PublishFlag.QOS_SHIFT) | (retain ? PublishFlag.RETAIN : 0);
		if (remaining < 128) bytes[start + 1] = remaining;
		else writeVarint(bytes, start + 1, remaining);
		let at = start + headSize;
		bytes.set(field, at);
		at += fieldSize;
		if (qos !== 0) {
			bytes[at] = packetId >> 8;
			bytes[at + 1] = packetId & 0xff;
			at += 2;
		} else region.noteQoS0Waits();
		this._payloadAt = at;
		outbox.commit(size, qos, packetId, 0, RecordBits.HEADER_SIZE);
		region.wakeRecords();
		return packetId;
	}

	/**
	 * Takes a publish whose payload is pulled from a source as it goes out. Parameters and statuses as for publish;
	 * FULL also when all `sources` are in use; TOO_LARGE also when there is none at all.
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
		if (remainingLengthOfPublish(field.length, qos, total) > Max.REMAINING_LENGTH) return StatusCode.TOO_LARGE;
		if (this._application.sources.length === 0) return this.refuse(StatusCode.TOO_LARGE);
		if (this._application.freeSource() < 0) return this.refuse(StatusCode.FULL);
		const headSize = sizeOfPublishHead(field.length, qos, total);
		const size = sizeOfRecord(headSize);
		const record = this.reserve(size, field);
		if (record < 0) return record;
		// Not before: told of a publish that gave way, the application may have published another stream.
		const index = this._application.freeSource();
		const packetId = qos === 0 ? 0 : this._session.takeId(this._subscriptions);
		if (index < 0 || (qos !== 0 && packetId === 0)) return this.refuse(StatusCode.FULL);
		// The head ends with the record, so that its stored size is known.
		const start = size - headSize;
		writePublishHead(this._bytes, record + start, field, qos, retain, packetId, total);
		this._application.sources[index] = source;
		this._outbox.commit(size, qos, packetId, index + 1, start);
		if (qos === 0) this._region.noteQoS0Waits();
		this._region.wakeRecords();
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
		const start = this.growCompose(topic, qos, 0, 0, 0);
		if (start < 0) return start === (StatusCode.BUSY as number) ? start : this.refuse(start);
		this.setComposing(true);
		return start;
	}

	/**
	 * Makes room for a payload that is composed: with what was given back meanwhile, and by the policy for a full outbox.
	 *
	 * in   start  where it starts now
	 *      used   bytes of it that are written
	 *      size   bytes that are wanted, those included
	 * out  where it starts from now on; FULL, TOO_LARGE: as for publish; BUSY: who was told of a publish that gave way has begun
	 *      a payload, or given up this one
	 */
	growCompose(topic: Topic, qos: number, start: number, used: number, size: number): number {
		const outbox = this._outbox;
		const composing = this._region.composing;
		const composed = this._composed;
		const before = composedHeadMax(topic, qos);
		const room = outbox.limit - outbox.base - before - size;
		if (room < 0) return StatusCode.TOO_LARGE;
		while (room < outbox.used) {
			if (this._policy !== FullPolicy.DROP_OLDEST || !this.dropOldest(before + size)) return StatusCode.FULL;
			if (this._composed !== composed && (composing || this._region.composing)) return StatusCode.BUSY;
		}
		outbox.makeRoom();
		const to = outbox.tail + before;
		if (to !== start) this._bytes.copyWithin(to, start, start + used);
		return to;
	}

	/** One past the last byte that a composed payload may take. */
	get composeLimit(): number {
		return this._outbox.limit;
	}

	/**
	 * Ends composing.
	 *
	 * in   start  what startCompose returned
	 *      size   bytes that were written there; FULL or TOO_LARGE when they did not fit
	 */
	finishCompose(topic: Topic, qos: number, retain: boolean, start: number, size: number): number {
		const outbox = this._outbox;
		this.setComposing(false);
		const before = composedHeadMax(topic, qos);
		if (size < 0) {
			this.refuse(size);
			if (size === (StatusCode.FULL as number)) this.wantRoom();
			return size;
		}
		const packetId = qos === 0 ? 0 : this._session.takeId(this._subscriptions);
		if (qos !== 0 && packetId === 0) return this.refuse(StatusCode.FULL);
		// Records before it may have been given back in the meantime: the tail moves down, and the payload with it.
		const to = outbox.tail + before;
		if (to !== start) this._bytes.copyWithin(to, start, start + size);
		const headSize = sizeOfPublishHead(topic.field.length, qos, size);
		writePublishHead(this._bytes, to - headSize, topic.field, qos, retain, packetId, size);
		const record = outbox.tail;
		outbox.commit((before + size + 3) & ~3, qos, packetId, 0, before - headSize);
		this._region.wakeRecords();
		// Not before: a payload that is given up, or refused, replaces nothing.
		if (this._policy === FullPolicy.LATEST_PER_TOPIC) this.dropSameTopic(topic.field, 0, record);
		return packetId;
	}

	/** Somebody learns of a refusal: of room that is made from now on, or is there already because nothing is left. */
	wantRoom(): void {
		this._application.room.composeRefused(this._outbox.count === 0);
	}

	private refuse(status: StatusCode): StatusCode {
		this._counters.table[CounterIndex.REFUSED_FULL]!++;
		this._application.room.publishRefused(status === StatusCode.FULL);
		return status;
	}

	/** Room at the tail, by the policy for a full outbox. Hot: no allocation. */
	private reserve(size: number, field: Uint8Array): number {
		const outbox = this._outbox;
		if (this._policy === FullPolicy.LATEST_PER_TOPIC) this.dropSameTopic(field, size, outbox.tail);
		for (;;) {
			// Told of a publish that gave way, the application may have begun to compose: the tail is taken.
			if (this._region.composing) return StatusCode.BUSY;
			const record = outbox.reserve(size);
			if (record >= 0) return record;
			if (record !== StatusCode.FULL || this._policy !== FullPolicy.DROP_OLDEST) return this.refuse(record);
			if (!this.dropOldest(size)) return this.refuse(record);
		}
	}

	/**
	 * Drops the oldest publish that has not been sent; one on its way has to finish.
	 *
	 * in   size  bytes that are wanted, more than there are
	 * out  false: all that may go together would not make as much room, and nothing has gone
	 */
	private dropOldest(size: number): boolean {
		const outbox = this._outbox;
		let missing = size - (outbox.limit - outbox.base - outbox.used);
		let oldest = -1;
		for (let record = outbox.cursor; record < outbox.tail; record = outbox.next(record)) {
			if (outbox.state(record) !== RecordState.QUEUED || record === outbox.active) continue;
			if (oldest < 0) oldest = record;
			missing -= outbox.size(record);
			if (missing > 0) continue;
			this.dropRecord(oldest);
			return true;
		}
		return false;
	}

	/**
	 * Drops the publish to the same topic that has not been sent, if there is room for one of `size` bytes then.
	 *
	 * in   limit  the record at which to stop looking
	 */
	private dropSameTopic(field: Uint8Array, size: number, limit: number): void {
		const outbox = this._outbox;
		for (let record = outbox.cursor; record < limit; record = outbox.next(record)) {
			if (outbox.state(record) !== RecordState.QUEUED || record === outbox.active) continue;
			if (!this.hasTopic(record, field)) continue;
			if (size <= outbox.limit - outbox.base - outbox.used + outbox.size(record)) this.dropRecord(record);
			return;
		}
	}

	private dropRecord(record: number): void {
		const packetId = this._outbox.packetId(record);
		this._counters.table[CounterIndex.DROPPED_OLD]!++;
		this._session.drop(record);
		this._application.problem(ProblemCode.PUBLISH_DROPPED, packetId);
	}

	private hasTopic(record: number, field: Uint8Array): boolean {
		const bytes = this._bytes;
		let at = this._outbox.packetStart(record) + 1;
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
	return RecordBits.HEADER_SIZE + 1 + sizeOfVarint(Max.REMAINING_LENGTH) + topic.field.length + (qos === 0 ? 0 : 2);
}
