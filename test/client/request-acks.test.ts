import { describe, expect, it } from "vitest";
import { LayerCode, ProblemCode, ReasonCode, StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { Deadline } from "../../firmware/client/setup/deadlines.js";
import type { Harness, HarnessOptions } from "../support/core-harness.js";
import { ackHex } from "../support/hex.js";
import { serve } from "./model-server.js";
import {
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

// Goal: §3.9 and §3.11: each filter learns its own code, whatever becomes of it and of the others meanwhile, and callbacks
// may change any subscription while they are told. Wrong, lost and missing acks are in request-lost.test.ts.
// Method: a client whose identifiers start at 1, one answer at a time.

describe("SUBACK", () => {
	it.each([0, 1, 2])("with code %i grants one filter [MQTT-3.8.4-1]", (code) => {
		const h = subscribing("a");
		expect(h.exchange(suback(1, code))).toBe("");
		expect(h.log).toEqual([`subscribed 0 ${code}`]);
		expect(states(h)).toBe("ACTIVE");
		expect(h.core.deadlines.isArmed(Deadline.ACK)).toBe(false);
		expect(h.core.counters[CounterIndex.SUBSCRIPTIONS_REFUSED]).toBe(0);
	});

	it("with 0x80 refuses: the code, a problem and a counter say so, and the handler gets nothing", () => {
		const h = subscribing("a");
		h.exchange(suback(1, 0x80));
		expect(h.log).toEqual(["subscribed 0 128", `${REFUSED_PROBLEM} 0`]);
		expect(states(h)).toBe("REFUSED");
		expect(h.core.counters[CounterIndex.SUBSCRIPTIONS_REFUSED]).toBe(1);
		expect(reached(h, "a")).toBe("");
		expect(h.core.state).toBe(StateCode.CONNECTED);
	});

	it("gives each filter of one SUBSCRIBE its own code, in their order [MQTT-3.8.4-5]", () => {
		const h = subscribing("abcd");
		expect(h.exchange(suback(1, 0, 0x80, 2, 0x80))).toBe("");
		expect(h.log).toEqual([
			"subscribed 0 0",
			"subscribed 1 128",
			`${REFUSED_PROBLEM} 1`,
			"subscribed 2 2",
			"subscribed 3 128",
			`${REFUSED_PROBLEM} 3`,
		]);
		expect(states(h)).toBe("ACTIVE REFUSED ACTIVE REFUSED");
		expect(h.core.counters[CounterIndex.SUBSCRIPTIONS_REFUSED]).toBe(2);
		expect(reached(h, "abcd")).toBe("ac");
	});

	it("is all there is to a SUBACK that comes byte by byte", () => {
		const h = subscribing("ab");
		h.receive(suback(1, 1, 0x80), 1);
		expect(h.log).toEqual(["subscribed 0 1", "subscribed 1 128", `${REFUSED_PROBLEM} 1`]);
	});

	it("of two requests may come in either order", () => {
		const h = subscribing("a");
		h.subscribe("b");
		expect(h.sent()).toBe(subscribeHex(2, "b"));
		h.exchange(suback(2, 1));
		expect(states(h)).toBe("SUBSCRIBING ACTIVE");
		h.exchange(suback(1, 2));
		expect(h.log).toEqual(["subscribed 1 1", "subscribed 0 2"]);
	});

	it("says something for a filter that was refused before, when it is asked for again", () => {
		const h = subscribing("a");
		h.exchange(suback(1, 0x80));
		expect(h.subscribe("a", 1)).toBe(0);
		expect(h.sent()).toBe(subscribeHex(2, "a", 1));
		h.exchange(suback(2, 1));
		expect(h.log.slice(2)).toEqual(["subscribed 0 1"]);
		expect(reached(h, "a")).toBe("a");
	});

	it("with an identifier that an active filter had long ago is about the new one only", () => {
		const h = subscribed("a");
		// All other identifiers are used once, so that the next one is that of the first SUBSCRIBE again.
		for (let i = 0; i < 65_534; i++) {
			const packetId = h.publish("t", "", 1);
			h.sent();
			h.receive(ackHex(0x40, packetId));
		}
		h.log.length = 0;
		h.subscribe("b");
		expect(h.sent()).toBe(subscribeHex(1, "b"));
		h.exchange(suback(1, 0x80));
		expect(h.log).toEqual(["subscribed 1 128", `${REFUSED_PROBLEM} 1`]);
		expect(states(h)).toBe("ACTIVE REFUSED");
	});
});

describe("UNSUBACK", () => {
	it("ends one subscription, and its place is free [MQTT-3.10.4-4]", () => {
		const h = subscribed("a");
		expect(h.core.unsubscribe("a")).toBe(0);
		// At once, and not only when the server has heard of it.
		expect(reached(h, "a")).toBe("");
		expect(h.sent()).toBe(unsubscribeHex(2, "a"));
		expect(states(h)).toBe("UNSUBSCRIBING");
		h.exchange(unsuback(2));
		expect(h.log).toEqual(["unsubscribed 0"]);
		expect(h.core.subscriptions.count).toBe(0);
		expect(h.core.deadlines.isArmed(Deadline.ACK)).toBe(false);
	});

	it("ends all filters of one UNSUBSCRIBE, and leaves the others as they are", () => {
		const h = subscribed("abcd");
		for (const letter of "acd") h.core.unsubscribe(letter);
		expect(h.sent()).toBe(unsubscribeHex(2, "acd"));
		h.exchange(unsuback(2));
		expect(h.log).toEqual(["unsubscribed 0", "unsubscribed 2", "unsubscribed 3"]);
		expect(states(h)).toBe("FREE ACTIVE");
		expect(reached(h, "abcd")).toBe("b");
		// A free place has no part in a SUBACK.
		h.log.length = 0;
		h.subscribe("b", 1);
		h.sent();
		h.exchange(suback(3, 1));
		expect(h.log).toEqual(["subscribed 1 1"]);
		// The free places are taken again, and the filters that moved are still the right ones.
		expect(h.subscribe("e")).toBe(0);
		expect(reached(h, "be")).toBe("be");
	});

	it("does not end a subscription that has been declared again meanwhile", () => {
		const h = subscribed("ab");
		h.core.unsubscribe("a");
		h.core.unsubscribe("b");
		h.sent();
		expect(h.subscribe("a")).toBe(0);
		h.exchange(unsuback(2));
		expect(h.log).toEqual(["unsubscribed 1"]);
		expect(states(h)).toBe("SUBSCRIBING");
		h.exchange(suback(3, 1));
		expect(h.log).toEqual(["unsubscribed 1", "subscribed 0 1"]);
		expect(reached(h, "ab")).toBe("a");
	});
});

describe("a subscription that changes before its SUBACK comes", () => {
	it("is ended: the code of the other filter is its own", () => {
		const h = subscribing("ab");
		h.core.unsubscribe("a");
		expect(h.sent()).toBe(unsubscribeHex(2, "a"));
		expect(h.exchange(suback(1, 0x80, 2))).toBe("");
		expect(h.log).toEqual(["subscribed 1 2"]);
		expect(states(h)).toBe("UNSUBSCRIBING ACTIVE");
		h.exchange(unsuback(2));
		expect(h.log).toEqual(["subscribed 1 2", "unsubscribed 0"]);
	});

	it("is ended, and UNSUBSCRIBE could not be sent yet", () => {
		const h = subscribing("ab");
		h.core.unsubscribe("b");
		h.receive(suback(1, 1, 2));
		expect(h.log).toEqual(["subscribed 0 1"]);
		expect(states(h)).toBe("ACTIVE ENDED");
		expect(h.sent()).toBe(unsubscribeHex(2, "b"));
	});

	it("is declared with another QoS: only the second SUBACK speaks for it", () => {
		const h = subscribing("abc");
		h.subscribe("b", 2);
		expect(h.sent()).toBe(subscribeHex(2, "b", 2));
		h.exchange(suback(1, 0, 0x80, 0x80));
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 2 128", `${REFUSED_PROBLEM} 2`]);
		expect(states(h)).toBe("ACTIVE SUBSCRIBING REFUSED");
		h.exchange(suback(2, 2));
		expect(h.log.slice(3)).toEqual(["subscribed 1 2"]);
		expect(h.core.deadlines.isArmed(Deadline.ACK)).toBe(false);
	});

	it("gives its place away: the ack of UNSUBSCRIBE came before that of SUBSCRIBE", () => {
		const h = subscribing("ab");
		h.core.unsubscribe("a");
		h.sent();
		h.exchange(unsuback(2));
		expect(h.subscribe("c")).toBe(0);
		h.sent();
		h.exchange(suback(1, 0x80, 1));
		expect(h.log).toEqual(["unsubscribed 0", "subscribed 1 1"]);
		h.exchange(suback(3, 2));
		expect(h.log.slice(2)).toEqual(["subscribed 0 2"]);
	});

	it("was the last of its request: what the server says to it is ignored", () => {
		const h = subscribing("ab");
		h.core.unsubscribe("a");
		h.core.unsubscribe("b");
		h.sent();
		expect(h.exchange(suback(1, 0, 0x80))).toBe("");
		expect(h.log).toEqual([]);
		h.exchange(unsuback(2));
		expect(h.log).toEqual(["unsubscribed 0", "unsubscribed 1"]);
		expect(h.core.state).toBe(StateCode.CONNECTED);
	});

	it("does not change how many codes there have to be", () => {
		const h = subscribing("ab");
		h.core.unsubscribe("a");
		h.sent();
		h.exchange(suback(1, 0));
		expect(h.log).toEqual([`disconnected ${LayerCode.PROTOCOL}/${ReasonCode.PROTOCOL_ERROR} 144 retry`]);
	});
});

describe("a callback", () => {
	/** What the first onSubscribed does. */
	function during(filters: string, codes: number[], act: (h: Harness) => void): Harness {
		const h: Harness = subscribing(filters, {
			onSubscribed: (_client: unknown, index: number, code: number) => {
				h.log.push(`subscribed ${index} ${code}`);
				if (index === 0) act(h);
			},
		} as HarnessOptions);
		h.receive(suback(1, ...codes));
		return h;
	}

	it("of SUBACK finds all filters settled", () => {
		during("abc", [0, 0x80, 1], (h) => {
			expect(states(h)).toBe("ACTIVE REFUSED ACTIVE");
			expect(h.core.subscriptions.requested).toBe(0);
		});
	});

	it("of SUBACK may end another filter of it: that one is not reported any more", () => {
		const h = during("abc", [0, 0x80, 1], (inner) => expect(inner.core.unsubscribe("b")).toBe(0));
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 2 1"]);
		expect(states(h)).toBe("ACTIVE ENDED ACTIVE");
		expect(h.sent()).toBe(unsubscribeHex(2, "b"));
	});

	it("of SUBACK may end its own filter", () => {
		const h = during("ab", [0, 1], (inner) => inner.core.unsubscribe("a"));
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 1 1"]);
		expect(h.sent()).toBe(unsubscribeHex(2, "a"));
		h.exchange(unsuback(2));
		expect(reached(h, "ab")).toBe("b");
	});

	it("of SUBACK may change another filter of it: its next SUBACK is what counts", () => {
		const h = during("abc", [0, 0x80, 1], (inner) => inner.subscribe("b", 1));
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 2 1"]);
		expect(h.sent()).toBe(subscribeHex(2, "b", 1));
		h.exchange(suback(2, 1));
		expect(h.log.slice(2)).toEqual(["subscribed 1 1"]);
	});

	it("of SUBACK may subscribe to more, and its deadline runs", () => {
		const h = during("ab", [0, 1], (inner) => {
			inner.subscribe("c");
			inner.subscribe("d");
		});
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 1 1"]);
		expect(h.sent()).toBe(subscribeHex(2, "cd"));
		expect(h.core.deadlines.isArmed(Deadline.ACK)).toBe(true);
		h.exchange(suback(2, 1, 2));
		expect(h.log.slice(2)).toEqual(["subscribed 2 1", "subscribed 3 2"]);
	});

	it("of SUBACK may end the connection: the others are told all the same, and nothing is sent", () => {
		const h = during("abc", [0, 0x80, 1], (inner) => inner.core.networkDown(inner.now));
		expect(h.log).toEqual([
			"subscribed 0 0",
			`disconnected ${LayerCode.LOCAL}/${ReasonCode.NETWORK_DOWN} 0 retry`,
			"subscribed 1 128",
			"problem 3 1",
			"subscribed 2 1",
		]);
		expect(states(h)).toBe("ACTIVE REFUSED ACTIVE");
		expect(h.core.deadlines.isArmed(Deadline.ACK)).toBe(false);
		expect(h.connect(true)).toBe("");
		// Codes that nobody was told belong to no later SUBACK.
		h.log.length = 0;
		h.subscribe("d");
		expect(serve(h, h.sent())).toBe(subscribeHex(2, "d"));
		expect(h.log).toEqual(["subscribed 3 0"]);
	});

	it("of SUBACK may stop the client", () => {
		const h = during("ab", [0, 1], (inner) => inner.stop());
		expect(h.log).toEqual(["subscribed 0 0", "subscribed 1 1"]);
		expect(h.sent()).toBe("e000");
		expect(h.core.state).toBe(StateCode.STOPPED);
	});

	it("of SUBACK that throws is reported, and the others are told", () => {
		const h = during("ab", [0x80, 1], () => {
			throw new Error("of the application");
		});
		expect(h.log).toEqual([
			"subscribed 0 128",
			`problem ${ProblemCode.CALLBACK_THREW} 1`,
			`${REFUSED_PROBLEM} 0`,
			"subscribed 1 1",
		]);
	});

	/** Three filters are ended by one UNSUBSCRIBE; what the first onUnsubscribed does. */
	function duringUnsuback(act: (h: Harness) => void): Harness {
		const h: Harness = subscribed("abc", {
			onUnsubscribed: (_client: unknown, index: number) => {
				h.log.push(`unsubscribed ${index}`);
				if (index === 0) act(h);
			},
		} as HarnessOptions);
		for (const letter of "abc") h.core.unsubscribe(letter);
		h.sent();
		h.receive(unsuback(2));
		return h;
	}

	it("of UNSUBACK may declare the same filter again, in its place", () => {
		const h = duringUnsuback((inner) => expect(inner.subscribe("a")).toBe(0));
		expect(h.log).toEqual(["unsubscribed 0", "unsubscribed 1", "unsubscribed 2"]);
		expect(states(h)).toBe("DECLARED");
		expect(h.sent()).toBe(subscribeHex(3, "a"));
	});

	it("of UNSUBACK may declare one of those that it is about to end", () => {
		const h = duringUnsuback((inner) => expect(inner.subscribe("c")).toBe(2));
		expect(h.log).toEqual(["unsubscribed 0", "unsubscribed 1"]);
		expect(h.sent()).toBe(subscribeHex(3, "c"));
		h.exchange(suback(3, 0));
		expect(reached(h, "abc")).toBe("c");
	});

	it("of UNSUBACK may end the connection: the others are asked for again", () => {
		const h = duringUnsuback((inner) => inner.core.networkDown(inner.now));
		expect(h.log.slice(0, 1)).toEqual(["unsubscribed 0"]);
		expect(h.log.length).toBe(2);
		expect(h.connect(true)).toBe(unsubscribeHex(3, "bc"));
	});
});
