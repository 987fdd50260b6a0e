import { FirstByte, PublishFlag } from "../../codec/constants.js";
import { Size, writeAck } from "../../codec/encode.js";
import type { Outbox } from "../session/outbox.js";
import { RecordState, TagBits } from "../session/outbox.js";
import type { Session } from "../session/session.js";
import type { Subscriptions } from "../session/subscriptions.js";
import { Leaving, Work, type TransmitParts, type TransmitRegion } from "../short-ways/transmit-region.js";
import { fillWholeRecords } from "../short-ways/whole-records.js";
import type { Application } from "../telling/application.js";
import type { Counts } from "../terms/counters.js";

/** What happened while filling the transmit region. */
export const enum Fill {
	OK = 0,
	/** A source failed in the middle of its packet: the stream of bytes cannot be mended. */
	SOURCE_FAILED = -1,
	/** A callback of a source has ended the connection: there is nothing to fill any more. */
	ENDED = -2,
}

/**
 * Everything that goes out on one connection, in its order: fills the transmit region with whole packets, or with pieces of
 * one that is larger than the region. Hot: no allocation.
 */
export class Sender {
	private readonly _region: TransmitRegion;
	private readonly _outbox: Outbox;
	private readonly _session: Session;
	private readonly _counters: Counts;
	private readonly _bytes: Uint8Array;
	private readonly _subscriptions: Subscriptions;
	private readonly _application: Application;
	/** Bytes of CONNECT that are still to be put into the region. */
	private _connectLeft = 0;
	/** Bytes of the active record's packet that are in the region or gone. */
	private _done = 0;
	/** PINGREQ is to be sent. */
	private _pingDue = false;
	/** The active record's source has nothing now. */
	private _sourceDry = false;
	/** CONNECT as it is sent, in full: from here to one below the limit. Credentials that change move both, between attempts. */
	connectOffset: number;
	connectLimit: number;

	constructor(parts: TransmitParts) {
		const { arena, session, settings } = parts;
		this._region = parts.region;
		this._outbox = session.outbox;
		this._session = session;
		this._counters = parts.counts;
		this._bytes = arena.bytes;
		this._subscriptions = parts.subscriptions;
		this._application = parts.application;
		this.connectOffset = arena.take(settings.connectSize);
		this.connectLimit = this.connectOffset + settings.connectSize;
	}

	/** A connection ends, or one is about to begin: nothing of the old one may be sent on the new one. */
	reset(): void {
		this._region.reset();
		this._outbox.handleLost();
		this._connectLeft = this._done = 0;
		this._pingDue = this._sourceDry = false;
	}

	/** CONNECT is the first packet [MQTT-3.1.0-1]. */
	startConnect(): void {
		this._connectLeft = this.connectLimit - this.connectOffset;
		this._region.wake();
	}

	/** DISCONNECT is to go out: see TransmitRegion.leave. */
	leave(forced: boolean): void {
		// It waits for the ack, too.
		this._outbox.forgetAlone();
		this._region.leave(forced);
	}

	/** PINGREQ is to go out: at once, when nothing stands in its way. Hot: no allocation. */
	ping(): void {
		const region = this._region;
		this._pingDue = true;
		if (!region.boundary || !region.open || region.ackCount > 0) region.wake();
		else this.writePing();
	}

	private writePing(): void {
		if (!this._region.writeEmpty(FirstByte.PINGREQ)) return;
		this._pingDue = false;
		this._counters.pings++;
	}

	/** A source may have bytes again. */
	resumeSources(): void {
		this._sourceDry = false;
		this._region.wake();
	}

	/**
	 * Puts as much into the region as there is and as fits, in this order: the packet that has begun, acks, PINGREQ,
	 * PUBRELs, requests, publishes, DISCONNECT. Hot: no allocation.
	 */
	fill(now: number): Fill {
		const region = this._region;
		const outbox = this._outbox;
		if (region.work === Work.RECORDS && region.boundary && region.open) {
			region.work = Work.NONE;
			if (fillWholeRecords(region, this._session, this._counters)) {
				if (outbox.count === 1 && region.leaving === Leaving.NO) outbox.noteAlone();
				return Fill.OK;
			}
		}
		region.work = Work.NONE;
		if (this._connectLeft > 0) this.fillConnect();
		let result = Fill.OK;
		if (outbox.active >= 0) result = this.fillRecord(now);
		if (outbox.active < 0 && this._connectLeft === 0) {
			if (region.ackCount > 0) region.writeAcks();
			if (region.open && region.leaving < Leaving.WRITTEN) {
				if (this._pingDue || this._subscriptions.pending > 0) this.fillRequests();
				if (this._session.releasedSent < this._session.releasedCount) this.fillReleased();
				result = this.fillRecords(now);
			}
			if (region.leaving !== Leaving.NO) this.fillDisconnect();
		}
		const boundary = outbox.active < 0 && this._connectLeft === 0 && region.leaving < Leaving.WRITTEN;
		if (outbox.count === 1 && boundary && region.open && region.leaving === Leaving.NO) outbox.noteAlone();
		region.settle(boundary, outbox.countQoS0 !== 0);
		return result;
	}

	private fillConnect(): void {
		const region = this._region;
		const room = region.limit - region.offset - region.size;
		const left = this._connectLeft;
		const count = left < room ? left : room;
		const from = this.connectLimit - left;
		this._bytes.copyWithin(region.offset + region.size, from, from + count);
		region.size += count;
		this._connectLeft = left - count;
		if (count < left) region.wake();
	}

