import { AssertionError } from "../base/assert.js";
import { LayerCode, ReasonCode } from "../client/codes.js";
import type { Application } from "../client/application.js";
import { CounterIndex } from "../client/counters.js";
import { Command, type Core } from "../client/core.js";
import type { Receiver } from "../client/receiver.js";
import { Fill, Work, type Sender } from "../client/sender.js";
import {
	TransportEnd,
	type NameResolver,
	type Transport,
	type TransportFactory,
	type TransportListener,
} from "./transport.js";

/** Reads in one turn: with the size of the landing, the most bytes and messages that one turn handles. */
const READS_PER_TURN_MAX = 16;

/** Writes in one turn. */
const WRITES_PER_TURN_MAX = 16;

/** What a transport says beside a TransportEnd. */
const enum Event {
	RESOLVED = 8,
	OPENED = 9,
}

/** When a defect shows again while it is recovered from, the client tries once more after this time. */
const FAULT_RETRY_MS = 1_000;

/** The time, and one timer. */
export interface Clock {
	/** Milliseconds of a counter that wraps. */
	ticks(): number;
	/** Calls `loop.handleTimer` after this many milliseconds, 1 or more, instead of whenever it was to be called. */
	arm(delayMs: number): void;
	/** The timer is not needed any more. */
	disarm(): void;
}

/** Where the transport of a loop goes to. */
export interface LoopOptions {
	transport: TransportFactory;
	host: string;
	dns: NameResolver | undefined;
}

/**
 * Drives one core: takes the events of transport and timer, and makes each into one bounded turn. An application may
 * call anything from within a callback: what it asks for is done before the turn ends, and delivery never re-enters.
 * Hot: no allocation.
 */
export class Loop implements TransportListener {
	readonly #core: Core;
	readonly #sender: Sender;
	readonly #receiver: Receiver;
	readonly #application: Application;
	readonly #transport: Transport;
	readonly #clock: Clock;
	readonly #landingSize: number;
	#busy = false;
	#timerFired = false;
	/** A defect has kept the connection from being given up. */
	#faulty = false;
	/** A bound on a turn was reached: the next one follows at once. */
	#more = false;

