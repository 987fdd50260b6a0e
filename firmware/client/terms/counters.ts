/**
 * What a client counts: one Uint32Array of COUNTER_COUNT entries with named indices. Counts wrap at 2^32; what ends in
 * `_MAX` is the high-water mark of a region (bytes) or a table (entries) since the client was made.
 */
export const enum CounterIndex {
	/** PUBLISH packets handed to the transport, resends included. */
	PUBLISHES_OUT = 0,
	/** QoS 1 and 2 publishes whose handshake is complete. */
	DELIVERED,
	/** PUBLISH packets sent again after a reconnect. */
	RESENDS,
	/** publish() calls refused because there was no room. */
	REFUSED_FULL,
	/** Waiting publishes that gave way to newer ones. */
	DROPPED_OLD,
	/** Publishes dropped because their source failed. */
	DROPPED_SOURCE,
	/** Incoming PUBLISH packets, repetitions included. */
	PUBLISHES_IN,
	/** Calls of message handlers that were handed a whole message. */
	HANDLED,
	/** Pieces handed to streaming handlers. */
	PIECES,
	/** Messages that matched no subscription. */
	UNROUTED,
	/** QoS 2 PUBLISH packets recognised as repeated and kept from the application. */
	DUPLICATES_IN,
	/** Incoming messages larger than the receive buffer without a streaming handler. */
	TOO_LARGE_IN,
	/** Callbacks of the application that threw. */
	CALLBACKS_THREW,
	/** Bytes read from and written to the transport. */
	BYTES_IN,
	BYTES_OUT,
	/** Connections accepted by CONNACK. */
	CONNECTS,
	/** Attempts and connections that ended other than by stop(). */
	DISCONNECTS,
	/** Connections accepted with Session Present. */
	SESSIONS_RESUMED,
	PINGS,
	SUBSCRIPTIONS_REFUSED,
	/** Malformed or forbidden packets from the server. */
	PROTOCOL_ERRORS,
	/** Bytes of the receive window in use at once. */
	RX_MAX,
	/** The largest incoming packet, in bytes, whether it fitted or not. */
	PACKET_IN_MAX,
	TX_MAX,
	OUTBOX_MAX,
	/** Publishes in the outbox at once. */
	OUTBOX_RECORDS_MAX,
	INFLIGHT_MAX,
	/** Runs of identifiers of incoming QoS 2 messages that are open. */
	INCOMING_QOS2_MAX,
	SUBSCRIPTIONS_MAX,
	FILTER_BYTES_MAX,
	/** Acks waiting for room in the transmit region. */
	ACKS_MAX,
}

/** How many there are, inside of the library. */
export const enum Counters {
	COUNT = CounterIndex.ACKS_MAX + 1,
}

/** How many there are. */
export const COUNTER_COUNT = Counters.COUNT;

/** Named indices into `client.counters`. */
export const Counter = Object.freeze({
	PUBLISHES_OUT: CounterIndex.PUBLISHES_OUT,
	DELIVERED: CounterIndex.DELIVERED,
	RESENDS: CounterIndex.RESENDS,
	REFUSED_FULL: CounterIndex.REFUSED_FULL,
	DROPPED_OLD: CounterIndex.DROPPED_OLD,
	DROPPED_SOURCE: CounterIndex.DROPPED_SOURCE,
	PUBLISHES_IN: CounterIndex.PUBLISHES_IN,
	HANDLED: CounterIndex.HANDLED,
	PIECES: CounterIndex.PIECES,
	UNROUTED: CounterIndex.UNROUTED,
	DUPLICATES_IN: CounterIndex.DUPLICATES_IN,
	TOO_LARGE_IN: CounterIndex.TOO_LARGE_IN,
	CALLBACKS_THREW: CounterIndex.CALLBACKS_THREW,
	BYTES_IN: CounterIndex.BYTES_IN,
	BYTES_OUT: CounterIndex.BYTES_OUT,
	CONNECTS: CounterIndex.CONNECTS,
	DISCONNECTS: CounterIndex.DISCONNECTS,
	SESSIONS_RESUMED: CounterIndex.SESSIONS_RESUMED,
	PINGS: CounterIndex.PINGS,
	SUBSCRIPTIONS_REFUSED: CounterIndex.SUBSCRIPTIONS_REFUSED,
	PROTOCOL_ERRORS: CounterIndex.PROTOCOL_ERRORS,
	RX_MAX: CounterIndex.RX_MAX,
	PACKET_IN_MAX: CounterIndex.PACKET_IN_MAX,
	TX_MAX: CounterIndex.TX_MAX,
	OUTBOX_MAX: CounterIndex.OUTBOX_MAX,
	OUTBOX_RECORDS_MAX: CounterIndex.OUTBOX_RECORDS_MAX,
	INFLIGHT_MAX: CounterIndex.INFLIGHT_MAX,
	INCOMING_QOS2_MAX: CounterIndex.INCOMING_QOS2_MAX,
	SUBSCRIPTIONS_MAX: CounterIndex.SUBSCRIPTIONS_MAX,
	FILTER_BYTES_MAX: CounterIndex.FILTER_BYTES_MAX,
	ACKS_MAX: CounterIndex.ACKS_MAX,
} as const);
export type Counter = (typeof Counter)[keyof typeof Counter];

/** Raises a high-water mark. Hot: no allocation. */
export function raise(counters: Uint32Array, index: CounterIndex, value: number): void {
	if (value > counters[index]!) counters[index] = value;
}

/** A number that is another once messages have got through, either way, that need not come again. */
export function advanceOf(counters: Uint32Array): number {
	return (
		counters[CounterIndex.DELIVERED]! + counters[CounterIndex.PUBLISHES_IN]! - counters[CounterIndex.DUPLICATES_IN]!
	);
}
