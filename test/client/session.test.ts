// Read MQTT 3.1.1 §4.1, §4.3 and §4.4 beside this file.
// Goal: every row of the sender's state tables for QoS 1 and 2, on one connection and across several.
// Method: a core per row, brought to the state by packets; what it sends is compared byte by byte.
import { describe, expect, it } from "vitest";
import { Problem, Reason } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { nearerId, type Session } from "../../firmware/client/session/session.js";
import { endedBy, Harness, inState, NOTHING, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const puback = (id: number): string => ackHex(0x40, id);
const pubrec = (id: number): string => ackHex(0x50, id);
const pubrel = (id: number): string => ackHex(0x62, id);
const pubcomp = (id: number): string => ackHex(0x70, id);
const DUP = 8;

/** With a session that outlives the connection; identifiers from 5. */
function connected(options: HarnessOptions = {}): Harness {
	return inState.connected({ firstId: 5, cleanSession: false, ...options });
}

/** Our publish 5 waits for its first ack. */
function waiting(qos: number): Harness {
	const h = connected();
	expect(h.publish("t", "x", qos)).toBe(5);
	expect(h.sent()).toBe(publishHex("t", "x", qos, 5));
	return h;
}

/** Our QoS 2 publish 5 waits for PUBCOMP. */
function released(): Harness {
	const h = waiting(2);
	expect(h.exchange(pubrec(5))).toBe(pubrel(5));
	return h;
}

/** Nothing is kept of any publish. */
function expectIdle(h: Harness): void {
	const { outbox, waiting: left, releasedCount } = h.core.session;
	expect([outbox.count, outbox.used, outbox.head, left, releasedCount]).toEqual([0, 0, outbox.base, 0, 0]);
	expect(h.rest()).toEqual(NOTHING);
}

describe("a QoS 1 publish that waits for PUBACK", () => {
	it("is complete with PUBACK", () => {
		const h = waiting(1);
		h.receive(puback(5));
		expect(h.take()).toEqual(["delivered 5"]);
		expect(h.core.counters[Counter.DELIVERED]).toBe(1);
		expectIdle(h);
	});

	it.each([
		["PUBREC", pubrec(5)],
		["PUBCOMP", pubcomp(5)],
	])("ends the connection with %s, and is sent again", (_name, hex) => {
		const h = waiting(1);
		h.receive(hex);
		expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, parseInt(hex.slice(0, 2), 16))]);
		expect(h.connect(true)).toBe(publishHex("t", "x", 1, 5, DUP));
	});

	it("ends the connection with an ack that comes before it is sent whole", () => {
		const h = connected({ txBuffer: 64 });
		h.publish("t", "x".repeat(100), 1);
		h.core.fill(h.now);
		h.receive(puback(5));
		expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, 0x40)]);
		expect(h.connect(true)).toBe(publishHex("t", "x".repeat(100), 1, 5, DUP));
	});

	it("is sent again with DUP on a kept session, and never on a live link", () => {
		const h = waiting(1);
		h.pass(50_000);
		expect(h.sent()).toBe("");
		h.lost();
		expect(h.connect(true)).toBe(publishHex("t", "x", 1, 5, DUP));
		expect(h.core.counters[Counter.RESENDS]).toBe(1);
		h.lost();
		expect(h.connect(true)).toBe(publishHex("t", "x", 1, 5, DUP));
		h.receive(puback(5));
		expect(h.take()).toContain("delivered 5");
	});

	it("is sent as new on a new session", () => {
		const h = waiting(1);
		h.lost();
		h.connect(true);
		h.lost();
		expect(h.connect(false)).toBe(publishHex("t", "x", 1, 5));
		expect(h.core.counters[Counter.RESENDS]).toBe(1);
	});

	it("is complete when the answer to the old connection comes on the new one, before it is sent again", () => {
		const h = waiting(1);
		h.publish("t", "y", 1);
		h.sent();
		h.lost();
		h.start();
		h.core.networkUp(h.now);
		h.opened();
		h.receive("20020100" + puback(5));
		expect(h.take()).toContain("delivered 5");
		expect(h.sent()).toBe(publishHex("t", "y", 1, 6, DUP));
	});
});

