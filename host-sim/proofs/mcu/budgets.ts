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
	"publish QoS 0": { budget: 21_200, goal: 20_000 },
	"publish QoS 1, with PUBACK": { budget: 48_600, goal: 46_000 },
	"publish QoS 2, whole handshake": { budget: 80_800, goal: 82_000 },
	"publish QoS 1, empty payload": { budget: 81_200 },
	"publish QoS 1, composed JSON": { budget: 197_800 },
	"receive QoS 0": { budget: 33_100, goal: 38_000 },
	"receive QoS 1": { budget: 45_800, goal: 48_000 },
	"receive QoS 2, whole handshake": { budget: 76_200, goal: 78_000 },
	"receive QoS 1, by a wildcard": { budget: 93_600 },
	"receive QoS 1, unrouted": { budget: 53_200 },
	"receive QoS 1, handler throws": { budget: 50_300 },
	"receive QoS 1, 900 bytes in pieces": { budget: 238_300 },
	"receive QoS 1, empty payload": { budget: 45_800 },
	"receive QoS 0, unrouted": { budget: 40_500 },
	"receive QoS 2, unrouted": { budget: 83_500 },
	"receive QoS 0, 900 bytes in pieces": { budget: 219_200 },
	"receive QoS 2, 900 bytes in pieces": { budget: 276_400 },
	"subscribe or unsubscribe": { budget: 335_800 },
	"automatic ping, in a silent hour of them": { budget: 30_900, goal: 24_000 },
	"publish refused, outbox full": { budget: 30_300 },
	"link lost, back-off, reconnect, resubscribe": { budget: 501_800 },
	"malformed packet, close, reconnect": { budget: 542_800 },
	"publish QoS 1, link lost, reconnect, resubscribe, resend": { budget: 606_000 },
	"publish QoS 2, link lost, reconnect to the session, resend": { budget: 474_600 },
	"exchange at QoS 0, 1 and 2 in turn, published from a handler": { budget: 176_200 },
};

/** RAM of the telemetry program with the engine, its stacks and heaps, the C library's variables: all but a network stack. */
export const TELEMETRY_RAM_BYTES = 61_000;
