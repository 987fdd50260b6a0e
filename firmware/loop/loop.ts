import { LayerCode, ReasonCode } from "../client/codes.js";
import { Command, type Core } from "../client/core.js";
import { TransportEnd, type NameResolver, type Transport, type TransportFactory, type TransportListener } from "./transport.js";

/** Reads in one turn: with the size of the landing, the most bytes and messages that one turn handles. */
const READS_PER_TURN_MAX = 16;

/** Writes in one turn. */
const WRITES_PER_TURN_MAX = 16;

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
 */
export class Loop implements TransportListener {
	readonly #core: Core;
	readonly #transport: Transport;
	readonly #clock: Clock;
	readonly #landingSize: number;
	#busy = false;
	#timerFired = false;

	/** Throws what the transport throws when the options do not suit it. */
	constructor(core: Core, options: LoopOptions, clock: Clock) {
		const { arena, settings } = core;
		this.#core = core;
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
		this.#core.handleResolved(this.#clock.ticks());
		this.run();
	}

	handleOpened(): void {
		this.#core.handleOpened(this.#clock.ticks());
		this.run();
	}

	handleReadable(_count: number): void {
		this.run();
	}

	handleWritable(): void {
		this.run();
	}

	handleEnded(end: TransportEnd): void {
		const now = this.#clock.ticks();
		if (end === TransportEnd.NAME_FAILED) this.#core.handleEnded(LayerCode.NAME, ReasonCode.NAME_NOT_FOUND, now);
		else if (end === TransportEnd.OPEN_FAILED) this.#core.handleEnded(LayerCode.TRANSPORT, ReasonCode.CONNECT_FAILED, now);
		else this.#core.handleEnded(LayerCode.TRANSPORT, ReasonCode.LINK_LOST, now);
		this.run();
	}

	/** The timer has fired. */
	handleTimer(): void {
		this.#timerFired = true;
		this.run();
	}

	/**
	 * One turn: what has arrived, what is due, what is to be sent. Called after every event and after every request of
	 * the application; from within a callback it does nothing, because the turn that is under way goes on. Bounded by
	 * READS_PER_TURN_MAX and WRITES_PER_TURN_MAX; what is left is done on a turn of its own, one millisecond later.
	 */
	run(): void {
		if (this.#busy) return;
		this.#busy = true;
		const now = this.#clock.ticks();
		let more: boolean;
		try {
			more = this.#turn(now);
		} catch {
			// A defect of ours. The device must not restart for it: the connection is given up, the session kept.
			more = this.#recover(now);
		}
		this.#busy = false;
		if (more) this.#clock.arm(1);
		else if (this.#core.deadlines.changed) this.#arm(now);
	}

	#arm(now: number): void {
		const sleep = this.#core.sleepMs(now);
		this.#clock.arm(sleep > 0 ? sleep : 1);
	}

	#recover(now: number): boolean {
		this.#core.handleFault(now);
		this.#core.takeCommand();
		this.#transport.close();
		return false;
	}

	/** Returns whether there is more to do at once. */
	#turn(now: number): boolean {
		const core = this.#core;
		const transport = this.#transport;
		if (this.#timerFired) {
			this.#timerFired = false;
			core.deadlines.changed = true;
			core.handleTimeout(now);
		}
		let more = false;
		for (let reads = 0; transport.readable > 0 && core.linked && !core.receiver.stalled; reads++) {
			if (reads === READS_PER_TURN_MAX) {
				more = true;
				break;
			}
			const count = transport.read(this.#landingSize);
			if (count > 0) core.handleBytes(count, now);
			else if (count < 0) core.handleEnded(LayerCode.TRANSPORT, ReasonCode.LINK_LOST, now);
			else break;
			if (core.receiver.stalled && !this.#unstall(now)) break;
		}
		if (this.#write(now)) more = true;
		core.finishTurn();
		if (core.sender.size > 0 || core.sender.short) more = this.#write(now) || more;
		this.#obey(now);
		return more;
	}

	/** Makes room for acks, and goes on with the bytes that waited for it. False: there is none yet. */
	#unstall(now: number): boolean {
		const core = this.#core;
		this.#write(now);
		if (core.linked && core.receiver.stalled && core.sender.takesAck) core.handleBytes(0, now);
		return !core.receiver.stalled;
	}

	/** Writes what there is. Returns whether the bound was reached before the end. */
	#write(now: number): boolean {
		const core = this.#core;
		const sender = core.sender;
		for (let writes = 0; writes < WRITES_PER_TURN_MAX; writes++) {
			core.fill(now);
			const size = sender.size;
			if (size === 0) return false;
			const count = this.#transport.write(size);
			if (count < 0) {
				core.handleEnded(LayerCode.TRANSPORT, ReasonCode.LINK_LOST, now);
				return false;
			}
			if (count === 0) {
				core.handleBlocked(now);
				return false;
			}
			core.handleSent(count, now);
			if (count === size && !sender.short) return false;
		}
		return true;
	}

	/** Opens or closes the transport as the core asks. */
	#obey(now: number): void {
		const command = this.#core.takeCommand();
		if (command === Command.NONE) return;
		// What is open is closed first: a callback may have asked for the next attempt before this one was closed.
		this.#transport.close();
		if (command === Command.OPEN) this.#transport.open();
		this.#core.handleTimeout(now);
	}
}
