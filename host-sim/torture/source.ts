import type { PayloadSource } from "../../firmware/client/terms/options.js";
import { contentByte } from "./checkers/content.js";
import type { Findings } from "./checkers/findings.js";

/** How a source behaves when it comes to the position of its fault. */
export type SourceFault = "none" | "dry" | "fails" | "throws" | "lies";

/** The payload of a streamed publish; and whether it is asked for as it should be. */
export class TestSource implements PayloadSource {
	readonly #findings: Findings;
	readonly #serial: number;
	readonly #total: number;
	readonly #pieceMax: number;
	readonly #faultAt: number;
	#fault: SourceFault;
	#next = 0;
	#finished = 0;
	/** It has said that it has nothing for now. */
	dry = false;
	/** It has failed, or broken its contract. */
	failed = false;
	/** Called within read, before anything is copied. */
	onRead: () => void = () => undefined;
	onFinished: () => void = () => undefined;

	constructor(
		findings: Findings,
		serial: number,
		total: number,
		pieceMax: number,
		fault: SourceFault,
		faultAt: number,
	) {
		this.#findings = findings;
		this.#serial = serial;
		this.#total = total;
		this.#pieceMax = pieceMax;
		this.#fault = fault;
		this.#faultAt = faultAt;
	}

	/** What was dry has something again, and nothing fails any more. */
	heal(): void {
		this.#fault = "none";
		this.dry = false;
	}

	/** How often it was told that it is not used any more. */
	get finishedCount(): number {
		return this.#finished;
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		const inPlace = position === 0 || position === this.#next;
		const fits = size >= 1 && position + size <= this.#total && offset >= 0 && offset + size <= target.length;
		this.#findings.expect(inPlace && fits, "a source asked for the wrong bytes", () => {
			return `${size} bytes at ${position} of ${this.#total}, after ${this.#next}`;
		});
		this.#findings.expect(this.#finished === 0, "a source used after its end", () => `c${this.#serial}`);
		// What is called may throw, and then this has.
		const before = this.failed;
		this.failed = true;
		this.onRead();
		this.failed = before;
		if (position >= this.#faultAt && this.#fault !== "none") return this.#misbehave(size);
		const count = Math.min(size, this.#pieceMax);
		for (let i = 0; i < count; i++) target[offset + i] = contentByte("c", this.#serial, position + i);
		this.#next = position + count;
		return count;
	}

	finished(): void {
		this.#finished++;
		this.#findings.expect(this.#finished === 1, "a source finished twice", () => `c${this.#serial}`);
		this.onFinished();
	}

	#misbehave(size: number): number {
		if (this.#fault === "dry") {
			this.dry = true;
			return 0;
		}
		this.failed = true;
		if (this.#fault === "throws") throw new Error("a source that throws");
		return this.#fault === "fails" ? -1 : size + 1;
	}
}
