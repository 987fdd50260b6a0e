import type { Cancel, Clock } from "../../../host-sim/world/clock.js";
import { useWorld } from "../../../host-sim/world/current.js";
import type { DeviceWorld } from "../../../host-sim/world/device-world.js";

interface Wait {
	readonly dueMs: number;
	readonly action: () => void;
}

/** Time that passes when told, and what the stand-ins for `timer` and `time` need of a world: nothing else is there. */
export class FuzzWorld {
	readonly clock: Clock = { now: () => this.#nowMs, after: (delayMs, action) => this.#after(delayMs, action) };
	/** Timers that have fired. */
	fired = 0;
	/** What has left a callback of the platform, which would restart a device. */
	escaped: unknown;
	readonly #ticksStart: number;
	#nowMs = 0;
	#waits: Wait[] = [];

	/** in  ticksStart  where the millisecond counter starts */
	constructor(ticksStart: number) {
		this.#ticksStart = ticksStart;
	}

	/** Makes it the world of what is made from now on. */
	use(): void {
		useWorld(this as unknown as DeviceWorld);
	}

	get ticks(): number {
		return (this.#ticksStart + this.#nowMs) | 0;
	}

	/** Milliseconds until the next timer; -1 when there is none. */
	get nextMs(): number {
		let next = Infinity;
		for (const { dueMs } of this.#waits) if (dueMs < next) next = dueMs;
		return next === Infinity ? -1 : next - this.#nowMs;
	}

	/** Lets time pass, and fires what is due on the way; at most `firesMax` timers. */
	pass(ms: number, firesMax = 1_000): void {
		const endMs = this.#nowMs + ms;
		while (firesMax-- > 0) {
			const wait = this.#takeDue(endMs);
			if (!wait) break;
			this.#nowMs = Math.max(this.#nowMs, wait.dueMs);
			this.fired++;
			wait.action();
		}
		this.#nowMs = endMs;
	}

	#after(delayMs: number, action: () => void): Cancel {
		const wait = { dueMs: this.#nowMs + Math.max(0, delayMs), action };
		this.#waits.push(wait);
		return () => {
			const at = this.#waits.indexOf(wait);
			if (at >= 0) this.#waits.splice(at, 1);
		};
	}

	#takeDue(endMs: number): Wait | undefined {
		let first: Wait | undefined;
		for (const wait of this.#waits) {
			if (wait.dueMs <= endMs && (first === undefined || wait.dueMs < first.dueMs)) first = wait;
		}
		if (first) this.#waits.splice(this.#waits.indexOf(first), 1);
		return first;
	}

	/** For the stand-ins. */
	hold(): void {}
	release(): void {}
	onEscape(error: unknown): void {
		this.escaped ??= error;
	}
}
