import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import type { Outcome } from "./matrix.js";
import { idsIn, TESTS } from "./sources.js";

/** What a run of the tests of all versions has led to. */
export interface Run {
	/** By version. */
	outcomes: Readonly<Record<string, Outcome[]>>;
	/** Files that could not be run at all, and failed tests that belong to no version. */
	problems: string[];
}

/** As far as the JSON reporter of vitest is looked at. */
interface Report {
	testResults: {
		name: string;
		status: string;
		message: string;
		assertionResults: { fullName: string; title: string; status: string }[];
	}[];
}

/** Runs the conformance tests. Throws when the test runner leaves no report. */
export function runTests(root: string): Run {
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-conformance-"));
	try {
		const file = join(folder, "report.json");
		const vitest = join(root, "node_modules/vitest/vitest.mjs");
		const options = ["run", TESTS, "--reporter=json", `--outputFile=${file}`];
		spawnSync(process.execPath, [vitest, ...options], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
		return readReport(root, JSON.parse(readFileSync(file, "utf8")) as Report);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Takes apart what the test runner has written. */
export function readReport(root: string, report: Report): Run {
	const outcomes: Record<string, Outcome[]> = {};
	const problems: string[] = [];
	for (const { name, status, message, assertionResults } of report.testResults) {
		const [version, file] = relative(join(root, TESTS), name).split(sep);
		if (status === "failed" && assertionResults.every((test) => test.status !== "failed")) {
			problems.push(`${relative(root, name)} could not be run: ${message.split("\n")[0]}`);
		}
		for (const test of assertionResults) {
			const state = stateOf(test.status);
			const ids = idsIn(test.fullName);
			if (file !== undefined) (outcomes[version!] ??= []).push({ ids, title: test.fullName, state });
			else if (state === "failed") problems.push(`failed: ${test.fullName}`);
		}
	}
	return { outcomes, problems };
}

function stateOf(status: string): Outcome["state"] {
	return status === "passed" || status === "failed" ? status : "skipped";
}
