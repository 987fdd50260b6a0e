// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { Field, RecordBits, RecordState, TagBits } from "../session/outbox.js";
import type { Session } from "../session/session.js";
import type { Counts } from "../terms/counters.js";
import type { TransmitRegion } from "./transmit-region.js";

const enum Short {
	/** Bytes of the largest packet whose Remaining Length takes one byte. */
	PACKET_SIZE_MAX = 129,
}

/**
 * The short way of records that wait in the outbox, when nothing but records does (Work.RECORDS) and a packet may start:
 * new QoS 1 and 2 publishes that fit whole into the region, one after the other, as far as the window lets them. It stands
 * for Sender.startRecord and fillRecord, Session.handleSending and windowOpen, whose calls would cost more than all the rest.
 *
 *     outbox: | header | packet |pad| header | packet |pad|        tail
 *                      cursor →          ↓ copied
 *     region:          ... | packet | packet |                     limit
 *
 * It ends at a record that is none of these: at QoS 0, sent before on another connection (DUP), free, streamed, with a
 * Remaining Length of more than one byte, or without room; such a record may also be cut. Hot: no allocation.
 *
 * out  true: nothing is left that may go out now. false: there is a record of another kind, or too little room; the long
 *      way goes on from it
 */
export function fillWholeRecords(region: TransmitRegion, session: Session, counters: Counts): boolean {
	const outbox = session.outbox;
	const words = outbox.words;
	const bytes = region.bytes;
	let record = outbox.cursor;
	while (record < outbox.tail) {
		const at = record >> 2;
		const tags = words[at + Field.TAGS]!;
		if ((tags & (TagBits.SOURCE_MASK | TagBits.STATE_MASK)) !== RecordState.QUEUED) return false;
		if ((tags & TagBits.QOS_MASK) === 0) return false;
		const waiting = session.waiting + 1;
		const inflight = waiting + session.releasedCount;
		if (inflight > session.window) return true;
		const start = record + (words[at]! >> RecordBits.START_SHIFT);
		const length = bytes[start + 1]! + 2;
		const size = region.size;
		const to = region.offset + size;
		if (length > Short.PACKET_SIZE_MAX || length > region.limit - to) return false;
		// What a record waits for once it is sent is QUEUED and its QoS: see RecordState.
		words[at + Field.TAGS] = tags + ((tags & TagBits.QOS_MASK) >> TagBits.QOS_SHIFT);
		session.waiting = waiting;
		bytes.copyWithin(to, start, start + length);
		region.size = size + length;
		record += words[at]! & RecordBits.SIZE_MASK;
		outbox.cursor = record;
		counters.publishesOut++;
		if (inflight > counters.inflightMax) counters.inflightMax = inflight;
	}
	return true;
}
