import Timer from "timer";
import type { Transport, TransportSetup } from "xs-mqtt";
import { hexOf } from "./hex.js";

/** A transport without a network: the test is the other side. */
export class Scripted implements Transport {
	readable = 0;
	/** All that the client has written on this connection. */
	sent: number[] = [];
	opens = 0;
	closes = 0;
	readonly #setup: TransportSetup;
	#inbox: Uint8Array = new Uint8Array(0);

	constructor(setup: TransportSetup) {
		this.#setup = setup;
	}

	open(): void {
		this.opens++;
		this.sent = [];
		this.readable = 0;
		Timer.set(() => this.#setup.listener.handleOpened());
	}

	/** Gives bytes to the client, as one arrival. */
	arrive(bytes: Uint8Array): void {
		this.#inbox = bytes;
		this.readable = bytes.length;
		this.#setup.listener.handleReadable();
	}

	/** What has been sent since the last call. */
	takeSent(): string {
		const hex = hexOf(this.sent);
		this.sent = [];
		return hex;
	}

	read(countMax: number): number {
		const count = Math.min(this.readable, countMax);
		const start = this.#inbox.length - this.readable;
		new Uint8Array(this.#setup.buffer, this.#setup.rxOffset, count).set(this.#inbox.subarray(start, start + count));
		this.readable -= count;
		return count;
	}

	write(count: number): number {
		const bytes = new Uint8Array(this.#setup.buffer, this.#setup.txOffset, count);
		for (let i = 0; i < count; i++) this.sent.push(bytes[i]!);
		return count;
	}

	close(): void {
		this.closes++;
		this.readable = 0;
	}
}
