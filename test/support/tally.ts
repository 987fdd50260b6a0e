/** What a receiver of messages numbered 0 … count - 1 has seen. */
export class Tally {
	/** Different messages so far. */
	received = 0;
	repeated = 0;
	readonly #seen: Uint8Array;
	#last = -1;
	#disorder = "";

	/** in  count  how many there are */
	constructor(readonly count: number) {
		this.#seen = new Uint8Array(count);
	}

	get complete(): boolean {
		return this.received === this.#seen.length;
	}

	/** Notes one message by its payload, the number in decimal digits. */
	take(payload: string | number): void {
		const number = Number(payload);
		if (this.#seen[number] === undefined) throw new Error(`a message that nobody sent: ${payload}`);
		if (this.#seen[number] > 0) {
			this.repeated++;
		} else {
			// What comes for the first time comes in order; repetitions may follow later ones.
			if (number < this.#last) this.#disorder ||= `${number} came after ${this.#last}`;
			this.#last = number;
			this.received++;
		}
		this.#seen[number] = 1;
	}

	/**
	 * What is wrong, in words: nothing when all came, in order, and once.
	 *
	 * in   mayRepeat  QoS 1: some may have come more than once
	 *      anyOrder   for a broker that does not keep the order itself
	 */
	problems(mayRepeat: boolean, anyOrder = false): string[] {
		const problems: string[] = [];
		const missing = this.#seen.length - this.received;
		if (missing > 0) problems.push(`${missing} lost, the first is ${this.#seen.indexOf(0)}`);
		if (this.repeated > 0 && !mayRepeat) problems.push(`${this.repeated} repeated`);
		if (this.#disorder && !anyOrder) problems.push(`out of order: ${this.#disorder}`);
		return problems;
	}
}
