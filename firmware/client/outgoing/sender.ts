import { fail } from "../../base/assert.js";
import { writeConnect } from "../../codec/connect.js";
import { FirstByte, PublishFlag } from "../../codec/constants.js";
import { Size, writeAck } from "../../codec/encode.js";
import type { Application } from "../telling/application.js";
import { Fixed } from "../setup/arena.js";
import type { Parts } from "../session/parts.js";
import { CounterIndex, type Counts, raise } from "../terms/counters.js";
import { Field, RecordBits, RecordState, type Outbox } from "../session/outbox.js";
import type { Session } from "../session/session.js";
import type { Subscriptions } from "../session/subscriptions.js";

/** What happened while filling the transmit region. */
export const enum Fill {
	OK = 0,
	/** This record is written whole; go on with the next. */
	MORE = 1,
	/** A source failed in the middle of its packet: the stream of bytes cannot be mended. */
	SOURCE_FAILED = -1,
	/** A callback of a source has ended the connection: there is nothing to fill any more. */
	ENDED = -2,
}

/** What there may be to be sent. */
export const enum Work {
	NONE = 0,
	/** Publishes in the outbox. */
	RECORDS = 1,
	/** Anything. */
	ALL = 2,
}

const enum Ring {
	MASK = Fixed.ACK_RING_SIZE - 1,
}

/**
 * Everything that goes out on one connection: it fills the transmit region, always from its start, with whole packets
 * or with pieces of one that is larger than the region.
 *
 *     txOffset                      end                    txLimit
 *     | waits for the transport      | room                 |
 *
 * Hot: no allocation.
 */
export class Sender {
	/** Bytes that wait for the transport. */
	size = 0;
	/**
	 * Something may be there to be sent: bits of Work. Whoever makes something sets it; fill clears it, unless it had to
	 * leave something out for lack of room.
	 */
	work: number = Work.NONE;
	/**
	 * A QoS 0 PUBLISH may be written straight into the region: the link is open, a packet may start here, no other QoS 0
	 * publish waits, none is being composed.
	 */
	direct = false;
	/** The bytes in the region end with the end of a packet, and DISCONNECT is not among them: an ack may follow. */
	boundary = false;
	/** A payload is being composed at the tail of the outbox. */
	composing = false;
	/** A number that is another after each time that one was begun or finished. */
	composed = 0;
	/** Acks that wait for room in the region; up to Fixed.ACK_RING_SIZE. */
	ackCount = 0;
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
	/** Somebody has to hear when all bytes of the region are gone: some had to wait, or DISCONNECT is the last of them. */
	watched = false;
	private _connectLeft = 0;
	/** Bytes of the active record's packet that are in the region or gone. */
	private _done = 0;
	/** The active record's source has nothing now. */
	private _sourceDry = false;
	/** In the ring of acks that wait for room: first byte << 16 | packet identifier, a word each. */
	private _ackHead = 0;
	/** CONNECT as it is sent, in full: from here to one below the limit. */
	readonly connectOffset: number;
	private readonly _connectLimit: number;
	protected readonly _bytes: Uint8Array;
	private readonly _words: Int32Array;
	protected readonly _view: DataView;
	/** The region: from offset to one below limit. */
	readonly offset: number;
	readonly limit: number;
	protected readonly _session: Session;
	protected readonly _outbox: Outbox;
	protected readonly _subscriptions: Subscriptions;
	protected readonly _application: Application;
	protected readonly _counters: Counts;

	constructor(parts: Parts) {
		const { arena, session, settings } = parts;
		this._bytes = arena.bytes;
		this._words = arena.words;
		this._view = arena.view;
		this.connectOffset = arena.take(settings.connectSize);
		this._connectLimit = this.connectOffset + settings.connectSize;
		writeConnect(arena.bytes, this.connectOffset, settings.connect!);
		settings.connect = undefined;
		this.offset = arena.take(settings.txBuffer);
		this.limit = this.offset + settings.txBuffer;
		this._session = session;
		this._outbox = session.outbox;
		this._subscriptions = parts.subscriptions;
		this._application = parts.application;
		this._counters = parts.counts;
	}

