// Read RFC 6455 §5.2, §5.5 and §7.4 before changing this file.

/** Ends that only this layer has: values of Reason, see client/terms/codes. */
export const enum End {
	UPGRADE_REFUSED = 70,
	BAD_UPGRADE = 72,
	NO_SUBPROTOCOL = 73,
	CLOSED = 74,
	BAD_FRAME = 75,
	UPGRADE_UNAVAILABLE = 76,
}

/** What was wrong with an opening handshake: `detail` of BAD_UPGRADE. Never renumbered. */
export const enum BadUpgrade {
	/** The first line is not that of an answer by HTTP/1.1. */
	STATUS_LINE = 1,
	/** A line of the head is none: no colon, a name that no header has, nothing to go on with. */
	HEADER_LINE = 2,
	/** The head is longer than Head.SIZE_MAX. */
	HEAD_SIZE = 3,
	/** `Upgrade: websocket` is missing, or it is another protocol. */
	UPGRADE = 4,
	/** `Connection` does not say `Upgrade`. */
	CONNECTION = 5,
	/** `Sec-WebSocket-Accept` is missing, is repeated, or is not the hash of our key. */
	ACCEPT = 6,
	/** An extension, which we have not offered. */
	EXTENSION = 7,
	/** Nothing was sent: the function `path` has thrown, or has returned what is no path. */
	PATH = 20,
	/** Likewise, the function `headers`. */
	HEADERS = 21,
	/** Nothing was sent: the request is longer than `requestSize`. */
	REQUEST_SIZE = 22,
}

/** Which sub-protocol was chosen in place of `mqtt`: `detail` of NO_SUBPROTOCOL. Never renumbered. */
export const enum WrongProtocol {
	NONE = 1,
	OTHER = 2,
	/** The header comes more than once. */
	REPEATED = 3,
}

/** What a server must not send: `detail` of BAD_FRAME. Never renumbered. */
export const enum BadFrame {
	/** [MQTT-6.0.0-1] */
	TEXT = 1,
	/** §5.1 */
	MASKED = 2,
	/** No extension was agreed upon. */
	RESERVED_BITS = 3,
	OPCODE = 4,
	/** §5.5 */
	CONTROL_FRAGMENTED = 5,
	/** More than 125 bytes. */
	CONTROL_SIZE = 6,
	/** A continuation of nothing. */
	CONTINUATION = 7,
	/** A new data frame before the last fragment of the one before. */
	NEW_MESSAGE = 8,
	/** A close frame of one byte. */
	CLOSE_SIZE = 9,
	/** A close code that none may send. */
	CLOSE_CODE = 10,
	/** A length of 2^31 and more. */
	LENGTH = 11,
}

/** The first byte of a frame (§5.2). */
export const enum Frame {
	FIN = 0x80,
	RESERVED = 0x70,
	OPCODE = 0x0f,
	CONTINUATION = 0,
	TEXT = 1,
	BINARY = 2,
	CLOSE = 8,
	PING = 9,
	PONG = 10,
	/** A whole message of bytes in one frame: all that we send, and most of what comes. */
	MESSAGE = FIN | BINARY,
	/** The head of such a frame, without its length. */
	MESSAGE_HEAD = MESSAGE << 8,
	/** Likewise, with two bytes of length behind it. */
	LONG_HEAD = MESSAGE_HEAD | 126,
}

/** The second byte of a frame, and what stands behind it (§5.2). */
export const enum Length {
	MASK = 0x80,
	BITS = 0x7f,
	/** The most that stands in these bits themselves, and in a control frame. */
	SHORT_MAX = 125,
	/** Two bytes follow. */
	TWO_BYTES = 126,
	EIGHT_BYTES = 127,
}

/** Codes of a close frame (§7.4). */
export const enum Close {
	NORMAL = 1000,
	PROTOCOL_ERROR = 1002,
	UNACCEPTABLE = 1003,
	/** Never sent: none has come. */
	NO_CODE = 1005,
	TOO_BIG = 1009,
}

/** Sizes in the own region. */
export const enum Own {
	/** For what control frames carry, and for the hash of the handshake: two blocks of SHA-1. */
	CONTROL = 128,
	/** In the handshake, names of headers stand here. */
	NAME = 64,
	/** Of a frame's head with a mask and two bytes of length. */
	HEAD_MAX = 8,
	/** The frame begins here, so that the payload of a short one starts at a whole word. */
	GAP = 2,
	/** Masking a short frame goes on to the end of a block of words. */
	OUT_MIN = 144,
}
