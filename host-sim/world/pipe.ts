import type { Cancel, Clock } from "./clock.js";

/** What a pipe carries: bytes, or something that happens in its turn. */
type Item = { dueMs: number } & ({ bytes: Uint8Array } | { action: () => void });

/** How a pipe hands over what it carries. */
export interface PipeOptions {
	clock: Clock;
	/** Longest piece, in bytes; asked for anew with every push. */
	pieceSize(): number;
	/** How long bytes are under way, in ms; asked for anew with every push. */
	delayMs(): number;
	/** Called with one piece, always on a turn of the pipe's own, never from within push(). */
	deliver(bytes: Uint8Array): void;
	/** Whether deliver() may be called now. When this changes, call pump(). */
	open(): boolean;
	/** Hand over one piece per turn instead of all that are due. */
	onePerTurn(): boolean;
}

/** One direction of a link: a queue that cuts bytes into pieces, delays them and keeps their order. */
export class Pipe {
	readonly #options: PipeOptions;
	#items: Item[] = [];
	/** Index of the first item; the array is cleared when it has run empty. */
	#head = 0;
	#lastDueMs = 0;
	#wake: Cancel | undefined;
	/** Bytes that wait in the queue. */
	waiting = 0;

	constructor(options: PipeOptions) {
		this.#options = options;
	}

	/** Queues bytes; they are not copied and must stay as they are. */
	push(bytes: Uint8Array): void {
		const dueMs = this.#due(this.#options.delayMs());
		const pieceSize = this.#options.pieceSize();
		for (let offset = 0; offset < bytes.length; offset += pieceSize) {
			this.#items.push({ dueMs, bytes: bytes.subarray(offset, offset + pieceSize) });
		}
		this.waiting += bytes.length;
		this.pump();
	}

	/** Queues something that happens after all that was queued before; by default it is under way as long as bytes. */
	pushAction(action: () => void, delayMs = this.#options.delayMs()): void {
		this.#items.push({ dueMs: this.#due(delayMs), action });
		this.pump();
	}

	/** Goes on after open() has changed. */
	pump(): void {
		const next = this.#items[this.#head];
		if (this.#wake || !next || !this.#options.open()) return;
		this.#wake = this.#options.clock.after(next.dueMs - this.#options.clock.now(), () => {
			this.#wake = undefined;
			this.#turn();
		});
	}

	/** Forgets what is queued. */
	clear(): void {
		this.#wake?.();
		this.#wake = undefined;
		this.#items = [];
		this.#head = 0;
		this.waiting = 0;
	}

	/** Nothing overtakes: a shorter delay counts only from when the queue has run empty of what was sent before. */
	#due(delayMs: number): number {
		this.#lastDueMs = Math.max(this.#lastDueMs, this.#options.clock.now() + delayMs);
		return this.#lastDueMs;
	}

	#turn(): void {
		const now = this.#options.clock.now();
		// Only what waits now: what is queued meanwhile gets a turn of its own, so a turn ends.
		const end = this.#options.onePerTurn() ? this.#head + 1 : this.#items.length;
		let item: Item | undefined;
		while (this.#head < end && this.#options.open() && (item = this.#items[this.#head]) && item.dueMs <= now) {
			this.#head++;
			if ("bytes" in item) {
				this.waiting -= item.bytes.length;
				this.#options.deliver(item.bytes);
			} else {
				item.action();
			}
		}
		this.#compact();
		this.pump();
	}

	#compact(): void {
		if (this.#head < this.#items.length) {
			// A queue that never runs empty must not grow for ever at its front.
			if (this.#head < 4096) return;
			this.#items.splice(0, this.#head);
		} else {
			this.#items = [];
		}
		this.#head = 0;
	}
}
