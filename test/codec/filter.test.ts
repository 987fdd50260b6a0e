import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FilterKind, kindOfFilter, matchesWildcard, sharedFilterStart } from "../../firmware/codec/filter.js";
import { bytesOf } from "../support/hex.js";

// Goal: every rule of §4.7 for filters: which are valid, what they match, and where the matched part of a shared one
// starts.
// Method: tables with the examples of the standard; then random filters and topic names against plain twins that split
// at "/". What is looked at always stands between other bytes, which must not matter.

/** Bytes before and after what is looked at: they would change every result if they were read. */
const AROUND: readonly [string, string][] = [
	["", ""],
	["a", "a"],
	["/", "/"],
	["+", "#"],
	["$share/g/", "/#"],
];

/** Calls with the text as bytes between others, and checks that these do not matter. */
function within<T>(text: string | Uint8Array, look: (bytes: Uint8Array, offset: number, limit: number) => T): T {
	const inner = typeof text === "string" ? Buffer.from(text) : text;
	const results = AROUND.map(([before, after]) => {
		const bytes = Buffer.concat([Buffer.from(before), inner, Buffer.from(after)]);
		return look(bytes, before.length, before.length + inner.length);
	});
	for (const result of results) expect(result).toBe(results[0]);
	return results[0] as T;
}

function kindOf(filter: string | Uint8Array): FilterKind {
	return within(filter, kindOfFilter);
}

/** Where the shared part starts, from the start of the filter; -1 stays. */
function sharedStart(filter: string): number {
	return within(filter, (bytes, offset, limit) => {
		const start = sharedFilterStart(bytes, offset, limit);
		return start < 0 ? start : start - offset;
	});
}

function matches(filter: string, topicName: string): boolean {
	return within(filter, (bytes, offset, limit) => {
		// The topic name stands behind it in the same bytes, and something else behind that.
		const topic = Buffer.from(topicName);
		const both = Buffer.concat([bytes, topic, Buffer.from("/x")]);
		return matchesWildcard(both, offset, limit, bytes.length, bytes.length + topic.length);
	});
}

const level = fc.constantFrom("a", "b", "ab", "", "$a", "é");
const filterLevel = fc.oneof({ weight: 3, arbitrary: level }, { weight: 2, arbitrary: fc.constant("+") });
const validFilter = fc
	.tuple(fc.array(filterLevel, { maxLength: 4 }), fc.boolean())
	.map(([levels, all]) => (all ? [...levels, "#"] : levels).join("/"))
	.filter((filter) => filter !== "");
const validName = fc
	.array(level, { minLength: 1, maxLength: 5 })
	.map((levels) => levels.join("/"))
	.filter((name) => name !== "");

