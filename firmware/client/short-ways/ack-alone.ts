// Read MQTT 3.1.1 §3.4 … §3.7 and §4.3 before changing this file.
import { AckHead } from "../../codec/decoder.js";
import { Size } from "../../codec/encode.js";
import { TagBits } from "../session/outbox.js";
import type { TransmitParts } from "./transmit-region.js";

/**
 * The short way of an ack that has arrived alone: one read brought its four bytes and no others, nothing of a packet is kept
 * from before, and CONNACK has come. It answers the only publish in the outbox (`outbox.alone`), or the only PUBREL, and what
 * it causes can go out at once. It stands for Decoder.decode, the way through the receiver, and handleAck.
 *
 *     landing: | 50 02 | packetId |      PUBREC, outbox.alone has this identifier  →  the record is given back
 *     region:  ... | 62 02 | packetId |  PUBREL                                        releasedCount = releasedSent = one more
 *
 *     landing: | 62 02 | packetId |      PUBREL  →  the identifier is forgotten
 *     region:  ... | 70 02 | packetId |  PUBCOMP
 *
 *     landing: | 70 02 | packetId |      PUBCOMP, the only one that was released → complete
 *
 * PUBACK alone stands in Receiver.handleBytes, which would pay more for a call than for all it does:
 *
 *     landing: | 40 02 | packetId |      PUBACK, outbox.alone has this identifier  →  the record is given back: complete
 *
 * Not taken when other acks wait for room or there is none, when another PUBREL has to go first, or when a packet is half
 * written; then nothing has changed, and the bytes take the long way. Hot: no allocation; long and with few locals for the
 * reasons given at ShortPublisher.
 *
 * in   word  the four bytes
 * out  whether it was taken
 */
export function handleAckAlone(parts: TransmitParts, word: number): boolean {
	if (word >> 16 === AckHead.PUBCOMP) return handlePubcompAlone(parts, word & 0xffff);
	const region = parts.region;
	const at = region.offset + region.size;
	if (!region.boundary || region.ackCount || at + Size.ACK > region.limit) return false;
	const session = parts.session;
	let answer = AckHead.PUBCOMP as number;
	if (word >> 16 === AckHead.PUBREC) {
		const outbox = session.outbox;
		if (outbox.alone !== ((word << TagBits.ID_SHIFT) | TagBits.PUBREC_WAIT)) return false;
		if (session.releasedCount !== session.releasedSent) return false;
		// Outbox.clear, without its call.
		outbox.count = outbox.used = outbox.alone = session.waiting = 0;
		outbox.head = outbox.cursor = outbox.tail = outbox.base;
		session.released[session.releasedCount] = word;
		session.releasedCount = session.releasedSent = session.releasedSent + 1;
		if (parts.application.tells !== 0) parts.application.room.bytesFreed();
		answer = AckHead.PUBREL;
	} else {
		if (word >> 16 !== AckHead.PUBREL || (word & 0xffff) === 0 || !session.incoming.remove(word & 0xffff)) return false;
	}
	region.view.setInt32(at, (answer << 16) | (word & 0xffff));
	region.size += Size.ACK;
	return true;
}

/** PUBCOMP alone: as handleAckAlone. Hot: no allocation. */
function handlePubcompAlone(parts: TransmitParts, packetId: number): boolean {
	const session = parts.session;
	if (session.releasedCount !== 1 || session.released[0] !== packetId) return false;
	session.releasedCount = session.releasedSent = 0;
	parts.counts.delivered++;
	// What has waited for the window.
	if (session.outbox.count > 0 || parts.region.leaving !== 0) parts.region.wake();
	if (parts.application.tells !== 0) parts.application.acked(packetId, false);
	return true;
}
