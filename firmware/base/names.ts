/**
 * Throws TypeError when something in an object is no option, and says which was perhaps meant.
 *
 * in   given  the object
 *      names  all there are
 *      path   of the object: put before the name
 */
export function checkNames(given: object, names: readonly string[], path: string): void {
	for (const name in given) {
		if (names.includes(name)) continue;
		const guess = nearest(name, names);
		throw new TypeError(`${path}${name}: no such option${guess && `; did you mean ${path}${guess}?`}`);
	}
}

/** The name with most letters of a wrong one at its beginning and at its end, in capitals or not; "" without two thirds. */
function nearest(wrong: string, names: readonly string[]): string {
	const size = wrong.length;
	let best = "";
	let bestScore = -Infinity;
	for (let i = 0; i < names.length; i++) {
		const name = names[i]!;
		let head = 0;
		while (head < size && likeAt(wrong, head, name, head)) head++;
		let same = head;
		while (same < size && likeAt(wrong, size - 1 + head - same, name, name.length - 1 + head - same)) same++;
		const score = 2 * same - name.length;
		if (same > 1 && 3 * same >= 2 * size && score > bestScore) {
			best = name;
			bestScore = score;
		}
	}
	return best;
}

/** Whether two letters are the same, in capitals or not: what toLowerCase() would take tables for. */
function likeAt(a: string, i: number, b: string, j: number): boolean {
	return (a.charCodeAt(i) | 32) === (b.charCodeAt(j) | 32);
}
