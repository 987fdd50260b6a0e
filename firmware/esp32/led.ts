import Digital from "embedded:io/digital";
import Timer, { type TimerId } from "timer";

/** How long it is lit; and dark, while there is no connection. */
const SHORT_MS = 100;
/** How long it is dark while there is one: a flash every two seconds. */
const LONG_MS = 1_900;

/**
 * The heartbeat on an LED: a short flash now and then while the client is connected, quick blinking while it is not. A
 * light that stands still, lit or dark, is a program that does. Nothing depends on it: without a pin, or with one that
 * the platform refuses, it stays dark, and no method throws. Allocates nothing after the constructor.
 */
export class Led {
	readonly #client: { readonly connected: boolean };
	readonly #digital: Digital | undefined;
	/** There when the pin is. */
	readonly #timer: TimerId | undefined;
	#lit = false;

	/**
	 * in  client     what it tells of
	 *     setting    a pin, as a number or in digits; nothing, or an object: the pin that the board names, if it names one;
	 *                anything else: no light
	 *     activeLow  the pin's low level lights it
	 */
	constructor(client: { readonly connected: boolean }, setting: unknown, activeLow: boolean) {
		this.#client = client;
		this.#digital = outputOf(pinOf(setting), activeLow);
		if (this.#digital !== undefined) this.#timer = Timer.repeat(() => this.#beat(), SHORT_MS);
	}

	/** Hot: no allocation. */
	#beat(): void {
		this.#lit = !this.#lit;
		const ms = !this.#lit && this.#client.connected ? LONG_MS : SHORT_MS;
		try {
			Timer.schedule(this.#timer!, ms, ms);
			this.#digital!.write(this.#lit ? 1 : 0);
		} catch {
			// What escapes from a timer's callback restarts the device, and no light is worth that.
			Timer.clear(this.#timer);
		}
	}
}

/** A pin for output, dark; undefined when there is none, or the platform refuses it. */
function outputOf(pin: number | undefined, activeLow: boolean): Digital | undefined {
	if (pin === undefined) return undefined;
	try {
		return new Digital({ pin, mode: Digital.Output, activeLow, initialValue: 0 });
	} catch (error) {
		trace(`led: pin ${pin}, ${String(error)}\n`);
		return undefined;
	}
}

/** The pin that a setting means, see the constructor of Led; undefined for none. */
function pinOf(setting: unknown): number | undefined {
	// Boards with a NeoPixel have an object under the same name in their manifest: that light needs a driver.
	if (setting === undefined || setting === "" || typeof setting === "object") return globalThis.device?.pin?.led;
	const pin = typeof setting === "boolean" ? -1 : Number(setting);
	return pin >= 0 && pin === Math.floor(pin) ? pin : undefined;
}
