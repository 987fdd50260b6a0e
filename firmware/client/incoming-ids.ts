// Read MQTT 3.1.1 §4.3.3 before changing this file.
import { incomingTableSize, type Arena } from "./arena.js";

/**
 * The packet identifiers of incoming QoS 2 messages between PUBLISH and PUBREL: what makes "exactly once" hold. They
 * are part of the session and outlive a connection.
 *
 * A hash table of fixed size with linear probing: servers count identifiers up, so that the low bits spread them well.
 * Hot: no allocation.
 */
export class IncomingIds {
	/** 0 is free: it is not an identifier [MQTT-2.3.1-1]. */
	private readonly _ids: Uint16Array;
	private readonly _mask: number;
	private readonly _max: number;
	count = 0;

	/** in  max  how many are kept at most, 1 … 65535 */
	constructor(arena: Arena, max: number) {
		const size = incomingTableSize(max);
		this._ids = new Uint16Array(arena.buffer, arena.take(2 * size), size);
		this._mask = size - 1;
		this._max = max;
	}

	/** Hot: no allocation. */
	has(packetId: number): boolean {
		const ids = this._ids;
		const mask = this._mask;
		// Ends at a free entry: the table is at most half full.
		for (let i = packetId & mask; ; i = (i + 1) & mask) {
			const id = ids[i];
			if (id === packetId) return true;
			if (id === 0) return false;
		}
	}

	/** Whether one more would fit. */
	get full(): boolean {
		return this.count === this._max;
	}

	/** Adds an identifier that is not there yet, while not full. Hot: no allocation. */
	add(packetId: number): void {
		const ids = this._ids;
		const mask = this._mask;
		let i = packetId & mask;
		while (ids[i] !== 0) i = (i + 1) & mask;
		ids[i] = packetId;
		this.count++;
	}

	/** Removes an identifier; harmless when it is not there. Hot: no allocation. */
	remove(packetId: number): void {
		const ids = this._ids;
		const mask = this._mask;
		let hole = packetId & mask;
		if (ids[hole] === packetId && ids[(hole + 1) & mask] === 0) {
			// Alone in its place, as they mostly are.
			ids[hole] = 0;
			this.count--;
			return;
		}
		while (ids[hole] !== packetId) {
			if (ids[hole] === 0) return;
			hole = (hole + 1) & mask;
		}
		this.count--;
		// Whatever was pushed past its place by the one that goes moves up, so that no search ends early.
		for (let i = (hole + 1) & mask; ids[i] !== 0; i = (i + 1) & mask) {
			const home = ids[i]! & mask;
			if (((i - home) & mask) >= ((i - hole) & mask)) {
				ids[hole] = ids[i]!;
				hole = i;
			}
		}
		ids[hole] = 0;
	}

	clear(): void {
		this._ids.fill(0);
		this.count = 0;
	}
}
