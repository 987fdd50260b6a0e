import { lookup } from "node:dns";
import { connect, isIPv4, type Socket } from "node:net";
import { Busy } from "./busy.js";
import { ClosableClock, sleep, type Cancel, type Clock } from "./clock.js";
import { RealClock } from "./real-clock.js";
import type { DeviceWorld } from "./device-world.js";
import { DropPlan } from "./drop-plan.js";
import { endWithEscape, type EscapeHandler } from "./escape.js";
import { Link, type LinkEvents, type LinkFaults, type Wire } from "./link.js";
import { Random } from "./random.js";
import type { Tap } from "./tap.js";
import { TickCounter } from "./ticks.js";

/** Where a broker listens. */
export interface BrokerAddress {
	/** Name or address, as Node takes it. */
	host: string;
	/** 1 … 65,535. */
	port: number;
}

/** Faults of a world; they may be changed at any time and act on what happens from then on. */
export interface Faults extends LinkFaults {
	/** Cut each new connection after about this many MQTT packets (see DropPlan); 0: never. */
	dropEvery: number;
	/** Answer name lookups with an error. */
	nameLookupFails: boolean;
}

/** What a world is made from. All of it has a default. */
export interface SocketWorldOptions extends Partial<Faults> {
	/** Seed of every random decision; 1 unless told. */
	seed?: number;
	/** Where every connection goes, whatever address the program names. Absent: to the address that it names. */
	broker?: BrokerAddress;
	/** Real time unless told. */
	clock?: Clock;
	/** Watches the links. */
	tap?: Tap;
	/** Where the device's tick counter starts; a value just below 2^31 makes it wrap soon. 0 unless told. */
	ticksStart?: number;
	/** The merged `config` of the manifest: what `mc/config` exports. Empty unless told. */
	config?: Record<string, unknown>;
	/** Files that a program reads as a `Resource`, by name. None unless told. */
	resources?: Readonly<Record<string, Uint8Array>>;
	/** Bytes that TCP takes before it wants an acknowledgement; 8192 unless told, as in the SDK's ESP32 builds. */
	txWindow?: number;
	/** Bytes that may wait unread; 5744 unless told, four segments. */
	rxWindow?: number;
	/** Largest arrival in bytes; 1436 unless told, the maximum segment of the SDK's ESP32 builds. */
	segmentSize?: number;
	/** What happens when an exception escapes from a callback of the program; by default the process ends with 70. */
	onEscape?: EscapeHandler;
	/** Gets what the program prints with trace(), as it comes; standard error unless told. */
	onTrace?: (text: string) => void;
}

/** Between two looks in settle(). */
const SETTLE_POLL_MS = 5;

/**
 * The surroundings of one device, with a network of real sockets: connections, lookups, a clock, and faults. The stand-ins
 * for the platform's modules find the world of the process through `current.ts`.
 */
export class SocketWorld implements DeviceWorld {
	readonly seed: number;
	/** The option's clock; what waits on it is forgotten when the world is closed. */
	readonly clock: Clock;
	readonly config: Record<string, unknown>;
	readonly resources: Readonly<Record<string, Uint8Array>>;
	readonly txWindow: number;
	/** May be changed at any time. */
	readonly faults: Faults;
	onEscape: EscapeHandler;
	onTrace: (text: string) => void;
	/** The option's clock itself, which goes on when the world is closed. */
	readonly #clock: Clock;
	readonly #closable: ClosableClock;
	readonly #tap: Tap | undefined;
	readonly #rxWindow: number;
	readonly #segmentSize: number;
	readonly #counter: TickCounter;
	#broker: BrokerAddress | undefined;
	readonly #links = new Set<Link>();
	readonly #addresses = new Map<string, string>();
	#connections = 0;
	#stopped = false;
	#waitingForNetwork: (() => void)[] = [];
	readonly #busy: Busy;

	constructor(options: SocketWorldOptions = {}) {
		this.seed = options.seed ?? 1;
		this.#clock = options.clock ?? new RealClock();
		this.#closable = new ClosableClock(this.#clock);
		this.clock = this.#closable;
		this.#busy = new Busy(this.clock);
		this.config = options.config ?? {};
		this.resources = options.resources ?? {};
		this.txWindow = options.txWindow ?? 8192;
		this.faults = {
			latencyMs: options.latencyMs ?? 0,
			split: options.split ?? false,
			dropEvery: options.dropEvery ?? 0,
			nameLookupFails: options.nameLookupFails ?? false,
		};
		this.onEscape = options.onEscape ?? endWithEscape;
		this.onTrace = options.onTrace ?? ((text) => process.stderr.write(text));
		this.#tap = options.tap;
		this.#rxWindow = options.rxWindow ?? 5744;
		this.#segmentSize = options.segmentSize ?? 1436;
		this.#counter = new TickCounter(this.clock, options.ticksStart ?? 0);
		this.#broker = options.broker;
	}

	/** How many connections have been attempted so far. */
	get connections(): number {
		return this.#connections;
	}

	/** The device's tick counter: whole ms, signed 32 bits, wrapping. */
	get ticks(): number {
		return this.#counter.ticks;
	}

