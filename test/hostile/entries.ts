import { bytesOf } from "../support/hex.js";
import { malformed, type Malformed } from "../vectors/vectors.js";
import { Kind, Variant, type Entry } from "./subject.js";

/** An exchange that waits for packets of a type. */
const KIND_OF_TYPE: Readonly<Record<string, number>> = {
	4: Kind.PUBLISHED_1,
	5: Kind.PUBLISHED_2,
	6: Kind.RECEIVED,
	7: Kind.RELEASED,
	9: Kind.SUBSCRIBING_1,
	b: Kind.UNSUBSCRIBING,
};

const { OWN, CONNECTING, CONNECTED, STOPPING, BLOCKED, CONNECTING_STOPPING } = Variant;

/** The state that a precondition of the list stands for. */
function kindOf({ id, precondition: text, hex }: Malformed): number {
	if (text.includes("no stored state") || text.includes("CleanSession=1")) return Kind.FIRST_CONNECT;
	if (text.startsWith("CONNECT sent")) return Kind.CONNECTING;
	if (text.includes("of the fitting kind")) return KIND_OF_TYPE[hex[0]!]!;
	if (text.startsWith("QoS 2 PUBLISH id 1 received")) return Kind.RECEIVED;
	if (text.startsWith("our QoS 1 PUBLISH")) return Kind.PUBLISHED_1;
	if (text.startsWith("our QoS 2 PUBLISH")) return Kind.PUBLISHED_2;
	if (text.startsWith("our PUBREL")) return Kind.RELEASED;
	if (text.startsWith("our UNSUBSCRIBE")) return Kind.UNSUBSCRIBING;
	if (text.startsWith("our SUBSCRIBE")) return text.includes("two filters") ? Kind.SUBSCRIBING_2 : Kind.SUBSCRIBING_1;
	if (/^(connected|our limit|nothing open|nothing received|no PINGREQ)/.test(text)) return Kind.CONNECTED;
	throw new Error(`${id}: what is "${text}"?`);
}

/** Every connection state that an entry can arrive in: one that needs its precondition comes only where that stands. */
function variantsOf({ needsState }: Malformed, kind: number): number[] {
	if (kind === Kind.FIRST_CONNECT) return [OWN];
	const before = kind === Kind.CONNECTING;
	const variants: number[] = before ? [OWN, CONNECTING_STOPPING] : [OWN, STOPPING, BLOCKED];
	if (!needsState && !before) variants.push(CONNECTING);
	if (!needsState && kind !== Kind.CONNECTED) variants.push(CONNECTED);
	return variants;
}

/** One entry of the list with all that a run of it needs. */
export interface ListedEntry extends Entry {
	readonly listed: Malformed;
}

/** All 3.1.1 entries of malformed.json. */
export const entries: readonly ListedEntry[] = malformed
	.filter(({ version }) => version === "3.1.1")
	.map((listed) => {
		const kind = kindOf(listed);
		return {
			listed,
			id: listed.id,
			kind,
			packetId: Number(/\bid(?:entifier)? (\d)/.exec(listed.precondition)?.[1] ?? 0),
			bytes: bytesOf(listed.hex),
			cleanSession: listed.precondition.includes("CleanSession=1"),
			maximumPacketSize: listed.precondition.includes("4096") ? 4_096 : 0,
			variants: variantsOf(listed, kind),
		};
	});
