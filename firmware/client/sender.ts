import { assert, fail } from "../base/assert.js";
import { FirstByte, PublishFlag, QOS_SHIFT } from "../codec/constants.js";
import { ACK_SIZE, writeAck, writePublishHead } from "../codec/encode.js";
import type { Topic } from "../codec/topic.js";
import type { Application } from "./application.js";
import { ACK_RING_SIZE, type Arena } from "./arena.js";
import { CounterIndex, raise } from "./counters.js";
import { RecordState, type Outbox } from "./outbox.js";
import { Direction, type PacketLog } from "./packet-log.js";
import type { Session } from "./session.js";
import type { Subscriptions } from "./subscriptions.js";

/** What happened while filling the transmit region. */
export const enum Fill {
	OK = 0,
	/** A source failed in the middle of its packet: the stream of bytes cannot be mended. */
	SOURCE_FAILED = -1,
}

const RING_MASK = ACK_RING_SIZE - 1;
assert((ACK_RING_SIZE & RING_MASK) === 0, "sender: ring size is a power of two");

/**
 * Everything that goes out on one connection: it fills the transmit region, always from its start, with whole packets
 * or with pieces of one that is larger than the region.
 *
 *     txOffset                      end                    txLimit
 *     | waits for the transport      | room                 |
 */
export class Sender {
	/** Bytes that wait for the transport. */
	size = 0;
	/** The last fill left something out for lack of room: fill again when there is some. */
	short = false;
	/** PINGREQ is to be sent. */
	pingDue = false;
	/** A SUBSCRIBE or UNSUBSCRIBE was written since this was last cleared. */
	requested = false;
	/** Whether packets other than CONNECT may be sent: CONNACK has come. */
	open = false;
	/** DISCONNECT is to be sent when everything else is out. */
	disconnectDue = false;
	/** DISCONNECT does not wait for the outbox any more. */
	disconnectForced = false;
	/** DISCONNECT is written: nothing may follow [MQTT-3.14.4-2]. */
	finished = false;
	#connectLeft = 0;
	/** Bytes of the active record's packet that are in the region or gone. */
	#done = 0;
	/** The active record's source has nothing now. */
	#sourceDry = false;
	/** Acks that wait for room: first byte << 16 | packet identifier. */
	readonly #acks = new Int32Array(ACK_RING_SIZE);
	#ackHead = 0;
	#ackCount = 0;
	readonly #arena: Arena;
	readonly #bytes: Uint8Array;
	readonly #offset: number;
	readonly #limit: number;
	readonly #session: Session;
	readonly #outbox: Outbox;
	readonly #subscriptions: Subscriptions;
	readonly #application: Application;
	readonly #counters: Uint32Array;
	readonly #log: PacketLog;

	constructor(
		arena: Arena,
		session: Session,
		subscriptions: Subscriptions,
		application: Application,
		counters: Uint32Array,
		log: PacketLog,
	) {
		this.#arena = arena;
		this.#bytes = arena.bytes;
		this.#offset = arena.txOffset;
		this.#limit = arena.txLimit;
		this.#session = session;
		this.#outbox = session.outbox;
		this.#subscriptions = subscriptions;
		this.#application = application;
		this.#counters = counters;
		this.#log = log;
	}

	/** A connection ends, or one is about to begin: nothing of the old one may be sent on the new one. */
	reset(): void {
		this.size = 0;
		this.pingDue = this.requested = this.open = this.disconnectDue = this.finished = false;
		this.disconnectForced = false;
		this.#connectLeft = this.#done = this.#ackCount = 0;
		this.#sourceDry = false;
		this.#outbox.active = -1;
	}

	/** CONNECT is the first packet [MQTT-3.1.0-1]. */
	startConnect(now: number): void {
		this.#connectLeft = this.#arena.connectSize;
		this.#log.add(Direction.OUT, FirstByte.CONNECT, 0, this.#arena.connectSize, now);
	}

	/** Whether CONNECT has been written whole. */
	get connectSent(): boolean {
		return this.#connectLeft === 0;
	}

	/** Whether there is room for one more ack, now or in the ring. Hot: no allocation. */
	get takesAck(): boolean {
		return this.#ackCount < ACK_RING_SIZE;
	}

	/** Whether nothing is left to be written. */
	get idle(): boolean {
		return this.size === 0 && this.#ackCount === 0 && !this.pingDue;
	}

