import { elapsedMs } from "../base/ticks.js";
import { Backoff, isPermanent } from "../client/connection/backoff.js";
import type { Core } from "../client/connection/core.js";
import { Held, Mode } from "../client/incoming/receive-mode.js";
import { Deadline } from "../client/setup/deadlines.js";
import { LayerCode, ReasonCode, StateCode } from "../client/terms/codes.js";
import type { Addresses } from "./addresses.js";
import type { Server } from "./list.js";

/** In which order servers are tried. */
export const enum Order {
	IN_ORDER = 0,
	RANDOM = 1,
}

/** How servers are chosen, checked. */
export interface ChoiceSettings {
	readonly order: Order;
	/** 0: never. */
	readonly returnToFirstMs: number;
	readonly sessionPerServer: boolean;
}

/** Times of the way back to the first server. */
const enum Quiet {
	/** Nothing has come for so long: nothing is under way. */
	MS = 1_000,
	/** How often a client that is busy is looked at again. */
	LOOK_MS = 1_000,
}

const enum None {
	SERVER = -1,
}

/**
 * Which server is tried when. A round is one attempt at each, those after the first without a pause; after it comes the
 * back-off, as with one server. A server whose connection was stable is tried again first: its session is there.
 *
 *     connected, stable ─ lost ─▶ back-off ─▶ the same ─ fails ─▶ the next … ─ all have failed ─▶ back-off ─▶ the next …
 *
 * Hot: no allocation.
 */
export class ServerChoice extends Backoff {
	/** The server of the attempt or the connection, or of the last one: changed only where the next attempt begins. */
	index = 0;
	/** That of the next attempt. */
	private _next = 0;
	/** Those that have failed in this round, a bit each. */
	private _tried = 0;
	/** Whose session our state belongs to. */
	private _owner: number = None.SERVER;
	/** Where to go on when the first one, to which we return, does not answer. */
	private _home: number = None.SERVER;
	/** The end in this round that may heal by itself the soonest. */
	private _layer: LayerCode = LayerCode.LOCAL;
	private _code: ReasonCode = ReasonCode.STOPPED;
	private readonly _core: Core;
	private readonly _servers: readonly Server[];
	private readonly _addresses: Addresses;
	private readonly _settings: ChoiceSettings;

	constructor(core: Core, servers: readonly Server[], addresses: Addresses, settings: ChoiceSettings) {
		super(core.settings);
		this._core = core;
		this._servers = servers;
		this._addresses = addresses;
		this._settings = settings;
		if (settings.order === Order.RANDOM) this.index = this._next = this.drawn(0);
	}

	get host(): string {
		return this._servers[this.index]!.host;
	}

	get port(): number {
		return this._servers[this.index]!.port;
	}

	/** A connection is stable, or an attempt is made at once and out of turn. */
	override reset(): void {
		super.reset();
		this._tried = 0;
		this.move();
		const core = this._core;
		const { returnToFirstMs } = this._settings;
		if (!core.linked || this.index === 0 || returnToFirstMs === 0 || !core.settings.reconnect) return;
		// Counted from CONNACK, and not sooner than the connection is stable.
		const leftMs = returnToFirstMs - core.settings.stableMs;
		core.arm(Deadline.RETRY, leftMs > 0 ? leftMs : 1, core.now);
	}

	/** The time for the next attempt has come, or for looking for the first server again. */
	override retry(core: Core, now: number): void {
		if (!core.linked) {
			this.move();
			return core.open(now);
		}
		if (core.state !== StateCode.CONNECTED) return;
		// The end of it follows when DISCONNECT is written: see `next`.
		if (isIdle(core, now)) core.sender.leave(false);
		else core.arm(Deadline.RETRY, Quiet.LOOK_MS, now);
	}

	/** CONNACK has accepted the connection. out: whether its session is the one that our state belongs to */
	override accepted(sessionPresent: boolean): boolean {
		const isOurs =
			!this._settings.sessionPerServer || this._owner === (None.SERVER as number) || this._owner === this.index;
		this._owner = this.index;
		this._home = None.SERVER;
		return sessionPresent && isOurs;
	}

	override next(layer: LayerCode, code: ReasonCode, young: boolean, random: number, advanced = false): number {
		if (code === ReasonCode.RETURNING) {
			this._home = this.index;
			this._next = 0;
			this._addresses.restart();
			return 0;
		}
		const isOurFault = layer === LayerCode.LOCAL && code !== ReasonCode.CREDENTIALS_FAILED;
		const wasStable = !young && this._core.reason.wasConnected;
		// No fault of the server's, or a reason to believe in it.
		if (isOurFault || wasStable) return super.next(layer, code, young, random, advanced);
		if (!young && layer !== LayerCode.NAME && this._addresses.next()) return 0;
		return this.handleFailed(layer, code, young, random, advanced);
	}

	/** A server has failed in this round. out: milliseconds until the next attempt */
	private handleFailed(layer: LayerCode, code: ReasonCode, young: boolean, random: number, advanced: boolean): number {
		if (this._tried === 0 || !isPermanent(layer, code)) {
			this._layer = layer;
			this._code = code;
		}
		this._tried |= 1 << this.index;
		const all = (1 << this._servers.length) - 1;
		const isOver = this._tried === all;
		if (isOver) this._tried = 0;
		this._next = this.following();
		if (this._next !== this.index) this._addresses.restart();
		return isOver ? super.next(this._layer, this._code, young, random, advanced) : 0;
	}

	/** The server after this one, of those that have not been tried. */
	private following(): number {
		const home = this._home;
		this._home = None.SERVER;
		if (home >= 0 && (this._tried & (1 << home)) === 0) return home;
		if (this._settings.order === Order.RANDOM) return this.drawn(this._tried);
		let index = this.index;
		do index = (index + 1) % this._servers.length;
		while ((this._tried & (1 << index)) !== 0);
		return index;
	}

	/** One at random. in: tried  those that it must not be, a bit each; not all */
	private drawn(tried: number): number {
		const count = this._servers.length;
		let left = 0;
		for (let i = 0; i < count; i++) if ((tried & (1 << i)) === 0) left++;
		let skip = Math.floor(this._core.random() * left);
		let index = 0;
		while ((tried & (1 << index)) !== 0 || skip-- > 0) index++;
		return index;
	}

	/** The next attempt begins. */
	private move(): void {
		this.index = this._next;
	}
}

/** Whether nothing is under way in either direction, so that a connection can be left and nothing is lost by it. */
function isIdle(core: Core, now: number): boolean {
	const { session, subscriptions, region, receiver, deadlines } = core;
	const isDone =
		session.outbox.count === 0 && session.releasedCount === 0 && session.incoming.count === 0 && !region.composing;
	const isQuiet = region.size === 0 && region.ackCount === 0 && elapsedMs(now, receiver.lastReceived) >= Quiet.MS;
	const isAsking = subscriptions.pending > 0 || subscriptions.requested > 0 || deadlines.isArmed(Deadline.PINGRESP);
	const isTaking = receiver.held === Held.NONE && receiver.mode === Mode.PACKET && !receiver.stalled;
	return isDone && isQuiet && !isAsking && isTaking;
}
