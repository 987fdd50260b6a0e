import { elapsedMs } from "../base/ticks.js";
import { LayerCode, ReasonCode } from "../client/terms/codes.js";
import type { Application, Driver } from "../client/telling/application.js";
import type { Counts } from "../client/terms/counters.js";
import { Command, type Core } from "../client/connection/core.js";
import { Armed } from "../client/setup/deadlines.js";
import { Held } from "../client/incoming/receive-mode.js";
import type { Receiver } from "../client/incoming/receiver.js";
import { Silent, type Silence } from "../client/short-ways/silence.js";
import { handleStandstill } from "../client/connection/standstill.js";
import type { Sender } from "../client/outgoing/sender.js";
import { Work, type TransmitRegion } from "../client/short-ways/transmit-region.js";
import { LoggedTransport } from "./logged-transport.js";
import { Busy, Turn } from "./turn.js";
import type { Clock } from "../ports/clock.js";
import type { Transport, TransportEnd, TransportLayer, TransportListener } from "../ports/transport.js";
import type { LoopOptions, Target } from "./options.js";

/** What a transport says beside a TransportEnd. */
const enum Event {
	RESOLVED = 7,
	CONNECTED = 8,
	OPENED = 9,
}

/**
 * Drives one core: takes the events of transport and timer, and makes each into one bounded turn. An application may
 * call anything from within a callback: what it asks for is done before the turn ends, and delivery never re-enters.
 * Nothing that is thrown gets out: what the transport throws is the loss of the link; anything else is a defect of ours,
 * and costs the connection. Hot: no allocation.
 */
export class Loop implements TransportListener, Driver {
	// In the order of their use in the usual turns: on XS, each field before the one that is looked up costs instructions.
	/** A turn is under way: what is called now is called from within a callback. */
	busy: Busy = Busy.NO;
	private readonly _region: TransmitRegion;
	private readonly _transport: Transport;
	private readonly _counters: Counts;
	private readonly _silence: Silence;
	private readonly _application: Application;
	private readonly _time: Clock["time"];
	private readonly _receiver: Receiver;
	private readonly _landingSize: number;
	private readonly _timer: Clock["timer"];
	private readonly _timerId: object;
	/** When the timer is to fire; means something only while others are waited for. */
	private _wakeAt = 0;
	private readonly _core: Core;
	private readonly _sender: Sender;
	/** A bound on a turn was reached: the next one follows at once. */
	private _more = false;
	private _timerFired = false;
	/** The transport has asked for a turn of its own. */
	private _owesTurn = false;
	/** How often in a row others were given Turn.LOOK_MS more. */
	private _looks = 0;
	/** A defect has kept the connection from being given up. */
	private _faulty = false;
	/** The timer is given back: nothing happens by itself any more. */
	closed = false;
	private readonly _target: Target;

	/** Throws what the transport throws when the options do not suit it. */
	constructor(core: Core, options: LoopOptions, clock: Clock) {
		const { arena, settings } = core;
		this._core = core;
		this._region = core.region;
		this._sender = core.sender;
		this._receiver = core.receiver;
		this._application = core.application;
		this._silence = core.silence;
		this._counters = core.counts;
		this._timer = clock.timer;
		this._timerId = clock.timer.repeat(this.handleTimer, Turn.PARKED_MS);
		clock.timer.schedule(this._timerId);
		this._time = clock.time;
		core.application.driver = this;
		this._landingSize = settings.readSize;
		const target = (this._target = options.target ?? settings);
		const transport = options.transport({
			buffer: arena.buffer,
			rxOffset: core.receiver.landing,
			rxSize: settings.readSize,
			txOffset: core.region.offset,
			txSize: settings.txBuffer,
			ownOffset: arena.take(settings.ownSize),
			views: settings.views,
			host: target.host,
			port: target.port,
			dns: options.dns,
			listener: this,
		});
		this._transport =
			settings.packetLog > 0
				? new LoggedTransport(transport, core.log, clock.time, arena.bytes, core.receiver.landing, core.region.offset)
				: transport;
	}

