// Read MQTT 3.1.1 §3.4 … §3.7 and §4.3 before changing this file.
import { FirstByte } from "../../codec/constants.js";
import { AckHead } from "../../codec/decoder.js";
import { Size } from "../../codec/encode.js";
import { ReasonCode, StateCode } from "../terms/codes.js";
import type { Link } from "./link.js";
import { CounterIndex } from "../terms/counters.js";
import { Work } from "../outgoing/sender.js";
import { RecordBits } from "../session/outbox.js";
import { AckResult } from "../session/session.js";

/**
 * PUBREC, PUBREL or PUBCOMP that has arrived alone, in the usual case: it answers the only publish in the outbox, or the
 * only PUBREL, and what it causes can go out at once. Hot: no allocation; long and with few locals for the reasons given
 * at Publisher.publish.
 *
 * in   word  the four bytes
 * out  whether it was taken; if not, nothing has changed, and the bytes take the long way
 */
export function handleAckAlone(link: Link, word: number): boolean {
	if (word >> 16 === AckHead.PUBCOMP) return handlePubcompAlone(link, word & 0xffff);
	const sender = link.sender;
	const at = sender.offset + sender.size;
	if (!sender.boundary || sender.ackCount || at + Size.ACK > sender.limit) return false;
	const session = link.session;
	let answer = AckHead.PUBCOMP as number;
	if (word >> 16 === AckHead.PUBREC) {
		const outbox = session.outbox;
		if (outbox.alone !== ((word << 16) | RecordBits.PUBREC_TAGS) || session.releasedCount !== session.releasedSent)
			return false;
		outbox.count = outbox.used = outbox.alone = session.waiting = 0;
		outbox.head = outbox.cursor = outbox.tail = outbox.base;
		session.released[session.releasedCount] = word;
		session.releasedCount = session.releasedSent = session.releasedSent + 1;
		if (link.application.tells !== 0) link.application.roomMade();
		answer = AckHead.PUBREL;
	} else {
		if (word >> 16 !== AckHead.PUBREL || (word & 0xffff) === 0 || !session.incoming.remove(word & 0xffff)) return false;
	}
	link.arena.view.setInt32(at, (answer << 16) | (word & 0xffff));
	sender.size += Size.ACK;
	return true;
}

/** PUBCOMP alone: as handleAckAlone. Hot: no allocation. */
function handlePubcompAlone(link: Link, packetId: number): boolean {
	const session = link.session;
	if (session.releasedCount !== 1 || session.released[0] !== packetId) return false;
	session.releasedCount = session.releasedSent = 0;
	link.counts.delivered++;
	// What has waited for the window.
	if (session.outbox.count > 0 || link.sender.disconnectDue) link.sender.work = Work.ALL;
	if (link.application.tells !== 0) link.application.acked(packetId, false);
	return true;
}

/**
 * PUBACK, PUBREC, PUBREL or PUBCOMP on an accepted connection. Hot: no allocation.
 *
 * in   ack  first byte << 16 | packet identifier
 * out  whether the connection stands
 */
export function handleAck(link: Link, ack: number): boolean {
	const firstByte = ack >> 16;
	const packetId = ack & 0xffff;
	if (firstByte === FirstByte.PUBREL) {
		// The receiver has released it.
		link.sender.ack(FirstByte.PUBCOMP, packetId);
		return true;
	}
	const sender = link.sender;
	const session = link.session;
	let result: AckResult;
	if (firstByte === FirstByte.PUBACK) result = session.handlePuback(packetId);
	else if (firstByte === FirstByte.PUBCOMP) result = session.handlePubcomp(packetId);
	else result = session.handlePubrec(packetId);
	if (result === AckResult.TAKEN) {
		// PUBREL follows PUBREC; the others open the window for what waits in the outbox.
		if (firstByte === FirstByte.PUBREC || sender.disconnectDue) sender.work = Work.ALL;
		else if (session.outbox.cursor < session.outbox.tail) sender.work |= Work.RECORDS;
		return link.state >= StateCode.CONNECTING;
	}
	return handleOddAck(link, result, firstByte, packetId);
}

/** An ack that no exchange waits for: ignored, answered, or the end of the connection. */
function handleOddAck(link: Link, result: AckResult, firstByte: number, packetId: number): boolean {
	// One for an identifier of an open SUBSCRIBE answers the wrong question.
	if (result === AckResult.WRONG || link.isRequest(packetId)) {
		link.counts.table[CounterIndex.PROTOCOL_ERRORS]!++;
		link.handleViolation(ReasonCode.PROTOCOL_ERROR, firstByte);
		return false;
	}
	// A PUBREC that was answered before is answered again, and an unknown one too, so that the server can finish; one
	// whose PUBREL is still to be sent is not [MQTT-4.6.0-4].
	if (firstByte === FirstByte.PUBREC && link.session.releasedIndex(packetId) < link.session.releasedSent)
		link.sender.ack(FirstByte.PUBREL, packetId);
	return true;
}