describe("a QoS 2 publish that waits for PUBREC", () => {
	it("gives its bytes back with PUBREC, sends PUBREL, and is complete with PUBCOMP", () => {
		const h = waiting(2);
		expect(h.exchange(pubrec(5))).toBe(pubrel(5));
		expect(h.core.session.outbox.used).toBe(0);
		expect(h.take()).toEqual([]);
		h.receive(pubcomp(5));
		expect(h.take()).toEqual(["delivered 5"]);
		expectIdle(h);
	});

	it.each([
		["PUBACK", puback(5)],
		["PUBCOMP", pubcomp(5)],
	])("ends the connection with %s, and is sent again", (_name, hex) => {
		const h = waiting(2);
		h.receive(hex);
		expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, parseInt(hex.slice(0, 2), 16))]);
		expect(h.connect(true)).toBe(publishHex("t", "x", 2, 5, DUP));
	});

	it("is sent again with DUP on a kept session, as new on a new one", () => {
		for (const kept of [true, false]) {
			const h = waiting(2);
			h.lost();
			expect(h.connect(kept)).toBe(publishHex("t", "x", 2, 5, kept ? DUP : 0));
		}
	});

	it("takes a PUBREC of the old connection on the new one, and is not published again", () => {
		const h = waiting(2);
		h.lost();
		h.core.networkUp(h.now);
		h.opened();
		expect(h.exchange("20020100" + pubrec(5))).toBe(pubrel(5));
	});
});

describe("a QoS 2 publish that waits for PUBCOMP", () => {
	it("answers PUBREC with PUBREL again, and never publishes again [MQTT-4.3.3-1]", () => {
		const h = released();
		expect(h.exchange(pubrec(5))).toBe(pubrel(5));
		expect(h.exchange(pubrec(5) + pubcomp(5))).toBe(pubrel(5));
		expect(h.take()).toEqual(["delivered 5"]);
		expectIdle(h);
	});

	it("ends the connection with PUBACK", () => {
		const h = released();
		h.receive(puback(5));
		expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, 0x40)]);
	});

	it("sends PUBREL again on a kept session, until PUBCOMP comes", () => {
		const h = released();
		for (let i = 0; i < 3; i++) {
			h.lost();
			expect(h.connect(true)).toBe(pubrel(5));
		}
		h.receive(pubcomp(5));
		expect(h.take()).toContain("delivered 5");
		expectIdle(h);
	});

	it("is over with a new session: nobody knows how it ended, and it is said so", () => {
		const h = released();
		h.publish("t", "y", 2);
		h.sent();
		h.receive(pubrec(6));
		h.lost();
		h.take();
		expect(h.connect(false)).toBe("");
		const unknown = `problem ${Problem.DELIVERY_UNKNOWN} `;
		expect(h.take()).toEqual([unknown + 5, unknown + 6, "connected false"]);
		expectIdle(h);
	});

	it("does not connect when the report of that ends the connection", () => {
		let ends = true;
		const h: Harness = inState.connected({
			firstId: 5,
			onProblem: () => (ends ? h.core.networkDown(h.now) : undefined),
		});
		h.publish("t", "y", 2);
		h.sent();
		h.receive(pubrec(5));
		h.sent();
		h.lost();
		h.take();
		expect(h.connect(false)).toBe("");
		expect(h.take()).toEqual([endedBy(Reason.NETWORK_DOWN)]);
		ends = false;
		h.connect(false);
		expect(h.take()).toEqual(["connected false"]);
		h.publish("t", "z", 1);
		expect(h.sent()).toBe(publishHex("t", "z", 1, 6));
	});

	it("is complete with a PUBCOMP that comes before its PUBREL was sent again", () => {
		const h = released();
		h.lost();
		h.core.networkUp(h.now);
		h.opened();
		expect(h.exchange("20020100" + pubcomp(5))).toBe("");
		expect(h.rest().log).toContain("delivered 5");
		expectIdle(h);
	});
});

