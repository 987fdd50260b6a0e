import type { SecureFlags } from "../tls/files.js";
import type { EmbeddedBroker } from "../brokers/aedes/aedes.js";
import type { SocketWorld } from "../world/socket-world.js";
import type { XsProfileLine } from "../stand-ins/xs/xs-process.js";
import type { FailureName } from "./outcome.js";
import type { ClientReport } from "./report.js";
import type { XsHeap } from "./xs-heap.js";
import type { EngineMemory } from "./xs-memory.js";

// Ranges of the numbers below; 0 is the lowest of each.

/** Seeds are drawn from 0 … this. */
export const SEED_MAX = 0x7fff_ffff;

/** Ten days; Node's timers cannot wait much longer. */
export const DURATION_S_MAX = 864_000;
/** One minute each way. */
export const LATENCY_MS_MAX = 60_000;
/** Packets. */
export const DROP_EVERY_MAX = 1_000_000_000;

/** Publishes. */
export const EXPECT_DELIVERED_MAX = 0xffff_ffff;
/** TCP's. */
export const PORT_MAX = 65_535;

/** The engines that can run a program. */
export type Engine = "node" | "xs";

/** Faults that a run can ask for from the start. */
export interface RunFaults {
	/** Delay of each direction, in ms. */
	latencyMs?: number;
	/** Deliver and forward every byte on its own. */
	split?: boolean;
	/** Cut each connection after about this many packets; 0: never. */
	dropEvery?: number;
	/** Seconds from the start until the connections that stand become half-open. */
	halfOpenAtS?: number;
}

/** What to run, and how. */
export interface RunOptions extends RunFaults {
	/** A built-in example, or the path of a .js, .mjs or .ts file. */
	program: string;
	/** Path of the manifest; by default the example's own, or manifest.json beside the program if there is one. */
	manifest?: string;
	/** `mqtt://[user[:password]@]host[:port]`, or mqtts, ws, wss; by default a broker inside this process. */
	broker?: string;
	/** The program's connections go by TLS; by WebSocket; by both. */
	tls?: boolean;
	websocket?: boolean;
	/** Certificates, for a broker that is named. */
	secure?: SecureFlags;
	/** Seconds; without it the run ends when the program does, or by `signal`. */
	durationS?: number;
	/** Decides every random number of the run, the program's Math.random included; drawn unless given. */
	seed?: number;
	/** "node" unless told. */
	engine?: Engine;
	/** Sizes of the XS engine's heap; the others come from the manifest's `creation`, else they are an ESP32 board's. */
	heap?: XsHeap;
	/** Whether the counterpart of a built-in example runs beside it. True unless told. */
	companion?: boolean;
	/** Note what each function of the program takes. Only on XS. */
	profile?: boolean;
	/** Gets each line of the log, without its end; without it there is none. */
	onLine?: (line: string) => void;
	/** Told, when there is no log, that something slow begins. */
	onNotice?: (line: string) => void;
	/** The log is JSON, one object for each line. */
	json?: boolean;
	/** Port of the broker inside this process; a free one unless told. */
	port?: number;
	/** What makes the run a failure. */
	failOn?: readonly FailureName[];
	/** Fewer publishes of QoS 1 and 2 that were delivered make the run a failure. */
	expectDelivered?: number;
	/** Payloads are shown whole. */
	fullPayload?: boolean;
	/** The log has colours. */
	colour?: boolean;
	/** Ends the run: the clients are stopped, so that DISCONNECT goes out. */
	signal?: AbortSignal;
	/** Called once, before the program is loaded; for tests that change faults while it runs. */
	onStart?: (world: SocketWorld, broker: EmbeddedBroker | undefined) => void;
	/** Called about once a second. */
	onProgress?: (progress: Progress) => void;
}

/** How far a run is. */
export interface Progress {
	/** Since the program was loaded. */
	elapsedS: number;
	/** As asked for; undefined when the run has no end. */
	durationS: number | undefined;
	/** PUBLISH packets of all clients, both ways. */
	messages: number;
	connections: number;
}

/** Why a run is over. "not back": the program was to stop, and did not come back from its own code. */
export type RunEnd = "duration" | "stopped" | "program ended" | "exception" | "not back";

/** What a run leaves. */
export interface RunResult {
	/** 0; 1 when there are failures; 70 when the program went wrong. */
	exitCode: number;
	end: RunEnd;
	/** One line about what went wrong. */
	error: string | undefined;
	/** Where it was made, innermost first, as far as the engine tells; empty without one. */
	stack: readonly string[];
	/** What went wrong in a run that came to its end, one line each: see outcome.ts. */
	failures: readonly string[];
	program: string;
	engine: Engine;
	/** Where the broker is, for people. */
	broker: string;
	seed: number;
	durationMs: number;
	/** How many connections were attempted. */
	connections: number;
	/** One for each client that the program has made, in order. */
	clients: ClientReport[];
	/** Of the engine; absent on Node, where it would mean nothing, and when the program did not start. */
	memory: EngineMemory | undefined;
	/** What each function took, if that was asked for; else empty. */
	profile: readonly XsProfileLine[];
}
