import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SubscriptionState } from "../../firmware/client/session/subscription-row.js";
import { StatusCode } from "../../firmware/codec/status.js";
import { bytesOf } from "../support/hex.js";
import { handler, Table } from "./table.js";

// Goal: whatever is declared, ended, requested, acked and lost in whatever order, the table holds what a plain list would
// hold, matches as a plain matcher does, and never leaks or overlaps memory.
// Method: random steps against a twin that keeps strings in an array; then random names against random filters.

const { FREE, DECLARED, SUBSCRIBING, ACTIVE, REFUSED, ENDED, UNSUBSCRIBING } = {
	FREE: SubscriptionState.FREE,
	DECLARED: SubscriptionState.DECLARED,
	SUBSCRIBING: SubscriptionState.SUBSCRIBING,
	ACTIVE: SubscriptionState.ACTIVE,
	REFUSED: SubscriptionState.REFUSED,
	ENDED: SubscriptionState.ENDED,
	UNSUBSCRIBING: SubscriptionState.UNSUBSCRIBING,
};

const FILTERS = [
	"a",
	"b/c",
	"a/+",
	"#",
	"+/c",
	"$SYS/x",
	"$share/g/a",
	"$share/g/b/#",
	"much/longer/filters/too",
	"é/ü",
];
const TOPICS = ["a", "b/c", "a/x", "b/x", "$SYS/x", "$share/g/a", "much/longer/filters/too", "é/ü", "b", "a/"];

/** The plain twin: one entry for each index. */
interface Entry {
	filter: string;
	qos: number;
	state: SubscriptionState;
}

class Model {
	readonly entries: (Entry | undefined)[] = [];
	readonly #max: number;

	constructor(max: number) {
		this.#max = max;
	}

