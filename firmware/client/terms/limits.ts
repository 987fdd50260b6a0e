import { Ticks } from "../../base/ticks.js";
import { Max } from "../../codec/constants.js";

/** Default and range of one numeric option; all are whole numbers, both ends included. */
export interface Limit {
	readonly initial: number;
	readonly min: number;
	readonly max: number;
}

function limit(initial: number, min: number, max: number): Limit {
	return Object.freeze({ initial, min, max });
}

const enum Region {
	/** Regions are addressed with 32-bit offsets; a mebibyte each is far more than any board has. */
	MAX = 1_048_576,
}

/**
 * Every numeric option of `config.mqtt`. This is the one place that knows defaults and ranges: the constructor checks
 * against it, and the JSON schema and the documentation are generated from it.
 */
export const LIMITS = Object.freeze({
	port: limit(1883, 1, 65_535),
	keepAlive: limit(60, 0, Max.KEEP_ALIVE_S),
	rxBuffer: limit(512, 64, Region.MAX),
	readSize: limit(256, 16, 16_384),
	txBuffer: limit(512, 64, Region.MAX),
	outbox: limit(1024, 64, Region.MAX),
	inflight: limit(8, 1, Max.PACKET_ID),
	incomingQoS2: limit(32, 1, Max.PACKET_ID),
	subscriptions: limit(8, 1, 1024),
	filterBytes: limit(256, 1, Max.FIELD_SIZE),
	sources: limit(1, 0, 255),
	views: limit(8, 1, 255),
	packetLog: limit(0, 0, 4096),
	credentialBytes: limit(512, 1, Max.FIELD_SIZE),
	maximumPacketSize: limit(Max.PACKET_SIZE, 64, Max.PACKET_SIZE),
	connectTimeoutMs: limit(30_000, 10, Ticks.DURATION_MS_MAX),
	handshakeTimeoutMs: limit(30_000, 10, Ticks.DURATION_MS_MAX),
	pingTimeoutMs: limit(10_000, 10, Ticks.DURATION_MS_MAX),
	ackTimeoutMs: limit(20_000, 10, Ticks.DURATION_MS_MAX),
	reconnectMinMs: limit(1_000, 1, Ticks.DURATION_MS_MAX),
	reconnectMaxMs: limit(120_000, 1, Ticks.DURATION_MS_MAX),
	stableMs: limit(30_000, 1, Ticks.DURATION_MS_MAX),
	holdOffMs: limit(300_000, 1, Ticks.DURATION_MS_MAX),
	resendsMax: limit(0, 0, 1_000),
	stopTimeoutMs: limit(5_000, 1, Ticks.DURATION_MS_MAX),
} as const);

/** The name of a numeric option. */
export type LimitName = keyof typeof LIMITS;
