import type { Transport, TransportFactory } from "../../../firmware/ports/transport.js";
import type { Findings } from "./findings.js";

/** Reads of one turn, and writes of one of its parts: what the loop promises. */
const READS_PER_TURN = 16;
const WRITES_PER_PART = 16;
/** Parts of a turn that may write: what was read, what waits for room, the timer, onRoom. */
const PARTS = 4;

/**
 * Counts what one event of the platform makes a client do with its transport: every turn is bounded. Calls of the
 * application from outside of a turn are turns of their own.
 */
export class TurnChecker {
	readonly #findings: Findings;
	#turns = 1;
	#reads = 0;
	#writes = 0;
	/** Times the client was handed bytes that had waited for room: each may write once more. */
	#handled = 0;
	/** The next call of this method throws, once, as a platform does whose connection is broken. */
	breaks: "read" | "write" | undefined;
	/** The most that was seen, for the report. */
	readonly most = { reads: 0, writes: 0 };

	constructor(findings: Findings) {
		this.#findings = findings;
	}

	/** An event of the platform begins. */
	begin(): void {
		this.#turns = 1;
		this.#reads = this.#writes = this.#handled = 0;
	}

	/** The application calls a method. */
	call(): void {
		this.#turns++;
	}

	/** A packet was handled: what waits in the window is looked at again after each round of acks. */
	packet(): void {
		this.#handled++;
	}

	/** The event is over. */
	end(): void {
		if (this.#reads > this.most.reads) this.most.reads = this.#reads;
		if (this.#writes > this.most.writes) this.most.writes = this.#writes;
		const reads = READS_PER_TURN * this.#turns;
		const writes = WRITES_PER_PART * (PARTS * this.#turns + this.#handled);
		if (this.#reads > reads) this.#findings.report("more reads than a turn may make", `${this.#reads}`);
		if (this.#writes > writes) this.#findings.report("more writes than a turn may make", `${this.#writes}`);
	}

	/** Called before a method throws. */
	onBreak: () => void = () => undefined;
	/** An attempt is made. */
	onOpen: () => void = () => undefined;

	/** A transport that is counted, and does otherwise what `factory` makes. */
	counting(factory: TransportFactory): TransportFactory {
		return (setup) => this.#wrap(factory(setup));
	}

	#break(method: "read" | "write"): void {
		if (this.breaks !== method) return;
		this.breaks = undefined;
		this.onBreak();
		throw new Error(`a ${method} that throws`);
	}

	#wrap(inner: Transport): Transport {
		return {
			open: (host, port) => {
				this.onOpen();
				return inner.open(host, port);
			},
			close: () => inner.close(),
			turn: () => inner.turn?.(),
			read: (countMax) => {
				this.#reads++;
				this.#break("read");
				return inner.read(countMax);
			},
			write: (count) => {
				this.#writes++;
				this.#break("write");
				return inner.write(count);
			},
			get readable() {
				return inner.readable;
			},
			get resolving() {
				return inner.resolving ?? false;
			},
		};
	}
}
