import type { Operation } from "./measure.js";

/** One operation of the client, what it may take on XS, and what it is compared with. */
export interface Budget extends Operation {
	/** As the tables show it. */
	readonly name: string;
	/** Socket calls of one repetition. */
	readonly reads: number;
	readonly writes: number;
	/** Byte codes from the platform's callback to the handler and back: the gate. */
	readonly byteCodes: number;
	/** Allocations in the C heap: one for each guard (`try`) that is entered, and what the platform's socket takes. */
	readonly mallocs: number;
	/** What the design asks for; absent where it says nothing. */
	readonly goal?: number;
	/** Repetitions are driven by a timer, whose own cost is measured and taken off. */
	readonly timer?: boolean;
}

/** More than an hour and its warm-up, of the device's time. */
const SILENCE_MS = 4_500_000;

const FAST_RECONNECT = { reconnectMinMs: 1, reconnectMaxMs: 1, holdOffMs: 1 };

/**
 * The budgets, deterministic and gated: a test fails when one is passed. Every one also has 0 slots, 0 chunk bytes and 0
 * collections. A number goes down whenever the code gets better, and up only with a reason in the commit.
 */
export const BUDGETS: readonly Budget[] = [
	{
		name: "publish QoS 0",
		operation: "publish0",
		timer: true,
		reads: 0,
		writes: 1,
		byteCodes: 440,
		mallocs: 1,
		goal: 480,
	},
	{
		name: "publish QoS 1, with PUBACK",
		operation: "publish1",
		timer: true,
		reads: 1,
		writes: 1,
		byteCodes: 950,
		mallocs: 2,
		goal: 950,
	},
	{
		name: "publish QoS 2, whole handshake",
		operation: "publish2",
		timer: true,
		reads: 2,
		writes: 2,
		byteCodes: 1700,
		mallocs: 3,
		goal: 1700,
	},
	{
		name: "publish QoS 1, empty payload",
		operation: "publishEmpty",
		timer: true,
		reads: 1,
		writes: 1,
		byteCodes: 1800,
		mallocs: 2,
	},
	{
		name: "publish QoS 1, composed JSON",
		operation: "compose1",
		timer: true,
		reads: 1,
		writes: 1,
		byteCodes: 4200,
		mallocs: 3,
	},
	{
		name: "receive QoS 0",
		operation: "receive",
		server: { sendQoS: 0 },
		reads: 1,
		writes: 0,
		byteCodes: 1000,
		mallocs: 2,
		goal: 1000,
	},
	{
		name: "receive QoS 1",
		operation: "receive",
		server: { sendQoS: 1 },
		reads: 1,
		writes: 1,
		byteCodes: 1250,
		mallocs: 2,
		goal: 1350,
	},
	{
		name: "receive QoS 2, whole handshake",
		operation: "receive",
		server: { sendQoS: 2 },
		reads: 2,
		writes: 2,
		byteCodes: 1900,
		mallocs: 3,
		goal: 1900,
	},
	{
		name: "receive QoS 1, by a wildcard",
		operation: "receiveWildcard",
		server: { sendQoS: 1 },
		reads: 1,
		writes: 1,
		byteCodes: 2720,
		mallocs: 2,
	},
	{
		name: "receive QoS 1, unrouted",
		operation: "receiveUnrouted",
		server: { sendQoS: 1 },
		reads: 1,
		writes: 1,
		byteCodes: 1750,
		mallocs: 2,
	},
	{
		name: "receive QoS 1, handler throws",
		operation: "receiveThrowing",
		server: { sendQoS: 1 },
		reads: 1,
		writes: 1,
		byteCodes: 1320,
		mallocs: 4,
	},
	{
		name: "receive QoS 1, 900 bytes in pieces",
		operation: "receiveStream",
		server: { sendQoS: 1, payloadSize: 900 },
		reads: 4,
		writes: 1,
		byteCodes: 4800,
		mallocs: 5,
	},
	{
		name: "receive QoS 1, empty payload",
		operation: "receive",
		server: { sendQoS: 1, payloadSize: 0 },
		reads: 1,
		writes: 1,
		byteCodes: 1250,
		mallocs: 2,
	},
	{
		name: "receive QoS 0, unrouted",
		operation: "receiveUnrouted",
		server: { sendQoS: 0 },
		reads: 1,
		writes: 0,
		byteCodes: 1470,
		mallocs: 2,
	},
	{
		name: "receive QoS 2, unrouted",
		operation: "receiveUnrouted",
		server: { sendQoS: 2 },
		reads: 2,
		writes: 2,
		byteCodes: 2420,
		mallocs: 3,
	},
	{
		name: "receive QoS 0, 900 bytes in pieces",
		operation: "receiveStream",
		server: { sendQoS: 0, payloadSize: 900 },
		reads: 4,
		writes: 0,
		byteCodes: 4400,
		mallocs: 5,
	},
	{
		name: "receive QoS 2, 900 bytes in pieces",
		operation: "receiveStream",
		server: { sendQoS: 2, payloadSize: 900 },
		reads: 5,
		writes: 2,
		byteCodes: 5700,
		mallocs: 6,
	},
	{
		name: "subscribe or unsubscribe",
		operation: "subscribe",
		timer: true,
		reads: 1,
		writes: 1,
		byteCodes: 7200,
		mallocs: 3,
	},
];

