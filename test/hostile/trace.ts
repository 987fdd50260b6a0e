const TRACE_MAX = 4_096;

/** What a client does, as numbers. A frozen object and no enum: this file is compiled alone for XS. */
export const EventCode = Object.freeze({
	/** Session Present; 0. */
	CONNECTED: 1,
	/** Reason; detail. Behind a final one comes FINAL. */
	DISCONNECTED: 2,
	FINAL: 3,
	/** Packet identifier; 0. */
	DELIVERED: 4,
	/** First byte << 16 | packet identifier; a sum over topic and payload. */
	MESSAGE: 5,
	/** Problem; detail. */
	PROBLEM: 6,
	STOPPED: 7,
	CLOSED: 8,
	/** How many bytes were sent; a sum over them, and then the bytes themselves. */
	SENT: 9,
} as const);

/** What happened in one run. Allocates nothing once it is made. */
export class Trace {
	readonly numbers = new Int32Array(TRACE_MAX);
	count = 0;

	clear(): void {
		this.count = 0;
	}

	/** Every event has three numbers; behind SENT stand its bytes. */
	add(code: number, a: number, b: number): void {
		if (this.count + 3 > TRACE_MAX) return;
		this.numbers[this.count++] = code;
		this.numbers[this.count++] = a;
		this.numbers[this.count++] = b;
	}

	addBytes(bytes: Uint8Array, from: number, count: number): void {
		this.add(EventCode.SENT, count, 0);
		for (let i = 0; i < count && this.count < TRACE_MAX; i++) this.numbers[this.count++] = bytes[from + i]!;
	}

	/** One number for all of it. */
	get sum(): number {
		let sum = 0x811c9dc5 | 0;
		for (let i = 0; i < this.count; i++) sum = Math.imul(sum ^ this.numbers[i]!, 0x01000193) ^ (sum >>> 13);
		return sum >>> 0;
	}
}
