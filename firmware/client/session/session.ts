// Read MQTT 3.1.1 §4.1, §4.3 and §4.4 before changing this file.
import { fail } from "../../base/assert.js";
import { Max } from "../../codec/constants.js";
import type { Application } from "../telling/application.js";
import type { Arena } from "../setup/arena.js";
import { ProblemCode } from "../terms/codes.js";
import { CounterIndex, type Counts } from "../terms/counters.js";
import { IncomingIds } from "./incoming-ids.js";
import { Outbox, RecordState, TagBits } from "./outbox.js";
import type { Settings } from "../setup/settings.js";

/** What an ack has done. */
export const enum AckResult {
	/** The exchange is complete, or one step further. */
	TAKEN = 0,
	/** No exchange has this identifier: a late or foreign ack. */
	UNKNOWN = 1,
	/** The exchange has this identifier, and this is not the ack it waits for. */
	WRONG = -1,
}

/** What Session.suspect says beside an identifier. */
export const enum Suspect {
	WAITS = -1,
	NONE = -2,
}

/**
 * What outlives a connection (§4.1): publishes that are not finished, PUBRELs that are not answered, identifiers of
 * incoming QoS 2 messages. No clock, no I/O.
 *
 *      QoS 1   QUEUED → PUBACK_WAIT → free
 *      QoS 2   QUEUED → PUBREC_WAIT → released (its bytes are given back) → free
 *
 * Hot: no allocation.
 */
export class Session {
	// In the order of how often they are asked for: a field costs by its place.
	/** The identifier that takeId gives next, when it is below freeEnd. */
	nextId: number;
	/** Records in PUBACK_WAIT or PUBREC_WAIT; with releasedCount, what the window bounds. */
	waiting = 0;
	releasedCount = 0;
	/** How many exchanges may be open at once: the option `inflight`, and 1 while one of them is under suspicion. */
	window: number;
	/** One past the identifiers from nextId on that are certainly free; at most one past Max.PACKET_ID. */
	freeEnd = 0;
	readonly outbox: Outbox;
	/** Incoming QoS 2 identifiers between PUBLISH and PUBREL. */
	readonly incoming: IncomingIds;
	/** How many of `released` this connection has sent. */
	releasedSent = 0;
	/** Identifiers whose PUBREL waits for PUBCOMP, in the order of their PUBRECs [MQTT-4.6.0-4]; releasedCount of them. */
	readonly released: Uint16Array;
	/** What the window is when none of them is: at most `inflight`, which a server may make less for one connection. */
	windowMax: number;
	/** The publish that was under way the longest when a connection ended young, << 16, and how many in a row did so; see suspect. */
	private _suspect = 0;
	private readonly _application: Application;
	private readonly _counters: Counts;

	/** in  firstId  where identifiers start: random, so that a restarted device does not repeat the last ones it used */
	constructor(settings: Settings, arena: Arena, application: Application, counters: Counts, firstId: number) {
		if (!(firstId >= 1 && firstId <= Max.PACKET_ID)) fail("session: first identifier");
		this.outbox = this.makeOutbox(arena, settings.outbox, counters);
		this.incoming = this.makeIncoming(arena, settings.incomingQoS2);
		this.window = this.windowMax = settings.inflight;
		this.released = new Uint16Array(arena.buffer, arena.take(2 * this.window), this.window);
		this.nextId = firstId;
		this._application = application;
		this._counters = counters;
	}

	/** What this and the next one make is of another class where an observer listens: see ObservedSession. Allocates. */
	protected makeOutbox(arena: Arena, size: number, counters: Counts): Outbox {
		return new Outbox(arena, size, counters);
	}

	/** Allocates. */
	protected makeIncoming(arena: Arena, max: number): IncomingIds {
		return new IncomingIds(arena, max);
	}

	/**
	 * Takes a packet identifier that no open exchange uses [MQTT-2.3.1-2]; never 0 [MQTT-2.3.1-1]. Hot: no allocation.
	 *
	 * in   requests  identifiers of open SUBSCRIBEs and UNSUBSCRIBEs: asks whether one is among them
	 * out  1 … 65535; 0 when all are in use
	 */
	takeId(requests: { nearestId(from: number, distance: number): number }): number {
		if (this.nextId >= this.freeEnd && !this.findFree(requests)) return 0;
		return this.nextId++;
	}