describe("kindOfFilter", () => {
	it.each(["/", "a", "a//b", "$SYS", "$share/g/a", "Accounts payable", "é/\u{1f600}", "\ufeff", "a\u0001"])(
		"takes %j as exact",
		(filter) => {
			expect(kindOf(filter)).toBe(FilterKind.EXACT);
		},
	);

	it.each(["#", "+", "/+", "+/", "+/+", "a/#", "/#", "a/+/b", "+/tennis/#", "$SYS/#", "+/+/#", "é/+", "$share/g/#"])(
		"takes %j as one with a wildcard",
		(filter) => {
			expect(kindOf(filter)).toBe(FilterKind.WILDCARD);
		},
	);

	it.each(["a#", "#a", "a/#/b", "#/", "##", "/##", "a/#b", "#/#", "+#", "é#"])(
		"refuses %j [MQTT-4.7.1-2]",
		(filter) => {
			expect(kindOf(filter)).toBe(FilterKind.INVALID);
		},
	);

	it.each(["a+", "+a/b", "++", "a/+b", "a+/b", "/a+", "#+", "+é", "é+"])("refuses %j [MQTT-4.7.1-3]", (filter) => {
		expect(kindOf(filter)).toBe(FilterKind.INVALID);
	});

	it("refuses an empty one [MQTT-4.7.3-1]", () => {
		expect(kindOf("")).toBe(FilterKind.INVALID);
	});

	it.each(["\u0000", "a/\u0000", "+/\u0000/#"])("refuses U+0000 in %j [MQTT-4.7.3-2]", (filter) => {
		expect(kindOf(filter)).toBe(FilterKind.INVALID);
	});

	it.each(["80", "61c3", "eda080", "612fc080", "232fff", "f4908080"])(
		"refuses %s, which is not UTF-8 [MQTT-3.8.3-1]",
		(hex) => {
			expect(kindOf(bytesOf(hex))).toBe(FilterKind.INVALID);
		},
	);

	it("agrees with a plain twin on any filter", () => {
		/** The plain twin. */
		const plainKind = (filter: string): FilterKind => {
			if (filter === "" || filter.includes("\0")) return FilterKind.INVALID;
			const levels = filter.split("/");
			const wild = levels.filter((one) => /[+#]/.test(one));
			if (wild.some((one) => one.length > 1)) return FilterKind.INVALID;
			if (levels.slice(0, -1).includes("#")) return FilterKind.INVALID;
			return wild.length > 0 ? FilterKind.WILDCARD : FilterKind.EXACT;
		};
		const unit = fc.constantFrom("a", "/", "/", "+", "#", "é", "\0");
		const anyFilter = fc.array(unit, { maxLength: 6 }).map((units) => units.join(""));
		fc.assert(
			fc.property(fc.oneof(anyFilter, validFilter), (filter) => {
				expect(kindOf(filter)).toBe(plainKind(filter));
			}),
			{ numRuns: 3_000 },
		);
	});
});

describe("sharedFilterStart", () => {
	it.each([
		["$share/g/a", 9],
		["$share/g//finance", 9],
		["$share/g/#", 9],
		["$share/group/sport/+", 13],
		["$share/g/$SYS/#", 9],
		["$share/é/a", 10],
		["$share/$share/a", 14],
	])("finds the matched part of %j at %i", (filter, start) => {
		expect(sharedStart(filter)).toBe(start);
	});

	// "$share" itself is not of the form: in 3.1.1 it is a filter like any other (5.0 refuses it).
	it.each(["a", "#", "/", "$", "$share", "$shared/g/a", "$Share/g/a", "a$share/g/a", "/$share/g/a", "$SYS/a/b"])(
		"takes %j as it is",
		(filter) => {
			expect(sharedStart(filter)).toBe(0);
		},
	);

	// One character of the prefix is different at a time.
	it.each([..."$share/"].map((_, at) => [..."$share/g/a"].map((char, i) => (i === at ? "x" : char)).join("")))(
		"takes %j as it is",
		(filter) => {
			expect(sharedStart(filter)).toBe(0);
		},
	);

	it.each([
		"$share/",
		"$share//",
		"$share//a",
		"$share/g",
		"$share/g/",
		"$share/g+/a",
		"$share/+/a",
		"$share/#",
		"$share/g#/a",
	])("refuses %j", (filter) => {
		expect(sharedStart(filter)).toBe(-1);
	});
});

describe("matchesWildcard", () => {
	it.each([
		["sport/tennis/player1/#", "sport/tennis/player1"],
		["sport/tennis/player1/#", "sport/tennis/player1/ranking"],
		["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"],
		["sport/#", "sport"],
		["sport/#", "sport/"],
		["sport/#", "sport/a/b"],
		["#", "sport"],
		["#", "/"],
		["/#", "/"],
		["/#", "/a/b"],
		["sport/tennis/+", "sport/tennis/player1"],
		["sport/+", "sport/"],
		["sport/+", "sport/a"],
		["+/+", "/finance"],
		["+/+", "/"],
		["/+", "/finance"],
		["/+", "/"],
		["+", "finance"],
		["+/b", "/b"],
		["a/+/c", "a//c"],
		["+/#", "a"],
		["a/+/#", "a/"],
		["a/+/#", "a/b"],
		["+/+/#", "a/b/c/d"],
		["+/tennis/#", "a/tennis"],
		["$SYS/#", "$SYS/monitor/Clients"],
		["$SYS/#", "$SYS"],
		["$SYS/monitor/+", "$SYS/monitor/Clients"],
		["a/#", "a/$SYS"],
		["a/+", "a/$b"],
		["+", "a$"],
		["é/+", "é/\u{1f600}"],
	])("%j matches %j", (filter, topicName) => {
		expect(matches(filter, topicName)).toBe(true);
	});

	it.each([
		["sport/tennis/player1/#", "sport/tennis"],
		["sport/#", "sports"],
		["sport/#", "spor"],
		["sport/#", "Sport"],
		["sport/#", "sport2/a"],
		["sport/tennis/+", "sport/tennis/player1/ranking"],
		["sport/+", "sport"],
		["sport/+", "sport/a/b"],
		["+", "/finance"],
		["+", "a/"],
		["/+", "finance"],
		["+/+", "finance"],
		["+/+", "a/b/c"],
		["+/b", "a/bc"],
		["+/bc", "a/b"],
		["a/+/#", "a"],
		["/#", "a"],
		["a/+/c", "a/c"],
		["é/+", "e\u0301/a"],
	])("%j does not match %j", (filter, topicName) => {
		expect(matches(filter, topicName)).toBe(false);
	});

	it.each([
		["#", "$SYS"],
		["#", "$SYS/monitor/Clients"],
		["+", "$SYS"],
		["+/monitor/Clients", "$SYS/monitor/Clients"],
		["+/#", "$SYS/a"],
		["/#", "$SYS"],
	])("%j does not match %j [MQTT-4.7.2-1]", (filter, topicName) => {
		expect(matches(filter, topicName)).toBe(false);
	});

	it("agrees with a plain twin on any filter and name [MQTT-4.7.3-4]", () => {
		/** The plain twin. */
		const plainMatch = (filter: string, topicName: string): boolean => {
			const filters = filter.split("/");
			const names = topicName.split("/");
			if (/^[+#]/.test(filter) && topicName.startsWith("$")) return false;
			if (filters.at(-1) === "#") {
				filters.pop();
				if (names.length < filters.length) return false;
				names.length = filters.length;
			}
			return filters.length === names.length && filters.every((one, i) => one === "+" || one === names[i]);
		};
		const wildcard = validFilter.filter((filter) => /[+#]/.test(filter));
		let count = 0;
		fc.assert(
			fc.property(wildcard, validName, (filter, topicName) => {
				const expected = plainMatch(filter, topicName);
				if (expected) count++;
				expect(matches(filter, topicName)).toBe(expected);
			}),
			{ numRuns: 5_000 },
		);
		// Both answers are frequent.
		expect(count).toBeGreaterThan(250);
		expect(count).toBeLessThan(4_750);
	});
});
