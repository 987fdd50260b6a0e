import { elapsedMs, Ticks } from "../../base/ticks.js";

/** What can be waited for. */
export const enum Deadline {
	/** The link may have been silent for too long: look whether a ping is due. */
	KEEP_ALIVE = 0,
	PINGRESP = 1,
	/** SUBACK or UNSUBACK. */
	ACK = 2,
	/** The transport has to take some of the bytes that wait. */
	WRITE = 3,
	/** The connection has been up for long enough to trust it. */
	STABLE = 4,
	/** The current step of connecting: name lookup, connect, CONNACK. */
	STEP = 5,
	/** The next attempt; while connected, to the first of several servers. */
	RETRY = 6,
	/** stop() gives up flushing. */
	STOP = 7,
}

/** Sets of deadlines, a bit each: those that run in a silence, and while its PINGRESP is awaited. */
export const enum Armed {
	KEEP_ALIVE = 1 << Deadline.KEEP_ALIVE,
	PINGED = KEEP_ALIVE | (1 << Deadline.PINGRESP),
	/** Those that wait for packets of the server, which may stand in what has not been read yet. */
	PACKETS = (1 << Deadline.PINGRESP) | (1 << Deadline.ACK),
	/** Those that end a connection or an attempt because others have not done their part in time. */
	OTHERS = PACKETS | (1 << Deadline.WRITE) | (1 << Deadline.STEP) | (1 << Deadline.STOP),
	/** What `next` returns when nothing is waited for. */
	NOTHING_DUE = -1,
}

/** Points in time, each armed or not. Hot: no allocation. */
export class Deadlines {
	/** A deadline was armed: whoever sleeps has to ask `next` again. */
	changed = false;
	/** When each comes, in ticks, by its number; means something only for those that are armed. */
	readonly at: Int32Array;
	/** Those that are armed, a bit each. */
	armed = 0;

	/** in  words  whose first ones are used, one for each */
	constructor(words: Int32Array) {
		this.at = words;
	}

	/** Arms one: `delayMs` from now, 0 … Ticks.DURATION_MS_MAX. Hot: no allocation. */
	arm(deadline: Deadline, delayMs: number, now: number): void {
		this.at[deadline] = now + delayMs;
		this.armed |= 1 << deadline;
		this.changed = true;
	}

	/**
	 * Puts one that is armed off, for time that counts against nobody.
	 *
	 * in   byMs     how long that was
	 *      leastMs  what is left afterwards, at least
	 *      mostMs   and at most: what it was armed with
	 * out  whether `leastMs` was needed
	 */
	putOff(deadline: Deadline, byMs: number, leastMs: number, mostMs: number, now: number): boolean {
		let left = elapsedMs(this.at[deadline]!, now) + byMs;
		const isShort = left < leastMs;
		if (isShort) left = leastMs;
		if (left > mostMs) left = mostMs;
		this.at[deadline] = now + left;
		return isShort;
	}

	clear(deadline: Deadline): void {
		this.armed &= ~(1 << deadline);
	}

	/** All but STOP, which belongs to no connection. */
	clearConnection(): void {
		this.armed &= 1 << Deadline.STOP;
	}

	isArmed(deadline: Deadline): boolean {
		return (this.armed & (1 << deadline)) !== 0;
	}

	/** Those that are armed and have come, a bit each; they stay armed. Hot: no allocation. */
	due(now: number): number {
		let due = 0;
		let bit = 1;
		const at = this.at;
		for (let i = 0; bit <= this.armed; i++, bit <<= 1) {
			if ((this.armed & bit) !== 0 && ((now - at[i]!) | 0) >= 0) due |= bit;
		}
		return due;
	}

	/** Milliseconds until the next one, 0 when one is due; Armed.NOTHING_DUE when none is armed. Hot: no allocation. */
	next(now: number): number {
		let armed = this.armed;
		if (armed === 0) return Armed.NOTHING_DUE;
		let sleep = Ticks.DURATION_MS_MAX;
		const at = this.at;
		for (let i = 0; armed !== 0; i++, armed >>= 1) {
			if ((armed & 1) === 0) continue;
			const left = (at[i]! - now) | 0;
			if (left < sleep) sleep = left;
		}
		return sleep < 0 ? 0 : sleep;
	}
}
