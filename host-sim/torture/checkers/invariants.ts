/**
 * What has to hold between the fields of a client after every event: the tables of the session, and all that the short ways
 * rely on (`firmware/client/short-ways`). Whoever adds a field that several objects write adds its facts here.
 */
import type { Core } from "../../../firmware/client/connection/core.js";
import { RecordState } from "../../../firmware/client/session/outbox.js";
import { Leaving, Work } from "../../../firmware/client/short-ways/transmit-region.js";
import { StateCode } from "../../../firmware/client/terms/codes.js";
import { Deadline } from "../../../firmware/client/setup/deadlines.js";

/** What the sender keeps to itself. */
interface SenderInside {
	readonly _connectLeft: number;
	readonly _pingDue: boolean;
	readonly _sourceDry: boolean;
}

const ACKS_MAX = 16;
const DUP = 8;
const PACKET_ID_MAX = 65_535;

/** Adds `what` to the broken facts. */
type Expect = (fact: boolean, what: string) => void;

/**
 * Every fact about the state of a client that is broken; none, between two events. Changes nothing.
 *
 * in   core  of the client; not within one of its turns
 */
export function invariants(core: Core): string[] {
	const broken: string[] = [];
	const expect: Expect = (fact, what) => {
		if (!fact) broken.push(what);
	};
	checkRecords(core, expect);
	if (broken.includes("a record without size")) return broken;
	checkSession(core, expect);
	checkIdentifiers(core, expect);
	checkRegion(core, expect);
	checkShortcuts(core, expect);
	if (core.linked && core.region.work === Work.NONE) checkNothingLeft(core, expect);
	return broken;
}

/** The records of the outbox, one by one, and what is counted of them. */
function checkRecords(core: Core, expect: Expect): void {
	const { outbox, waiting } = core.session;
	let [count, countQoS0, used, sent] = [0, 0, 0, 0];
	for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
		const state = outbox.state(record);
		if (outbox.size(record) <= 0) return expect(false, "a record without size");
		if (state === RecordState.FREE) continue;
		count++;
		used += outbox.size(record);
		if (outbox.qos(record) === 0) countQoS0++;
		if (state !== RecordState.QUEUED) sent++;
		const mayBeNew = record >= outbox.cursor || (record === outbox.active && outbox.qos(record) === 0);
		expect(
			!core.region.open || state !== RecordState.QUEUED || mayBeNew,
			"a record behind the cursor that was not sent",
		);
		const isDup = (core.arena.bytes[outbox.packetStart(record)]! & DUP) !== 0;
		expect(state !== RecordState.QUEUED || !isDup, "DUP in a publish that was not sent");
	}
	const same = outbox.count === count && outbox.used === used && outbox.countQoS0 === countQoS0 && waiting === sent;
	expect(same, "outbox counts");
	const { base, head, cursor, tail, limit } = outbox;
	expect(base <= head && head <= cursor && cursor <= tail && tail <= limit, "outbox order");
	expect(count > 0 || (head === base && tail === base), "an empty outbox that does not start at its base");
	expect(count === 0 || outbox.state(head) !== RecordState.FREE, "a head that is free");
}

/** The other tables of the session. */
function checkSession(core: Core, expect: Expect): void {
	const { session, settings, subscriptions } = core;
	const { waiting, releasedCount, releasedSent, incoming } = session;
	expect(session.windowMax >= 1 && session.windowMax <= settings.inflight, "a window that is wider than the option");
	expect(waiting + releasedCount <= settings.inflight, "more in flight than the window");
	expect(session.window === session.windowMax || session.window === 1, "a window of another size");
	expect(releasedSent >= 0 && releasedSent <= releasedCount, "PUBRELs sent that there are not");
	expect(incoming.count <= settings.incomingQoS2, "more QoS 2 identifiers than there is room for");
	expect(subscriptions.pending >= 0 && subscriptions.requested >= 0, "subscriptions counted below 0");
	expect(subscriptions.pending + subscriptions.requested <= subscriptions.count, "subscriptions counted twice");
}

/** Packet identifiers: of each exchange another one [MQTT-2.3.1-2], and `freeEnd`. */
function checkIdentifiers(core: Core, expect: Expect): void {
	const { session, subscriptions } = core;
	const { outbox, nextId, freeEnd } = session;
	expect(nextId >= 1 && freeEnd <= PACKET_ID_MAX + 1, "identifiers out of range");
	const used = new Set<number>();
	const use = (id: number): void => {
		expect(!used.has(id), "an identifier for two exchanges");
		expect(id < nextId || id >= freeEnd, "an identifier in use below freeEnd");
		used.add(id);
	};
	for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
		if (outbox.state(record) === RecordState.FREE) continue;
		const id = outbox.packetId(record);
		expect((id === 0) === (outbox.qos(record) === 0), "an identifier that does not suit its QoS");
		if (id !== 0) use(id);
	}
	for (let i = 0; i < session.releasedCount; i++) use(session.released[i]!);
	if (freeEnd <= nextId) return;
	const nearest = nextId + subscriptions.nearestId(nextId, PACKET_ID_MAX);
	expect(nearest >= freeEnd, "an identifier of a request below freeEnd");
}

