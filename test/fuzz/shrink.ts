import { Features } from "./features.js";
import { kindOf, type Target } from "./target.js";

/** Runs that shrinking may take. */
const TRIES_MAX = 5_000;

/** Makes an input shorter and plainer for as long as it shows a finding of the same kind. */
export function shrink(target: Target, input: Uint8Array, what: string): Uint8Array {
	const kind = kindOf(what);
	const features = new Features();
	let tries = 0;
	const shows = (candidate: Uint8Array): boolean => {
		tries++;
		const found = target.run(candidate, features);
		return found !== undefined && kindOf(found) === kind;
	};
	// A finding that depends on what was run before cannot be shrunk.
	if (!shows(input)) return input;
	let before: Uint8Array;
	do {
		before = input;
		for (let size = input.length >> 1; size > 0; size >>= 1) {
			for (let at = 0; at + size <= input.length && tries < TRIES_MAX;) {
				const shorter = without(input, at, size);
				if (shows(shorter)) input = shorter;
				else at += size;
			}
		}
		for (let at = 0; at < input.length && tries < TRIES_MAX; at++) {
			if (input[at] === 0) continue;
			const plainer = input.slice();
			plainer[at] = 0;
			if (shows(plainer)) input = plainer;
		}
	} while (input !== before && tries < TRIES_MAX);
	return input;
}

function without(input: Uint8Array, at: number, size: number): Uint8Array {
	const shorter = new Uint8Array(input.length - size);
	shorter.set(input.subarray(0, at));
	shorter.set(input.subarray(at + size), at);
	return shorter;
}
