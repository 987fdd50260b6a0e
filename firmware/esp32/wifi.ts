import Timer, { type TimerId } from "timer";
import WiFi from "embedded:network/interface/wifi";
import { traced } from "../base/traced.js";
import { checkNames } from "../base/names.js";

/** An attempt that has not led to an address by then is given up. */
const ATTEMPT_MS_MAX = 30_000;
/** The pause after an attempt: from this, twice as long each time, up to the second. */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 30_000;

/** What the platform says of the connection, from this on. */
const DISCONNECTED = 200;
const HAS_ADDRESS = 500;

/** What to connect to, and who wants to know. */
export interface WifiOptions {
	/** Name of the network. */
	ssid: string;
	/** Without one, the network is open. */
	password?: string | undefined;
	/** The network is up: there is an address. */
	onUp(): void;
	/** The network is gone. An attempt to get it back follows by itself. */
	onDown(): void;
}

const NAMES: readonly (keyof WifiOptions)[] = Object.freeze(["ssid", "password", "onUp", "onDown"]);

/** Throws TypeError. No value is shown: one of them is a password. */
function checkOptions(options: WifiOptions): void {
	if (typeof options !== "object" || options === null) throw new TypeError("options: expected an object");
	checkNames(options, NAMES, "");
	const { ssid, password, onUp, onDown } = options;
	if (typeof ssid !== "string" || ssid === "") throw new TypeError("ssid: is not the name of a network");
	if (password !== undefined && typeof password !== "string") throw new TypeError("password: is not a string");
	if (typeof onUp !== "function") throw new TypeError("onUp: is not a function");
	if (typeof onDown !== "function") throw new TypeError("onDown: is not a function");
}

/**
 * Wi-Fi that comes back. The platform tells of a loss and does nothing about it; here every loss and every failed or
 * silent attempt is followed by another one, for as long as the device runs. Allocates nothing after the constructor.
 */
export class Wifi {
	/** There is an address. */
	up = false;
	readonly #wifi: WiFi;
	readonly #network: { SSID: string; password?: string; secure?: boolean };
	readonly #options: WifiOptions;
	/** Armed at all times but while the network is up: the next attempt, or the end of the present one. */
	readonly #timer: TimerId;
	#pauseMs = PAUSE_MS_MIN;
	#attempting = false;

	/** Throws TypeError, traced first, for an option that is missing, of the wrong kind, or none. */
	constructor(options: WifiOptions) {
		try {
			checkOptions(options);
		} catch (error) {
			throw traced(error);
		}
		const { ssid, password } = options;
		this.#options = options;
		this.#network = password ? { SSID: ssid, password, secure: true } : { SSID: ssid };
		this.#timer = Timer.repeat(() => this.#handleTimer(), PAUSE_MS_MIN);
		this.#wifi = new WiFi({ onChanged: () => this.#handleChange() });
		this.#attempt();
	}

	/** As in 5e:ff:56:a2:af:15. Allocates. */
	get macAddress(): string | undefined {
		return this.#wifi.MAC;
	}

	/** Signal strength in dBm; 0 when there is none. */
	get rssi(): number {
		return this.#wifi.RSSI ?? 0;
	}

	#handleChange(): void {
		const connection = this.#wifi.connection;
		if (connection >= HAS_ADDRESS) this.#handleUp();
		else if (this.up) this.#handleDown();
		else if (connection <= DISCONNECTED && this.#attempting) this.#rest();
	}

	#handleUp(): void {
		if (this.up) return;
		this.up = true;
		this.#attempting = false;
		this.#pauseMs = PAUSE_MS_MIN;
		Timer.schedule(this.#timer);
		trace(`wifi: up, ${this.#wifi.address ?? "no address"}, ${this.rssi} dBm\n`);
		this.#tell(this.#options.onUp);
	}

	#handleDown(): void {
		this.up = false;
		trace("wifi: down\n");
		this.#rest();
		this.#tell(this.#options.onDown);
	}

	/** What the application throws must not restart the device. */
	#tell(callback: () => void): void {
		try {
			callback();
		} catch (error) {
			trace(`wifi: a callback threw ${String(error)}\n`);
		}
	}

	#handleTimer(): void {
		if (!this.#attempting) return this.#attempt();
		// Associated without an address, or no word at all. What disconnect() brings about is waited for in the pause.
		trace("wifi: no answer\n");
		this.#rest();
		try {
			this.#wifi.disconnect();
		} catch {
			// There was nothing to end.
		}
	}

	#attempt(): void {
		this.#attempting = true;
		Timer.schedule(this.#timer, ATTEMPT_MS_MAX, ATTEMPT_MS_MAX);
		try {
			this.#wifi.connect(this.#network);
		} catch (error) {
			trace(`wifi: ${String(error)}\n`);
			this.#rest();
		}
	}

	#rest(): void {
		this.#attempting = false;
		// Not all devices of a building at once, after its power came back.
		const pauseMs = Math.floor(this.#pauseMs * (0.5 + Math.random() / 2));
		this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
		Timer.schedule(this.#timer, pauseMs, pauseMs);
	}
}
