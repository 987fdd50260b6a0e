/**
 * `npm run release:git`: puts what npm publishes, compiled modules included, on the branch `moddable` of this repository
 * and tags it `moddable-v<version>`, for applications that include a manifest by git. (The compiled modules are not on the
 * other branches.) Nothing is pushed; the work tree stays as it is.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError, Exit } from "../cli/exit.js";
import { BRANCH, commitPackage } from "./git-release.js";
import { packInto } from "./pack.js";
import { PACKAGE } from "./sdk.js";

async function release(): Promise<void> {
	const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string };
	const scratch = mkdtempSync(join(tmpdir(), "xs-mqtt-release-"));
	try {
		const tag = await commitPackage(PACKAGE, await packInto(scratch), version);
		process.stdout.write(`${tag} is made; to publish it: git push origin ${BRANCH} ${tag}\n`);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

try {
	await release();
} catch (error) {
	if (!(error instanceof CliError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = Exit.FAILED;
}
