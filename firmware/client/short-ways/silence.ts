// Read MQTT 3.1.1 §3.1.2.10, §3.12 and §3.13 before changing this file.
import { PacketType } from "../../codec/constants.js";
import type { Application } from "../telling/application.js";
import { Armed, Deadline, type Deadlines } from "../setup/deadlines.js";
import type { Counts } from "../terms/counters.js";

/** Packets of two bytes, each as one number. */
const enum Wire {
	/** §3.12 */
	PINGREQ = PacketType.PINGREQ << 12,
	/** §3.13 */
	PINGRESP = PacketType.PINGRESP << 12,
}

/** Times that no option changes. */
const enum Time {
	/** How long before the end of the keep-alive period PINGREQ goes out: a quarter of it, at most this. */
	PING_LEAD_MS_MAX = 5_000,
}

/** What `ping` says beside a count of bytes. */
export const enum Silent {
	/** The short way was not taken, and nothing has changed. */
	NOT_TAKEN = -1,
}

/** What a silence has to know of that which goes out. The transmit region is one. */
export interface SilentRegion {
	/** Where the transmit region starts. */
	readonly offset: number;
	/** The bytes in the region end with the end of a packet. */
	readonly boundary: boolean;
	/** How many there are. */
	readonly size: number;
}

/** And of that which comes in. A Receiver is one. */
export interface SilentReceiver {
	/** Where the transport puts what it reads. */
	readonly landing: number;
	/** 0: the next byte begins a packet. */
	readonly mode: number;
	/** When bytes last came. */
	lastReceived: number;
}

/**
 * The keep alive of a link on which nothing else happens: two short turns, for years on end, beside which the device sleeps.
 *
 *     armed    KEEP_ALIVE            PINGED                      KEEP_ALIVE
 *              ──────────────────┬──────────────────────────┬────────────────────────────┬──→
 *     turns                    ping                     answered                       ping
 *                              PINGREQ out              PINGRESP in                    PINGREQ out
 *              |← pingAfterMs →|← at most pingTimeoutMs →|
 *     timer                    LOOK_MS again and again   what is left of pingAfterMs
 *
 * `ping` is not taken, and the turn takes the long way (Loop.takeTimer, Core.checkSilence), when
 * - another deadline than the keep alive runs (a ping that is not answered, a request, a young connection);
 * - the driver has been told to look at something (`attention`);
 * - a packet is half written, CONNECT or DISCONNECT among them, or bytes wait for the transport;
 * - bytes were sent less than pingAfterMs ago.
 *
 * `answered` is not taken, and the bytes take the long way (Receiver, Core.handlePacket), when
 * - another deadline than the two of a pinged silence runs;
 * - a packet is half received, so that the two bytes are its middle;
 * - they are another packet.
 *
 * Hot: no allocation. Fields stand in the order of their use.
 */
export class Silence {
	/** When bytes were last handed to the transport. */
	lastSent = 0;
	private readonly _deadlines: Deadlines;
	private readonly _region: SilentRegion;
	/** Silence of either direction after which PINGREQ goes out. */
	pingAfterMs = 0;
	private readonly _counters: Counts;
	private readonly _view: DataView;
	private readonly _receiver: SilentReceiver;
	private readonly _application: Application;
	/** From PINGREQ to PINGRESP, and for a transport that takes nothing: at most half of the keep alive. */
	pingTimeoutMs = 0;

	constructor(
		region: SilentRegion,
		receiver: SilentReceiver,
		deadlines: Deadlines,
		application: Application,
		counters: Counts,
		view: DataView,
	) {
		this._region = region;
		this._receiver = receiver;
		this._deadlines = deadlines;
		this._application = application;
		this._counters = counters;
		this._view = view;
	}

	/**
	 * in   keepAliveMs    0: none
	 *      pingTimeoutMs  the option
	 */
	setTimes(keepAliveMs: number, pingTimeoutMs: number): void {
		const half = keepAliveMs / 2;
		this.pingTimeoutMs = half > 0 && half < pingTimeoutMs ? half : pingTimeoutMs;
		const lead = half / 2 < Time.PING_LEAD_MS_MAX ? half / 2 : Time.PING_LEAD_MS_MAX;
		this.pingAfterMs = keepAliveMs - lead;
	}

	/**
	 * The timer of a silence has fired: PINGREQ goes out at once, and PINGRESP is waited for. Hot: no allocation.
	 *
	 * out  bytes that the transport has taken, 0 … 2: fewer than 2 stand at the start of the region still, and are the caller's;
	 *      Silent.NOT_TAKEN
	 *
	 * Throws what the transport throws; then the deadlines are as they were.
	 */
	ping(transport: { write(count: number): number }, now: number): number {
		const deadlines = this._deadlines;
		// One question each: joined, they would cost two byte codes more for each.
		if (deadlines.armed !== Armed.KEEP_ALIVE) return Silent.NOT_TAKEN;
		if (((now - this.lastSent) | 0) < this.pingAfterMs) return Silent.NOT_TAKEN;
		if (this._application.attention) return Silent.NOT_TAKEN;
		const region = this._region;
		if (!region.boundary) return Silent.NOT_TAKEN;
		if (region.size) return Silent.NOT_TAKEN;
		this._view.setInt16(region.offset, Wire.PINGREQ);
		const count = transport.write(2);
		deadlines.armed = Armed.PINGED;
		deadlines.at[Deadline.KEEP_ALIVE] = now + this.pingAfterMs;
		deadlines.at[Deadline.PINGRESP] = now + this.pingTimeoutMs;
		if (count) this.lastSent = now;
		this._counters.pings++;
		return count;
	}

	/**
	 * Two bytes have arrived alone. If they are the PINGRESP of a silence, it goes on. Hot: no allocation.
	 *
	 * out  milliseconds until the next PINGREQ, 1 or more: the caller sets his timer; 0: not taken
	 */
	answered(now: number): number {
		const deadlines = this._deadlines;
		if (deadlines.armed !== Armed.PINGED) return 0;
		const receiver = this._receiver;
		if (receiver.mode) return 0;
		if (this._view.getUint16(receiver.landing) !== Wire.PINGRESP) return 0;
		deadlines.armed = Armed.KEEP_ALIVE;
		receiver.lastReceived = now;
		this._counters.bytesIn += 2;
		const left = (deadlines.at[Deadline.KEEP_ALIVE]! - now) | 0;
		return left > 0 ? left : 1;
	}
}
