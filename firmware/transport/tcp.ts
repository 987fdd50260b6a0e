import TCP, { type TCPOptions } from "embedded:io/socket/tcp";
import {
	TransportEnd,
	type NameRequest,
	type NameResolver,
	type Transport,
	type TransportListener,
	type TransportSetup,
} from "../ports/transport.js";
import { Views } from "./views.js";

const enum Size {
	/** Of the packets that only acknowledge: every other one. */
	ACK = 4,
}

/** No address is known. A constant, because a literal would be copied into the heap at every use. */
const UNKNOWN = "";

/** Four numbers of one to three digits: what the platform's TCP takes as an address. */
function isAddress(host: string): boolean {
	return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** A socket of the platform that knows whose it is: functions in flash serve all, where closures would take 20 slots. */
type Socket = TCP & { target: TcpTransport | Nobody };

/** Whose a socket is once it is closed: what the platform still has to say about it changes nothing. In flash, so it has no state. */
class Nobody {
	readonly waiting = false;
	readonly listener = this;

	set readable(_count: number) {}

	set writable(_count: number) {}

	handleReadable(): void {}

	handleWritable(): void {}

	handleError(): void {}
}

const NOBODY = Object.freeze(new Nobody());

function handleReadable(this: Socket, count: number): void {
	const transport = this.target;
	transport.readable = count;
	transport.listener.handleReadable();
}

function handleWritable(this: Socket, count: number): void {
	const transport = this.target;
	transport.writable = count;
	// Platforms say so after every write; the loop cares only when it had to wait.
	if (transport.waiting) transport.handleWritable();
}

function handleError(this: Socket): void {
	this.target.handleError();
}

/**
 * One lookup. Used again once it was answered; of one that never is, nothing is heard but an address: that is good for
 * any attempt, and so it is taken.
 */
class Lookup implements NameRequest {
	/** The answer is still to come. */
	pending = false;
	host: string;
	readonly onResolved: (host: string, address: string) => void;
	readonly onError: () => void;

	/** Functions of its own, because resolvers may call them as they like. */
	constructor(transport: TcpTransport, host: string) {
		this.host = host;
		this.onResolved = (_host, address) => {
			this.pending = false;
			// An address of a server that is tried no more is no address.
			if (address && this.host === transport.host) transport.handleResolved(address);
			else transport.handleUnresolved(this);
		};
		this.onError = () => {
			this.pending = false;
			transport.handleUnresolved(this);
		};
	}
}

/**
 * TCP by `embedded:io/socket/tcp` (ECMA-419). What the platform throws ends here. One connection at a time; opened
 * again it uses the same views and the same options, so that beside the platform's socket nothing is allocated.
 * Hot: no allocation.
 */
class TcpTransport implements Transport {
	// What every packet needs comes first: a field further behind is a dearer one.
	readable = 0;
	/** Bytes that the socket takes now. */
	writable = 0;
	/** Somebody waits for onWritable: for the first one, or after a short write. */
	waiting = false;
	private _socket: Socket | null = null;
	private readonly _tx: Views;
	private readonly _rx: Views;
	readonly listener: TransportListener;
	/** An answer of the name service is awaited: without this, one that comes counts for nothing. */
	resolving: boolean;
	/** The connection stands: the first onWritable has come. */
	private _opened: boolean;
	/** The address of the host that was found last, used when the name service does not answer. */
	private _address: string;
	/** Where the attempt goes to. */
	host: string;
	private readonly _dns: NameResolver | undefined;
	private readonly _options: TCPOptions;
	/** The lookup of this attempt, or of one before; null when none was ever needed. */
	private _lookup: Lookup | null;

	constructor(setup: TransportSetup) {
		const { dns, host } = setup;
		this._tx = new Views(setup.buffer, setup.txOffset, setup.txSize, setup.views);
		this._rx = new Views(setup.buffer, setup.rxOffset, setup.rxSize, setup.views);
		this.listener = setup.listener;
		this.resolving = this._opened = false;
		this._address = this.host = UNKNOWN;
		this._dns = dns;
		this._lookup = null;
		this._options = {
			address: UNKNOWN,
			port: 0,
			nodelay: true,
			target: this,
			onReadable: handleReadable,
			onWritable: handleWritable,
			onError: handleError,
		};
		if (isAddress(host)) return;
		if (!dns) throw new TypeError(`dns: is missing; host "${host}" is a name, not an IPv4 address; pass platformDns()`);
		this._lookup = new Lookup(this, host);
	}

	read(countMax: number): number {
		let count = this.readable;
		if (count > countMax) count = countMax;
		const views = this._rx;
		const view = count === Size.ACK ? views.ack : count === views.size ? views.view : views.longest(count);
		const taken = this._socket!.read(view);
		// Undefined: the connection has failed, and onError is on its way.
		if (!taken) return (this.readable = 0);
		this.readable -= taken;
		return taken;
	}

	write(count: number): number {
		if (count > this.writable) {
			this.waiting = true;
			if (this.writable === 0) return 0;
			count = this.writable;
		}
		const views = this._tx;
		let view: Uint8Array;
		if (count === Size.ACK) view = views.ack;
		else {
			view = count === views.size ? views.view : views.longest(count);
			count = views.count;
		}
		// Undefined: as above.
		this.writable = this._socket!.write(view) ?? 0;
		return count;
	}

	open(host: string, port: number): TransportEnd | void {
		this.close();
		this._options.port = port;
		if (host !== this.host) {
			this.host = host;
			this._address = isAddress(host) ? host : UNKNOWN;
		}
		if (host === this._address) {
			this._options.address = host;
			return this.connect();
		}
		const dns = this._dns;
		return dns ? this.lookUp(host, dns) : TransportEnd.NAME_FAILED;
	}

	/** Allocates when it is the first, and when one before was never answered. */
	private lookUp(host: string, dns: NameResolver): TransportEnd | void {
		let lookup = this._lookup;
		// An answer that is still to come is that of an earlier attempt.
		if (lookup === null || lookup.pending) lookup = this._lookup = new Lookup(this, host);
		lookup.host = host;
		// Waiting while resolving: this call is under way, and the listener is not to be called.
		lookup.pending = this.resolving = this.waiting = true;
		this._options.address = UNKNOWN;
		try {
			dns.resolve(lookup);
		} catch {
			lookup.onError();
		}
		this.waiting = false;
		// Answered at once.
		if (!this.resolving) return this._options.address === UNKNOWN ? TransportEnd.NAME_FAILED : this.connect();
	}

	/** A lookup has failed. That of an earlier attempt says nothing of this one. */
	handleUnresolved(lookup: Lookup): void {
		if (lookup === this._lookup) this.handleResolved(UNKNOWN);
	}

	/** The name is resolved, or it is not: an empty address. */
	handleResolved(address: string): void {
		if (!this.resolving) return;
		// The address that worked last is better than none.
		if (address === UNKNOWN) address = this._address;
		this._options.address = address;
		if (this.waiting) {
			this.resolving = false;
			return;
		}
		if (address === UNKNOWN) {
			this.resolving = false;
			return this.listener.handleEnded(TransportEnd.NAME_FAILED);
		}
		this.listener.handleResolved();
		// The turn that has run may have closed, and even have opened anew.
		if (!this.resolving || this._options.address !== address) return;
		this.resolving = false;
		const end = this.connect();
		if (end) this.listener.handleEnded(end);
	}

	/** Allocates the platform's socket, and nothing else. */
	private connect(): TransportEnd | void {
		this.waiting = true;
		try {
			this._socket = new TCP(this._options) as Socket;
		} catch {
			this._socket = null;
			return TransportEnd.OPEN_FAILED;
		}
	}

	/** The first time, this means that the connection stands. */
	handleWritable(): void {
		if (this._socket === null) return;
		this.waiting = false;
		if (this._opened) return this.listener.handleWritable();
		this._opened = true;
		// Only now it is known to be good.
		this._address = this._options.address;
		this.listener.handleOpened();
	}

	handleError(): void {
		if (this._socket === null) return;
		const end = this._opened ? TransportEnd.LOST : TransportEnd.OPEN_FAILED;
		this.close();
		this.listener.handleEnded(end);
	}

	close(): void {
		const socket = this._socket;
		this._socket = null;
		this._opened = this.resolving = this.waiting = false;
		this.readable = this.writable = 0;
		if (socket === null) return;
		socket.target = NOBODY;
		try {
			socket.close();
		} catch {
			// Closed already: that is what was wanted.
		}
	}
}

/** The option `transport` for plain TCP. Throws TypeError when the host is a name and the option `dns` is missing. */
export function tcp(setup: TransportSetup): Transport {
	return new TcpTransport(setup);
}