	/** Looks for identifiers that are free. False when there are none. */
	private findFree(requests: { nearestId(from: number, distance: number): number }): boolean {
		for (let tries = 0; tries < Max.PACKET_ID; tries++) {
			if (this.nextId > Max.PACKET_ID) this.nextId = 1;
			const end = this.nextId + requests.nearestId(this.nextId, this.nearestId());
			this.freeEnd = end <= Max.PACKET_ID ? end : Max.PACKET_ID + 1;
			if (this.freeEnd > this.nextId) return true;
			this.nextId++;
		}
		return false;
	}

	/** How far the next identifier in use is from nextId, going up; 65535 when there is none. */
	private nearestId(): number {
		const outbox = this.outbox;
		let nearest = Max.PACKET_ID;
		for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
			const id = outbox.packetId(record);
			if (id !== 0 && outbox.state(record) !== RecordState.FREE) {
				nearest = nearerId(nearest, this.nextId, id);
			}
		}
		for (let i = 0; i < this.releasedCount; i++) nearest = nearerId(nearest, this.nextId, this.released[i]!);
		return nearest;
	}

	/** Whether one more publish may go out now; asked right before it does, and counted as such. Hot: no allocation. */
	get windowOpen(): boolean {
		const inflight = this.waiting + this.releasedCount;
		if (inflight >= this.window) return false;
		// Whoever asks goes on to send one.
		if (inflight >= this._counters.inflightMax) this._counters.inflightMax = inflight + 1;
		return true;
	}

	/**
	 * Notes that a record starts on its way: state, DUP [MQTT-3.3.1-1], counts. QoS 0 keeps its state. Hot: no
	 * allocation.
	 *
	 * in   tags  Outbox.tags of the record
	 */
	handleSending(record: number, tags: number): void {
		if ((tags & TagBits.STATE_MASK) !== RecordState.QUEUED) {
			this.outbox.setDup(record, true);
			this._counters.table[CounterIndex.RESENDS]!++;
			return;
		}
		const qos = (tags & TagBits.QOS_MASK) >> TagBits.QOS_SHIFT;
		if (qos === 0) return;
		// What it waits for from now on: see RecordState.
		this.outbox.setTags(record, tags + qos);
		this.waiting++;
	}

	/** PUBACK (§3.4). Hot: no allocation. */
	handlePuback(packetId: number): AckResult {
		const source = this.outbox.take(packetId, RecordState.PUBACK_WAIT);
		if (source < 0) return this.releasedIndex(packetId) >= 0 ? AckResult.WRONG : this.whyNot(packetId);
		this.waiting--;
		this._counters.delivered++;
		const application = this._application;
		if (source !== 0) application.sourceFinished(source - 1, packetId);
		if (application.tells !== 0) application.acked(packetId, true);
		return AckResult.TAKEN;
	}

	/** Why an ack with this identifier is not what any record waits for. */
	private whyNot(packetId: number): AckResult {
		return this.outbox.find(packetId) < 0 ? AckResult.UNKNOWN : AckResult.WRONG;
	}

	/** PUBREC (§3.5): gives the message's bytes back and queues PUBREL. Hot: no allocation. */
	handlePubrec(packetId: number): AckResult {
		const source = this.outbox.take(packetId, RecordState.PUBREC_WAIT);
		if (source < 0) return this.whyNot(packetId);
		this.waiting--;
		const count = this.releasedCount;
		if (count === this.released.length) fail("session: window overrun");
		this.released[count] = packetId;
		this.releasedCount = count + 1;
		const application = this._application;
		if (source !== 0) application.sourceFinished(source - 1, packetId);
		if (application.tells !== 0) application.room.bytesFreed();
		return AckResult.TAKEN;
	}

	/** PUBCOMP (§3.7). Hot: no allocation. */
	handlePubcomp(packetId: number): AckResult {
		if (!this.forgetReleased(packetId)) return this.whyNot(packetId);
		this._counters.delivered++;
		if (this._application.tells !== 0) this._application.acked(packetId, false);
		return AckResult.TAKEN;
	}

	/** Takes an identifier out of `released`. False: it is not there. */
	private forgetReleased(packetId: number): boolean {
		const released = this.released;
		const count = this.releasedCount;
		for (let i = 0; i < count; i++) {
			if (released[i] !== packetId) continue;
			if (count > 1) released.copyWithin(i, i + 1, count);
			this.releasedCount = count - 1;
			if (i < this.releasedSent) this.releasedSent--;
			return true;
		}
		return false;
	}

	/** Where an identifier stands in `released`; -1 when PUBREC has not come for it. */
	releasedIndex(packetId: number): number {
		const released = this.released;
		for (let i = 0; i < this.releasedCount; i++) if (released[i] === packetId) return i;
		return -1;
	}

	/** Frees a record whose exchange needs its bytes no more, and tells its source. */
	private finish(record: number, packetId: number): void {
		const source = this.outbox.free(record);
		if (source !== 0) this._application.sourceFinished(source - 1, packetId);
		this._application.room.bytesFreed();
	}

	/** Drops a record that shall not be sent (any more). */
	drop(record: number): void {
		const state = this.outbox.state(record);
		if (state === RecordState.PUBACK_WAIT || state === RecordState.PUBREC_WAIT) this.waiting--;
		this.finish(record, this.outbox.packetId(record));
	}

	/**
	 * Takes back a publish, wherever it stands: its bytes and its place among those on their way are free, and it is not sent
	 * (again). What the server has of it cannot be taken back: an ack that still comes is one for an unknown identifier.
	 * That is given to another publish only when all others have been, 65,534 publishes later.
	 *
	 * in   packetId  0: the oldest one at QoS 0
	 * out  false: there is none with this identifier
	 */
	cancel(packetId: number): boolean {
		const record = this.outbox.find(packetId);
		if (record < 0) return this.forgetReleased(packetId);
		this.drop(record);
		return true;
	}

	/**
	 * A connection has ended young: the one of our publishes that was under way the longest may be why, if any was. From
	 * now on, with `resendsMax`, they go out one by one, so that it is the right one that is found.
	 *
	 * in   endsMax  the option `resendsMax`
	 * out  its identifier, 0 at QoS 0, when so many connections in a row have ended with it that it is to be given up;
	 *      Suspect.NONE: none was under way; Suspect.WAITS: it will be sent again
	 */
	suspect(endsMax: number): number {
		const outbox = this.outbox;
		let packetId: number = Suspect.NONE;
		if (this.releasedSent > 0) packetId = this.released[0]!;
		else if (outbox.head < outbox.cursor) packetId = outbox.packetId(outbox.head);
		if (packetId < 0 || endsMax === 0) return packetId < 0 ? packetId : Suspect.WAITS;
		this.window = 1;
		const ends = this._suspect >>> 16 === packetId ? (this._suspect & 0xffff) + 1 : 1;
		const isOver = ends >= endsMax;
		this._suspect = isOver ? 0 : (packetId << 16) | ends;
		return isOver ? packetId : Suspect.WAITS;
	}

	/** A connection is stable: nothing that went out on it has ended it. */
	trust(): void {
		this.window = this.windowMax;
		this._suspect = 0;
	}

	/** Whether a publish that was sent before has to wait until those in front of it are complete: see suspect. */
	holdsBack(record: number): boolean {
		return this.window === 1 && (record !== this.outbox.head || this.releasedCount > 0);
	}

	/** A QoS 0 record has gone out whole. */
	handleSentQoS0(record: number): void {
		this.finish(record, 0);
	}

	/**
	 * A connection was accepted with Session Present: everything is sent again from the start, in its first order
	 * [MQTT-4.4.0-1], [MQTT-4.6.0-1].
	 */
	resume(): void {
		this.incoming.age();
		this.releasedSent = 0;
		this.outbox.rewind();
	}

	/**
	 * A connection was accepted without Session Present: the server knows nothing of our exchanges. What is still in the
	 * outbox is sent as new; a handshake at PUBREL is over, and it is unknown how it ended.
	 */
	restart(): void {
		this.incoming.clear();
		const outbox = this.outbox;
		for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
			const state = outbox.state(record);
			if (state !== RecordState.PUBACK_WAIT && state !== RecordState.PUBREC_WAIT) continue;
			outbox.setState(record, RecordState.QUEUED);
			outbox.setDup(record, false);
		}
		this.waiting = 0;
		const count = this.releasedCount;
		this.releasedCount = this.releasedSent = 0;
		outbox.rewind();
		for (let i = 0; i < count; i++) this._application.problem(ProblemCode.DELIVERY_UNKNOWN, this.released[i]!);
	}
}

/**
 * The smaller of `nearest` and the distance from `from` up to `id`, with the wrap from 65535 to 1.
 * Hot: no allocation.
 */
export function nearerId(nearest: number, from: number, id: number): number {
	const distance = id >= from ? id - from : id + Max.PACKET_ID - from;
	return distance < nearest ? distance : nearest;
}
