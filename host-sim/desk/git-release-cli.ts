/**
 * `npm run release:git`: puts what npm publishes, compiled modules included, on the branch `moddable` of this repository
 * and tags it `moddable-v<version>`, for applications that include a manifest by git. (The compiled modules are not on the
 * other branches.) Nothing is pushed; the work tree stays as it is.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScript, scriptCommand } from "../terminal/script.js";
import { Exit } from "../terminal/exit.js";
import { BRANCH, commitPackage } from "./git-release.js";
import { packInto } from "./pack.js";
import { PACKAGE } from "./sdk.js";

scriptCommand(
	"release:git",
	"Put what npm publishes on the branch `moddable` of this repository, and tag it with the version. Nothing is pushed.",
).parse();

await runScript(async () => {
	const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string };
	const scratch = mkdtempSync(join(tmpdir(), "xs-mqtt-release-"));
	try {
		const tag = await commitPackage(PACKAGE, await packInto(scratch), version);
		process.stdout.write(`${tag} is made; to publish it: git push origin ${BRANCH} ${tag}\n`);
		return Exit.OK;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
});
