import { createHash } from "node:crypto";
import type {
	Transport,
	TransportEnd,
	TransportFactory,
	TransportLayer,
	TransportSetup,
} from "../../firmware/ports/transport.js";
import { webSocket, type WebSocketOptions } from "../../firmware/transport/websocket.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Where the regions of the arena stand. */
export const RX_OFFSET = 64;
export const TX_OFFSET = 1024;
export const TX_SIZE = 2048;
const OWN_OFFSET = TX_OFFSET + TX_SIZE;
/** Nobody may write here. */
const GUARD = 0xa5;

/** What stands below: bytes come when told, and what is written is kept as far as there is room. */
export class Below implements Transport {
	arrived: number[] = [];
	sent: number[] = [];
	window = Infinity;
	/** The most that one write takes: a ladder of views takes less than it is offered. */
	pieceMax = Infinity;
	/** Thrown by the next reads and writes. */
	broken: Error | undefined;
	readonly calls: string[] = [];
	readonly setup: TransportSetup;
	readonly #bytes: Uint8Array;

	constructor(setup: TransportSetup) {
		this.setup = setup;
		this.#bytes = new Uint8Array(setup.buffer);
	}

	get readable(): number {
		return this.arrived.length;
	}

	open(host: string, port: number): TransportEnd | void {
		this.arrived = [];
		this.calls.push(`open ${host} ${port}`);
	}

	read(countMax: number): number {
		if (this.broken) throw this.broken;
		if (this.readable === 0) throw new Error("read of nothing");
		const taken = this.arrived.splice(0, Math.min(countMax, this.setup.rxSize));
		this.#bytes.set(taken, this.setup.rxOffset);
		return taken.length;
	}

	write(count: number): number {
		if (this.broken) throw this.broken;
		if (count < 1 || count > this.setup.txSize) throw new Error(`write of ${count} bytes`);
		const taken = Math.min(count, this.window, this.pieceMax);
		this.window -= taken;
		const from = this.setup.txOffset;
		this.sent.push(...this.#bytes.subarray(from, from + taken));
		return taken;
	}

	close(): void {
		this.calls.push("close");
		this.arrived = [];
	}
}

/** A frame of a client, as a server takes it apart. */
export interface Sent {
	first: number;
	payload: number[];
	mask: number[];
}

/** Frames in what a client has sent. Throws when one is cut, or is not masked. */
export function framesOf(bytes: readonly number[]): Sent[] {
	const frames: Sent[] = [];
	for (let at = 0; at < bytes.length;) {
		const [first = 0, second = 0] = bytes.slice(at, at + 2);
		let size = second & 0x7f;
		at += 2;
		if (!(second & 0x80)) throw new Error("not masked");
		if (size === 126) {
			size = bytes[at]! * 256 + bytes[at + 1]!;
			at += 2;
			if (size < 126) throw new Error(`${size} bytes in a long frame`);
		} else if (size === 127) throw new Error("no frame of ours is so long");
		const mask = bytes.slice(at, at + 4);
		const payload = bytes.slice(at + 4, at + 4 + size).map((byte, i) => byte ^ mask[i & 3]!);
		if (payload.length < size) throw new Error("cut");
		at += 4 + size;
		frames.push({ first, payload, mask });
	}
	return frames;
}

/** A frame of a server. */
export function frame(first: number, payload: ArrayLike<number> = [], form: 7 | 16 | 64 | "least" = "least"): number[] {
	const size = payload.length;
	const bits = form === "least" ? (size < 126 ? 7 : size < 65_536 ? 16 : 64) : form;
	const head = [first, bits === 7 ? size : bits === 16 ? 126 : 127];
	if (bits === 16) head.push(size >> 8, size & 255);
	else if (bits === 64) head.push(0, 0, 0, 0, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255);
	return [...head, ...Array.from(payload)];
}

/** First bytes of frames. */
export const First = { BINARY: 0x82, BINARY_MORE: 0x02, MORE: 0x00, LAST: 0x80, CLOSE: 0x88, PING: 0x89, PONG: 0x8a };

export function ascii(text: string): number[] {
	return [...Buffer.from(text, "latin1")];
}

/** What a server has to answer a key with. */
export function acceptOf(key: string): string {
	return createHash("sha1")
		.update(key + GUID)
		.digest("base64");
}

/** One transport over a scripted one, its listener, and what both have heard. */
export class WebSocketRig {
	readonly bytes: Uint8Array;
	readonly transport: Transport;
	readonly factory: TransportFactory;
	below!: Below;
	readonly events: string[] = [];
	/** Bytes that were read by the listener. */
	received: number[] = [];
	/** Reads at each event, as the loop does. */
	reads = true;
	/** Called within the next event, by its name. */
	readonly within = new Map<string, () => void>();
	readonly #rxSize: number;
	#wakes = 0;

