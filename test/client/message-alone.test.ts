// Goal: the short way of a PUBLISH that arrives alone does just what the long way does, and is taken where it should be.
// Method: two clients in the same state; one gets the packet whole, the other cut in two. What each hands over, sends,
// reports, counts and keeps is compared. Which way was taken is seen at Receiver.takeBytes, where the long one starts.
import { describe, expect, it, vi } from "vitest";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { Handler } from "../../firmware/client/terms/options.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { bytesOf, hexOf, publishHex } from "../support/hex.js";

const OPTIONS: HarnessOptions = { cleanSession: false, firstId: 100, txBuffer: 64, rxBuffer: 96 };

function listening(filters: string[], options: HarnessOptions = {}): Harness {
	const h = new Harness({ ...OPTIONS, ...options });
	for (const filter of filters) h.subscribe(filter, 2);
	h.connect();
	h.sent();
	h.rest();
	return h;
}

/** States that a message can arrive in. */
const STATES: Readonly<Record<string, () => Harness>> = {
	"a filter that equals it": () => listening(["a", "sensors/kitchen/temp"]),
	"a wildcard beside it": () => listening(["a", "+"]),
	"no subscription": () => listening([]),
	"no subscription, and onMessage": () => {
		const h: Harness = listening([], { onMessage: (message) => void h.log.push(`other ${message.topicText()}`) });
		return h;
	},
	"a QoS 2 message open": () => {
		const h = listening(["a"]);
		h.exchange(publishHex("a", "m", 2, 7));
		return h;
	},
	"a handler that throws": () => {
		const h = listening([]);
		h.subscribe("a", 2, () => {
			throw new Error("handler");
		});
		h.sent();
		return h;
	},
	"a handler that stops": () => {
		const h = listening([]);
		h.subscribe("a", 2, (() => h.core.networkDown(h.now)) as Handler);
		h.sent();
		return h;
	},
	"a handler that pauses": () => {
		const h = listening([]);
		h.subscribe("a", 2, (() => h.core.receiver.pause()) as Handler);
		h.sent();
		return h;
	},
	"a full transmit region": () => {
		const h = listening(["a"]);
		h.publish("t", "y".repeat(57), 0);
		return h;
	},
	"no CONNACK yet": () => {
		const h = listening(["a"]);
		h.lost();
		h.core.networkUp(h.now);
		h.opened();
		return h;
	},
};

/** PUBLISH packets that are right, and some that are not. */
const PACKETS: string[] = [];
for (const qos of [0, 1, 2]) {
	for (const flags of [0, 1, 8, 9]) {
		for (const topic of ["a", "sensors/kitchen/temp", "other/\u00e9", "a+", "abc\u0000defg", "abcd#"]) {
			PACKETS.push(publishHex(topic, "payload", qos, 7, flags), publishHex(topic, "", qos, 8, flags));
		}
	}
}
PACKETS.push(
	"300261",
	"3003000161",
	"3203000161",
	"32050001610000",
	"36050001610007",
	"300300006161",
	"30040004616263",
);
PACKETS.push("310500056162ff", "3006000161626364", publishHex("a", "x".repeat(91)), publishHex("a", "x".repeat(94)));

/** Everything that can be told from outside, and what the session keeps. */
function tell(h: Harness): unknown {
	const { session, receiver } = h.core;
	return {
		seen: h.seen,
		rest: h.rest(),
		state: h.core.state,
		counters: [...h.core.counters].map((count, i) =>
			i === Number(Counter.RX_MAX) || (i === Number(Counter.BYTES_IN) && !h.core.linked) ? 0 : count,
		),
		incoming: [7, 8].map((id) => session.incoming.has(id)),
		lastReceived: receiver.lastReceived,
		held: receiver.held,
		stalled: receiver.stalled,
	};
}

describe.each(Object.keys(STATES))("a message alone, with %s", (name) => {
	it("has the same effect whole and cut", () => {
		for (const hex of PACKETS) {
			const whole = STATES[name]!();
			const cut = STATES[name]!();
			whole.receive(hex);
			cut.receive(hex, 3);
			expect([hex, tell(whole)]).toEqual([hex, tell(cut)]);
		}
	});
});

describe("the short way", () => {
	function takesShort(h: Harness, hex: string): boolean {
		const long = vi.spyOn(h.core.receiver as unknown as { takeBytes(): void }, "takeBytes");
		h.receive(hex);
		return long.mock.calls.length === 0;
	}

	it.each([0, 1, 2])("is taken at QoS %i, by an equal filter, a wildcard, and without a subscription", (qos) => {
		for (const name of ["a filter that equals it", "a wildcard beside it", "no subscription"]) {
			expect([name, takesShort(STATES[name]!(), publishHex("a", "x", qos, 7))]).toEqual([name, true]);
		}
	});

	it("takes each length up to the largest that one byte can say, and none above the buffer", () => {
		const shortest = bytesOf(publishHex("a", "")).length;
		for (const rxBuffer of [96, 256]) {
			const taken = [];
			for (let size = 0; size <= 130; size++) {
				if (takesShort(listening(["a"], { rxBuffer }), publishHex("a", "x".repeat(size)))) taken.push(size + shortest);
			}
			// What is as long as an ack or a ping is looked at as such first, and there is no PUBLISH so short.
			expect([taken[0], taken.at(-1), taken.length]).toEqual([shortest, rxBuffer === 96 ? 96 : 129, taken.at(-1)! - 4]);
		}
		expect(hexOf(Uint8Array.of(shortest))).toBe("05");
	});
});
