import { ackHex, bytesOf } from "../support/hex.js";
import type { Harness } from "../support/core-harness.js";

/** One packet of a client, as far as a server has to look at it. */
export interface Sent {
	/** The first byte. */
	first: number;
	packetId: number;
	hex: string;
}

/** Cuts what a client has sent into packets; throws when it ends inside one. */
export function packetsOf(hex: string): Sent[] {
	const bytes = bytesOf(hex);
	const packets: Sent[] = [];
	for (let at = 0; at < bytes.length;) {
		const first = bytes[at]!;
		let size = 0;
		let body = at + 1;
		for (let shift = 0; ; shift += 7) {
			const byte = bytes[body++]!;
			size |= (byte & 127) << shift;
			if (byte < 128) break;
		}
		if (body + size > bytes.length) throw new Error(`a packet is cut: ${hex}`);
		const uint16 = (offset: number): number => (bytes[offset]! << 8) | bytes[offset + 1]!;
		const type = first >> 4;
		let packetId = 0;
		if (type === 3) packetId = (first & 6) === 0 ? 0 : uint16(body + 2 + uint16(body));
		else if (type > 3 && type < 12) packetId = uint16(body);
		packets.push({ first, packetId, hex: hex.slice(2 * at, 2 * (body + size)) });
		at = body + size;
	}
	return packets;
}

/** How many filters a SUBSCRIBE has. */
function filterCount(packet: Sent): number {
	const bytes = bytesOf(packet.hex);
	let count = 0;
	// All of these tests have a Remaining Length of one byte.
	for (let at = 4; at < bytes.length; at += 3 + ((bytes[at]! << 8) | bytes[at + 1]!)) count++;
	return count;
}

/** What a server that has nothing against it answers to one packet. */
export function answerTo(packet: Sent): string {
	const { first, packetId } = packet;
	switch (first >> 4) {
		case 3:
			if ((first & 6) === 0) return "";
			return ackHex((first & 6) === 2 ? 0x40 : 0x50, packetId);
		case 5:
			return ackHex(0x62, packetId);
		case 6:
			return ackHex(0x70, packetId);
		case 8: {
			const count = filterCount(packet);
			return (
				ackHex(0x90, packetId).replace(/^9002/, `90${(2 + count).toString(16).padStart(2, "0")}`) + "00".repeat(count)
			);
		}
		case 10:
			return ackHex(0xb0, packetId);
		case 12:
			return "d000";
		default:
			return "";
	}
}

/** Answers what the client has sent, and what it sends to that, until it is silent. Returns all it has sent. */
export function serve(h: Harness, sent: string): string {
	let all = sent;
	while (sent !== "") {
		sent = h.exchange(packetsOf(sent).map(answerTo).join(""));
		all += sent;
	}
	return all;
}
