import { currentWorld } from "../../world/current.js";

/** Stand-in for `time`: the tick counter of an ESP32, which wraps at 32 bits, signed. */
const Time = {
	/** Milliseconds; compare by difference only. */
	get ticks(): number {
		return currentWorld().ticks;
	},
	/** Milliseconds from `start` to `end`, or to now: right across a wrap for up to 24.8 days. */
	delta(start: number, end?: number): number {
		return ((end ?? currentWorld().ticks) - start) | 0;
	},
	/** Does nothing: the time of day is the host's. */
	set(seconds: number): void {
		void seconds;
	},
};

export default Time;