	/**
	 * One turn: what has arrived, what is due, what is to be sent. Called after every event and after every request of
	 * the application; from within a callback it does nothing, because the turn that is under way goes on. Bounded by
	 * Turn.READS_MAX, Turn.WRITES_MAX and Turn.TIME_MS_MAX (a callback that is under way is waited for); what is left is
	 * done on a turn of its own, one millisecond later. Hot: no allocation beside the platform's record of the try.
	 */
	handleReadable(): void {
		if (this.busy) return;
		// The transport is the first that can throw.
		this.busy = Busy.OUTSIDE;
		const now = this._time.ticks | 0;
		const region = this._region;
		try {
			// Numbers are asked whether they are 0 without a comparison: it would be a third of each line.
			if (this._transport.readable) {
				if (!this._receiver.stalled) {
					const count = this._transport.read(this._landingSize);
					this.busy = Busy.INSIDE;
					const left = count === 2 ? this._silence.answered(now) : 0;
					// A silence goes on after its PINGRESP: the next turn is that of the next PINGREQ.
					if (left) this._timer.schedule(this._timerId, left, left);
					else this._receiver.handleBytes(count, now);
				}
				if (this._transport.readable) {
					this.busy = Busy.INSIDE;
					this.readMore(now);
				}
			}
			if (region.work) {
				this.busy = Busy.INSIDE;
				this.write(now);
			} else if (region.size) {
				// The usual case of write, in place: all of it leaves at once, and nobody waits to hear of that.
				if (region.size > this._counters.txMax) this._counters.txMax = region.size;
				this.busy = Busy.OUTSIDE;
				const count = this._transport.write(region.size);
				if (count === region.size && !region.watched) {
					region.size = 0;
					this._silence.lastSent = now;
					this._counters.bytesOut += count;
				} else {
					this.busy = Busy.INSIDE;
					if (this.handleWritten(count, now)) this.write(now);
				}
			}
			if (this._application.attention) {
				this.busy = Busy.INSIDE;
				this.attend(now, false);
			}
		} catch (error) {
			this.recover(error, now);
		}
		this.busy = Busy.NO;
	}

	handleResolved(): void {
		this.handle(Event.RESOLVED, 0);
	}

	handleConnected(layer: TransportLayer): void {
		this.handle(Event.CONNECTED, layer);
	}

	handleOpened(): void {
		this.handle(Event.OPENED, 0);
	}

	/** The same as handleReadable, for a turn whatever its reason. */
	declare run: () => void;

	handleWritable(): void {
		// Acks may go out now, and with them the bytes that waited for their room.
		if (this._core.receiver.stalled) this._application.attention = true;
		this.run();
	}

	handleEnded(end: TransportEnd, detail = 0): void {
		this.handle(end, detail);
	}

	wake(): void {
		this._owesTurn = this._application.attention = true;
		// A turn that is under way sets the timer at its end.
		if (!this.busy) this.later();
	}

	/** The turn that the transport has asked for: like a callback of the platform, it may lead to turns of ours. */
	private turnTransport(): void {
		this._owesTurn = false;
		try {
			this._transport.turn?.();
		} catch (error) {
			this.busy = Busy.OUTSIDE;
			this.recover(error, this._time.ticks | 0);
			this.busy = Busy.NO;
		}
	}

	/** What the transport says, behind a guard as all that the platform calls. */
	private handle(event: Event | TransportEnd, value: number): void {
		const core = this._core;
		const now = this._time.ticks | 0;
		const before = this.busy;
		try {
			if (event === Event.RESOLVED) core.handleResolved(now);
			else if (event === Event.CONNECTED) core.handleConnected(value, now);
			else if (event === Event.OPENED) core.handleOpened(now);
			// The tens of a reason are its layer.
			else core.handleEnded((event / 10) | 0, event as number, value, now);
		} catch (error) {
			this.recover(error, now);
			this.busy = before;
		}
		this.run();
	}