	private fillReleased(): void {
		const region = this._region;
		const session = this._session;
		while (session.releasedSent < session.releasedCount) {
			const at = region.offset + region.size;
			if (region.limit - at < Size.ACK) {
				region.wake();
				return;
			}
			const packetId = session.released[session.releasedSent++]!;
			writeAck(this._bytes, at, FirstByte.PUBREL, packetId);
			region.size += Size.ACK;
		}
	}

	/** PINGREQ, SUBSCRIBE and UNSUBSCRIBE. */
	private fillRequests(): void {
		const region = this._region;
		if (this._pingDue) this.writePing();
		if (region.leaving !== Leaving.NO) return;
		while (this._subscriptions.pending > 0) {
			const start = region.offset + region.size;
			// An identifier that turns out not to be needed stays unused: there are enough.
			const packetId = this._session.takeId(this._subscriptions);
			if (packetId === 0) return;
			const end = this._subscriptions.writeRequest(start, region.limit, packetId);
			if (end === start) {
				region.wake();
				return;
			}
			region.size += end - start;
			region.requested = true;
		}
	}

	/** Publishes from the cursor on, until one has to wait. Hot: no allocation. */
	private fillRecords(now: number): Fill {
		const region = this._region;
		const outbox = this._outbox;
		while (outbox.cursor < outbox.tail && region.leaving < Leaving.FORCED) {
			const record = outbox.cursor;
			const tags = outbox.tags(record);
			if ((tags & TagBits.STATE_MASK) === RecordState.FREE) {
				outbox.cursor = outbox.next(record);
				continue;
			}
			if (!this.mayStart(record, tags)) break;
			this._session.handleSending(record, tags);
			outbox.cursor = outbox.next(record);
			outbox.active = record;
			this._done = 0;
			this._counters.publishesOut++;
			const result = this.fillRecord(now);
			if (result !== Fill.OK || outbox.active >= 0) return result;
		}
		return Fill.OK;
	}

	/** Whether the record at the cursor may be sent now: the window is open for it, and there is room for its first byte. */
	private mayStart(record: number, tags: number): boolean {
		const region = this._region;
		const session = this._session;
		if ((tags & TagBits.QOS_MASK) !== 0) {
			const isNew = (tags & TagBits.STATE_MASK) === RecordState.QUEUED;
			if (isNew ? !session.windowOpen : session.holdsBack(record)) return false;
		}
		if (region.size < region.limit - region.offset) return true;
		region.wake();
		return false;
	}

	/** Copies the active record's packet into the region, or the next piece of it. Hot: no allocation. */
	private fillRecord(now: number): Fill {
		const region = this._region;
		const outbox = this._outbox;
		const record = outbox.active;
		const at = region.offset + region.size;
		const done = this._done;
		const stored = outbox.storedSize(record);
		if (done < stored) {
			const left = stored - done;
			const room = region.limit - at;
			const count = left < room ? left : room;
			const from = outbox.packetStart(record) + done;
			this._bytes.copyWithin(at, from, from + count);
			this._done = done + count;
			region.size += count;
		}
		const packetSize = outbox.packetSize(record);
		if (stored < packetSize && this._done >= stored) {
			const result = this.pull(record, packetSize, stored, now);
			if (result !== Fill.OK) return result;
		}
		if (region.size > this._counters.txMax) this._counters.txMax = region.size;
		if (this._done === packetSize) {
			// Not `record`: a source may have published something, and so have moved it.
			const sent = outbox.active;
			outbox.active = -1;
			if (outbox.qos(sent) === 0) {
				this._session.handleSentQoS0(sent);
				if (!region.open) return Fill.ENDED;
			}
		} else if (region.size === region.limit - region.offset) region.wake();
		return Fill.OK;
	}

	/** Pulls payload from the source of the active record. */
	private pull(record: number, packetSize: number, stored: number, now: number): Fill {
		const region = this._region;
		const source = this._outbox.source(record) - 1;
		// What the source publishes waits in the outbox: here is the middle of a packet.
		region.noteInside();
		while (this._done < packetSize && !this._sourceDry) {
			const at = region.offset + region.size;
			const left = packetSize - this._done;
			const room = left < region.limit - at ? left : region.limit - at;
			if (room === 0) return Fill.OK;
			const count = this._application.pull(source, this._done - stored, this._bytes, at, room);
			if (!region.open) return Fill.ENDED;
			if (count < 0) return Fill.SOURCE_FAILED;
			if (count === 0) this._sourceDry = true;
			this._done += count;
			region.size += count;
			if (this._application.driver?.isLate(now)) {
				region.wake();
				return Fill.OK;
			}
		}
		return Fill.OK;
	}

	/** §3.14, when everything else is out. Before CONNACK too: a server may have accepted us already. */
	private fillDisconnect(): void {
		const region = this._region;
		const session = this._session;
		if (region.leaving >= Leaving.WRITTEN || this._outbox.active >= 0 || region.ackCount > 0) return;
		const unfinished = this._outbox.count + session.releasedCount;
		if (unfinished > 0 && region.leaving < Leaving.FORCED) return;
		if (region.writeEmpty(FirstByte.DISCONNECT)) region.noteLeft();
	}
}

/** QoS of a PUBLISH by its first byte. Hot: no allocation. */
export function qosOf(firstByte: number): number {
	return (firstByte & PublishFlag.QOS_MASK) >> PublishFlag.QOS_SHIFT;
}
