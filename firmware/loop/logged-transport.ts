import { LogTag, type PacketLog } from "../client/telling/packet-log.js";
import type { Clock } from "../ports/clock.js";
import { PacketHeads, type HeadListener } from "./packet-heads.js";
import type { Transport, TransportEnd } from "../ports/transport.js";

/** Notes each packet of one direction in the ring. */
class LoggedDirection implements HeadListener {
	private readonly _log: PacketLog;
	private readonly _time: Clock["time"];
	private readonly _tag: number;

	/** in  tag  LogTag.OUTGOING, or 0 */
	constructor(log: PacketLog, time: Clock["time"], tag: number) {
		this._log = log;
		this._time = time;
		this._tag = tag;
	}

	handleHead(head: number): void {
		this._log.add(this._tag | head, this._time.ticks | 0);
	}
}

/**
 * A transport over another: all is passed through, and each packet that goes by is noted in the ring of the last ones. So
 * the log costs nothing where it is off, because nothing of the client knows of it.
 */
export class LoggedTransport implements Transport {
	private readonly _transport: Transport;
	private readonly _rxOffset: number;
	private readonly _txOffset: number;
	private readonly _incoming: PacketHeads;
	private readonly _outgoing: PacketHeads;

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
		this._rxOffset = rxOffset;
		this._txOffset = txOffset;
		this._incoming = new PacketHeads(bytes, new LoggedDirection(log, time, 0));
		this._outgoing = new PacketHeads(bytes, new LoggedDirection(log, time, LogTag.OUTGOING));
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
		this._incoming.look(this._rxOffset, this._rxOffset + count);
		return count;
	}

	write(count: number): number {
		const taken = this._transport.write(count);
		this._outgoing.look(this._txOffset, this._txOffset + taken);
		return taken;
	}

	close(): void {
		this._transport.close();
	}

	turn(): void {
		this._transport.turn?.();
	}
}
