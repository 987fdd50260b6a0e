import type { Cancel } from "../../world/clock.js";
import { currentWorld } from "../../world/current.js";
import type { DeviceWorld } from "../../world/device-world.js";
import { callOut } from "./call-out.js";

/** Gets the timer that fired. */
export type TimerCallback = (id: TimerId) => void;

/** A timer; opaque to programs. */
export class TimerId {
	readonly #callback: TimerCallback;
	readonly #world: DeviceWorld;
	#repeatMs = 0;
	/** When it is to fire, on the world's clock, as the device adds it up. */
	#dueMs = 0;
	/** When that is, after the device's 32 bits have been taken into account. */
	#wakeMs = 0;
	#cancel: Cancel | undefined;
	#parked = false;
	/** False once it is cleared, or has fired for the only time. */
	alive = true;

	constructor(callback: TimerCallback) {
		this.#callback = callback;
		this.#world = currentWorld();
	}

	/** Arms it, instead of whatever it was armed for before. */
	arm(delayMs: number, repeatMs: number): void {
		this.disarm();
		this.#parked = false;
		this.#repeatMs = repeatMs;
		const now = this.#world.clock.now();
		this.#armAt(now + delayMs, now);
	}

	/** Keeps it without a time to fire at. */
	park(): void {
		this.disarm();
		this.#parked = true;
	}

	/** Takes back what it was armed for. */
	disarm(): void {
		if (!this.#cancel) return;
		this.#cancel();
		this.#cancel = undefined;
		this.#world.release();
	}

	#armAt(dueMs: number, now: number): void {
		this.#dueMs = dueMs;
		this.#wakeMs = now + untilDue(dueMs, now);
		this.#wait(now);
	}

	#wait(now: number): void {
		this.#world.hold();
		this.#cancel = this.#world.clock.after(Math.max(0, this.#wakeMs - now), () => this.#handleDue());
	}

	#handleDue(): void {
		this.#cancel = undefined;
		this.#world.release();
		const now = this.#world.clock.now();
		if (now < this.#wakeMs) {
			// The host's timer came early, or could not wait that long in one go.
			this.#wait(now);
			return;
		}
		callOut(this.#world, "a Timer callback", () => this.#callback(this));
		if (!this.alive || this.#parked) return;
		if (this.#repeatMs === 0) {
			// As on the device: a timer without interval is freed after its callback, even if that armed it again.
			this.disarm();
			this.alive = false;
		} else if (!this.#cancel) {
			// From the time it was due, not from now: intervals do not drift. What was missed is not made up for.
			const nextMs = this.#dueMs + this.#repeatMs;
			this.#armAt(this.#repeatMs > 0 ? Math.max(nextMs, now) : nextMs, now);
		}
	}
}

/** Stand-in for `timer`, with the ESP32's behaviour. Times are whole ms of 32 bits. */
const Timer = {
	/** Calls once after `delayMs`, or on the next turn; with `repeatMs`, again and again. */
	set(callback: TimerCallback, delayMs = 0, repeatMs = 0): TimerId {
		if (typeof callback !== "function") throw new TypeError("callback is no function");
		const id = new TimerId(callback);
		id.arm(wholeMs(delayMs), wholeMs(repeatMs));
		return id;
	},

	/** Calls every `intervalMs`. */
	repeat(callback: TimerCallback, intervalMs: number): TimerId {
		return Timer.set(callback, intervalMs, intervalMs);
	},

	/**
	 * Arms a timer anew; without `delayMs` it is parked. Without `repeatMs` it fires once more and is freed.
	 *
	 * Throws Error "invalid timer" for one that is cleared, or has fired and was not to repeat.
	 */
	schedule(id: TimerId, delayMs?: number, repeatMs = 0): void {
		if (!(id instanceof TimerId) || !id.alive) throw new Error("invalid timer");
		if (delayMs === undefined) id.park();
		else id.arm(wholeMs(delayMs), wholeMs(repeatMs));
	},

	/** Frees a timer. Nothing happens for undefined, null and timers that are freed. */
	clear(id: TimerId | undefined | null): void {
		if (id === undefined || id === null) return;
		if (!(id instanceof TimerId)) throw new Error("invalid timer");
		id.disarm();
		id.alive = false;
	},
};

/** Times are integers of 32 bits with a sign, as on the device: a delay of 2^31 ms or more is one that has passed. */
function wholeMs(ms: number): number {
	return Number(ms) | 0;
}

/** So is the time until a timer is due: a period below 0 leads backwards until it comes round. */
function untilDue(dueMs: number, nowMs: number): number {
	const waitMs = dueMs - nowMs;
	return waitMs - 2 ** 32 * Math.floor((waitMs + 2 ** 31) / 2 ** 32);
}

export default Timer;
