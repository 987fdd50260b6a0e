// Goal: no rule is superstition: everything that xs/hot-path refuses costs something on XS, and what it lets pass
// instead costs nothing.
// Method: the texts that the rule is tested with are compiled and preloaded, as the library is on a device. One program
// calls each 20 times to warm up, and then counts what 50 calls take. A turn each, so that jobs of promises are done.
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { hostOrSkip, runSource } from "../xs/support.js";
import { ARGUMENTS, CASES, caseModule } from "./cases.js";

const host = await hostOrSkip();

const WARM_UP = 20;
const ROUNDS = 50;

const PROGRAM = `
import { begin, end, slots, chunkBytes, mallocs, gc, stop } from "xs-host/counters";
import Timer from "timer";
import * as cases from "cases";
${ARGUMENTS}
const operations = [${CASES.map((_, index) => `cases.refused${index}, cases.passes${index}`).join(", ")}];
const fresh = [];
for (let i = 0; i < ${(WARM_UP + ROUNDS) * CASES.length * 2}; i++) fresh.push("name" + i);
let calls = 0;
function run(operation, rounds) {
	for (let i = 0; i < rounds; i++) operation(text, other, 1, bytes, numbers, pair, plain, fresh[calls++]);
}
let index = 0;
function warmUp() {
	if (index === operations.length) return stop();
	run(operations[index], ${WARM_UP});
	Timer.set(measure);
}
function measure() {
	gc();
	begin();
	run(operations[index], ${ROUNDS});
	end();
	trace([index, slots(), chunkBytes(), mallocs()].join(" "), "\\n");
	index++;
	Timer.set(warmUp);
}
Timer.set(warmUp);
`;

interface Cost {
	/** Slots and bytes of chunks. */
	readonly heap: number;
	readonly mallocs: number;
}

describe.skipIf(host === undefined)("each construct on XS", () => {
	const costs: Cost[] = [];

	beforeAll(async () => {
		const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
		const cases = ts.transpileModule(caseModule().text, { compilerOptions }).outputText;
		const sizes = { slots: 100_000, chunks: 8 << 20, keys: 10_000 };
		const result = await runSource(host, PROGRAM, { library: { cases }, preload: ["cases"], ...sizes });
		expect(result.stderr).toBe("");
		for (const line of result.trace) {
			const [index = -1, slots = NaN, chunkBytes = NaN, mallocs = NaN] = line.split(" ").map(Number);
			costs[index] = { heap: slots + chunkBytes, mallocs };
		}
	});

	it.each(CASES.map((one, index) => ({ index, ...one })))(
		"$what costs, what is to be written instead does not",
		(one) => {
			const refused = costs[2 * one.index];
			const passes = costs[2 * one.index + 1];
			expect(passes?.heap).toBe(0);
			if (one.inCHeap) expect(refused?.mallocs).toBeGreaterThan((passes?.mallocs ?? NaN) + ROUNDS - 1);
			else expect(refused?.heap).toBeGreaterThanOrEqual(ROUNDS);
		},
	);
});
