// Read MQTT 3.1.1 §3.3 beside this file.
// Goal: every status of every way to publish, each policy of a full outbox, and nothing half-done after a refusal.
// Method: small outboxes; what was accepted is looked at by what goes out after it.
import { describe, expect, it } from "vitest";
import { Problem, Status } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { PayloadSource } from "../../firmware/client/terms/options.js";
import { PayloadWriter } from "../../firmware/client/outgoing/payload-writer.js";
import { Topic } from "../../firmware/codec/topic.js";
import { Harness, inState, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, bytesOf, publishHex } from "../support/hex.js";

const connected = (options: HarnessOptions = {}): Harness => inState.connected({ firstId: 1, ...options });
const offline = (options: HarnessOptions = {}): Harness => new Harness({ firstId: 1, ...options });

/** A record of 64 bytes: 16 for itself, 2 + 3 + 2 for the head at QoS 1, and 41 of payload. */
const PAYLOAD = "0123456789".repeat(4) + "012345678";

/** Everything that waits, as it goes out on the next connection. */
const waiting = (h: Harness): string => h.connect();

function stream(h: Harness, total: number, source: PayloadSource, qos = 1, topic: string | Topic = "t"): number {
	return h.core.publisher.publishStream(topic, total, source, qos, false);
}

/** A source of `x` without end. */
const xes: PayloadSource = {
	read: (_position, target, offset, size) => (target.fill(120, offset, offset + size), size),
};

