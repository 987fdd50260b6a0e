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
	this.target.readable = count;
	this.target.listener.handleReadable();
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
	readonly host: string;
	/** Who is asked. */
	readonly dns: NameResolver;
	readonly onResolved: (host: string, address: string) => void;
	readonly onError: () => void;

	/** Functions of its own, because resolvers may call them as they like. */
	constructor(transport: TcpTransport, host: string, dns: NameResolver) {
		this.host = host;
		this.dns = dns;
		this.onResolved = (_host, address) => {
			this.pending = false;
			if (address) transport.handleResolved(address);
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
	readable = 0;
	/** An answer of the name service is awaited: without this, one that comes counts for nothing. */
	resolving = false;
	private _socket: Socket | null = null;
	/** Bytes that the socket takes now. */
	writable = 0;
	/** The connection stands: the first onWritable has come. */
	private _opened = false;
	/** Somebody waits for onWritable: for the first one, or after a short write. */
	waiting = false;
	/** The address found last, used when the name service does not answer. */
	private _address = UNKNOWN;
	private readonly _rx: Views;
	private readonly _tx: Views;
	readonly listener: TransportListener;
	private readonly _options: TCPOptions;
	/** The lookup of this attempt; null when the host is an address. */
	private _lookup: Lookup | null;

	constructor(setup: TransportSetup) {
		this._rx = new Views(setup.buffer, setup.rxOffset, setup.rxSize, setup.views);
		this._tx = new Views(setup.buffer, setup.txOffset, setup.txSize, setup.views);
		this.listener = setup.listener;
		this._options = {
			address: setup.host,
			port: setup.port,
			nodelay: true,
			target: this,
			onReadable: handleReadable,
			onWritable: handleWritable,
			onError: handleError,
		};
		if (isAddress(setup.host)) this._lookup = null;
		else if (!setup.dns)
			throw new TypeError(`dns: is missing; host "${setup.host}" is a name, not an IPv4 address; pass platformDns()`);
		else this._lookup = this.makeLookup(setup.host, setup.dns);
	}

	/** Allocates; called once, and for each lookup that was never answered. */
	private makeLookup(host: string, dns: NameResolver): Lookup {
		return (this._lookup = new Lookup(this, host, dns));
	}

	open(): TransportEnd | void {
		this.close();
		let lookup = this._lookup;
		if (lookup === null) return this.connect();
		// An answer that is still to come is that of an earlier attempt.
		if (lookup.pending) lookup = this.makeLookup(lookup.host, lookup.dns);
		// Waiting while resolving: this call is under way, and the listener is not to be called.
		lookup.pending = this.resolving = this.waiting = true;
		this._options.address = UNKNOWN;
		try {
			lookup.dns.resolve(lookup);
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
		const view = count === Size.ACK ? views.ack : count === views.size ? views.view : views.longest(count);
		// Undefined: as above.
		this.writable = this._socket!.write(view) ?? 0;
		return view.length;
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
