// Goal: the short ways of the usual cases do just what the long ways do: an ack that arrives alone, and a publish that can
// leave at once.
// Method: two clients are brought into the same state; one gets the bytes at once, the other cut in two; one publishes when
// it can leave at once, the other after the short way was closed. What each sends, reports, counts and keeps is compared. That
// the short way was taken at all is seen by the methods of the long one, which are not called then.
import { describe, expect, it, vi } from "vitest";
import { COUNTER_COUNT, Counter } from "../../firmware/client/terms/counters.js";
import type { Fill } from "../../firmware/client/outgoing/sender.js";
import { Work } from "../../firmware/client/short-ways/transmit-region.js";
import { Topic } from "../../firmware/codec/topic.js";
import { Harness, inState, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, hexOf, publishHex } from "../support/hex.js";

const OPTIONS: HarnessOptions = { cleanSession: false, firstId: 0x1234, txBuffer: 128 };

/** States that an ack can arrive in; identifiers of ours start at 0x1234. */
const STATES: Readonly<Record<string, () => Harness>> = {
	"nothing open": () => inState.connected(OPTIONS),
	"one QoS 1 publish": () => published(inState.connected(OPTIONS), 1),
	"one QoS 2 publish": () => published(inState.connected(OPTIONS), 2),
	"a QoS 1 and a QoS 2 publish": () => published(inState.connected(OPTIONS), 1, 2),
	"a publish behind the window": () => published(inState.connected({ ...OPTIONS, inflight: 1 }), 2, 1),
	"a publish that was refused": () => {
		const h = published(inState.connected({ ...OPTIONS, outbox: 64 }), 1);
		h.publish("t", "x".repeat(40), 1);
		return h;
	},
	"one PUBREL sent": () => released(published(inState.connected(OPTIONS), 2)),
	"a PUBREL sent and a publish": () => published(released(published(inState.connected(OPTIONS), 2)), 1),
	"a PUBREL that waits for room": () => {
		const h = published(inState.connected({ ...OPTIONS, txBuffer: 64 }), 2);
		// Written and not taken by the transport: no room for an ack.
		h.publish("t", "y".repeat(57), 0);
		return h;
	},
	"a QoS 2 message of the server": () => {
		const h = inState.connected(OPTIONS);
		h.exchange(publishHex("a", "m", 2, 0x1234));
		return h;
	},
	"a publish that was sent again": () => {
		const h = published(inState.connected(OPTIONS), 1);
		h.lost();
		h.connect(true);
		return h;
	},
	"a publish that is not sent again yet": () => {
		const h = published(inState.connected(OPTIONS), 2);
		h.lost();
		h.start();
		h.core.networkUp(h.now);
		h.opened();
		h.receive("20020100");
		return h;
	},
	"PUBRELs that are not sent again yet": () => {
		const h = published(inState.connected(OPTIONS), 2, 2);
		h.exchange(ackHex(0x50, 0x1234) + ackHex(0x50, 0x1235));
		h.lost();
		h.core.networkUp(h.now);
		h.opened();
		h.receive("20020100");
		return h;
	},
	"a silence that was pinged": () => {
		const h = inState.connected({ ...OPTIONS, keepAlive: 60, stableMs: 1 });
		for (let i = 0; i < 4 && h.core.counters[Counter.PINGS] === 0; i++) h.sleep();
		h.sent();
		return h;
	},
	stopping: () => inState.stopping(OPTIONS),
	"a subscription that waits": () => {
		const h = inState.connected(OPTIONS);
		h.subscribe("a", 1);
		h.sent();
		return h;
	},
	"before CONNACK": () => {
		const h = published(inState.connected(OPTIONS), 1);
		h.lost();
		h.core.networkUp(h.now);
		h.opened();
		return h;
	},
};

function published(h: Harness, ...qos: number[]): Harness {
	for (const each of qos) h.publish("t", "x", each);
	h.sent();
	return h;
}

function released(h: Harness): Harness {
	h.exchange(ackHex(0x50, 0x1234));
	return h;
}

