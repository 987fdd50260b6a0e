import { PacketType } from "../codec/constants.js";

/** What the next byte of a stream is. */
export const enum Expect {
	FIRST_BYTE,
	/** Of the remaining length (§2.2.3). */
	LENGTH,
	/** Of the topic name of a PUBLISH at QoS 1 or 2. */
	TOPIC_SIZE_HIGH,
	TOPIC_SIZE_LOW,
	TOPIC,
	PACKET_ID_HIGH,
	PACKET_ID_LOW,
	/** Nothing that a head shows. */
	REST,
}

const enum Head {
	QOS_MASK = 6,
	/** The first byte of a packet type. */
	TYPE_SHIFT = 4,
}

/** Who is told of heads. */
export interface HeadListener {
	/** A packet goes by. in: `head`, its first byte << 16 | its packet identifier, 0 for none */
	handleHead(head: number): void;
}

/** Whether a packet of this type has its identifier behind the remaining length (§2.3.1). */
function startsWithId(type: number): boolean {
	return type >= (PacketType.PUBACK as number) && type <= (PacketType.UNSUBACK as number);
}

/**
 * Finds first bytes and identifiers of packets in one direction of a stream, however it is cut. It checks nothing: the
 * client does. Hot: no allocation.
 */
export class PacketHeads {
	/** FIRST_BYTE: what comes next starts a packet. */
	expect: Expect = Expect.FIRST_BYTE;
	private _firstByte = 0;
	private _packetId = 0;
	/** Of the packet, behind the byte that was looked at last. */
	private _left = 0;
	private _lengthShift = 0;
	private _topicLeft = 0;
	private readonly _listener: HeadListener;
	private readonly _bytes: Uint8Array;

	/** in  bytes  where the stream goes by */
	constructor(bytes: Uint8Array, listener: HeadListener) {
		this._bytes = bytes;
		this._listener = listener;
	}

	/** A stream begins. */
	reset(): void {
		this.expect = Expect.FIRST_BYTE;
	}

	/** Looks at bytes from `at` to one below `end`. Hot: no allocation. */
	look(at: number, end: number): void {
		const bytes = this._bytes;
		while (at < end) {
			if (this.expect === Expect.FIRST_BYTE && end - at > 1) {
				// A short packet that is here as a whole, as most are: in one step.
				const size = bytes[at + 1]!;
				const next = at + 2 + size;
				if (size < 128 && next <= end) {
					this.take(bytes[at]!, at + 2, size);
					at = next;
					continue;
				}
			}
			const skip = this.skippable();
			if (skip > 0) {
				const count = skip < end - at ? skip : end - at;
				at += count;
				this._left -= count;
				if (this.expect === Expect.TOPIC) {
					this._topicLeft -= count;
					if (this._topicLeft === 0) this.expect = Expect.PACKET_ID_HIGH;
				} else if (this._left === 0) this.expect = Expect.FIRST_BYTE;
			} else this.step(bytes[at++]!);
		}
	}

	/**
	 * A whole packet.
	 *
	 * in   at    where its variable header starts
	 *      size  its remaining length
	 */
	private take(firstByte: number, at: number, size: number): void {
		const bytes = this._bytes;
		const type = firstByte >> Head.TYPE_SHIFT;
		let id = at;
		if (type === (PacketType.PUBLISH as number)) {
			// Without QoS there is no identifier.
			id = (firstByte & Head.QOS_MASK) === 0 || size < 2 ? at + size : at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
		} else if (!startsWithId(type)) id = at + size;
		const packetId = id + 2 <= at + size ? (bytes[id]! << 8) | bytes[id + 1]! : 0;
		this._listener.handleHead((firstByte << 16) | packetId);
	}

	/** How many bytes there are that need no look. */
	private skippable(): number {
		if (this.expect === Expect.REST) return this._left;
		return this.expect === Expect.TOPIC ? this._topicLeft : 0;
	}

	private step(byte: number): void {
		switch (this.expect) {
			case Expect.FIRST_BYTE:
				this._firstByte = byte;
				this._packetId = this._left = this._lengthShift = 0;
				this.expect = Expect.LENGTH;
				return;
			case Expect.LENGTH:
				this._left |= (byte & 127) << this._lengthShift;
				this._lengthShift += 7;
				if (byte < 128) this.begin();
				return;
			case Expect.TOPIC_SIZE_HIGH:
				this._topicLeft = byte << 8;
				this.expect = Expect.TOPIC_SIZE_LOW;
				break;
			case Expect.TOPIC_SIZE_LOW:
				this._topicLeft |= byte;
				this.expect = this._topicLeft > 0 ? Expect.TOPIC : Expect.PACKET_ID_HIGH;
				break;
			case Expect.PACKET_ID_HIGH:
				this._packetId = byte << 8;
				this.expect = Expect.PACKET_ID_LOW;
				break;
			default:
				this._packetId |= byte;
				this._left--;
				return this.tell();
		}
		this._left--;
	}

	/** The fixed header is whole. */
	private begin(): void {
		const type = this._firstByte >> Head.TYPE_SHIFT;
		if (type === (PacketType.PUBLISH as number) && (this._firstByte & Head.QOS_MASK) !== 0)
			this.expect = Expect.TOPIC_SIZE_HIGH;
		else if (startsWithId(type) && this._left >= 2) this.expect = Expect.PACKET_ID_HIGH;
		else this.tell();
	}

	private tell(): void {
		this.expect = this._left > 0 ? Expect.REST : Expect.FIRST_BYTE;
		this._listener.handleHead((this._firstByte << 16) | this._packetId);
	}
}
