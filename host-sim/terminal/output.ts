import type { Io } from "./io.js";

/** How long to wait before a reader that is behind is looked at again: at first, and at most, in ms. */
const LOOK_MS = 2;
const LOOK_MS_MAX = 50;

/**
 * Standard output of a command that must not stand still for its reader: what finds no room waits here, and signals and
 * deadlines are heard meanwhile. Whoever writes must stop when told: nothing bounds what waits.
 */
export class Output {
	readonly #io: Io;
	#waiting: Uint8Array[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(io: Io) {
		this.#io = io;
	}

	/** Whether all that was added is written. */
	get drained(): boolean {
		return this.#waiting.length === 0;
	}

	/** Whether drain is under way. */
	get draining(): boolean {
		return this.#timer !== undefined;
	}

	/** Adds a chunk, which may not change before it is written; flush writes it. */
	add(chunk: string | Uint8Array): void {
		const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
		if (bytes.length > 0) this.#waiting.push(bytes);
	}

	/**
	 * Writes what there is room for; what is left is copied. out: whether that was all. Throws EndOfOutput, CliError.
	 */
	flush(): boolean {
		if (this.#waiting.length === 0) return true;
		const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
		let offset = 0;
		while (offset < bytes.length) {
			const count = this.#io.offer(offset === 0 ? bytes : bytes.subarray(offset));
			if (count === 0) break;
			offset += count;
		}
		this.#waiting = offset < bytes.length ? [Uint8Array.prototype.slice.call(bytes, offset)] : [];
		return this.drained;
	}

	/**
	 * Writes what is left as its reader takes it.
	 *
	 * in   done  called once, with what went wrong if anything did; not after abandon()
	 */
	drain(done: (error?: unknown) => void, lookMs = LOOK_MS): void {
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			try {
				if (!this.flush()) return this.drain(done, Math.min(2 * lookMs, LOOK_MS_MAX));
			} catch (error) {
				this.abandon();
				return done(error);
			}
			done();
		}, lookMs);
	}

	/** What is left shall not be written any more. */
	abandon(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#waiting = [];
	}
}
