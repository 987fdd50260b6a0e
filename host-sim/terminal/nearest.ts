/** The name that is spelled most like a wrong one; undefined when none is close. */
export function nearest(wrong: string, names: readonly string[]): string | undefined {
	const wanted = wrong.toLowerCase();
	let best: string | undefined;
	let bestDistance = Math.floor(wrong.length / 3) + 1;
	for (const name of names) {
		const distance = editDistance(wanted, name.toLowerCase());
		if (distance < bestDistance) [best, bestDistance] = [name, distance];
	}
	return best;
}

/** How many letters have to be changed, added or left out. */
function editDistance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, column) => column);
	for (let i = 0; i < a.length; i++) {
		const next = [i + 1];
		for (let j = 0; j < b.length; j++) {
			const swapped = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
			next.push(Math.min(swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}
