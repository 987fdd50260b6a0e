// Read MQTT 3.1.1 §3.4 … §3.7 and §4.3 before changing this file.
import { FirstByte } from "../../codec/constants.js";
import { ReasonCode } from "../terms/codes.js";
import type { Link } from "./link.js";
import { CounterIndex } from "../terms/counters.js";
import { AckResult } from "../session/session.js";
import { Leaving } from "../short-ways/transmit-region.js";

/**
 * PUBACK, PUBREC, PUBREL or PUBCOMP on an accepted connection; one that has arrived alone is looked at by handleAckAlone before. Hot:
 * no allocation.
 *
 * in   ack  first byte << 16 | packet identifier
 * out  whether the connection stands
 */
export function handleAck(link: Link, ack: number): boolean {
	const firstByte = ack >> 16;
	const packetId = ack & 0xffff;
	if (firstByte === FirstByte.PUBREL) {
		// The receiver has released it.
		link.region.ack(FirstByte.PUBCOMP, packetId);
		return true;
	}
	const region = link.region;
	const session = link.session;
	let result: AckResult;
	if (firstByte === FirstByte.PUBACK) result = session.handlePuback(packetId);
	else if (firstByte === FirstByte.PUBCOMP) result = session.handlePubcomp(packetId);
	else result = session.handlePubrec(packetId);
	if (result === AckResult.TAKEN) {
		// PUBREL follows PUBREC; the others open the window for what waits in the outbox, or were all that DISCONNECT waits for.
		if (firstByte === FirstByte.PUBREC) region.wake();
		else if (session.outbox.cursor < session.outbox.tail || region.leaving !== Leaving.NO) region.wakeRecords();
		return link.linked;
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
		link.region.ack(FirstByte.PUBREL, packetId);
	return true;
}
