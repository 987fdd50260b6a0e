import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { matrixOf, sentenceOf, type Outcome } from "../../host-sim/proofs/conformance/matrix.js";
import { pageOf } from "../../host-sim/proofs/conformance/page.js";
import { readReport } from "../../host-sim/proofs/conformance/run-tests.js";
import { readSources, testsIn, versionsIn, type Sources } from "../../host-sim/proofs/conformance/sources.js";
import { readStatements } from "../../host-sim/proofs/conformance/statements.js";

// Goal: the matrix of statements and tests is whole, its page and the README say what is so, and its command finds what is
// missing or wrong.
// Method: the sources are read, nothing is run; the joining is given small matrices with one thing wrong in each.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VERSIONS = versionsIn(ROOT);

describe.each(VERSIONS)("MQTT %s", (version) => {
	const matrix = matrixOf(readSources(ROOT, version));

	it("has a test or a reason for every statement, and no test of what is none", () => {
		expect(matrix.problems).toEqual([]);
		expect(matrix.rows.length).toBeGreaterThan(100);
	});

	it("has its counts on the page about the tests", () => {
		expect(readFileSync(`${ROOT}test/README.md`, "utf8").replace(/\s+/g, " ")).toContain(sentenceOf(matrix));
	});
});

it("the page is up to date (npm run conformance -- --write)", () => {
	const page = `${ROOT}test/conformance/README.md`;
	expect(existsSync(page)).toBe(true);
	const expected = pageOf(VERSIONS.map((version) => matrixOf(readSources(ROOT, version))));
	expect(readFileSync(page, "utf8") === expected, "README.md is as it would be written now").toBe(true);
});

describe("statements", () => {
	const HEADER = "id,applies,level,summary,testable_as\n";

	it("are read with commas and quotes in them", () => {
		const csv = `${HEADER}MQTT-1.0.0-1,both,MUST,"a, ""b"" c",codec-decode\nX3-2.0-1,server-only,MAY,plain,interop\n`;
		expect(readStatements(csv)).toEqual([
			{ id: "MQTT-1.0.0-1", applies: "both", level: "MUST", summary: 'a, "b" c' },
			{ id: "X3-2.0-1", applies: "server-only", level: "MAY", summary: "plain" },
		]);
	});

	it("that cannot be read are an error", () => {
		expect(() => readStatements("id,summary\n")).toThrow("unexpected columns");
		expect(() => readStatements(`${HEADER}MQTT-1.0.0-1,both,MUST,too few\n`)).toThrow("not five columns");
		expect(() => readStatements(`${HEADER}${"MQTT-1.0.0-1,both,MUST,x,y\n".repeat(2)}`)).toThrow("twice");
	});
});

it("tests are found by the ids in their titles, not by those in comments", () => {
	// The ids are put together here, so that this file names none.
	const id = (number: number): string => `[${"MQTT"}-1.0.0-${number}]`;
	const text = [
		`describe.each(BROKERS)("group $name", () => {`,
		`	it("one %s and $name ${id(1)} ${id(2)}", () => {`,
		`	// it("not this ${id(3)}")`,
		`	])('two "quoted" ${id(4)}', () => {`,
		`});`,
		`it("without any", () => {`,
		`it("outside ${id(5)}", () => {`,
	].join("\n");
	expect(testsIn("1-0.test.ts", text)).toEqual([
		{ file: "1-0.test.ts", title: "group … one … and …", ids: ["MQTT-1.0.0-1", "MQTT-1.0.0-2"] },
		{ file: "1-0.test.ts", title: 'group … two "quoted"', ids: ["MQTT-1.0.0-4"] },
		{ file: "1-0.test.ts", title: "outside", ids: ["MQTT-1.0.0-5"] },
	]);
});

describe("the joining of statements and tests", () => {
	const A = { id: "MQTT-1.0.0-1", applies: "both", level: "MUST", summary: "a" };
	const B = { id: "MQTT-1.0.0-2", applies: "server-only", level: "MUST", summary: "b" };
	const TEST = { file: "1-0.test.ts", title: "does a", ids: [A.id] };

	function sourcesOf(more: Partial<Sources> = {}): Sources {
		return { version: "0", statements: [A, B], tests: [TEST], notTested: { [B.id]: "a server's" }, ...more };
	}

	function ranAs(...states: Outcome["state"][]): Outcome[] {
		return states.map((state) => ({ ids: [A.id], title: "does a", state }));
	}

	it("is content with a test that passed, or a reason", () => {
		const { rows, problems } = matrixOf(sourcesOf(), ranAs("passed", "skipped"));
		expect(rows.map(({ result, passed, skipped }) => [result, passed, skipped])).toEqual([
			["passed", 1, 1],
			["reason", 0, 0],
		]);
		expect(problems).toEqual([]);
	});

	it.each<[string, Partial<Sources>, Outcome[], string]>([
		["a statement without a test", { tests: [] }, [], "has neither a test nor a reason"],
		[
			"a test of what is no statement",
			{ tests: [TEST, { ...TEST, ids: ["MQTT-9.9.9-9"] }] },
			ranAs("passed"),
			"is no statement",
		],
		["a reason for what is no statement", { notTested: { [B.id]: "x", Y: "x" } }, ranAs("passed"), "is no statement"],
		["an empty reason", { notTested: { [B.id]: " " } }, ranAs("passed"), "has an empty reason"],
		["a reason beside a test", { notTested: { [A.id]: "x", [B.id]: "x" } }, ranAs("passed"), "has a test and a reason"],
		["a test that failed", {}, ranAs("passed", "failed"), "failed: does a"],
		["tests that were all skipped", {}, ranAs("skipped"), "has only tests that were skipped"],
		["a title that is no test", {}, [], "has not been run"],
	])("finds %s", (_what, more, outcomes, problem) => {
		expect(matrixOf(sourcesOf(more), outcomes).problems).toEqual([expect.stringContaining(problem)]);
	});

	it("takes what the test runner reports", () => {
		const test = (title: string, status: string) => ({ fullName: title, title, status });
		const file = (name: string, status: string, ...assertionResults: ReturnType<typeof test>[]) => ({
			...{ name: `/r/test/conformance/${name}`, status, message: "what\nand why", assertionResults },
		});
		const id = `[${A.id}]`;
		const run = readReport("/r", {
			testResults: [
				file("0/1-0.test.ts", "failed", test(`a ${id}`, "passed"), test("b", "failed"), test("c", "pending")),
				file("0/2-0.test.ts", "failed"),
				file("matrix.test.ts", "failed", test("the page", "failed")),
			],
		});
		expect(run).toEqual({
			outcomes: {
				"0": [
					{ ids: [A.id], title: `a ${id}`, state: "passed" },
					{ ids: [], title: "b", state: "failed" },
					{ ids: [], title: "c", state: "skipped" },
				],
			},
			problems: ["test/conformance/0/2-0.test.ts could not be run: what", "failed: the page"],
		});
	});
});
