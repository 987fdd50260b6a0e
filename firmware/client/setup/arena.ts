import { assert } from "../../base/assert.js";
import { Counters } from "../terms/counters.js";
import { Deadline } from "./deadlines.js";
import type { Settings } from "./settings.js";

/** Sizes and places in the arena that no option changes; REGIONS has the same, and a check says so. */
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

/** Columns of REGIONS. */
const enum Column {
	/** Its name; where no number stands in COUNT, that of the setting that says how many. */
	NAME = 0,
	/** Bytes of one. */
	UNIT = 1,
	/** How many, or what follows from the setting: see Count. */
	COUNT = 2,
	/** How many columns there are. */
	WIDTH = 3,
}

/** How many, in REGIONS, where it is no number. */
const enum Count {
	/** As many as the setting says. */
	SETTING = 0,
	/** Likewise, and the next region stands right behind it, whole words or not: bytes land there that belong to both. */
	JOINED = -1,
	/** The next power of two; none stays none. */
	POWER_OF_2 = -2,
}

/**
 * All regions of an arena, in their order; each starts at a whole word. The ones with fixed sizes and the subscriptions come
 * first: their places are constants, see Fixed. This is the only list of regions: the arena is made from it, and
 * `xs-mqtt sizes` prints it. A flat table, because in flash a row of an object takes twice as much.
 */
// prettier-ignore
export const REGIONS: readonly (string | number)[] = Object.freeze([
	"deadlines", 4, Deadline.STOP + 1,
	"acks", 4, Fixed.ACK_RING_SIZE,
	"counters", 4, Counters.COUNT,
	"subscriptions", 4 * Fixed.SUBSCRIPTION_WORDS, Count.SETTING,
	// A word for the time, and one for the packet.
	"packetLog", 8, Count.POWER_OF_2,
	"outbox", 1, Count.SETTING,
	// A run of identifiers is a word.
	"incomingQoS2", 4, Count.SETTING,
	"inflight", 2, Count.SETTING,
	"filterBytes", 1, Count.SETTING,
	"connectSize", 1, Count.SETTING,
	"txBuffer", 1, Count.SETTING,
	"rxBuffer", 1, Count.JOINED,
	"readSize", 1, Count.SETTING,
	// Of the transport.
	"ownSize", 1, Count.SETTING,
]);

/** Rows of REGIONS. */
export const enum RegionRow {
	/** How many have fixed places. */
	FIXED_COUNT = 4,
	COUNT = 14,
}

/** The name of a region: of the setting that sizes it, or what it holds. */
export function regionName(row: number): string {
	return REGIONS[row * Column.WIDTH + Column.NAME] as string;
}

/** Entries of the packet log: a power of two; none without. */
export function packetLogEntries(wanted: number): number {
	if (wanted === 0) return 0;
	let entries = 1;
	while (entries < wanted) entries *= 2;
	return entries;
}

/**
 * Where regions end.
 *
 * in   settings  what sizes them
 *      rows      how many regions, 0 … RegionRow.COUNT
 * out  bytes from the start of the arena to the end of the last of them, padding included
 */
export function endOfRegions(settings: Settings, rows: number): number {
	let end = 0;
	for (let row = 0; row < rows; row++) {
		const at = row * Column.WIDTH;
		const column = REGIONS[at + Column.COUNT] as number;
		let count = column > 0 ? column : (settings as unknown as Record<string, number>)[regionName(row)]!;
		if (column === (Count.POWER_OF_2 as number)) count = packetLogEntries(count);
		end += count * (REGIONS[at + Column.UNIT] as number);
		if (column !== (Count.JOINED as number)) end = aligned(end);
	}
	return end;
}

/** Whole words. */
function aligned(size: number): number {
	return (size + 3) & ~3;
}

// Run once, when the module is preloaded: the constants are the table's.
const NOTHING_SET = {} as Settings;
assert(endOfRegions(NOTHING_SET, 1) === 4 * Fixed.ACKS, "arena: place of the acks");
assert(endOfRegions(NOTHING_SET, 2) === 4 * Fixed.COUNTERS, "arena: place of the counters");
assert(endOfRegions(NOTHING_SET, 3) === 4 * Fixed.SUBSCRIPTIONS, "arena: place of the subscriptions");
assert(REGIONS.length === RegionRow.COUNT * Column.WIDTH, "arena: rows of the table");

/**
 * All memory of one client but its objects: one buffer, cut into regions, see REGIONS. Those whose size is fixed have fixed
 * places; each of the others is taken by the part that uses it. Made once; nothing is added later.
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
		const buffer = new ArrayBuffer(endOfRegions(settings, RegionRow.COUNT));
		this.bytes = new Uint8Array(buffer);
		this.words = new Int32Array(buffer);
		this.view = new DataView(buffer);
		this._next = endOfRegions(settings, RegionRow.FIXED_COUNT);
	}

	/** The buffer itself. */
	get buffer(): ArrayBuffer {
		return this.bytes.buffer as ArrayBuffer;
	}

	/**
	 * Takes a region. The parts together take no more than there is: see REGIONS.
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
