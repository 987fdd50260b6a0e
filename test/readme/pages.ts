import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** This repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Every page for people. */
export const PAGES = [
	"README.md",
	"CONTRIBUTING.md",
	"CHANGELOG.md",
	"SECURITY.md",
	"firmware/README.md",
	"firmware/FIGURES.md",
	"firmware/VERSIONS.md",
	"test/README.md",
	"manifests/README.md",
	"manifests/mqttclient.md",
	"manifests/recipes.md",
	"manifests/tls.md",
	"manifests/websocket.md",
	"firmware/client/README.md",
	"firmware/app/README.md",
	"host-sim/README.md",
	"test/conformance/README.md",
] as const;

/** The text of a page. */
export function textOf(page: string): string {
	return readFileSync(join(ROOT, page), "utf8");
}

/** What stands in its fenced blocks of one language. */
export function blocksOf(page: string, language: string): string[] {
	return [...textOf(page).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
		.filter(([, found]) => found === language)
		.map(([, , code]) => code ?? "");
}

/** Rows of the tables below a heading, up to the next one of any rank: the cells, without marks of code. */
export function rowsOf(page: string, heading: string): string[][] {
	const lines = textOf(page).split("\n");
	const start = lines.findIndex((line) => line.startsWith("#") && line.replaceAll(/^#+ |`/g, "") === heading);
	if (start < 0) throw new Error(`${page} has no heading ${heading}`);
	const length = lines.slice(start + 1).findIndex((line) => line.startsWith("#"));
	const section = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
	return section
		.filter((line) => line.startsWith("| `") || line.startsWith("| ["))
		.map((line) =>
			line
				.split("|")
				.slice(1, -1)
				.map((cell) => cell.trim().replaceAll("`", "")),
		);
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(page: string): string[] {
	const headings = textOf(page)
		.replaceAll(/^```[\s\S]*?^```$/gm, "")
		.split("\n")
		.filter((line) => /^#+ /.test(line));
	return headings.map((line) =>
		line
			.replace(/^#+ /, "")
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N} _-]/gu, "")
			.replaceAll(" ", "-"),
	);
}

/** Why a page's link leads nowhere; undefined when it leads somewhere, or out of this repository. */
export function brokenLink(page: string, link: string): string | undefined {
	if (/^https?:/.test(link)) return undefined;
	const [path = "", anchor] = link.split("#");
	const file = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
	if (!existsSync(file)) return `${page}: ${link}: there is no ${file}`;
	if (anchor === undefined || statSync(file).isDirectory()) return undefined;
	const target = file.slice(ROOT.length);
	return anchorsOf(target).includes(anchor) ? undefined : `${page}: ${link}: no such heading in ${target}`;
}
