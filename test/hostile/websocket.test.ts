// Goal: hostile answers and frames have the same reactions on XS as on Node, in every way that they are cut, and take no slot
// and no chunk.
// Method: the list of ../transport/websocket-hostile.ts, in one program on the XS host, whose random numbers are fixed, so that
// its keys are known here. The reactions on Node are in ../transport/websocket-hostile.test.ts.
import { beforeAll, describe, expect, it } from "vitest";
import { HOSTILE_ANSWERS, HOSTILE_FRAMES } from "../transport/websocket-hostile.js";
import { First, framesOf, WebSocketRig } from "../transport/websocket-rig.js";
import { hostOrSkip } from "../xs/support.js";
import { FIXED_RANDOM, runWebSocketEntries } from "./xs-program.js";

const host = await hostOrSkip();

const all = [
	...HOSTILE_ANSWERS.map((entry) => ({ ...entry, isAnswer: true, says: undefined, before: [] as readonly number[] })),
	...HOSTILE_FRAMES.map((entry) => ({ ...entry, isAnswer: false })),
];

describe.skipIf(host === undefined)("on XS", () => {
	let lines: string[][] = [];

	beforeAll(async () => {
		const rig = new WebSocketRig({ random: () => FIXED_RANDOM });
		const request = rig.request();
		const entries = all.map((entry) => ({
			isAnswer: entry.isAnswer,
			hex: Buffer.from("answer" in entry ? Buffer.from(entry.answer(request), "latin1") : entry.bytes).toString("hex"),
		}));
		const answer = Buffer.from(rig.answerTo(request)).toString("hex");
		const result = await runWebSocketEntries(host!, { entries, answer, random: FIXED_RANDOM });
		expect([result.stderr, result.exitCode]).toEqual(["", 0]);
		lines = result.trace.map((line) => line.split(" "));
	}, 120_000);

	it.each(all.map((entry, id) => ({ ...entry, id })))("$name: $code $detail", ({ id, code, detail, says, before }) => {
		const [, end, endDetail, ends, closes, said, got, ways, others, took] = lines[id]!;
		expect([end, endDetail, ends, closes]).toEqual([`${code}`, `${detail}`, "1", "1"]);
		expect([others, took]).toEqual(["0", "0/0/0"]);
		expect(Number(ways)).toBeGreaterThan(0);
		expect(got).toBe(before.length > 0 ? Buffer.from(before).toString("hex") : "-");
		const sent = said === "-" ? [] : framesOf([...Buffer.from(said!, "hex")]);
		const payload = says ? [says >> 8, says & 255] : [];
		expect(sent).toMatchObject(says === undefined ? [] : [{ first: First.CLOSE, payload }]);
	});
});
