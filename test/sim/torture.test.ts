// Goal: the client keeps its promises under any bad luck, for a fixed set of seeds; and a seed always does the same.
// Method: the command as it is installed, in two processes, with 1,000 seeds (test:long has 20,000); then single seeds in this process, twice, with
//   plans that are looked at: that they differ in kind, that time leaps over years and across the wrap of the counter.
import { describe, expect, it } from "vitest";
import { makePlan, OPS } from "../../host-sim/torture/plan.js";
import { runPlan } from "../../host-sim/torture/torture-run.js";
import { startCli } from "../cli/run-cli.js";

/** What the fixed set may take. */
const LIMIT_MS = 120_000;
const SEEDS = 1_000;

describe("the fixed set of seeds", () => {
	it(`has no violation in ${SEEDS} seeds`, { timeout: LIMIT_MS }, async () => {
		const { exitCode, out, err } = await startCli(["torture", "--seeds", String(SEEDS), "--json"]).ended;
		const lines = out.toString().trim().split("\n");
		const summary = JSON.parse(lines.at(-1)!) as Record<string, number>;
		expect([exitCode, err, lines.slice(0, -1)]).toEqual([0, "", []]);
		expect(summary).toMatchObject({ seeds: SEEDS, violations: 0 });
		expect(summary["steps"]).toBeGreaterThan(200 * SEEDS);
		expect(summary["deviceHoursPerMinute"]).toBeGreaterThan(1_000);
	});
});

describe("a seed", () => {
	it("does the same again, byte for byte, whatever ran in between", () => {
		const first = runPlan(makePlan(7));
		for (const seed of [1, 2]) expect(runPlan(makePlan(seed)).hash).not.toBe(first.hash);
		expect(runPlan(makePlan(7))).toEqual(first);
	});

	it("leaves the random source of the process as it was", () => {
		const before = Math.random;
		runPlan(makePlan(3));
		expect(Math.random).toBe(before);
	});

	it("makes plans of all kinds", () => {
		const seen = new Set<string>();
		for (let seed = 0; seed < 40; seed++) {
			const { setup, steps } = makePlan(seed);
			expect(steps.length).toBeGreaterThanOrEqual(200);
			for (const { op } of steps) seen.add(op);
			const { cleanSession, outboxFull, tooLarge, keepAlive, queueQoS0 } = setup.options;
			for (const value of [`clean ${cleanSession}`, outboxFull, tooLarge, `${keepAlive} s`, `queue ${queueQoS0}`]) {
				seen.add(value);
			}
		}
		const options = ["clean true", "clean false", "refuse", "dropOldest", "latestPerTopic", "acknowledge"];
		const more = ["0 s", "1 s", "65535 s", "queue true", "queue false"];
		for (const each of [...Object.keys(OPS), ...options, ...more]) expect(seen).toContain(each);
	});
});

describe("years", () => {
	const quiet = (keepAlive: number, ticksStart: number) => {
		const plan = makePlan(1);
		Object.assign(plan.setup, { ticksStart, started: true });
		Object.assign(plan.setup.options, { keepAlive, reconnect: true, tooLarge: "acknowledge" });
		const step = { a: 799, b: 0, c: 0, ms: 50 };
		const publish = { op: "publish", a: 1, b: 3, c: 0, ms: 50 } as const;
		plan.steps = [publish];
		for (let i = 0; i < 10; i++) plan.steps.push({ op: "leap", ...step }, publish, { op: "push", ...step });
		return runPlan(plan);
	};

	it("pass in which nothing is due, across many wraps of the millisecond counter", () => {
		const result = quiet(0, 0x7fff_0000);
		expect(result.finding).toBeUndefined();
		expect(result.leaptMs).toBeGreaterThan(20 * 365 * 86_400_000);
		expect(result.connects).toBe(1);
	});

	it.each([0x7fff_ff00, -0x100, -0x8000_0000])("pass with pings, from tick %i on", (ticksStart) => {
		const result = quiet(65_535, ticksStart);
		expect(result.finding).toBeUndefined();
		expect(result.simulatedMs).toBeGreaterThan(2 ** 32);
		expect(result.connects).toBe(1);
	});
});
