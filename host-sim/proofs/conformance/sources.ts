import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../manifest/json.js";
import { readStatements, type Statement } from "./statements.js";

/** A test as it stands in its file, before any of its values are put in. */
export interface NamedTest {
	/** Name of its file, without a folder. */
	file: string;
	/** Titles of its groups and its own, ids taken out; what differs between its runs is shown as `…`. */
	title: string;
	/** Statements that it names. */
	ids: string[];
}

/** All there is about one version of the standard, without running anything. */
export interface Sources {
	/** "3.1.1" */
	version: string;
	statements: Statement[];
	tests: NamedTest[];
	/** Why a statement has no test, by its id. */
	notTested: Readonly<Record<string, string>>;
}

/** Where the tests are, seen from the package. */
export const TESTS = "test/conformance";

/** An id as it stands in the title of a test. */
const ID = /\[((?:MQTT|X\d)-[\d.]+-\d+)\]/g;

/** A string literal on one line. */
const LITERAL = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

/** Statement ids in a title. */
export function idsIn(title: string): string[] {
	return Array.from(title.matchAll(ID), ([, id]) => id!);
}

/** Versions that have tests: the folders of TESTS that are named by one. */
export function versionsIn(root: string): string[] {
	const entries = readdirSync(join(root, TESTS), { withFileTypes: true });
	return entries.filter((entry) => entry.isDirectory() && /^\d/.test(entry.name)).map(({ name }) => name);
}

/**
 * Reads statements, tests and reasons of one version. Tests are found by their text: a string that holds an id in
 * brackets is the title of a test. Whoever runs the tests finds out whether that is so.
 *
 * in   root     folder of the package
 *      version  "3.1.1"
 */
export function readSources(root: string, version: string): Sources {
	const folder = join(root, TESTS, version);
	const reasons = join(folder, "not-tested.json");
	const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
	return {
		version,
		statements: readStatements(readFileSync(join(root, "test/vectors", `mqtt-${version}-client.csv`), "utf8")),
		tests: files.sort(byChapter).flatMap((file) => testsIn(file, readFileSync(join(folder, file), "utf8"))),
		notTested: existsSync(reasons) ? (parseJson(readFileSync(reasons, "utf8")) as Record<string, string>) : {},
	};
}

/** Titles with ids in the text of one file, each behind those of the groups that it stands in. */
export function testsIn(file: string, text: string): NamedTest[] {
	const tests: NamedTest[] = [];
	const groups: { indent: number; title: string }[] = [];
	for (const line of text.split("\n")) {
		if (/^\s*(\/\/|\*)/.test(line)) continue;
		const indent = /^\t*/.exec(line)![0].length;
		// A group ends where its line's indentation comes again.
		if (groups.length > 0 && indent <= groups.at(-1)!.indent && line.trim() !== "") groups.pop();
		const titles = (line.match(LITERAL) ?? []).map((literal) => literal.slice(1, -1).replace(/\\(.)/g, "$1"));
		if (/^\t*describe/.test(line)) groups.push({ indent, title: titles.at(-1) ?? "" });
		for (const title of titles) {
			const ids = idsIn(title);
			if (ids.length === 0) continue;
			const whole = [...groups.map((group) => group.title), title].join(" ");
			tests.push({ file, title: plain(whole), ids });
		}
	}
	return tests;
}

/** A title as people read it. */
function plain(title: string): string {
	const words = title.replace(ID, "").replace(/%[sdifjoO#]|\$\{[^}]*\}|\$[a-zA-Z.]+/g, "…");
	return words.replace(/\s+/g, " ").trim();
}

/** Files by the numbers of their chapters: 3-2 before 3-10. */
function byChapter(a: string, b: string): number {
	return a.localeCompare(b, "en", { numeric: true });
}
