import type { Cancel } from "./clock.js";
import type { EscapeHandler } from "./escape.js";
import type { LinkEvents, Wire } from "./link.js";
import { Random } from "./random.js";
import { VirtualClock } from "./virtual-clock.js";
import { VirtualLink, type LinkObserver, type NetworkState, type ServerEnd, type ServerWire } from "./virtual-link.js";
import { World } from "./world.js";

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
	/** Where the device's tick counter starts. */
	ticksStart: number;
	txWindow: number;
	rxWindow: number;
	observer: LinkObserver;
	accept(wire: ServerWire): ServerEnd | undefined;
	onEscape: EscapeHandler;
}

/**
 * A world without sockets and without real time: the stand-ins for the platform's modules act in it as in any other, and
 * everything that happens is an event of its clock.
 */
export class VirtualWorld extends World {
	readonly time: VirtualClock;
	readonly network = soundNetwork();
	readonly #options: VirtualWorldOptions;
	#count = 0;
	/** The last connection of the device; it has one at a time. */
	link: VirtualLink | undefined;
	/** Lookups that were answered with an error, and with what no connection can be made to. */
	failedLookups = 0;
	oddLookups = 0;

	constructor(options: VirtualWorldOptions) {
		const time = new VirtualClock();
		const { seed, ticksStart, txWindow, onEscape } = options;
		super({ seed, clock: time, ticksStart, txWindow, onEscape, onTrace: () => undefined });
		this.time = time;
		this.#options = options;
		// A device is never idle here: nobody asks, and the question would be an event each time.
		this.hold();
	}

	override get connections(): number {
		return this.#count;
	}

	override open(_address: string, _port: number, events: LinkEvents): Wire {
		const { seed, observer, rxWindow, accept } = this.#options;
		const id = ++this.#count;
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

	override resolve(_host: string, done: (address: string | undefined) => void): Cancel {
		const { names, latencyMs } = this.network;
		if (names === "silent") return () => undefined;
		return this.clock.after(2 * latencyMs, () => {
			if (names === "unknown") this.failedLookups++;
			if (names === "odd") this.oddLookups++;
			done(names === "found" ? ADDRESS : names === "odd" ? "2001:db8::1" : undefined);
		});
	}
}
