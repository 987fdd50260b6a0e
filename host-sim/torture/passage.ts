import type { VirtualClock } from "../world/virtual-clock.js";
import type { Checks } from "./checks.js";

/** Events that a step may bring about while time passes; then the next step comes earlier than planned. */
const EVENTS_PER_STEP = 250;
/** Time in which nothing is due is counted apart when it is this long: it costs nothing, and proves little. */
export const LEAP_MS = 3_600_000;

/** The passage of time in a run: event after event, with a look at everything behind each. */
export class Passage {
	/** Events so far. */
	events = 0;
	/** Time so far in leaps, when nothing was due for hours. */
	leaptMs = 0;
	readonly #clock: VirtualClock;
	readonly #checks: Checks;
	readonly #check: () => void;

	/** in  check  looks at what holds between events */
	constructor(clock: VirtualClock, checks: Checks, check: () => void) {
		this.#clock = clock;
		this.#checks = checks;
		this.#check = check;
	}

	/** Lets time pass; at most so many events. Ends at the first finding. */
	pass(ms: number, eventsMax = EVENTS_PER_STEP): void {
		const clock = this.#clock;
		const until = clock.now() + ms;
		for (let left = eventsMax; left > 0; left--) {
			if (this.#checks.findings.first !== undefined) return;
			if (this.event(until)) continue;
			if (until - clock.now() >= LEAP_MS) this.leaptMs += until - clock.now();
			return clock.jumpTo(until);
		}
	}

	/** One event; false: none is due up to then. */
	event(untilMs: number): boolean {
		this.#checks.turns.begin();
		if (!this.#clock.step(untilMs)) return false;
		this.events++;
		this.#check();
		return true;
	}

	/** Something from outside is one event: a call of the program, a change of the world. */
	act(action: () => void): void {
		this.#checks.turns.begin();
		action();
		this.#check();
	}

	/** Up to so many events, whenever they are due. */
	drain(eventsMax: number): void {
		for (let left = eventsMax; left > 0 && this.event(Infinity); left--);
	}
}
