import { currentWorld } from "../../host-sim/world/current.js";

interface DigitalOptions {
	pin: number;
	mode: number;
	activeLow?: boolean;
	initialValue?: 0 | 1;
}

/** Stand-in for `embedded:io/digital`: it remembers what was asked for, and when. */
export default class Digital {
	static readonly Output = 8;
	/** The one that was made last. */
	static last: Digital | undefined;
	/** What the platform says to the next one, if it refuses it. */
	static refusal: string | undefined;
	readonly options: DigitalOptions;
	/** Each `value ms`. */
	readonly written: string[] = [];
	/** The platform says no, as it does to a pin that was closed. */
	broken = false;

	constructor(options: DigitalOptions) {
		if (Digital.refusal !== undefined) throw new Error(Digital.refusal);
		this.options = options;
		Digital.last = this;
	}

	write(value: 0 | 1): void {
		if (this.broken) throw new SyntaxError("invalid host data");
		this.written.push(`${value} ${currentWorld().clock.now()}`);
	}
}