	/** The timer has fired. The usual case is the whole turn of a silence. Hot: no allocation. */
	readonly handleTimer = (): void => {
		const now = this._time.ticks | 0;
		try {
			const count = this._silence.ping(this._transport, now);
			if (count === 2) {
				this._counters.bytesOut += 2;
				this._wakeAt = now + Turn.LOOK_MS;
				// Delay and interval are equal: re-arming from within the callback is wrong otherwise on one platform.
				this._timer.schedule(this._timerId, Turn.LOOK_MS, Turn.LOOK_MS);
				return;
			}
			if (count !== (Silent.NOT_TAKEN as number)) {
				this._region.size = 2;
				this.handleWritten(count, now);
			}
		} catch (error) {
			// The deadlines are as they were: it is the transport that has thrown.
			if (this._core.deadlines.armed === Armed.KEEP_ALIVE) this.busy = Busy.OUTSIDE;
			this.recover(error, now);
			this.busy = Busy.NO;
		}
		this.takeTimer();
	};

	/** Any turn of the timer. */
	private takeTimer(): void {
		this._timerFired = this._application.attention = true;
		if (this._owesTurn) this.turnTransport();
		this.run();
	}

	/**
	 * The turn of what the application has called: what it has asked for goes out. What has arrived is left to the
	 * platform's own event, or to the turn that is owed. Throws: the caller hands what it catches to `fault`. Hot: no allocation.
	 */
	send(now: number): void {
		if (this.busy) return;
		// As in handleReadable.
		this.busy = Busy.OUTSIDE;
		const region = this._region;
		if (region.work) {
			this.busy = Busy.INSIDE;
			this.write(now);
		} else if (region.size) {
			if (region.size > this._counters.txMax) this._counters.txMax = region.size;
			const count = this._transport.write(region.size);
			if (count === region.size && !region.watched) {
				region.size = 0;
				this._silence.lastSent = now;
				this._counters.bytesOut += count;
			} else {
				this.busy = Busy.INSIDE;
				if (this.handleWritten(count, now)) this.write(now);
			}
		}
		if (this._application.attention) this.attendCall(now);
		this.busy = Busy.NO;
	}

	/** A turn may be owed; that of a call takes its place. */
	private attendCall(now: number): void {
		this.busy = Busy.INSIDE;
		// The caller who is refused hears of that before he hears of room.
		const { room } = this._application;
		const isRefused = room.isFresh;
		room.isFresh = false;
		if (this._transport.readable) {
			this.readMore(now);
			this.write(now);
		}
		this.attend(now, isRefused);
	}

	/** As send, for those who have no clock. */
	flush(): void {
		this.send(this._time.ticks | 0);
	}

	isLate(now: number): boolean {
		return ((this._time.ticks - now) | 0) > Turn.TIME_MS_MAX;
	}

	private fireTimer(now: number): void {
		this._timerFired = false;
		// The timer repeats: it is set anew in any case.
		this._core.deadlines.changed = true;
		if (this._faulty) {
			this._faulty = false;
			this._core.handleFault(now);
		}
		// The packet that is waited for may stand in what this turn has not read any more.
		this._core.handleTimeout(now, this._more ? ~Armed.PACKETS : -1);
		this.write(now);
	}

