// Read MQTT 3.1.1 §3.14 and §4.6 before changing this file.
import { fail } from "../../base/assert.js";
import { type FirstByte } from "../../codec/constants.js";
import { Size, writeAck } from "../../codec/encode.js";
import type { Parts } from "../session/parts.js";
import { Fixed, type Arena } from "../setup/arena.js";
import type { Settings } from "../setup/settings.js";
import { CounterIndex, type Counts, raise } from "../terms/counters.js";

/** What there may be to be put into the region; each covers those before it. */
export const enum Work {
	NONE = 0,
	/** Publishes in the outbox. */
	RECORDS = 1,
	/** Anything. */
	ALL = 2,
}

/** How far the client has come with leaving: DISCONNECT (§3.14). Each comes after those before it, or after NO. */
export const enum Leaving {
	NO = 0,
	/** DISCONNECT goes out when everything else is out. */
	DUE = 1,
	/** It does not wait for the outbox any more. */
	FORCED = 2,
	/** It is written: nothing may follow [MQTT-3.14.4-2]. */
	WRITTEN = 3,
	/** It is written, and what time it had to get away is over but for a last moment. */
	LAST = 4,
}

const enum Ring {
	MASK = Fixed.ACK_RING_SIZE - 1,
}

/** What everything is made from that sends. */
export interface TransmitParts extends Parts {
	readonly region: TransmitRegion;
}

/**
 * The transmit region: the bytes that wait for the transport, acks that wait for room among them, and what has to be known to put a
 * packet there by the short way. It has no idea of what is to be sent: that is the Sender's.
 *
 *     offset              offset + size                     limit
 *     | waits for the transport  | room                     |
 *
 * Bytes always start at the offset: whole packets, or pieces of one that is larger than the region.
 *
 * Some fields are written from outside, because a call costs more than all that it would do. `size`, by who puts bytes
 * there (the Sender, the short ways) and by the loop, whose transport has taken all of them. `work`, by the Sender, which
 * clears it and sets it again for what it had to leave out. `requested`, by who writes requests and by the
 * core, which looks. Everything else is written here only. What has to hold between
 * the fields is said by `invariants` of the torture's checkers. Hot: no allocation.
 */
export class TransmitRegion {
	// In the order of how often they are asked for: a field costs by its place.
	/** Bytes that wait for the transport. */
	size = 0;
	/** What there may be to be sent. Whoever makes something sets it; filling clears it, and sets it for what has found no room. */
	work: Work = Work.NONE;
	/** The region: from offset to one below limit. */
	readonly offset: number;
	readonly limit: number;
	/** The arena. */
	readonly bytes: Uint8Array;
	readonly view: DataView;
	/**
	 * A QoS 0 PUBLISH may be written straight into the region: the link is open and not being left, a packet may start here,
	 * no other QoS 0 publish waits, and none is being composed.
	 */
	direct = false;
	/** The bytes in the region end with the end of a packet, and DISCONNECT is not among them: an ack may follow. */
	boundary = false;
	/** Acks that wait for room in the region; up to Fixed.ACK_RING_SIZE. */
	ackCount = 0;
	/** Whether packets other than CONNECT may be sent: CONNACK has come. */
	open = false;
	/** Somebody has to hear when all bytes of the region are gone: some had to wait, or DISCONNECT is the last of them. */
	watched = false;
	leaving: Leaving = Leaving.NO;
	/** A payload is being composed at the tail of the outbox. */
	composing = false;
	/** A SUBSCRIBE or UNSUBSCRIBE was written, or one is not waited for any more, since the core last looked: see Core.handleFill. */
	requested = false;
	/** In the ring of acks that wait for room: first byte << 16 | packet identifier, a word each. */
	private _ackHead = 0;
	private readonly _words: Int32Array;
	private readonly _counters: Counts;

	constructor(arena: Arena, settings: Settings, counters: Counts) {
		this.offset = arena.take(settings.txBuffer);
		this.limit = this.offset + settings.txBuffer;
		this.bytes = arena.bytes;
		this.view = arena.view;
		this._words = arena.words;
		this._counters = counters;
	}

	/** A connection ends, or one is about to begin: nothing of the old one may be sent on the new one. */
	reset(): void {
		this.size = this.ackCount = 0;
		this.work = Work.NONE;
		this.direct = this.boundary = this.open = this.watched = this.requested = false;
		this.leaving = Leaving.NO;
	}

	/** CONNACK has accepted the connection. */
	accept(): void {
		this.open = true;
		this.work = Work.ALL;
	}

