import type { Clock } from "./clock.js";
import { Lane } from "./lane.js";
import type { LinkEvents, Wire } from "./link.js";
import type { Random } from "./random.js";
import type { Direction } from "./tap.js";

/** How the network behaves towards what happens from now on. */
export interface NetworkState {
	/** Delay of each direction, and how much more it may be, in ms. */
	latencyMs: number;
	jitterMs: number;
	/** Bytes of an arrival at the device, and at the server, at most; with `ragged`, anything from 1 up to it. */
	segmentIn: number;
	segmentOut: number;
	ragged: boolean;
	/** What becomes of a new connection: made, refused, or never answered. */
	connect: "made" | "refused" | "silent";
	/** What becomes of a lookup: answered, answered with an error, never, or with what is no IPv4 address. */
	names: "found" | "unknown" | "silent" | "odd";
}

/** The server's end of a connection, as the network sees it. */
export interface ServerEnd {
	/** Bytes of the device have arrived. They are the server's to keep. */
	receive(bytes: Uint8Array): void;
	/** The connection is over, by the device or by the network. */
	closed(): void;
}

/** What the network gives to the server for a connection. */
export interface ServerWire {
	/** Sends bytes to the device. They are not copied. */
	send(bytes: Uint8Array): void;
	/** Closes in good order: what was sent still arrives. */
	close(): void;
	/** What may be said of the connection. */
	readonly id: number;
}

/** Watches the device's end of every link of a virtual world. */
export interface LinkObserver {
	opened(id: number): void;
	/** Bytes that the device has written, or that have arrived at it. */
	bytes(id: number, direction: Direction, bytes: Uint8Array): void;
	/** The device has closed its end. */
	closed(id: number): void;
	/** The network has told the device that it is over; by a fault, by the server, or because it never came about. */
	ended(id: number, cause: "failed" | "reset" | "server"): void;
	/** Something happened to it that neither end did. */
	fault(id: number, text: string): void;
}

/** What a virtual link is made from. */
export interface VirtualLinkOptions {
	id: number;
	clock: Clock;
	network: NetworkState;
	random: Random;
	events: LinkEvents;
	observer: LinkObserver;
	/** Bytes that may have arrived and not been read. */
	rxWindow: number;
	/** Offers the connection to the server; undefined: nobody listens. */
	accept(wire: ServerWire): ServerEnd | undefined;
}

/**
 * One TCP connection between the device's stand-in socket and a server of this process, in virtual time: it delays,
 * splits and joins, stands still, goes half-open, and is reset at any byte.
 */
export class VirtualLink implements Wire {
	readonly id: number;
	readonly #options: VirtualLinkOptions;
	readonly #out: Lane;
	readonly #in: Lane;
	/** Acknowledgements travel apart from data. */
	readonly #acks: Lane;
	#server: ServerEnd | undefined;
	#deviceOpen = true;
	#opened = false;
	#credit: number;
	/** Nothing passes any more. */
	frozen = false;
	/** Bytes that the device has sent and that are not acknowledged. */
	underWay = 0;
	/** Where a reset is planned. */
	#cut: { direction: Direction; left: number } | undefined;

	constructor(options: VirtualLinkOptions) {
		this.id = options.id;
		this.#options = options;
		this.#credit = options.rxWindow;
		const { clock, network } = options;
		const arrive = (bytes: Uint8Array): void => this.#pass("in", bytes);
		const forward = (bytes: Uint8Array): void => this.#pass("out", bytes);
		this.#in = new Lane({ clock, deliver: arrive, pieceSize: () => this.#pieceIn() });
		this.#out = new Lane({ clock, deliver: forward, pieceSize: () => this.#piece(network.segmentOut) });
		this.#acks = new Lane({ clock, deliver: () => undefined, pieceSize: () => 1 });
		if (network.connect === "silent") return;
		this.#in.pushAction(() => this.#establish(), 2 * this.#delay());
	}

	/** Whether the device still has its end. */
	get open(): boolean {
		return this.#deviceOpen;
	}

	/** Whether the connection stands for both ends. */
	get established(): boolean {
		return this.#opened && this.#deviceOpen && this.#server !== undefined;
	}