	/**
	 * What happens rarely: the timer, callbacks owed once per turn, the transport to be opened or closed.
	 *
	 * in   holdsRoom  onRoom is left to the next turn
	 */
	private attend(now: number, holdsRoom: boolean): void {
		const core = this._core;
		// What waited in the window has been used up: its acks, and what handlers have said to it, go out now.
		if (core.receiver.stalled && !this._more) {
			if (this.isLate(now)) this._more = true;
			else if (this.unstall(now)) this.write(now);
		}
		// What was called since the turn began may have taken any time.
		core.now = now = this._time.ticks | 0;
		if (((now - this._wakeAt) | 0) > 0 && (core.deadlines.armed & Armed.OTHERS) !== 0) this.judge(now);
		// In a burst, whose turns follow each other, what is due is not left to a timer that is set again and again.
		if (this._timerFired || (this._more && core.deadlines.next(now) === 0)) this.fireTimer(now);
		if (this._application.room.isOwed && !holdsRoom) {
			this._application.tellRoom();
			this.write(now);
		}
		const command = core.takeCommand();
		if (command !== Command.NONE) {
			if (core.partingSize) this.part();
			// What is open is closed first: a callback may have asked for the next attempt before this one was closed.
			this._transport.close();
			if (command === Command.OPEN) this.open(now);
		}
		// Also when a callback of this very function has asked for what comes before it.
		const more =
			this._more ||
			this._owesTurn ||
			core.command !== Command.NONE ||
			this._application.room.isOwed ||
			(core.receiver.stalled && core.receiver.held === Held.RESUMED);
		this._more = false;
		this._application.attention = more;
		if (more) {
			core.deadlines.changed = true;
			this.arm(1, now);
		} else if (core.deadlines.changed) this.setTimer(now);
	}

	/** The last words of a connection that is to be closed: written once, as far as they are taken. */
	private part(): void {
		const size = this._core.partingSize;
		this._core.partingSize = 0;
		try {
			this._counters.bytesOut += this._transport.write(size);
		} catch {
			// It is closed in any case.
		}
	}

	/** Opens the transport. */
	private open(now: number): void {
		const core = this._core;
		// A function that is asked is a callback as any other: what it asks for itself is done in the next turn.
		if (core.credentials && !core.credentials.renew(now)) return;
		this.busy = Busy.OUTSIDE;
		const end = this._transport.open(this._target.host, this._target.port);
		this.busy = Busy.INSIDE;
		if (end) core.handleEnded((end / 10) | 0, end as number, 0, now);
		// An address needs no lookup: what takes too long then is the connection.
		// Unless it has failed at once, and a callback has asked for the next.
		else if (this._transport.resolving !== true && core.command === Command.NONE) core.handleResolved(now);
	}

	/** The client has not run when it was to: that counts against nobody who was waited for. */
	private judge(now: number): void {
		const lateMs = elapsedMs(now, this._wakeAt);
		this._wakeAt = now;
		const looks = this._looks < Turn.LOOKS_MAX;
		if (handleStandstill(this._core, lateMs, looks ? Turn.LOOK_MS : 0, now) && looks) this._looks++;
		else this._looks = 0;
	}

	private setTimer(now: number): void {
		if (this.closed) return;
		const core = this._core;
		let sleep = core.sleepMs(now);
		if (sleep < 0) return this._timer.schedule(this._timerId);
		if (sleep > Turn.LOOK_MS && core.deadlines.armed & Armed.OTHERS) {
			sleep >>= Turn.LOOK_SHIFT;
			if (sleep < Turn.LOOK_MS) sleep = Turn.LOOK_MS;
		}
		this.arm(sleep > 0 ? sleep : 1, now);
	}

	/** A turn of its own follows in a millisecond. */
	later(): void {
		this.arm(1, this._time.ticks | 0);
	}

	/** Gives back the timer, so that a loop that nobody holds can be collected. Harmless when closed. */
	close(): void {
		if (this.closed) return;
		this.closed = true;
		this._timer.clear(this._timerId);
	}

	/** Sets the timer, whenever it was to fire. */
	private arm(delayMs: number, now: number): void {
		if (this.closed) return;
		this._wakeAt = now + delayMs;
		this._timer.schedule(this._timerId, delayMs, delayMs);
	}

