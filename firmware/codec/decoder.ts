// Read MQTT 3.1.1 §2.2 and the "server to client" packets of §3 before changing this file.
import { PacketType, PublishFlag, REMAINING_LENGTH_MAX, SUBACK_FAILURE } from "./constants.js";

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

/** First byte that a server's packet of each type has, its reserved flags included (§2.2.2); 0: never sent by one. */
const FIRST_BYTES = new Uint8Array([0, 0, 0x20, 0x30, 0x40, 0x50, 0x62, 0x70, 0, 0x90, 0, 0xb0, 0, 0xd0, 0, 0]);

/** Remaining Length of each fixed-size packet (§3); 255: it varies. */
const REMAINING_LENGTHS = new Uint8Array([0, 0, 2, 255, 2, 2, 2, 2, 0, 255, 0, 2, 0, 0, 0, 0]);
const VARIES = 255;

/** Types 0 and 15 do not exist (§2.2.1); the other types with no first byte above are for clients only. */
const TYPE_MAX = PacketType.DISCONNECT;

/**
 * Finds packets of a server in a stream of bytes that may be cut anywhere. It keeps no bytes and needs no whole packet:
 * of a PUBLISH only the part before the payload has to stand together.
 *
 * Offsets are relative to the first byte of the packet, so the caller may move the bytes between two calls.
 */
export class Decoder {
	/** PacketType. */
	type = 0;
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
	/** PUBLISH: where the topic name starts, and its bytes (0: not known yet). Not checked here: see checkTopicName. */
	topicStart = 0;
	topicSize = 0;
	/** PUBLISH: where the payload starts, and its bytes. SUBACK: where the codes start, and how many. */
	payloadStart = 0;
	payloadSize = 0;

	/** Forgets a packet that is not complete. Call it after each packet, and for each new connection. */
	reset(): void {
		this.fixedSize = 0;
		this.packetSize = 0;
	}

	/**
	 * Looks at one packet. Hot: no allocation.
	 *
	 * in   bytes          received bytes; read only
	 *      offset, limit  from the first byte of the packet to one past the last byte received
	 * out  a Decoded; the fields of this object
	 *
	 * After MALFORMED and FORBIDDEN the stream cannot be read any further.
	 */
	decode(bytes: Uint8Array, offset: number, limit: number): Decoded {
		if (this.fixedSize === 0) {
			const found = this.#readFixedHeader(bytes, offset, limit);
			if (found !== Decoded.PACKET) return found;
		}
		if (this.type === PacketType.PUBLISH) return this.#readPublishHead(bytes, offset, limit);
		if (limit - offset < this.packetSize) return Decoded.NEED_MORE;
		return this.#readPacket(bytes, offset + this.fixedSize);
	}

	/** Sets type, sizes and first byte; PACKET when the fixed header is complete and right. */
	#readFixedHeader(bytes: Uint8Array, offset: number, limit: number): Decoded {
		if (limit - offset < 2) return Decoded.NEED_MORE;
		const firstByte = bytes[offset]!;
		const type = firstByte >> 4;
		let size = bytes[offset + 1]!;
		let at = offset + 2;
		if (size > 127) {
			size &= 127;
			for (let shift = 7; ; shift += 7) {
				if (shift > 21) return Decoded.MALFORMED;
				if (at === limit) return Decoded.NEED_MORE;
				const byte = bytes[at++]!;
				size |= (byte & 127) << shift;
				if (byte < 128) break;
			}
		}
		const fixed = at - offset;
		this.type = type;
		this.firstByte = firstByte;
		this.packetId = 0;
		this.topicSize = 0;
		this.packetSize = fixed + size;
		if (type === PacketType.PUBLISH) {
			// QoS 3 [MQTT-3.3.1-4]; DUP at QoS 0 [MQTT-3.3.1-2]; a topic name takes at least three bytes.
			const qos = firstByte & PublishFlag.QOS_MASK;
			if (qos === PublishFlag.QOS_MASK || size < 3) return Decoded.MALFORMED;
			if (qos === 0 && (firstByte & PublishFlag.DUP) !== 0) return Decoded.MALFORMED;
		} else {
			if (FIRST_BYTES[type] !== firstByte) return this.#whyRefused(type);
			const expected = REMAINING_LENGTHS[type]!;
			if (expected === VARIES ? size < 3 : size !== expected) return Decoded.MALFORMED;
		}
		this.fixedSize = fixed;
		return Decoded.PACKET;
	}

	#whyRefused(type: number): Decoded {
		return type > 0 && type <= TYPE_MAX && FIRST_BYTES[type] === 0 ? Decoded.FORBIDDEN : Decoded.MALFORMED;
	}

	/** §3.3: topic name and packet identifier. The lengths are checked as soon as they are known. */
	#readPublishHead(bytes: Uint8Array, offset: number, limit: number): Decoded {
		const start = offset + this.fixedSize;
		if (limit - start < 2) return Decoded.NEED_MORE;
		const topicSize = (bytes[start]! << 8) | bytes[start + 1]!;
		const withId = (this.firstByte & PublishFlag.QOS_MASK) !== 0;
		const headSize = this.fixedSize + topicSize + (withId ? 4 : 2);
		const payloadSize = this.packetSize - headSize;
		// An empty topic name [MQTT-4.7.3-1], or one that runs past the end of its packet.
		if (topicSize === 0 || payloadSize < 0) return Decoded.MALFORMED;
		this.topicStart = this.fixedSize + 2;
		this.topicSize = topicSize;
		this.payloadStart = headSize;
		this.payloadSize = payloadSize;
		if (limit - offset < headSize) return Decoded.NEED_MORE;
		if (withId) {
			const at = offset + headSize - 2;
			const packetId = (bytes[at]! << 8) | bytes[at + 1]!;
			// [MQTT-2.3.1-1]
			if (packetId === 0) return Decoded.MALFORMED;
			this.packetId = packetId;
		}
		return Decoded.PUBLISH;
	}

	/** The packets whose bytes are all there. */
	#readPacket(bytes: Uint8Array, start: number): Decoded {
		const type = this.type;
		if (type === PacketType.PINGRESP) return Decoded.PACKET;
		const high = bytes[start]!;
		const low = bytes[start + 1]!;
		if (type === PacketType.CONNACK) {
			// §3.2.2.1: bits 7 … 1 are reserved.
			if (high > 1) return Decoded.MALFORMED;
			this.sessionPresent = high === 1;
			this.returnCode = low;
			return Decoded.PACKET;
		}
		const packetId = (high << 8) | low;
		if (packetId === 0) return Decoded.MALFORMED;
		this.packetId = packetId;
		return type === PacketType.SUBACK ? this.#readSubackCodes(bytes, start + 2) : Decoded.PACKET;
	}

	/** §3.9.3: each code is 0, 1, 2 or 0x80 [MQTT-3.9.3-2]. */
	#readSubackCodes(bytes: Uint8Array, start: number): Decoded {
		this.payloadStart = this.fixedSize + 2;
		this.payloadSize = this.packetSize - this.payloadStart;
		const limit = start + this.payloadSize;
		for (let i = start; i < limit; i++) {
			const code = bytes[i]!;
			if (code > 2 && code !== SUBACK_FAILURE) return Decoded.MALFORMED;
		}
		return Decoded.PACKET;
	}
}

/** The largest packet there can be: first byte, four length bytes, and the rest. */
export const PACKET_SIZE_MAX = 5 + REMAINING_LENGTH_MAX;