	/** Whether the bytes in the region end with the end of a packet, so that any packet may follow. */
	get #betweenPackets(): boolean {
		return this.#outbox.active < 0 && this.#connectLeft === 0;
	}

	/**
	 * Queues PUBACK, PUBREC, PUBREL or PUBCOMP; takesAck has been asked. Acks leave in the order of these calls
	 * [MQTT-4.6.0-2], [MQTT-4.6.0-3]. Hot: no allocation.
	 */
	ack(firstByte: FirstByte, packetId: number, now: number): void {
		this.#log.add(Direction.OUT, firstByte, packetId, ACK_SIZE, now);
		const at = this.#offset + this.size;
		if (this.#ackCount === 0 && this.#limit - at >= ACK_SIZE && this.#betweenPackets) {
			writeAck(this.#bytes, at, firstByte, packetId);
			this.size += ACK_SIZE;
			return;
		}
		if (this.#ackCount >= ACK_RING_SIZE) fail("sender: ack ring overrun");
		this.#acks[(this.#ackHead + this.#ackCount) & RING_MASK] = (firstByte << 16) | packetId;
		raise(this.#counters, CounterIndex.ACKS_MAX, ++this.#ackCount);
	}

	/** Room for a packet that is written straight into the region; 0 when it would not stand between packets. */
	get directRoom(): number {
		return this.open && !this.disconnectDue && this.#betweenPackets ? this.#limit - this.#offset - this.size : 0;
	}

	/**
	 * Writes a QoS 0 PUBLISH straight into the region; directRoom has been asked. Hot: no allocation.
	 *
	 * out  where the payload goes: payloadSize bytes that the caller writes
	 */
	writeQoS0(topic: Topic, retain: boolean, payloadSize: number, packetSize: number, now: number): number {
		const start = this.#offset + this.size;
		const at = writePublishHead(this.#bytes, start, topic.field, 0, retain, 0, payloadSize);
		this.size += packetSize;
		this.#counters[CounterIndex.PUBLISHES_OUT]!++;
		this.#log.add(Direction.OUT, this.#bytes[start]!, 0, packetSize, now);
		return at;
	}

	/** A source may have bytes again. */
	resumeSources(): void {
		this.#sourceDry = false;
	}

	/**
	 * Puts as much into the region as there is and as fits, in this order: the packet that has begun, acks, PINGREQ,
	 * PUBRELs, requests, publishes, DISCONNECT. Hot: no allocation.
	 */
	fill(now: number): Fill {
		this.short = false;
		if (this.#connectLeft > 0) this.#fillConnect();
		if (!this.#betweenPackets) {
			if (this.#outbox.active < 0) return Fill.OK;
			const result = this.#fillRecord();
			if (result !== Fill.OK || this.#outbox.active >= 0) return result;
		}
		if (this.#ackCount > 0) this.#fillAcks();
		if (this.finished) return Fill.OK;
		if (this.open) {
			if (this.pingDue) this.#fillPing(now);
			const session = this.#session;
			if (session.releasedSent < session.releasedCount) this.#fillReleased(now);
			if (this.#subscriptions.pending > 0 && !this.disconnectDue) this.#fillRequests(now);
			const outbox = this.#outbox;
			while (outbox.cursor < outbox.tail && !this.disconnectForced) {
				const result = this.#startRecord(now);
				if (result <= 0) {
					if (result < 0) return result;
					break;
				}
			}
		}
		if (this.disconnectDue) this.#fillDisconnect(now);
		return Fill.OK;
	}

	/** The transport has taken bytes from the start of the region; what is left moves there. Hot: no allocation. */
	handleSent(count: number): void {
		if (count > this.size) fail("sender: more sent than there was");
		const left = this.size - count;
		if (left > 0) this.#bytes.copyWithin(this.#offset, this.#offset + count, this.#offset + this.size);
		this.size = left;
	}

	#fillConnect(): void {
		const room = this.#limit - this.#offset - this.size;
		const left = this.#connectLeft;
		const count = left < room ? left : room;
		const from = this.#arena.connectOffset + this.#arena.connectSize - left;
		this.#bytes.copyWithin(this.#offset + this.size, from, from + count);
		this.size += count;
		this.#connectLeft = left - count;
		if (count < left) this.short = true;
	}

	#fillAcks(): void {
		while (this.#ackCount > 0 && this.#limit - this.#offset - this.size >= ACK_SIZE) {
			const ack = this.#acks[this.#ackHead]!;
			this.#ackHead = (this.#ackHead + 1) & RING_MASK;
			this.#ackCount--;
			writeAck(this.#bytes, this.#offset + this.size, ack >> 16, ack & 0xffff);
			this.size += ACK_SIZE;
		}
		if (this.#ackCount > 0) this.short = true;
	}

	/** A packet of two bytes: PINGREQ (§3.12) or DISCONNECT (§3.14). */
	#writeEmpty(firstByte: FirstByte, now: number): boolean {
		const at = this.#offset + this.size;
		if (this.#limit - at < 2) {
			this.short = true;
			return false;
		}
		this.#bytes[at] = firstByte;
		this.#bytes[at + 1] = 0;
		this.size += 2;
		this.#log.add(Direction.OUT, firstByte, 0, 2, now);
		return true;
	}

	#fillPing(now: number): void {
		if (!this.#writeEmpty(FirstByte.PINGREQ, now)) return;
		this.pingDue = false;
		this.#counters[CounterIndex.PINGS]!++;
	}

	#fillReleased(now: number): void {
		const session = this.#session;
		while (session.releasedSent < session.releasedCount) {
			const at = this.#offset + this.size;
			if (this.#limit - at < ACK_SIZE) {
				this.short = true;
				return;
			}
			const packetId = session.released[session.releasedSent++]!;
			writeAck(this.#bytes, at, FirstByte.PUBREL, packetId);
			this.size += ACK_SIZE;
			this.#log.add(Direction.OUT, FirstByte.PUBREL, packetId, ACK_SIZE, now);
		}
	}

	#fillRequests(now: number): void {
		while (this.#subscriptions.pending > 0) {
			const start = this.#offset + this.size;
			// An identifier that turns out not to be needed stays unused: there are enough.
			const packetId = this.#session.takeId(this.#subscriptions);
			if (packetId === 0) return;
			const end = this.#subscriptions.writeRequest(start, this.#limit, packetId);
			if (end === start) {
				this.short = true;
				return;
			}
			this.size += end - start;
			this.requested = true;
			this.#log.add(Direction.OUT, this.#bytes[start]!, packetId, end - start, now);
		}
	}

	/**
	 * Starts the record at the cursor.
	 *
	 * out  1: go on with the next; 0: no more now; negative: a Fill
	 */
	#startRecord(now: number): number {
		const outbox = this.#outbox;
		const record = outbox.cursor;
		const state = outbox.state(record);
		if (state === RecordState.FREE) {
			outbox.cursor = outbox.next(record);
			return 1;
		}
		const qos = outbox.qos(record);
		if (state === RecordState.QUEUED && qos !== 0 && !this.#session.windowOpen) return 0;
		if (this.size === this.#limit - this.#offset) {
			this.short = true;
			return 0;
		}
		this.#session.handleSending(record);
		outbox.active = record;
		outbox.cursor = outbox.next(record);
		this.#done = 0;
		this.#counters[CounterIndex.PUBLISHES_OUT]!++;
		const start = outbox.packetStart(record);
		this.#log.add(Direction.OUT, this.#bytes[start]!, outbox.packetId(record), outbox.packetSize(record), now);
		const result = this.#fillRecord();
		if (result !== Fill.OK) return result;
		return outbox.active < 0 ? 1 : 0;
	}

	/** Copies the active record's packet into the region, or the next piece of it. */
	#fillRecord(): Fill {
		const outbox = this.#outbox;
		const record = outbox.active;
		const packetSize = outbox.packetSize(record);
		const stored = outbox.storedSize(record);
		const source = outbox.source(record);
		let done = this.#done;
		let at = this.#offset + this.size;
		const storedHere = source === 0 ? packetSize : stored;
		if (done < storedHere) {
			const left = storedHere - done;
			const count = left < this.#limit - at ? left : this.#limit - at;
			const from = outbox.packetStart(record) + done;
			this.#bytes.copyWithin(at, from, from + count);
			done += count;
			at += count;
		}
		let result = Fill.OK;
		while (source !== 0 && done >= storedHere && done < packetSize && at < this.#limit && !this.#sourceDry) {
			const left = packetSize - done;
			const room = left < this.#limit - at ? left : this.#limit - at;
			const count = this.#application.pull(source - 1, done - storedHere, this.#bytes, at, room);
			if (count < 0) {
				result = Fill.SOURCE_FAILED;
				break;
			}
			if (count === 0) this.#sourceDry = true;
			done += count;
			at += count;
		}
		this.#done = done;
		this.size = at - this.#offset;
		if (done === packetSize) this.#finishRecord(record);
		else if (at === this.#limit) this.short = true;
		return result;
	}

	/** The active record's packet is written whole. */
	#finishRecord(record: number): void {
		this.#outbox.active = -1;
		raise(this.#counters, CounterIndex.TX_MAX, this.size);
		if (this.#outbox.qos(record) === 0) this.#session.handleSentQoS0(record);
	}

	/** §3.14, when everything else is out. Before CONNACK too: a server may have accepted us already. */
	#fillDisconnect(now: number): void {
		if (!this.#betweenPackets || this.#ackCount > 0) return;
		const session = this.#session;
		const unfinished = session.outbox.count + session.releasedCount;
		if (unfinished > 0 && !this.disconnectForced) return;
		if (!this.#writeEmpty(FirstByte.DISCONNECT, now)) return;
		this.disconnectDue = false;
		this.finished = true;
	}
}

/** QoS of a PUBLISH by its first byte. Hot: no allocation. */
export function qosOf(firstByte: number): number {
	return (firstByte & PublishFlag.QOS_MASK) >> QOS_SHIFT;
}