	constructor(options: WebSocketOptions = {}, rxSize = 256, target = { host: "broker.test", port: 80 }) {
		this.#rxSize = rxSize;
		const over = Object.assign((setup: TransportSetup) => (this.below = new Below(setup)), {
			defaultPort: 1883,
			ownSize: 8,
		});
		this.factory = webSocket({ over, ...options });
		const size = OWN_OFFSET + this.factory.ownSize!;
		this.bytes = new Uint8Array(size + 64).fill(GUARD);
		this.transport = this.factory({
			buffer: this.bytes.buffer as ArrayBuffer,
			rxOffset: RX_OFFSET,
			rxSize,
			txOffset: TX_OFFSET,
			txSize: TX_SIZE,
			ownOffset: OWN_OFFSET,
			views: 8,
			...target,
			dns: undefined,
			listener: {
				handleResolved: () => this.#note("resolved"),
				handleConnected: (layer: TransportLayer) => this.#note(`connected ${layer}`),
				handleOpened: () => this.#note("opened"),
				handleReadable: () => this.#note("readable"),
				handleWritable: () => this.#note("writable"),
				handleEnded: (end, detail = 0) => this.#note(`ended ${end} ${detail}`),
				wake: () => void this.#wakes++,
			},
		});
	}

	#note(event: string): void {
		if (event !== "readable") this.events.push(event);
		const action = this.within.get(event);
		this.within.delete(event);
		action?.();
		if (this.reads && (event === "readable" || event === "opened")) this.readAll();
	}

	/** Reads as the loop does: it comes back as long as there is something. */
	readAll(): void {
		for (let reads = 0; this.transport.readable > 0; reads++) {
			if (reads > 10_000) throw new Error("readable, and never read");
			const count = this.transport.read(this.#rxSize);
			if (count > this.#rxSize) throw new Error(`read gave ${count} bytes`);
			if (count === 0 && this.transport.readable > 0) throw new Error("nothing was read, and something is there");
			this.received.push(...this.bytes.subarray(RX_OFFSET, RX_OFFSET + count));
			// The client does what it likes with its landing.
			this.bytes.fill(0x82, RX_OFFSET, RX_OFFSET + count);
		}
	}

	/** The turns that were asked for. */
	turn(): void {
		while (this.#wakes > 0) {
			this.#wakes = 0;
			this.transport.turn?.();
		}
	}

	/** Opens up to the request. out: the request */
	request(host = "broker.test", port = 80): string {
		this.below.sent = [];
		this.transport.open(host, port);
		this.below.setup.listener.handleOpened();
		return Buffer.from(this.below.sent).toString("latin1");
	}

	/** The usual answer to a request, with other lines in the place of its own or behind them. */
	answerTo(
		request: string,
		lines: Readonly<Record<string, string | undefined>> = {},
		status = "HTTP/1.1 101 Switching Protocols",
	): string {
		const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request)?.[1] ?? "";
		const headers: Record<string, string | undefined> = {
			Upgrade: "websocket",
			Connection: "Upgrade",
			"Sec-WebSocket-Accept": acceptOf(key),
			"Sec-WebSocket-Protocol": "mqtt",
			...lines,
		};
		const texts = Object.entries(headers).flatMap(([name, value]) =>
			value === undefined ? [] : [`${name}: ${value}`],
		);
		return [status, ...texts, "", ""].join("\r\n");
	}

	/** All stands. in: behind  bytes that come with the answer */
	connect(behind: readonly number[] = []): this {
		const request = this.request();
		this.below.sent = [];
		this.arrive([...ascii(this.answerTo(request)), ...behind]);
		return this;
	}

	/** Bytes arrive, in pieces of a size. */
	arrive(bytes: readonly number[], pieceSize = bytes.length): void {
		for (let at = 0; at < bytes.length; at += pieceSize) {
			this.below.arrived.push(...bytes.slice(at, at + pieceSize));
			this.below.setup.listener.handleReadable();
			this.turn();
		}
	}

	/** The client writes bytes until all are taken or none is. out: how many were taken */
	write(bytes: readonly number[]): number {
		let done = 0;
		while (done < bytes.length) {
			const rest = bytes.slice(done, done + TX_SIZE);
			this.bytes.set(rest, TX_OFFSET);
			const taken = this.transport.write(rest.length);
			if (Buffer.compare(this.bytes.subarray(TX_OFFSET, TX_OFFSET + rest.length), Uint8Array.from(rest)) !== 0) {
				throw new Error("the transmit region was changed");
			}
			if (taken === 0) break;
			done += taken;
		}
		return done;
	}

	/** Room comes for so many bytes more. */
	makeRoom(window: number): void {
		this.below.window = window;
		this.below.setup.listener.handleWritable();
		this.turn();
	}

	/** Whether what stands outside of all regions is as it was. */
	get isIntact(): boolean {
		const end = OWN_OFFSET + this.factory.ownSize! - 8;
		const outside = [
			this.bytes.subarray(0, RX_OFFSET),
			this.bytes.subarray(RX_OFFSET + this.#rxSize, TX_OFFSET),
			this.bytes.subarray(end),
		];
		return outside.every((part) => part.every((byte) => byte === GUARD));
	}
}
