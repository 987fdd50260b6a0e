import type { TuningOptions } from "../../firmware/client/terms/options.js";
import type { Random } from "../world/random.js";

/** What a run's device and its surroundings are like from the start. */
export interface Setup {
	/** Options of the client, beside callbacks. */
	options: TuningOptions & {
		host: string;
		clientId: string;
		cleanSession: boolean;
		reconnect: boolean;
		queueQoS0: boolean;
		outboxFull: "refuse" | "dropOldest" | "latestPerTopic";
		tooLarge: "acknowledge" | "refuse";
		will?: { topic: string; payload: string; qos: 0 | 1 | 2; retain: boolean };
		userName?: string;
		password?: string;
	};
	/** Whether the device has its program from the start: two subscriptions and start(). */
	started: boolean;
	/** Where the tick counter starts. */
	ticksStart: number;
	/** The client's first packet identifier: near the wrap, or anywhere. */
	firstId: number;
	/** Where the server's identifiers start, and how many messages it lets be unfinished. */
	serverId: number;
	window: number;
	/** Bytes that TCP takes before it wants an acknowledgement; bytes that may wait unread. */
	txWindow: number;
	rxWindow: number;
}

/** A name, for runs with lookups, and an address. */
const NAME = "broker.example";
const ADDRESS = "192.0.2.1";

function oneOf<T>(random: Random, ...values: T[]): T {
	return values[random.below(values.length)]!;
}

/** Small sizes most of the time: limits are where things go wrong. */
export function makeSetup(random: Random): Setup {
	const rxBuffer = oneOf(random, 64, 64, 80, 128, 256, 512);
	const reconnectMinMs = oneOf(random, 1, 50, 1_000);
	const cleanSession = random.below(4) === 0;
	const withWill = random.below(3) === 0;
	const withUser = random.below(4) === 0;
	return {
		options: {
			host: random.below(3) === 0 ? NAME : ADDRESS,
			clientId: "torture",
			cleanSession,
			reconnect: random.below(8) > 0,
			queueQoS0: random.below(3) > 0,
			outboxFull: oneOf(random, "refuse", "refuse", "dropOldest", "latestPerTopic"),
			tooLarge: oneOf(random, "acknowledge", "acknowledge", "refuse"),
			keepAlive: oneOf(random, 0, 1, 2, 10, 60, 60, 300, 65_535),
			rxBuffer,
			readSize: Math.min(rxBuffer, oneOf(random, 16, 16, 33, 64, 256)),
			txBuffer: oneOf(random, 64, 64, 75, 128, 512),
			outbox: oneOf(random, 64, 128, 256, 1_024, 4_096),
			inflight: oneOf(random, 1, 2, 3, 8, 20),
			incomingQoS2: oneOf(random, 1, 2, 4, 32, 32),
			subscriptions: oneOf(random, 1, 2, 4, 8),
			...(random.below(8) === 0 && { maximumPacketSize: 200 }),
			filterBytes: oneOf(random, 16, 64, 256),
			sources: oneOf(random, 0, 1, 2, 4),
			views: oneOf(random, 2, 3, 8),
			packetLog: oneOf(random, 0, 16),
			connectTimeoutMs: oneOf(random, 100, 2_000, 30_000),
			pingTimeoutMs: oneOf(random, 300, 2_000, 10_000),
			ackTimeoutMs: oneOf(random, 500, 5_000, 20_000),
			reconnectMinMs,
			reconnectMaxMs: reconnectMinMs * oneOf(random, 1, 8, 100),
			stableMs: oneOf(random, 1, 2_000, 30_000),
			holdOffMs: oneOf(random, 10, 5_000, 300_000),
			resendsMax: oneOf(random, 0, 0, 1, 3),
			stopTimeoutMs: oneOf(random, 1, 300, 5_000),
			...(withWill && { will: { topic: "will", payload: "gone", qos: oneOf(random, 0, 1, 2), retain: false } }),
			...(withUser && { userName: "device", password: "secret" }),
		},
		started: random.below(10) > 0,
		ticksStart: oneOf(random, 0, 0x7fff_f000, -0x1000, random.next() | 0),
		firstId: oneOf(random, 1, 65_535 - random.below(200), 1 + random.below(65_535)),
		serverId: oneOf(random, 1, 65_535 - random.below(50), 1 + random.below(65_535)),
		window: oneOf(random, 1, 3, 8, 16, 40),
		txWindow: oneOf(random, 48, 536, 8_192),
		rxWindow: oneOf(random, 40, 1_072, 5_744),
	};
}
