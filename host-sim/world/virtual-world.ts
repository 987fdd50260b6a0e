import type { Cancel } from "./clock.js";
import type { DeviceWorld } from "./device-world.js";
import type { EscapeHandler } from "./escape.js";
import type { LinkEvents, Wire } from "./link.js";
import { Random } from "./random.js";
import { TickCounter } from "./ticks.js";
import { VirtualClock } from "./virtual-clock.js";
import { VirtualLink, type LinkObserver, type NetworkState, type ServerEnd, type ServerWire } from "./virtual-link.js";

/** Where every name of a virtual world leads: an address of a net that is set aside for examples (RFC 5737). */
const ADDRESS = "192.0.2.1";

/** A network without faults. */
export function soundNetwork(): NetworkState {
	return {
		latencyMs: 1,
		jitterMs: 0,
		segmentIn: 1436,
		segmentOut: 1436,
		ragged: false,
		connect: "made",
		names: "found",
	};
}

/** What a virtual world is made from. */
export interface VirtualWorldOptions {
	seed: number;
	/** A clock of its own unless told. */
	clock?: VirtualClock;
	/** Where the device's tick counter starts. */
	ticksStart: number;
	txWindow: number;
	rxWindow: number;
	/** What `mc/config` exports; empty unless told. */
	config?: Record<string, unknown>;
	observer: LinkObserver;
	accept(wire: ServerWire): ServerEnd | undefined;
	onEscape: EscapeHandler;
	/** Gets what the program prints; it is dropped unless told. */
	onTrace?: (text: string) => void;
}

/**
 * A world without sockets and without real time: the stand-ins for the platform's modules act in it as in any other, and
 * everything that happens is an event of its clock.
 */
export class VirtualWorld implements DeviceWorld {
	readonly clock: VirtualClock;
	readonly config: Record<string, unknown>;
	readonly resources = {};
	readonly txWindow: number;
	readonly onEscape: EscapeHandler;
	readonly onTrace: (text: string) => void;
	readonly network = soundNetwork();
	/** How many connections the device has attempted so far. */
	connections = 0;
	/** The last connection of the device; it has one at a time. */
	link: VirtualLink | undefined;
	/** Lookups that were answered with an error, and with what no connection can be made to. */
	failedLookups = 0;
	oddLookups = 0;
	readonly #options: VirtualWorldOptions;
	readonly #counter: TickCounter;

	constructor(options: VirtualWorldOptions) {
		this.#options = options;
		this.clock = options.clock ?? new VirtualClock();
		this.config = options.config ?? {};
		this.txWindow = options.txWindow;
		this.onEscape = options.onEscape;
		this.onTrace = options.onTrace ?? (() => undefined);
		this.#counter = new TickCounter(this.clock, options.ticksStart);
	}

	get ticks(): number {
		return this.#counter.ticks;
	}

	open(_address: string, _port: number, events: LinkEvents): Wire {
		const { seed, observer, rxWindow, accept } = this.#options;
		const id = ++this.connections;
		this.link = new VirtualLink({
			id,
			clock: this.clock,
			network: this.network,
			random: Random.derive(seed, id),
			events,
			observer,
			rxWindow,
			accept,
		});
		return this.link;
	}

	resolve(_host: string, done: (address: string | undefined) => void): Cancel {
		const { names, latencyMs } = this.network;
		if (names === "silent") return () => undefined;
		return this.clock.after(2 * latencyMs, () => {
			if (names === "unknown") this.failedLookups++;
			if (names === "odd") this.oddLookups++;
			done(names === "found" ? ADDRESS : names === "odd" ? "2001:db8::1" : undefined);
		});
	}

	/** Nothing is counted: whether a device is idle shows in its clock, where nothing waits then. */
	hold(): void {}
	release(): void {}
}
