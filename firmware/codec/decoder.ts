// Read MQTT 3.1.1 §2.2 and the "server to client" packets of §3 before changing this file.
import { PacketType, PublishFlag, SubackCode } from "./constants.js";

/** What a look at the received bytes has found. */
export const enum Decoded {
	/** The packet is not complete as far as it has to be; the decoder's fields may be partly set. */
	NEED_MORE = 0,
	/** One whole packet other than PUBLISH; its fields are set. */
	PACKET = 1,
	/** The head of a PUBLISH: everything up to its payload, which may or may not be there. */
	PUBLISH = 2,
	/** It cannot be parsed, or breaks a rule for its own fields. */
	MALFORMED = -1,
	/** A packet that a server never sends (§2.2.1). */
	FORBIDDEN = -2,
}

/**
 * First byte that a server's packet of each type has, its reserved flags included (§2.2.2); 0: never sent by one. That of
 * type 0, which does not exist, is one that no byte of type 0 equals.
 */
const FIRST_BYTES = new Uint8Array([0x10, 0, 0x20, 0x30, 0x40, 0x50, 0x62, 0x70, 0, 0x90, 0, 0xb0, 0, 0xd0, 0, 0]);

/** Remaining Length of each fixed-size packet (§3); 255: it varies. */
const REMAINING_LENGTHS = new Uint8Array([0, 0, 2, 255, 2, 2, 2, 2, 0, 255, 0, 2, 0, 0, 0, 0]);

/** Whether the flags of a PUBLISH are not allowed: QoS 3, or DUP at QoS 0. */
const PUBLISH_FLAGS_WRONG = new Uint8Array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1]);

const enum Length {
	/** In the table above. */
	VARIES = 255,
	/** What stands in for a Remaining Length that cannot be read. */
	CUT = -1,
	WRONG = -2,
}

/**
 * Finds packets of a server in a stream of bytes that may be cut anywhere. It keeps no bytes and needs no whole packet:
 * of a PUBLISH only the part before the payload has to stand together.
 *
 * Offsets are relative to the first byte of the packet, so the caller may move the bytes between two calls.
 * Hot: no allocation.
 */
export class Decoder {
	/** The first byte as received. */
	firstByte = 0;
	/** Bytes of the whole packet, as soon as its length is known; else 0. */
	packetSize = 0;
	/** Bytes of the fixed header; 0 until it is complete. */
	fixedSize = 0;
	/** Packet identifier; 0 where there is none. */
	packetId = 0;
	/** CONNACK: return code. */
	returnCode = 0;
	/** CONNACK: Session Present. */
	sessionPresent = false;
	/** PUBLISH: bytes of the topic name (0: not known yet). Not checked here: see checkTopicName. */
	topicSize = 0;
	/** PUBLISH: where the payload starts. SUBACK: where the codes start. */
	payloadStart = 0;

	/** PacketType. */
	get type(): number {
		return this.firstByte >> 4;
	}

	/** PUBLISH: where the topic name starts. */
	get topicStart(): number {
		return this.fixedSize + 2;
	}

	/** PUBLISH: bytes of the payload. SUBACK: how many codes. */
	get payloadSize(): number {
		return this.packetSize - this.payloadStart;
	}

	/** Forgets a packet that is not complete. Call it after each packet, and for each new connection. */
	reset(): void {
		this.fixedSize = 0;
		this.packetSize = 0;
	}

	/**
	 * Looks at one packet. Hot: no allocation. It is one function because a call costs more on XS than the work of most
	 * functions that it could be cut into.
	 *
	 * in   bytes          received bytes; read only
	 *      offset, limit  from the first byte of the packet to one past the last byte received
	 * out  a Decoded; the fields of this object
	 *
	 * After MALFORMED and FORBIDDEN the stream cannot be read any further.
	 */
	decode(bytes: Uint8Array, offset: number, limit: number): Decoded {
		let fixedSize = this.fixedSize;
		const firstByte = bytes[offset]!;
		if (fixedSize === 0) {
			if (limit - offset < 2) return Decoded.NEED_MORE;
			let size = bytes[offset + 1]!;
			fixedSize = 2;
			if (size > 127) {
				size = this.readLongLength(bytes, offset + 1, limit);
				if (size < 0) return size === Length.CUT ? Decoded.NEED_MORE : Decoded.MALFORMED;
				fixedSize = this.fixedSize;
				this.fixedSize = 0;
			}
			this.firstByte = firstByte;
			this.packetSize = fixedSize + size;
			if (firstByte >> 4 !== PacketType.PUBLISH) return this.decodeOther(bytes, offset, limit, fixedSize);
			// A topic name takes at least three bytes; QoS 3 [MQTT-3.3.1-4]; DUP at QoS 0 [MQTT-3.3.1-2].
			if (size < 3 || PUBLISH_FLAGS_WRONG[firstByte & 15] === 1) return Decoded.MALFORMED;
			this.packetId = this.topicSize = 0;
			this.fixedSize = fixedSize;
		} else if (firstByte >> 4 !== PacketType.PUBLISH) return this.decodeOther(bytes, offset, limit, fixedSize);
		// §3.3: topic name and packet identifier. The lengths are checked as soon as they are known.
		const topic = offset + fixedSize + 2;
		if (limit < topic) return Decoded.NEED_MORE;
		const topicSize = (bytes[topic - 2]! << 8) | bytes[topic - 1]!;
		let head = topic + topicSize;
		if ((firstByte & PublishFlag.QOS_MASK) !== 0) head += 2;
		// An empty topic name [MQTT-4.7.3-1], or one that runs past the end of its packet.
		if (topicSize === 0 || head - offset > this.packetSize) return Decoded.MALFORMED;
		this.topicSize = topicSize;
		this.payloadStart = head - offset;
		if (limit < head) return Decoded.NEED_MORE;
		if ((firstByte & PublishFlag.QOS_MASK) !== 0) {
			const packetId = (bytes[head - 2]! << 8) | bytes[head - 1]!;
			// [MQTT-2.3.1-1]
			if (packetId === 0) return Decoded.MALFORMED;
			this.packetId = packetId;
		}
		return Decoded.PUBLISH;
	}