	/** A connection ends, or one is about to begin: nothing of the old one may be sent on the new one. */
	reset(): void {
		this.size = 0;
		this.pingDue = this.requested = this.open = this.disconnectDue = this.finished = false;
		this.disconnectForced = this.direct = this.boundary = this.watched = this._sourceDry = false;
		this.work = Work.NONE;
		this._connectLeft = this._done = this.ackCount = 0;
		this._outbox.active = -1;
	}

	/** CONNECT is the first packet [MQTT-3.1.0-1]. */
	startConnect(): void {
		this._connectLeft = this._connectLimit - this.connectOffset;
		this.work = Work.ALL;
	}

	/** CONNACK has accepted the connection. */
	accept(): void {
		this.open = true;
		this.work = Work.ALL;
	}

	/**
	 * DISCONNECT is to go out, when the outbox is empty.
	 *
	 * in   forced  it does not wait for the outbox (any more)
	 */
	finish(forced: boolean): void {
		this.disconnectDue = true;
		this._outbox.alone = 0;
		this.work = Work.ALL;
		this.disconnectForced = forced;
		this.direct = false;
	}

	/**
	 * Queues PUBACK, PUBREC, PUBREL or PUBCOMP; the caller knows that ackCount is below Fixed.ACK_RING_SIZE. Acks leave in the
	 * order of these calls [MQTT-4.6.0-2], [MQTT-4.6.0-3]. Hot: no allocation.
	 */
	ack(firstByte: FirstByte, packetId: number): void {
		const at = this.offset + this.size;
		if (this.boundary && !this.ackCount && this.limit - at >= Size.ACK) {
			// The four bytes of writeAck at once.
			this._view.setInt32(at, (firstByte << 24) | 0x20000 | packetId);
			this.size += Size.ACK;
			return;
		}
		// Nothing may follow DISCONNECT: the server will send again what it misses.
		if (this.finished) return;
		if (this.ackCount >= Fixed.ACK_RING_SIZE) fail("sender: ack ring overrun");
		this._words[Fixed.ACKS + ((this._ackHead + this.ackCount) & Ring.MASK)] = (firstByte << 16) | packetId;
		this.work = Work.ALL;
		raise(this._counters, CounterIndex.ACKS_MAX, ++this.ackCount);
	}

	/** PINGREQ is to go out: at once, when nothing stands in its way. Hot: no allocation. */
	ping(): void {
		this.pingDue = true;
		if (!this.boundary || !this.open || this.ackCount > 0) this.work = Work.ALL;
		else this.writePing();
	}

	private writePing(): void {
		if (!this.writeEmpty(FirstByte.PINGREQ)) return;
		this.pingDue = false;
		this._counters.pings++;
	}

	/** A source may have bytes again. */
	resumeSources(): void {
		this._sourceDry = false;
		this.work = Work.ALL;
	}

	/**
	 * Puts as much into the region as there is and as fits, in this order: the packet that has begun, acks, PINGREQ,
	 * PUBRELs, requests, publishes, DISCONNECT. Hot: no allocation.
	 */
	fill(now: number): Fill {
		const outbox = this._outbox;
		if (this.work === Work.RECORDS && this.boundary && this.open) {
			this.work = Work.NONE;
			if (this.fillWholeRecords()) {
				if (outbox.count === 1 && !this.disconnectDue) outbox.noteAlone();
				return Fill.OK;
			}
		}
		this.work = Work.NONE;
		if (this._connectLeft > 0) this.fillConnect();
		let result = Fill.OK;
		if (outbox.active >= 0) result = this.fillRecord(now);
		if (outbox.active < 0 && this._connectLeft === 0) {
			if (this.ackCount > 0) this.fillAcks();
			if (this.open && !this.finished) {
				if (this.pingDue || this._subscriptions.pending > 0) this.fillRequests();
				const session = this._session;
				if (session.releasedSent < session.releasedCount) this.fillReleased();
				while (outbox.cursor < outbox.tail && !this.disconnectForced) {
					result = this.startRecord(now);
					if (result !== Fill.MORE) break;
				}
			}
			if (this.disconnectDue) this.fillDisconnect();
		}
		const boundary = outbox.active < 0 && this._connectLeft === 0 && !this.finished;
		if (outbox.count === 1 && boundary && this.open && !this.disconnectDue) outbox.noteAlone();
		this.boundary = boundary;
		this.direct = boundary && this.open && !this.disconnectDue && !this.composing && outbox.countQoS0 === 0;
		return result;
	}

