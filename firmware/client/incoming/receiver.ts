// Read MQTT 3.1.1 §3.3 and §4.3 before changing this file.
import { fail } from "../../base/assert.js";
import { FirstByte, PacketType, PublishFlag } from "../../codec/constants.js";
import { AckHead, Decoded, Decoder } from "../../codec/decoder.js";
import { Size } from "../../codec/encode.js";
import { checkTopicName } from "../../codec/utf8.js";
import { Fixed } from "../setup/arena.js";
import { ReasonCode } from "../terms/codes.js";
import type { Link } from "./link.js";
import { CounterIndex } from "../terms/counters.js";
import { Armed } from "../setup/deadlines.js";
import { Message } from "../terms/message.js";
import { LargeReceiver } from "./large-receiver.js";
import { Mode } from "./receive-mode.js";
import { TagBits } from "../session/outbox.js";
import { handleAckAlone } from "../short-ways/ack-alone.js";

/** Parts of packets as one number. */
const enum Wire {
	/** PINGRESP (§3.13). */
	PINGRESP = PacketType.PINGRESP << 12,
	/** The QoS bits of a first byte at QoS 1. */
	QOS_1 = 1 << PublishFlag.QOS_SHIFT,
}

/**
 * The receive window, and what becomes of the messages in it.
 *
 * The transport always writes to the landing. An incomplete packet moves in front of it, so that its rest lands right
 * behind it:
 *
 *     rxOffset            start   landing            end     landingLimit
 *     | room               | rest  | just arrived     |       |
 *
 * Hot: no allocation.
 */
export class Receiver extends LargeReceiver {
	/** Written out: the constructor that a derived class is given spreads its arguments. */
	constructor(link: Link) {
		super(link);
	}

	/**
	 * Bytes have been written to the landing; or none, when there is room for acks again. Bounded by the window. Hot:
	 * no allocation.
	 *
	 * in   count  0 … size of the landing; 0 only and always when stalled
	 * out  whether this was a PINGRESP alone, as in a silence: the driver's timer was set for its deadline
	 */
	handleBytes(count: number, now: number): boolean {
		if (count === Size.ACK && !this._mode) {
			// Mostly, this is one ack alone: looked at before anything is made ready for more. PUBACK is taken here, what is
			// said at handleAckAlone goes for it too.
			const outbox = this._outbox;
			const word = this._view.getInt32(this.landing);
			// The tags of the only publish hold all there is to compare: identifier, no source, QoS, waiting for PUBACK.
			if (outbox.alone === ((word << TagBits.ID_SHIFT) | TagBits.PUBACK_WAIT) && word >> 16 === AckHead.PUBACK) {
				this.lastReceived = now;
				this._counters.bytesIn += Size.ACK;
				this._counters.delivered++;
				outbox.count = outbox.used = outbox.alone = this._session.waiting = 0;
				outbox.head = outbox.cursor = outbox.tail = outbox.base;
				if (this._application.tells) this._application.acked(word & 0xffff, true);
				return false;
			}
			if (this._region.open && handleAckAlone(this._link, word)) {
				this.lastReceived = now;
				this._counters.bytesIn += Size.ACK;
				return false;
			}
		} else if (count === 2) {
			// Asked for, and nothing else is waited for: so it comes after CONNACK.
			if (this._link.deadlines.armed === Armed.PINGED && !this._mode) {
				if (this._view.getUint16(this.landing) === Wire.PINGRESP) {
					this._link.deadlines.armed = Armed.KEEP_ALIVE;
					this.lastReceived = now;
					this._counters.bytesIn += 2;
					return true;
				}
			}
		}
		this.takeBytes(count, now);
		return false;
	}

	/** Any bytes: see handleBytes. Hot: no allocation. */
	private takeBytes(count: number, now: number): void {
		this._link.now = now;
		if (this._mode === Mode.PARTIAL) this._mode = Mode.PACKET;
		let start = this._start;
		let end = this._end;
		if (count) {
			if (this.stalled) fail("receiver: bytes over bytes");
			// A call has ended the connection, which is still to be closed.
			if (!this._linked) return;
			this.lastReceived = now;
			this._counters.bytesIn += count;
			end += count;
			this._end = end;
			if (end - start > this._counters.rxMax) this._counters.rxMax = end - start;
		} else this.stalled = false;
		while (start < end) {
			if (this._region.ackCount === Fixed.ACK_RING_SIZE) {
				this.stalled = this._application.attention = true;
				return;
			}
			if (this._mode ? this.takeRest() : this.takePacket()) {
				start = this._start;
				if (start >= end) break;
				// Each packet may have run a callback, and a landing holds many.
				if (!this._application.driver?.isLate(now)) continue;
				this.stalled = this._application.attention = true;
				return;
			}
			if (!this._linked) return;
			// More bytes are needed: what is here of the packet waits in front of the landing.
			if (!this._overrun) return this.keepRest();
			this.stalled = this._application.attention = true;
			return;
		}
		this._start = this._end = this.landing;
	}

	/** Moves what is left of an incomplete packet in front of the landing. */
	private keepRest(): void {
		const rest = this._end - this._start;
		const to = this.landing - rest;
		if (to < this._base) fail("receiver: rest larger than the buffer");
		this._bytes.copyWithin(to, this._start, this._end);
		this._start = to;
		this._end = this.landing;
		if (this._mode === Mode.PACKET) this._mode = Mode.PARTIAL;
	}

