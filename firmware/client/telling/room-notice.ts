/** What is asked on hot paths before anything is called: bits of `Application.tells`. */
export const enum Tells {
	/** There is an onDelivered. */
	DELIVERED = 1,
	/** A publish was refused for want of room: see RoomNotice. */
	ROOM = 2,
}

/** Where a notice leaves what the hot paths and the driver ask. */
export interface Notified {
	/** Bits of Tells. */
	tells: number;
	/** The driver is to look. */
	attention: boolean;
}

/**
 * What `onRoom` is owed to: calls that were refused for want of room, and the room that was made since. One call of
 * `onRoom` for all of them, once in a turn.
 *
 * A publish waits for bytes of the outbox, a subscription for an entry of its table or for filter bytes:
 *
 *     publishRefused ──────→ waits ── bytesFreed ──→ owed ── take ──→ nothing
 *                              ↑                       │
 *                              └── publishRefused ─────┘  the room that was made did not suffice
 *     subscriptionRefused ─→ waits ── entryFreed ──→ owed ── take ──→ nothing
 *
 * What went wrong once, and which line keeps it right (the numbers are seeds in `test/sim/regressions`):
 *
 * | What happened | What keeps it right |
 * | --- | --- |
 * | 258: a payload was refused when it was begun, and its caller heard of that from `send` only, after onRoom | `send` says `composeRefused`: the caller waits from there, and hears at once where nothing is left that could make room |
 * | 473: room was given back while a payload was composed, behind which it did not fit | likewise |
 * | 755: dropping the oldest made room, and was told of before the refusal of the publish for which it did not suffice | a refusal as FULL takes back what is owed for bytes |
 * | 17920: a refusal as TOO_LARGE took back what a publish refused as FULL was owed | only a refusal as FULL takes back |
 * | 8059: the very call that was refused ran a turn that was owed, and heard of room before it had returned | `isFresh`: that turn leaves onRoom to the next one |
 *
 * Hot: no allocation.
 */
export class RoomNotice {
	/** onRoom is to be called. */
	isOwed = false;
	/** A call was refused that may not have returned yet: the turn that it runs does not call onRoom, and clears this. */
	isFresh = false;
	/** A subscription was refused since onRoom was last called. */
	private _entryWanted = false;
	/** And since then an entry has been freed. */
	private _entryFreed = false;
	private readonly _notified: Notified;

	/** in  notified  kept; its `tells` have Tells.ROOM while a publish waits for room */
	constructor(notified: Notified) {
		this._notified = notified;
	}

	/**
	 * A publish was refused.
	 *
	 * in   isFull  as FULL, so that the room that was made before did not suffice; else as TOO_LARGE
	 */
	publishRefused(isFull: boolean): void {
		this._notified.tells |= Tells.ROOM;
		this.isFresh = true;
		if (isFull) this.isOwed = this._entryFreed;
	}

	/**
	 * The caller of a composed payload hears only now that there was no room for it.
	 *
	 * in   isEmpty  nothing is left in the outbox: all the room that there can be is there
	 */
	composeRefused(isEmpty: boolean): void {
		this._notified.tells |= Tells.ROOM;
		this.isFresh = true;
		if (isEmpty) this.bytesFreed();
	}

	/** A subscription or its end was refused for want of an entry or of filter bytes. */
	subscriptionRefused(): void {
		this._entryWanted = this.isFresh = true;
	}

	/** Bytes of the outbox were given back. */
	bytesFreed(): void {
		if ((this._notified.tells & Tells.ROOM) !== 0) this.isOwed = this._notified.attention = true;
	}

	/** An entry of the table of subscriptions was given back. */
	entryFreed(): void {
		if (this._entryWanted) this._entryFreed = this.isOwed = this._notified.attention = true;
	}

	/** onRoom is about to be called: who is refused from now on, within it too, waits anew. */
	take(): void {
		this._notified.tells &= ~Tells.ROOM;
		this.isOwed = this.isFresh = this._entryWanted = this._entryFreed = false;
	}
}
