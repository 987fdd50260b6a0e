/**
 * A program on Node in virtual time: its realm, a virtual world and the model server, all in this process and on one clock.
 * Nothing of it is on the global object, so several can live beside each other.
 *
 * Needs Node's option `--experimental-vm-modules`.
 */
import { ModelServer } from "../brokers/model/server.js";
import { EventLog } from "../log/event-log.js";
import { Random } from "../world/random.js";
import { nextTurn } from "../world/real-clock.js";
import type { Tap } from "../world/tap.js";
import { VirtualClock } from "../world/virtual-clock.js";
import type { LinkObserver } from "../world/virtual-link.js";
import { VirtualWorld } from "../world/virtual-world.js";
import { Realm } from "./program/realm.js";
import type { SimulatedClient } from "./program/registry.js";
import type { ModuleTable } from "./program/resolve.js";
import { Monitor } from "./watch/monitor.js";
import { EventTeller } from "./watch/tell.js";

/** What to run, and in which surroundings. */
export interface VirtualRunOptions {
	/** Path of the program's main module. */
	file: string;
	/** Decides every random number, the program's Math.random included. */
	seed: number;
	/** What `mc/config` exports; empty unless told. */
	config?: Record<string, unknown>;
	/** Modules that the program's manifest names; none unless told. */
	modules?: ModuleTable;
	/** Where the device's tick counter starts; 0 unless told. */
	ticksStart?: number;
	/** Gets each line of the log, without its end. */
	onLine(line: string): void;
}

/** Parts of the seed: the program's Math.random, as on every engine, and the server. */
const PROGRAM_PART = -1;
const SERVER_PART = -3;
/** Windows of the SDK's ESP32 builds, in bytes. */
const TX_WINDOW = 8_192;
const RX_WINDOW = 5_744;

/** One program in virtual time, from its start on. Time passes only in runFor(). */
export class VirtualRun {
	readonly clock = new VirtualClock();
	readonly world: VirtualWorld;
	readonly server: ModelServer;
	readonly log: EventLog;
	/** In the order in which the program has made them. */
	readonly clients: SimulatedClient[] = [];
	readonly monitor: Monitor;
	readonly #options: VirtualRunOptions;
	/** What the program has thrown where nobody caught it. */
	#escaped: { error: unknown } | undefined;

	private constructor(options: VirtualRunOptions) {
		this.#options = options;
		const { seed, config = {}, ticksStart = 0, onLine } = options;
		const now = (): number => this.clock.now();
		this.log = new EventLog({ write: onLine, now });
		this.monitor = new Monitor(this.log, now);
		this.server = this.#makeServer();
		this.world = new VirtualWorld({
			seed,
			clock: this.clock,
			config,
			ticksStart,
			txWindow: TX_WINDOW,
			rxWindow: RX_WINDOW,
			observer: observerOf(this.log),
			accept: (wire) => this.server.accept(wire),
			onEscape: (error) => this.#escape(error),
			onTrace: (text) => this.log.trace(text),
		});
	}

	/** Loads a program and starts it, at time 0. Throws ImportError, and what the program throws. */
	static async start(options: VirtualRunOptions): Promise<VirtualRun> {
		const run = new VirtualRun(options);
		await run.#load();
		return run;
	}

	/**
	 * Lets so many ms pass, one event after the other; what the program does in promises comes before the next event.
	 *
	 * Throws what the program throws, at the time when it does.
	 */
	async runFor(ms: number): Promise<void> {
		const endMs = this.clock.now() + ms;
		do {
			await nextTurn();
			if (this.#escaped) throw this.#escaped.error;
		} while (this.clock.step(endMs));
		this.clock.jumpTo(endMs);
	}

	async #load(): Promise<void> {
		const { file, seed, modules = {} } = this.#options;
		const random = Random.derive(seed, PROGRAM_PART);
		const realm: Realm = new Realm({
			world: this.world,
			random: () => random.fraction(),
			onClient: (client) => this.clients.push(client as SimulatedClient),
			teller: new EventTeller(
				(client) => this.clients.indexOf(client as SimulatedClient) + 1,
				(event) => this.monitor.take(event),
				(place) => realm.sources.original(place),
				() => this.clock.now(),
			),
			modules,
		});
		const run = await realm.load(file);
		run().catch((error: unknown) => this.#escape(error));
		await this.runFor(0);
	}

	#escape(error: unknown): void {
		this.#escaped ??= { error };
	}

	#makeServer(): ModelServer {
		return new ModelServer({
			clock: this.clock,
			random: Random.derive(this.#options.seed, SERVER_PART),
			firstId: 1,
			events: {
				published() {},
				taken() {},
				finished() {},
				forgotten: () => this.log.note("the server has no session any more"),
				retained: (topic, qos) => ({ serial: 0, topic, payload: new Uint8Array(0), qos, retain: true }),
				violation: (text) => this.log.note(`the client has broken the standard: ${text}`),
				will: (clientId) => this.log.note(`the will of ${clientId} is published`),
				note: (text) => this.log.note(text),
			},
		});
	}
}

/** Tells a tap what happens to the links of a virtual world. */
function observerOf(tap: Tap): LinkObserver {
	return {
		opened: (id) => tap.step(id, "connected", ""),
		bytes: (id, direction, bytes) => tap.bytes(id, direction, bytes),
		closed: (id) => tap.step(id, "closed", "by the device"),
		ended: (id, cause) => {
			if (cause === "failed") tap.step(id, "failed", "");
			else tap.step(id, "lost", cause === "server" ? "closed by the broker" : "reset");
		},
		fault: (id, text) => tap.step(id, "fault", text),
	};
}
