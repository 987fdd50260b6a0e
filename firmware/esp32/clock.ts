import NTP from "embedded:network/ntp/client";
import UDP from "embedded:io/socket/udp";
import Time from "time";
import Timer, { type TimerId } from "timer";
import { platformDns } from "xs-mqtt/dns";

/** A crystal loses some seconds a day. */
const AGAIN_MS = 86_400_000;
/** After a question without an answer. */
const RETRY_MS = 60_000;

/** The platform's resolver in the form of a class that the platform's NTP client makes for itself. */
class Resolver {
	readonly #dns = platformDns();

	resolve(request: {
		host: string;
		onResolved(host: string, address: string): void;
		onError(host: string): void;
	}): void {
		this.#dns.resolve(request);
	}

	close(): void {
		// The platform's resolver stays.
	}
}

/**
 * The time of day, by SNTP: asked for when the network is up, and once a day. A device starts in 1970, where no
 * certificate is valid and no reading can be dated. What fails is tried again; nothing waits for it.
 */
export class Clock {
	/** The time of day is known. */
	known = false;
	readonly #server: string;
	readonly #onKnown: () => void;
	readonly #timer: TimerId;
	/** There for as long as an answer is awaited: it holds a socket. */
	#ntp: NTP | undefined;

	/**
	 * in   server   name of a time server, e.g. "pool.ntp.org"
	 *      onKnown  the time of day is known for the first time
	 */
	constructor(server: string, onKnown: () => void) {
		this.#server = server;
		this.#onKnown = onKnown;
		this.#timer = Timer.repeat(() => this.ask(), RETRY_MS);
		Timer.schedule(this.#timer);
	}

	/** Seconds since 1970; 0 while they are not known. */
	get seconds(): number {
		return this.known ? Math.floor(Date.now() / 1000) : 0;
	}

	/** The network is up. Harmless while an answer is awaited, and when the time is known. */
	handleNetworkUp(): void {
		if (!this.known) this.ask();
	}

	private ask(): void {
		Timer.schedule(this.#timer, RETRY_MS, RETRY_MS);
		this.end();
		try {
			this.#ntp = new NTP({ servers: [this.#server], socket: { io: UDP }, dns: { io: Resolver } });
			this.#ntp.getTime((error, time) => this.handleTime(error ? 0 : (time ?? 0)));
		} catch (error) {
			trace(`clock: ${String(error)}\n`);
			this.end();
		}
	}

	/** in  time  milliseconds since 1970; 0 when no server has answered */
	private handleTime(time: number): void {
		if (time > 0) {
			Time.set(Math.floor(time / 1000));
			const isFirst = !this.known;
			this.known = true;
			trace(`clock: ${Math.floor(time / 1000)} by ${this.#server}\n`);
			Timer.schedule(this.#timer, AGAIN_MS, AGAIN_MS);
			if (isFirst) this.#onKnown();
		}
		// Its socket is closed on a turn of its own: this is its callback.
		Timer.set(() => this.end());
	}

	private end(): void {
		const ntp = this.#ntp;
		this.#ntp = undefined;
		try {
			ntp?.close();
		} catch {
			// Closed already: that is what was wanted.
		}
	}
}
