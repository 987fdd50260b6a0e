/** What an operation may take on RV32IMC, and what is asked for. */
export interface InstructionBudget {
	/** The gate, of a build with -O2. */
	readonly budget: number;
	/** What the project wants to reach; absent where nothing was said. */
	readonly goal?: number;
}

/**
 * Instructions by the names of the budget table. A run is exact, so the budgets lie just above what was measured. A number
 * goes down whenever the code gets better, and up only with a reason in the commit.
 */
export const INSTRUCTIONS: Readonly<Record<string, InstructionBudget>> = {
	"publish QoS 0": { budget: 28_500, goal: 20_000 },
	"publish QoS 1, with PUBACK": { budget: 61_500, goal: 46_000 },
	"publish QoS 2, whole handshake": { budget: 100_700, goal: 82_000 },
	"publish QoS 1, empty payload": { budget: 90_400 },
	"publish QoS 1, composed JSON": { budget: 210_000 },
	"receive QoS 0": { budget: 52_900, goal: 38_000 },
	"receive QoS 1": { budget: 70_600, goal: 48_000 },
	"receive QoS 2, whole handshake": { budget: 109_000, goal: 78_000 },
	"receive QoS 1, by a wildcard": { budget: 128_000 },
	"receive QoS 1, unrouted": { budget: 86_000 },
	"receive QoS 1, handler throws": { budget: 74_900 },
	"receive QoS 1, 900 bytes in pieces": { budget: 248_000 },
	"receive QoS 1, empty payload": { budget: 70_500 },
	"receive QoS 0, unrouted": { budget: 68_300 },
	"receive QoS 2, unrouted": { budget: 124_000 },
	"receive QoS 0, 900 bytes in pieces": { budget: 225_000 },
	"receive QoS 2, 900 bytes in pieces": { budget: 294_000 },
	"subscribe or unsubscribe": { budget: 341_000 },
	"automatic ping, in a silent hour of them": { budget: 33_800, goal: 24_000 },
	"publish refused, outbox full": { budget: 30_500 },
	"link lost, back-off, reconnect, resubscribe": { budget: 482_000 },
	"malformed packet, close, reconnect": { budget: 521_000 },
	"publish QoS 1, link lost, reconnect, resubscribe, resend": { budget: 602_000 },
	"publish QoS 2, link lost, reconnect to the session, resend": { budget: 475_000 },
	"exchange at QoS 0, 1 and 2 in turn, published from a handler": { budget: 204_000 },
};

/** RAM of the telemetry program with the engine, its stacks and heaps, the C library's variables: all but a network stack. */
export const TELEMETRY_RAM_BYTES = 61_000;
