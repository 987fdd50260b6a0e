import { textOf } from "./pages.js";

/**
 * Whether a figure on a page is not any more what is measured; also when the page has none.
 *
 * in   part  it may be off by one part of so many
 */
export function isStale(shown: number, measured: number, part = 20): boolean {
	return !(Math.abs(shown - measured) <= Math.max(measured / part, 5));
}

/** Rows of the table of a page whose first column has this heading: the cells, without the head. */
export function figuresOf(page: string, heading: string): string[][] {
	const lines = textOf(page).split("\n");
	const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
	if (start < 0) throw new Error(`${page} has no table of ${heading}`);
	const rest = lines.slice(start + 2);
	const length = rest.findIndex((line) => !line.startsWith("|"));
	return rest.slice(0, length).map((line) =>
		line
			.split("|")
			.slice(1, -1)
			.map((cell) => cell.trim()),
	);
}