	/** Sends all connections made from now on there; undefined: to the address that the program names. */
	connectTo(broker: BrokerAddress | undefined): void {
		this.#broker = broker;
	}

	/** Opens a connection from the device to `address` and `port`, which the world routes. */
	open(address: string, port: number, events: LinkEvents): Wire {
		const id = ++this.#connections;
		const to = this.#broker ?? { host: address, port };
		// Where it leads to: an address that stands for a name or the broker would tell people nothing.
		this.#tap?.step(id, "connect", `${to.host}:${to.port}`);
		const { dropEvery } = this.faults;
		this.hold();
		const link: Link = new Link(
			{
				id,
				clock: this.clock,
				faults: this.faults,
				dial: (): Socket => connect(to),
				events,
				tap: this.#tap,
				dropPlan: dropEvery > 0 ? new DropPlan(Random.derive(this.seed, id), dropEvery) : undefined,
				segmentSize: this.#segmentSize,
				rxWindow: this.#rxWindow,
				onClientDone: () => this.release(),
				onDone: (done) => this.#links.delete(done),
			},
			this.#stopped,
		);
		this.#links.add(link);
		return link;
	}

	/**
	 * Looks a name up in this world, where every name has an address; without a broker of its own, in the real one.
	 *
	 * in   done  called once, on a later turn: the address, or undefined when there is none
	 * out  takes the lookup back; `done` is not called any more
	 */
	resolve(host: string, done: (address: string | undefined) => void): Cancel {
		let over = false;
		const finish = (address: string | undefined): void => {
			if (over) return;
			over = true;
			// As for connections: where it leads to.
			const shown = this.#broker && address && !isIPv4(host) ? this.#broker.host : address;
			this.#tap?.step(0, shown ? "resolved" : "lookup failed", shown ? `${host} is ${shown}` : host);
			this.release();
			done(address);
		};
		this.hold();
		this.#tap?.step(0, "lookup", host);
		const ask = (): void => {
			if (this.#stopped) this.#waitingForNetwork.push(ask);
			else if (this.faults.nameLookupFails) finish(undefined);
			else if (isIPv4(host)) finish(host);
			else if (this.#broker) finish(this.#addressOf(host));
			else lookup(host, { family: 4 }, (error, address) => finish(error ? undefined : address));
		};
		const cancel = this.clock.after(2 * this.faults.latencyMs, ask);
		return () => {
			if (over) return;
			over = true;
			cancel();
			this.release();
		};
	}

	/** Resets all connections that stand, for both sides. */
	cut(cause = "cut"): void {
		for (const link of [...this.#links]) link.cut(cause);
	}

	/**
	 * Makes the connections that stand half-open: both ends stay open, nothing passes any more either way, not even a
	 * close. Connections made later work. heal() ends it.
	 */
	halfOpen(): void {
		for (const link of this.#links) {
			this.#tap?.step(link.id, "fault", "half-open: nothing passes any more");
			link.freeze(true);
		}
	}

	/** The network stands still: nothing passes on any connection, none is made, no name is answered. resume() ends it. */
	stop(): void {
		this.#stopped = true;
		this.#tap?.step(0, "fault", "the network stands still");
		for (const link of this.#links) link.freeze(true);
	}

	/** Everything that stands still goes on where it was; nothing was lost. */
	resume(): void {
		this.#stopped = false;
		this.#tap?.step(0, "fault", "the network goes on");
		for (const link of this.#links) link.freeze(false);
		for (const ask of this.#waitingForNetwork.splice(0)) ask();
	}

	/** Ends every fault: delays, splitting, drops, failing lookups, and whatever stands still. */
	heal(): void {
		Object.assign(this.faults, { latencyMs: 0, split: false, dropEvery: 0, nameLookupFails: false });
		this.resume();
	}

	/** The end of a run: takes all connections down, and no callback of the program is called any more. */
	close(): void {
		this.#closable.close();
		for (const link of this.#links) link.destroy();
		this.#links.clear();
	}

	/**
	 * Waits until the broker has seen the end of every connection that the device has closed: close() would reset what is
	 * still under way, a DISCONNECT for one. `limitMs` bounds it: a broker may be frozen, or in no hurry.
	 */
	async settle(limitMs: number): Promise<void> {
		const endMs = this.#clock.now() + limitMs;
		while (this.#clock.now() < endMs && [...this.#links].some((link) => link.leaving)) {
			await sleep(this.#clock, SETTLE_POLL_MS);
		}
	}

	/** Counts something that keeps the device busy: an armed timer, an open socket, a lookup. */
	hold(): void {
		this.#busy.hold();
	}

	/** Ends one hold(). */
	release(): void {
		this.#busy.release();
	}

	/** Resolves when nothing can happen on the device any more by itself: no armed timer, open socket or lookup. */
	whenIdle(): Promise<void> {
		return this.#busy.whenIdle();
	}

	/** 198.18.0.0/15 is set aside for tests of networks (RFC 2544); names get addresses from it in turn. */
	#addressOf(host: string): string {
		let address = this.#addresses.get(host);
		if (!address) {
			const number = this.#addresses.size + 1;
			address = `198.18.${(number >> 8) & 255}.${number & 255}`;
			this.#addresses.set(host, address);
		}
		return address;
	}
}
