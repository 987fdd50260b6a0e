/** Bounds of a turn, and times. */
export const enum Turn {
	/** Reads in one turn: with the size of the landing, the most bytes and messages that one turn handles. */
	READS_MAX = 16,
	WRITES_MAX = 16,
	/** A turn that has lasted so long begins nothing more that could call the application. */
	TIME_MS_MAX = 50,
	/** The least that is waited for others once more after the client has not run: what they have sent meanwhile is read. */
	LOOK_MS = 250,
	/** So often in a row; a program that never leaves the client its time does not keep a dead link alive. */
	LOOKS_MAX = 2,
	/** Of a wait for others, one part in 1 << this is slept at a time: so it is seen when the client did not run meanwhile. */
	LOOK_SHIFT = 2,
	/** When a defect shows again while it is recovered from, the client tries once more after this time. */
	FAULT_RETRY_MS = 1_000,
	/** How long the timer is made for, before it is parked. */
	PARKED_MS = 86_400_000,
}

/** Whether a turn is under way. */
export const enum Busy {
	NO = 0,
	/** In code of ours, or of the application. */
	INSIDE = 1,
	/** In the transport: what is thrown now is its own. */
	OUTSIDE = 2,
}