describe("publish", () => {
	it.each([
		["bytes", bytesOf("00ff10")],
		["text", "ä€😀"],
		["no bytes", new Uint8Array(0)],
		["no text", ""],
	])("sends %s at every QoS, with retain", (_name, payload) => {
		for (const topic of ["t/ä", new Topic("t/ä")]) {
			const h = connected();
			const body = typeof payload === "string" ? Buffer.from(payload) : payload;
			for (const qos of [0, 1, 2]) {
				const id = h.core.shortPublisher.publish(topic, payload, qos, true);
				expect(id).toBe(qos);
				expect(h.sent()).toBe(publishHex("t/ä", body, qos, id, 1));
			}
			expect(h.core.counters[Counter.PUBLISHES_OUT]).toBe(3);
		}
	});

	it("sends bytes of any size at every QoS while nothing waits, and while something does", () => {
		for (const size of [0, 1, 118, 119, 120, 121, 122, 123, 500]) {
			const h = connected({ txBuffer: 512, outbox: 1200 });
			const payload = Buffer.alloc(size, "x");
			for (const qos of [1, 2, 0]) {
				const id = h.core.shortPublisher.publish(new Topic("t"), payload, qos, false);
				expect(h.sent()).toBe(publishHex("t", payload, qos, id));
			}
			h.publish("t", payload, 1);
			expect(h.core.shortPublisher.publish("t", payload, 2, undefined)).toBe(size < 500 ? 4 : Status.FULL);
		}
	});

	it("takes what is made at once for a policy, a window and a region, too", () => {
		const latest = connected({ outboxFull: "latestPerTopic" });
		expect(latest.publish("t", bytesOf("78"), 1)).toBe(1);
		expect(latest.sent()).toBe(publishHex("t", "x", 1, 1));
		const window = connected({ inflight: 1 });
		window.publish("t", bytesOf("78"), 1);
		expect(window.publish("t", bytesOf("79"), 1)).toBe(2);
		expect(window.sent()).toBe(publishHex("t", "x", 1, 1));
		expect(window.exchange(ackHex(0x40, 1))).toBe(publishHex("t", "y", 1, 2));
		const region = connected({ txBuffer: 64 });
		for (let i = 0; i < 3; i++) region.publish("t", Buffer.alloc(40, "x"), 1);
		expect(region.sent()).toBe([1, 2, 3].map((id) => publishHex("t", "x".repeat(40), 1, id)).join(""));
		const ids = connected();
		ids.core.session.takeId = () => 0;
		expect(ids.publish("t", bytesOf("78"), 1)).toBe(Status.FULL);
	});

	it("writes long remaining lengths, directly and from the outbox", () => {
		for (const size of [123, 124, 125, 126, 300]) {
			const h = connected({ txBuffer: 1024, outbox: 1024 });
			for (const qos of [0, 1]) {
				h.publish("t", "x".repeat(size), qos);
				expect(h.sent()).toBe(publishHex("t", "x".repeat(size), qos, 1));
			}
			h.publish("t", Buffer.alloc(size, "y"), 0);
			expect(h.sent()).toBe(publishHex("t", "y".repeat(size)));
		}
	});

	it.each(["", "a/+", "#", "a\u0000", "\ud800", "x".repeat(65_536), null, 5])("refuses the topic %j", (topic) => {
		const h = connected();
		expect(h.publish(topic as string, "x", 1)).toBe(Status.INVALID_TOPIC);
		expect(stream(h, 1, xes, 1, topic as string)).toBe(Status.INVALID_TOPIC);
		expect(h.sent()).toBe("");
	});

	it.each([undefined, null, 5, [1, 2], { length: 1 }, "\ud800", new Uint16Array(2)])(
		"refuses the payload %j",
		(payload) => {
			const h = connected();
			for (const qos of [0, 1, 2]) expect(h.publish("t", payload as string, qos)).toBe(Status.INVALID_PAYLOAD);
			expect(h.sent()).toBe("");
		},
	);

	it.each([-1, 3, 0.5, "1", undefined, null])("refuses QoS %j", (qos) => {
		const h = connected();
		expect(h.core.shortPublisher.publish("t", "x", qos as number, false)).toBe(Status.INVALID_QOS);
		expect(h.core.shortPublisher.publish("t", bytesOf("00"), qos as number, false)).toBe(Status.INVALID_QOS);
		expect(h.core.publisher.publishStream("t", 1, xes, qos as number, false)).toBe(Status.INVALID_QOS);
		expect(h.sent()).toBe("");
	});

	it("keeps QoS 0 in order behind what waits in the outbox", () => {
		const h = connected({ txBuffer: 64 });
		h.publish("t", "1".repeat(100), 0);
		h.publish("t", "2", 0);
		h.publish("t", bytesOf("33"), 0);
		expect(h.sent()).toBe(publishHex("t", "1".repeat(100)) + publishHex("t", "2") + publishHex("t", "3"));
	});

	it("takes QoS 0 without a connection only if it may wait", () => {
		const h = offline({ queueQoS0: false });
		expect(h.publish("t", "x", 0)).toBe(Status.NOT_CONNECTED);
		expect(stream(h, 1, xes, 0)).toBe(Status.NOT_CONNECTED);
		expect(h.publish("t", "x", 1)).toBe(1);
		expect(waiting(h)).toBe(publishHex("t", "x", 1, 1));
		expect(h.publish("t", "x", 0)).toBe(0);
	});

	it("takes what just fits an empty outbox, and says that one byte more never will", () => {
		const h = offline({ outbox: 64 });
		expect(h.publish("t", PAYLOAD + "y", 1)).toBe(Status.TOO_LARGE);
		expect(h.publish("t", PAYLOAD, 1)).toBe(1);
		expect(h.core.counters[Counter.OUTBOX_MAX]).toBe(64);
		expect(h.publish("t", "", 1)).toBe(Status.FULL);
		expect(waiting(h)).toBe(publishHex("t", PAYLOAD, 1, 1));
	});

	it("refuses what no packet can hold", () => {
		const h = connected();
		expect(stream(h, 268_435_451, xes)).toBe(Status.TOO_LARGE);
		expect(stream(h, 268_435_450, xes)).toBe(1);
		const huge = new Uint8Array(0);
		Object.defineProperty(huge, "length", { value: 268_435_451 });
		expect(h.publish("t", huge, 1)).toBe(Status.TOO_LARGE);
	});
});