	/** The device sends. (The server's end is in sendToDevice.) */
	send(bytes: Uint8Array): void {
		if (!this.#deviceOpen) return;
		this.underWay += bytes.length;
		this.#options.observer.bytes(this.id, "out", bytes);
		this.#out.push(bytes, this.#delay());
	}

	consumed(count: number): void {
		this.#credit += count;
		this.#in.pump();
	}

	/** The device closes. */
	close(): void {
		if (!this.#deviceOpen) return;
		this.#deviceOpen = false;
		this.#options.observer.closed(this.id);
		this.#in.clear();
		this.#acks.clear();
		this.#out.pushAction(() => this.#endServer(), this.#delay());
	}

	/** The server's end of this link. */
	get serverWire(): ServerWire {
		return {
			id: this.id,
			send: (bytes) => {
				if (this.#server !== undefined) this.#in.push(bytes, this.#delay());
			},
			close: () => {
				this.#server = undefined;
				this.#out.clear();
				this.#in.pushAction(() => this.#endDevice("server"), this.#delay());
			},
		};
	}

	/** Resets the connection for both ends; bytes under way are lost. */
	reset(why: string): void {
		if (!this.#deviceOpen && this.#server === undefined) return;
		this.#options.observer.fault(this.id, why);
		this.#in.clear();
		this.#out.clear();
		this.#acks.clear();
		this.#endServer();
		this.#in.freeze(false);
		this.#in.pushAction(() => this.#endDevice("reset"), 0);
	}

	/** Plans a reset after so many more bytes of one direction have passed. */
	cutAfter(direction: Direction, bytes: number): void {
		this.#cut = { direction, left: bytes };
	}

	/** Stops the passage of everything, a reset excepted, or lets it go on. */
	freeze(frozen: boolean): void {
		if (this.frozen === frozen) return;
		this.frozen = frozen;
		this.#options.observer.fault(this.id, frozen ? "nothing passes any more" : "it passes again");
		for (const lane of [this.#in, this.#out, this.#acks]) lane.freeze(frozen);
	}

	#delay(): number {
		const { network, random } = this.#options;
		return network.latencyMs + (network.jitterMs > 0 ? random.below(network.jitterMs + 1) : 0);
	}

	#piece(sizeMax: number): number {
		const { network, random } = this.#options;
		return network.ragged ? 1 + random.below(sizeMax) : sizeMax;
	}

	#pieceIn(): number {
		return this.#credit <= 0 ? 0 : Math.min(this.#credit, this.#piece(this.#options.network.segmentIn));
	}

	#establish(): void {
		if (!this.#deviceOpen) return;
		const { network, events, observer, accept } = this.#options;
		const end = network.connect === "refused" ? undefined : accept(this.serverWire);
		if (end === undefined) return this.#endDevice("failed");
		this.#server = end;
		this.#opened = true;
		observer.opened(this.id);
		events.opened();
	}

	/** Bytes have come to one end: all of them, or those in front of the cut. */
	#pass(direction: Direction, bytes: Uint8Array): void {
		const cut = this.#cut;
		const cutHere = cut?.direction === direction && cut.left <= bytes.length;
		if (cut?.direction === direction) {
			if (cutHere) bytes = bytes.subarray(0, cut.left);
			else cut.left -= bytes.length;
		}
		if (bytes.length > 0) {
			if (direction === "out") this.#forward(bytes);
			else this.#arrive(bytes);
		}
		if (cutHere) this.reset(`reset within the bytes ${direction === "out" ? "to" : "from"} the server`);
	}

	#arrive(bytes: Uint8Array): void {
		if (!this.#deviceOpen) return;
		this.#credit -= bytes.length;
		this.#options.observer.bytes(this.id, "in", bytes);
		this.#options.events.received(bytes);
	}

	#forward(bytes: Uint8Array): void {
		const count = bytes.length;
		this.#server?.receive(bytes);
		if (!this.#deviceOpen) return;
		this.#acks.pushAction(() => {
			this.underWay -= count;
			if (this.#deviceOpen) this.#options.events.acknowledged(count);
		}, this.#delay());
	}

	#endServer(): void {
		const server = this.#server;
		this.#server = undefined;
		server?.closed();
	}

	#endDevice(cause: "failed" | "reset" | "server"): void {
		if (!this.#deviceOpen) return;
		this.#deviceOpen = false;
		this.#acks.clear();
		this.#options.observer.ended(this.id, this.#opened ? cause : "failed");
		this.#options.events.ended();
	}
}