	/** Throws what the transport throws when the options do not suit it. */
	constructor(core: Core, options: LoopOptions, clock: Clock) {
		const { arena, settings } = core;
		this.#core = core;
		this.#sender = core.sender;
		this.#receiver = core.receiver;
		this.#application = core.application;
		this.#clock = clock;
		this.#landingSize = settings.readSize;
		this.#transport = options.transport({
			buffer: arena.buffer,
			rxOffset: arena.landingOffset,
			rxSize: settings.readSize,
			txOffset: arena.txOffset,
			txSize: settings.txBuffer,
			views: settings.views,
			host: options.host,
			port: settings.port,
			dns: options.dns,
			listener: this,
		});
	}

	handleResolved(): void {
		this.handle(Event.RESOLVED);
	}

	handleOpened(): void {
		this.handle(Event.OPENED);
	}

	handleReadable(): void {
		this.run(this.#clock.ticks());
	}

	handleWritable(): void {
		// Acks may go out now, and with them the bytes that waited for their room.
		if (this.#core.receiver.stalled) this.#application.attention = true;
		this.run(this.#clock.ticks());
	}

	handleEnded(end: TransportEnd): void {
		this.handle(end);
	}

	/** What the transport says, behind a guard as all that the platform calls. */
	private handle(event: Event | TransportEnd): void {
		const core = this.#core;
		const now = this.#clock.ticks();
		try {
			if (event === Event.RESOLVED) core.handleResolved(now);
			else if (event === Event.OPENED) core.handleOpened(now);
			// The tens of a reason are its layer.
			else core.handleEnded((event / 10) | 0, event as number, now);
		} catch (error) {
			this.recover(error, now);
		}
		this.run(now);
	}

	/** The timer has fired. */
	handleTimer(): void {
		this.#timerFired = this.#application.attention = true;
		this.run(this.#clock.ticks());
	}

	/**
	 * One turn: what has arrived, what is due, what is to be sent. Called after every event and after every request of
	 * the application; from within a callback it does nothing, because the turn that is under way goes on. Bounded by
	 * READS_PER_TURN_MAX and WRITES_PER_TURN_MAX; what is left is done on a turn of its own, one millisecond later. Hot:
	 * no allocation beside the platform's record of the try.
	 */
	run(now: number): void {
		if (this.#busy) return;
		this.#busy = true;
		try {
			if (this.#transport.readable > 0) this.read(now);
			if (this.#sender.work !== Work.NONE || this.#sender.size > 0) this.write(now);
			if (this.#application.attention) this.attend(now);
		} catch (error) {
			this.recover(error, now);
		}
		this.#busy = false;
	}

	private fireTimer(now: number): void {
		this.#timerFired = false;
		// The timer repeats: it is set anew in any case.
		this.#core.deadlines.changed = true;
		if (this.#faulty) {
			this.#faulty = false;
			this.#core.handleFault(now);
		}
		this.#core.handleTimeout(now);
		this.write(now);
	}

	/** What happens rarely: the timer, callbacks owed once per turn, the transport to be opened or closed. */
	private attend(now: number): void {
		const core = this.#core;
		core.now = now;
		if (this.#timerFired) this.fireTimer(now);
		// What waited in the window has been used up: its acks, and what handlers have said to it, go out now.
		if (core.receiver.stalled && this.unstall(now)) this.write(now);
		if (this.#application.owesRoom) {
			this.#application.tellRoom();
			this.write(now);
		}
		const command = core.takeCommand();
		if (command !== Command.NONE) {
			// What is open is closed first: a callback may have asked for the next attempt before this one was closed.
			this.#transport.close();
			if (command === Command.OPEN) {
				this.#transport.open();
				// An address needs no lookup: what takes too long then is the connection.
				if (this.#transport.resolving !== true) core.handleResolved(now);
			}
		}
		// Also when a callback of this very function has asked for what comes before it.
		const more = this.#more || core.command !== Command.NONE || this.#application.owesRoom;
		this.#more = false;
		this.#application.attention = more;
		if (more) {
			core.deadlines.changed = true;
			this.#clock.arm(1);
		} else if (core.deadlines.changed) this.setTimer(now);
	}

	private setTimer(now: number): void {
		const sleep = this.#core.sleepMs(now);
		if (sleep < 0) this.#clock.disarm();
		else this.#clock.arm(sleep > 0 ? sleep : 1);
	}

	/**
	 * What the transport throws is the loss of the link. What is wrong in our own code is a defect: the device must not
	 * restart for it, so the connection is given up, and the session kept.
	 */
	private recover(error: unknown, now: number): void {
		const core = this.#core;
		try {
			if (error instanceof AssertionError || error instanceof TypeError) core.handleFault(now);
			else core.handleEnded(LayerCode.TRANSPORT, ReasonCode.LINK_LOST, now);
			core.command = core.command === Command.OPEN ? Command.OPEN : Command.CLOSE;
			this.attend(now);
		} catch {
			// The defect shows again. The device must not restart for it all the same: what is left is tried once more.
			this.#faulty = true;
			this.#transport.close();
			this.#clock.arm(FAULT_RETRY_MS);
		}
	}

	/** Reads what has arrived; what is left is read in the next turn. Hot: no allocation. */
	private read(now: number): void {
		this.#core.now = now;
		if (this.#receiver.stalled && !this.unstall(now)) return;
		let reads = READS_PER_TURN_MAX;
		do {
			const count = this.#transport.read(this.#landingSize);
			if (count === 0) return;
			this.#receiver.handleBytes(count, now);
			if (this.#receiver.stalled && !this.unstall(now)) return;
			// Also when a callback has ended the connection.
			if (this.#transport.readable === 0 || !this.#core.linked) return;
		} while (--reads > 0);
		this.#more = this.#application.attention = true;
	}

	/** Makes room for acks, and goes on with the bytes that waited for it. False: there is none yet, or no connection. */
	private unstall(now: number): boolean {
		const core = this.#core;
		// Each round consumes packets, of which the window holds a bounded number.
		while (core.receiver.stalled) {
			this.write(now);
			// All of them: for one QoS 2 message too many the connection ends, and no ack of those before may be lost by it.
			if (core.sender.ackCount > 0 || core.sender.size > 0 || !core.linked) return false;
			core.handleBytes(0, now);
		}
		// What waited may have ended the connection: nothing more of it may be read.
		return core.linked;
	}

	/** Writes what there is. Hot: no allocation. */
	private write(now: number): void {
		const sender = this.#sender;
		let writes = WRITES_PER_TURN_MAX;
		do {
			if (sender.work !== Work.NONE) {
				const result = sender.fill(now);
				if (result !== Fill.OK || sender.requested) this.#core.handleFill(result, now);
			}
			if (sender.size === 0) return;
			const count = this.#transport.write(sender.size);
			if (count === sender.size) {
				// As core.handleSent, whose call would cost half as much again.
				this.#core.counters[CounterIndex.BYTES_OUT]! += count;
				this.#core.lastSent = now;
				sender.size = 0;
				if (this.#core.blocked || sender.finished) this.#core.handleAllSent(now);
				if (sender.work === Work.NONE) return;
			} else if (count === 0) return this.#core.handleBlocked(now);
			else this.#core.handleSent(count, now);
		} while (--writes > 0);
		this.#more = this.#application.attention = true;
	}
}