describe("retain", () => {
	const ways: readonly [string, (h: Harness, retain: boolean) => unknown][] = [
		["bytes at once, QoS 0", (h, retain) => h.publish("t", bytesOf("78"), 0, retain)],
		["bytes at once, QoS 1", (h, retain) => h.publish("t", bytesOf("78"), 1, retain)],
		["text, QoS 0", (h, retain) => h.publish("t", "x", 0, retain)],
		["text, QoS 2", (h, retain) => h.publish("t", "x", 2, retain)],
		["long bytes, QoS 0", (h, retain) => h.publish("t", new Uint8Array(150), 0, retain)],
		["from the outbox", (h, retain) => (h.lost(), h.publish("t", bytesOf("78"), 0, retain), h.connect(false))],
		["a stream", (h, retain) => h.core.publisher.publishStream("t", 1, xes, 1, retain)],
		[
			"composed",
			(h, retain) => {
				const turns = { busy: 0, flush: () => undefined, later: () => undefined, fault: () => undefined };
				new PayloadWriter(h.core.arena.bytes, h.core.publisher, turns).start("t", 1, retain).text("x").send();
			},
		],
	];

	it.each(ways)("is whatever JavaScript takes for true, on every way: %s", (_way, publish) => {
		for (const [retain, flag] of [
			[true, 1],
			[1, 1],
			["yes", 1],
			[false, 0],
			[0, 0],
			[undefined, 0],
			[null, 0],
		]) {
			const h = connected({ sources: 2 });
			const sent: string[] = [];
			for (let i = 0; i < 2; i++) {
				const got = publish(h, retain as boolean);
				sent.push(typeof got === "string" ? got : h.sent());
			}
			expect(sent.map((hex) => parseInt(hex.slice(0, 2), 16) & 1)).toEqual([flag, flag]);
		}
	});
});

describe("publishStream", () => {
	it.each([-1, 0.5, NaN, "5", undefined])("refuses the size %j", (total) => {
		expect(stream(connected(), total as number, xes)).toBe(Status.INVALID_PAYLOAD);
	});

	it.each([undefined, null, {}, { read: 5 }])("refuses the source %j", (source) => {
		expect(stream(connected(), 1, source as PayloadSource)).toBe(Status.INVALID_PAYLOAD);
	});

	it("takes as many sources as there are places, and again when one is done", () => {
		const h = connected({ sources: 2 });
		expect([stream(h, 3, xes), stream(h, 3, xes), stream(h, 3, xes)]).toEqual([1, 2, Status.FULL]);
		h.sent();
		expect(h.exchange(ackHex(0x40, 1))).toBe("");
		expect(h.take()).toEqual(["delivered 1", "room"]);
		expect(stream(h, 3, xes)).toBe(3);
	});

	it("takes a topic that was made before", () => {
		const h = connected();
		expect(stream(h, 3, xes, 0, new Topic("t"))).toBe(0);
		expect(h.sent()).toBe(publishHex("t", "xxx"));
	});

	it("keeps streams apart when one is published from within the report of another that gave way", () => {
		const letters = (letter: number): PayloadSource => ({
			read: (_position, target, offset, size) => (target.fill(letter, offset, offset + size), size),
		});
		const h: Harness = offline({
			outboxFull: "latestPerTopic",
			sources: 3,
			onProblem: () => void stream(h, 3, letters(0x62), 1, "b"),
		});
		stream(h, 3, letters(0x61), 1, "t");
		stream(h, 3, letters(0x63), 1, "t");
		expect(waiting(h)).toBe(publishHex("b", "bbb", 1, 2) + publishHex("t", "ccc", 1, 3));
	});

	it("has no place when there are to be none", () => {
		expect(stream(connected({ sources: 0 }), 3, xes)).toBe(Status.TOO_LARGE);
	});

	it("is refused when its head does not fit", () => {
		const h = offline({ outbox: 64 });
		expect(stream(h, 3, xes, 1, "x".repeat(60))).toBe(Status.TOO_LARGE);
		h.publish("t", PAYLOAD, 1);
		expect(stream(h, 3, xes)).toBe(Status.FULL);
		expect(h.core.application.sources).toEqual([null]);
	});
});