/** An operation whose number of socket calls is not the same every time. */
export interface Cycle extends Operation {
	readonly name: string;
	/** Slots of the platform's own objects in each repetition: a socket, what it stands for, and its property `target`. */
	readonly platformSlots: number;
	/** As in a Budget; what may arrive in one piece or in two needs room for two. */
	readonly byteCodes: number;
	readonly mallocs: number;
	readonly goal?: number;
}

/** These have budgets as well, and the same zeros beside the platform's own objects. */
export const CYCLES: readonly Cycle[] = [
	{
		name: "automatic ping, in a silent hour of them",
		operation: "silence",
		platformSlots: 0,
		byteCodes: 540,
		mallocs: 3,
		goal: 500,
		hurry: true,
		durationMs: SILENCE_MS,
	},
	{
		name: "publish refused, outbox full",
		operation: "publishRefused",
		platformSlots: 0,
		byteCodes: 690,
		mallocs: 1,
		mqtt: { outbox: 256 },
	},
	{
		name: "link lost, back-off, reconnect, resubscribe",
		operation: "reconnect",
		platformSlots: 3,
		byteCodes: 10_600,
		mallocs: 14,
		mqtt: FAST_RECONNECT,
		server: { closeAfterMs: 2 },
	},
	{
		name: "malformed packet, close, reconnect",
		operation: "reconnect",
		platformSlots: 3,
		byteCodes: 11_200,
		mallocs: 14,
		mqtt: FAST_RECONNECT,
		server: { badPacket: "0000" },
	},
	{
		name: "publish QoS 1, link lost, reconnect, resubscribe, resend",
		operation: "resend",
		qos: 1,
		platformSlots: 3,
		byteCodes: 12_950,
		mallocs: 17,
		mqtt: FAST_RECONNECT,
		server: { refuseFirst: true },
	},
	{
		name: "publish QoS 2, link lost, reconnect to the session, resend",
		operation: "resend",
		qos: 2,
		platformSlots: 3,
		byteCodes: 9800,
		mallocs: 17,
		mqtt: { ...FAST_RECONNECT, cleanSession: false },
		server: { refuseFirst: true, keepsSession: true },
	},
	{
		name: "exchange at QoS 0, 1 and 2 in turn, published from a handler",
		operation: "exchange",
		platformSlots: 0,
		// How many messages arrive at once is the machine's business, and so is what each takes: 3,200 … 7,900 were seen. This
		// row is there for what is allocated, and for the stack.
		byteCodes: 20_000,
		mallocs: 4,
		warm: 1000,
		count: 3000,
		server: { echo: true },
	},
];

/** Flash: bytes of byte code of a 3.1.1 client over TCP. */
export const FLASH_BYTES = 97_900;
export const FLASH_GOAL_BYTES = 24 * 1024;

/** RAM of one connected client beside its configured regions, everything on, in bytes on a 32-bit device. */
export const RAM_BYTES = 8_500;
export const RAM_GOAL_BYTES = 3_072;

/** All regions of the arena with the options' defaults, in bytes: the total that `xs-mqtt sizes` prints. */
export const REGION_BYTES = 3_188;

/**
 * Deepest use of the stack, in slots, of any operation and of the start: an ESP32 board's has 512. Publishing from within
 * a handler, and the checks of the options at the start, go deepest.
 */
export const STACK_SLOTS = 380;