	/**
	 * One packet, or the head of a PUBLISH that does not fit. Hot for a whole PUBLISH: no allocation, and one function for
	 * the reason given at Decoder.decode.
	 *
	 * out  false: more bytes are needed, or the link is gone
	 */
	private takePacket(): boolean {
		const decoder = this._decoder;
		const start = this._start;
		const found = decoder.decode(this._bytes, start, this._end);
		const packetSize = decoder.packetSize;
		if (packetSize > this._packetSizeMax && found >= 0) return this.violation(ReasonCode.PACKET_TOO_LARGE, packetSize);
		if (found !== Decoded.PUBLISH) return this.takeOther(found);
		const end = start + packetSize;
		// One that is larger than the buffer is taken as such, also when it happens to stand in the window as a whole.
		if (end > this._end || packetSize > this._sizeMax) return this.takeLarge();
		const firstByte = decoder.firstByte;
		const packetId = decoder.packetId;
		const qos = firstByte & PublishFlag.QOS_MASK;
		if (!this._region.open || (qos && this._incoming.count)) {
			if (!this.mayCome(firstByte, packetId)) return false;
		}
		this._counters.publishesIn++;
		if (packetSize > this._counters.packetInMax) this._counters.packetInMax = packetSize;
		this._start = end;
		if (!qos || !this._incoming.count || !this._incoming.has(packetId)) {
			const message = this.message;
			const payload = start + decoder.payloadStart;
			message.firstByte = firstByte;
			message.packetId = packetId;
			message.topicStart = start + decoder.fixedSize + 2;
			message.topicSize = decoder.topicSize;
			message.start = payload;
			message.size = message.total = end - payload;
			decoder.fixedSize = 0;
			const index = this._subscriptions.findExact(message.topicStart, message.topicSize);
			if (index >= 0 && this._subscriptions.wildcards === 0) {
				this._application.handle(this._subscriptions.handlers[index]!, message);
				this._counters.handled++;
				if (!this._linked) return this.keepId(message);
			} else if (!this.deliver(message, index)) return false;
			if (qos === 0) return true;
			if (qos !== Wire.QOS_1) {
				// As remember, whose call would cost more than all it does.
				this._incoming.add(packetId);
				if (this._incoming.count > this._counters.incomingQoS2Max)
					this._counters.incomingQoS2Max = this._incoming.count;
			}
		} else {
			// A repetition is not handed over; its topic name has to be right all the same [MQTT-1.5.3-1].
			const topic = start + decoder.fixedSize + 2;
			decoder.fixedSize = 0;
			if (checkTopicName(this._bytes, topic, topic + decoder.topicSize) !== topic + decoder.topicSize) {
				return this.violation(ReasonCode.MALFORMED_PACKET, firstByte);
			}
			this._counters.table[CounterIndex.DUPLICATES_IN]!++;
		}
		this._region.ack(qos === Wire.QOS_1 ? FirstByte.PUBACK : FirstByte.PUBREC, packetId);
		return true;
	}

	/** Anything but the head of a PUBLISH. */
	private takeOther(found: Decoded): boolean {
		const decoder = this._decoder;
		const start = this._start;
		if (found === Decoded.PACKET) {
			if (decoder.firstByte === FirstByte.PUBREL && this._region.open && !this.release(decoder.packetId)) return false;
			this._start = start + decoder.packetSize;
			decoder.fixedSize = 0;
			return this._link.handlePacket(decoder, start) && this._linked;
		}
		if (found === Decoded.NEED_MORE) return this.needsMore(decoder);
		const reason = found === Decoded.FORBIDDEN ? ReasonCode.PROTOCOL_ERROR : ReasonCode.MALFORMED_PACKET;
		return this.violation(reason, this._bytes[start]!);
	}

	/** True when the bytes that are here can be consumed all the same. */
	private needsMore(decoder: Decoder): boolean {
		if (decoder.fixedSize === 0) return false;
		if (decoder.type === PacketType.PUBLISH) {
			return decoder.topicSize > 0 && decoder.payloadStart > this._sizeMax && this.startLongTopic(decoder);
		}
		// SUBACK is the only other one whose size varies, and none of ours asks for one that large.
		if (decoder.packetSize > this._sizeMax) return this.violation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		return false;
	}

	/**
	 * Hands a whole message to every handler that matches, each once. Hot: no allocation.
	 *
	 * in   index  the subscription whose filter equals the topic name, or -1
	 * out  false when the connection is over: by a callback, or because the topic name is ill-formed; then nothing was
	 *      handed over
	 */
	private deliver(message: Message, index: number): boolean {
		const subscriptions = this._subscriptions;
		const topic = message.topicStart;
		const topicSize = message.topicSize;
		let count = 0;
		if (index >= 0) {
			count = 1;
			this._application.handle(subscriptions.handlers[index]!, message);
		} else if (checkTopicName(this._bytes, topic, topic + topicSize) !== topic + topicSize) {
			return this.violation(ReasonCode.MALFORMED_PACKET, message.firstByte);
		}
		if (subscriptions.wildcards > 0) count += this.deliverByWalk(message);
		if (count > 0) this._counters.handled += count;
		else {
			this._counters.table[CounterIndex.UNROUTED]!++;
			if (this._application.handlesUnrouted) this._application.unrouted(message);
		}
		return this._linked || this.keepId(message);
	}

	/** The handlers whose filters have wildcards. Returns how many there were. */
	private deliverByWalk(message: Message): number {
		const subscriptions = this._subscriptions;
		const { topicStart, topicSize } = message;
		let count = 0;
		let index = subscriptions.nextWildcard(0, topicStart, topicSize);
		while (index >= 0) {
			count++;
			this._application.handle(subscriptions.handlers[index]!, message);
			index = subscriptions.nextWildcard(index + 1, topicStart, topicSize);
		}
		return count;
	}
}
