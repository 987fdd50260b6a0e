import { describe, expect, it } from "vitest";
import { AssertionError } from "../../firmware/base/assert.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { SubscriptionState } from "../../firmware/client/session/subscription-row.js";
import { StatusCode } from "../../firmware/codec/status.js";
import { handler, Table } from "./table.js";

// Goal: the table keeps every filter and handler as declared, makes the requests that the server needs, one packet for as
// many filters as fit, and gives back all memory of what has ended.
// Method: a table of its own, whose packets are looked at as hex; the model test is in subscriptions-model.test.ts.

describe("declaring", () => {
	it("gives the lowest free index, and keeps filter, QoS and handler", () => {
		const table = new Table();
		const first = handler();
		expect(table.declare("a/b", 1, first)).toBe(0);
		expect(table.declare("c", 2)).toBe(1);
		const { subscriptions } = table;
		expect([0, 1].map((i) => subscriptions.state(i))).toEqual(Array(2).fill(SubscriptionState.DECLARED));
		expect([0, 1].map((i) => subscriptions.qos(i))).toEqual([1, 2]);
		expect([0, 1].map((i) => table.filterText(i))).toEqual(["a/b", "c"]);
		expect(subscriptions.handlers[0]).toBe(first);
		expect([subscriptions.pending, subscriptions.requested, subscriptions.wildcards]).toEqual([2, 0, 0]);
	});

	it("replaces QoS and handler of the same filter, whatever became of it", () => {
		const table = new Table();
		table.declare("a", 0);
		for (const state of ["declared", "subscribing", "active", "refused", "ended", "unsubscribing"]) {
			if (state === "subscribing") table.request();
			if (state === "active") table.settleAll(SubscriptionState.ACTIVE);
			if (state === "refused") table.settleAll(SubscriptionState.REFUSED);
			if (state === "ended" || state === "unsubscribing") table.subscriptions.end("a");
			if (state === "unsubscribing") table.request();
			const next = handler();
			expect(table.declare("a", 2, next)).toBe(0);
			expect(table.subscriptions.handlers[0]).toBe(next);
			expect(table.subscriptions.state(0)).toBe(SubscriptionState.DECLARED);
			expect([table.subscriptions.pending, table.subscriptions.requested]).toEqual([1, 0]);
			expect(table.subscriptions.qos(0)).toBe(2);
			if (state !== "declared") table.request();
		}
		expect(table.subscriptions.count).toBe(1);
	});

	it("keeps whether the handler takes pieces", () => {
		const table = new Table();
		table.declare("a", 0, handler(), true);
		expect(table.subscriptions.streams(0)).toBe(true);
		table.declare("a", 0, handler(), false);
		expect(table.subscriptions.streams(0)).toBe(false);
	});

	it.each(["", "a#", "#/a", "a/+b", "$share/g", "$share//a", "$share/+/a", "a\0b", "\ud800", "a\udc00"])(
		"refuses the filter %j",
		(filter) => {
			const table = new Table();
			expect(table.declare(filter)).toBe(StatusCode.INVALID_FILTER);
			expect([table.subscriptions.count, table.subscriptions.pending]).toEqual([0, 0]);
		},
	);

	it.each([undefined, null, 7, {}])("refuses %s, which is no text", (filter) => {
		const table = new Table();
		expect(table.declare(filter as never)).toBe(StatusCode.INVALID_FILTER);
		expect(table.subscriptions.end(filter as never)).toBe(StatusCode.INVALID_FILTER);
	});

	it("refuses what no SUBSCRIBE could hold", () => {
		const table = new Table({ txBuffer: 64 });
		expect(table.declare("x".repeat(55))).toBe(0);
		expect(table.request()).toMatch(/^823c0001/);
		expect(table.declare("y".repeat(56))).toBe(StatusCode.TOO_LARGE);
		const large = new Table({ txBuffer: 100_000, filterBytes: 65_535 });
		expect(large.declare("x".repeat(65_536))).toBe(StatusCode.INVALID_FILTER);
		expect(large.declare("x".repeat(65_535))).toBe(0);
		expect(large.request()).toMatch(/^828480040001ffff7878/);
	});

	it("refuses one more than there are entries, or filter bytes", () => {
		const table = new Table({ subscriptions: 2, filterBytes: 16 });
		expect(table.declare("1234")).toBe(0);
		expect(table.declare("1234567890123")).toBe(StatusCode.FULL);
		expect(table.declare("123456789012")).toBe(1);
		expect(table.declare("1")).toBe(StatusCode.FULL);
		// The same filter needs no room.
		expect(table.declare("1234", 2)).toBe(0);
		const few = new Table({ subscriptions: 2 });
		few.declare("a");
		few.declare("b");
		expect(few.declare("c")).toBe(StatusCode.FULL);
		expect(few.subscriptions.count).toBe(2);
	});

	it("uses the region to its last byte, also when that is no whole word", () => {
		const table = new Table({ subscriptions: 8, filterBytes: 9 });
		expect(table.declare("123")).toBe(0);
		expect(table.declare("12345")).toBe(1);
		expect(table.declare("1")).toBe(StatusCode.FULL);
		expect(table.counters[CounterIndex.FILTER_BYTES_MAX]).toBe(9);
		expect([0, 1].map((i) => table.filterText(i))).toEqual(["123", "12345"]);
	});

	it("raises the high-water marks, and lowers them never", () => {
		const table = new Table();
		table.declare("abcde");
		table.declare("f");
		expect(table.counters[CounterIndex.SUBSCRIPTIONS_MAX]).toBe(2);
		expect(table.counters[CounterIndex.FILTER_BYTES_MAX]).toBe(9);
		table.subscriptions.end("abcde");
		table.subscriptions.restart();
		table.declare("g");
		expect(table.counters[CounterIndex.SUBSCRIPTIONS_MAX]).toBe(2);
		expect(table.counters[CounterIndex.FILTER_BYTES_MAX]).toBe(9);
	});
});

