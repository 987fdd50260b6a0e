import { StateCode } from "../../firmware/client/terms/codes.js";
import { bytesOf, hexOf } from "../support/hex.js";
import type { Rig } from "./rig.js";

/** What a server that agrees to everything answers to whole packets, as hex. */
function answersTo(hex: string): string {
	const bytes = bytesOf(hex);
	let answers = "";
	for (let at = 0; at < bytes.length;) {
		const first = bytes[at]!;
		let remaining = 0;
		let head = 1;
		for (let shift = 0; ; shift += 7) {
			const byte = bytes[at + head++]!;
			remaining |= (byte & 127) << shift;
			if (byte < 128) break;
		}
		answers += answerTo(first, bytes.subarray(at + head, at + head + remaining));
		at += head + remaining;
	}
	return answers;
}

function answerTo(first: number, body: Uint8Array): string {
	const id = hexOf(body.subarray(0, 2));
	switch (first >> 4) {
		case 1:
			return "20020000";
		case 3: {
			const topicSize = (body[0]! << 8) | body[1]!;
			const packetId = hexOf(body.subarray(2 + topicSize, 4 + topicSize));
			return ["", "4002", "5002"][(first >> 1) & 3]! + ((first >> 1) & 3 ? packetId : "");
		}
		case 5:
			return `6202${id}`;
		case 6:
			return `7002${id}`;
		case 8: {
			let codes = "";
			for (let at = 2; at < body.length;) {
				at += 2 + ((body[at]! << 8) | body[at + 1]!);
				codes += hexOf(body.subarray(at, ++at));
			}
			return `90${(2 + codes.length / 2).toString(16).padStart(2, "0")}${id}${codes}`;
		}
		case 10:
			return `b002${id}`;
		case 12:
			return "d000";
		default:
			return "";
	}
}

/**
 * Lets everything happen that happens by itself: connections come about, all is answered, and time passes only where
 * the loop has more to do at once or the client waits for its next attempt. So whatever the loop forgot stays undone.
 */
export function settle(rig: Rig): void {
	for (let round = 0; round < 500; round++) {
		if (rig.state === StateCode.WAITING || rig.clock.delayMs === 1) rig.sleep();
		else if (rig.state === StateCode.OPENING && rig.transport.isOpen) rig.opened();
		else {
			const sent = rig.transport.sent;
			if (sent === "") return;
			rig.hear(answersTo(sent));
		}
	}
	throw new Error("it does not come to rest");
}
