import type { Settings } from "../setup/settings.js";
import { LayerCode, ReasonCode } from "../terms/codes.js";
import type { Core } from "./core.js";

/** When doubling and patience end. */
const enum Bound {
	/**
	 * Connections that end young this often in a row look like two clients evicting each other: 3.1.1 has no word for it. A
	 * flaky link rarely does it that often, and is spared the long pause.
	 */
	YOUNG_ENDS = 6,
	/** Doubling stops here; with the smallest reconnectMinMs this is far beyond any reconnectMaxMs. */
	EXPONENT = 30,
}

/** Whether the same would come about at the next attempt, until somebody mends it. */
export function isPermanent(layer: LayerCode, code: ReasonCode): boolean {
	if (layer === LayerCode.SERVER) return code !== ReasonCode.REFUSED_SERVER_UNAVAILABLE;
	if (layer === LayerCode.SECURITY) return code !== ReasonCode.SECURITY_TIMEOUT && code < ReasonCode.HANDSHAKE_CUT;
	return code === ReasonCode.UPGRADE_REFUSED || code === ReasonCode.BAD_UPGRADE || code === ReasonCode.NO_SUBPROTOCOL;
}

/**
 * When to try again: exponential with full jitter, so that a fleet does not come back in step. Only a connection that
 * was stable resets it: one that is accepted and lost at once is not a success. One that got on with its messages all the
 * same does not make it longer. Hot: no allocation.
 */
export class Backoff {
	/** Connections in a row that were accepted and ended young. */
	youngEnds = 0;
	private _exponent = 0;
	private readonly _minMs: number;
	private readonly _maxMs: number;
	private readonly _holdOffMs: number;

	constructor(settings: Settings) {
		this._minMs = settings.reconnectMinMs;
		this._maxMs = settings.reconnectMaxMs;
		this._holdOffMs = settings.holdOffMs;
	}

	/** A connection has been up for stableMs, or the network has just come up. */
	reset(): void {
		this._exponent = 0;
		this.youngEnds = 0;
	}

	/** The time for the next attempt has come. */
	retry(core: Core, now: number): void {
		core.open(now);
	}

	/** CONNACK has accepted the connection. out: whether the session is the one that our state belongs to */
	accepted(sessionPresent: boolean): boolean {
		return sessionPresent;
	}

	/**
	 * in   layer, code  why the attempt or the connection ended
	 *      young        it was accepted, and ended before it was stable
	 *      random       0 ≤ random < 1
	 *      advanced     messages got through that need not come again
	 * out  milliseconds until the next attempt
	 */
	next(layer: LayerCode, code: ReasonCode, young: boolean, random: number, advanced = false): number {
		const isClosed = code === ReasonCode.LINK_LOST || code === ReasonCode.WEBSOCKET_CLOSED;
		this.youngEnds = young && isClosed ? this.youngEnds + 1 : 0;
		if (isPermanent(layer, code) || this.youngEnds >= Bound.YOUNG_ENDS) {
			// Half of it is certain: hammering a server that has said no is what the pause is to avoid.
			return Math.round(this._holdOffMs * (0.5 + 0.5 * random));
		}
		const ceiling = this._minMs * 2 ** this._exponent;
		// Where one side has broken the rules, the same would come about again.
		const isFault =
			layer === LayerCode.PROTOCOL ? code !== ReasonCode.INCOMING_QOS2_FULL : code === ReasonCode.BAD_FRAME;
		const grows = !advanced || isFault || code === ReasonCode.INTERNAL_FAULT;
		if (grows && this._exponent < Bound.EXPONENT) this._exponent++;
		return Math.round((ceiling < this._maxMs ? ceiling : this._maxMs) * random);
	}
}
