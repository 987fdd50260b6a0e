#!/usr/bin/env node
/** `npm run rooms`: draws the rooms of the repository and their imports; `-- --write` puts that into CONTRIBUTING.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Exit } from "../../terminal/exit.js";
import { packageRoot } from "../bench/measure.js";
import { runScript, scriptCommand } from "../../terminal/script.js";
import { HOUSES } from "./houses.js";
import { arrowsOf, drawHouse, faultsOfHouse } from "./rooms.js";

const { write } = scriptCommand("rooms", "Draw the rooms of the repository. Ends with 1 when an import leads up.")
	.option("--write", "put the drawing into CONTRIBUTING.md")
	.parse()
	.opts<{ write?: boolean }>();

/** The drawing stands between these in the page. */
const BEGIN = "<!-- rooms -->\n\n```text";
const END = "\n```\n\n<!-- /rooms -->";

await runScript(async () => {
	const root = packageRoot();
	const drawn = HOUSES.map((house) => drawHouse(house, arrowsOf(root, house))).join("\n\n");
	process.stdout.write(`${drawn}\n`);
	if (write) {
		const file = join(root, "CONTRIBUTING.md");
		const page = readFileSync(file, "utf8");
		const begin = page.indexOf(BEGIN) + BEGIN.length;
		writeFileSync(file, `${page.slice(0, begin)}\n${drawn}` + page.slice(page.indexOf(END, begin)));
	}
	const faults = HOUSES.flatMap((house) => faultsOfHouse(house, arrowsOf(root, house)));
	for (const fault of faults) process.stderr.write(`${fault}\n`);
	return faults.length > 0 ? Exit.FAILED : Exit.OK;
});
