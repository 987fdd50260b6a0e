// Goal: every 3.1.1 entry of malformed.json leads to its stated reaction in every connection state that it can arrive in,
// whole and at every cut, on Node and on XS; on XS it takes no slot and no chunk; and the client reconnects and works.
// Method: subject.ts brings a client of the public surface into a state, lets the bytes arrive, and recovers, with a
// server in memory. Here every run is held against the list; the same runs on XS must give the same numbers, and take
// nothing between two samples of the engine's counters. What a session stores is compared in ../client/malformed.test.ts.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { State } from "xs-mqtt";
import { ackHex, hexOf } from "../support/hex.js";
import { useCommonWorld } from "../support/device.js";
import { hostOrSkip } from "../xs/support.js";
import { entries, type ListedEntry } from "./entries.js";
import { reactionTo, stateOf, type Reaction } from "./reactions.js";
import { BEHIND, Kind, Subject, Variant } from "./subject.js";
import { tell } from "./telling.js";
import { FIXED_RANDOM, runEntriesOnXs, type XsRuns } from "./xs-program.js";

const host = await hostOrSkip();

/** The message that stands behind an entry, and its ack. */
const LATE = "message 32 99";
const LATE_ACK = ackHex(0x40, 99);

const NAMES = Object.keys(Variant);

beforeAll(() => {
	useCommonWorld();
	vi.spyOn(Math, "random").mockReturnValue(FIXED_RANDOM);
});
afterAll(() => {
	vi.restoreAllMocks();
});

/** Runs an entry in one state in every way. `check` looks at each run; the result has the sum of each. */
function runAll(entry: ListedEntry, variant: number, check: (subject: Subject, behind: number) => void): string[] {
	const lines: string[] = [];
	const isFirst = entry.kind === Kind.FIRST_CONNECT;
	let subject = new Subject(entry);
	if (!isFirst) {
		subject.prepare(variant, 0);
		subject.react(0);
		subject.recover();
	}
	for (let behind = 0; behind < BEHIND.length; behind++) {
		const sums: string[] = [];
		for (let way = 0, ways = 1; way < ways; way++) {
			if (isFirst) subject = new Subject(entry);
			subject.prepare(variant, behind);
			ways = subject.ways;
			subject.react(way);
			subject.recover();
			check(subject, behind);
			sums.push(subject.trace.sum.toString(16));
		}
		lines.push(`${entry.id} ${variant} ${behind} ${sums.join(" ")}`);
	}
	subject.client.stop();
	return lines;
}

function expectReaction(
	entry: ListedEntry,
	variant: number,
	reaction: Reaction,
	subject: Subject,
	behind: number,
): void {
	const { events, sent } = tell(subject.trace, 0, subject.reactionEnd);
	const late = behind === 2;
	const stays = stateOf(entry, variant, reaction);
	switch (reaction.is) {
		case "close": {
			expect(events.shift()).toMatch(expectedEnd(reaction, variant));
			const stops = variant === Variant.STOPPING || variant === Variant.CONNECTING_STOPPING;
			// What the session keeps is reported as left over; then the stop is complete.
			if (stops) expect(events.splice(0, 2)).toEqual([expect.stringMatching(/^problem 7 /), "stopped 0 0"]);
			expect(events).toEqual(["closed 0 0"]);
			expect(sent).toBe("");
			expect(subject.stateAfter).toBe(stops ? State.STOPPED : State.WAITING);
			return;
		}
		case "wait":
			// What stands behind completes it, or is the rest of its length: that is looked at elsewhere.
			if (behind > 0) return;
			expect([events, sent, subject.stateAfter]).toEqual([[], "", stays]);
			return;
		case "accept":
			expect(events.shift()).toBe(`connected ${reaction.sessionPresent ? 1 : 0} 0`);
			expect(events.filter((event) => event.startsWith("message"))).toEqual(late ? [LATE] : []);
			expect(subject.stateAfter).toBe(stays);
			return;
		case "go on": {
			const handed = reaction.topics.map(() => "message 30 0");
			expect(events).toEqual(late ? [...handed, LATE] : handed);
			// The exchange of the entry has an identifier of ours.
			const answer = reaction.answer === "6202" ? sent.slice(0, 8) : reaction.answer;
			expect(answer.startsWith(reaction.answer)).toBe(true);
			expect(sent).toBe(answer + (late ? LATE_ACK : ""));
			expect(subject.stateAfter).toBe(stays);
		}
	}
}

