// Goal: a slip in a hot function makes both the guard rail and the budget test fail.
// Method: the same line is put into a hot function of the source, which is linted with the project's own configuration,
// and into a copy of the compiled library, which is measured on the XS host as the budget tests do.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measure, type Operation } from "../budget/measure.js";
import { hostOrSkip } from "../xs/support.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const host = await hostOrSkip();

/** A hot method of a class that has the arena in `#bytes`, and what runs it. */
interface Place {
	readonly where: string;
	/** Of firmware/, without an extension. */
	readonly file: string;
	readonly method: string;
	/** A number that the method is handed. */
	readonly number: string;
	readonly operation: Operation;
}

const PLACES: readonly Place[] = [
	{
		where: "ShortPublisher.publish",
		file: "client/short-ways/publish",
		method: "publish",
		number: "qos",
		operation: { operation: "publish0", count: 30 },
	},
	{
		where: "Receiver.handleBytes",
		file: "client/incoming/receiver",
		method: "handleBytes",
		number: "count",
		operation: { operation: "receive", server: { sendQoS: 0 }, count: 30 },
	},
];

interface Slip {
	readonly what: string;
	readonly line: (place: Place) => string;
	/** What the rule's message starts with. */
	readonly says: string;
}

const SLIPS: readonly Slip[] = [
	{ what: "topic.length", line: () => "void slippedTopic.length;", says: "`.length` of a string" },
	{ what: "a template string", line: ({ number }) => `void \`\${${number}} bytes\`;`, says: "A template makes" },
	{ what: "an arrow", line: ({ number }) => `void (() => ${number});`, says: "A function that is made here" },
	{ what: "a subarray", line: () => "void this._bytes.subarray(0, 1);", says: "`subarray` makes a view" },
];

/** A text of the topic's kind, which the functions themselves never see. */
const TOPIC = '\nconst slippedTopic = "sensors/kitchen/temp";\n';

/** Puts a line first into the method. */
function slipInto(text: string, { method, where }: Place, line: string): string {
	// `private publish(topic: Topic): number {` or `publish(topic) {`
	const heads = new RegExp(`^\\s*(?:private )?#?${method}\\([^()]*\\)(?:: \\w+)? \\{$`, "gm");
	expect(text.match(heads), where).toHaveLength(1);
	return text.replace(heads, (head) => `${head} ${line}`) + TOPIC;
}

const SLIPS_BY_PLACE = PLACES.flatMap((place) => SLIPS.map((slip) => ({ ...slip, place, where: place.where })));

describe("the guard rail", () => {
	const eslint = new ESLint({ cwd: ROOT });

	/** The rule's messages about a source. */
	async function lint({ file }: Place, text: string): Promise<string[]> {
		const [result] = await eslint.lintText(text, { filePath: join(ROOT, "firmware", `${file}.ts`) });
		const messages = result?.messages.filter(({ ruleId, fatal }) => ruleId === "xs/hot-path" || fatal) ?? [];
		return messages.map(({ message }) => message);
	}

	it.each(PLACES)("has nothing to say about $where", async (place) => {
		expect(await lint(place, readFileSync(join(ROOT, "firmware", `${place.file}.ts`), "utf8"))).toEqual([]);
	});

	it.each(SLIPS_BY_PLACE)("refuses $what in $where", async ({ place, line, says }) => {
		const source = readFileSync(join(ROOT, "firmware", `${place.file}.ts`), "utf8");
		expect(await lint(place, slipInto(source, place, line(place)))).toEqual([expect.stringContaining(says)]);
	});
});

describe.skipIf(host === undefined)("the budget", () => {
	let folder = "";

	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "xs-mqtt-slips-"));
		cpSync(join(ROOT, "dist/firmware"), folder, { recursive: true });
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	/** What a repetition takes of the heap, in slots and bytes of chunks, with the copy as it is. */
	async function heapUse({ operation }: Place): Promise<number> {
		if (host === undefined) throw new Error("this test should have been skipped");
		const { slots, chunkBytes } = await measure(host, { ...operation, firmware: folder });
		return slots + chunkBytes;
	}

	it.each(PLACES)("is kept by $where", async (place) => {
		// The first view of two packets that arrive at once is no slip: what a slip takes, it takes every time.
		let least = Infinity;
		for (let tries = 0; tries < 5 && least > 0; tries++) least = Math.min(least, await heapUse(place));
		expect(least).toBe(0);
	});

	it.each(SLIPS_BY_PLACE)("is passed with $what in $where", async ({ place, line }) => {
		const path = join(folder, `${place.file}.js`);
		const compiled = readFileSync(path, "utf8");
		writeFileSync(path, slipInto(compiled, place, line(place)));
		try {
			expect(await heapUse(place)).toBeGreaterThanOrEqual(place.operation.count ?? 1);
		} finally {
			writeFileSync(path, compiled);
		}
	});
});
