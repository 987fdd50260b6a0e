import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Reporter, TestModule, TestSpecification, Vitest } from "vitest/node";
import { xsHostWarning } from "../../host-sim/stand-ins/xs/build.js";
import { bareWarning } from "./bare-check.js";
import { mosquittoMissing } from "./mosquitto-check.js";
import { nginxMissing } from "./nginx-check.js";
import { rabbitmqMissing } from "./rabbitmq.js";
import { skipLines, type Missing, type Skipped } from "./skips.js";
import { span } from "./span.js";
import { ejabberdMissing } from "./web-servers.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CACHE = `${ROOT}node_modules/.cache/xs-mqtt`;
/** How long the last run of all tests took here, in ms. */
const LAST_RUN = `${CACHE}/test-run.json`;

/**
 * Says before the first test how long the whole takes, and ends a run with what it took, what was skipped and why, and one
 * line of real counts that any tool can read: `N passed, N failed[, N skipped]`.
 */
export default class CountsReporter implements Reporter {
	#vitest: Vitest | undefined;
	#startMs = performance.now();

	onInit(vitest: Vitest): void {
		this.#vitest = vitest;
	}

	/** All tests are run, not some that were asked for. */
	get #whole(): boolean {
		// Not among the typings: what was asked for on the command line.
		const { filenamePattern = [] } = this.#vitest as unknown as { filenamePattern?: readonly string[] };
		return filenamePattern.length === 0 && this.#vitest?.config.testNamePattern === undefined;
	}

	onTestRunStart(files: readonly TestSpecification[]): void {
		this.#startMs = performance.now();
		if (!this.#whole) return;
		const lastMs = lastRunMs();
		const took = lastMs === undefined ? "this takes some minutes" : `the last time they took ${span(lastMs)} here`;
		process.stdout.write(`${files.length} files of tests; ${took}\n\n`);
	}

	async onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Promise<void> {
		const tookMs = performance.now() - this.#startMs;
		const { passed, failed, skipped } = countsOf(modules, unhandledErrors.length);
		if (this.#whole && failed === 0) keepRun(tookMs);
		const lines = skipLines(skippedOf(modules), await missing());
		const tail = skipped > 0 ? `, ${skipped} skipped` : "";
		const text = [
			`took ${span(tookMs)}`,
			...lines,
			...secondTries(modules),
			`${passed} passed, ${failed} failed${tail}`,
		].join("\n");
		// After the default reporter's own summary, which is written in the same hook.
		process.on("exit", () => process.stdout.write(`\n${text}\n`));
	}
}

/** What the tests have come to. A file that cannot be loaded has none, and must not count as none failed. */
function countsOf(
	modules: readonly TestModule[],
	unhandled: number,
): { passed: number; failed: number; skipped: number } {
	const counts = { passed: 0, failed: unhandled, skipped: 0 };
	for (const module of modules) {
		if (module.state() === "failed" && module.errors().length > 0) counts.failed++;
		for (const test of module.children.allTests()) {
			const state = test.result().state;
			counts[state === "passed" || state === "failed" ? state : "skipped"]++;
		}
	}
	return counts;
}

/** Tests that have passed at their second try: a line each, so that nobody takes them for sound. */
function secondTries(modules: readonly TestModule[]): string[] {
	return modules.flatMap((module) =>
		[...module.children.allTests()]
			.filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0 && test.result().state === "passed")
			.map((test) => `needed a second try: ${relative(ROOT, module.moduleId)}: ${test.fullName}`),
	);
}

function skippedOf(modules: readonly TestModule[]): Skipped[] {
	return modules.flatMap((module) => {
		const tests = [...module.children.allTests()];
		const count = tests.filter((test) => !["passed", "failed"].includes(test.result().state)).length;
		if (count === 0) return [];
		const file = relative(ROOT, module.moduleId);
		return [{ file, count, source: readFileSync(module.moduleId, "utf8") }];
	});
}

/** What tests need and this machine has not. */
async function missing(): Promise<Missing[]> {
	const warning = await xsHostWarning();
	const bare = await bareWarning();
	return [
		...(bare === undefined ? [] : [{ reason: bare, mark: /bareHostOrSkip/ }]),
		...(warning === undefined ? [] : [{ reason: warning, mark: /hostOrSkip|tryBuildXsHost/ }]),
		...(nginxMissing === undefined ? [] : [{ reason: nginxMissing, mark: /describeWithNginx/ }]),
		...(ejabberdMissing === undefined ? [] : [{ reason: ejabberdMissing, mark: /ejabberdMissing/ }]),
		...(rabbitmqMissing === undefined ? [] : [{ reason: rabbitmqMissing, mark: /rabbitmqMissing/ }]),
		...(mosquittoMissing === undefined ? [] : [{ reason: mosquittoMissing, mark: /mosquitto|brokerMissing/i }]),
	];
}

function lastRunMs(): number | undefined {
	try {
		return Number(readFileSync(LAST_RUN, "utf8")) || undefined;
	} catch {
		return undefined;
	}
}

function keepRun(ms: number): void {
	mkdirSync(CACHE, { recursive: true });
	writeFileSync(LAST_RUN, String(Math.round(ms)));
}