/** Everything that can be told from outside, and what the session keeps. */
function tell(h: Harness): unknown {
	const { session, receiver } = h.core;
	const { outbox } = session;
	return {
		rest: h.rest(),
		state: h.core.state,
		// After the end of a connection the rest of its bytes is not taken.
		counters: [...h.core.counters].map((count, i) => (i === Number(Counter.BYTES_IN) && !h.core.linked ? 0 : count)),
		outbox: [outbox.count, outbox.used, outbox.countQoS0, outbox.tail - outbox.cursor],
		records: hexOf(h.core.arena.bytes.subarray(outbox.head, outbox.tail)),
		released: [...session.released.subarray(0, session.releasedCount)],
		sent: session.releasedSent,
		waiting: session.waiting,
		incoming: session.incoming.count,
		lastReceived: receiver.lastReceived,
	};
}

/** Handlers are told of what is delivered, or nobody listens: both have their way. */
const LISTENERS: readonly [string, HarnessOptions][] = [
	["and somebody listens", {}],
	["and nobody listens", { onDelivered: undefined as never }],
];

describe.each(Object.keys(STATES))("an ack alone, with %s", (name) => {
	const bytes = [0x40, 0x50, 0x62, 0x70, 0x60, 0x42, 0x41, 0xd0, 0xc0, 0x90, 0x30];
	const lengths = [0x02, 0x00, 0x03, 0x82];
	const ids = [0x1234, 0x1235, 0x0000, 0xffff];

	it("has the same effect whole and cut", () => {
		for (const first of bytes) {
			for (const length of lengths) {
				for (const id of ids) {
					const hex = hexOf(Uint8Array.of(first, length, id >> 8, id & 255));
					const whole = STATES[name]!();
					const cut = STATES[name]!();
					whole.receive(hex);
					cut.receive(hex, 3);
					// Another window in use, by the way the bytes were cut.
					for (const h of [whole, cut]) h.core.counts.rxMax = 0;
					expect([hex, tell(whole)]).toEqual([hex, tell(cut)]);
				}
			}
		}
	});

	it.each(["d000", "d0", "c000", "e000", "d001", "4002", "2002", "30"])("is told from %s", (hex) => {
		const whole = STATES[name]!();
		const cut = STATES[name]!();
		whole.receive(hex);
		cut.receive(hex, 1);
		for (const h of [whole, cut]) h.core.counts.rxMax = 0;
		expect(tell(whole)).toEqual(tell(cut));
	});
});

describe.each(LISTENERS)("a publish that leaves at once, %s", (_name, options) => {
	const topic = new Topic("a/b");
	const sizes = [0, 1, 60, 119, 120, 121, 122, 123, 124, 125, 126, 140];

	it.each([0, 1, 2])("is the same as one that waits for the turn, at QoS %i", (qos) => {
		for (const size of sizes) {
			for (const retain of [false, true]) {
				for (const limits of [{}, { txBuffer: 64 }, { outbox: 64 }, { inflight: 1 }]) {
					// At QoS 0 one goes through the outbox, the other does not.
					if (qos === 0 && "outbox" in limits) continue;
					const payload = new Uint8Array(size).fill(0x61);
					const [direct, waiting] = [0, 1].map(() => {
						const h = inState.connected({ firstId: 65_533, ...options, ...limits });
						// Its first identifier is looked for on the long way; the last that can be are those of this test.
						h.publish("first", "x", 1);
						h.sent();
						return h;
					}) as [Harness, Harness];
					waiting.core.region.direct = false;
					waiting.core.region.work = Work.ALL;
					for (const h of [direct, waiting]) {
						h.core.shortPublisher.publish(topic, payload, qos, retain);
						h.core.shortPublisher.publish(topic, payload, qos, retain);
						// Bytes waiting in the region are counted by the driver of the direct way.
						h.core.counts.txMax = 0;
					}
					const sent = direct.sent();
					expect([size, sent]).toEqual([size, waiting.sent()]);
					if (qos === 0) continue;
					for (const h of [direct, waiting]) h.core.counts.txMax = 0;
					expect([size, tell(direct)]).toEqual([size, tell(waiting)]);
				}
			}
		}
	});
});

/** Calls of the long ways, by what they would have done. */
function watch(h: Harness): { calls: string[]; mend(): void } {
	const calls: string[] = [];
	const { core } = h;
	const spies = [
		vi.spyOn(core.publisher, "publishBytes").mockName("Publisher.publishBytes"),
		vi.spyOn(core.sender, "fill").mockName("Sender.fill"),
		vi.spyOn(core.sender as unknown as { fillRecords(): Fill }, "fillRecords").mockName("Sender.fillRecords"),
		vi.spyOn(core, "handlePacket").mockName("Core.handlePacket"),
	];
	return {
		get calls() {
			for (const spy of spies) for (let i = 0; i < spy.mock.calls.length; i++) calls.push(spy.getMockName());
			return calls;
		},
		mend: () => spies.forEach((spy) => spy.mockRestore()),
	};
}

