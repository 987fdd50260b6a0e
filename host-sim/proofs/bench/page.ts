/** Tables of figures that stand on a page and are written there by the command that measures them. */
import { readFileSync, writeFileSync } from "node:fs";

/** Cells of one line of a Markdown table. */
function cellsOf(line: string): string[] {
	return line
		.split("|")
		.slice(1, -1)
		.map((cell) => cell.trim());
}

/**
 * Puts a table in the place of the one on a page whose first column has the same heading. The last column of the old one,
 * which only some can measure, is kept when the new one is without it.
 *
 * Throws Error when there is no such table.
 */
export function withTable(page: string, table: string): string {
	const lines = page.split("\n");
	const fresh = table.split("\n");
	const head = cellsOf(fresh[0] ?? "");
	const start = lines.findIndex((line) => line.startsWith("| ") && cellsOf(line)[0] === head[0]);
	if (start < 0) throw new Error(`the page has no table of ${head[0]}`);
	let end = start;
	while (lines[end]?.startsWith("|")) end++;
	const old = new Map(lines.slice(start, end).map((line) => [cellsOf(line)[0], cellsOf(line)]));
	const isShort = old.get(head[0])!.length === head.length + 1;
	const kept = isShort ? fresh.map((line) => `${line} ${old.get(cellsOf(line)[0])?.at(-1) ?? ""} |`) : fresh;
	return [...lines.slice(0, start), ...kept, ...lines.slice(end)].join("\n");
}

/** Puts lines in the place of those on a page that begin alike, up to the first colon. Throws Error when one is not there. */
export function withLines(page: string, fresh: readonly string[]): string {
	const lines = page.split("\n");
	for (const line of fresh) {
		const start = line.slice(0, line.indexOf(":") + 1);
		const index = lines.findIndex((each) => each.startsWith(start));
		if (index < 0) throw new Error(`the page has no line that begins with "${start}"`);
		lines[index] = line;
	}
	return lines.join("\n");
}

/** Changes a page of this repository. */
export function rewrite(file: string, change: (page: string) => string): void {
	writeFileSync(file, change(readFileSync(file, "utf8")));
}
