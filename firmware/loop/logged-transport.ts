import { PacketType } from "../codec/constants.js";
import { LogTag, type PacketLog } from "../client/telling/packet-log.js";
import type { Clock } from "../ports/clock.js";
import type { Transport, TransportEnd } from "../ports/transport.js";

/** What the next byte of a stream is. */
const enum Expect {
	FIRST_BYTE,
	/** Of the remaining length (§2.2.3). */
	LENGTH,
	/** Of the topic name of a PUBLISH at QoS 1 or 2. */
	TOPIC_SIZE_HIGH,
	TOPIC_SIZE_LOW,
	TOPIC,
	PACKET_ID_HIGH,
	PACKET_ID_LOW,
	/** Nothing that the log shows. */
	REST,
}

const enum Head {
	QOS_MASK = 6,
	/** The first byte of a packet type. */
	TYPE_SHIFT = 4,
}

/** Whether a packet of this type has its identifier behind the remaining length (§2.3.1). */
function startsWithId(type: number): boolean {
	return type >= (PacketType.PUBACK as number) && type <= (PacketType.UNSUBACK as number);
}

/** Finds first bytes and identifiers in one direction of a stream, however it is cut. */
class HeadFinder {
	private _expect: Expect = Expect.FIRST_BYTE;
	private _firstByte = 0;
	private _packetId = 0;
	/** Of the packet, behind the byte that was looked at last. */
	private _left = 0;
	private _lengthShift = 0;
	private _topicLeft = 0;
	private readonly _log: PacketLog;
	private readonly _tag: number;

	/** in  tag  LogTag.OUTGOING, or 0 */
	constructor(log: PacketLog, tag: number) {
		this._log = log;
		this._tag = tag;
	}

	/** A stream begins. */
	reset(): void {
		this._expect = Expect.FIRST_BYTE;
	}

	/** Looks at bytes from `at` to one below `end`. */
	look(bytes: Uint8Array, at: number, end: number, now: number): void {
		while (at < end) {
			const skip = this.skippable();
			if (skip > 0) {
				const count = skip < end - at ? skip : end - at;
				at += count;
				this._left -= count;
				if (this._expect === Expect.TOPIC) {
					this._topicLeft -= count;
					if (this._topicLeft === 0) this._expect = Expect.PACKET_ID_HIGH;
				} else if (this._left === 0) this._expect = Expect.FIRST_BYTE;
			} else this.step(bytes[at++]!, now);
		}
	}

	/** How many bytes there are that need no look. */
	private skippable(): number {
		if (this._expect === Expect.REST) return this._left;
		return this._expect === Expect.TOPIC ? this._topicLeft : 0;
	}

	private step(byte: number, now: number): void {
		switch (this._expect) {
			case Expect.FIRST_BYTE:
				this._firstByte = byte;
				this._packetId = this._left = this._lengthShift = 0;
				this._expect = Expect.LENGTH;
				return;
			case Expect.LENGTH:
				this._left |= (byte & 127) << this._lengthShift;
				this._lengthShift += 7;
				if (byte < 128) this.begin(now);
				return;
			case Expect.TOPIC_SIZE_HIGH:
				this._topicLeft = byte << 8;
				this._expect = Expect.TOPIC_SIZE_LOW;
				break;
			case Expect.TOPIC_SIZE_LOW:
				this._topicLeft |= byte;
				this._expect = this._topicLeft > 0 ? Expect.TOPIC : Expect.PACKET_ID_HIGH;
				break;
			case Expect.PACKET_ID_HIGH:
				this._packetId = byte << 8;
				this._expect = Expect.PACKET_ID_LOW;
				break;
			default:
				this._packetId |= byte;
				this._left--;
				return this.note(now);
		}
		this._left--;
	}

	/** The fixed header is whole. */
	private begin(now: number): void {
		const type = this._firstByte >> Head.TYPE_SHIFT;
		if (type === (PacketType.PUBLISH as number) && (this._firstByte & Head.QOS_MASK) !== 0)
			this._expect = Expect.TOPIC_SIZE_HIGH;
		else if (startsWithId(type) && this._left >= 2) this._expect = Expect.PACKET_ID_HIGH;
		else this.note(now);
	}

	private note(now: number): void {
		this._log.add(this._tag | (this._firstByte << 16) | this._packetId, now);
		this._expect = this._left > 0 ? Expect.REST : Expect.FIRST_BYTE;
	}
}

/**
 * A transport over another: all is passed through, and each packet that goes by is noted in the ring of the last ones. So
 * the log costs nothing where it is off, because nothing of the client knows of it.
 */
export class LoggedTransport implements Transport {
	private readonly _transport: Transport;
	private readonly _time: Clock["time"];
	private readonly _bytes: Uint8Array;
	private readonly _rxOffset: number;
	private readonly _txOffset: number;
	private readonly _incoming: HeadFinder;
	private readonly _outgoing: HeadFinder;

	/** in  bytes  the arena; in it, where bytes land, and where those that are sent stand */
	constructor(
		transport: Transport,
		log: PacketLog,
		time: Clock["time"],
		bytes: Uint8Array,
		rxOffset: number,
		txOffset: number,
	) {
		this._transport = transport;
		this._time = time;
		this._bytes = bytes;
		this._rxOffset = rxOffset;
		this._txOffset = txOffset;
		this._incoming = new HeadFinder(log, 0);
		this._outgoing = new HeadFinder(log, LogTag.OUTGOING);
	}

	open(host: string, port: number): TransportEnd | void {
		this._incoming.reset();
		this._outgoing.reset();
		return this._transport.open(host, port);
	}

	get resolving(): boolean {
		return this._transport.resolving === true;
	}

	get readable(): number {
		return this._transport.readable;
	}

	read(countMax: number): number {
		const count = this._transport.read(countMax);
		this._incoming.look(this._bytes, this._rxOffset, this._rxOffset + count, this._time.ticks | 0);
		return count;
	}

	write(count: number): number {
		const taken = this._transport.write(count);
		this._outgoing.look(this._bytes, this._txOffset, this._txOffset + taken, this._time.ticks | 0);
		return taken;
	}

	close(): void {
		this._transport.close();
	}

	turn(): void {
		this._transport.turn?.();
	}
}
