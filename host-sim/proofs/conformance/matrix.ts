import type { NamedTest, Sources } from "./sources.js";
import { bindsClient, type Statement } from "./statements.js";

/** What became of one test when it was run. */
export interface Outcome {
	/** Ids in its title. */
	ids: string[];
	title: string;
	state: "passed" | "failed" | "skipped";
}

/** Where a statement stands. `untested`: there is a test, and it has not been run. */
export type Result = "passed" | "failed" | "skipped" | "untested" | "reason" | "missing";

/** A statement, its tests, and how they went. */
export interface Row {
	statement: Statement;
	tests: NamedTest[];
	/** How many runs of its tests passed, failed and were skipped. */
	passed: number;
	failed: number;
	skipped: number;
	/** Why it has no test. */
	reason: string | undefined;
	result: Result;
}

/** Every statement of a version, in the order of the standard, and what is wrong. */
export interface Matrix {
	version: string;
	rows: Row[];
	problems: string[];
}

/** How many statements stand where. */
export interface Counts {
	/** All, and those that bind a client. */
	all: number;
	client: number;
	tested: number;
	clientTested: number;
	reasons: number;
	clientReasons: number;
}

/**
 * Joins statements with their tests and, if the tests have been run, with what became of them.
 *
 * in   outcomes  of a run of all tests; undefined when there was none
 */
export function matrixOf(sources: Sources, outcomes?: readonly Outcome[]): Matrix {
	const rows = sources.statements.map((statement) => rowOf(statement, sources, outcomes));
	return { version: sources.version, rows, problems: problemsOf(sources, rows, outcomes) };
}

function rowOf(statement: Statement, { tests, notTested }: Sources, outcomes: readonly Outcome[] = []): Row {
	const own = outcomes.filter(({ ids }) => ids.includes(statement.id));
	const count = (state: Outcome["state"]): number => own.filter((outcome) => outcome.state === state).length;
	const row = {
		statement,
		tests: tests.filter(({ ids }) => ids.includes(statement.id)),
		passed: count("passed"),
		failed: count("failed"),
		skipped: count("skipped"),
		reason: notTested[statement.id],
	};
	return { ...row, result: resultOf(row) };
}

function resultOf(row: Omit<Row, "result">): Result {
	if (row.tests.length === 0) return row.reason === undefined ? "missing" : "reason";
	if (row.failed > 0) return "failed";
	if (row.passed > 0) return "passed";
	return row.skipped > 0 ? "skipped" : "untested";
}

/** Everything that keeps the matrix from being whole and true. */
function problemsOf(sources: Sources, rows: readonly Row[], outcomes: readonly Outcome[] | undefined): string[] {
	const known = new Set(sources.statements.map(({ id }) => id));
	const problems: string[] = [];
	for (const { file, title, ids } of sources.tests) {
		for (const id of ids) if (!known.has(id)) problems.push(`${id} is no statement, and is named in ${file}: ${title}`);
	}
	for (const [id, reason] of Object.entries(sources.notTested)) {
		if (!known.has(id)) problems.push(`${id} is no statement, and has a reason not to be tested`);
		if (reason.trim() === "") problems.push(`${id} has an empty reason not to be tested`);
	}
	for (const { statement, tests, reason, result } of rows) {
		if (result === "missing") problems.push(`${statement.id} has neither a test nor a reason: ${statement.summary}`);
		if (tests.length > 0 && reason !== undefined)
			problems.push(`${statement.id} has a test and a reason not to have one`);
		if (outcomes === undefined) continue;
		if (result === "untested") problems.push(`${statement.id} is named in a test that has not been run`);
		if (result === "skipped") problems.push(`${statement.id} has only tests that were skipped`);
	}
	for (const { state, title } of outcomes ?? []) if (state === "failed") problems.push(`failed: ${title}`);
	return problems;
}

/** Counts the rows of a matrix. */
export function countsOf({ rows }: Matrix): Counts {
	const client = rows.filter(({ statement }) => bindsClient(statement));
	const tested = (some: readonly Row[]): number => some.filter(({ tests }) => tests.length > 0).length;
	const reasons = (some: readonly Row[]): number => some.filter(({ result }) => result === "reason").length;
	return {
		all: rows.length,
		client: client.length,
		tested: tested(rows),
		clientTested: tested(client),
		reasons: reasons(rows),
		clientReasons: reasons(client),
	};
}

/** The counts in one sentence, as the page and the README have it. */
export function sentenceOf(matrix: Matrix): string {
	const { all, client, tested, clientTested, reasons, clientReasons } = countsOf(matrix);
	return (
		`MQTT ${matrix.version}: of ${client} statements that bind a client ${clientTested} have a test and ` +
		`${clientReasons} a reason why not; with those that bind only a server it is ${tested} and ${reasons} of ${all}.`
	);
}