	/**
	 * What the transport throws is the loss of the link. Everything else is a defect of ours: the device must not restart
	 * for it, so the connection is given up, and the session kept. Leaves `busy` to the caller.
	 *
	 * in   _error  for a simulator that watches this method
	 *      nested  not NO: within a callback; the turn that is under way does the rest
	 */
	private recover(_error: unknown, now: number, nested = Busy.NO): void {
		const core = this._core;
		const lost = this.busy === Busy.OUTSIDE;
		this.busy = Busy.INSIDE;
		try {
			if (lost) core.handleEnded(LayerCode.TRANSPORT, ReasonCode.LINK_LOST, 0, now);
			else core.handleFault(now);
			core.command = core.command === Command.OPEN ? Command.OPEN : Command.CLOSE;
			if (nested) this._application.attention = true;
			else this.attend(now, false);
		} catch {
			// The defect shows again. The device must not restart for it all the same: what is left is tried once more.
			this._faulty = this._application.attention = true;
			if (nested) this._timerFired = true;
			else {
				this._transport.close();
				this.arm(Turn.FAULT_RETRY_MS, now);
			}
		}
	}

	/**
	 * Something was thrown in a method that the application has called, or in its turn: as in any other turn.
	 *
	 * in   nested  `busy`, as it was before
	 */
	fault(nested: Busy, error: unknown): void {
		this.recover(error, this._time.ticks | 0, nested);
		this.busy = nested;
	}

	/** More has arrived than one read takes, or not all of it could be used. What is left is read in the next turn. */
	private readMore(now: number): void {
		for (let reads = 1; reads < Turn.READS_MAX; reads++) {
			if (((this._time.ticks - now) | 0) > Turn.TIME_MS_MAX) break;
			if (this._receiver.stalled) {
				if (this.unstall(now)) continue;
				return;
			}
			// Also when a callback has ended the connection.
			if (this._transport.readable === 0 || !this._core.linked) return;
			this.busy = Busy.OUTSIDE;
			const count = this._transport.read(this._landingSize);
			this.busy = Busy.INSIDE;
			if (count === 0) return;
			this._receiver.handleBytes(count, now);
		}
		this._more = this._application.attention = true;
	}

	/** Goes on with the bytes that wait in the window, and makes room for their acks. False: not now, or no connection. */
	private unstall(now: number): boolean {
		const core = this._core;
		// Each round consumes packets, of which the window holds a bounded number.
		while (core.receiver.stalled) {
			this.write(now);
			if (core.receiver.held >= Held.PAUSED) return false;
			core.receiver.held = Held.NONE;
			// All of them: for one QoS 2 message too many the connection ends, and no ack of those before may be lost by it.
			if (core.region.ackCount > 0 || core.region.size > 0 || !core.linked) return false;
			core.handleBytes(0, now);
			if (core.receiver.stalled && this.isLate(now)) {
				this._more = this._application.attention = true;
				return false;
			}
		}
		// What waited may have ended the connection: nothing more of it may be read.
		return core.linked;
	}

	/** Writes what there is. Hot: no allocation. */
	private write(now: number): void {
		const region = this._region;
		// One may have been made in its place before.
		for (let writes = 1; writes < Turn.WRITES_MAX; writes++) {
			if (region.work) {
				const result = this._sender.fill(now);
				if (result || region.requested) this._core.handleFill(result, now);
			}
			if (!region.size) return;
			if (region.size > this._counters.txMax) this._counters.txMax = region.size;
			this.busy = Busy.OUTSIDE;
			const count = this._transport.write(region.size);
			this.busy = Busy.INSIDE;
			if (count === region.size && !region.watched) {
				// As in handleReadable.
				region.size = 0;
				this._silence.lastSent = now;
				this._counters.bytesOut += count;
				if (!region.work) return;
			} else if (!this.handleWritten(count, now)) return;
			// Sources are callbacks too.
			if (this.isLate(now)) break;
		}
		this._more = this._application.attention = true;
	}

	/** The transport has taken bytes, or none. out: whether there may be more to write now. */
	private handleWritten(count: number, now: number): boolean {
		if (count === 0) this._core.handleBlocked(now);
		else this._core.handleSent(count, now);
		return count > 0 && (this._region.work !== Work.NONE || this._region.size > 0);
	}
}

Loop.prototype.run = Loop.prototype.handleReadable;