describe("a full outbox", () => {
	/** Room for two records of 64 bytes. */
	const two = { outbox: 128 };

	it("refuses, counts, and says when there is room again: once", () => {
		const h = connected(two);
		expect([1, 2, 3].map(() => h.publish("t", PAYLOAD, 1))).toEqual([1, 2, Status.FULL]);
		expect(h.publish("t", PAYLOAD, 1)).toBe(Status.FULL);
		expect(h.core.counters[Counter.REFUSED_FULL]).toBe(2);
		h.sent();
		expect(h.take()).toEqual([]);
		h.receive(ackHex(0x40, 1) + ackHex(0x40, 2));
		expect(h.take()).toEqual(["delivered 1", "delivered 2", "room"]);
		expect(h.publish("t", PAYLOAD, 1)).toBe(3);
		h.sent();
		h.receive(ackHex(0x40, 3));
		expect(h.take()).toEqual(["delivered 3"]);
	});

	it("tells nobody about room who was not refused", () => {
		const h = connected(two);
		h.publish("t", PAYLOAD, 1);
		h.sent();
		h.receive(ackHex(0x40, 1));
		expect(h.take()).toEqual(["delivered 1"]);
	});

	it("has room again with PUBREC, which gives the bytes back", () => {
		const h = connected(two);
		for (let i = 0; i < 3; i++) h.publish("t", PAYLOAD, 2);
		h.sent();
		h.exchange(ackHex(0x50, 1));
		expect(h.take()).toEqual(["room"]);
	});

	it("drops the oldest that has not been sent by dropOldest, and says so", () => {
		const h = offline({ ...two, outboxFull: "dropOldest" });
		expect([1, 2, 3, 4].map((n) => h.publish(`t${n}`, PAYLOAD.slice(1), 1))).toEqual([1, 2, 3, 4]);
		expect(h.take()).toEqual([`problem ${Problem.PUBLISH_DROPPED} 1`, `problem ${Problem.PUBLISH_DROPPED} 2`]);
		expect(h.core.counters[Counter.DROPPED_OLD]).toBe(2);
		expect(waiting(h)).toBe(publishHex("t3", PAYLOAD.slice(1), 1, 3) + publishHex("t4", PAYLOAD.slice(1), 1, 4));
	});

	it("drops nothing by dropOldest when all that may go would not be enough", () => {
		const h = connected({ outbox: 160, inflight: 1, outboxFull: "dropOldest" });
		h.publish("t", "x".repeat(60), 1);
		h.sent();
		for (const name of ["a", "b"]) h.publish(name, "waits", 1);
		expect(h.publish("t", "y".repeat(100), 1)).toBe(Status.FULL);
		expect([h.take(), h.core.counters[Counter.DROPPED_OLD]]).toEqual([[], 0]);
		// What just fits drops both, and only then.
		expect(h.publish("t", "y".repeat(60), 1)).toBe(4);
		expect(h.take()).toEqual([2, 3].map((id) => `problem ${Problem.PUBLISH_DROPPED} ${id}`));
		expect(h.exchange(ackHex(0x40, 1))).toBe(publishHex("t", "y".repeat(60), 1, 4));
	});

	it("drops as many as it takes, QoS 0 and streams, too", () => {
		let finished = 0;
		const h = offline({ ...two, outboxFull: "dropOldest" });
		h.publish("t", "0", 0);
		stream(h, 100, { ...xes, finished: (id) => void (finished = id) });
		h.publish("t", "1", 1);
		expect(h.publish("t", "x".repeat(100), 1)).toBe(3);
		expect(h.take()).toEqual([0, 1, 2].map((id) => `problem ${Problem.PUBLISH_DROPPED} ${id}`));
		expect(finished).toBe(1);
		expect(h.core.application.sources).toEqual([null]);
		expect(waiting(h)).toBe(publishHex("t", "x".repeat(100), 1, 3));
	});

	it("never drops by dropOldest what has been sent, nor what is on its way", () => {
		const h = connected({ ...two, txBuffer: 64, outboxFull: "dropOldest" });
		h.publish("t", PAYLOAD, 1);
		h.sent();
		h.publish("t", PAYLOAD, 1);
		h.core.fill(h.now);
		h.core.fill(h.now);
		h.core.handleSent(10, h.now);
		h.publish("t", PAYLOAD, 1);
		expect(h.take()).toEqual([]);
		expect(h.publish("t", PAYLOAD, 1)).toBe(Status.FULL);
		expect(h.core.session.outbox.count).toBe(2);
		expect(h.publish("t", "x".repeat(200), 1)).toBe(Status.TOO_LARGE);
	});

	it("refuses a publish when a payload was begun by the callback that heard what gave way", () => {
		let begun = 0;
		const h = offline({
			outbox: 128,
			outboxFull: "dropOldest",
			onProblem: () => void (begun = h.core.publisher.startCompose(new Topic("z"), 1)),
		});
		h.publish("t", "x".repeat(40), 1);
		h.publish("t", "y".repeat(40), 1);
		expect(h.publish("t", "z".repeat(80), 1)).toBe(Status.BUSY);
		expect([begun > 0, h.core.publisher.composing]).toEqual([true, true]);
	});

	it("keeps the latest per topic by latestPerTopic, even when there is room", () => {
		const h = offline({ outbox: 1024, outboxFull: "latestPerTopic" });
		h.publish("a", "1", 1);
		h.publish("b", "x".repeat(200), 1);
		h.publish("ab", "3", 1);
		h.publish("a", "4", 0);
		stream(h, 2, xes, 1, "b");
		expect(h.take()).toEqual([`problem ${Problem.PUBLISH_DROPPED} 1`, `problem ${Problem.PUBLISH_DROPPED} 2`]);
		expect(waiting(h)).toBe(publishHex("ab", "3", 1, 3) + publishHex("a", "4") + publishHex("b", "xx", 1, 4));
	});

	it("never replaces by latestPerTopic what has been sent, or is on its way, or does not fit", () => {
		const h = connected({ ...two, txBuffer: 64, outboxFull: "latestPerTopic" });
		h.publish("t", PAYLOAD, 1);
		h.core.fill(h.now);
		h.publish("t", "2", 1);
		expect(h.take()).toEqual([]);
		expect(h.publish("t", PAYLOAD.slice(1), 1)).toBe(3);
		expect(h.take()).toEqual([`problem ${Problem.PUBLISH_DROPPED} 2`]);
		expect(h.publish("t", PAYLOAD + "y", 1)).toBe(Status.FULL);
		expect(h.publish("t", "x".repeat(200), 1)).toBe(Status.TOO_LARGE);
		expect(h.take()).toEqual([]);
		expect(h.sent()).toBe(publishHex("t", PAYLOAD, 1, 1) + publishHex("t", PAYLOAD.slice(1), 1, 3));
	});

	it("looks past a stream that is on its way", () => {
		const h = connected({ outbox: 256, outboxFull: "latestPerTopic", sources: 2 });
		let give = 0;
		stream(h, 50, {
			read: (_position, target, offset) => (give > 0 ? (target.fill(121, offset, offset + give), give) : 0),
		});
		h.core.fill(h.now);
		h.publish("t", "1", 1);
		h.publish("t", "2", 1);
		expect(h.take()).toEqual([`problem ${Problem.PUBLISH_DROPPED} 2`]);
		give = 10;
		h.core.sender.resumeSources();
		expect(h.sent()).toBe(publishHex("t", "y".repeat(50), 1, 1) + publishHex("t", "2", 1, 3));
	});

	it("says that there is room from within a turn in which a callback publishes", () => {
		const h: Harness = connected({ ...two, onRoom: () => h.log.push(`room ${h.publish("t", PAYLOAD, 1)}`) });
		for (let i = 0; i < 3; i++) h.publish("t", PAYLOAD, 1);
		h.sent();
		h.receive(ackHex(0x40, 1));
		expect(h.take()).toEqual(["delivered 1", "room 3"]);
		expect(h.sent()).toBe(publishHex("t", PAYLOAD, 1, 3));
	});
});
