/** What the methods of this library return when they refuse. All negative, so that they cannot be taken for a size or a packet identifier. */
export const enum StatusCode {
	OK = 0,
	/** A region or table of configured size has no room now; later there may be. */
	FULL = -1,
	/** It would not fit even into an empty region. */
	TOO_LARGE = -2,
	/** A publish at QoS 0 without an accepted connection, and the option `queueQoS0` is off. */
	NOT_CONNECTED = -3,
	/** The topic name is empty, holds a wildcard, U+0000 or a lone surrogate, or is longer than 65,535 bytes. */
	INVALID_TOPIC = -4,
	/** The topic filter breaks §4.7.1. */
	INVALID_FILTER = -5,
	/** QoS is not 0, 1 or 2. */
	INVALID_QOS = -6,
	/** The payload is neither bytes nor text, or the text holds a lone surrogate. */
	INVALID_PAYLOAD = -7,
	/** A payload is being composed; it has to be sent or dropped first. */
	BUSY = -8,
	/** stop() was called on a connection and is not complete: nothing new is taken until it is. Once stopped, publishes wait in the outbox. */
	STOPPED = -9,
	/** There is no such subscription, source or packet. */
	NOT_FOUND = -10,
	/** A defect of this library showed in the call: it has cost the connection (Reason.INTERNAL_FAULT), and nothing else. */
	INTERNAL_FAULT = -11,
}