	declare(filter: string, qos: number): number {
		const known = this.entries.findIndex((entry) => entry?.filter === filter);
		if (known >= 0) {
			Object.assign(this.entries[known]!, { qos, state: DECLARED });
			return known;
		}
		let index = this.entries.findIndex((entry) => entry === undefined);
		if (index < 0) index = this.entries.length;
		if (index === this.#max) return StatusCode.FULL;
		this.entries[index] = { filter, qos, state: DECLARED };
		return index;
	}

	end(filter: string): number {
		const known = this.entries.find((entry) => entry?.filter === filter);
		if (known?.state === ENDED || known?.state === UNSUBSCRIBING) return StatusCode.NOT_FOUND;
		// What nobody declared is ended as well: an earlier program may have.
		const index = known ? this.entries.indexOf(known) : this.declare(filter, 0);
		if (index >= 0) this.entries[index]!.state = ENDED;
		return index;
	}

	/** All entries of the kind that comes first: there is room for any. */
	request(): string {
		const first = this.entries.find((entry) => entry?.state === DECLARED || entry?.state === ENDED);
		if (!first) return "";
		const from = first.state;
		const parts: string[] = [from === DECLARED ? "S" : "U"];
		for (const entry of this.entries) {
			if (entry?.state !== from) continue;
			parts.push(from === DECLARED ? `${entry.filter} ${entry.qos}` : entry.filter);
			entry.state = from === DECLARED ? SUBSCRIBING : UNSUBSCRIBING;
		}
		return parts.join(",");
	}

	change(turn: (entry: Entry) => SubscriptionState): void {
		for (const [index, entry] of this.entries.entries()) {
			if (!entry) continue;
			entry.state = turn(entry);
			if (entry.state === FREE) this.entries[index] = undefined;
		}
	}
}

/** What a request says, in words. */
function parsed(hex: string): string {
	if (hex === "") return "";
	const bytes = bytesOf(hex);
	const subscribes = bytes[0] === 0x82;
	const parts = [subscribes ? "S" : "U"];
	let at = bytes[1]! < 128 ? 2 : 3;
	expect((bytes[1]! & 127) + (at === 3 ? bytes[2]! << 7 : 0)).toBe(bytes.length - at);
	for (at += 2; at < bytes.length;) {
		const size = (bytes[at]! << 8) | bytes[at + 1]!;
		const filter = Buffer.from(bytes.subarray(at + 2, at + 2 + size)).toString();
		at += 2 + size;
		parts.push(subscribes ? `${filter} ${bytes[at++]!}` : filter);
	}
	return parts.join(",");
}

function matches(filter: string, topic: string): boolean {
	if (filter.startsWith("$share/")) return matches(filter.split("/").slice(2).join("/"), topic);
	if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
	const levels = topic.split("/");
	const parts = filter.split("/");
	for (const [i, part] of parts.entries()) {
		if (part === "#") return true;
		if (levels[i] === undefined || (part !== "+" && part !== levels[i])) return false;
	}
	return levels.length === parts.length;
}

const isMatched = (entry: Entry | undefined): entry is Entry => entry !== undefined && entry.state <= ACTIVE;

function expectSame(table: Table, model: Model): void {
	const { subscriptions } = table;
	const entries = model.entries;
	while (entries.length > 0 && entries.at(-1) === undefined) entries.pop();
	expect(subscriptions.count).toBe(entries.length);
	for (const [i, entry] of entries.entries()) {
		expect(subscriptions.state(i)).toBe(entry?.state ?? FREE);
		expect(subscriptions.handlers[i] === null).toBe(!entry || entry.state >= ENDED);
		if (!entry) continue;
		expect([table.filterText(i), subscriptions.qos(i)]).toEqual([entry.filter, entry.qos]);
	}
	const count = (...states: SubscriptionState[]): number =>
		entries.filter((one) => one && states.includes(one.state)).length;
	expect(subscriptions.pending).toBe(count(DECLARED, ENDED));
	expect(subscriptions.requested).toBe(count(SUBSCRIBING, UNSUBSCRIBING));
	for (const topic of TOPICS) {
		const expected = entries.flatMap((entry, i) => (isMatched(entry) && matches(entry.filter, topic) ? [i] : []));
		expect(table.matchIndices(topic).sort((a, b) => a - b)).toEqual(expected);
	}
}

describe("subscriptions", () => {
	it("hold what a plain list holds, after any steps", () => {
		const filter = fc.constantFrom(...FILTERS);
		const step = fc.oneof(
			{ weight: 4, arbitrary: fc.record({ declare: filter, qos: fc.integer({ min: 0, max: 2 }) }) },
			{ weight: 3, arbitrary: fc.record({ end: filter }) },
			{ weight: 4, arbitrary: fc.constantFrom("request", "suback", "refuse", "unsuback") },
			{ weight: 1, arbitrary: fc.constantFrom("lost", "restart") },
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 8 }), (steps, max) => {
				const table = new Table({ subscriptions: max, filterBytes: 200 });
				const model = new Model(max);
				for (const one of steps) {
					if (typeof one === "object") {
						if ("end" in one) expect(table.subscriptions.end(one.end)).toBe(model.end(one.end));
						else expect(table.declare(one.declare, one.qos)).toBe(model.declare(one.declare, one.qos));
					} else if (one === "request") {
						expect(table.subscriptions.pending > 0 ? parsed(table.request()) : "").toBe(model.request());
					} else if (one === "suback" || one === "refuse") {
						const outcome = one === "suback" ? ACTIVE : REFUSED;
						table.settleAll(outcome);
						model.change(({ state }) => (state === SUBSCRIBING ? outcome : state));
					} else if (one === "unsuback") {
						table.settleAll(FREE);
						model.change(({ state }) => (state === UNSUBSCRIBING ? FREE : state));
					} else {
						table.subscriptions.handleLost();
						model.change(({ state }) => (state === SUBSCRIBING || state === UNSUBSCRIBING ? state - 1 : state));
						if (one === "restart") {
							table.subscriptions.restart();
							model.change(({ state }) => (state === ENDED ? FREE : DECLARED));
						}
					}
					expectSame(table, model);
				}
			}),
			{ numRuns: 300 },
		);
	});

	it("find the one filter that equals a topic name, byte for byte", () => {
		const unit = fc.constantFrom("a", "b", "/", "é", "\u{1f600}", "\u007f", "\uffff");
		const text = fc.array(unit, { minLength: 1, maxLength: 30 }).map((units) => units.join(""));
		fc.assert(
			fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 8 }), text, fc.nat(), (filters, other, pick) => {
				const table = new Table({ filterBytes: 2_048 });
				for (const filter of filters) expect(table.declare(filter)).toBeGreaterThanOrEqual(0);
				const known = filters[pick % filters.length]!;
				expect(table.match(known)).toEqual([known]);
				expect(table.match(other)).toEqual(filters.includes(other) ? [other] : []);
				// One byte more or less, or another one, is another name.
				const last = known.length - 1;
				for (const near of [
					`${known}a`,
					`a${known}`,
					known.slice(1),
					`${known.slice(0, last)}c`,
					`c${known.slice(1)}`,
				]) {
					if (near !== "") expect(table.match(near)).toEqual(filters.includes(near) ? [near] : []);
				}
			}),
			{ numRuns: 300 },
		);
	});

	it("hand a message to every matching handler, each once, and to no other", () => {
		const level = fc.constantFrom("a", "b", "", "$x");
		const part = fc.oneof({ weight: 3, arbitrary: level }, { weight: 1, arbitrary: fc.constant("+") });
		const filter = fc
			.tuple(fc.array(part, { maxLength: 3 }), fc.boolean(), fc.boolean())
			.map(([parts, all, shared]) => (shared ? "$share/g/" : "") + (all ? [...parts, "#"] : parts).join("/"));
		const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
		fc.assert(
			fc.property(fc.uniqueArray(filter, { maxLength: 6 }), topic, (filters, name) => {
				if (name === "") return;
				const table = new Table();
				const declared = filters.filter((one) => table.declare(one, 0, handler()) >= 0);
				const expected = declared.filter((one) => matches(one, name));
				expect(table.match(name).sort()).toEqual(expected.sort());
			}),
			{ numRuns: 500 },
		);
	});
});
