import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../terminal/exit.js";
import { PACKAGE, runTool } from "./sdk.js";

/**
 * Packs this package as npm publishes it, and unpacks it as npm installs it, without what it depends on.
 *
 * in   folder  an empty one
 * out  folder of the unpacked package, in there
 *
 * Throws CliError with what npm or tar printed.
 */
export async function packInto(folder: string): Promise<string> {
	mkdirSync(folder, { recursive: true });
	// Compiled it is already; what is compiled now would be something else than what is checked.
	await runTool("npm", ["pack", PACKAGE, "--ignore-scripts", "--silent", "--pack-destination", folder], process.env);
	const file = readdirSync(folder).find((name) => name.endsWith(".tgz"));
	if (file === undefined) throw new CliError(`npm pack left nothing in ${folder}`);
	await runTool("tar", ["-xzf", join(folder, file), "-C", folder], process.env);
	const unpacked = join(folder, "xs-mqtt");
	renameSync(join(folder, "package"), unpacked);
	return unpacked;
}