describe("no publish", () => {
	it("ignores PUBACK and PUBCOMP, and lets a server finish with PUBREL", () => {
		const h = connected();
		expect(h.exchange(puback(0x1234) + pubcomp(0x1234) + pubrec(0x1234))).toBe(pubrel(0x1234));
		expect(h.rest()).toEqual(NOTHING);
	});
});

describe("several publishes", () => {
	it("are sent again in the order of their first sending, PUBRELs in the order of their PUBRECs [MQTT-4.6.0-1]", () => {
		const h = connected();
		for (const qos of [1, 2, 2, 1, 2]) h.publish("t", "x", qos);
		h.sent();
		expect(h.exchange(pubrec(9) + pubrec(6))).toBe(pubrel(9) + pubrel(6));
		h.exchange(puback(8));
		h.lost();
		h.publish("t", "new", 1);
		expect(h.connect(true)).toBe(
			pubrel(9) +
				pubrel(6) +
				publishHex("t", "x", 1, 5, DUP) +
				publishHex("t", "x", 2, 7, DUP) +
				publishHex("t", "new", 1, 10),
		);
	});

	it("are acknowledged in any order", () => {
		const h = connected();
		for (let i = 0; i < 6; i++) h.publish("t", "x", 1);
		h.sent();
		for (const id of [7, 10, 5, 9, 6, 8]) h.receive(puback(id));
		expect(h.take()).toEqual([7, 10, 5, 9, 6, 8].map((id) => `delivered ${id}`));
		expectIdle(h);
	});

	it("never pass the window, which counts PUBREL, too", () => {
		const h = connected({ inflight: 2 });
		for (let i = 0; i < 4; i++) h.publish("t", "x", 2);
		expect(h.sent()).toBe(publishHex("t", "x", 2, 5) + publishHex("t", "x", 2, 6));
		expect(h.exchange(pubrec(5))).toBe(pubrel(5));
		expect(h.exchange(pubcomp(5))).toBe(publishHex("t", "x", 2, 7));
		const { waiting, releasedCount } = h.core.session;
		expect(waiting + releasedCount).toBe(2);
		expect(h.core.counters[Counter.INFLIGHT_MAX]).toBe(2);
		h.lost();
		expect(h.connect(true)).toBe(publishHex("t", "x", 2, 6, DUP) + publishHex("t", "x", 2, 7, DUP));
	});

	it("keep QoS 0 in its place while the window is closed", () => {
		const h = connected({ inflight: 1 });
		h.publish("t", "1", 1);
		h.publish("t", "2", 1);
		h.core.fill(h.now);
		h.sent();
		expect(h.publish("t", "0", 0)).toBe(0);
		expect(h.sent()).toBe(publishHex("t", "0"));
	});

	it("send PUBREL in the order of PUBREC, whatever is repeated before it went out [MQTT-4.6.0-4]", () => {
		const h = connected();
		h.publish("t", "x", 2);
		h.publish("t", "x", 2);
		h.sent();
		expect(h.exchange(pubrec(5) + pubrec(6) + pubrec(6))).toBe(pubrel(5) + pubrel(6));
		expect(h.exchange(pubrec(6))).toBe(pubrel(6));
	});

	it("drop what PUBREL was sent for from the list, wherever it stands", () => {
		const h = connected();
		for (let i = 0; i < 3; i++) h.publish("t", "x", 2);
		h.sent();
		h.exchange(pubrec(5) + pubrec(6) + pubrec(7));
		h.receive(pubcomp(6));
		h.lost();
		expect(h.connect(true)).toBe(pubrel(5) + pubrel(7));
	});

	it("keep a QoS 0 publish that was cut off in the middle, and send it whole", () => {
		const h = connected({ txBuffer: 64 });
		h.lost();
		h.publish("t", "x".repeat(100), 0);
		h.core.networkUp(h.now);
		h.opened();
		h.core.arena.bytes.set([0x20, 2, 1, 0], h.core.receiver.landing);
		h.core.handleBytes(4, h.now);
		h.core.fill(h.now);
		h.core.handleSent(20, h.now);
		h.lost();
		expect(h.connect(true)).toBe(publishHex("t", "x".repeat(100)));
	});
});