describe("a short way is taken", () => {
	const topic = new Topic("t");
	const payload = Uint8Array.of(0x78);
	const idle = (options: HarnessOptions = {}): Harness => published(inState.connected({ ...OPTIONS, ...options }), 1);

	/** The state, what is done, and what has been sent then. */
	const TAKEN: [string, () => Harness, (h: Harness) => void, string][] = [
		["by a publish at QoS 0", idle, (h) => publish(h, 0), publishHex("t", "x")],
		["by a publish at QoS 1", complete, (h) => publish(h, 1), publishHex("t", "x", 1, 0x1235)],
		["by a publish at QoS 2", complete, (h) => publish(h, 2), publishHex("t", "x", 2, 0x1235)],
		["by a publish while another one is on its way", idle, (h) => publish(h, 1), publishHex("t", "x", 1, 0x1235)],
		["by PUBACK alone", idle, (h) => h.receive(ackHex(0x40, 0x1234)), ""],
		["by PUBREC alone", sentQoS2, (h) => h.receive(ackHex(0x50, 0x1234)), ackHex(0x62, 0x1234)],
		["by PUBCOMP alone", () => released(sentQoS2()), (h) => h.receive(ackHex(0x70, 0x1234)), ""],
		["by PUBREL alone", received, (h) => h.receive(ackHex(0x62, 7)), ackHex(0x70, 7)],
	];

	/** A publish as a program makes it that has a Topic and bytes. */
	function publish(h: Harness, qos: number): void {
		h.core.shortPublisher.publish(topic, payload, qos, false);
	}

	function complete(): Harness {
		const h = idle();
		h.exchange(ackHex(0x40, 0x1234));
		return h;
	}

	function sentQoS2(): Harness {
		return published(inState.connected(OPTIONS), 2);
	}

	function received(): Harness {
		const h = inState.connected(OPTIONS);
		h.exchange(publishHex("a", "m", 2, 7));
		return h;
	}

	it.each(TAKEN)("%s: no long way is asked, and the bytes are there", (_name, make, act, sent) => {
		const h = make();
		const watched = watch(h);
		act(h);
		expect(h.sent()).toBe(sent);
		expect(watched.calls).toEqual([]);
		watched.mend();
	});

	it("by one publish after the other, whose acks come alone", () => {
		const h = complete();
		const watched = watch(h);
		for (let i = 0; i < 3; i++) {
			for (const qos of [1, 2, 0]) {
				publish(h, qos);
				const id = h.sent().slice(-6, -2);
				if (qos === 1) h.receive(`4002${id}`);
				else if (qos === 2) h.receive(`5002${id}`);
				h.sent();
				if (qos === 2) h.receive(`7002${id}`);
			}
		}
		expect(h.core.counters[Counter.DELIVERED]).toBe(7);
		expect(watched.calls).toEqual([]);
	});

	it("by publishes that the window lets go, from the outbox whole", () => {
		const h = published(inState.connected({ ...OPTIONS, inflight: 2 }), 1, 1);
		for (let i = 0; i < 2; i++) h.publish("t", "x", 1 + i);
		h.sent();
		const watched = watch(h);
		h.receive(ackHex(0x40, 0x1234) + ackHex(0x40, 0x1235));
		expect(h.sent()).toBe(publishHex("t", "x", 1, 0x1236) + publishHex("t", "x", 2, 0x1237));
		expect(new Set(watched.calls)).toEqual(new Set(["Core.handlePacket", "Sender.fill"]));
	});

	it("by the ack of the only publish that the outbox has let go", () => {
		const h = published(inState.connected({ ...OPTIONS, inflight: 1 }), 1, 1);
		h.exchange(ackHex(0x40, 0x1234));
		const watched = watch(h);
		h.receive(ackHex(0x40, 0x1235));
		expect([h.core.session.outbox.count, watched.calls]).toEqual([0, []]);
	});

	/** Where something stands in its way: it waits for its turn, and the long way knows why. */
	const NOT_TAKEN: [string, (h: Harness) => void, number][] = [
		["while a payload is composed", (h) => void h.core.publisher.startCompose(topic, 1), 0],
		["while a QoS 0 publish waits", (h) => void h.core.publisher.publishStream("t", 1, { read: () => 0 }, 0, false), 0],
		["in the middle of a packet", halfWritten, 0],
		["in the middle of a packet", halfWritten, 1],
		["while stopping", (h) => void h.stop(), 0],
		["while stopping", (h) => void h.stop(), 1],
		["when the region is full", (h) => void h.publish("t", "y".repeat(120)), 0],
		["when the region is full", (h) => void h.publish("t", "y".repeat(120)), 1],
	];

	function halfWritten(h: Harness): void {
		h.core.publisher.publishStream("t", 10, { read: () => 0 }, 1, false);
		h.sent();
	}

	it.each(NOT_TAKEN)("not %s", (_name, bring, qos) => {
		const h = complete();
		bring(h);
		const before = h.core.region.size;
		const watched = watch(h);
		publish(h, qos);
		expect([h.core.region.size, watched.calls]).toEqual([before, ["Publisher.publishBytes"]]);
	});

	/** The region is full, an ack waits for room, and then there is some. */
	function ackWaits(): Harness {
		const h = inState.connected({ ...OPTIONS, txBuffer: 64 });
		h.exchange(publishHex("a", "m", 2, 7));
		h.publish("t", "y".repeat(59));
		h.receive(publishHex("a", "m", 1, 5));
		expect(h.core.region.ackCount).toBe(1);
		h.core.handleSent(h.core.region.size - 1, h.now);
		return h;
	}

	it.each([
		["an answer to an ack", ackHex(0x62, 7), ackHex(0x70, 7)],
		["an ack", publishHex("a", "m", 1, 6), ackHex(0x40, 6)],
	])("not by %s while acks wait for room: it would overtake them", (_name, arrives, answer) => {
		const h = ackWaits();
		h.receive(arrives);
		expect(h.sent()).toBe(`79${ackHex(0x40, 5)}${answer}`);
	});

	it("not by PUBACK while leaving: DISCONNECT has waited for it", () => {
		const h = idle();
		h.stop();
		expect(h.sent()).toBe("");
		h.receive(ackHex(0x40, 0x1234));
		expect(h.sent()).toBe("e000");
	});

	it("by PUBACK alone, and who was refused hears of the room", () => {
		const h = published(inState.connected({ ...OPTIONS, outbox: 64 }), 1);
		h.publish("t", "x".repeat(40), 1);
		h.take();
		h.receive(ackHex(0x40, 0x1234));
		expect(h.take()).toEqual([`delivered ${0x1234}`, "room"]);
	});

	it("by PUBCOMP alone, and what has waited for the window goes out", () => {
		const h = released(published(inState.connected({ ...OPTIONS, inflight: 1 }), 2, 1));
		h.receive(ackHex(0x70, 0x1234));
		expect(h.sent()).toBe(publishHex("t", "x", 1, 0x1235));
	});
});

