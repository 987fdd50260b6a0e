import { worldFor } from "../../world/current.js";
import type { Wire } from "../../world/link.js";
import type { DeviceWorld } from "../../world/device-world.js";
import { callOut } from "./call-out.js";
import { ReceiveQueue } from "./receive-queue.js";

/** What a socket is made from, as on the platform. */
export interface TCPOptions {
	/** An IPv4 literal; names are not resolved here. */
	address: string;
	/** 0 … 65,535. */
	port: number;
	/** Accepted and ignored: the link never waits for more. */
	nodelay?: boolean;
	/** "buffer" unless told. */
	format?: Format;
	/** Becomes the property `target` of the socket. */
	target?: unknown;
	onReadable?(this: TCP, count: number): void;
	onWritable?(this: TCP, count: number): void;
	/** The connection failed, or the peer closed it: without a reason, once. */
	onError?(this: TCP): void;
}

/** How read() and write() pass data: buffers, or one byte as a number. */
export type Format = "buffer" | "number";

/** Four numbers without leading zeros, as Node's isIPv4 takes them; Node's modules are not there for a stand-in either. */
const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Connecting; ready; over but not yet told; over and told; closed by the program. */
type State = "connecting" | "ready" | "ended" | "failed" | "closed";

/**
 * Stand-in for `embedded:io/socket/tcp` that refuses like the platform. Where the SDK's ESP32 build and its simulator
 * differ, this is the ESP32 build: `onError` waits until arrived bytes have been read.
 */
export default class TCP {
	/** The option of the same name, if it was given. */
	declare target: unknown;
	readonly #world: DeviceWorld;
	readonly #options: TCPOptions;
	readonly #link: Wire;
	readonly #received = new ReceiveQueue();
	#state: State = "connecting";
	#writable: number;
	#format: Format = "buffer";

	/**
	 * Starts to connect.
	 *
	 * Throws Error "invalid address", RangeError "invalid port", RangeError "unimplemented" for another format.
	 */
	constructor(options: TCPOptions) {
		const { address, port, format } = options;
		if (format !== undefined) this.format = format;
		if (typeof address !== "string" || !IPV4.test(address)) throw new Error("invalid address");
		if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError("invalid port");
		if ("target" in options) this.target = options.target;
		// Like the platform, keep the callbacks that were there at construction.
		this.#options = { ...options };
		this.#world = worldFor(address);
		this.#writable = this.#world.txWindow;
		this.#link = this.#world.open(address, port, {
			opened: () => this.#handleOpened(),
			received: (bytes) => this.#handleReceived(bytes),
			acknowledged: (count) => this.#handleAcknowledged(count),
			ended: () => this.#handleEnded(),
		});
	}

	get format(): Format {
		return this.#format;
	}

	/** Throws RangeError "unimplemented" for anything but the two formats. */
	set format(format: Format) {
		if (format !== "buffer" && format !== "number") throw new RangeError("unimplemented");
		this.#format = format;
	}

	read(view: ArrayBuffer | ArrayBufferView): number | undefined;
	read(count?: number): ArrayBuffer | number | undefined;
	/**
	 * Takes bytes that have arrived: into a view, which is filled whole (returns its size); a number of them, or all, as
	 * an ArrayBuffer; in the format "number" one byte. Undefined when nothing is there.
	 *
	 * Throws Error "invalid" when more is wanted than is there, or nothing; SyntaxError after close().
	 */
	read(what?: ArrayBuffer | ArrayBufferView | number): ArrayBuffer | number | undefined {
		this.#checkOpen();
		const available = this.#received.size;
		if (available === 0) return undefined;
		if (this.#format === "number") return this.#take(new Uint8Array(1))[0];
		const target = what === undefined || typeof what === "number" ? undefined : bytesOf(what);
		const wanted = target ? target.length : ((what as number | undefined) ?? available);
		if (!(wanted >= 1) || wanted > available) throw new Error("invalid");
		if (target) return this.#take(target).length;
		return this.#take(new Uint8Array(Math.trunc(wanted))).buffer;
	}

	/**
	 * Sends a copy of all bytes of a buffer or view, or one byte in the format "number". Returns the bytes that may still
	 * be written; undefined when the connection is lost and onError has not been called yet.
	 *
	 * Throws Error "would block" before the connection stands or when there are more bytes than may be written, Error
	 * "invalid buffer" for anything else than bytes, Error "not ready" after onError; SyntaxError after close().
	 */
	write(what: ArrayBuffer | ArrayBufferView | number): number | undefined {
		this.#checkOpen();
		if (this.#state === "connecting") throw new Error("would block");
		if (this.#state === "failed") throw new Error("not ready");
		if (this.#state === "ended") return undefined;
		const bytes = this.#format === "number" ? Uint8Array.of(Number(what)) : bytesOf(what).slice();
		if (bytes.length > this.#writable) throw new Error("would block");
		this.#writable -= bytes.length;
		if (bytes.length > 0) this.#link.send(bytes);
		return this.#writable;
	}

	/** Closes; bytes written before still go out. No event follows. May be called again. */
	close(): void {
		this.#state = "closed";
		this.#received.clear();
		this.#link.close();
	}

	#checkOpen(): void {
		if (this.#state === "closed") throw new SyntaxError("invalid host data");
	}

	#take(target: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
		this.#received.take(target);
		this.#link.consumed(target.length);
		if (this.#state === "ended" && this.#received.size === 0) this.#failLater();
		return target;
	}

	#handleOpened(): void {
		this.#state = "ready";
		this.#callWritable();
	}

	#handleReceived(bytes: Uint8Array): void {
		this.#received.add(bytes);
		const count = this.#received.size;
		callOut(this.#world, "TCP onReadable", () => this.#options.onReadable?.call(this, count));
	}

	#handleAcknowledged(count: number): void {
		this.#writable += count;
		if (this.#state === "ready") this.#callWritable();
	}

	#handleEnded(): void {
		this.#state = "ended";
		if (this.#received.size === 0) this.#fail();
	}

	#callWritable(): void {
		const count = this.#writable;
		callOut(this.#world, "TCP onWritable", () => this.#options.onWritable?.call(this, count));
	}

	#failLater(): void {
		this.#world.hold();
		this.#world.clock.after(0, () => {
			this.#world.release();
			this.#fail();
		});
	}

	#fail(): void {
		if (this.#state !== "ended") return;
		this.#state = "failed";
		callOut(this.#world, "TCP onError", () => this.#options.onError?.call(this));
	}
}

/** The bytes that a buffer or view covers. Throws Error "invalid buffer" for anything else, as the platform does. */
function bytesOf(what: unknown): Uint8Array<ArrayBuffer> {
	if (what instanceof ArrayBuffer) return new Uint8Array(what);
	if (ArrayBuffer.isView(what)) {
		return new Uint8Array(what.buffer as ArrayBuffer, what.byteOffset, what.byteLength);
	}
	throw new Error("invalid buffer");
}
