import { expect } from "vitest";

const GUARD_SIZE = 8;

/**
 * Lets an encoder write `size` bytes between guard bytes, twice with different ones, and checks that it wrote just
 * these: each of them, and no guard.
 *
 * out  what was written
 */
export function guarded(size: number, write: (bytes: Uint8Array, offset: number) => number): Uint8Array {
	const results = [0x5a, 0xa5].map((guard) => {
		const bytes = new Uint8Array(GUARD_SIZE + size + GUARD_SIZE).fill(guard);
		const end = write(bytes, GUARD_SIZE);
		expect(end - GUARD_SIZE).toBe(size);
		const guards = [...bytes.subarray(0, GUARD_SIZE), ...bytes.subarray(GUARD_SIZE + size)];
		expect(guards).toEqual(new Array(2 * GUARD_SIZE).fill(guard));
		return bytes.slice(GUARD_SIZE, GUARD_SIZE + size);
	});
	const [first, second] = results as [Uint8Array, Uint8Array];
	// A byte that was left out would still be the guard.
	expect(Buffer.compare(first, second)).toBe(0);
	return first;
}

/** Compares packets; a long one as a whole, because a diff of 2 MB helps nobody. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
	if (expected.length <= 512) expect(Buffer.from(actual).toString("hex")).toBe(Buffer.from(expected).toString("hex"));
	else expect(Buffer.compare(actual, expected)).toBe(0);
}