describe("ending", () => {
	it("takes the handler away at once, and asks for UNSUBSCRIBE", () => {
		const table = new Table();
		table.declare("a/+", 1);
		table.requestAndSettle(SubscriptionState.ACTIVE);
		expect(table.match("a/b")).toEqual(["a/+"]);
		expect(table.subscriptions.end("a/+")).toBe(0);
		expect([table.subscriptions.handlers[0], table.match("a/b")]).toEqual([null, []]);
		expect(table.request()).toBe("a2070002" + "0003612f2b");
		table.settleAll(SubscriptionState.FREE);
		expect([table.subscriptions.count, table.subscriptions.wildcards]).toEqual([0, 0]);
	});

	it("is NOT_FOUND for what is being ended", () => {
		const table = new Table();
		table.declare("a");
		expect(table.subscriptions.end("a")).toBe(0);
		expect(table.subscriptions.end("a")).toBe(StatusCode.NOT_FOUND);
		table.request();
		expect(table.subscriptions.end("a")).toBe(StatusCode.NOT_FOUND);
	});

	it("takes an entry for what nobody declared, until its UNSUBACK, and checks it as any filter", () => {
		const table = new Table({ subscriptions: 2, filterBytes: 8 });
		expect(table.subscriptions.end("a/+")).toBe(0);
		expect([table.match("a/b"), table.subscriptions.handlers[0]]).toEqual([[], null]);
		expect(table.request()).toBe("a2070001" + "0003612f2b");
		expect(table.subscriptions.end("a/+")).toBe(StatusCode.NOT_FOUND);
		expect(["", "a#", "\ud800", 5 as never].map((filter) => table.subscriptions.end(filter))).toEqual(
			Array(4).fill(StatusCode.INVALID_FILTER),
		);
		expect(table.subscriptions.end("longer")).toBe(StatusCode.FULL);
		expect(table.declare("b", 1)).toBe(1);
		expect(table.subscriptions.end("c")).toBe(StatusCode.FULL);
		table.subscriptions.settle(0, SubscriptionState.FREE);
		expect([table.subscriptions.wildcards, table.subscriptions.end("c")]).toEqual([0, 0]);
	});

	it("closes the gap between the filters, and keeps the indices of the others", () => {
		const table = new Table({ subscriptions: 4, filterBytes: 24 });
		for (const filter of ["one", "two/#", "three", "4"]) table.declare(filter);
		table.requestAndSettle(SubscriptionState.ACTIVE);
		table.subscriptions.end("two/#");
		table.request();
		table.settleAll(SubscriptionState.FREE);
		expect(["one", "three", "4"].map((topic) => table.match(topic))).toEqual([["one"], ["three"], ["4"]]);
		expect([0, 2, 3].map((i) => table.filterText(i))).toEqual(["one", "three", "4"]);
		expect(table.declare("new/one")).toBe(1);
		expect(table.match("new/one")).toEqual(["new/one"]);
		expect(table.match("two/x")).toEqual([]);
	});

	it("gives back the last entries first, and those that were freed before them with them", () => {
		const table = new Table();
		for (const filter of ["a", "b", "c"]) table.declare(filter);
		for (const [filter, count] of [
			["b", 3],
			["a", 3],
			["c", 0],
		] as const) {
			table.subscriptions.end(filter);
			table.requestAndSettle(SubscriptionState.ACTIVE);
			table.settleAll(SubscriptionState.FREE);
			if (table.subscriptions.pending > 0) table.requestAndSettle(SubscriptionState.FREE);
			expect(table.subscriptions.count).toBe(count);
		}
	});
});

