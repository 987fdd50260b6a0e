/** How a publish that was accepted has come to its end. */
export const enum FinishedCode {
	/** PUBACK or PUBCOMP has come. */
	DELIVERED = 0,
	/** Dropped by the option `outboxFull`, for its source, by `resendsMax`, or cancelled. */
	DROPPED = 1,
	/** The server has lost the session after PUBREC: it may or may not have delivered. */
	UNKNOWN = 2,
}

/**
 * Hears what a session does, at the points where the order matters to somebody who keeps it elsewhere: see Store. Each
 * call comes within the turn or the method that causes it, and before anything of it can reach the network. QoS 0 is not told.
 * Packet identifiers are 1 … 65535.
 *
 * It must neither throw nor call the client, and should not allocate.
 */
export interface SessionObserver {
	/**
	 * A publish is accepted: its record is complete, and `publish` has not returned yet. What it has replaced is told after it
	 * when its payload was composed, and before it otherwise.
	 *
	 * in   bytes, start, size  its packet as it goes out (§3.3), DUP not set; valid until this returns. Of one with a source, its head
	 *      total               bytes of the whole packet: more than `size` only with a source
	 */
	accepted(packetId: number, qos: number, bytes: Uint8Array, start: number, size: number, total: number): void;
	/** A publish goes out, or again on another connection (DUP). */
	sent(packetId: number): void;
	/** PUBREC has come: its message is given back, and PUBREL is what goes out from now on (§4.3.3). */
	released(packetId: number): void;
	/**
	 * A publish is over, and its identifier may be used anew.
	 *
	 * in   how  0: PUBACK or PUBCOMP has come. 1: dropped, cancelled or given up. 2: the server has lost the session after PUBREC
	 */
	finished(packetId: number, how: number): void;
	/** The identifier of an incoming QoS 2 message is kept from now on: before its PUBREC stands in the transmit region (§4.3.3). */
	remembered(packetId: number): void;
	/** PUBREL has come: an identifier is given back before its PUBCOMP stands there. */
	forgotten(packetId: number): void;
	/** An identifier was taken, for a publish or a SUBSCRIBE: the next one is looked for from here. */
	nextId(packetId: number): void;
	/**
	 * A connection was accepted without Session Present, which every clean session is: incoming identifiers mean nothing any
	 * more, and publishes that are not finished are sent as new. Publishes after PUBREC are told as finished right after this.
	 */
	cleared(): void;
}

/** What the option `store` takes: made for a SessionObserver by `observed`, which brings the parts that tell it. */
export interface Store {
	makeSession: unknown;
}
