/** Bytes that have arrived and have not been read: the arrivals in order, without copying them together. */
export class ReceiveQueue {
	#arrivals: Uint8Array[] = [];
	/** Read so far of the first arrival. */
	#offset = 0;
	/** Unread bytes. */
	size = 0;

	/** Adds an arrival; it is not copied. */
	add(bytes: Uint8Array): void {
		this.#arrivals.push(bytes);
		this.size += bytes.length;
	}

	/** Fills `target` from the front; target.length ≤ size. */
	take(target: Uint8Array): void {
		let filled = 0;
		let used = 0;
		while (filled < target.length) {
			const first = this.#arrivals[used]!;
			const count = Math.min(target.length - filled, first.length - this.#offset);
			target.set(first.subarray(this.#offset, this.#offset + count), filled);
			filled += count;
			this.#offset += count;
			if (this.#offset === first.length) {
				used++;
				this.#offset = 0;
			}
		}
		if (used > 0) this.#arrivals.splice(0, used);
		this.size -= filled;
	}

	/** Forgets all. */
	clear(): void {
		this.#arrivals = [];
		this.#offset = 0;
		this.size = 0;
	}
}
