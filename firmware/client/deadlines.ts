import { DURATION_MS_MAX, elapsedMs } from "../base/ticks.js";

/** What can be waited for. */
export const enum Deadline {
	/** The next attempt. */
	RETRY = 0,
	/** The current step of connecting: name lookup, connect, CONNACK. */
	STEP = 1,
	/** The link may have been silent for too long: look whether a ping is due. */
	KEEP_ALIVE = 2,
	PINGRESP = 3,
	/** SUBACK or UNSUBACK. */
	ACK = 4,
	/** The transport has to take some of the bytes that wait. */
	WRITE = 5,
	/** The connection has been up for long enough to trust it. */
	STABLE = 6,
	/** stop() gives up flushing. */
	STOP = 7,
}

const COUNT = 8;

/** What `next` returns when nothing is waited for. */
export const NOTHING_DUE = -1;

/** Points in time, each armed or not. Hot: no allocation. */
export class Deadlines {
	/** A deadline was armed: whoever sleeps has to ask `next` again. */
	changed = false;
	readonly #at = new Int32Array(COUNT);
	#armed = 0;

	/** Arms one: `delayMs` from now, 0 … DURATION_MS_MAX. Hot: no allocation. */
	arm(deadline: Deadline, delayMs: number, now: number): void {
		this.#at[deadline] = now + delayMs;
		this.#armed |= 1 << deadline;
		this.changed = true;
	}

	clear(deadline: Deadline): void {
		this.#armed &= ~(1 << deadline);
	}

	/** All but STOP, which belongs to no connection. */
	clearConnection(): void {
		this.#armed &= 1 << Deadline.STOP;
	}

	isArmed(deadline: Deadline): boolean {
		return (this.#armed & (1 << deadline)) !== 0;
	}

	/** Whether it is armed and has come; then it is cleared. */
	takeDue(deadline: Deadline, now: number): boolean {
		if (!this.isArmed(deadline) || elapsedMs(now, this.#at[deadline]!) < 0) return false;
		this.clear(deadline);
		return true;
	}

	/** Milliseconds until the next one, 0 when one is due; NOTHING_DUE when none is armed. */
	next(now: number): number {
		if (this.#armed === 0) return NOTHING_DUE;
		let sleep = DURATION_MS_MAX;
		for (let i = 0; i < COUNT; i++) {
			if (!this.isArmed(i)) continue;
			const left = elapsedMs(this.#at[i]!, now);
			if (left < sleep) sleep = left;
		}
		return sleep < 0 ? 0 : sleep;
	}
}
