/** The last step of `npm run build`: the modules of a device, from the compiled library. Nothing when they are up to date. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compact } from "./compact.js";

const PACKAGE = fileURLToPath(new URL("../../../../", import.meta.url));
const FROM = join(PACKAGE, "dist/firmware");
const TO = join(PACKAGE, "dist/device");

/** When a folder's modules were last written. */
function lastChange(folder: string): number {
	const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
	return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}

const passes = process.argv[2];
const made = existsSync(join(TO, "index.js")) ? statSync(join(TO, "index.js")).mtimeMs : 0;
const changed = Math.max(lastChange(FROM), lastChange(fileURLToPath(new URL(".", import.meta.url))));
// To see what a pass brings: the names of those that are wanted, with commas.
if (passes !== undefined) await compact(FROM, TO, passes.split(",").filter(Boolean));
else if (made < changed) await compact(FROM, TO);
