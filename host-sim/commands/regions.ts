import { Fixed, packetLogWords } from "../../firmware/client/setup/arena.js";
import { COUNTER_COUNT } from "../../firmware/client/terms/counters.js";
import { Deadline } from "../../firmware/client/setup/deadlines.js";
import type { Settings } from "../../firmware/client/setup/settings.js";

/** One part of a client's memory, for those who tune it. */
export interface Region {
	/** The option that sizes it, or what it holds. */
	readonly name: string;
	/** Bytes on any device. */
	readonly bytes: number;
}

const aligned = (size: number): number => (size + 3) & ~3;

/** What a client with these settings takes, region by region, beside its JavaScript objects. */
export function regionSizes(settings: Settings): readonly Region[] {
	return [
		{ name: "CONNECT packet", bytes: aligned(settings.connectSize) },
		{ name: "txBuffer", bytes: aligned(settings.txBuffer) },
		{ name: "outbox", bytes: aligned(settings.outbox) },
		{ name: "filterBytes", bytes: aligned(settings.filterBytes) },
		{ name: "rxBuffer", bytes: settings.rxBuffer },
		{ name: "readSize", bytes: aligned(settings.rxBuffer + settings.readSize) - settings.rxBuffer },
		{ name: "inflight", bytes: aligned(settings.inflight * 2) },
		{ name: "incomingQoS2", bytes: 4 * settings.incomingQoS2 },
		{ name: "subscriptions", bytes: settings.subscriptions * Fixed.SUBSCRIPTION_WORDS * 4 },
		{ name: "packetLog", bytes: packetLogWords(settings.packetLog) * 4 },
		{ name: "acks", bytes: Fixed.ACK_RING_SIZE * 4 },
		{ name: "counters", bytes: COUNTER_COUNT * 4 },
		{ name: "deadlines", bytes: (Deadline.STOP + 1) * 4 },
	];
}
