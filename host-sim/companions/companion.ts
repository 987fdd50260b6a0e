import type { Clock } from "../world/clock.js";
import type { BrokerAddress } from "../world/socket-world.js";

/** What a companion works with. */
export interface CompanionContext {
	/** It connects there directly, without the faults of the device's link. */
	broker: BrokerAddress;
	userName: string | undefined;
	password: string | undefined;
	/** It lives by this time. */
	clock: Clock;
	/** Tells the viewer what it does, in one line. */
	say(line: string): void;
}

/** A running companion. */
export interface Companion {
	/** Disconnects. */
	stop(): Promise<void>;
}

/**
 * Starts the counterpart of a built-in example: what a person or a service at the other end of the broker would do.
 *
 * Rejects when it cannot connect.
 */
export type StartCompanion = (context: CompanionContext) => Promise<Companion>;