	/**
	 * Remaining Length of more than one byte (§2.2.3). Leaves the bytes of the fixed header in fixedSize.
	 *
	 * in   offset  its first byte
	 * out  its value; Length.CUT when it runs past `limit`, Length.WRONG when it does not end within four bytes
	 */
	private readLongLength(bytes: Uint8Array, offset: number, limit: number): number {
		let size = bytes[offset]! & 127;
		for (let i = 1; i < 4; i++) {
			if (offset + i >= limit) return Length.CUT;
			const byte = bytes[offset + i]!;
			size |= (byte & 127) << (7 * i);
			if (byte < 128) {
				this.fixedSize = 2 + i;
				return size;
			}
		}
		return Length.WRONG;
	}

	/** A packet other than PUBLISH, whose first byte and size are set. Hot for acks: no allocation. */
	private decodeOther(bytes: Uint8Array, offset: number, limit: number, fixedSize: number): Decoded {
		const firstByte = this.firstByte;
		const type = firstByte >> 4;
		const size = this.packetSize - fixedSize;
		if (FIRST_BYTES[type] !== firstByte || size !== REMAINING_LENGTHS[type]) {
			const found = checkFixedHeader(firstByte, size);
			if (found !== Decoded.PACKET) return found;
		}
		this.fixedSize = fixedSize;
		const start = offset + fixedSize;
		if (limit < start + size) return Decoded.NEED_MORE;
		if (size === 0) {
			this.packetId = 0;
			return Decoded.PACKET;
		}
		const packetId = (bytes[start]! << 8) | bytes[start + 1]!;
		if (type === PacketType.CONNACK) {
			this.packetId = 0;
			// §3.2.2.1: bits 7 … 1 are reserved.
			if (packetId > 0x1ff) return Decoded.MALFORMED;
			this.sessionPresent = packetId > 0xff;
			this.returnCode = packetId & 0xff;
			return Decoded.PACKET;
		}
		this.packetId = packetId;
		if (packetId === 0) return Decoded.MALFORMED;
		return type === PacketType.SUBACK ? this.readSubackCodes(bytes, start + 2) : Decoded.PACKET;
	}

	/** §3.9.3: each code is 0, 1, 2 or 0x80 [MQTT-3.9.3-2]. */
	private readSubackCodes(bytes: Uint8Array, start: number): Decoded {
		this.payloadStart = this.fixedSize + 2;
		const limit = start + this.packetSize - this.payloadStart;
		for (let i = start; i < limit; i++) {
			const code = bytes[i]!;
			if (code > 2 && code !== SubackCode.FAILURE) return Decoded.MALFORMED;
		}
		return Decoded.PACKET;
	}
}

/**
 * Whether first byte and length of a packet other than PUBLISH are right, also where the length varies.
 * Hot: no allocation.
 */
function checkFixedHeader(firstByte: number, size: number): Decoded {
	const type = firstByte >> 4;
	if (FIRST_BYTES[type] !== firstByte) {
		return type > 0 && type <= PacketType.DISCONNECT && FIRST_BYTES[type] === 0 ? Decoded.FORBIDDEN : Decoded.MALFORMED;
	}
	const expected = REMAINING_LENGTHS[type]!;
	return (expected === Length.VARIES ? size < 3 : size !== expected) ? Decoded.MALFORMED : Decoded.PACKET;
}

/** The first two bytes of PUBACK, PUBREC, PUBREL and PUBCOMP (§3.4 … §3.7): with the identifier, all of them. */
export const enum AckHead {
	PUBACK = 0x4002,
	PUBREC = 0x5002,
	PUBREL = 0x6202,
	PUBCOMP = 0x7002,
}
