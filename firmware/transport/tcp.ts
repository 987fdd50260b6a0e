import TCP, { type TCPOptions } from "embedded:io/socket/tcp";
import {
	TransportEnd,
	type NameRequest,
	type NameResolver,
	type Transport,
	type TransportListener,
	type TransportSetup,
} from "../loop/transport.js";
import { Views } from "./views.js";

/** Four numbers of one to three digits: what the platform's TCP takes as an address. */
function isAddress(host: string): boolean {
	return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * TCP by `embedded:io/socket/tcp` (ECMA-419). What the platform throws ends here. One connection at a time; opened
 * again it uses the same views and the same options, so that beside the platform's socket nothing is allocated.
 */
class TcpTransport implements Transport {
	readable = 0;
	#socket: TCP | null = null;
	/** Bytes that the socket takes now. */
	#writable = 0;
	/** The connection stands: the first onWritable has come. */
	#opened = false;
	/** The lookup whose answer is awaited; older answers count for nothing. */
	#resolving = false;
	/** The address found last, used when the name service does not answer. */
	#address = "";
	readonly #rx: Views;
	readonly #tx: Views;
	readonly #dns: NameResolver | undefined;
	readonly #listener: TransportListener;
	readonly #options: TCPOptions;
	readonly #request: NameRequest | null;

	constructor(setup: TransportSetup) {
		this.#rx = new Views(setup.buffer, setup.rxOffset, setup.rxSize, setup.views);
		this.#tx = new Views(setup.buffer, setup.txOffset, setup.txSize, setup.views);
		this.#dns = setup.dns;
		this.#listener = setup.listener;
		// Made once: the closures serve every connection.
		const onReadable = (count: number): void => this.#handleReadable(count);
		const onWritable = (count: number): void => this.#handleWritable(count);
		const onError = (): void => this.#handleError();
		this.#options = { address: setup.host, port: setup.port, nodelay: true, onReadable, onWritable, onError };
		this.#request = isAddress(setup.host) ? null : this.#makeRequest(setup.host);
	}

	#makeRequest(host: string): NameRequest {
		if (!this.#dns) throw new TypeError(`dns: is missing; host "${host}" is a name, not an IPv4 address`);
		return {
			host,
			onResolved: (_host: string, address: string): void => this.#handleResolved(address),
			onError: (): void => this.#handleResolved(""),
		};
	}

	open(): void {
		this.close();
		if (this.#request === null) return this.#connect();
		this.#resolving = true;
		try {
			this.#dns!.resolve(this.#request);
		} catch {
			this.#handleResolved("");
		}
	}

	/** An empty address: the lookup failed. */
	#handleResolved(address: string): void {
		if (!this.#resolving) return;
		this.#resolving = false;
		// The address that worked last is better than none.
		if (address === "") address = this.#address;
		if (address === "") return this.#listener.handleEnded(TransportEnd.NAME_FAILED);
		this.#address = address;
		this.#options.address = address;
		this.#listener.handleResolved();
		this.#connect();
	}

	#connect(): void {
		try {
			this.#socket = new TCP(this.#options);
		} catch {
			this.#socket = null;
			this.#listener.handleEnded(TransportEnd.OPEN_FAILED);
		}
	}

	#handleReadable(count: number): void {
		if (this.#socket === null) return;
		this.readable = count;
		this.#listener.handleReadable(count);
	}

	#handleWritable(count: number): void {
		if (this.#socket === null) return;
		this.#writable = count;
		if (this.#opened) return this.#listener.handleWritable();
		this.#opened = true;
		this.#listener.handleOpened();
	}

	#handleError(): void {
		if (this.#socket === null) return;
		const end = this.#opened ? TransportEnd.LOST : TransportEnd.OPEN_FAILED;
		this.close();
		this.#listener.handleEnded(end);
	}

	read(countMax: number): number {
		const count = this.readable < countMax ? this.readable : countMax;
		if (this.#socket === null || count === 0) return 0;
		const view = this.#rx.longest(count);
		try {
			const taken = this.#socket.read(view);
			if (taken === undefined) {
				this.readable = 0;
				return 0;
			}
		} catch {
			return -1;
		}
		this.readable -= view.length;
		return view.length;
	}

	write(count: number): number {
		if (this.#socket === null) return -1;
		const size = count < this.#writable ? count : this.#writable;
		if (size <= 0) return 0;
		const view = this.#tx.longest(size);
		try {
			const writable = this.#socket.write(view);
			// Undefined: the connection has failed, and onError is on its way.
			this.#writable = writable === undefined ? 0 : writable;
		} catch {
			return -1;
		}
		return view.length;
	}

	close(): void {
		const socket = this.#socket;
		this.#socket = null;
		this.#opened = this.#resolving = false;
		this.readable = this.#writable = 0;
		if (socket === null) return;
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
