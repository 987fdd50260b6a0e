/** The last step of `npm run build`: the modules of a device, from the compiled library. Nothing when they are up to date. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Exit, UsageError } from "../../terminal/exit.js";
import { runScript, scriptCommand } from "../../terminal/script.js";
import { compact, PASSES } from "./compact.js";

const PACKAGE = fileURLToPath(new URL("../../../../", import.meta.url));
const FROM = join(PACKAGE, "dist/firmware");
const TO = join(PACKAGE, "dist/device");

/** When a folder's modules were last written. */
function lastChange(folder: string): number {
	const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
	return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}

const { passes } = scriptCommand("build", "Compile, and make the modules of a device from the compiled library.")
	.option("--passes <names>", "only these passes, with commas between them: to see what one brings")
	.parse()
	.opts<{ passes?: string }>();

await runScript(async () => {
	const made = existsSync(join(TO, "index.js")) ? statSync(join(TO, "index.js")).mtimeMs : 0;
	const changed = Math.max(lastChange(FROM), lastChange(fileURLToPath(new URL(".", import.meta.url))));
	const names = passes?.split(",").filter(Boolean);
	const unknown = names?.find((name) => !(name in PASSES));
	if (unknown !== undefined)
		throw new UsageError(`--passes: there is no ${unknown}; ${Object.keys(PASSES).join(", ")}`);
	if (names !== undefined) await compact(FROM, TO, names);
	else if (made < changed) await compact(FROM, TO);
	return Exit.OK;
});
