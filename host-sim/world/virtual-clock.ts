import type { Cancel, Clock } from "./clock.js";

/** Something that waits. */
interface Waiting {
	dueMs: number;
	/** Of two that are due at once, the one that was asked for first comes first. */
	order: number;
	/** Undefined once it is taken back. */
	action: (() => void) | undefined;
}

/**
 * A clock that stands still until it is told to go on, and then jumps from one thing that is due to the next: hours in
 * which nothing happens cost nothing. Its milliseconds are whole, and everything happens in one fixed order.
 */
export class VirtualClock implements Clock {
	#now = 0;
	#order = 0;
	/** A binary heap: the next one is in front. */
	readonly #heap: Waiting[] = [];

	now(): number {
		return this.#now;
	}

	after(delayMs: number, action: () => void): Cancel {
		const waiting: Waiting = {
			dueMs: this.#now + Math.ceil(Math.max(0, delayMs)),
			order: this.#order++,
			action,
		};
		this.#push(waiting);
		return () => {
			waiting.action = undefined;
		};
	}

	/** When the next thing is due; Infinity when nothing waits. */
	get nextMs(): number {
		while (this.#heap.length > 0 && this.#heap[0]!.action === undefined) this.#pop();
		return this.#heap[0]?.dueMs ?? Infinity;
	}

	/** Jumps to the next thing that is due, and lets it happen. False: nothing is due up to `limitMs`. */
	step(limitMs = Infinity): boolean {
		if (this.nextMs > limitMs || this.#heap.length === 0) return false;
		const { dueMs, action } = this.#pop();
		this.#now = dueMs;
		action!();
		return true;
	}

	/** Jumps ahead to where nothing is due before; never back. */
	jumpTo(ms: number): void {
		this.#now = Math.max(this.#now, Math.min(ms, this.nextMs));
	}

	#push(waiting: Waiting): void {
		const heap = this.#heap;
		let at = heap.length;
		heap.push(waiting);
		while (at > 0) {
			const up = (at - 1) >> 1;
			if (!isBefore(waiting, heap[up]!)) break;
			heap[at] = heap[up]!;
			at = up;
		}
		heap[at] = waiting;
	}

	#pop(): Waiting {
		const heap = this.#heap;
		const first = heap[0]!;
		const last = heap.pop()!;
		const count = heap.length;
		if (count === 0) return first;
		let at = 0;
		for (;;) {
			let down = 2 * at + 1;
			if (down >= count) break;
			if (down + 1 < count && isBefore(heap[down + 1]!, heap[down]!)) down++;
			if (!isBefore(heap[down]!, last)) break;
			heap[at] = heap[down]!;
			at = down;
		}
		heap[at] = last;
		return first;
	}
}

function isBefore(one: Waiting, other: Waiting): boolean {
	return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
