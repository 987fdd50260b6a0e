// Goal: what the pages say of options, sizes, counters and codes is what the code says, and their links lead somewhere.
// Method: every table that could drift is read and compared with the object that it is about.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Counter, Layer, LIMITS, Problem, Reason, Status, type LimitName } from "../../firmware/index.js";
import { runCli } from "../../host-sim/commands/program.js";
import { registerRun } from "../../host-sim/commands/run.js";
import { registerTorture } from "../../host-sim/commands/torture.js";
import { configSchema } from "../../host-sim/manifest/schema.js";
import { blocksOf, brokenLink, PAGES, ROOT, rowsOf, textOf } from "./pages.js";

const SIZES = "firmware/client/README.md";
const number = (value: number): string => value.toLocaleString("en");

/** What a command prints. */
async function printed(...args: string[]): Promise<string> {
	let text = "";
	const io = { out: (part: string) => void (text += part), err: (part: string) => void (text += part) };
	const silent = io as unknown as Parameters<typeof runCli>[1];
	await runCli(args, silent, "0.0.0", (program) => {
		registerRun(program, silent);
		registerTorture(program, silent);
	});
	return text;
}

describe("the pages", () => {
	it.each(PAGES)("%s: every link leads to a file and a heading of this repository", (page) => {
		const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "");
		expect(links.map((link) => brokenLink(page, link)).filter(Boolean)).toEqual([]);
	});

	it.each(PAGES)("%s: every script that it names is there", (page) => {
		const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8")) as { scripts: Record<string, string> };
		const named = [...textOf(page).matchAll(/npm run ([a-z][a-z0-9:]*)/g)].map(([, name]) => name ?? "");
		expect(named.filter((name) => !(name in scripts))).toEqual([]);
	});

	it("are all linked from the top README", () => {
		for (const page of PAGES.slice(1)) expect(textOf("README.md")).toContain(`](${page})`);
	});

	it.each(PAGES)("%s: every JSON block is JSON", (page) => {
		for (const block of blocksOf(page, "json")) expect(() => void JSON.parse(block), block).not.toThrow();
	});
});

describe("the page on sizes", () => {
	it("has every numeric option with its default and range", () => {
		const rows = [...rowsOf(SIZES, "Sizes"), ...rowsOf(SIZES, "Times")];
		const names = Object.keys(LIMITS).filter((name) => name !== "port");
		expect(rows.map(([name]) => name).sort()).toEqual(names.sort());
		for (const [name, initial, min, max] of rows) {
			const limit = LIMITS[name as LimitName];
			expect([name, initial, min, max]).toEqual([name, number(limit.initial), number(limit.min), number(limit.max)]);
		}
	});

	it("has every other option of config.mqtt", () => {
		const { properties } = configSchema() as { properties: Record<string, { default?: unknown }> };
		const rows = rowsOf(SIZES, "Other options");
		const named = rows.flatMap(([names = ""]) => names.split(", "));
		const others = Object.keys(properties).filter((name) => name === "port" || !(name in LIMITS));
		for (const name of others) expect(named).toContain(name);
		for (const [name = "", initial = ""] of rows) {
			const value = properties[name]?.default;
			if (value === undefined || name === "will") continue;
			expect([name, initial]).toEqual([name, typeof value === "number" ? number(value) : JSON.stringify(value)]);
		}
	});

	it("has every counter", () => {
		expect(rowsOf(SIZES, "Counters").map(([name]) => name)).toEqual(Object.keys(Counter));
	});

	it.each([
		["Statuses", Status],
		["Reasons", Reason],
		["Problems", Problem],
	])("%s: has every one with its value", (heading, codes) => {
		const rows = rowsOf(SIZES, heading).map(([name, value]) => [name, Number(value)]);
		expect(Object.fromEntries(rows)).toEqual(codes);
	});

	it("has every layer with its value", () => {
		for (const [name, value] of Object.entries(Layer)) expect(textOf(SIZES)).toContain(`\`${name}\` ${value}`);
	});

	it("quotes what `xs-mqtt sizes` prints", async () => {
		const [, table] = (await printed("sizes")).split("\n\n");
		expect(blocksOf(SIZES, "text")).toContain(`${table}\n`);
	});

	it.each(["tiny", "standard", "large"])("has the total of the profile %s", async (profile) => {
		const report = JSON.parse(
			await printed("sizes", "--json", "--manifest", `${ROOT}manifests/profile_${profile}.json`),
		) as { total: number };
		expect(textOf(SIZES)).toContain(`| \`manifests/profile_${profile}.json\` | ${number(report.total)} bytes |`);
		const row = rowsOf("manifests/README.md", "Choosing sizes").find(([name]) => name?.includes(`profile_${profile}`));
		expect(row?.[1]).toBe(`${number(report.total)} bytes`);
	});
});

describe("the page on the simulator", () => {
	it.each(["run", "torture"])("has every option of `%s`, and no other", async (command) => {
		const help = await printed(command, "--help");
		const options = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)]
			.map(([, name]) => name)
			.filter((name) => name !== "--help");
		const rows = rowsOf("host-sim/README.md", command).map(([name]) => name?.split(" ")[0]);
		expect(options.length).toBeGreaterThan(8);
		expect(rows).toEqual(options);
	});

	it("has every command", async () => {
		const commands = [...(await printed("--help")).matchAll(/^ {2}([a-z]+) \[/gm)].map(([, name]) => name);
		expect(commands.length).toBeGreaterThan(5);
		for (const name of commands.filter((command) => command !== "help")) {
			expect(textOf("host-sim/README.md")).toContain(`npx xs-mqtt ${name}`);
		}
	});
});
