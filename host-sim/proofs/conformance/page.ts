import { sentenceOf, type Matrix, type Row } from "./matrix.js";
import { bindsClient } from "./statements.js";

const HEAD = `# Conformance

<!-- Written by \`npm run conformance -- --write\`; a test says when it is out of date. -->

Every normative statement of the standard, in our words, and the tests that are named by it. \`npm run conformance\` runs them and
prints what became of each; these tests are part of \`npm test\` too. A statement that binds only a server is here for what a client has
to do with it. Ids that begin with X are ours, for rules that the standard states without a number.
`;

/** The page that shows the matrices of all versions. It does not depend on a run: whoever runs the tests sees their results. */
export function pageOf(matrices: readonly Matrix[]): string {
	return [HEAD, ...matrices.map(sectionOf)].join("\n");
}

function sectionOf(matrix: Matrix): string {
	const reasons = matrix.rows.filter(({ result }) => result === "reason");
	return [
		`## MQTT ${matrix.version}`,
		"",
		sentenceOf(matrix),
		"",
		...(reasons.length > 0
			? [
					"### Without a test",
					"",
					"| id | binds | statement | reason |",
					"| --- | --- | --- | --- |",
					...reasons.map((row) => line(row, cell(row.reason!))),
					"",
				]
			: []),
		"### With tests",
		"",
		"| id | binds | statement | tests |",
		"| --- | --- | --- | --- |",
		...matrix.rows.filter(({ tests }) => tests.length > 0).map((row) => line(row, testsOf(row, matrix.version))),
		"",
	].join("\n");
}

function line({ statement }: Row, last: string): string {
	const binds = bindsClient(statement) ? "client" : "server";
	return `| ${statement.id} | ${binds} | ${cell(`${statement.level}: ${statement.summary}`)} | ${last} |`;
}

/** The tests of a statement, by file. */
function testsOf({ tests }: Row, version: string): string {
	const files = [...new Set(tests.map(({ file }) => file))];
	return files
		.map((file) => {
			const titles = [...new Set(tests.filter((test) => test.file === file).map(({ title }) => cell(title)))];
			return `[${file.replace(".test.ts", "")}](${version}/${file}): ${titles.join("; ")}`;
		})
		.join("<br>");
}

function cell(text: string): string {
	return text.replace(/[|*_<>\\[\]]/g, "\\$&");
}
