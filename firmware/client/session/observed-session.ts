// Read MQTT 3.1.1 §4.1, §4.3 and §4.4 before changing this file.
import { Max } from "../../codec/constants.js";
import { FinishedCode, type SessionObserver } from "../../ports/store.js";
import type { Arena } from "../setup/arena.js";
import type { Settings } from "../setup/settings.js";
import type { Application } from "../telling/application.js";
import type { Counts } from "../terms/counters.js";
import { IncomingIds } from "./incoming-ids.js";
import { Outbox, RecordState, TagBits } from "./outbox.js";
import { type AckResult, Session } from "./session.js";

/** Incoming identifiers that tell an observer. Hot: no allocation. */
class ObservedIds extends IncomingIds {
	observer!: SessionObserver;
	/** An identifier moves within the table: it is known all the time. */
	private _moving = false;

	/** Written out: the constructor that a derived class is given spreads its arguments. */
	constructor(arena: Arena, max: number) {
		super(arena, max);
	}

	override add(packetId: number): void {
		if (!this._moving) this.observer.remembered(packetId);
		super.add(packetId);
	}

	override remove(packetId: number): boolean {
		const known = this.has(packetId);
		if (!super.remove(packetId)) return false;
		if (known && !this._moving) this.observer.forgotten(packetId);
		return true;
	}

	override renew(packetId: number): void {
		this._moving = true;
		super.renew(packetId);
		this._moving = false;
	}
}

/** An outbox that tells an observer of what becomes part of it, and that no short way of an ack is taken for. Hot: no allocation. */
export class ObservedOutbox extends Outbox {
	observer!: SessionObserver;
	/** The payload is written after the record is made: whoever publishes says when it is complete. See tellAccepted. */
	payloadFollows = false;

	/** Written out: the constructor that a derived class is given spreads its arguments. */
	constructor(arena: Arena, size: number, counters: Counts) {
		super(arena, size, counters);
	}

	override commit(size: number, qos: number, packetId: number, source: number, start: number): void {
		super.commit(size, qos, packetId, source, start);
		if (qos !== 0 && !this.payloadFollows) this.tellAccepted(packetId);
	}

	/** The publish with this identifier is complete. */
	tellAccepted(packetId: number): void {
		const record = this.find(packetId);
		const start = this.packetStart(record);
		const total = this.packetSize(record);
		this.observer.accepted(packetId, this.qos(record), this._bytes, start, this.storedSize(record), total);
	}

	/** Without `alone`, PUBACK and PUBREC take the long way, on which the session hears of them. */
	override noteAlone(): void {}
}

/**
 * A session that tells an observer: see SessionObserver. Made in place of a Session when the option `store` is given, so that
 * nobody else asks whether there is an observer. What it tells, it tells right before it happens; nothing can come between.
 *
 * Short ways do without the session's methods. They are not taken, because what each of them asks for does not come about:
 *
 *     ShortPublisher, QoS 1 and 2   identifiers below freeEnd         freeEnd is 0 outside of takeId
 *     fillWholeRecords              Work.RECORDS                      ObservedRegion has ALL in its place
 *     PUBACK, PUBREC alone          outbox.alone                      ObservedOutbox never notes it
 *     PUBCOMP alone                 a call by Receiver.handleBytes    ObservedReceiver has another
 *
 * PUBREL alone is answered by its short way: that calls IncomingIds.remove. Hot: no allocation.
 */
export class ObservedSession extends Session {
	/** The outbox, by its own name. */
	readonly observed: ObservedOutbox;
	private readonly _observer: SessionObserver;
	/** One past the identifiers that are certainly free: see Session.freeEnd. */
	private _freeEnd = 0;

	constructor(
		settings: Settings,
		arena: Arena,
		application: Application,
		counters: Counts,
		firstId: number,
		observer: SessionObserver,
	) {
		super(settings, arena, application, counters, firstId);
		this._observer = observer;
		this.observed = this.outbox as ObservedOutbox;
		this.observed.observer = (this.incoming as ObservedIds).observer = observer;
	}

	/** Allocates. */
	protected override makeOutbox(arena: Arena, size: number, counters: Counts): Outbox {
		return new ObservedOutbox(arena, size, counters);
	}

	/** Allocates. */
	protected override makeIncoming(arena: Arena, max: number): IncomingIds {
		return new ObservedIds(arena, max);
	}

	override takeId(requests: { nearestId(from: number, distance: number): number }): number {
		this.freeEnd = this._freeEnd;
		const packetId = super.takeId(requests);
		this._freeEnd = this.freeEnd;
		this.freeEnd = 0;
		if (packetId !== 0) this._observer.nextId(this.nextId > Max.PACKET_ID ? 1 : this.nextId);
		return packetId;
	}

	override handleSending(record: number, tags: number): void {
		if ((tags & TagBits.QOS_MASK) !== 0) this._observer.sent(tags >>> TagBits.ID_SHIFT);
		super.handleSending(record, tags);
	}

	/** Whether a publish waits for just this ack. */
	private waits(packetId: number, state: RecordState): boolean {
		const outbox = this.outbox;
		const record = outbox.find(packetId);
		return record >= 0 && outbox.state(record) === state && record !== outbox.active;
	}

	override handlePuback(packetId: number): AckResult {
		if (this.waits(packetId, RecordState.PUBACK_WAIT)) this._observer.finished(packetId, FinishedCode.DELIVERED);
		return super.handlePuback(packetId);
	}

	override handlePubrec(packetId: number): AckResult {
		if (this.waits(packetId, RecordState.PUBREC_WAIT)) this._observer.released(packetId);
		return super.handlePubrec(packetId);
	}

	override handlePubcomp(packetId: number): AckResult {
		if (this.releasedIndex(packetId) >= 0) this._observer.finished(packetId, FinishedCode.DELIVERED);
		return super.handlePubcomp(packetId);
	}

	override drop(record: number): void {
		const packetId = this.outbox.packetId(record);
		if (packetId !== 0) this._observer.finished(packetId, FinishedCode.DROPPED);
		super.drop(record);
	}

	override cancel(packetId: number): boolean {
		// One with a record is told by drop.
		if (this.releasedIndex(packetId) >= 0) this._observer.finished(packetId, FinishedCode.DROPPED);
		return super.cancel(packetId);
	}

	override restart(): void {
		this._observer.cleared();
		for (let i = 0; i < this.releasedCount; i++) this._observer.finished(this.released[i]!, FinishedCode.UNKNOWN);
		super.restart();
	}
}
