// Goal: what a run learns of its clients is written once, folded when it repeats itself, and counted in full.
// Method: events by hand, and a clock by hand.
import { describe, expect, it } from "vitest";
import { EventLog } from "../../host-sim/log/event-log.js";
import { eventOf, type WatchEvent } from "../../host-sim/simulator/watch/events.js";
import { isUnconnected, Monitor } from "../../host-sim/simulator/watch/monitor.js";
import { rowsOf } from "../readme/pages.js";

/** A monitor, its lines, and its clock. */
function watch(json = false) {
	const lines: string[] = [];
	const clock = { ms: 0 };
	const log = new EventLog({ write: (line) => lines.push(line), now: () => clock.ms, json });
	const monitor = new Monitor(log, () => clock.ms);
	const take = (...fields: (string | number | null)[]): void => monitor.take(eventOf(fields)!);
	return { lines, clock, monitor, take };
}

const text = (lines: readonly string[]): string[] => lines.map((line) => line.slice(14));

describe("a monitor", () => {
	it("writes three of a kind, then one a second with what was between, and the rest at the end", () => {
		const { lines, clock, monitor, take } = watch();
		for (let count = 1; count <= 10; count++) take("refused", 1, "publish", -1, "a", 1, 300, 1, count);
		clock.ms = 1500;
		take("refused", 1, "publish", -1, "a", 1, 300, 1, 400);
		take("more", 1, "refused", "publish", -1, 999);
		monitor.close();
		const line = '! publish refused: FULL (-1), "a", payload of 300 bytes';
		expect(text(lines)).toEqual([
			...[line, line, line],
			"! publish refused: FULL (-1), 396 more",
			line,
			"! publish refused: FULL (-1), 599 more",
		]);
		expect(monitor.clients[0]!.refused).toEqual({ "publish FULL": 999 });
	});

	it("keeps apart what differs in client, call, status or problem", () => {
		const { lines, take } = watch();
		for (let count = 1; count <= 4; count++) {
			for (const client of [1, 2])
				for (const status of [-1, -4]) take("refused", client, "publish", status, null, -1, 0, 0, count);
			for (const problem of [4, 6]) take("problem", 1, problem, 0, count);
		}
		expect(lines).toHaveLength(3 * 6);
		expect(text(lines)[1]).toBe("! publish refused: INVALID_TOPIC (-4), payload of 0 bytes");
		expect(text(lines)[2]).toBe("! client 2: publish refused: FULL (-1), payload of 0 bytes");
	});

	it("knows a session that was lost from one that never was", () => {
		const { lines, monitor, take } = watch();
		take("connected", 1, 0, 0, 1);
		take("ended", 1, 2, 22, 0, 660, 1, 1);
		take("connected", 1, 1, 0, 2);
		take("ended", 1, 2, 22, 0, 5, 1, 2);
		expect(monitor.clients[0]!.sessionsLost).toBe(0);
		take("connected", 1, 0, 0, 3);
		expect(monitor.clients[0]!.sessionsLost).toBe(1);
		expect(text(lines)).toEqual([
			"! disconnected: LINK_LOST (22) of layer TRANSPORT; next attempt in 660 ms",
			"! disconnected: LINK_LOST (22) of layer TRANSPORT; next attempt in 5 ms",
			"! session lost: the broker has forgotten it",
		]);
	});

	it.each<[string, boolean, (string | number)[][]]>([
		["was never connected", true, [["made", 1, 1]]],
		[
			"is connected",
			false,
			[
				["connected", 1, 0, 1, 1],
				["stopping", 1, 4, 1],
				["ended", 1, 0, 0, 0, -1, 1, 1],
			],
		],
		[
			"waits",
			true,
			[
				["connected", 1, 0, 1, 1],
				["ended", 1, 2, 22, 0, 9, 1, 1],
				["stopping", 1, 1, 1],
			],
		],
		[
			"stopped itself",
			false,
			[
				["connected", 1, 0, 1, 1],
				["ended", 1, 0, 0, 0, -1, 1, 1],
				["stopping", 1, 0, 1],
			],
		],
		[
			"has closed",
			false,
			[
				["connected", 1, 0, 1, 1],
				["ended", 1, 0, 1, 0, -1, 1, 1],
				["stopping", 1, 0, 1],
			],
		],
		[
			"was lost and does not try again",
			true,
			[
				["connected", 1, 0, 1, 1],
				["ended", 1, 2, 22, 0, -1, 1, 1],
			],
		],
	])("tells whether a client has no connection: it %s", (_title, unconnected, events) => {
		const { monitor, take } = watch();
		for (const event of events) take(...event);
		expect(isUnconnected(monitor.clients[0]!)).toBe(unconnected);
	});
});

describe("the page on JSON", () => {
	const EVENTS: (string | number | null)[][] = [
		["refused", 1, "publish", -1, "a", 1, 300, 1, 1],
		["refused", 1, "publish", -1, "a", 1, 300, 1, 2],
		["refused", 1, "publish", -1, "a", 1, 300, 1, 3],
		["refused", 1, "publish", -1, "a", 1, 300, 1, 4],
		["threw", 1, 0, "TypeError", "boom", "    at handle (main)\n", 1],
		["problem", 1, 1, 520, 1],
		["unrouted", 1, "x", 5, 1],
		["connected", 1, 0, 0, 1],
		["ended", 1, 2, 22, 0, 660, 1, 1],
		["connected", 1, 0, 0, 2],
	];

	it("has each type of what happens to a client, and all its fields", () => {
		const { lines, monitor, take } = watch(true);
		for (const event of EVENTS) take(...event);
		monitor.close();
		const rows = new Map(
			rowsOf("host-sim/README.md", "JSON").map(([type, fields = ""]) => [type, fields.match(/\w+/g)]),
		);
		const seen = lines.map((line) => JSON.parse(line) as WatchEvent & Record<string, unknown>);
		for (const line of seen) {
			const fields = Object.keys(line).filter((name) => !["ms", "type"].includes(name));
			expect([line.type, rows.get(line.type)]).toEqual([line.type, expect.arrayContaining(fields)]);
		}
		const types = [...new Set(seen.map(({ type }) => type as string))].sort();
		expect(types).toEqual(["connected", "ended", "more", "problem", "refused", "session-lost", "threw", "unrouted"]);
	});
});
