/**
 * The rooms of this repository, which of them may look into which, and whether they do. A room is a folder; an import
 * leads down, to a room on a lower floor, or stays in its room. Types count as everything else does: whoever reads a file
 * has to know what it names.
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import ts from "typescript";

/** A house: a top-level folder, and its rooms from the roof down to the cellar; rooms in one line are on one floor. */
export interface House {
	readonly folder: string;
	readonly floors: readonly (readonly string[])[];
	/** Other houses that its rooms may look into; for each, which rooms of it. Absent: none. */
	readonly neighbours?: Readonly<Record<string, readonly string[]>>;
}

/** One room that imports from another, and in how many lines. */
export interface Arrow {
	readonly from: string;
	readonly to: string;
	readonly count: number;
	/** One of the files with such an import. */
	readonly example: string;
}

function sourceFiles(folder: string): string[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.d\.ts$/.test(entry.name))
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
}

/** The room of a file: the deepest of the house's rooms that it lies in; "" when it lies in none. */
export function roomOf(house: House, file: string): string {
	const folder = posix.dirname(file);
	const rooms = house.floors.flat().filter((room) => room === "." || folder === room || folder.startsWith(`${room}/`));
	// "." holds only what lies at the top.
	const fitting = rooms.filter((room) => room !== "." || folder === ".");
	return fitting.sort((a, b) => b.length - a.length)[0] ?? "";
}

/**
 * All imports between rooms of a house.
 *
 * in   root  folder of the repository
 */
export function arrowsOf(root: string, house: House): Arrow[] {
	const arrows = new Map<string, Arrow>();
	const base = join(root, house.folder);
	for (const path of sourceFiles(base)) {
		const file = relative(base, path).split(sep).join("/");
		const from = roomOf(house, file);
		for (const { fileName } of ts.preProcessFile(readFileSync(path, "utf8")).importedFiles) {
			if (!fileName.startsWith(".")) continue;
			const target = posix.normalize(posix.join(dirname(file), fileName));
			const to = target.startsWith("../") ? target : roomOf(house, target);
			if (to === from) continue;
			const name = target.startsWith("../") ? target.split("/").slice(0, 2).join("/") : to;
			const key = `${from} ${name}`;
			const known = arrows.get(key);
			arrows.set(key, { from, to: name, count: (known?.count ?? 0) + 1, example: known?.example ?? file });
		}
	}
	return [...arrows.values()];
}

function floorOf(house: House, room: string): number {
	return house.floors.findIndex((floor) => floor.includes(room));
}

/** What is wrong with the arrows of a house, in words; empty when each leads down. */
export function faultsOfHouse(house: House, arrows: readonly Arrow[]): string[] {
	const faults: string[] = [];
	for (const { from, to, example } of arrows) {
		const where = `${house.folder}/${example}`;
		if (from === "") faults.push(`${where} is in no room`);
		else if (to.startsWith("../")) {
			if (!(to.slice(3) in (house.neighbours ?? {})))
				faults.push(`${where}: ${house.folder} may not import from ${to}`);
		} else if (to === "") faults.push(`${where} imports from a folder that is no room`);
		else if (floorOf(house, to) < floorOf(house, from)) faults.push(`${where}: ${from} is below ${to}`);
		else if (floorOf(house, to) === floorOf(house, from)) faults.push(`${where}: ${from} is beside ${to}`);
	}
	return faults;
}

/** A house as text: its floors from the roof down, and behind each room those that it looks into. */
export function drawHouse(house: House, arrows: readonly Arrow[]): string {
	const rooms = house.floors.flat();
	const width = Math.max(...rooms.map((room) => room.length));
	const lines = [`${house.folder}/`];
	for (const floor of house.floors) {
		for (const room of floor) {
			const into = arrows.filter(({ from }) => from === room).map(({ to }) => to);
			into.sort((a, b) => floorOf(house, a) - floorOf(house, b) || (a < b ? -1 : 1));
			lines.push(`  ${room.padEnd(width)}  ${into.length > 0 ? `→ ${into.join(", ")}` : ""}`.trimEnd());
		}
	}
	return lines.join("\n");
}
