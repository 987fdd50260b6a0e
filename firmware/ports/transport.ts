/**
 * What the loop needs from a network connection. A transport adapts one class of the platform (`transport/`), or it stands
 * over another transport and changes the bytes on their way: TLS, WebSocket. It is the other's listener then, and gives it a
 * landing and a transmit region, which may be its own:
 *
 *     Loop ── open, read, write, close, turn ──▶ outer ── the same ──▶ inner ──▶ socket
 *     Loop ◀── handle… ──────────────────────── outer ◀── handle… ─── inner ◀── callbacks
 *
 * One attempt goes this way; close() leads back to the start from everywhere, and so does an end, which is told once:
 *
 *     open() ─▶ handleResolved? ─▶ handleConnected* ─▶ handleOpened ─▶ read, write, handleReadable, handleWritable
 *        └───────────┴────────────────────┴──────────────────┴──▶ handleEnded, or what open() returns
 *
 * Deadlines are the client's alone: name lookup and connection have `connectTimeoutMs` each, every handshake has
 * `handshakeTimeoutMs`, and bytes that wait to be written have `pingTimeoutMs`. A transport that hears nothing from below
 * waits; close() comes when it was too long.
 */

/** Why an attempt or a connection ended. Values of Reason: the tens are the layer. */
export const enum TransportEnd {
	/** The name could not be resolved and no address was known from before. */
	NAME_FAILED = 10,
	/** No connection came about. */
	OPEN_FAILED = 20,
	/** The connection was closed by the peer or broke. The platforms do not tell these apart. */
	LOST = 22,
}

/** Whose handshake is under way on a connection that stands. Values of Layer. */
export const enum TransportLayer {
	/** TLS. Its ends are 60 … 69. */
	SECURITY = 6,
	/** The opening handshake of RFC 6455. Its ends are 70 … 79. */
	WEBSOCKET = 7,
}

/**
 * Receives the events of one transport. Each may run a whole turn, in which the transport's own methods are called, close()
 * and even open() among them: when an event returns, the transport looks again at where it stands. But for `wake` none may
 * be called from within a call of ours; the platform's callbacks and turn() are where they come from.
 */
export interface TransportListener {
	/** The name is resolved; the connection is being made. Not called when nothing had to be resolved. */
	handleResolved(): void;
	/** The connection below stands, and the handshake of this layer is under way. Once for each layer that has one. */
	handleConnected(layer: TransportLayer): void;
	/** All of it stands, and bytes may be written. Once for each open(). */
	handleOpened(): void;
	/** Bytes have arrived: `readable` of the transport says how many. Not before handleOpened. */
	handleReadable(): void;
	/** Bytes may be written again after a short write. Not before handleOpened. */
	handleWritable(): void;
	/**
	 * The attempt or connection is over: the last event until the next open(), and called once, unless open() has returned
	 * an end or close() came first. Nothing is left to close.
	 *
	 * in   end     why: a value of Reason; its tens are the layer
	 *      detail  a number that belongs to it, e.g. of a TLS alert, an HTTP status, a close code; `reason.detail` shows it
	 */
	handleEnded(end: TransportEnd | number, detail?: number): void;
	/**
	 * Asks for a turn of the transport's own: its turn() is called once, about a millisecond later, whatever else happens
	 * meanwhile. For one that has something to do and will hear nothing from below: a handshake in several steps; an end
	 * that waits until what came before it was read, or looked at (an alert, and the connection closed behind it); an end
	 * that read(), write() or open() has found, with its detail. May be called at any time.
	 */
	wake(): void;
}

/** One client's way to its server, opened again and again for as long as the client lives. */
export interface Transport {
	/**
	 * Starts an attempt: name lookup where needed, then the connection, then handshakes. What was open is closed. Never
	 * throws, and calls nobody but wake().
	 *
	 * in   host, port  where to, this time: another server may follow after each attempt
	 * out  why the attempt has failed already: then no event follows; otherwise nothing
	 */
	open(host: string, port: number): TransportEnd | void;
	/** A name is being looked up: what takes long is the name service. Absent: never. */
	readonly resolving?: boolean;
	/**
	 * Takes bytes that have arrived into the start of the receive landing; called only while `readable` is not 0. Hot: no
	 * allocation in steady state.
	 *
	 * in   countMax  how many bytes are wanted, 1 … size of the landing
	 * out  bytes taken, 0 when there are none now after all: then `readable` is 0 until handleReadable
	 *
	 * Throws when the link is broken.
	 */
	read(countMax: number): number;
	/**
	 * Bytes that are known to wait for read(). Not 0 while anything can be had without an event from below: the loop comes
	 * back for it by itself, in as many turns as it takes. A layer that needs a whole record counts what it has decoded, and,
	 * when that is nothing, what may be waiting below (read() may still find that it is less than a record). 0 before
	 * handleOpened, after an end, after close().
	 */
	readonly readable: number;
	/**
	 * Writes from the start of the transmit region. Hot: no allocation in steady state.
	 *
	 * Bytes that were not taken stay as they are: the next write begins with them, with more behind them perhaps, until an
	 * end or close(). So a layer may make a record of `count` bytes of which below takes a part only: it returns 0, goes on
	 * with the same record at the next write, and returns the bytes of the record when below has all of it. Nothing that was
	 * taken is then held back at close(). It never changes the region.
	 *
	 * in   count  bytes to write, 1 … size of the region
	 * out  bytes taken: fewer than `count`, and the rest may be offered at once; 0 means later (handleWritable will say)
	 *
	 * Throws when the link is broken.
	 */
	write(count: number): number;
	/**
	 * Closes at once; no event follows. Harmless when there is nothing to close. What write() has taken still goes out where
	 * the platform does that; a last word of a layer's own (close_notify, a close frame) too, if below takes it at once.
	 */
	close(): void;
	/**
	 * The turn that wake() has asked for; the listener may be called from it. It may come when the connection that has asked
	 * is over: then there is nothing to do. Absent: never asked for. An outer transport passes it on, as it does wake().
	 *
	 * Throws when the link is broken.
	 */
	turn?(): void;
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
	/** A region of the transport's own, as large as its factory has said. What is in it is lost while nothing is open. */
	ownOffset: number;
	/** How many views of exact size may be kept for each direction. */
	views: number;
	/** Where the first attempt goes to: for what can be checked at once. open() says it again, and others later. */
	host: string;
	port: number;
	dns: NameResolver | undefined;
	listener: TransportListener;
}

/**
 * Makes the transport of one client; what the option `transport` takes. Throws when the options do not suit it. One that
 * goes over another calls the other's factory, with itself as the listener and with the landing and the transmit region
 * that it likes: those it was given, if it changes bytes in place, or parts of its own region, in the same buffer, where
 * `copyWithin` moves them without allocation.
 */
export interface TransportFactory {
	(setup: TransportSetup): Transport;
	/** Bytes of the arena that the transport wants for itself and for those below it, a multiple of 4; absent: none. */
	readonly ownSize?: number;
	/** Where servers listen usually, 1 … 65,535: the option `port` without a value. Absent: 1883. */
	readonly defaultPort?: number;
}

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
	/** It has this address. in: addresses  all that it has, this one among them, where the resolver knows them */
	onResolved(host: string, address: string, addresses?: readonly string[]): void;
	/** It has none that can be found now. */
	onError(host: string): void;
}
