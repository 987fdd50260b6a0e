/** Seen from the device: "out" to the broker, "in" from it. */
export type Direction = "out" | "in";

/** What happens to a connection or a lookup. */
export type StepName =
	| "lookup"
	| "resolved"
	| "lookup failed"
	| "connect"
	| "connected"
	| "failed"
	| "closed"
	| "lost"
	| "fault"
	/** Of TLS: it begins; it protects from now on; it failed; the server has ended it by an alert, or broke it. */
	| "handshake"
	| "secured"
	| "handshake failed"
	| "alert"
	/** Of WebSocket: it is asked for; the answer; a close frame from either side. */
	| "upgrade"
	| "upgraded"
	| "upgrade refused"
	| "close frame";

/** Watches the links of a world. Called at the moment the device would see it; must not throw. */
export interface Tap {
	/**
	 * Something happened that is not a packet.
	 *
	 * in   connection  counts from 1; 0 for what belongs to no connection
	 *      detail      for people: an address, a cause; may be empty
	 */
	step(connection: number, name: StepName, detail: string): void;
	/** Bytes that the device wrote, or that have arrived at it. Valid until the call returns. */
	bytes(connection: number, direction: Direction, bytes: Uint8Array): void;
}
