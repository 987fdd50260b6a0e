/**
 * The identifiers that the program has given to its publishes, by those that their packets have. Mostly one is on its way,
 * which stands in fields of its own. Hot: no allocation once as many were on their way before.
 */
export class GivenIds {
	/** Identifier of the packet; 0 when there is none. */
	private _packetId = 0;
	private _given = 0;
	/** Of the others: likewise, at the same index. */
	private readonly _packetIds: number[] = [];
	private readonly _givens: number[] = [];

	add(packetId: number, given: number): void {
		if (!this._packetId) {
			this._packetId = packetId;
			this._given = given;
			return;
		}
		const free = this._packetIds.indexOf(0);
		const at = free < 0 ? this._packetIds.length : free;
		this._packetIds[at] = packetId;
		this._givens[at] = given;
	}

	/**
	 * The identifier that the program gave to a publish; the packet's own when it gave none.
	 *
	 * in   last  it is not asked for again
	 */
	find(packetId: number, last: boolean): number {
		if (packetId === this._packetId) {
			if (last) this._packetId = 0;
			return this._given;
		}
		const at = this._packetIds.indexOf(packetId);
		if (at < 0 || packetId === 0) return packetId;
		if (last) this._packetIds[at] = 0;
		return this._givens[at]!;
	}
}