describe("requests", () => {
	it("carry all filters that are to be subscribed, each with its QoS", () => {
		const table = new Table();
		table.declare("a", 0);
		table.declare("b/#", 1);
		table.declare("c", 2);
		expect(table.request()).toBe("82100001" + "00016100" + "0003622f2301" + "00016302");
		expect([0, 1, 2].map((i) => table.subscriptions.packetId(i))).toEqual([1, 1, 1]);
		expect([0, 1, 2].map((i) => table.subscriptions.position(i))).toEqual([0, 1, 2]);
		expect([table.subscriptions.pending, table.subscriptions.requested]).toEqual([0, 3]);
		expect(table.subscriptions.countOfRequest(1, SubscriptionState.SUBSCRIBING)).toBe(3);
		expect(table.subscriptions.countOfRequest(1, SubscriptionState.UNSUBSCRIBING)).toBe(-1);
		expect(table.subscriptions.countOfRequest(2, SubscriptionState.SUBSCRIBING)).toBe(0);
	});

	it("never mix the two kinds: what comes first is asked for first", () => {
		const table = new Table();
		for (const filter of ["a", "b", "c"]) table.declare(filter);
		table.requestAndSettle(SubscriptionState.ACTIVE);
		table.subscriptions.end("a");
		table.declare("b", 1);
		table.subscriptions.end("c");
		expect(table.request()).toBe("a2080002" + "000161" + "000163");
		expect(table.request()).toBe("82060003" + "00016201");
		expect(() => table.request()).toThrow(AssertionError);
	});

	it("take what fits, in order, and leave the rest for the next packet", () => {
		const table = new Table({ txBuffer: 64 });
		const filters = ["x".repeat(25), "y".repeat(26), "z"];
		for (const filter of filters) table.declare(filter);
		expect(table.request(60).length / 2).toBe(32);
		expect([table.subscriptions.pending, table.subscriptions.requested]).toEqual([2, 1]);
		expect(table.request(37)).toBe("82230002001a" + "79".repeat(26) + "00" + "00017a00");
	});

	it("are not written at all when the first filter does not fit", () => {
		const table = new Table();
		table.declare("abc");
		const before = table.arena.bytes.slice();
		expect(table.request(9)).toBe("");
		expect(table.arena.bytes).toEqual(before);
		expect(table.request(10)).toBe("82080001" + "000361626300");
	});

	it("have no more filters than the SUBACK that fits into the receive buffer has codes", () => {
		const table = new Table({ subscriptions: 100, filterBytes: 400, rxBuffer: 64, readSize: 16 });
		for (let i = 0; i < 100; i++) table.declare(String.fromCharCode(0x100 + i));
		expect(table.request().length / 2).toBe(3 + 2 + 56 * 5);
		expect(table.subscriptions.pending).toBe(44);
	});

	it("have lengths of two bytes where needed", () => {
		const table = new Table();
		table.declare("x".repeat(122));
		expect(table.request()).toMatch(/^827f0001007a/);
		table.declare("y".repeat(123));
		expect(table.request()).toMatch(/^8280010002007b/);
	});

	it("are made again after a lost connection, whichever had no ack", () => {
		const table = new Table();
		for (const filter of ["a", "b"]) table.declare(filter);
		table.requestAndSettle(SubscriptionState.ACTIVE);
		table.declare("c");
		table.request();
		table.subscriptions.end("a");
		table.request();
		table.subscriptions.handleLost();
		expect([table.subscriptions.pending, table.subscriptions.requested]).toEqual([2, 0]);
		expect([table.request(), table.request()]).toEqual(["a2050004000161", "820600050001" + "6300"]);
	});

	it("are all made again when the server has forgotten the session, and what has ended is gone", () => {
		const table = new Table();
		for (const filter of ["a", "b/#", "c", "d"]) table.declare(filter);
		table.request();
		table.subscriptions.settle(0, SubscriptionState.ACTIVE);
		table.subscriptions.settle(1, SubscriptionState.ACTIVE);
		table.subscriptions.settle(2, SubscriptionState.REFUSED);
		table.subscriptions.end("b/#");
		table.subscriptions.handleLost();
		table.subscriptions.restart();
		expect(table.request()).toBe("820e0002" + "00016100" + "00016300" + "00016400");
		expect([table.subscriptions.wildcards, table.match("b/x")]).toEqual([0, []]);
		table.subscriptions.handleLost();
		table.subscriptions.restart();
		expect(table.declare("e")).toBe(1);
	});

	it("tell the session which identifiers they use", () => {
		const table = new Table();
		expect(table.subscriptions.nearestId(1, 100)).toBe(100);
		table.declare("a");
		table.request(undefined, 50);
		table.declare("b");
		table.request(undefined, 40);
		table.declare("c");
		expect(table.subscriptions.nearestId(1, 100)).toBe(39);
		expect(table.subscriptions.nearestId(41, 100)).toBe(9);
		expect(table.subscriptions.nearestId(51, 65_535)).toBe(65_524);
		expect(table.subscriptions.nearestId(1, 5)).toBe(5);
	});

	it("are told to the application once, when SUBACK has come", () => {
		const table = new Table();
		table.declare("a");
		expect(table.subscriptions.takeAnswered(0)).toBe(false);
		table.requestAndSettle(SubscriptionState.ACTIVE);
		expect([table.subscriptions.takeAnswered(0), table.subscriptions.takeAnswered(0)]).toEqual([true, false]);
		table.declare("a");
		table.requestAndSettle(SubscriptionState.ACTIVE);
		table.subscriptions.end("a");
		expect(table.subscriptions.takeAnswered(0)).toBe(false);
	});
});

describe("pieces", () => {
	it("go to whom they are marked for, and to nobody whose subscription changes meanwhile", () => {
		const table = new Table();
		for (const filter of ["a", "b", "c"]) table.declare(filter, 0, handler(), true);
		const { subscriptions } = table;
		for (const i of [0, 1, 2]) subscriptions.setStreaming(i, true);
		subscriptions.setStreaming(2, false);
		subscriptions.end("a");
		expect([0, 1, 2].map((i) => subscriptions.isStreaming(i))).toEqual([false, true, false]);
		table.declare("b", 0, handler(), true);
		expect(subscriptions.isStreaming(1)).toBe(false);
		expect(subscriptions.streams(1)).toBe(true);
	});
});
