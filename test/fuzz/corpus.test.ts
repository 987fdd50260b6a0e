import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ClientTarget } from "./client/target.js";
import { corpusFolder, readCorpus } from "./corpus.js";
import { DecoderTarget } from "./decoder/target.js";
import { Features } from "./features.js";
import { Fuzzer } from "./fuzzer.js";
import type { Target } from "./target.js";
import { WebSocketTarget } from "./websocket/target.js";

// Goal: what the fuzzer has found stays right, and a bounded run of it finds nothing.
// Method: 1. every input in corpus/ again; 2. the seeds and some inputs made from them, always the same ones, so that a
// failure is one of this change. The long runs are `npm run fuzz`.

const targets: readonly [Target, number][] = [
	[new DecoderTarget(), 200_000],
	[new ClientTarget(), 4_000],
	[new WebSocketTarget(), 3_000],
];

describe.each(targets)("$name", (target, count) => {
	const kept = readCorpus(target.name);

	it.runIf(kept.length > 0).each(kept.map((each) => [each.file.split(/[\\/]/).at(-1), each] as const))(
		"%s is right",
		(_name, { input }) => {
			expect(target.run(input, new Features())).toBeUndefined();
		},
	);

	it("has nothing else in its corpus", () => {
		expect(readdirSync(corpusFolder(target.name)).filter((name) => !name.endsWith(".hex"))).toEqual([]);
	});

	it(`takes ${count} inputs`, () => {
		const finding = new Fuzzer(target, 311).run(count);
		expect(finding && { ...finding, input: Buffer.from(finding.input).toString("hex") }).toBeUndefined();
	});
});
