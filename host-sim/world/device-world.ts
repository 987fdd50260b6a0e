import type { Cancel, Clock } from "./clock.js";
import type { EscapeHandler } from "./escape.js";
import type { LinkEvents, Wire } from "./link.js";

/**
 * What the stand-ins for the platform's modules need of a world. A `SocketWorld` has real sockets, a `VirtualWorld` is
 * without them and in virtual time; a program that runs in a process of its own gets a `RemoteWorld`, which asks the one of
 * the simulator.
 */
export interface DeviceWorld {
	/** What still waits there is forgotten when the world is closed. */
	readonly clock: Clock;
	/** The tick counter: whole ms, signed 32 bits, wrapping. */
	readonly ticks: number;
	/** What `mc/config` exports. */
	readonly config: Record<string, unknown>;
	/** Files that the program reads as a `Resource`, by name. */
	readonly resources: Readonly<Record<string, Uint8Array>>;
	/** Bytes that TCP takes before it wants an acknowledgement. */
	readonly txWindow: number;
	/** Told of what escapes from a callback of the program. */
	readonly onEscape: EscapeHandler;
	/** Gets what the program prints, as it comes. */
	readonly onTrace: (text: string) => void;
	/** Opens a connection from the device. Nothing of `events` is called from within. */
	open(address: string, port: number, events: LinkEvents): Wire;
	/** Looks a name up; `done` is called on a later turn, with undefined when there is none. */
	resolve(host: string, done: (address: string | undefined) => void): Cancel;
	/** Counts something that keeps the device busy. */
	hold(): void;
	/** Ends one hold(). */
	release(): void;
}