	/** A payload is begun to be composed, or is finished. */
	setComposing(composing: boolean): void {
		this.composing = composing;
		this.composed++;
		// fill decides when it may be again.
		this.direct = false;
		this.work = Work.ALL;
	}

	/** The transport has taken bytes from the start of the region; what is left moves there. Hot: no allocation. */
	handleSent(count: number): void {
		if (count > this.size) fail("sender: more sent than there was");
		this._bytes.copyWithin(this.offset, this.offset + count, this.offset + this.size);
		this.size -= count;
	}

	private fillConnect(): void {
		const room = this.limit - this.offset - this.size;
		const left = this._connectLeft;
		const count = left < room ? left : room;
		const from = this._connectLimit - left;
		this._bytes.copyWithin(this.offset + this.size, from, from + count);
		this.size += count;
		this._connectLeft = left - count;
		if (count < left) this.work = Work.ALL;
	}

	private fillAcks(): void {
		while (this.ackCount > 0 && this.limit - this.offset - this.size >= Size.ACK) {
			const ack = this._words[Fixed.ACKS + this._ackHead]!;
			this._ackHead = (this._ackHead + 1) & Ring.MASK;
			this.ackCount--;
			writeAck(this._bytes, this.offset + this.size, ack >> 16, ack & 0xffff);
			this.size += Size.ACK;
		}
		if (this.ackCount > 0) this.work = Work.ALL;
	}

	/** A packet of two bytes: PINGREQ (§3.12) or DISCONNECT (§3.14). */
	private writeEmpty(firstByte: FirstByte): boolean {
		const at = this.offset + this.size;
		if (this.limit - at < 2) {
			this.work = Work.ALL;
			return false;
		}
		this._bytes[at] = firstByte;
		this._bytes[at + 1] = 0;
		this.size += 2;
		return true;
	}

	private fillReleased(): void {
		const session = this._session;
		while (session.releasedSent < session.releasedCount) {
			const at = this.offset + this.size;
			if (this.limit - at < Size.ACK) {
				this.work = Work.ALL;
				return;
			}
			const packetId = session.released[session.releasedSent++]!;
			writeAck(this._bytes, at, FirstByte.PUBREL, packetId);
			this.size += Size.ACK;
		}
	}

	/** PINGREQ, SUBSCRIBE and UNSUBSCRIBE. */
	private fillRequests(): void {
		if (this.pingDue) this.writePing();
		if (this.disconnectDue) return;
		while (this._subscriptions.pending > 0) {
			const start = this.offset + this.size;
			// An identifier that turns out not to be needed stays unused: there are enough.
			const packetId = this._session.takeId(this._subscriptions);
			if (packetId === 0) return;
			const end = this._subscriptions.writeRequest(start, this.limit, packetId);
			if (end === start) {
				this.work = Work.ALL;
				return;
			}
			this.size += end - start;
			this.requested = true;
		}
	}

	/**
	 * The usual case: new QoS 1 and 2 publishes at the cursor that fit whole. Hot: no allocation, and without the outbox's
	 * accessors, whose calls would cost more than all the rest.
	 *
	 * out  false: there is a record of another kind, or too little room; fill goes on from it
	 */
	private fillWholeRecords(): boolean {
		const outbox = this._outbox;
		const session = this._session;
		const words = this._words;
		let record = outbox.cursor;
		while (record < outbox.tail) {
			const at = record >> 2;
			const tags = words[at + Field.TAGS]!;
			// Queued, without a source, QoS 1 or 2.
			if ((tags & (RecordBits.SOURCE_MASK | 15)) !== RecordState.QUEUED || (tags & RecordBits.QOS_MASK) === 0)
				return false;
			const waiting = session.waiting + 1;
			const inflight = waiting + session.releasedCount;
			if (inflight > session.window) return true;
			const bytes = this._bytes;
			const start = record + (words[at]! >> RecordBits.START_SHIFT);
			// The longer ones are rare, and take the way on which they may also be cut.
			const length = bytes[start + 1]! + 2;
			const size = this.size;
			const to = this.offset + size;
			if (length > 129 || length > this.limit - to) return false;
			// PUBACK_WAIT and PUBREC_WAIT follow QUEUED in the order of their QoS.
			words[at + Field.TAGS] = tags + ((tags & RecordBits.QOS_MASK) >> 4);
			session.waiting = waiting;
			bytes.copyWithin(to, start, start + length);
			this.size = size + length;
			record += words[at]! & RecordBits.SIZE_MASK;
			outbox.cursor = record;
			const counters = this._counters;
			counters.publishesOut++;
			if (inflight > counters.inflightMax) counters.inflightMax = inflight;
		}
		return true;
	}

