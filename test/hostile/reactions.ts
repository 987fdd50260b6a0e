import { Reason, State } from "xs-mqtt";
import { ackHex } from "../support/hex.js";
import type { ListedEntry } from "./entries.js";
import { Kind, Variant } from "./subject.js";

/** What has to come of an entry in one connection state. */
export type Reaction =
	| { readonly is: "close"; readonly reasons: readonly number[]; readonly detail: number }
	| { readonly is: "wait" }
	/** The connection stays; what is answered, and the topics of messages that are handed over. */
	| { readonly is: "go on"; readonly answer: string; readonly topics: readonly string[] }
	/** CONNACK that accepts: the client is connected. */
	| { readonly is: "accept"; readonly sessionPresent: boolean };

/**
 * The choices that the list leaves open: M004 and M005, a Remaining Length longer than needed, are accepted; M054, a
 * session that we know nothing of, is gone on with; M172 and M173, discouraged characters, are delivered; M016 closes;
 * M273 and M279 are answered with PUBREL.
 */
const GO_ON: Readonly<Record<string, { answer?: string; topics?: string[] }>> = {
	M004: {},
	M172: { topics: ["a\u0001b"] },
	M173: { topics: ["a\uffff"] },
	M272: {},
	M273: { answer: ackHex(0x62, 0x1234) },
	M274: { answer: ackHex(0x70, 0x1234) },
	M275: {},
	M279: { answer: "6202" },
	M349: {},
	M353: {},
	M380: {},
};

/** Refusals before CONNACK has accepted: their return codes, which are reported as what the server said. */
const REFUSED: Readonly<Record<string, number>> = { M052: 0x05, M072: 0x06, M073: 0x80, M074: 0xff };

/** The only one above our limit; that of a CONNACK is wrong whatever the limit. */
const TOO_LARGE: Readonly<Record<string, number>> = { M016: 268_435_460 };

/** Whether the entry comes before CONNACK. */
function isBefore({ kind }: ListedEntry, variant: number): boolean {
	if (variant === Variant.CONNECTED) return false;
	return variant === Variant.CONNECTING || kind === Kind.CONNECTING || kind === Kind.FIRST_CONNECT;
}

/** What the list says of an entry, in its own state or another one. */
export function reactionTo(entry: ListedEntry, variant: number): Reaction {
	const { id, bytes, listed } = entry;
	const first = bytes[0]!;
	const close = (detail: number, ...reasons: number[]): Reaction => ({ is: "close", reasons, detail });
	if (listed.class === "wait") return { is: "wait" };
	if (id in TOO_LARGE) return close(TOO_LARGE[id]!, Reason.PACKET_TOO_LARGE);
	const before = isBefore(entry, variant);
	if (before) {
		if (id in REFUSED) return close(REFUSED[id]!, id === "M052" ? Reason.REFUSED_NOT_AUTHORIZED : Reason.REFUSED_OTHER);
		if (id === "M005" || id === "M054") return { is: "accept", sessionPresent: id === "M054" };
		// Whatever is right otherwise comes too early [MQTT-3.2.0-1].
		if (id in GO_ON) return close(first, Reason.PROTOCOL_ERROR);
		// A PUBLISH too, and it is the first thing that is seen of one whose topic name is wrong.
		if (first >> 4 === 3) return close(first, Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR);
	} else if (id in GO_ON) {
		const { answer = "", topics = [] } = GO_ON[id]!;
		return { is: "go on", answer, topics };
	} else if (first === 0x20 && (id in REFUSED || id === "M005")) return close(first, Reason.PROTOCOL_ERROR);
	if (listed.class === "protocol") return close(first, Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR);
	return close(first, Reason.MALFORMED_PACKET);
}

/** The state that a connection is left in that goes on. */
export function stateOf(entry: ListedEntry, variant: number, reaction: Reaction): number {
	if (variant === Variant.STOPPING) return State.STOPPING;
	if (variant === Variant.CONNECTING_STOPPING) return reaction.is === "accept" ? State.STOPPING : State.CONNECTING;
	return isBefore(entry, variant) && reaction.is !== "accept" ? State.CONNECTING : State.CONNECTED;
}
