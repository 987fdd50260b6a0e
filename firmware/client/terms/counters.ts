/**
 * What a client counts: COUNTER_COUNT entries with named indices. Counts wrap at 2^32; what ends in `_MAX` is the high-water
 * mark of a region (bytes) or a table (entries) since the client was made.
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

/**
 * The counts themselves. The hot ones are fields, in the order of their use: on XS a field costs a quarter of an element of a
 * typed array. All others stand in the table, where they take no slot each.
 */
export class Counts {
	bytesOut = 0;
	bytesIn = 0;
	publishesOut = 0;
	publishesIn = 0;
	handled = 0;
	packetInMax = 0;
	rxMax = 0;
	txMax = 0;
	inflightMax = 0;
	outboxMax = 0;
	outboxRecordsMax = 0;
	delivered = 0;
	incomingQoS2Max = 0;
	pings = 0;
	/** Indices are those of CounterIndex. Those that are fields are stale here: see read. */
	readonly table: Uint32Array;

	/** in  table  zeros, COUNTER_COUNT of them; kept */
	constructor(table: Uint32Array) {
		this.table = table;
	}

	/** Brings the table up to date, and returns it: the same one each time. */
	read(): Uint32Array {
		const { table } = this;
		table[CounterIndex.BYTES_OUT] = this.bytesOut;
		table[CounterIndex.BYTES_IN] = this.bytesIn;
		table[CounterIndex.PUBLISHES_OUT] = this.publishesOut;
		table[CounterIndex.PUBLISHES_IN] = this.publishesIn;
		table[CounterIndex.HANDLED] = this.handled;
		table[CounterIndex.PACKET_IN_MAX] = this.packetInMax;
		table[CounterIndex.RX_MAX] = this.rxMax;
		table[CounterIndex.TX_MAX] = this.txMax;
		table[CounterIndex.INFLIGHT_MAX] = this.inflightMax;
		table[CounterIndex.OUTBOX_MAX] = this.outboxMax;
		table[CounterIndex.OUTBOX_RECORDS_MAX] = this.outboxRecordsMax;
		table[CounterIndex.DELIVERED] = this.delivered;
		table[CounterIndex.INCOMING_QOS2_MAX] = this.incomingQoS2Max;
		table[CounterIndex.PINGS] = this.pings;
		return table;
	}
}

/** Raises a high-water mark in the table. Hot: no allocation. */
export function raise(counters: Counts, index: CounterIndex, value: number): void {
	if (value > counters.table[index]!) counters.table[index] = value;
}

/** A number that is another once messages have got through, either way, that need not come again. */
export function advanceOf(counters: Counts): number {
	return counters.delivered + counters.publishesIn - counters.table[CounterIndex.DUPLICATES_IN]!;
}
