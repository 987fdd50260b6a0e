/** Whether messages are taken. Larger values: paused, and the first byte of the ack that is owed. */
export const enum Held {
	NONE = 0,
	/** The pause is over; the driver has not gone on yet. */
	RESUMED = 1,
	PAUSED = 2,
}

/** What the bytes that come next belong to. */
export const enum Mode {
	/** The start of a packet; between two turns nothing of it is here, unless the receiver is stalled. */
	PACKET = 0,
	/** Between two turns: a packet whose start is here. */
	PARTIAL = 5,
	/** The topic name of a PUBLISH whose head is larger than the buffer: checked and thrown away. */
	TOPIC = 1,
	/** Its packet identifier. */
	PACKET_ID = 2,
	/** A payload that is handed over in pieces. */
	PIECES = 3,
	/** A payload that nobody gets. */
	SKIP = 4,
}
