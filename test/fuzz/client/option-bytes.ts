import type { OneServerOptions } from "../../../firmware/app/client.js";

/** Bytes of an input that choose the options; what follows are steps. */
export const OPTION_BYTES = 8;

function pick<T>(values: readonly T[], byte: number): T {
	return values[byte % values.length]!;
}

/** Options of a client that differ from input to input; a long client identifier makes CONNECT larger than the region. */
export function optionsOf(head: Uint8Array): Omit<OneServerOptions, "transport"> {
	const at = (index: number): number => head[index] ?? 0;
	const cleanSession = (at(0) & 1) === 0;
	const rxBuffer = pick([64, 100, 512], at(1));
	return {
		host: "server",
		clientId: (at(1) & 0x80) === 0 ? "c" : "client".repeat(20),
		cleanSession,
		reconnect: (at(0) & 6) !== 6,
		queueQoS0: (at(0) & 8) === 0,
		outboxFull: pick(["refuse", "dropOldest", "latestPerTopic"] as const, at(0) >> 4),
		tooLarge: (at(0) & 0x80) === 0 ? "acknowledge" : "refuse",
		rxBuffer,
		readSize: pick([16, 64, rxBuffer], at(1) >> 2),
		txBuffer: pick([64, 128, 512], at(1) >> 4),
		outbox: pick([64, 128, 512, 2048], at(2)),
		inflight: pick([1, 2, 8], at(2) >> 2),
		incomingQoS2: pick([1, 2, 8], at(2) >> 4),
		subscriptions: pick([1, 3, 8], at(3)),
		filterBytes: pick([8, 64, 256], at(3) >> 2),
		sources: pick([0, 1, 3], at(3) >> 4),
		packetLog: pick([0, 5], at(3) >> 6),
		keepAlive: pick([60, 2, 0], at(4)),
		maximumPacketSize: pick([268_435_460, 200, 64], at(4) >> 2),
		pingTimeoutMs: pick([10_000, 100], at(4) >> 4),
		ackTimeoutMs: pick([20_000, 50], at(4) >> 5),
		connectTimeoutMs: pick([30_000, 50], at(4) >> 6),
		stableMs: pick([30_000, 10], at(4) >> 7),
		reconnectMinMs: pick([1_000, 1], at(5)),
		reconnectMaxMs: pick([120_000, 2_000], at(5) >> 1),
		holdOffMs: pick([300_000, 20], at(5) >> 2),
		stopTimeoutMs: pick([5_000, 20], at(5) >> 3),
		resendsMax: pick([0, 0, 3, 8], at(5) >> 4),
	};
}

/** Starts of the millisecond counter: an ordinary one, and right before the places where it wraps. */
export function ticksOf(head: Uint8Array): number {
	return pick([1_000, 0x7fff_ff00, -200, 0x7fff_ffff], head[6] ?? 0);
}

/** The first packet identifier: an ordinary one, and such as soon wrap. */
export function firstIdOf(head: Uint8Array): number {
	return pick([1, 30_000, 65_534], (head[6] ?? 0) >> 2);
}
