/**
 * What the loop needs from a network connection. Implementations are in `transport/` and adapt one class of the
 * platform. They call the listener only from the platform's own callbacks. What the platform throws from a read or a
 * write is let through: the loop, which has a guard anyway, takes it for the loss of the link.
 */

/** Why an attempt or a connection ended, as far as a transport can know. The values are those of Reason. */
export const enum TransportEnd {
	/** The name could not be resolved and no address was known from before. */
	NAME_FAILED = 10,
	/** No connection came about. */
	OPEN_FAILED = 20,
	/** The connection was closed by the peer or broke. The platforms do not tell these apart. */
	LOST = 22,
}

/** Receives the events of one transport. Each may run a whole turn; none may be called from within a call of ours. */
export interface TransportListener {
	/** The name is resolved; the connection is being made. Not called when nothing had to be resolved. */
	handleResolved(): void;
	/** The connection stands and bytes may be written. */
	handleOpened(): void;
	/** Bytes have arrived: `readable` of the transport says how many. */
	handleReadable(): void;
	/** Bytes may be written again after a short write. */
	handleWritable(): void;
	/** The attempt or connection is over; called once for each open() unless that has failed, or close() came first. */
	handleEnded(end: TransportEnd): void;
}

/** One client's way to its server, opened again and again for as long as the client lives. */
export interface Transport {
	/**
	 * Starts an attempt: name lookup where needed, then the connection. Never throws, and calls nobody.
	 *
	 * out  why the attempt has failed already: then no event follows; otherwise nothing
	 */
	open(): TransportEnd | void;
	/** A name is being looked up: what takes long is the name service. Absent: never. */
	readonly resolving?: boolean;
	/**
	 * Takes bytes that have arrived into the start of the receive landing; called only while `readable` is not 0. Hot: no
	 * allocation in steady state.
	 *
	 * in   countMax  how many bytes are wanted, 1 … size of the landing
	 * out  bytes taken, 0 when there are none now after all
	 *
	 * Throws when the link is broken.
	 */
	read(countMax: number): number;
	/** Bytes that are known to wait for read(). */
	readonly readable: number;
	/**
	 * Writes from the start of the transmit region. Hot: no allocation in steady state.
	 *
	 * in   count  bytes to write, 1 … size of the region
	 * out  bytes taken, 0 means later (handleWritable will say)
	 *
	 * Throws when the link is broken.
	 */
	write(count: number): number;
	/** Closes at once; no event follows. Harmless when there is nothing to close. */
	close(): void;
}

/** What a transport is made from. All of it stays valid for the life of the client. */
export interface TransportSetup {
	/** The client's arena. */
	buffer: ArrayBuffer;
	/** Where arrived bytes land. */
	rxOffset: number;
	rxSize: number;
	/** Where bytes to be sent stand. */
	txOffset: number;
	txSize: number;
	/** How many views of exact size may be kept for each direction. */
	views: number;
	host: string;
	port: number;
	dns: NameResolver | undefined;
	listener: TransportListener;
}

/** Makes the transport of one client; what the option `transport` takes. */
export type TransportFactory = (setup: TransportSetup) => Transport;

/** Looks names up. The shape is the one of ECMA-419 resolvers; any object with it will do. */
export interface NameResolver {
	/** Starts a lookup; later calls one of the two functions of the request. */
	resolve(request: NameRequest): void;
}

/**
 * One lookup. The same object is used again once it was answered, and a resolver must not change it. A resolver may
 * answer at once, from within `resolve`.
 */
export interface NameRequest {
	/** The name. */
	host: string;
	/** It has this address. */
	onResolved(host: string, address: string): void;
	/** It has none that can be found now. */
	onError(host: string): void;
}
