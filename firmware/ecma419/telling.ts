import Timer, { type TimerId } from "timer";
import { PacketType } from "../codec/constants.js";
import type { HeadListener } from "../loop/packet-heads.js";
import type { GivenIds } from "./given-ids.js";
import type { ControlMessage, ProgramOptions } from "./options.js";
import type { Room } from "./room.js";

const enum Times {
	/** How long the timer is made for, and set to while it has nothing to do. */
	PARKED_MS = 86_400_000,
}

/** Of a head, where the packet type starts. */
const TYPE_SHIFT = 20;

/**
 * Tells the program by onControl and onWritable, between the turns of the client and each behind a guard: what a callback
 * throws must not restart the device. What a turn that began with the socket has brought is told as soon as it is over;
 * anything else on a turn of the timer.
 */
export class Telling implements HeadListener {
	/** A turn of the client is under way; after it, the caller tells. */
	turning = false;
	/** What can be written; made after the client. */
	room!: Room;
	private _closed = false;
	/** What onControl is to be told next; behind it the others, in order. */
	next: ControlMessage | null = null;
	private readonly _others: ControlMessage[] = [];
	/** How many those are. */
	private _waiting = 0;
	private readonly _owner: object;
	private _onControl: ProgramOptions<object>["onControl"];
	private readonly _ids: GivenIds;
	private _onWritable: ProgramOptions<object>["onWritable"];
	private readonly _onTurn: () => void;
	private _timer: TimerId | undefined;

	/**
	 * in   owner    what callbacks get as `this`
	 *      options  whose callbacks are called
	 *      onTurn   called on turns of the timer; may throw
	 */
	constructor(owner: object, options: ProgramOptions<object>, ids: GivenIds, onTurn: () => void) {
		this._owner = owner;
		this._onControl = options.onControl;
		this._ids = ids;
		this._onWritable = options.onWritable;
		this._onTurn = onTurn;
	}

	/** Makes the timer, and a first turn of it. */
	start(): void {
		this._timer = Timer.repeat(() => this.handleTimer(), Times.PARKED_MS);
		this.wake(1);
	}

	/** Nothing is told any more. */
	close(): void {
		this._closed = true;
		this.next = null;
		this._onControl = this._onWritable = undefined;
		Timer.clear(this._timer);
	}

	/** There is something to do, on a turn of its own. */
	wake(delayMs: number): void {
		if (!this._closed) Timer.schedule(this._timer!, delayMs, delayMs);
	}

	handleHead(head: number): void {
		const operation = head >> TYPE_SHIFT;
		if (operation >= PacketType.PUBACK && operation <= PacketType.PUBCOMP)
			this.control({ operation, id: head & 0xffff });
		else if (operation === PacketType.PINGRESP) this.control({ operation });
	}

	/**
	 * A short packet has arrived alone, and is no PUBLISH; the client handles it after this. The usual case of handleHead and
	 * control, in place.
	 *
	 * in   word  its first four bytes
	 */
	handleAlone(word: number): void {
		const operation = (word >> 28) & 15;
		if (operation >= PacketType.PUBACK && operation <= PacketType.PUBCOMP && this.turning && this.next === null)
			this.next = { operation, id: word & 0xffff };
		else this.handleHead(((word >> 8) & 0xff0000) | (word & 0xffff));
	}

	/** onControl is to be told. */
	control(message: ControlMessage): void {
		if (this._closed) return;
		if (this.next === null) this.next = message;
		else {
			this._others.push(message);
			this._waiting++;
		}
		if (!this.turning) this.wake(1);
	}

	/** The socket takes bytes: what the program knows of is still there. */
	handleWritable(): void {
		const room = this.room;
		if (room.owed && room.told > 0) {
			try {
				this.tellRoom(room, room.told);
			} catch (error) {
				this.handleThrown(error);
			}
		} else if (room.told < room.most) this.tell();
	}

	private handleTimer(): void {
		Timer.schedule(this._timer!);
		this.tell();
		try {
			this._onTurn();
		} catch (error) {
			this.handleThrown(error);
		}
	}

	/** All that there is to tell: packets in the order in which they came, then room. */
	tell(): void {
		try {
			for (let message = this.next; message !== null; message = this.next) {
				this.next = this._waiting > 0 ? this.takeWaiting() : null;
				const operation = message.operation;
				if (operation <= PacketType.PUBCOMP && operation !== PacketType.PUBREL)
					message.id = this._ids.find(message.id!, operation !== PacketType.PUBREC);
				this._onControl?.call(this._owner, message, message);
			}
			const room = this.room;
			const size = room.size();
			if (size > room.told || (size > 0 && room.owed)) this.tellRoom(room, size);
		} catch (error) {
			this.handleThrown(error);
		}
	}

	private takeWaiting(): ControlMessage {
		this._waiting--;
		return this._others.shift()!;
	}

	/** A callback has thrown: it must not restart the device. What is left is told later. */
	private handleThrown(error: unknown): void {
		trace(`mqtt: a callback threw ${String(error)}\n`);
		this.wake(1);
	}

	/** Calls onWritable; throws what it throws. */
	private tellRoom(room: Room, size: number): void {
		room.told = size;
		room.owed = false;
		this._onWritable?.call(this._owner, size);
	}
}
