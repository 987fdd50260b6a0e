import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * Makes a folder with files for one test; it is gone when the test is over.
 *
 * in   files  by path within the folder; what is not a string is written as JSON
 * out  the folder's real path
 */
export function folderWith(files: Readonly<Record<string, unknown>>): string {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "xs-mqtt-test-")));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
	}
	return folder;
}
