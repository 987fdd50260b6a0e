// Read MQTT 3.1.1 §4.3.3 before changing this file.
import type { Arena } from "../setup/arena.js";

/** How a run is put together: its first identifier above its last, both included. */
const enum Run {
	FIRST_SHIFT = 16,
	LAST_MASK = 0xffff,
	/** Added to a run, it makes the first identifier one more. */
	FIRST_STEP = 0x10000,
}

/**
 * The packet identifiers of incoming QoS 2 messages between PUBLISH and PUBREL: what makes "exactly once" hold. They
 * are part of the session and outlive a connection.
 *
 * Servers count identifiers up and release them in their order, so that those that are open are runs, and a few words hold
 * thousands of them: one run is kept as one word. Runs are in no order, but those of earlier connections come first, and
 * never grow; a run that ends at 65535 is not joined with the one that starts at 1. In the worst case, where no two
 * identifiers are neighbours, a run holds one.
 *
 *     0               older               count            max
 *     | of earlier     | of this           | room           |
 *     | connections    | connection        |                |
 *
 * Hot: no allocation.
 */
export class IncomingIds {
	/** Runs that are kept. */
	count = 0;
	/** Of those, how many are from earlier connections of the session. */
	private _older = 0;
	private readonly _runs: Int32Array;

	/** in  max  how many runs are kept at most, 1 … 65535 */
	constructor(arena: Arena, max: number) {
		this._runs = new Int32Array(arena.buffer, arena.take(4 * max), max);
	}

	/** The run that an identifier is in, or -1. */
	private find(packetId: number): number {
		const runs = this._runs;
		for (let i = 0; i < this.count; i++) {
			if (packetId <= (runs[i]! & Run.LAST_MASK) && packetId >= runs[i]! >>> Run.FIRST_SHIFT) return i;
		}
		return -1;
	}

	/** Hot: no allocation. */
	has(packetId: number): boolean {
		return this.find(packetId) >= 0;
	}

	/** Whether the PUBLISH of an identifier that is there came on this connection. */
	isOfThisConnection(packetId: number): boolean {
		return this.find(packetId) >= this._older;
	}

	/** Whether an identifier that is not there would fit: there is room for a run, or it is the neighbour of one. */
	takes(packetId: number): boolean {
		if (this.count < this._runs.length) return true;
		for (let i = this._older; i < this.count; i++) {
			const run = this._runs[i]!;
			if ((run & Run.LAST_MASK) + 1 === packetId || (run >>> Run.FIRST_SHIFT) - 1 === packetId) return true;
		}
		return false;
	}

	/** Adds an identifier that is not there and that it takes. Hot: no allocation. */
	add(packetId: number): void {
		const runs = this._runs;
		const count = this.count;
		if (count === 0) {
			// Alone, as they mostly are.
			runs[0] = (packetId << Run.FIRST_SHIFT) | packetId;
			this.count = 1;
			return;
		}
		// The run that it follows, and the one in front of which it stands.
		let below = -1;
		let above = -1;
		for (let i = this._older; i < count; i++) {
			if ((runs[i]! & Run.LAST_MASK) + 1 === packetId) below = i;
			else if ((runs[i]! >>> Run.FIRST_SHIFT) - 1 === packetId) above = i;
		}
		if (below >= 0) {
			// One more is the last identifier of the run.
			runs[below]!++;
			if (above < 0) return;
			runs[below] = (runs[below]! & ~Run.LAST_MASK) | (runs[above]! & Run.LAST_MASK);
			this.drop(above);
		} else if (above >= 0) runs[above]! -= Run.FIRST_STEP;
		else {
			runs[count] = (packetId << Run.FIRST_SHIFT) | packetId;
			this.count = count + 1;
		}
	}

	/**
	 * Removes an identifier; harmless when it is not there. Hot: no allocation.
	 *
	 * out  false: it stands in the middle of a run, and there is no room for the two that would be left; nothing has changed.
	 *      That takes more identifiers than there are runs, which are released in another order than they came in.
	 */
	remove(packetId: number): boolean {
		const runs = this._runs;
		const only = (packetId << Run.FIRST_SHIFT) | packetId;
		if (this.count === 1 && runs[0] === only) {
			// Alone, as they mostly are.
			this.count = this._older = 0;
			return true;
		}
		const i = this.find(packetId);
		if (i < 0) return true;
		const run = runs[i]!;
		if (run === only) this.drop(i);
		else if (run >>> Run.FIRST_SHIFT === packetId) runs[i] = run + Run.FIRST_STEP;
		else if ((run & Run.LAST_MASK) === packetId) runs[i] = run - 1;
		else {
			if (this.count === this._runs.length) return false;
			runs[i] = (run & ~Run.LAST_MASK) | (packetId - 1);
			const rest = ((packetId + 1) << Run.FIRST_SHIFT) | (run & Run.LAST_MASK);
			if (i < this._older) {
				runs[this.count++] = runs[this._older]!;
				runs[this._older++] = rest;
			} else runs[this.count++] = rest;
		}
		return true;
	}

	/** Takes a run out: the last of its kind takes its place. */
	private drop(index: number): void {
		const runs = this._runs;
		if (index < this._older) {
			runs[index] = runs[--this._older]!;
			index = this._older;
		}
		runs[index] = runs[--this.count]!;
	}

	/** The server has sent the PUBLISH of an identifier that is there again: it is open on this connection, too. */
	renew(packetId: number): void {
		// Without room for what is left of its run it stays where it is: nobody is hurt by one that counts as older.
		if (this.isOfThisConnection(packetId) || this.count + 1 >= this._runs.length) return;
		this.remove(packetId);
		this.add(packetId);
	}

	/** Another connection of the session begins. */
	age(): void {
		this._older = this.count;
	}

	clear(): void {
		this.count = this._older = 0;
	}
}
