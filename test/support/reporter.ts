import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one line of real counts that any tool can read: `N passed, N failed[, N skipped]`. */
export default class CountsReporter implements Reporter {
	onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
		let passed = 0;
		let failed = unhandledErrors.length;
		let skipped = 0;
		for (const module of modules) {
			// A file that cannot be loaded has no tests, and must not count as none failed.
			if (module.state() === "failed" && module.errors().length > 0) failed++;
			for (const test of module.children.allTests()) {
				const state = test.result().state;
				if (state === "passed") passed++;
				else if (state === "failed") failed++;
				else skipped++;
			}
		}
		const tail = skipped > 0 ? `, ${skipped} skipped` : "";
		// After the default reporter's own summary, which is written in the same hook.
		process.on("exit", () => process.stdout.write(`\n${passed} passed, ${failed} failed${tail}\n`));
	}
}