it("a publish from onDelivered does not overtake one that the window has just let go", () => {
	const onDelivered = (): void => {
		if (h.core.counters[Counter.DELIVERED] === 1)
			h.core.shortPublisher.publish(new Topic("c"), Uint8Array.of(0x63), 1, false);
	};
	const h = inState.connected({ inflight: 1, firstId: 1, onDelivered });
	h.publish("a", "a", 1);
	h.publish("b", "b", 1);
	expect(h.sent()).toBe(publishHex("a", "a", 1, 1));
	expect(h.exchange(ackHex(0x40, 1))).toBe(publishHex("b", "b", 1, 2));
	expect(h.exchange(ackHex(0x40, 2))).toBe(publishHex("c", "c", 1, 3));
});

it("publishes are complete, whether somebody listens or not", () => {
	const h = published(inState.connected({ ...OPTIONS, onDelivered: undefined as never }), 1, 2, 2);
	const acks = ackHex(0x40, 0x1234) + ackHex(0x50, 0x1235) + ackHex(0x50, 0x1236);
	expect(h.exchange(acks)).toBe(ackHex(0x62, 0x1235) + ackHex(0x62, 0x1236));
	h.exchange(ackHex(0x70, 0x1235) + ackHex(0x70, 0x1236));
	expect([h.core.counters[Counter.DELIVERED], h.core.session.releasedCount]).toEqual([3, 0]);
});

it("there is a counter for each name", () => {
	expect(Object.keys(Counter).length).toBe(COUNTER_COUNT);
});
