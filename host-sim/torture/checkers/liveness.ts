import { State } from "../../../firmware/client/terms/codes.js";
import type { Findings } from "./findings.js";

/** The client's options on time. */
export interface Times {
	/** 0: no keep alive. */
	keepAliveMs: number;
	pingTimeoutMs: number;
	connectTimeoutMs: number;
	ackTimeoutMs: number;
	reconnectMaxMs: number;
	holdOffMs: number;
	stopTimeoutMs: number;
}

/** The moment, as the world sees it. */
export interface Moment {
	now: number;
	state: number;
	/** When the state was entered. */
	sinceMs: number;
	/** When bytes were last written and last came on this connection. */
	writtenMs: number;
	receivedMs: number;
	/** The network takes nothing now, or a packet has begun whose source has nothing: no ping can go out. */
	blocked: boolean;
	/** When the oldest unanswered SUBSCRIBE or UNSUBSCRIBE, or the last ack of one, was; -1: none is open. */
	requestMs: number;
}

/** How long DISCONNECT may take beyond stopTimeoutMs; and what rounding may add to any time. */
const STOP_GRACE_MS = 500;
const SLACK_MS = 2;

/**
 * Nothing lasts longer than the options allow: the gap between two packets, a silence of the server, a step of an
 * attempt, a wait, a stop.
 */
export class LivenessChecker {
	readonly #findings: Findings;
	readonly #times: Times;
	/** Half the keep alive at most: a ping is answered before the server would give up. */
	readonly #pingTimeoutMs: number;

	constructor(findings: Findings, times: Times) {
		this.#findings = findings;
		this.#times = times;
		const half = times.keepAliveMs / 2;
		this.#pingTimeoutMs = half > 0 ? Math.min(half, times.pingTimeoutMs) : times.pingTimeoutMs;
	}

	/** After every event, and right before bytes are written. */
	check(moment: Moment): void {
		const { now, state, sinceMs, requestMs, blocked } = moment;
		const { connectTimeoutMs, reconnectMaxMs, holdOffMs, stopTimeoutMs, ackTimeoutMs } = this.#times;
		const inState = now - sinceMs;
		let mostMs = Infinity;
		if (state === State.WAITING) mostMs = Math.max(reconnectMaxMs, holdOffMs);
		// One for the name, one for the connection.
		else if (state === State.OPENING) mostMs = 2 * connectTimeoutMs;
		else if (state === State.CONNECTING) mostMs = connectTimeoutMs;
		else if (state === State.STOPPING) mostMs = stopTimeoutMs + STOP_GRACE_MS;
		if (inState > mostMs + SLACK_MS) {
			this.#findings.report("a state that lasts too long", `state ${state} for ${inState} ms, at most ${mostMs}`);
		}
		// In the middle of a packet a source may ask anew for what goes out behind it, and that cannot be sent.
		if (requestMs >= 0 && !blocked) {
			const limitMs = ackTimeoutMs + SLACK_MS;
			this.#findings.expect(now - requestMs <= limitMs, "no SUBACK, and no end", () => `${now - requestMs} ms`);
		}
		if (state === State.CONNECTED && this.#times.keepAliveMs > 0) this.#checkSilence(moment);
	}

	#checkSilence({ now, sinceMs, writtenMs, receivedMs, blocked }: Moment): void {
		const { keepAliveMs } = this.#times;
		// Before CONNACK nothing is sent, whatever the keep alive: but then at once.
		if (!blocked && now > sinceMs && now - writtenMs > keepAliveMs) {
			this.#findings.report("keep alive missed [MQTT-3.1.2-23]", `${now - writtenMs} ms without a packet`);
		}
		const silentMs = now - receivedMs;
		if (silentMs > keepAliveMs + this.#pingTimeoutMs + SLACK_MS) {
			this.#findings.report("a dead link that is not noticed", `${silentMs} ms without a byte of the server`);
		}
	}
}
