import type { Arena } from "../setup/arena.js";
import type { Settings } from "../setup/settings.js";
import type { Counts } from "../terms/counters.js";
import { TransmitRegion } from "./transmit-region.js";

/** A transmit region that fillWholeRecords is never asked for: each publish goes out by the session, see ObservedSession. */
export class ObservedRegion extends TransmitRegion {
	/** Written out: the constructor that a derived class is given spreads its arguments. */
	constructor(arena: Arena, settings: Settings, counters: Counts) {
		super(arena, settings, counters);
	}

	override wakeRecords(): void {
		this.wake();
	}
}
