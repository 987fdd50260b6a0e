import type { Cancel, Clock } from "./clock.js";

/** Bytes, or something that happens between them. */
interface Item {
	dueMs: number;
	bytes: Uint8Array | undefined;
	action: (() => void) | undefined;
}

/** What a lane is made from. */
export interface LaneOptions {
	clock: Clock;
	/** Takes bytes off the other end: one arrival. */
	deliver(bytes: Uint8Array): void;
	/** Bytes of the next arrival at most; 0 or less when the receiver takes none now. */
	pieceSize(): number;
}

/**
 * One direction of a connection. Bytes arrive in order, after their delay, split and joined as the receiver's piece size
 * has it: every arrival is an event of its own.
 */
export class Lane {
	readonly #options: LaneOptions;
	#items: Item[] = [];
	#wake: Cancel | undefined;
	#lastDueMs = 0;
	#frozen = false;

	constructor(options: LaneOptions) {
		this.#options = options;
	}

	/** Whether anything is under way. */
	get busy(): boolean {
		return this.#items.length > 0;
	}

	/** Sends bytes; they are not copied. */
	push(bytes: Uint8Array, delayMs: number): void {
		this.#add({ dueMs: this.#due(delayMs), bytes, action: undefined });
	}

	/** Something that happens at the other end once everything before it has arrived. */
	pushAction(action: () => void, delayMs: number): void {
		this.#add({ dueMs: this.#due(delayMs), bytes: undefined, action });
	}

	/** Stops the passage, or lets it go on. */
	freeze(frozen: boolean): void {
		this.#frozen = frozen;
		if (!frozen) return this.pump();
		this.#wake?.();
		this.#wake = undefined;
	}

	/** Forgets what is under way. */
	clear(): void {
		this.#wake?.();
		this.#wake = undefined;
		this.#items = [];
	}

	/** Goes on after the receiver has made room. */
	pump(): void {
		const next = this.#items[0];
		if (this.#wake !== undefined || next === undefined || this.#frozen) return;
		if (next.bytes !== undefined && this.#options.pieceSize() <= 0) return;
		const { clock } = this.#options;
		this.#wake = clock.after(next.dueMs - clock.now(), () => {
			this.#wake = undefined;
			this.#turn();
			this.pump();
		});
	}

	#add(item: Item): void {
		this.#items.push(item);
		this.pump();
	}

	/** Nothing overtakes. */
	#due(delayMs: number): number {
		this.#lastDueMs = Math.max(this.#lastDueMs, this.#options.clock.now() + delayMs);
		return this.#lastDueMs;
	}

	/** One arrival: all that is due, up to the size of a piece. */
	#turn(): void {
		const first = this.#items[0];
		if (first === undefined) return;
		if (first.bytes === undefined) {
			this.#items.shift();
			first.action!();
			return;
		}
		const room = this.#options.pieceSize();
		if (room > 0) this.#options.deliver(this.#take(room));
	}

	#take(sizeMax: number): Uint8Array {
		const now = this.#options.clock.now();
		let size = 0;
		let used = 0;
		while (used < this.#items.length && size < sizeMax) {
			const { dueMs, bytes } = this.#items[used]!;
			if (bytes === undefined || dueMs > now) break;
			size += bytes.length;
			used++;
		}
		const parts = this.#items.splice(0, used).map((item) => item.bytes!);
		if (size > sizeMax) {
			const last = parts.pop()!;
			const kept = last.length - (size - sizeMax);
			this.#items.unshift({ dueMs: now, bytes: last.subarray(kept), action: undefined });
			parts.push(last.subarray(0, kept));
		}
		if (parts.length === 1) return parts[0]!;
		const joined = new Uint8Array(Math.min(size, sizeMax));
		let at = 0;
		for (const part of parts) {
			joined.set(part, at);
			at += part.length;
		}
		return joined;
	}
}
