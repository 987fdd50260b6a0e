#!/usr/bin/env node
/**
 * `npm run conformance`: runs the conformance tests and prints, for every statement of the standard, what became of its
 * tests. Exits with 1 when a statement has neither test nor reason, when a test fails or names what is no statement, and
 * when the page is out of date. `--write` writes the page first.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { runScript, scriptCommand } from "../../terminal/script.js";
import { Exit } from "../../terminal/exit.js";
import { matrixOf, sentenceOf, type Matrix, type Row } from "./matrix.js";
import { pageOf } from "./page.js";
import { runTests } from "./run-tests.js";
import { readSources, TESTS, versionsIn } from "./sources.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PAGE = join(ROOT, TESTS, "README.md");

interface Options {
	write?: true;
	protocol?: string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A statement on one line: id, result, how many runs, the files of its tests, and its summary. */
function lineOf(row: Row): string {
	const { statement, tests, passed, failed, skipped, result, reason } = row;
	const files = [...new Set(tests.map(({ file }) => file.replace(".test.ts", "")))].join(", ");
	const runs = passed + failed + skipped;
	const how = result === "passed" && skipped > 0 ? `passed, ${skipped} skipped` : result;
	const what = reason === undefined ? statement.summary : `${statement.summary} (${reason})`;
	return `${statement.id.padEnd(16)} ${how.padEnd(8)} ${String(runs).padStart(3)}  ${files.padEnd(24)}  ${what}`;
}

function print({ rows }: Matrix): void {
	say(`${"statement".padEnd(16)} ${"result".padEnd(8)} runs ${"tests".padEnd(24)}  what it says`);
	for (const row of rows) say(lineOf(row));
	say("");
}

function check({ write, protocol }: Options, versions: readonly string[]): number {
	const sources = versions.map((version) => readSources(ROOT, version));
	const page = pageOf(sources.map((each) => matrixOf(each)));
	if (write) writeFileSync(PAGE, page);
	const run = runTests(ROOT);
	const problems = [...run.problems];
	for (const each of sources.filter(({ version }) => version === (protocol ?? version))) {
		const matrix = matrixOf(each, run.outcomes[each.version] ?? []);
		print(matrix);
		say(sentenceOf(matrix));
		problems.push(...matrix.problems);
	}
	if (!existsSync(PAGE) || readFileSync(PAGE, "utf8") !== page) {
		problems.push(`${TESTS}/README.md is out of date: npm run conformance -- --write`);
	}
	say("");
	for (const problem of problems) say(problem);
	say(problems.length === 0 ? "all well" : `${problems.length} wrong`);
	return problems.length === 0 ? Exit.OK : Exit.FAILED;
}

const VERSIONS = versionsIn(ROOT);
const command = scriptCommand(
	"conformance",
	"Run the conformance tests, and print what became of each statement of the standard.",
)
	.option("--write", "write the page that shows them first")
	.addOption(new Option("--protocol <version>", "only this version").choices(VERSIONS))
	.parse();

await runScript(async () => check(command.opts<Options>(), VERSIONS));
