import { Layer, Reason, State, type DisconnectReason } from "../../../firmware/client/terms/codes.js";
import type { Findings } from "./findings.js";

/** What the world knows of why a connection may end; each is true for the attempt that is under way. */
export interface Causes {
	/** The lookup was answered with an error; it is without an answer. */
	nameFailed: boolean;
	/** No connection came about. */
	openFailed: boolean;
	/** The connection was closed by the server, or reset. */
	lost: boolean;
	/** Return code of a CONNACK that refused; else 0. */
	refusal: number;
	/** A source of a streamed publish has failed. */
	sourceFailed: boolean;
	/** A packet above the option for it was sent. */
	largePacket: boolean;
	/** The server may have more QoS 2 messages unfinished than the client remembers. */
	manyQoS2: boolean;
}

/** What the options say about waiting. */
export interface EndingLimits {
	reconnect: boolean;
	reconnectMaxMs: number;
	holdOffMs: number;
	connectTimeoutMs: number;
	pingTimeoutMs: number;
	ackTimeoutMs: number;
}

/** Times since which something is silent, at the moment of an ending. */
export interface Silences {
	/** Since the state was entered. */
	stateMs: number;
	/** Since bytes came, on this connection. */
	receivedMs: number;
	/** Since CONNACK: no SUBSCRIBE or UNSUBSCRIBE is older. */
	acceptedMs: number;
	/** Since the network took bytes; -1: it takes them. */
	blockedMs: number;
}

/**
 * Every attempt and every connection ends once, with a reason that fits what happened, and stop() with onStopped. A
 * defect that the client has caught in itself is one.
 */
export class EndingChecker {
	readonly #findings: Findings;
	readonly #limits: EndingLimits;
	/** Attempts that were made, and those whose end was reported. */
	begun = 0;
	ended = 0;
	/** stop() has been called, and what it ends has not ended. */
	stopping = false;
	/** Ends that stop() has brought about, and onStopped has not told. */
	#owed = 0;
	/** Whether the end that is being reported is one. */
	#byStop = false;
	/** cancel() is under way. */
	cancelling = false;
	/** networkDown() is under way. */
	networkDown = false;
	state: number = State.STOPPED;
	/** Before the end that is being reported. */
	#before: number = State.STOPPED;
	#connected = false;
	readonly counts = { connects: 0, stops: 0 };

	constructor(findings: Findings, limits: EndingLimits) {
		this.#findings = findings;
		this.#limits = limits;
	}

	/** The transport was asked for a connection. One that was asked for by the application, and ended before this, was none. */
	opened(): void {
		this.begun++;
	}

	/** The client says that it has entered a state. */
	entered(state: number): void {
		if (state >= State.OPENING) this.#before = state;
		else {
			this.#byStop = this.stopping;
			if (this.stopping) this.#owed++;
			this.stopping = false;
		}
		this.state = state;
	}

	connected(isAccepted: boolean): void {
		this.counts.connects++;
		this.#findings.expect(!this.#connected, "connected twice", () => "");
		this.#findings.expect(isAccepted, "connected without CONNACK", () => "");
		this.#connected = true;
	}

	disconnected(reason: DisconnectReason, causes: Causes, silences: Silences): void {
		this.ended++;
		const { layer, code, detail, retryMs, wasConnected } = reason;
		const text = (): string => `layer ${layer}, code ${code}, detail ${detail}, again in ${retryMs} ms`;
		this.#findings.expect(this.ended <= this.begun, "an end without a beginning", text);
		this.#findings.expect(layer === Math.floor(code / 10), "layer and code do not fit", text);
		this.#findings.expect(code !== Reason.INTERNAL_FAULT, "a defect of the client itself", text);
		this.#findings.expect(wasConnected || !this.#connected, "connected, and said not to have been", text);
		this.#connected = false;
		this.#findings.expect(this.#fits(reason, causes, silences), "a reason that does not fit", () => {
			return `${text()}; ${JSON.stringify({ ...causes, ...silences })}`;
		});
		const { reconnect, reconnectMaxMs, holdOffMs } = this.#limits;
		const mostMs = Math.max(reconnectMaxMs, holdOffMs);
		const fits = reconnect && !this.#byStop ? retryMs >= 0 && retryMs <= mostMs : retryMs === -1;
		this.#findings.expect(fits, "time to the next attempt", text);
		// Who is refused for good waits for half of the pause at least.
		const refused = layer === Layer.SERVER && code !== Reason.REFUSED_SERVER_UNAVAILABLE && retryMs >= 0;
		this.#findings.expect(!refused || retryMs >= Math.floor(holdOffMs / 2), "no pause after a refusal", text);
	}

	stopped(): void {
		this.counts.stops++;
		this.#findings.expect(this.#owed-- > 0, "stopped without being asked", () => "");
	}

	/** Between events: an attempt that is over has been reported. */
	check(): void {
		const running = this.state >= State.OPENING ? 1 : 0;
		const open = this.begun - this.ended;
		// The transport may be asked on the next turn only.
		if (open !== running && (open !== 0 || this.state !== State.OPENING)) {
			const text = `${this.begun} begun, ${this.ended} ended, state ${this.state}`;
			this.#findings.report("ends that were not reported", text);
		}
		const told = this.#owed === 0 && (!this.stopping || running === 1);
		if (!told) this.#findings.report("a stop that was not reported", `state ${this.state}`);
	}

	#fits({ layer, code, detail }: DisconnectReason, causes: Causes, silences: Silences): boolean {
		const { connectTimeoutMs, pingTimeoutMs, ackTimeoutMs } = this.#limits;
		switch (code) {
			case Reason.STOPPED:
				return this.#byStop;
			case Reason.NETWORK_DOWN:
				return this.networkDown;
			case Reason.PUBLISH_CANCELLED:
				return this.cancelling;
			case Reason.SOURCE_FAILED:
				return causes.sourceFailed;
			case Reason.NAME_NOT_FOUND:
				return causes.nameFailed && this.#before === State.OPENING;
			case Reason.NAME_TIMEOUT:
			case Reason.CONNECT_TIMEOUT:
				return this.#before === State.OPENING && silences.stateMs >= connectTimeoutMs;
			case Reason.CONNECT_FAILED:
				return this.#before === State.OPENING && causes.openFailed;
			case Reason.LINK_LOST:
				return this.#before >= State.CONNECTING && causes.lost;
			case Reason.PACKET_TOO_LARGE:
				return causes.largePacket;
			case Reason.INCOMING_QOS2_FULL:
				return causes.manyQoS2;
			case Reason.CONNACK_TIMEOUT:
				return this.#before === State.CONNECTING && silences.stateMs >= connectTimeoutMs;
			case Reason.PINGRESP_TIMEOUT:
				// As below; what comes meanwhile is not read.
				return silences.receivedMs >= pingTimeoutMs || silences.blockedMs >= 0;
			case Reason.SUBACK_TIMEOUT:
				// Where nothing can be written, acks wait; with them reading, and so a SUBACK.
				return silences.acceptedMs >= ackTimeoutMs || silences.blockedMs >= 0;
			case Reason.WRITE_STALLED:
				// Or nothing is taken any more because it is closed, which a device that does not read hears only later.
				return silences.blockedMs >= pingTimeoutMs || causes.lost;
			default:
				// The model server never breaks the protocol, so nothing of that layer may be said of it.
				return layer === Layer.SERVER && causes.refusal > 0 && detail === causes.refusal;
		}
	}
}
