// Read MQTT 3.1.1 §2.2 and §3 beside this file.

/** MQTT Control Packet types (§2.2.1). */
export const enum PacketType {
	CONNECT = 1,
	CONNACK = 2,
	PUBLISH = 3,
	PUBACK = 4,
	PUBREC = 5,
	PUBREL = 6,
	PUBCOMP = 7,
	SUBSCRIBE = 8,
	SUBACK = 9,
	UNSUBSCRIBE = 10,
	UNSUBACK = 11,
	PINGREQ = 12,
	PINGRESP = 13,
	DISCONNECT = 14,
}

/** First bytes of the packets that a client sends: type and reserved flags (§2.2.2). */
export const enum FirstByte {
	CONNECT = 0x10,
	PUBLISH = 0x30,
	PUBACK = 0x40,
	PUBREC = 0x50,
	PUBREL = 0x62,
	PUBCOMP = 0x70,
	SUBSCRIBE = 0x82,
	UNSUBSCRIBE = 0xa2,
	PINGREQ = 0xc0,
	DISCONNECT = 0xe0,
}

/** Bits of the first byte of PUBLISH (§3.3.1). */
export const enum PublishFlag {
	RETAIN = 0x01,
	QOS_MASK = 0x06,
	DUP = 0x08,
	/** How far the QoS bits are from the right. */
	QOS_SHIFT = 1,
}

/** Bits of the Connect Flags byte (§3.1.2.3). */
export const enum ConnectFlag {
	CLEAN_SESSION = 0x02,
	WILL = 0x04,
	WILL_QOS_SHIFT = 3,
	WILL_RETAIN = 0x20,
	PASSWORD = 0x40,
	USER_NAME = 0x80,
}

/** CONNACK return codes (§3.2.2.3). */
export const enum ReturnCode {
	ACCEPTED = 0,
	UNACCEPTABLE_PROTOCOL_VERSION = 1,
	IDENTIFIER_REJECTED = 2,
	SERVER_UNAVAILABLE = 3,
	BAD_USER_NAME_OR_PASSWORD = 4,
	NOT_AUTHORIZED = 5,
}

/** Codes of SUBACK beside the granted QoS (§3.9.3). */
export const enum SubackCode {
	FAILURE = 0x80,
}

/** The largest values that fields can have. */
export const enum Max {
	/** Remaining Length (§2.2.3). */
	REMAINING_LENGTH = 268_435_455,
	/** Bytes of a whole packet: first byte, four length bytes, and the rest. */
	PACKET_SIZE = 5 + REMAINING_LENGTH,
	/** Bytes of a string or binary field, by its two-byte length (§1.5.3). */
	FIELD_SIZE = 65_535,
	/** Packet identifier (§2.3.1). */
	PACKET_ID = 65_535,
	/** Keep Alive, in seconds (§3.1.2.10). */
	KEEP_ALIVE_S = 65_535,
}
