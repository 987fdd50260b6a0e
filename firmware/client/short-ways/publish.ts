// Read MQTT 3.1.1 §3.3 before changing this file.
import { FirstByte, PublishFlag } from "../../codec/constants.js";
import { Topic } from "../../codec/topic.js";
import { Field, RecordBits, TagBits, type Outbox } from "../session/outbox.js";
import type { Session } from "../session/session.js";
import type { Counts } from "../terms/counters.js";
import type { TransmitParts, TransmitRegion } from "./transmit-region.js";

/** A constant of the module is found sooner than a global. */
const Bytes = Uint8Array;

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const OBJECT = "object";

/** Takes every publish, in any state. */
export interface LongPublisher {
	/** Whatever a program gives. */
	publish(topic: Topic | string, payload: Uint8Array | string, qos: number, retain: boolean | undefined): number;
	/** A Topic and bytes for certain. */
	publishBytes(topic: Topic, payload: Uint8Array, qos: number, retain: boolean | undefined): number;
}

/**
 * The short way of a publish whose packet can leave at once: `region.direct`, a Topic and bytes, and a Remaining Length of
 * one byte. It stands for Publisher.publish, Sender.fill, and Session.handleSending; the bytes and tables are the same
 * afterwards, but for the turn, in which nothing is left to be filled.
 *
 * QoS 0: the packet is made where it goes out from.
 *
 *     offset        to                                       limit
 *     | ...         | 3x | length | topic field | payload |   |
 *
 * QoS 1 and 2: the packet is made as a record of the outbox, which is in flight already, and copied. Not taken when
 * something else may have to go first (`work`), when the window is full, when the next identifier has to be looked for, when
 * there is too little room in the region or at the tail, or when a record waits: a callback may publish while what it
 * follows has opened the window, and the turn has not gone on yet.
 *
 *     outbox: ...     tail      start
 *                     | header  | 3x | length | topic field | packetId | payload |
 *     region: ...     to          ↓ copied
 *                     | 3x | length | topic field | packetId | payload |          limit
 *
 * With `cursor === tail` no record waits, so the policy for a full outbox has nothing to do, LATEST_PER_TOPIC included.
 * Both ways are in one function, because a call costs more than what it would do.
 */
export class ShortPublisher {
	private readonly _region: TransmitRegion;
	private readonly _counters: Counts;
	private readonly _session: Session;
	private readonly _outbox: Outbox;
	private readonly _long: LongPublisher;

	/** in  long  takes what this does not */
	constructor(parts: TransmitParts, long: LongPublisher) {
		this._region = parts.region;
		this._counters = parts.counts;
		this._session = parts.session;
		this._outbox = parts.session.outbox;
		this._long = long;
	}

	/** Takes a publish (§3.3): see Publisher.publish. */
	publish(topic: Topic | string, payload: Uint8Array | string, qos: number, retain: boolean | undefined): number;
	/** Whether these are a Topic and bytes is asked first of all. Hot: no allocation. */
	publish(topic: Topic, payload: Uint8Array, qos: number, retain: boolean | undefined): number {
		// Not by instanceof, which costs several times as much: what is derived from these takes the long way, as text does.
		if ((topic as Topic | undefined)?.constructor !== Topic) return this._long.publish(topic, payload, qos, retain);
		// First typeof: a property of text would make an object of it.
		if (typeof payload !== OBJECT || (payload as Uint8Array | null)?.constructor !== Bytes)
			return this._long.publish(topic, payload, qos, retain);
		const region = this._region;
		if (region.direct) {
			const fieldSize = topic.fieldSize;
			const to = region.offset + region.size;
			if (qos === 0) {
				const remaining = fieldSize + payload.length;
				if (remaining < 128 && to + 2 + remaining <= region.limit) {
					const firstByte = retain ? FirstByte.PUBLISH | PublishFlag.RETAIN : FirstByte.PUBLISH;
					const bytes = region.bytes;
					region.view.setInt16(to, (firstByte << 8) | remaining);
					bytes.set(topic.field, to + 2);
					bytes.set(payload, to + 2 + fieldSize);
					region.size += 2 + remaining;
					this._counters.publishesOut++;
					return 0;
				}
			} else if (!region.work && (qos === 1 || qos === 2)) {
				const outbox = this._outbox;
				const session = this._session;
				const tail = outbox.tail;
				const start = tail + RecordBits.HEADER_SIZE;
				const packetSize = 4 + fieldSize + payload.length;
				const inflight = session.waiting + session.releasedCount + 1;
				const packetId = session.nextId;
				if (
					packetSize < 130 &&
					start + packetSize <= outbox.limit &&
					to + packetSize <= region.limit &&
					inflight <= session.window &&
					packetId < session.freeEnd &&
					outbox.cursor === tail
				) {
					const counters = this._counters;
					const bytes = region.bytes;
					const view = region.view;
					const words = outbox.words;
					session.nextId = packetId + 1;
					session.waiting++;
					const firstByte = FirstByte.PUBLISH | (qos << PublishFlag.QOS_SHIFT) | (retain ? PublishFlag.RETAIN : 0);
					view.setInt16(start, (firstByte << 8) | (packetSize - 2));
					bytes.set(topic.field, start + 2);
					view.setInt16(start + 2 + fieldSize, packetId);
					bytes.set(payload, start + 4 + fieldSize);
					bytes.copyWithin(to, start, start + packetSize);
					region.size += packetSize;
					const recordSize = (RecordBits.HEADER_SIZE + 3 + packetSize) & ~3;
					const tags = (packetId << TagBits.ID_SHIFT) | (qos === 1 ? TagBits.PUBACK_WAIT : TagBits.PUBREC_WAIT);
					words[tail >> 2] = RecordBits.START_AT_ONCE | recordSize;
					words[(tail >> 2) + Field.TAGS] = tags;
					outbox.tail = outbox.cursor = tail + recordSize;
					const used = (outbox.used += recordSize);
					outbox.alone = outbox.count++ ? 0 : tags;
					counters.publishesOut++;
					if (used > counters.outboxMax) counters.outboxMax = used;
					// One has been noted by the publish before: the first identifier is looked for on the long way.
					if (inflight > 1) this.noteMost(inflight);
					return packetId;
				}
			}
		}
		return this._long.publishBytes(topic, payload, qos, retain);
	}

	/** High-water marks of publishes that are not finished. */
	private noteMost(inflight: number): void {
		if (inflight > this._counters.inflightMax) this._counters.inflightMax = inflight;
		if (this._outbox.count > this._counters.outboxRecordsMax) this._counters.outboxRecordsMax = this._outbox.count;
	}
}
