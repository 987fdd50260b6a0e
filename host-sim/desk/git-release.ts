/** The git branch by which applications include this package: what npm publishes, compiled modules included. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../terminal/exit.js";
import { runTool } from "./sdk.js";

/** Its name, and what its tags begin with. */
export const BRANCH = "moddable";

/** Runs git, and returns what it printed. */
type Git = (args: readonly string[], environment?: NodeJS.ProcessEnv) => Promise<string>;

async function tipOf(git: Git, name: string): Promise<string | undefined> {
	try {
		return (await git(["rev-parse", "--verify", "--quiet", name])).trim();
	} catch (error) {
		if (error instanceof CliError) return undefined;
		throw error;
	}
}

/**
 * Makes a commit of a folder, and a tag, in a repository. Throws CliError when the tag exists, or git fails.
 *
 * in   repository  folder of the repository
 *      folder      what is to be in the commit
 *      version     e.g. "1.2.3"
 *      identity    options that say who it is by; git's own unless told
 * out  name of the tag
 */
export async function commitPackage(
	repository: string,
	folder: string,
	version: string,
	identity: readonly string[] = [],
): Promise<string> {
	const git: Git = (args, environment = process.env) =>
		runTool("git", ["-C", repository, ...identity, ...args], environment);
	const tag = `${BRANCH}-v${version}`;
	if ((await tipOf(git, `refs/tags/${tag}`)) !== undefined) {
		throw new CliError(`there is a tag ${tag}: raise the version in package.json first`);
	}
	const scratch = mkdtempSync(join(tmpdir(), "xs-mqtt-index-"));
	try {
		// An index of its own, so that the one of the work tree is not touched.
		const environment = { ...process.env, GIT_INDEX_FILE: join(scratch, "index"), GIT_WORK_TREE: folder };
		await git(["add", "--all", "--force", "."], environment);
		const tree = (await git(["write-tree"], environment)).trim();
		const parents = [await tipOf(git, `refs/heads/${BRANCH}`), await tipOf(git, "HEAD")];
		const args = parents.filter((parent) => parent !== undefined).flatMap((parent) => ["-p", parent]);
		const message = `${BRANCH}: ${version}, as npm publishes it`;
		const commit = (await git(["commit-tree", tree, ...args, "-m", message])).trim();
		await git(["update-ref", `refs/heads/${BRANCH}`, commit]);
		await git(["tag", "--annotate", tag, commit, "-m", message]);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
	return tag;
}