/** What is reported when an entry ends the connection. */
function expectedEnd({ reasons, detail }: Reaction & { is: "close" }, variant: number): RegExp {
	const final = variant === Variant.STOPPING || variant === Variant.CONNECTING_STOPPING ? " final" : "";
	return new RegExp(`^disconnected (${reasons.join("|")}) ${detail}${final}$`);
}

/** The next connection comes about, what was left over is finished, and messages go both ways. */
function expectToWork(entry: ListedEntry, reaction: Reaction, subject: Subject): void {
	const { trace, reactionEnd } = subject;
	const { events, sent } = tell(trace, reactionEnd, trace.count);
	expect(subject.stateAtEnd).toBe(State.CONNECTED);
	expect(subject.client.queued).toBe(0);
	const hasSession = !entry.cleanSession && entry.kind !== Kind.FIRST_CONNECT;
	expect(events).toContain(`connected ${hasSession ? 1 : 0} 0`);
	expect(events.at(-1)).toBe("message 32 300");
	expect(sent.slice(-8)).toBe(ackHex(0x40, 300));
	// A server that said that it has no session has made the client forget it too.
	if (!hasSession || (reaction.is === "accept" && !reaction.sessionPresent)) return;
	// The message that was received before is known, and not handed over again; the publish of before is sent again.
	expect(events.filter((event) => event.endsWith(` ${0x7777}`))).toEqual([]);
	expect(sent).toContain(`${ackHex(0x50, 0x7777)}${ackHex(0x70, 0x7777)}`);
	expect(sent).toMatch(/3a0900046b657074....6b/);
	expect(events.filter((event) => event.startsWith("delivered")).length).toBeGreaterThanOrEqual(2);
}

const cases = entries.flatMap((entry) =>
	entry.variants.map((variant) => [`${entry.id} ${NAMES[variant]}: ${entry.listed.why}`, entry, variant] as const),
);

describe("malformed input on Node", () => {
	it("is all of the list, in every state", () => {
		expect(entries.length).toBe(120);
		const counts = NAMES.map((_, variant) => cases.filter((each) => each[2] === variant).length);
		expect(counts).toEqual([120, 86, 33, 103, 103, 15]);
	});

	it.each(cases)("%s", (_title, entry, variant) => {
		const reaction = reactionTo(entry, variant);
		runAll(entry, variant, (subject, behind) => {
			expectReaction(entry, variant, reaction, subject, behind);
			expectToWork(entry, reaction, subject);
		});
	});
});

describe.skipIf(host === undefined)("malformed input on XS", () => {
	let runs: XsRuns;

	beforeAll(async () => {
		runs = await runEntriesOnXs(host!, entries, hexOf);
	}, 300_000);

	it("comes to its end", () => {
		expect(runs.stderr).toBe("");
		expect(runs.exitCode).toBe(0);
	});

	it.each(cases)("%s", (_title, entry, variant) => {
		const expected = runAll(entry, variant, () => undefined);
		const here = `${entry.id} ${variant} `;
		const lines = runs.lines.filter((line) => line.startsWith(here));
		// Behind each sum stands what the run took: slots, chunk bytes, collections.
		const taken = lines.flatMap((line) => line.match(/:\S+/g) ?? []);
		expect(new Set(taken)).toEqual(new Set([":0/0/0"]));
		expect(lines.map((line) => line.replace(/:\S+/g, ""))).toEqual(expected);
	});
});
