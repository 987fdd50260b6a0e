// Goal: the end of a run says what was skipped and why, and `.ci/run` adds up what its commands say.
// Method: the lines for made-up results; the script with commands in the place of npm.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../readme/pages.js";
import { skipLines } from "../support/skips.js";
import { span } from "../support/span.js";

describe("skipLines", () => {
	const missing = [
		{ reason: "no compiler", mark: /hostOrSkip/ },
		{ reason: "no mosquitto", mark: /mosquitto/i },
	];

	it("says nothing when nothing was skipped", () => {
		expect(skipLines([], missing)).toEqual([]);
	});

	it("says for each reason how many tests of which files", () => {
		const lines = skipLines(
			[
				{ file: "test/xs/a.test.ts", count: 3, source: "await hostOrSkip()" },
				{ file: "test/broker/b.test.ts", count: 2, source: "describeWithMosquitto" },
				{ file: "test/xs/c.test.ts", count: 4, source: "hostOrSkip" },
				{ file: "test/cli/d.test.ts", count: 1, source: "it.runIf(false)" },
			],
			missing,
		);
		expect(lines).toEqual([
			"skipped 7: no compiler",
			"     3  test/xs/a.test.ts",
			"     4  test/xs/c.test.ts",
			"skipped 2: no mosquitto",
			"     2  test/broker/b.test.ts",
			"skipped 1: a condition of their own",
			"     1  test/cli/d.test.ts",
		]);
	});
});

it("span", () => {
	expect([span(900), span(59_400), span(61_000), span(600_000)]).toEqual(["1 s", "59 s", "1 min 1 s", "10 min 0 s"]);
});

describe(".ci/run", () => {
	let folder: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "xs-mqtt-ci-"));
		mkdirSync(join(folder, ".ci"));
		mkdirSync(join(folder, "bin"));
		cpSync(join(ROOT, ".ci/run"), join(folder, ".ci/run"));
		for (const tool of ["gcc", "mosquitto", "mosquitto_pub", "openssl", "qemu-system-riscv32"])
			program(tool, "cat >/dev/null");
		program("riscv64-unknown-elf-gcc", "echo /lib/picolibc.specs");
		for (const tool of ["apt-get", "sudo"]) program(tool, "exit 9");
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	function program(name: string, text: string): void {
		writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`);
		chmodSync(join(folder, "bin", name), 0o755);
	}

	/** Runs it with an npm that does this for `npm test`, and that for `npm run test:long`. */
	function run(test: string, long: string): { status: number | null; last: string | undefined } {
		program("npm", `case "$*" in ci) ;; test) ${test} ;; *test:long) ${long} ;; *) exit 9 ;; esac`);
		const environment = { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
		const { status, stdout } = spawnSync(join(folder, ".ci/run"), { env: environment, encoding: "utf8" });
		return { status, last: stdout.trimEnd().split("\n").at(-1) };
	}

	it.each([
		["echo 10 passed, 0 failed", "echo 3 passed, 0 failed", 0, "13 passed, 0 failed"],
		["echo 10 passed, 0 failed, 4 skipped", "echo 3 passed, 0 failed", 0, "13 passed, 0 failed, 4 skipped"],
		["echo 8 passed, 2 failed; exit 1", "echo 3 passed, 0 failed", 1, "11 passed, 2 failed"],
		["echo 10 passed, 0 failed", "echo 2 passed, 1 failed; exit 1", 1, "12 passed, 1 failed"],
		["echo lint is not pleased; exit 2", "echo 3 passed, 0 failed", 1, "3 passed, 1 failed"],
		["echo 10 passed, 0 failed; exit 1", "echo 3 passed, 0 failed", 1, "13 passed, 1 failed"],
		["echo 10 passed, 0 failed", "echo oops", 1, "10 passed, 1 failed"],
	])("adds up: %s; %s", (test, long, status, last) => {
		expect(run(test, long)).toEqual({ status, last });
	});
});
