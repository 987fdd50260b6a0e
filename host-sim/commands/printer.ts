/** How messages become text on standard output, as mosquitto_sub prints them. */

/** One piece of an incoming message, or all of it. */
export interface Piece {
	/** Bytes of the payload before this piece. */
	offset: number;
	/** Bytes of the whole payload. */
	total: number;
	packetId: number;
	qos: number;
	/** The broker had kept it. */
	retain: boolean;
	/** The broker marks it as sent before (DUP). */
	duplicate: boolean;
	/** Counts the PUBLISH packets received; the pieces of one packet have the same number. */
	packet: number;
	/** Number of the subscription that this call is for. */
	subscription: number;
}

/** How to print. */
export interface PrinterOptions {
	/** Put the topic before the payload. */
	verbose: boolean;
	/** Put no end of line behind it. */
	noEndOfLine: boolean;
	out(chunk: string | Uint8Array): void;
	/** A message is complete. */
	completed(): void;
	/** A message broke off and was not sent again; `size` of `total` bytes had been printed. */
	cut(topicName: string, size: number, total: number): void;
}

/**
 * Prints messages piece by piece, each byte once: when the link is lost in the middle of a message, the broker sends it
 * again from its start (QoS 1 and 2), and what stands on the paper already is passed over. A message that matches
 * several subscriptions is printed for the first of them.
 */
export class MessagePrinter {
	readonly #options: PrinterOptions;
	/** The message that is not complete yet. */
	#topicName = "";
	#packetId = 0;
	#total = 0;
	#printed = 0;
	#open = false;
	/** The last message is written as far as it is known, and the broker does not know of it yet. */
	#held = false;
	/** It has come again. */
	#again = false;
	/** The last packet and the subscription that it is printed for. */
	#packet = -1;
	#subscription = -1;

	constructor(options: PrinterOptions) {
		this.#options = options;
	}

	/**
	 * Takes one piece.
	 *
	 * in   topicName  called when the topic is needed
	 *      bytes      the payload bytes of this piece
	 */
	take(piece: Piece, topicName: () => string, bytes: Uint8Array): void {
		if (piece.packet !== this.#packet) {
			this.#packet = piece.packet;
			this.#subscription = piece.subscription;
			this.#begin(piece, topicName());
		} else if (piece.subscription !== this.#subscription) return;

		// All of it is printed already.
		if (this.#again) return;
		const known = this.#printed - piece.offset;
		if (known < bytes.length) this.#options.out(known > 0 ? bytes.subarray(known) : bytes);
		this.#printed = Math.max(this.#printed, piece.offset + bytes.length);
		if (this.#printed === this.#total && piece.offset + bytes.length === this.#total) this.#complete();
	}

	/** Whether the last message waits to be acknowledged: it comes again when the connection is lost before that. */
	hold(held: boolean): void {
		this.#held = held;
	}

	/** No more will come: reports a message that is not complete. */
	end(): void {
		if (this.#open) this.#options.cut(this.#topicName, this.#printed, this.#total);
		this.#open = false;
	}

	#begin(piece: Piece, topicName: string): void {
		const sentAgain =
			(this.#open || this.#held) &&
			piece.qos > 0 &&
			// A broker whose first try broke off in the middle need not mark the second as one.
			piece.packetId === this.#packetId &&
			piece.total === this.#total &&
			topicName === this.#topicName;
		this.#again = sentAgain && !this.#open;
		this.#held = false;
		if (sentAgain) return;
		if (this.#open) {
			this.end();
			if (!this.#options.noEndOfLine) this.#options.out("\n");
		}
		this.#open = true;
		this.#topicName = topicName;
		this.#packetId = piece.packetId;
		this.#total = piece.total;
		this.#printed = 0;
		if (!this.#options.verbose) return;
		if (piece.total > 0) this.#options.out(`${topicName} `);
		// With -N an empty message leaves no trace, as in mosquitto_sub.
		else if (!this.#options.noEndOfLine) this.#options.out(`${topicName} (null)`);
	}

	#complete(): void {
		this.#open = false;
		// Without its topic an empty message leaves no trace at all, as in mosquitto_sub.
		const silent = this.#total === 0 && !this.#options.verbose;
		if (!this.#options.noEndOfLine && !silent) this.#options.out("\n");
		this.#options.completed();
	}
}
