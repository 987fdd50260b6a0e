import { Counters } from "../terms/counters.js";
import { Deadline } from "./deadlines.js";
import type { Settings } from "./settings.js";

/** Sizes and places that no option changes. */
export const enum Fixed {
	/** Acks that may wait for room in the transmit region; when they are more, reading pauses. A power of two. */
	ACK_RING_SIZE = 16,
	/** Words that a subscription takes in its table. */
	SUBSCRIPTION_WORDS = 7,
	/** Words of the arena: deadlines stand at its start, behind them acks, counters, and the table of subscriptions. */
	DEADLINES = 0,
	ACKS = DEADLINES + Deadline.STOP + 1,
	COUNTERS = ACKS + ACK_RING_SIZE,
	SUBSCRIPTIONS = COUNTERS + Counters.COUNT,
}

/** Words of the packet log: two an entry, a power of two in all; none without entries. */
export function packetLogWords(entries: number): number {
	if (entries === 0) return 0;
	let words = 2;
	while (words < 2 * entries) words *= 2;
	return words;
}

/** Whole words. */
function aligned(size: number): number {
	return (size + 3) & ~3;
}

/** Bytes of all regions. */
function sizeOf(settings: Settings): number {
	return (
		4 * (Fixed.SUBSCRIPTIONS + settings.subscriptions * Fixed.SUBSCRIPTION_WORDS + packetLogWords(settings.packetLog)) +
		4 * settings.incomingQoS2 +
		aligned(2 * settings.inflight) +
		aligned(settings.connectSize) +
		aligned(settings.txBuffer) +
		aligned(settings.outbox) +
		aligned(settings.filterBytes) +
		aligned(settings.rxBuffer + settings.readSize)
	);
}

/**
 * All memory of one client but its objects: one buffer, cut into regions. Those whose size is fixed have fixed places,
 * see Fixed; each of the others is taken by the part that uses it. Made once; nothing is added later.
 */
export class Arena {
	/** The whole buffer, for everybody: regions are addressed by offset, as a rule without a view of their own. */
	readonly bytes: Uint8Array;
	/** The whole buffer as 32-bit words; a region that is used so is aligned, as all are. */
	readonly words: Int32Array;
	/** The whole buffer again, for reads of four bytes at any offset. */
	readonly view: DataView;
	/** Where the next region starts. */
	private _next: number;

	constructor(settings: Settings) {
		const buffer = new ArrayBuffer(sizeOf(settings));
		this.bytes = new Uint8Array(buffer);
		this.words = new Int32Array(buffer);
		this.view = new DataView(buffer);
		this._next = 4 * (Fixed.SUBSCRIPTIONS + settings.subscriptions * Fixed.SUBSCRIPTION_WORDS);
	}

	/** The buffer itself. */
	get buffer(): ArrayBuffer {
		return this.bytes.buffer as ArrayBuffer;
	}

	/**
	 * Takes a region. The parts together take no more than there is: see sizeOf.
	 *
	 * in   size  bytes
	 * out  offset of its first byte, a multiple of 4
	 */
	take(size: number): number {
		const offset = this._next;
		this._next = offset + aligned(size);
		return offset;
	}
}