/** The transmit region by itself, and against the state of the connection. */
function checkRegion(core: Core, expect: Expect): void {
	const { region, settings, state, linked, session } = core;
	expect(region.size >= 0 && region.size <= settings.txBuffer, "bytes outside of the transmit region");
	expect(region.ackCount >= 0 && region.ackCount <= ACKS_MAX, "acks outside of their ring");
	const isAccepted = state === StateCode.CONNECTED || state === StateCode.STOPPING;
	expect(!region.open || isAccepted, "open without an accepted connection");
	const isLeaving = region.leaving !== Leaving.NO;
	expect(state !== StateCode.STOPPING || isLeaving, "stopping without leaving");
	expect(!isLeaving || state === StateCode.STOPPING || state === StateCode.CONNECTING, "leaving without stopping");
	expect(core.blocked === core.deadlines.isArmed(Deadline.WRITE), "blocked without its deadline");
	if (linked) return;
	const isLeft = region.size + region.ackCount > 0 || session.outbox.active >= 0;
	expect(!isLeft, "something is left of a connection that has ended");
}

/** `direct`, `boundary`, `watched` and `alone`: what they promise to those who do not ask any further. */
function checkShortcuts(core: Core, expect: Expect): void {
	const { region, session } = core;
	const { outbox } = session;
	const { direct, boundary, open, leaving } = region;
	const sender = core.sender as unknown as SenderInside;
	expect(!direct || open, "direct without an open connection");
	expect(!direct || boundary, "direct in the middle of a packet");
	expect(!direct || !region.composing, "direct while a payload is composed");
	expect(!direct || outbox.countQoS0 === 0, "direct past a QoS 0 publish that waits");
	expect(!direct || leaving === Leaving.NO, "direct while leaving");
	expect(!boundary || outbox.active < 0, "a boundary within a PUBLISH");
	expect(!boundary || sender._connectLeft === 0, "a boundary within CONNECT");
	expect(!boundary || leaving < Leaving.WRITTEN, "a boundary behind DISCONNECT");
	expect(region.watched === (core.blocked || leaving >= Leaving.WRITTEN), "watched");
	const { alone, head } = outbox;
	if (alone === 0) return;
	expect(outbox.count === 1 && outbox.tags(head) === alone, "alone is another record");
	expect(outbox.state(head) >= RecordState.PUBACK_WAIT, "alone is a record that waits for no ack");
	expect(outbox.source(head) === 0, "alone is a record with a source");
	expect(outbox.cursor === outbox.tail && outbox.active < 0, "alone is a record that is not out");
	expect(open, "alone without an open connection");
	expect(leaving === Leaving.NO, "alone while leaving");
}

/** With no work there is nothing that could be put into the region now. */
function checkNothingLeft(core: Core, expect: Expect): void {
	const { region, session, subscriptions } = core;
	const { outbox } = session;
	const sender = core.sender as unknown as SenderInside;
	expect(sender._connectLeft === 0, "no work, and a rest of CONNECT");
	if (outbox.active >= 0) return expect(sender._sourceDry, "no work, and a rest of a PUBLISH");
	if (region.leaving >= Leaving.WRITTEN) return;
	expect(region.boundary, "no work, and no boundary although no packet is half written");
	expect(region.ackCount === 0, "no work, and acks that wait");
	if (region.leaving !== Leaving.NO) {
		const isOpen = outbox.count + session.releasedCount > 0;
		expect(isOpen && region.leaving === Leaving.DUE, "no work, and DISCONNECT is to be sent");
	}
	if (!region.open) return;
	expect(!sender._pingDue, "no work, and PINGREQ is to be sent");
	expect(session.releasedSent === session.releasedCount, "no work, and PUBRELs are to be sent");
	expect(subscriptions.pending === 0 || region.leaving !== Leaving.NO, "no work, and requests are to be sent");
	if (outbox.cursor === outbox.tail) return;
	expect(outbox.qos(outbox.cursor) !== 0, "no work, and a QoS 0 publish that waits");
	const isNew = outbox.state(outbox.cursor) === RecordState.QUEUED;
	const isFull = session.waiting + session.releasedCount >= session.window;
	expect(isNew ? isFull : session.holdsBack(outbox.cursor), "no work, and a publish that waits within the window");
}
