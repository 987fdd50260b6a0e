import { PacketType } from "../codec/constants.js";
import { Expect, PacketHeads } from "../loop/packet-heads.js";
import { TransportEnd, type Transport, type TransportListener, type TransportSetup } from "../ports/transport.js";
import type { InboxSource } from "./inbox.js";
import { KeptViews } from "./kept-views.js";
import type { ResolverClass, Socket, SocketClass, SocketOptions } from "./options.js";
import type { Telling } from "./telling.js";

/** Four numbers of one to three digits. */
function isAddress(host: string): boolean {
	return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * A connection by any socket class of ECMA-419's shape, as the options of an MQTTClient name it: TCP, or TLS over it.
 * What the program has not read keeps it from reading on. It shows the heads of incoming packets to whoever tells the
 * program of them, and has him tell once the client's turn is over.
 */
export class SocketTransport implements Transport, InboxSource {
	readable = 0;
	/** Bytes that the socket takes now. */
	private _writable = 0;
	fresh = false;
	private _socket: Socket | null = null;
	/** Callbacks of an earlier attempt count for nothing. */
	private _attempt = 0;
	/** Nothing is read while a message waits for the program. */
	private _held = false;
	/** The client waits for onWritable: for the first one, or after a short write. */
	private _waiting = false;
	private _opened = false;
	private readonly _rx: KeptViews;
	private readonly _tx: KeptViews;
	private readonly _rxOffset: number;
	private readonly _view: DataView;
	private readonly _heads: PacketHeads;
	private readonly _listener: TransportListener;
	private readonly _telling: Telling;
	resolving = false;
	/** What has arrived and is held. */
	private _arrived = 0;
	/** open() is under way: the listener is not called. */
	private _opening = false;
	/** Where this attempt goes to. */
	private _host = "";
	private _port = 0;
	/** Of `_host`: what it was resolved to last. */
	private _address = "";
	private readonly _socketClass: SocketClass;
	private readonly _resolver: InstanceType<ResolverClass["io"]> | undefined;

	/** Throws TypeError when the host is a name and there is nobody to ask for it; and what a resolver's constructor throws. */
	constructor(setup: TransportSetup, socketClass: SocketClass, dns: ResolverClass | undefined, telling: Telling) {
		const { buffer, rxOffset, txOffset, host } = setup;
		this._rx = new KeptViews(buffer, rxOffset);
		this._tx = new KeptViews(buffer, txOffset);
		this._rxOffset = rxOffset;
		this._view = new DataView(buffer);
		this._heads = new PacketHeads(new Uint8Array(buffer), telling);
		this._listener = setup.listener;
		this._telling = telling;
		this._socketClass = socketClass;
		if (isAddress(host)) return;
		if (dns === undefined) throw new TypeError(`dns: is missing; host "${host}" is a name`);
		this._resolver = new dns.io(dns as never);
	}

	open(host: string, port: number): TransportEnd | void {
		this.close();
		const attempt = ++this._attempt;
		this._port = port;
		if (host !== this._host) {
			this._host = host;
			this._address = isAddress(host) ? host : "";
		}
		if (host === this._address) return this.connect(attempt);
		if (this._resolver === undefined) return TransportEnd.NAME_FAILED;
		this.resolving = this._opening = true;
		try {
			this._resolver.resolve({
				host,
				onResolved: (_host: string, address: string) => this.handleResolved(attempt, address),
				onError: () => this.handleResolved(attempt, ""),
			});
		} catch {
			this.handleResolved(attempt, "");
		}
		this._opening = false;
		// Answered at once.
		if (!this.resolving) return this._address ? this.connect(attempt) : TransportEnd.NAME_FAILED;
	}

	private handleResolved(attempt: number, address: string): void {
		if (attempt !== this._attempt || !this.resolving) return;
		this.resolving = false;
		// The address found last is better than none.
		if (address) this._address = address;
		if (this._opening) return;
		if (!this._address) return this._listener.handleEnded(TransportEnd.NAME_FAILED);
		this._listener.handleResolved();
		const end = attempt === this._attempt ? this.connect(attempt) : undefined;
		if (end) this._listener.handleEnded(end);
	}

	/** The socket's callbacks are made for each attempt: one of an earlier attempt is known by that. */
	private connect(attempt: number): TransportEnd | void {
		const listener = this._listener;
		const telling = this._telling;
		const options: SocketOptions & { nodelay: boolean } = {
			nodelay: true,
			...this._socketClass,
			address: this._address,
			host: this._host,
			port: this._port,
			onReadable: (count) => {
				if (attempt !== this._attempt) return;
				if (this._held) {
					this._arrived = count;
					return;
				}
				this.readable = count;
				// As in takeTurn.
				telling.turning = true;
				listener.handleReadable();
				telling.turning = false;
				if (telling.next !== null) telling.tell();
			},
			onWritable: (count) => {
				if (attempt !== this._attempt) return;
				this._writable = count;
				// Platforms say so after every write; the client cares only when it had to wait.
				if (this._waiting) this.handleWritable();
				else telling.handleWritable();
			},
			onError: () => {
				if (attempt === this._attempt) this.handleError();
			},
		};
		this._waiting = true;
		try {
			this._socket = new this._socketClass.io(options);
		} catch {
			this.close();
			return TransportEnd.OPEN_FAILED;
		}
	}

	/** A turn of the client for what has arrived; after it, the program is told. */
	private takeTurn(): void {
		const telling = this._telling;
		telling.turning = true;
		this._listener.handleReadable();
		telling.turning = false;
		telling.tell();
	}

	/** The first time, this means that the connection stands. */
	private handleWritable(): void {
		this._waiting = false;
		if (this._opened) this._listener.handleWritable();
		else {
			this._opened = true;
			this._listener.handleOpened();
		}
		this._telling.tell();
	}

	private handleError(): void {
		const end = this._opened ? TransportEnd.LOST : TransportEnd.OPEN_FAILED;
		this.close();
		this._listener.handleEnded(end);
	}

	hold(): void {
		if (this._held) return;
		this._held = true;
		this._arrived = this.readable;
		this.readable = 0;
	}

	release(): void {
		if (!this._held) return;
		this._held = false;
		this.readable = this._arrived;
		if (this.readable > 0) this.takeTurn();
	}

	read(countMax: number): number {
		let count = this.readable;
		if (count > countMax) count = countMax;
		const taken = this._socket!.read(this._rx.of(count));
		// Undefined: the connection has failed, and onError is on its way.
		if (!taken) return (this.readable = 0);
		this.readable -= taken;
		this.fresh = true;
		const heads = this._heads;
		if (heads.expect === Expect.FIRST_BYTE) {
			const word = this._view.getInt32(this._rxOffset);
			if (((word >> 16) & 0xff) === taken - 2 && taken < 130) {
				// Mostly, this is one packet alone.
				if (word >> 28 !== PacketType.PUBLISH) this._telling.handleAlone(word);
				return taken;
			}
		}
		heads.look(this._rxOffset, this._rxOffset + taken);
		return taken;
	}

	write(count: number): number {
		if (count > this._writable) {
			this._waiting = true;
			if (this._writable === 0) return 0;
			count = this._writable;
		}
		// Undefined: as above.
		this._writable = this._socket!.write(this._tx.of(count)) ?? 0;
		return count;
	}

	close(): void {
		const socket = this._socket;
		this._socket = null;
		this._attempt++;
		this._opened = this.resolving = this._waiting = this._held = false;
		this.readable = this._arrived = this._writable = 0;
		this._heads.reset();
		if (socket === null) return;
		try {
			socket.close();
		} catch {
			// Closed already: that is what was wanted.
		}
	}

	/** Closes for good. */
	dispose(): void {
		this.close();
		try {
			this._resolver?.close?.();
		} catch {
			// Nothing to end.
		}
	}
}
