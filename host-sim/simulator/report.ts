import { Counter } from "../../firmware/client/terms/counters.js";
import { LIMITS, type LimitName } from "../../firmware/client/terms/limits.js";
import { sizeOfRecord } from "../../firmware/client/session/outbox.js";
import { stateName } from "./watch/names.js";
import type { ClientWatch } from "./watch/monitor.js";
import type { SimulatedClient } from "./program/registry.js";

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
	/** Name of its State before the run stopped it; undefined when the run did not come to that. */
	state: string | undefined;
	/** By their names in `Counter`. */
	counters: Record<string, number>;
	/** Refused calls, by call and name of the status, e.g. `publish INVALID_TOPIC`. */
	refused: Record<string, number>;
	/** Problems by name; without exceptions. */
	problems: Record<string, number>;
	/** Ends of connections and attempts, by name of the reason. */
	ends: Record<string, number>;
	marks: Mark[];
}

/** Margin on top of a high-water mark: a quarter. */
const MARGIN = 1.25;
/** The next size to try where it is not known how much was missing. */
const GROWTH = 1.5;
/** The most bytes of a PUBLISH beside topic and payload, and of a SUBSCRIBE beside its one filter. */
const PUBLISH_HEAD_MAX = 1 + 4 + 2 + 2;
const SUBSCRIBE_HEAD_MAX = 4 + 2 + 2 + 1;
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

/**
 * Reads what a client has counted.
 *
 * in   watch  what was seen of it beside that, if it was watched
 */
export function reportClient(client: Omit<SimulatedClient, "stop">, watch?: ClientWatch): ClientReport {
	const counters: Record<string, number> = {};
	for (const [name, index] of Object.entries(Counter)) counters[name] = client.counters[index] ?? 0;
	const marks = MARKS.map(({ name, counter, step }) => {
		const used = client.counters[counter] ?? 0;
		const configured = Number(client.settings[name] ?? LIMITS[name].initial);
		const wanted = wantedOf(watch, name, used, configured);
		const needed = Math.max(needOf(client, name, used, configured), wanted > 0 ? used + wanted : 0);
		return { name, used, configured, suggested: suggest(name, needed, step) };
	});
	const { refused = {}, problems = {}, ends = {} } = watch ?? {};
	const state = watch?.state === undefined ? undefined : stateName(watch.state);
	const clientId = clientIdOf(client);
	return { clientId, arenaSize: client.arenaSize ?? 0, state, counters, refused, problems, ends, marks };
}

/** What the counters say was needed: the mark, unless something was turned away for want of room. */
function needOf(client: Omit<SimulatedClient, "stop">, name: LimitName, used: number, configured: number): number {
	const count = (index: number): number => client.counters[index] ?? 0;
	if (name === "rxBuffer" && count(Counter.TOO_LARGE_IN) > 0) return Math.max(used, count(Counter.PACKET_IN_MAX));
	// A streamed message fills whatever there is, so that a full buffer says nothing.
	if (name === "rxBuffer" && count(Counter.PIECES) > 0) return Math.min(used, configured / MARGIN);
	// How much more the outbox would have needed in all is not known; half as much again is a step in the right direction.
	const refused = count(Counter.REFUSED_FULL) + count(Counter.DROPPED_OLD);
	return name === "outbox" && refused > 0 ? Math.max(used, configured * GROWTH) : used;
}

/** What refused calls would have needed on top of the mark. */
function wantedOf(watch: ClientWatch | undefined, name: LimitName, used: number, configured: number): number {
	if (!watch) return 0;
	const { publish, filter, filters } = watch.wanted;
	const tooLarge = filter > 0 ? 1 : 0;
	switch (name) {
		case "outbox":
			return publish < 0 ? 0 : sizeOfRecord(PUBLISH_HEAD_MAX + publish);
		case "subscriptions":
			return filters.size + tooLarge;
		case "filterBytes":
			// Each begins at a whole word.
			return [...filters.values(), filter].reduce((sum, size) => sum + ((size + 3) & ~3), 0);
		case "txBuffer":
			return filter > 0 ? Math.max(0, SUBSCRIBE_HEAD_MAX + filter - used) : 0;
		case "incomingQoS2":
			return (watch.ends["INCOMING_QOS2_FULL"] ?? 0) > 0 ? configured * GROWTH - used : 0;
		default:
			return 0;
	}
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
