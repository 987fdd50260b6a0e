import Time from "time";

/** The longest from one lighting to the next that is still quick blinking. */
const QUICK_MS_MAX = 1_000;

interface DigitalOptions {
	pin: number;
	mode: number;
}

/** Stand-in for `embedded:io/digital`, which the simulator does not have: it says how an LED at pin 2 blinks. */
export default class Digital {
	static readonly Output = 8;
	#litTicks = Time.ticks;
	#quick: boolean | undefined;

	constructor({ pin, mode }: DigitalOptions) {
		if (pin !== 2 || mode !== Digital.Output) throw new Error("invalid");
	}

	write(value: 0 | 1): void {
		if (value === 0) return;
		const now = Time.ticks;
		const quick = Time.delta(this.#litTicks, now) <= QUICK_MS_MAX;
		this.#litTicks = now;
		if (quick === this.#quick) return;
		this.#quick = quick;
		trace(quick ? "led: quick\n" : "led: slow\n");
	}
}
