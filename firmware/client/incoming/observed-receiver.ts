import type { TransmitParts } from "../short-ways/transmit-region.js";
import type { Connection } from "./link.js";
import { Receiver } from "./receiver.js";

/** A receiver that takes all bytes by the long way, on which the session hears of every ack: see ObservedSession. Hot: no allocation. */
export class ObservedReceiver extends Receiver {
	/** Written out: the constructor that a derived class is given spreads its arguments. */
	constructor(parts: TransmitParts, connection: Connection) {
		super(parts, connection);
	}

	override handleBytes(count: number, now: number): void {
		this.takeBytes(count, now);
	}
}
