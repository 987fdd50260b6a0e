import { describe, expect, it } from "vitest";
import { LayerCode, ReasonCode, StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { Deadline } from "../../firmware/client/setup/deadlines.js";
import { StatusCode } from "../../firmware/codec/status.js";
import { Harness } from "../support/core-harness.js";
import { ackHex } from "../support/hex.js";
import { packetsOf, serve } from "./model-server.js";
import {
	connected,
	reached,
	REFUSED_PROBLEM,
	states,
	suback,
	subscribed,
	subscribeHex,
	subscribing,
	unsuback,
	unsubscribeHex,
} from "./requests.js";

// Goal: acks that answer nothing, or the wrong thing; requests whose ack does not come, and what becomes of them and of
// the subscriptions on the next connection.
// Method: as in request-acks.test.ts, with explicit times and lost links.

const VIOLATION = `disconnected ${LayerCode.PROTOCOL}/${ReasonCode.PROTOCOL_ERROR}`;
const TIMEOUT = `disconnected ${LayerCode.DEADLINE}/${ReasonCode.SUBACK_TIMEOUT} 0 retry`;

/** One filter is to end: its UNSUBSCRIBE, with identifier 2, is sent. */
function unsubscribing(filters = "a"): Harness {
	const h = subscribed(filters);
	for (const letter of filters) h.core.unsubscribe(letter);
	expect(h.sent()).toBe(unsubscribeHex(2, filters));
	return h;
}

describe("an ack that is wrong", () => {
	it.each([
		["SUBACK with one code for two filters", suback(1, 0)],
		["SUBACK with three codes for two filters", suback(1, 0, 0, 0)],
		["UNSUBACK for a SUBSCRIBE", unsuback(1)],
		["PUBACK for a SUBSCRIBE", ackHex(0x40, 1)],
		["PUBREC for a SUBSCRIBE", ackHex(0x50, 1)],
		["PUBCOMP for a SUBSCRIBE", ackHex(0x70, 1)],
	])("ends the connection: %s", (_name, hex) => {
		const h = subscribing("ab");
		expect(h.exchange(hex)).toBe("");
		expect(h.log).toEqual([`${VIOLATION} ${parseInt(hex.slice(0, 2), 16)} retry`]);
		expect(states(h)).toBe("DECLARED DECLARED");
		expect(h.core.counters[CounterIndex.PROTOCOL_ERRORS]).toBe(1);
		expect(h.connect(true)).toBe(subscribeHex(2, "ab"));
	});

	it.each([
		["SUBACK for an UNSUBSCRIBE", suback(2, 0)],
		["PUBACK for an UNSUBSCRIBE", ackHex(0x40, 2)],
	])("ends the connection: %s", (_name, hex) => {
		const h = unsubscribing();
		expect(h.exchange(hex)).toBe("");
		expect(h.log).toEqual([`${VIOLATION} ${parseInt(hex.slice(0, 2), 16)} retry`]);
		expect(states(h)).toBe("ENDED");
		expect(h.connect(true)).toBe(unsubscribeHex(3, "a"));
	});

	it.each([
		["SUBACK", suback(1, 0)],
		["UNSUBACK", unsuback(1)],
	])("ends the connection: %s for a PUBLISH", (_name, hex) => {
		for (const qos of [1, 2]) {
			const h = connected();
			expect(h.publish("t", "x", qos)).toBe(1);
			h.sent();
			expect(h.exchange(hex)).toBe("");
			expect(h.log).toEqual([`${VIOLATION} ${parseInt(hex.slice(0, 2), 16)} retry`]);
			expect(h.core.session.outbox.count).toBe(1);
		}
	});

	it.each([
		["SUBACK", suback(1, 0)],
		["UNSUBACK", unsuback(1)],
	])("ends the connection: %s for a PUBREL", (_name, hex) => {
		const h = connected();
		h.publish("t", "x", 2);
		h.sent();
		h.exchange(ackHex(0x50, 1));
		h.exchange(hex);
		expect(h.log).toEqual([`${VIOLATION} ${parseInt(hex.slice(0, 2), 16)} retry`]);
		expect(h.core.session.releasedCount).toBe(1);
	});

	it("ends the connection when it is too large for the buffer, before all of it is here", () => {
		const h = subscribing("ab", { rxBuffer: 64, readSize: 16 });
		h.receive("907f0001");
		expect(h.log).toEqual([`${VIOLATION} 144 retry`]);
	});
});

describe("an ack for nothing that is open", () => {
	it.each([
		["SUBACK", suback(77, 0x80)],
		["UNSUBACK", unsuback(77)],
	])("is ignored, and the open request goes on: %s", (_name, hex) => {
		const h = subscribing("ab");
		expect(h.exchange(hex)).toBe("");
		expect(h.log).toEqual([]);
		expect(states(h)).toBe("SUBSCRIBING SUBSCRIBING");
		h.exchange(suback(1, 0, 1));
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 1 1"]);
	});

	it("is ignored when it comes twice", () => {
		const h = subscribing("a");
		h.exchange(suback(1, 1) + suback(1, 0x80));
		expect(h.log).toEqual(["subscribed 0 1"]);
		expect(states(h)).toBe("ACTIVE");
		h.core.unsubscribe("a");
		h.sent();
		h.exchange(unsuback(2) + unsuback(2));
		expect(h.log).toEqual(["subscribed 0 1", "unsubscribed 0"]);
		expect(h.core.state).toBe(StateCode.CONNECTED);
	});

	it("is ignored when it belongs to the connection before", () => {
		const h = subscribing("a");
		h.lost();
		expect(h.connect(true)).toBe(subscribeHex(2, "a"));
		h.log.length = 0;
		h.exchange(suback(1, 0x80));
		expect(h.log).toEqual([]);
		h.exchange(suback(2, 0));
		expect(h.log).toEqual(["subscribed 0 0"]);
	});
});

describe("a request without its ack", () => {
	it("ends the connection after ackTimeoutMs, and not before", () => {
		const h = subscribing("a");
		h.pass(19_999);
		expect(h.core.state).toBe(StateCode.CONNECTED);
		h.pass(1);
		expect(h.log).toEqual([TIMEOUT]);
		expect(h.connect(true)).toBe(subscribeHex(2, "a"));
	});

	it("is an UNSUBSCRIBE: the same", () => {
		const h = unsubscribing();
		h.pass(20_000);
		expect(h.log).toEqual([TIMEOUT]);
		expect(h.connect(true)).toBe(unsubscribeHex(3, "a"));
	});

	it("has a deadline only once it is sent", () => {
		const h = connected();
		h.subscribe("a");
		h.pass(30_000);
		expect(h.core.state).toBe(StateCode.CONNECTED);
		h.sent();
		h.pass(19_999);
		expect(h.core.state).toBe(StateCode.CONNECTED);
		h.pass(1);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("takes the time that the option says", () => {
		const h = subscribing("a", { ackTimeoutMs: 10 });
		h.pass(9);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("is one of two: the deadline is that of the first until it is acknowledged, then a new one", () => {
		const h = subscribing("a");
		h.pass(10_000);
		h.subscribe("b");
		h.sent();
		h.pass(9_000);
		h.exchange(suback(1, 0));
		h.pass(19_999);
		expect(h.log).toEqual(["subscribed 0 0"]);
		h.pass(1);
		expect(h.log).toEqual(["subscribed 0 0", TIMEOUT]);
		// Only what was not acknowledged is asked for again.
		expect(h.connect(true)).toBe(subscribeHex(3, "b"));
	});

	it.each([
		["declared again", (h: Harness) => h.subscribe("a", 1), subscribeHex(2, "a", 1)],
		["ended", (h: Harness) => h.unsubscribe("a"), unsubscribeHex(2, "a")],
	])("does not leave its deadline to the one that follows when it is %s", (_what, change, hex) => {
		const h = subscribing("a");
		h.pass(19_000);
		change(h);
		expect(h.sent()).toBe(hex);
		h.pass(19_999);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("keeps it as long as another filter of it is waited for", () => {
		const h = subscribing("ab");
		h.pass(19_000);
		h.unsubscribe("a");
		h.sent();
		h.pass(1_000);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("keeps it when what is given up is not the oldest", () => {
		const h = subscribing("a");
		h.pass(10_000);
		h.subscribe("b");
		h.sent();
		h.pass(9_000);
		h.subscribe("b", 1);
		h.sent();
		h.pass(999);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("leaves one to those that are still waited for, although what follows cannot be sent now", () => {
		const h = subscribing("a");
		h.subscribe("b");
		h.sent();
		h.pass(10_000);
		// In the middle of a packet whose source has nothing now.
		h.core.publisher.publishStream("t", 9, { read: () => 0 }, 1, false);
		h.sent();
		h.unsubscribe("a");
		expect(h.sent()).toBe("");
		h.pass(19_999);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("keeps it when another one is declared or ended that waits for nothing", () => {
		const h = subscribing("a");
		h.pass(19_000);
		h.subscribe("b");
		h.unsubscribe("c");
		h.sent();
		h.pass(1_000);
		expect(h.log).toEqual([TIMEOUT]);
	});

	it("does not keep its deadline beyond its connection", () => {
		const h = subscribing("a");
		h.lost();
		expect(h.core.deadlines.isArmed(Deadline.ACK)).toBe(false);
	});
});

describe("after a connection without a session", () => {
	it("everything that is to be is subscribed to again, the refused too, and what was ended is gone", () => {
		const h = subscribed("abcd");
		h.subscribe("b", 1);
		h.sent();
		h.exchange(suback(2, 0x80));
		h.core.unsubscribe("c");
		h.sent();
		h.log.length = 0;
		h.lost();
		expect(states(h)).toBe("ACTIVE REFUSED ENDED ACTIVE");
		expect(h.connect(false)).toBe("820e0004" + "00016100" + "00016201" + "00016400");
		expect(states(h)).toBe("SUBSCRIBING SUBSCRIBING FREE SUBSCRIBING");
		h.exchange(suback(4, 0, 1, 0x80));
		expect(h.log.slice(2)).toEqual(["subscribed 0 0", "subscribed 1 1", "subscribed 3 128", `${REFUSED_PROBLEM} 3`]);
		expect(reached(h, "abcd")).toBe("ab");
	});
});

describe("after a connection whose session was kept", () => {
	it("only what was not acknowledged is asked for again", () => {
		const h = subscribed("ab");
		h.core.unsubscribe("a");
		h.subscribe("c", 2);
		expect(h.sent()).toBe(unsubscribeHex(2, "a") + subscribeHex(3, "c", 2));
		h.lost();
		expect(states(h)).toBe("ENDED ACTIVE DECLARED");
		h.log.length = 0;
		expect(h.connect(true)).toBe(unsubscribeHex(4, "a") + subscribeHex(5, "c", 2));
		h.exchange(unsuback(4) + suback(5, 2));
		expect(h.log).toEqual(["connected true", "unsubscribed 0", "subscribed 2 2"]);
		expect(reached(h, "abc")).toBe("bc");
	});

	it("messages reach a handler before the server has heard of its filter in this connection", () => {
		const h = new Harness({ cleanSession: false });
		h.subscribe("a");
		h.connect(true);
		expect(reached(h, "a")).toBe("a");
	});

	it("nothing is asked for when all was acknowledged, refused filters included", () => {
		const h = subscribing("ab");
		h.exchange(suback(1, 0, 0x80));
		h.lost();
		expect(h.connect(true)).toBe("");
		expect(states(h)).toBe("ACTIVE REFUSED");
	});
});

describe("a filter that this program has not declared", () => {
	it("is ended at the server, also on the next connection of the session", () => {
		const h = connected();
		expect(h.unsubscribe("o")).toBe(0);
		expect(h.sent()).toBe(unsubscribeHex(1, "o"));
		h.lost();
		h.take();
		expect(h.connect(true)).toBe(unsubscribeHex(2, "o"));
		h.exchange(unsuback(2));
		expect(h.take()).toEqual(["connected true", "unsubscribed 0"]);
		expect(h.core.subscriptions.count).toBe(0);
	});

	it("waits for a connection, and is nothing to a new session", () => {
		for (const kept of [true, false]) {
			const h = new Harness({ cleanSession: false, firstId: 1 });
			expect(h.unsubscribe("o")).toBe(0);
			expect(h.connect(kept)).toBe(kept ? unsubscribeHex(1, "o") : "");
			expect(h.core.subscriptions.count).toBe(kept ? 1 : 0);
		}
	});

	it("may be declared while it is ended", () => {
		const h = connected();
		h.unsubscribe("o");
		h.sent();
		h.subscribe("o", 1);
		expect(h.exchange(unsuback(1))).toBe(subscribeHex(2, "o", 1));
		expect(h.log).toEqual([]);
	});
});

describe("a table of subscriptions that is full", () => {
	const one = { subscriptions: 1 };

	it("says by onRoom when an entry is free again: once, and only then", () => {
		const h = connected(one);
		h.subscribe("a");
		h.exchange(h.sent() === "" ? "" : suback(1, 0));
		expect([h.subscribe("b"), h.unsubscribe("c")]).toEqual([StatusCode.FULL, StatusCode.FULL]);
		// Room in the outbox is none here.
		h.publish("t", "x", 1);
		h.sent();
		h.exchange(ackHex(0x40, 2));
		expect(h.take()).toEqual(["subscribed 0 0", "delivered 2"]);
		h.unsubscribe("a");
		h.sent();
		h.exchange(unsuback(3));
		expect(h.take()).toEqual(["unsubscribed 0", "room"]);
		expect(h.subscribe("b")).toBe(0);
		h.exchange(h.sent() === "" ? "" : suback(4, 0));
		h.unsubscribe("b");
		h.sent();
		h.exchange(unsuback(5));
		expect(h.take()).toEqual(["subscribed 0 0", "unsubscribed 0"]);
	});

	it("says so too when a new session frees what was ended", () => {
		const h = connected(one);
		h.subscribe("a");
		h.sent();
		h.lost();
		h.unsubscribe("a");
		expect(h.subscribe("b")).toBe(StatusCode.FULL);
		h.take();
		h.connect(false);
		expect(h.take()).toEqual(["connected false", "room"]);
	});

	it("is not forgotten over a publish that is refused before it is told", () => {
		const h: Harness = connected({ ...one, outbox: 64, onUnsubscribed: () => void h.publish("t", "x".repeat(40), 1) });
		h.subscribe("a");
		h.sent();
		h.exchange(suback(1, 0));
		expect(h.publish("t", "x".repeat(40), 1)).toBe(2);
		expect(h.subscribe("b")).toBe(StatusCode.FULL);
		h.unsubscribe("a");
		h.sent();
		h.exchange(unsuback(3));
		expect(h.take()).toContain("room");
	});
});

describe("without a connection", () => {
	it("filters wait, and go out after CONNACK in one SUBSCRIBE", () => {
		const h = new Harness({ random: () => 0 });
		for (const letter of "abc") h.subscribe(letter);
		h.start();
		expect(packetsOf(h.opened()).length).toBe(1);
		expect(h.exchange("20020000")).toBe(subscribeHex(1, "abc"));
	});

	it("one that is ended before it was ever sent leaves no trace on a new session", () => {
		const h = new Harness({ random: () => 0 });
		h.subscribe("a");
		h.subscribe("b");
		h.core.unsubscribe("a");
		expect(h.connect()).toBe(subscribeHex(1, "b"));
		expect(states(h)).toBe("FREE SUBSCRIBING");
	});
});

describe("requests larger than the transmit region", () => {
	it("are cut into packets of their own identifiers, each acknowledged by itself", () => {
		const h = connected({ txBuffer: 64, subscriptions: 4, filterBytes: 160 });
		const filters = ["a", "b", "c", "d"].map((letter) => letter.repeat(30));
		for (const filter of filters) h.subscribe(filter);
		const packets = packetsOf(h.sent());
		expect(packets.map(({ first }) => first)).toEqual([0x82, 0x82, 0x82, 0x82]);
		const ids = packets.map(({ packetId }) => packetId);
		expect(new Set(ids).size).toBe(4);
		h.exchange(suback(ids[1]!, 1) + suback(ids[0]!, 0x80) + suback(ids[3]!, 2) + suback(ids[2]!, 0));
		expect(h.log).toEqual([
			"subscribed 1 1",
			"subscribed 0 128",
			`${REFUSED_PROBLEM} 0`,
			"subscribed 3 2",
			"subscribed 2 0",
		]);
	});

	it("do not end with the one that fits as long as the transport takes nothing", () => {
		const h = connected({ txBuffer: 64, subscriptions: 4, filterBytes: 160 });
		h.subscribe("a".repeat(30));
		h.subscribe("b".repeat(30));
		h.core.fill(h.now);
		expect(states(h)).toBe("SUBSCRIBING DECLARED");
		h.core.fill(h.now);
		expect(states(h)).toBe("SUBSCRIBING DECLARED");
		expect(serve(h, h.sent())).not.toBe("");
		expect(states(h)).toBe("ACTIVE ACTIVE");
	});
});