describe("takeId", () => {
	const none = { nearestId: (_from: number, nearest: number): number => nearest };
	const session = (firstId: number, options: HarnessOptions = {}): Session =>
		connected({ firstId, ...options }).core.session;

	it("counts up from its start, wraps past 65535 to 1, and is never 0 [MQTT-2.3.1-1]", () => {
		const s = session(65_534);
		expect([s.takeId(none), s.takeId(none), s.takeId(none)]).toEqual([65_534, 65_535, 1]);
		const seen = new Set<number>();
		for (let i = 0; i < 65_535; i++) seen.add(s.takeId(none));
		expect(seen.size).toBe(65_535);
		expect(seen.has(0)).toBe(false);
	});

	it("starts anywhere between 1 and 65535", () => {
		expect(session(1).takeId(none)).toBe(1);
		expect(session(65_535).takeId(none)).toBe(65_535);
		expect(new Harness({ random: () => 0 }).core.session.takeId(none)).toBe(1);
		expect(new Harness({ random: () => 0.9999999 }).core.session.takeId(none)).toBe(65_535);
	});

	it("leaves out what publishes, PUBRELs and requests use", () => {
		const h = connected({ firstId: 1 });
		h.publish("t", "1", 1);
		h.publish("t", "2", 2);
		h.publish("t", "3", 2);
		h.publish("t", "0", 0);
		h.subscribe("f");
		h.sent();
		h.exchange(pubrec(2));
		const used = new Set([1, 2, 3, h.core.subscriptions.packetId(0)]);
		expect(used.size).toBe(4);
		const free = new Set<number>();
		for (let i = 0; i < 70_000; i++) free.add(h.core.session.takeId(h.core.subscriptions));
		expect(free.size).toBe(65_535 - 4);
		for (const id of used) expect(free.has(id)).toBe(false);
	});

	it("gives 0 when all are in use, and the next one that is free again", () => {
		const s = session(40_000);
		let freeId = 0;
		const all = {
			nearestId: (from: number, nearest: number) => (freeId === 0 ? 0 : from === freeId ? 1 : 0 * nearest),
		};
		expect(s.takeId(all)).toBe(0);
		freeId = 39_999;
		expect(s.takeId(all)).toBe(39_999);
	});

	it("makes a publish wait, as when there is no room, and a request, too", () => {
		const h = connected();
		h.core.session.takeId = () => 0;
		expect(h.publish("t", "x", 1)).toBe(-1);
		expect(h.core.publisher.publishStream("t", 1, { read: () => 1 }, 2, false)).toBe(-1);
		expect(h.publish("t", "x", 0)).toBe(0);
		h.subscribe("f");
		expect(h.sent()).toBe(publishHex("t", "x"));
		expect(h.core.subscriptions.pending).toBe(1);
		expectOutboxEmpty(h);
	});
});

function expectOutboxEmpty(h: Harness): void {
	expect(h.core.session.outbox.count).toBe(0);
	expect(h.core.application.sources).toEqual([null]);
}

describe("an assertion", () => {
	it("stops a core whose random number is none", () => {
		expect(() => new Harness({ random: () => 1 })).toThrow("session: first identifier");
	});

	it("stops a session that counts wrong", () => {
		const h = waiting(2);
		h.core.session.releasedCount = h.core.session.released.length;
		expect(() => h.receive(pubrec(5))).toThrow("session: window overrun");
	});
});

describe("nearerId", () => {
	it.each([
		[10, 5, 5, 0],
		[10, 5, 8, 3],
		[10, 5, 50, 10],
		[65_535, 5, 4, 65_534],
		[65_535, 65_535, 1, 1],
	])("of %i, going up from %i to %i, is %i", (nearest, from, id, expected) => {
		expect(nearerId(nearest, from, id)).toBe(expected);
	});
});
