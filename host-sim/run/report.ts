import { Counter } from "../../firmware/client/counters.js";
import { LIMITS, type LimitName } from "../../firmware/client/limits.js";
import type { SimulatedClient } from "./registry.js";

/** How much of one region or table was used at most, and what the manifest gives it. */
export interface Mark {
	/** The option that sizes it. */
	name: LimitName;
	/** Bytes or entries. */
	used: number;
	configured: number;
	/** What the manifest should say, from this run alone: the mark and a margin. */
	suggested: number;
}

/** What one client did. */
export interface ClientReport {
	clientId: string;
	/** Bytes of the arena; 0 when the client does not say. */
	arenaSize: number;
	/** By their names in `Counter`. */
	counters: Record<string, number>;
	marks: Mark[];
}

/** Margin on top of a high-water mark: a quarter. */
const MARGIN = 1.25;
/** Regions (bytes) and tables (entries), the counter with the high-water mark of each, and what suggestions are multiples of. */
const MARKS: readonly { name: LimitName; counter: number; step: number }[] = [
	{ name: "rxBuffer", counter: Counter.RX_MAX, step: 64 },
	{ name: "txBuffer", counter: Counter.TX_MAX, step: 64 },
	{ name: "outbox", counter: Counter.OUTBOX_MAX, step: 64 },
	{ name: "inflight", counter: Counter.INFLIGHT_MAX, step: 1 },
	{ name: "incomingQoS2", counter: Counter.INCOMING_QOS2_MAX, step: 1 },
	{ name: "subscriptions", counter: Counter.SUBSCRIPTIONS_MAX, step: 1 },
	{ name: "filterBytes", counter: Counter.FILTER_BYTES_MAX, step: 8 },
];

/** Reads what a client has counted. */
export function reportClient(client: Omit<SimulatedClient, "stop">): ClientReport {
	const counters: Record<string, number> = {};
	for (const [name, index] of Object.entries(Counter)) counters[name] = client.counters[index] ?? 0;
	const marks = MARKS.map(({ name, counter, step }) => {
		const used = client.counters[counter] ?? 0;
		const configured = Number(client.settings[name] ?? LIMITS[name].initial);
		return { name, used, configured, suggested: suggest(name, shortage(client, name, used, configured), step) };
	});
	return { clientId: clientIdOf(client), arenaSize: client.arenaSize ?? 0, counters, marks };
}

/** What would have been needed: the mark, unless something was turned away for want of room. */
function shortage(client: Omit<SimulatedClient, "stop">, name: LimitName, used: number, configured: number): number {
	const count = (index: number): number => client.counters[index] ?? 0;
	if (name === "rxBuffer" && count(Counter.TOO_LARGE_IN) > 0) return Math.max(used, count(Counter.PACKET_IN_MAX));
	// A streamed message fills whatever there is, so that a full buffer says nothing.
	if (name === "rxBuffer" && count(Counter.PIECES) > 0) return Math.min(used, configured / MARGIN);
	// How much more the outbox would have needed is not known; half as much again is a step in the right direction.
	const refused = count(Counter.REFUSED_FULL) + count(Counter.DROPPED_OLD);
	return name === "outbox" && refused > 0 ? Math.max(used, configured * 1.5) : used;
}

function suggest(name: LimitName, needed: number, step: number): number {
	const rounded = Math.ceil((needed * MARGIN) / step) * step;
	return Math.min(LIMITS[name].max, Math.max(LIMITS[name].min, rounded));
}

/** Of an XS run the identifier came as text among the settings. */
function clientIdOf(client: Omit<SimulatedClient, "stop">): string {
	const id = client.clientId ?? client.settings["clientId"];
	return typeof id === "string" ? id : "";
}
