/** The way to a broker for commands: Node's own socket, without the refusals of a device's, which cost time here. */
import { connect, isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import {
	TransportEnd,
	TransportLayer,
	type Transport,
	type TransportFactory,
	type TransportSetup,
} from "../../firmware/ports/transport.js";
import type { Security } from "../tls/files.js";
import type { SecureEnd } from "../tls/ends.js";
import { secure, secureContext, securedText } from "../tls/secure.js";
import type { Clock } from "../world/clock.js";
import type { Tap } from "../world/tap.js";

/** Bytes that may have been written and not been taken by the system. */
const TX_WINDOW = 1_048_576;

/** What is written in one turn leaves in pieces of this size, however small the packets are. */
const PIECE_SIZE = 65_536;

/** Above this many bytes that wait to be read the socket is paused. */
const RX_WAITING_MAX = 262_144;

/** One read of the system takes at most this much. */
const READ_SIZE = 65_536;

/** Where connections go, and who watches them. */
export interface DeskRoute {
	clock: Clock;
	/** Watches connections; packets only when `watchesBytes`. */
	tap: Tap;
	watchesBytes: boolean;
	/** A socket in the file system, instead of host and port. */
	path?: string | undefined;
	/** Address of this machine to connect from. */
	localAddress?: string | undefined;
	/** What TLS needs; undefined without it. */
	security?: Security | undefined;
	/** The system has taken everything that was written, after it had to wait. */
	onDrained(): void;
}

/** The option `transport` of a client on a desk, and how far it has got. */
export interface DeskLink {
	readonly transport: TransportFactory;
	/** Bytes that were written and that the system has not taken yet. */
	readonly pending: number;
}

/** Makes the way to one broker. */
export function deskLink(route: DeskRoute): DeskLink {
	let made: DeskTransport | undefined;
	return {
		transport: (setup) => (made = new DeskTransport(setup, route)),
		get pending() {
			return made?.pending ?? 0;
		},
	};
}

/**
 * One connection at a time. What is written within one turn of Node is joined: a thousand small packets are one write
 * to the system. What has been written before close() still goes out.
 */
class DeskTransport implements Transport {
	readable = 0;
	resolving = false;
	readonly #setup: TransportSetup;
	readonly #route: DeskRoute;
	readonly #rx: Uint8Array;
	readonly #tx: Uint8Array;
	/** What bytes go to: a socket, or TLS over it. */
	#socket: Socket | undefined;
	readonly #context: SecureContext | undefined;
	/** Number of the connection, for the tap. */
	#connection = 0;
	#opened = false;
	#arrivals: Uint8Array[] = [];
	/** Read so far of the first arrival. */
	#offset = 0;
	#paused = false;
	/** Where reads of the system go: a buffer of its own for each would be most of the work for an ack. */
	readonly #landing = new Uint8Array(READ_SIZE);
	/** The connection is over, and the listener does not know yet. */
	#over = false;
	/** Why TLS ended it, until that is told; undefined when it did not. */
	#reason: SecureEnd | undefined;
	/** The listener waits for handleWritable. */
	#waiting = false;
	/** What waits to be handed to the socket: from #start to one below #end. */
	#piece = new Uint8Array(0);
	#start = 0;
	#end = 0;

	constructor(setup: TransportSetup, route: DeskRoute) {
		this.#setup = setup;
		this.#route = route;
		this.#context = route.security && secureContext(route.security);
		this.#rx = new Uint8Array(setup.buffer, setup.rxOffset, setup.rxSize);
		this.#tx = new Uint8Array(setup.buffer, setup.txOffset, setup.txSize);
	}

	/** Bytes that were written and that the system has not taken yet. */
	get pending(): number {
		return this.#end - this.#start + (this.#socket?.writableLength ?? 0);
	}

	open(host: string, port: number): void {
		this.close();
		const { path, localAddress, tap } = this.#route;
		this.#over = false;
		const connection = ++this.#connection;
		this.resolving = path === undefined && isIP(host) === 0;
		if (this.resolving) tap.step(0, "lookup", host);
		tap.step(connection, "connect", path ?? `${host}:${port}`);
		const family = localAddress === undefined ? {} : { localAddress, family: isIP(localAddress) };
		const onread = {
			buffer: this.#landing,
			callback: (count: number): boolean => {
				if (ours()) this.#handleData(this.#landing.slice(0, count));
				return true;
			},
		};
		// TLS has a buffer of its own.
		const plain = this.#context === undefined ? { onread } : {};
		const socket = connect(
			path === undefined ? { host, port, noDelay: true, ...plain, ...family } : { path, ...plain },
		);
		const ours = (): boolean => connection === this.#connection && this.#socket !== undefined;
		this.#socket = socket;
		let cause: Error | undefined;
		socket.on("lookup", (_error, address, _family, name) => ours() && this.#handleLookup(name, address));
		socket.on("connect", () => ours() && this.#handleConnect(socket, host));
		socket.on("drain", () => ours() && this.#handleDrain());
		socket.on("error", (error) => (cause = error));
		socket.on("end", () => ours() && this.#socket === socket && this.#handleOver(cause));
		socket.on("close", () => ours() && this.#socket === socket && this.#handleOver(cause));
	}

	read(countMax: number): number {
		const wanted = Math.min(countMax, this.readable);
		let filled = 0;
		let used = 0;
		while (filled < wanted) {
			const first = this.#arrivals[used]!;
			const count = Math.min(wanted - filled, first.length - this.#offset);
			this.#rx.set(first.subarray(this.#offset, this.#offset + count), filled);
			filled += count;
			this.#offset += count;
			if (this.#offset < first.length) break;
			used++;
			this.#offset = 0;
		}
		if (used > 0) this.#arrivals.splice(0, used);
		this.readable -= filled;
		if (this.#route.watchesBytes) this.#route.tap.bytes(this.#connection, "in", this.#rx.subarray(0, filled));
		if (this.#paused && this.readable <= RX_WAITING_MAX) this.#pause(false);
		if (this.#over && this.readable === 0) this.#endLater();
		return filled;
	}

	write(countMax: number): number {
		const room = TX_WINDOW - this.pending;
		const count = Math.min(countMax, Math.max(0, room));
		if (count < countMax) this.#waiting = true;
		// The region is used again as soon as this returns.
		for (let done = 0; done < count;) {
			if (this.#end === this.#piece.length) this.#nextPiece();
			const part = Math.min(count - done, this.#piece.length - this.#end);
			this.#piece.set(this.#tx.subarray(done, done + part), this.#end);
			if (this.#start === this.#end) process.nextTick(this.#flush);
			this.#end += part;
			done += part;
		}
		if (this.#route.watchesBytes) this.#route.tap.bytes(this.#connection, "out", this.#tx.subarray(0, count));
		return count;
	}

	close(): void {
		const socket = this.#socket;
		if (socket === undefined) return;
		this.#flush();
		const wasOpened = this.#opened;
		this.#forget();
		this.#route.tap.step(this.#connection, "closed", "by this command");
		if (socket.connecting || !wasOpened) {
			socket.destroy();
			return;
		}
		// Once our last byte is out, whether the broker closes its side as well is nothing to wait for.
		socket.once("finish", () => socket.unref());
		socket.resume();
		socket.end();
	}

	/** Hands what was written in this turn to the socket. */
	readonly #flush = (): void => {
		if (this.#start === this.#end) return;
		const bytes = this.#piece.subarray(this.#start, this.#end);
		this.#start = this.#end;
		if (this.#socket?.writable) this.#socket.write(bytes);
	};

	/** A socket may keep what it was given, so nothing is written there again. */
	#nextPiece(): void {
		this.#flush();
		this.#piece = new Uint8Array(PIECE_SIZE);
		this.#start = this.#end = 0;
	}

	#forget(): void {
		this.#socket = undefined;
		this.#opened = this.resolving = this.#waiting = this.#over = this.#paused = false;
		this.#arrivals = [];
		this.#start = this.#end;
		this.readable = this.#offset = 0;
	}

	#handleLookup(name: string, address: string | undefined): void {
		if (!address) return;
		this.#route.tap.step(0, "resolved", `${name} is ${address}`);
		if (!this.resolving) return;
		this.#setup.listener.handleResolved();
		this.resolving = false;
	}

	#handleConnect(socket: Socket, host: string): void {
		this.resolving = false;
		this.#route.tap.step(this.#connection, "connected", "");
		if (this.#context) this.#secure(socket, host, this.#context);
		else this.#handleOpened();
	}

	#handleOpened(): void {
		this.#opened = true;
		this.#setup.listener.handleOpened();
	}

	/** Begins TLS over a connection that has just been made. */
	#secure(socket: Socket, serverName: string, context: SecureContext): void {
		const { tap, security } = this.#route;
		const connection = this.#connection;
		this.#setup.listener.handleConnected(TransportLayer.SECURITY);
		// The turn that has run may have closed.
		const ours = (): boolean => connection === this.#connection && this.#socket !== undefined;
		if (!ours() || !security) return;
		tap.step(connection, "handshake", serverName);
		this.#socket = secure(
			socket,
			context,
			{ ...security, serverName },
			{
				done: (secured) => {
					if (!ours()) return;
					tap.step(connection, "secured", securedText(secured));
					this.#handleOpened();
				},
				data: (bytes) => ours() && this.#handleData(bytes),
				drained: () => ours() && this.#handleDrain(),
				ended: (end) => ours() && this.#handleOver(undefined, end),
			},
		);
	}

	#handleData(bytes: Uint8Array): void {
		this.#arrivals.push(bytes);
		this.readable += bytes.length;
		if (this.readable > RX_WAITING_MAX) this.#pause(true);
		this.#setup.listener.handleReadable();
	}

	#pause(paused: boolean): void {
		this.#paused = paused;
		if (paused) this.#socket?.pause();
		else this.#socket?.resume();
	}

	#handleDrain(): void {
		if (this.#waiting) {
			this.#waiting = false;
			this.#setup.listener.handleWritable();
		}
		this.#route.onDrained();
	}

	/** What has arrived is read before the end is told. */
	#handleOver(cause: Error | undefined, end?: SecureEnd): void {
		if (this.#over) return;
		this.#over = true;
		this.#reason = end?.reason ? end : undefined;
		const { tap } = this.#route;
		const text = end?.text ?? (cause ? textOf(cause) : "closed by the broker");
		tap.step(this.#connection, this.#opened ? "lost" : "failed", text);
		if (this.readable === 0) this.#tellEnd(cause);
	}

	#endLater(): void {
		this.#route.clock.after(0, () => {
			if (this.#over && this.readable === 0) this.#tellEnd(undefined);
		});
	}

	#tellEnd(cause: Error | undefined): void {
		const unnamed = this.resolving || (cause as NodeJS.ErrnoException | undefined)?.syscall === "getaddrinfo";
		const lost = this.#opened ? TransportEnd.LOST : unnamed ? TransportEnd.NAME_FAILED : TransportEnd.OPEN_FAILED;
		const { reason = lost, detail = 0 } = this.#reason ?? {};
		const socket = this.#socket;
		this.#forget();
		socket?.destroy();
		this.#setup.listener.handleEnded(reason, detail);
	}
}

/** Of several addresses that were tried, all. */
function textOf(error: Error): string {
	if (!(error instanceof AggregateError)) return error.message;
	return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join("; ");
}
