import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import type { Defect } from "./defect.js";

/** What the tests need of the tree. */
const PARTS = ["firmware", "host-sim", "test", "manifests", "package.json", "vitest.config.ts", "README.md"];
const CONFIGS = ["tsconfig.json", "tsconfig.base.json"];

/** No test of a run of a few files needs so long, unless the client hangs. */
const TIMEOUT_MS = 90_000;

/** How a run of tests ended. */
export interface Outcome {
	/** The first test that failed, as `file > name`; undefined when all passed. */
	readonly failed: string | undefined;
	readonly tests: number;
}

/** The parts of vitest's report that are looked at. */
interface Report {
	numTotalTests: number;
	testResults: {
		name: string;
		status: string;
		message: string;
		assertionResults: { fullName: string; status: string }[];
	}[];
}

/** A copy of the tree in a folder of its own, in which one file at a time is spoilt. */
export class Tree {
	readonly folder = mkdtempSync(join(tmpdir(), "xs-mqtt-mutation-"));

	/** in  root  the package's folder */
	constructor(root: string) {
		for (const part of [...PARTS, ...CONFIGS]) cpSync(join(root, part), join(this.folder, part), { recursive: true });
		symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
	}

	remove(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}

	/** Runs tests with the defect in place, up to the first that fails. Throws when the defect's text is not there once. */
	async runWith(defect: Defect, tests: readonly string[], signal: AbortSignal): Promise<Outcome> {
		const path = join(this.folder, "firmware", defect.file);
		const text = readFileSync(path, "utf8");
		const parts = text.split(defect.find);
		if (parts.length !== 2)
			throw new Error(`${defect.name}: its text stands ${parts.length - 1} times in ${defect.file}`);
		writeFileSync(path, parts.join(defect.replace));
		try {
			return await this.run(tests, signal);
		} finally {
			writeFileSync(path, text);
		}
	}

	/**
	 * Runs test files.
	 *
	 * in   tests  what their paths start with, below `test/`
	 */
	async run(tests: readonly string[], signal: AbortSignal): Promise<Outcome> {
		const report = join(this.folder, "report.json");
		rmSync(report, { force: true });
		const paths = tests.map((name) => `test/${name}`);
		const args = [
			"vitest",
			"run",
			"--bail",
			"1",
			"--reporter=json",
			`--outputFile=${report}`,
			"--maxWorkers=1",
			...paths,
		];
		const timeout = AbortSignal.timeout(TIMEOUT_MS);
		const code = await execute("npx", args, this.folder, AbortSignal.any([signal, timeout]));
		if (signal.aborted) throw new Error("ended");
		if (timeout.aborted) return { failed: `no test: they took more than ${TIMEOUT_MS / 1_000} s`, tests: 0 };
		return read(report, this.folder, code);
	}
}

function execute(command: string, args: string[], cwd: string, signal: AbortSignal): Promise<number> {
	return new Promise((resolve, reject) => {
		// In a group of its own, so that its workers end with it.
		const child = spawn(command, args, { cwd, stdio: "ignore", detached: true });
		const kill = (): void => {
			if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
		};
		signal.addEventListener("abort", kill);
		child.on("error", reject);
		child.on("close", (code) => {
			signal.removeEventListener("abort", kill);
			resolve(code ?? -1);
		});
	});
}

function read(file: string, folder: string, code: number): Outcome {
	let report: Report;
	try {
		report = JSON.parse(readFileSync(file, "utf8")) as Report;
	} catch {
		return { failed: `no test: the run ended with ${code}`, tests: 0 };
	}
	for (const { name, status, message, assertionResults } of report.testResults) {
		const short = name.replace(`${folder}/test/`, "");
		const first = assertionResults.find((result) => result.status === "failed");
		if (first) return { failed: `${short} > ${first.fullName}`, tests: report.numTotalTests };
		if (status === "failed") return { failed: `${short}: ${message.split("\n")[0]}`, tests: report.numTotalTests };
	}
	return { failed: code === 0 ? undefined : `no test: the run ended with ${code}`, tests: report.numTotalTests };
}