	/** Starts the record at the cursor, and copies of it what fits. Hot: no allocation. */
	private startRecord(now: number): Fill {
		const outbox = this._outbox;
		const record = outbox.cursor;
		const tags = outbox.tags(record);
		const state = tags & 15;
		if (state === RecordState.FREE) {
			outbox.cursor = outbox.next(record);
			return Fill.MORE;
		}
		const session = this._session;
		if ((tags & RecordBits.QOS_MASK) !== 0) {
			if (state === RecordState.QUEUED ? !session.windowOpen : session.holdsBack(record)) return Fill.OK;
		}
		if (this.size === this.limit - this.offset) {
			this.work = Work.ALL;
			return Fill.OK;
		}
		session.handleSending(record, tags);
		outbox.cursor = outbox.next(record);
		outbox.active = record;
		this._done = 0;
		this._counters.publishesOut++;
		const result = this.fillRecord(now);
		return result === Fill.OK && outbox.active < 0 ? Fill.MORE : result;
	}

	/** Copies the active record's packet into the region, or the next piece of it. Hot: no allocation. */
	private fillRecord(now: number): Fill {
		const outbox = this._outbox;
		const record = outbox.active;
		const at = this.offset + this.size;
		const done = this._done;
		const stored = outbox.storedSize(record);
		if (done < stored) {
			const left = stored - done;
			const room = this.limit - at;
			const count = left < room ? left : room;
			const from = outbox.packetStart(record) + done;
			this._bytes.copyWithin(at, from, from + count);
			this._done = done + count;
			this.size += count;
		}
		const packetSize = outbox.packetSize(record);
		if (stored < packetSize && this._done >= stored) {
			const result = this.pull(record, packetSize, stored, now);
			if (result !== Fill.OK) return result;
		}
		if (this.size > this._counters.txMax) this._counters.txMax = this.size;
		if (this._done === packetSize) {
			// Not `record`: a source may have published something, and so have moved it.
			const sent = outbox.active;
			outbox.active = -1;
			if (outbox.qos(sent) === 0) {
				this._session.handleSentQoS0(sent);
				if (!this.open) return Fill.ENDED;
			}
		} else if (this.size === this.limit - this.offset) this.work = Work.ALL;
		return Fill.OK;
	}

	/** Pulls payload from the source of the active record. */
	private pull(record: number, packetSize: number, stored: number, now: number): Fill {
		const source = this._outbox.source(record) - 1;
		// What the source publishes waits in the outbox: here is the middle of a packet.
		this.boundary = this.direct = false;
		while (this._done < packetSize && !this._sourceDry) {
			const at = this.offset + this.size;
			const left = packetSize - this._done;
			const room = left < this.limit - at ? left : this.limit - at;
			if (room === 0) return Fill.OK;
			const count = this._application.pull(source, this._done - stored, this._bytes, at, room);
			if (!this.open) return Fill.ENDED;
			if (count < 0) return Fill.SOURCE_FAILED;
			if (count === 0) this._sourceDry = true;
			this._done += count;
			this.size += count;
			if (this._application.driver?.isLate(now)) {
				this.work = Work.ALL;
				return Fill.OK;
			}
		}
		return Fill.OK;
	}

	/** §3.14, when everything else is out. Before CONNACK too: a server may have accepted us already. */
	private fillDisconnect(): void {
		if (this.finished || this._outbox.active >= 0 || this.ackCount > 0) return;
		const session = this._session;
		const unfinished = session.outbox.count + session.releasedCount;
		if (unfinished > 0 && !this.disconnectForced) return;
		if (this.writeEmpty(FirstByte.DISCONNECT)) this.finished = this.watched = true;
	}
}

/** QoS of a PUBLISH by its first byte. Hot: no allocation. */
export function qosOf(firstByte: number): number {
	return (firstByte & PublishFlag.QOS_MASK) >> PublishFlag.QOS_SHIFT;
}
