import { TransportEnd, type Transport, type TransportListener, type TransportSetup } from "../ports/transport.js";
import type { ResolverClass, Socket, SocketClass, SocketOptions } from "./options.js";
import { PacketHeads } from "./packet-heads.js";

const PINGREQ = 12;
const PING_SIZE = 2;

/** Four numbers of one to three digits. */
function isAddress(host: string): boolean {
	return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Who uses a SocketTransport, beside the client. */
export interface TransportUser {
	/** A packet has arrived; the client handles it after this. */
	handlePacket(type: number, packetId: number): void;
	/** Bytes can be written again. */
	handleProgress(): void;
}

/**
 * A connection by any socket class of ECMA-419's shape, as the options of an MQTTClient name it: TCP, or TLS over it.
 * What the program has not read keeps it from reading on. Beside the socket it allocates a view of 4 slots for every
 * read and every write.
 */
export class SocketTransport implements Transport {
	resolving = false;
	/** How often bytes have been read: what one read brings stands at different places. */
	reads = 0;
	/** Nothing is read while a message waits for the program. */
	#held = false;
	#arrived = 0;
	#socket: Socket | null = null;
	#writable = 0;
	#opened = false;
	/** The client waits for onWritable. */
	#waiting = false;
	/** PINGREQ is to go out between two packets. */
	#pingDue = false;
	/** open() is under way: the listener is not called. */
	#opening = false;
	/** Callbacks of an earlier attempt count for nothing. */
	#attempt = 0;
	/** The port of this attempt. */
	#port = 0;
	/** The name or address that #address belongs to. */
	#host = "";
	#address = "";
	readonly #incoming: PacketHeads;
	readonly #outgoing = new PacketHeads(null);
	readonly #setup: TransportSetup;
	readonly #bytes: Uint8Array;
	readonly #listener: TransportListener;
	readonly #socketClass: SocketClass;
	readonly #resolver: InstanceType<ResolverClass["io"]> | undefined;
	readonly #user: TransportUser;

	/** Throws TypeError when the host is a name and there is nobody to ask for it; and what a resolver's constructor throws. */
	constructor(setup: TransportSetup, socketClass: SocketClass, dns: ResolverClass | undefined, user: TransportUser) {
		this.#setup = setup;
		this.#bytes = new Uint8Array(setup.buffer);
		this.#listener = setup.listener;
		this.#socketClass = socketClass;
		this.#user = user;
		this.#incoming = new PacketHeads((type, packetId) => user.handlePacket(type, packetId));
		if (isAddress(setup.host)) return;
		if (dns === undefined) throw new TypeError(`dns: is missing; host "${setup.host}" is a name`);
		this.#resolver = new dns.io(dns as never);
	}

	get readable(): number {
		return this.#held ? 0 : this.#arrived;
	}

	open(host: string, port: number): TransportEnd | void {
		this.close();
		const attempt = ++this.#attempt;
		this.#port = port;
		if (host !== this.#host) {
			this.#host = host;
			this.#address = isAddress(host) ? host : "";
		}
		if (host === this.#address) return this.connect(attempt);
		if (this.#resolver === undefined) return TransportEnd.NAME_FAILED;
		this.resolving = this.#opening = true;
		try {
			this.#resolver.resolve({
				host,
				onResolved: (_host: string, address: string) => this.handleResolved(attempt, address),
				onError: () => this.handleResolved(attempt, ""),
			});
		} catch {
			this.handleResolved(attempt, "");
		}
		this.#opening = false;
		// Answered at once.
		if (!this.resolving) return this.#address ? this.connect(attempt) : TransportEnd.NAME_FAILED;
	}

	private handleResolved(attempt: number, address: string): void {
		if (attempt !== this.#attempt || !this.resolving) return;
		this.resolving = false;
		// The address found last is better than none.
		if (address) this.#address = address;
		if (this.#opening) return;
		if (!this.#address) return this.#listener.handleEnded(TransportEnd.NAME_FAILED);
		this.#listener.handleResolved();
		const end = attempt === this.#attempt ? this.connect(attempt) : undefined;
		if (end) this.#listener.handleEnded(end);
	}

	private connect(attempt: number): TransportEnd | void {
		const options: SocketOptions & { nodelay: boolean } = {
			nodelay: true,
			...this.#socketClass,
			address: this.#address,
			host: this.#host,
			port: this.#port,
			onReadable: (count) => {
				if (attempt === this.#attempt) this.handleReadable(count);
			},
			onWritable: (count) => {
				if (attempt === this.#attempt) this.handleWritable(count);
			},
			onError: () => {
				if (attempt === this.#attempt) this.handleError();
			},
		};
		try {
			this.#socket = new this.#socketClass.io(options);
		} catch {
			this.close();
			return TransportEnd.OPEN_FAILED;
		}
	}

	private handleReadable(count: number): void {
		this.#arrived = count;
		if (!this.#held) this.#listener.handleReadable();
	}

	private handleWritable(count: number): void {
		this.#writable = count;
		if (!this.#opened) {
			this.#opened = true;
			return this.#listener.handleOpened();
		}
		this.sendPing();
		if (this.#waiting) {
			this.#waiting = false;
			this.#listener.handleWritable();
		}
		this.#user.handleProgress();
	}

	private handleError(): void {
		const end = this.#opened ? TransportEnd.LOST : TransportEnd.OPEN_FAILED;
		this.close();
		this.#listener.handleEnded(end);
	}

	/** Reads nothing more for now. */
	hold(): void {
		this.#held = true;
	}

	/** Reads on. */
	release(): void {
		if (!this.#held) return;
		this.#held = false;
		if (this.#arrived > 0) this.#listener.handleReadable();
	}

	read(countMax: number): number {
		const wanted = this.readable < countMax ? this.readable : countMax;
		if (wanted === 0) return 0;
		const { buffer, rxOffset } = this.#setup;
		const count = this.#socket!.read(new Uint8Array(buffer, rxOffset, wanted)) ?? 0;
		this.reads++;
		this.#arrived = count === 0 ? 0 : this.#arrived - count;
		this.#incoming.feed(this.#bytes, rxOffset, rxOffset + count);
		return count;
	}

	write(count: number): number {
		if (count > this.#writable) {
			this.#waiting = true;
			if (this.#writable === 0) return 0;
			count = this.#writable;
		}
		const { buffer, txOffset } = this.#setup;
		// Undefined: the connection has failed, and onError is on its way.
		this.#writable = this.#socket!.write(new Uint8Array(buffer, txOffset, count)) ?? 0;
		this.#outgoing.feed(this.#bytes, txOffset, txOffset + count);
		if (this.#pingDue) this.sendPing();
		return count;
	}

	/** Sends PINGREQ as soon as no packet is under way. */
	ping(): void {
		this.#pingDue = true;
		this.sendPing();
	}

	private sendPing(): void {
		if (!this.#pingDue || this.#writable < PING_SIZE || !this.#outgoing.between) return;
		this.#pingDue = false;
		this.#writable = this.#socket!.write(Uint8Array.of(PINGREQ << 4, 0)) ?? 0;
	}

	close(): void {
		const socket = this.#socket;
		this.#socket = null;
		this.#attempt++;
		this.#opened = this.resolving = this.#waiting = this.#held = this.#pingDue = false;
		this.#arrived = this.#writable = 0;
		this.#incoming.reset();
		this.#outgoing.reset();
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
			this.#resolver?.close?.();
		} catch {
			// Nothing to end.
		}
	}
}
