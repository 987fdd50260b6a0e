import type { PayloadSource } from "../../../firmware/index.js";
import { payloadByte } from "./outgoing.js";

/** How a source behaves. */
const enum Kind {
	FULL,
	PIECES,
	DRY_AT_TIMES,
	FAILS,
	TOO_MUCH,
	NO_NUMBER,
	COUNT,
}

/** What a source tells of. */
export interface SourceWatcher {
	/** A callback of the application: what an input asks for may happen here. May throw. */
	enter(): void;
	fail(what: string): void;
}

/** A source of a streamed publish, of the kinds that there may be. */
export class FuzzedSource implements PayloadSource {
	readonly total: number;
	/** From now on it behaves. */
	behaves = false;
	isFinished = false;
	readonly #kind: Kind;
	readonly #watcher: SourceWatcher;
	#calls = 0;

	constructor(total: number, kind: number, watcher: SourceWatcher) {
		this.total = total;
		this.#kind = kind % Kind.COUNT;
		this.#watcher = watcher;
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		const { total } = this;
		if (this.isFinished) this.#watcher.fail("source: read after finished");
		const inside = position >= 0 && size >= 1 && position + size <= total && offset + size <= target.length;
		if (!inside || offset < 0) this.#watcher.fail(`source: read(${position}, ${offset}, ${size}) of ${total}`);
		this.#watcher.enter();
		const kind = this.behaves ? Kind.FULL : this.#kind;
		this.#calls++;
		if (kind === Kind.DRY_AT_TIMES && this.#calls % 3 === 2) return 0;
		if (kind === Kind.FAILS && position > total / 2) return -1;
		if (kind === Kind.TOO_MUCH && this.#calls > 2) return size + 1;
		if (kind === Kind.NO_NUMBER && this.#calls > 2) return "5" as unknown as number;
		const count = kind === Kind.PIECES ? Math.min(size, 7) : size;
		for (let i = 0; i < count; i++) target[offset + i] = payloadByte(position + i, total);
		return count;
	}

	finished(): void {
		if (this.isFinished) this.#watcher.fail("source: finished twice");
		this.isFinished = true;
		this.#watcher.enter();
	}
}