	/** Something may be there to be sent. */
	wake(): void {
		this.work = Work.ALL;
	}

	/** A publish in the outbox may go out: it is new, or an ack has opened the window. While leaving, DISCONNECT may instead. */
	wakeRecords(): void {
		if (this.work === Work.NONE) this.work = this.leaving === Leaving.NO ? Work.RECORDS : Work.ALL;
	}

	/**
	 * DISCONNECT is to go out, when the outbox is empty.
	 *
	 * in   forced  it does not wait for the outbox (any more)
	 */
	leave(forced: boolean): void {
		if (this.leaving >= Leaving.WRITTEN) this.leaving = Leaving.LAST;
		else this.leaving = forced ? Leaving.FORCED : Leaving.DUE;
		this.direct = false;
		this.work = Work.ALL;
	}

	/** DISCONNECT stands in the region. */
	noteLeft(): void {
		this.leaving = this.leaving === Leaving.FORCED ? Leaving.LAST : Leaving.WRITTEN;
		this.watched = true;
	}

	/** in  blocked  whether bytes had to wait for the transport */
	setBlocked(blocked: boolean): void {
		this.watched = blocked || this.leaving >= Leaving.WRITTEN;
	}

	/** A payload is begun to be composed, or is finished: filling decides when `direct` may be again. */
	setComposing(composing: boolean): void {
		this.composing = composing;
		this.direct = false;
		this.work = Work.ALL;
	}

	/** A QoS 0 publish waits in the outbox: none may overtake it [MQTT-4.6.0-6]. */
	noteQoS0Waits(): void {
		this.direct = false;
	}

	/** What is written now is the middle of a packet. */
	noteInside(): void {
		this.boundary = this.direct = false;
	}

	/**
	 * Filling is over.
	 *
	 * in   boundary  whether the bytes end with the end of a packet, and DISCONNECT is not among them
	 *      waits     whether a QoS 0 publish waits
	 */
	settle(boundary: boolean, waits: boolean): void {
		this.boundary = boundary;
		this.direct = boundary && this.open && this.leaving === Leaving.NO && !this.composing && !waits;
	}

	/**
	 * Queues PUBACK, PUBREC, PUBREL or PUBCOMP; the caller knows that ackCount is below Fixed.ACK_RING_SIZE. Acks leave in the
	 * order of these calls [MQTT-4.6.0-2], [MQTT-4.6.0-3]. Hot: no allocation.
	 */
	ack(firstByte: FirstByte, packetId: number): void {
		const at = this.offset + this.size;
		if (this.boundary && !this.ackCount && this.limit - at >= Size.ACK) {
			// The four bytes of writeAck at once.
			this.view.setInt32(at, (firstByte << 24) | 0x20000 | packetId);
			this.size += Size.ACK;
			return;
		}
		// Nothing may follow DISCONNECT: the server will send again what it misses.
		if (this.leaving >= Leaving.WRITTEN) return;
		if (this.ackCount >= Fixed.ACK_RING_SIZE) fail("region: ack ring overrun");
		this._words[Fixed.ACKS + ((this._ackHead + this.ackCount) & Ring.MASK)] = (firstByte << 16) | packetId;
		this.work = Work.ALL;
		raise(this._counters, CounterIndex.ACKS_MAX, ++this.ackCount);
	}

	/** Writes the acks that have waited, as far as there is room. */
	writeAcks(): void {
		while (this.ackCount > 0 && this.limit - this.offset - this.size >= Size.ACK) {
			const ack = this._words[Fixed.ACKS + this._ackHead]!;
			this._ackHead = (this._ackHead + 1) & Ring.MASK;
			this.ackCount--;
			writeAck(this.bytes, this.offset + this.size, ack >> 16, ack & 0xffff);
			this.size += Size.ACK;
		}
		if (this.ackCount > 0) this.work = Work.ALL;
	}

	/** Writes a packet of two bytes: PINGREQ (§3.12) or DISCONNECT (§3.14). False: there is no room now. */
	writeEmpty(firstByte: FirstByte): boolean {
		const at = this.offset + this.size;
		if (this.limit - at < 2) {
			this.work = Work.ALL;
			return false;
		}
		this.bytes[at] = firstByte;
		this.bytes[at + 1] = 0;
		this.size += 2;
		return true;
	}

	/** The transport has taken bytes from the start of the region; what is left moves there. Hot: no allocation. */
	handleSent(count: number): void {
		if (count > this.size) fail("region: more sent than there was");
		this.bytes.copyWithin(this.offset, this.offset + count, this.offset + this.size);
		this.size -= count;
	}
}
