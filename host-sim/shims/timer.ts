import type { Cancel } from "../world/clock.js";
import { currentWorld } from "../world/current.js";
import type { DeviceWorld } from "../world/device-world.js";
import { callOut } from "./call-out.js";

/** Gets the timer that fired. */
export type TimerCallback = (id: TimerId) => void;

/** A timer; opaque to programs. */
export class TimerId {
	readonly #callback: TimerCallback;
	readonly #world: DeviceWorld;
	#repeatMs = 0;
	/** When it is to fire, on the world's clock. */
	#dueMs = 0;
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
		this.#armAt(this.#world.clock.now() + delayMs);
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

	#armAt(dueMs: number): void {
		this.#dueMs = dueMs;
		this.#world.hold();
		this.#cancel = this.#world.clock.after(dueMs - this.#world.clock.now(), () => this.#handleDue());
	}

	#handleDue(): void {
		this.#cancel = undefined;
		this.#world.release();
		const now = this.#world.clock.now();
		if (now < this.#dueMs) {
			// The host's timer came early, or could not wait that long in one go.
			this.#armAt(this.#dueMs);
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
			this.#armAt(Math.max(this.#dueMs + this.#repeatMs, now));
		}
	}
}

/** Stand-in for `timer`, with the ESP32's behaviour. Times are whole ms. */
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

function wholeMs(ms: number): number {
	return Math.max(0, Math.trunc(Number(ms)) || 0);
}

export default Timer;
