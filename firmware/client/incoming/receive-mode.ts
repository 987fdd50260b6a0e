/** Whether messages are taken. */
export const enum Held {
	NONE = 0,
	/** The pause is over; the driver has not gone on yet. */
	RESUMED = 1,
	/** The application has paused. */
	PAUSED = 2,
	/** It has done so in the handler of a message, whose ack it owes. */
	OWES = 3,
}

/** What the bytes that come next belong to. */
export const enum Mode {
	/** The start of a packet; between two turns nothing of it is here, unless the receiver is stalled. */
	PACKET = 0,
	/** Between two turns: a packet whose start is here. */
	BEGUN = 1,
	/** A PUBLISH that is not taken whole: see PartialPublish. */
	PARTIAL = 2,
}

/** What of a PUBLISH that is not taken whole comes next. */
export const enum Step {
	/** None has begun. */
	NONE = 0,
	/** The topic name of one whose head is larger than the buffer: checked and thrown away. */
	TOPIC = 1,
	/** Its packet identifier. */
	PACKET_ID = 2,
	/** A payload that is handed over in pieces. */
	PIECES = 3,
	/** A payload that nobody gets. */
	SKIP = 4,
}
