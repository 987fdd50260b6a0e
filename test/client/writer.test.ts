// Goal: payloads composed in place are what plain JavaScript would have written, or nothing at all.
// Method: JSON is read back with JSON.parse; numbers beside toFixed and String, over their whole range.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Problem, Status } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { PayloadWriter } from "../../firmware/client/outgoing/payload-writer.js";
import { Text, Topic } from "../../firmware/codec/topic.js";
import { Harness, inState, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, bytesOf, publishHex } from "../support/hex.js";

class Bench {
	readonly h: Harness;
	readonly writer: PayloadWriter;
	flushed = 0;

	constructor(options: HarnessOptions = {}, connected = true) {
		const all = { firstId: 1, outbox: 8192, txBuffer: 8192, ...options };
		this.h = connected ? inState.connected(all) : new Harness(all);
		this.writer = new PayloadWriter(this.h.core.arena.bytes, this.h.core.publisher, {
			busy: 0,
			flush: () => void this.flushed++,
			later: () => undefined,
			fault: () => undefined,
		});
	}

	start(topic: Topic | string = "t", qos = 1, retain = false): PayloadWriter {
		return this.writer.start(topic, qos, retain);
	}

	/** The payload that `write` makes, as text. */
	payloadOf(write: (writer: PayloadWriter) => void): string {
		const { h } = this;
		const writer = this.start("t", 0);
		write(writer);
		expect(writer.send()).toBe(0);
		const hex = h.sent();
		const bytes = bytesOf(hex);
		const text = Buffer.from(bytes.subarray(bytes[1]! > 127 ? 6 : 5)).toString();
		expect(hex).toBe(publishHex("t", text));
		return text;
	}
}

describe("numbers", () => {
	const bench = new Bench();

	it("are written as String does when they are whole", () => {
		const whole = fc.oneof(
			fc.maxSafeInteger(),
			fc.integer(),
			fc.constantFrom(0, -0, 1, -1, 9, 10, 99, 100, 2 ** 53 - 1),
		);
		fc.assert(
			fc.property(whole, (value) => {
				expect(bench.payloadOf((writer) => writer.integer(value))).toBe(String(value));
			}),
			{ numRuns: 300 },
		);
	});

	it("are written as toFixed does when they have a fraction, but for halves of the last digit", () => {
		const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.integer({ min: -1e6, max: 1e6 }));
		fc.assert(
			fc.property(value, fc.integer({ min: 0, max: 6 }), (number, digits) => {
				const text = bench.payloadOf((writer) => writer.decimal(number, digits));
				expect(text).toMatch(digits === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digits}}$`));
				// Scaling may round a half the other way: the difference is one in the last digit, and only there.
				const last = 10 ** -digits;
				expect(Math.abs(Number(text) - number)).toBeLessThanOrEqual(last * 0.5000001 + Number.EPSILON);
				const scaled = Math.abs(number) * 10 ** digits;
				const isHalf = Math.abs((scaled % 1) - 0.5) < 1e-6;
				if (!isHalf) expect(text).toBe(number.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1"));
			}),
			{ numRuns: 500 },
		);
	});

	it.each([
		[21.45, 1, "21.5"],
		[-21.45, 1, "-21.5"],
		[0.05, 1, "0.1"],
		[-0.04, 1, "0.0"],
		[-0, 2, "0.00"],
		[1, 0, "1"],
		[1.999, 2, "2.00"],
		[12.5, -3, "13"],
		[1.5, 2.9, "1.50"],
		[0.123456789123, 12, "0.123456789"],
		[NaN, 2, "null"],
		[Infinity, 2, "null"],
		[-Infinity, 0, "null"],
		[9_007_199, 9, "9007199.000000000"],
	])("writes %d with %d digits as %s", (value, digits, text) => {
		expect(bench.payloadOf((writer) => writer.decimal(value, digits))).toBe(text);
	});

	it.each([0.5, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), undefined])("refuses %s as a whole number", (value) => {
		const writer = bench.start();
		expect(
			writer
				.integer(value as number)
				.text("x")
				.send(),
		).toBe(Status.INVALID_PAYLOAD);
		expect(bench.h.sent()).toBe("");
	});

	it("are refused without a word about room: nothing is counted, and no room is awaited", () => {
		const { h, writer } = new Bench();
		writer.start("t", 1, false).integer(0.5).send();
		expect([h.core.counters[Counter.REFUSED_FULL], (h.core.application.tells & 2) !== 0]).toEqual([0, false]);
		writer.start("t", 1, false).text("x".repeat(9_000)).send();
		expect([h.core.counters[Counter.REFUSED_FULL], (h.core.application.tells & 2) !== 0]).toEqual([1, true]);
	});

	it("refuses a decimal that a double does not hold to its last digit", () => {
		expect(bench.start().decimal(1e15, 3).send()).toBe(Status.INVALID_PAYLOAD);
		expect(bench.start().decimal(-1e15, 3).integer(0.5).send()).toBe(Status.INVALID_PAYLOAD);
	});

	it.each([
		[0, 1, "0"],
		[0xab, 2, "ab"],
		[0xab, 4, "00ab"],
		[-1, 8, "ffffffff"],
		[0x12345678, 3, "678"],
	])("writes %i as %i hexadecimal digits: %s", (value, digits, text) => {
		expect(bench.payloadOf((writer) => writer.hex(value, digits))).toBe(text);
	});
});

describe("JSON", () => {
	const bench = new Bench();
	const nasty = fc.oneof(
		fc.string(),
		fc.string({ unit: "binary" }),
		fc.constantFrom('"', "\\", "\n", "\u0000\u001f", "ä€😀"),
	);
	const wellFormed = nasty.filter((text) => Buffer.from(text).toString() === text);

	it("is what JSON.parse reads back, whatever the text is", () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(wellFormed, wellFormed), { maxLength: 5 }), (entries) => {
				const text = bench.payloadOf((writer) => {
					writer.open();
					entries.forEach(([name, value], i) => {
						writer.field(i % 2 ? new Text(name) : name).string(i % 2 ? value : new Text(value));
					});
					writer.close();
				});
				expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(entries))));
			}),
			{ numRuns: 200 },
		);
	});

	it("takes every kind of value, and objects within objects", () => {
		const text = bench.payloadOf((writer) =>
			writer
				.open()
				.field("n")
				.integer(-12)
				.field(new Text("celsius"))
				.decimal(21.46, 1)
				.field("inner")
				.open()
				.field("on")
				.boolean(true)
				.field("off")
				.boolean(false)
				.close()
				.field("raw")
				.bytes(Buffer.from("[1,2]"))
				.field("none")
				.decimal(NaN, 1)
				.close(),
		);
		const expected = { n: -12, celsius: 21.5, inner: { on: true, off: false }, raw: [1, 2], none: null };
		expect(JSON.parse(text)).toEqual(expected);
	});

	it("refuses a text that UTF-8 cannot hold, at any place", () => {
		expect(bench.start().string("\ud800").send()).toBe(Status.INVALID_PAYLOAD);
		expect(bench.start().open().field("\udc00").integer(1).close().send()).toBe(Status.INVALID_PAYLOAD);
		expect(bench.start().text("\ud800x").send()).toBe(Status.INVALID_PAYLOAD);
		expect(bench.h.sent()).toBe("");
	});
});

describe("bytes", () => {
	const source = Uint8Array.from([65, 66, 67, 68]);

	it("are written as a whole, or in part", () => {
		const bench = new Bench();
		const text = bench.payloadOf((writer) =>
			writer.bytes(source).bytes(source, 1).bytes(source, 1, 2).bytes(source, 4).bytes(source, 0, 0).byte(69).text(""),
		);
		expect(text).toBe("ABCDBCDBCE");
	});

	it.each([
		[5, undefined],
		[-1, 2],
		[0, 5],
		[2, 3],
		[1, -1],
		[NaN, 1],
	])("are refused outside of their array: from %d, %d of them", (offset, size) => {
		const bench = new Bench();
		expect(bench.start().bytes(source, offset, size).send()).toBe(Status.INVALID_PAYLOAD);
		expect(bench.h.sent()).toBe("");
	});
});

describe("a composed publish", () => {
	it.each([0, 1, 2])("is a packet like any other at QoS %i, with and without retain", (qos) => {
		for (const size of [0, 1, 119, 120, 121, 300]) {
			const bench = new Bench();
			const writer = bench.start(new Topic("t"), qos, size === 1);
			for (let i = 0; i < size; i++) writer.byte(120);
			expect(writer.send()).toBe(qos === 0 ? 0 : 1);
			expect(bench.flushed).toBe(1);
			expect(bench.h.sent()).toBe(publishHex("t", "x".repeat(size), qos, 1, size === 1 ? 1 : 0));
		}
	});

	it("waits in the outbox without a connection, and takes its turn", () => {
		const bench = new Bench({}, false);
		bench.h.publish("t", "1", 1);
		expect(bench.start("u").text("2").send()).toBe(2);
		bench.h.publish("t", "3", 1);
		expect(bench.h.connect()).toBe(
			publishHex("t", "1", 1, 1) + publishHex("u", "2", 1, 2) + publishHex("t", "3", 1, 3),
		);
	});

	it("moves down when what stood before it is finished meanwhile", () => {
		for (const others of [1, 2]) {
			const bench = new Bench({ outbox: 256 });
			const { h } = bench;
			for (let i = 0; i < others; i++) h.publish("t", "x".repeat(20), 1);
			h.sent();
			const writer = bench.start("u").text("first ");
			h.receive(ackHex(0x40, 1));
			writer.text("second");
			const id = writer.send();
			expect(h.sent()).toBe(publishHex("u", "first second", 1, id));
			expect(h.core.session.outbox.head).toBe(
				others === 1 ? h.core.session.outbox.base : h.core.session.outbox.base + 36,
			);
		}
	});

	it("uses all the room there is, and is refused when that is too little", () => {
		// 8 of the record, 5 of the fixed header at most, 3 of the topic, 2 of the identifier: 18 of 64.
		const bench = new Bench({ outbox: 64 }, false);
		const fill = (size: number): number => bench.start().bytes(new Uint8Array(size)).send();
		expect(fill(47)).toBe(Status.TOO_LARGE);
		expect(bench.start().bytes(new Uint8Array(44)).hex(0, 3).send()).toBe(Status.TOO_LARGE);
		expect(fill(46)).toBe(1);
		expect(bench.start().send()).toBe(Status.FULL);
		expect(bench.start().text("x").send()).toBe(Status.FULL);
		expect(bench.h.core.counters[3]).toBe(4);
		bench.h.connect();
		bench.h.exchange(ackHex(0x40, 1));
		expect(bench.h.take()).toContain("room");
	});

	it("is told of the room that was made while it was composed and did not fit", () => {
		const bench = new Bench({ outbox: 128 });
		const { h } = bench;
		h.publish("t", "x".repeat(40), 1);
		h.sent();
		const writer = bench.start().bytes(new Uint8Array(60));
		h.receive(ackHex(0x40, 1));
		expect(writer.send()).toBe(Status.FULL);
		expect(h.rest().log).toEqual(["delivered 1", "room"]);
		expect(bench.start().bytes(new Uint8Array(60)).send()).toBe(2);
	});

	it("never touches what lies behind the outbox", () => {
		for (let outbox = 64; outbox <= 120; outbox += 4) {
			const bench = new Bench({ outbox, filterBytes: 64 }, false);
			const { arena } = bench.h.core;
			const { limit } = bench.h.core.session.outbox;
			arena.bytes.fill(0xee, limit, limit + 64);
			bench.h.publish("t", "x".repeat(20), 1);
			const status = bench.start("a/rather/long/topic/name").send();
			expect(status === 2 || status === Status.FULL || status === Status.TOO_LARGE).toBe(true);
			bench.start("a/rather/long/topic/name").text("x".repeat(30)).send();
			expect(arena.bytes.subarray(limit, limit + 64).every((byte) => byte === 0xee)).toBe(true);
		}
	});

	it.each<[string, (writer: PayloadWriter) => PayloadWriter, number]>([
		["a byte", (writer) => writer.byte(1), 1],
		["bytes", (writer) => writer.bytes(new Uint8Array(7)), 7],
		["a part of some bytes", (writer) => writer.bytes(new Uint8Array(9), 1, 7), 7],
		["text", (writer) => writer.text("é"), 2],
		["an integer", (writer) => writer.integer(-1_234), 5],
		["a decimal", (writer) => writer.decimal(-1.25, 2), 5],
		["hexadecimal digits", (writer) => writer.hex(255, 8), 8],
		["a boolean", (writer) => writer.boolean(false), 5],
		["null", (writer) => writer.decimal(NaN, 1), 4],
		["a string", (writer) => writer.string("a"), 3],
		["a string to be escaped", (writer) => writer.string('\n"'), 10],
		["a field", (writer) => writer.field("a"), 4],
	])("takes %s that just fits, refuses it with one byte less, and writes no further", (_name, write, size) => {
		// 64 bytes, of which 18 are for the head.
		for (const missing of [0, 1]) {
			const bench = new Bench({ outbox: 64, filterBytes: 64 }, false);
			const { bytes } = bench.h.core.arena;
			const { limit } = bench.h.core.session.outbox;
			bytes[limit] = 0xee;
			const writer = bench.start().bytes(new Uint8Array(46 - size + missing));
			expect(write(writer).send()).toBe(missing === 0 ? 1 : Status.TOO_LARGE);
			expect(bytes[limit]).toBe(0xee);
		}
	});

	it("is told from one that is too large for any time", () => {
		const bench = new Bench({ outbox: 64 }, false);
		expect(bench.start("x".repeat(60)).send()).toBe(Status.TOO_LARGE);
		bench.h.publish("t", "", 1);
		expect(bench.start("x".repeat(38)).send()).toBe(Status.FULL);
		expect(bench.start("t").text("x".repeat(60)).send()).toBe(Status.TOO_LARGE);
	});

	it("uses room that was given back while it was composed", () => {
		const bench = new Bench({ outbox: 128 });
		const { h } = bench;
		h.publish("t", "x".repeat(40), 1);
		h.sent();
		const writer = bench.start().text("a".repeat(40));
		h.receive(ackHex(0x40, 1));
		// It moves to where the other one was, and so do the quotes that are to come.
		expect(writer.string('b"'.repeat(10)).send()).toBe(2);
		expect(h.sent()).toBe(publishHex("t", "a".repeat(40) + JSON.stringify('b"'.repeat(10)), 1, 2));
		expect(h.core.session.outbox.base).toBe(h.core.session.outbox.head);
	});

	it("lets the oldest give way with dropOldest, as many as it takes and no more, and never those on their way", () => {
		const bench = new Bench({ outbox: 160, inflight: 1, outboxFull: "dropOldest" });
		const { h } = bench;
		// The first is on its way; the others wait for the window.
		for (const name of ["a", "b", "c", "d"]) h.publish("t", name.repeat(16), 1);
		h.sent();
		expect(h.take()).toEqual([]);
		expect(bench.start().string("e".repeat(20)).send()).toBe(5);
		expect(h.take()).toEqual([`problem ${Problem.PUBLISH_DROPPED} 2`]);
		expect(bench.start().text("f".repeat(90)).send()).toBe(6);
		expect(h.take()).toEqual([3, 4, 5].map((id) => `problem ${Problem.PUBLISH_DROPPED} ${id}`));
		// What is on its way leaves too little for this one: nothing gives way for it.
		expect(bench.start().text("g".repeat(120)).send()).toBe(Status.FULL);
		expect(h.core.counters[Counter.DROPPED_OLD]).toBe(4);
		expect(h.exchange(ackHex(0x40, 1))).toBe(publishHex("t", "f".repeat(90), 1, 6));
		h.receive(ackHex(0x40, 6));
		expect(bench.start().text("h".repeat(140)).send()).toBe(7);
		expect(h.sent()).toBe(publishHex("t", "h".repeat(140), 1, 7));
		h.receive(ackHex(0x40, 7));
		expect(bench.start().text("i".repeat(150)).send()).toBe(Status.TOO_LARGE);
	});

	it("is as it was written, however often it had to move", () => {
		const text = fc.string({ maxLength: 12, unit: fc.constantFrom("a", '"', "\\", "ä", "\u0001") });
		const part = fc.oneof(text, fc.integer(), fc.boolean());
		fc.assert(
			fc.property(
				fc.array(part, { maxLength: 12 }),
				fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 8 }),
				fc.constantFrom("refuse" as const, "dropOldest" as const),
				fc.boolean(),
				(parts, others, outboxFull, acks) => {
					const bench = new Bench({ outbox: 256, inflight: 2, outboxFull });
					const { h } = bench;
					for (const size of others) h.publish("o", "x".repeat(size), 1);
					const sent = h.sent();
					const writer = bench.start("t", 0).byte(0x5b);
					for (const [i, value] of parts.entries()) {
						if (i > 0) writer.byte(0x2c);
						if (typeof value === "string") writer.string(value);
						else if (typeof value === "number") writer.integer(value);
						else writer.boolean(value);
						if (acks && i === 3) for (let id = 1; id <= Math.min(others.length, 2); id++) h.receive(ackHex(0x40, id));
					}
					const status = writer.byte(0x5d).send();
					if (!acks || parts.length < 4)
						for (let id = 1; id <= Math.min(others.length, 2); id++) h.receive(ackHex(0x40, id));
					let all = sent;
					for (let id = 3; id <= others.length + 1; id++) {
						all += h.sent();
						h.receive(ackHex(0x40, id));
					}
					all += h.sent();
					const wanted = publishHex("t", JSON.stringify(parts), 0);
					if (status === 0) expect(all).toContain(wanted);
					else expect([Status.FULL, Status.TOO_LARGE] as number[]).toContain(status);
				},
			),
			{ numRuns: 500 },
		);
	});

	it.each([
		["an ill-formed topic", "a/#", 1, Status.INVALID_TOPIC],
		["a topic that is no text", 5 as unknown as string, 1, Status.INVALID_TOPIC],
		["a wrong QoS", "t", 3, Status.INVALID_QOS],
	])("is refused with %s", (_name, topic, qos, status) => {
		const bench = new Bench();
		expect(bench.start(topic, qos).text("x").open().integer(1).send()).toBe(status);
		expect(bench.writer.send()).toBe(status);
		expect(bench.h.sent()).toBe("");
	});

	it("is refused while the client stops", () => {
		const bench = new Bench();
		bench.h.publish("t", "x", 1);
		bench.h.stop();
		expect(bench.start().text("x").send()).toBe(Status.STOPPED);
	});

	it("is refused when no identifier is free", () => {
		const bench = new Bench();
		bench.h.core.session.takeId = () => 0;
		expect(bench.start().text("x").send()).toBe(Status.FULL);
	});

	it("replaces an older one by latestPerTopic", () => {
		const bench = new Bench({ outboxFull: "latestPerTopic" }, false);
		bench.start().text("old").send();
		bench.start().text("new").send();
		expect(bench.h.take()).toEqual([`problem ${Problem.PUBLISH_DROPPED} 1`]);
		expect(bench.h.connect()).toBe(publishHex("t", "new", 1, 2));
	});

	it("replaces nothing by latestPerTopic when it is given up, or refused, or not sent yet", () => {
		const bench = new Bench({ outboxFull: "latestPerTopic", outbox: 128 }, false);
		bench.start().text("old").send();
		bench.start().text("no").drop();
		expect(bench.start().text("x".repeat(120)).send()).toBe(Status.TOO_LARGE);
		expect(bench.start().text("x".repeat(90)).send()).toBe(Status.FULL);
		expect(bench.start().integer(0.5).send()).toBe(Status.INVALID_PAYLOAD);
		const open = bench.start().text("open");
		expect(bench.h.take()).toEqual([]);
		open.drop();
		expect(bench.h.connect()).toBe(publishHex("t", "old", 1, 1));
	});

	it("is there before the one that it replaces by latestPerTopic is told of", () => {
		const bench: Bench = new Bench(
			{ outboxFull: "latestPerTopic", onProblem: () => void bench.h.publish("u", "told", 1) },
			false,
		);
		for (const payload of ["old", "new"]) bench.start().text(payload).send();
		expect(bench.h.connect()).toBe(publishHex("t", "new", 1, 2) + publishHex("u", "told", 1, 3));
	});

	it("drops nothing by dropOldest when all that may go would not be enough", () => {
		const bench = new Bench({ outboxFull: "dropOldest", outbox: 160, inflight: 1 });
		const { h } = bench;
		h.publish("t", "x".repeat(60), 1);
		h.sent();
		for (const name of ["a", "b"]) h.publish(name, "waits", 1);
		expect(bench.start().text("y".repeat(90)).send()).toBe(Status.FULL);
		expect([h.take(), h.core.counters[Counter.DROPPED_OLD]]).toEqual([[], 0]);
		expect(h.exchange(ackHex(0x40, 1))).toBe(publishHex("a", "waits", 1, 2));
	});

	it("is not there after drop, nor before start, nor after send", () => {
		const bench = new Bench();
		expect(bench.writer.text("x").send()).toBe(Status.NOT_FOUND);
		bench.start().text("x").drop();
		expect(bench.writer.send()).toBe(Status.NOT_FOUND);
		bench.start().text("x").send();
		expect(bench.writer.send()).toBe(Status.NOT_FOUND);
		expect(bench.h.sent()).toBe(publishHex("t", "x", 1, 1));
		expect(bench.flushed).toBe(1);
	});
});

describe("while a payload is open", () => {
	it("everything else that publishes is refused", () => {
		const bench = new Bench();
		bench.start();
		const { h } = bench;
		expect([0, 1, 2].map((qos) => h.publish("t", "x", qos))).toEqual([Status.BUSY, Status.BUSY, Status.BUSY]);
		expect(h.publish("t", bytesOf("00"), 0)).toBe(Status.BUSY);
		expect(h.core.publisher.publishStream("t", 1, { read: () => 1 }, 1, false)).toBe(Status.BUSY);
		expect(bench.writer.text("x").send()).toBe(1);
		expect(h.sent()).toBe(publishHex("t", "x", 1, 1));
		expect(h.publish("t", "y", 0)).toBe(0);
		expect(h.sent()).toBe(publishHex("t", "y"));
	});

	it("another one is refused, from its start to its send or drop, and the open one goes on", () => {
		const bench = new Bench();
		const writer = bench.start().text("a");
		expect(bench.start("u", 0).text("no").integer(0.5).string("\ud800").send()).toBe(Status.BUSY);
		writer.text("b");
		bench.start("u").text("no").drop();
		writer.text("c");
		bench.start("u");
		bench.start("v").bytes(new Uint8Array(2), 5);
		expect([bench.writer.send(), bench.writer.send()]).toEqual([Status.BUSY, Status.BUSY]);
		expect(writer.text("d").send()).toBe(1);
		expect(bench.h.sent()).toBe(publishHex("t", "abcd", 1, 1));
	});

	it("a failure of its own is kept while another one is refused", () => {
		const bench = new Bench();
		bench.start().integer(0.5);
		expect(bench.start("u").send()).toBe(Status.BUSY);
		expect(bench.writer.send()).toBe(Status.INVALID_PAYLOAD);
	});

	/** Room for two small records and no more; the first is dropped for what is begun. */
	const full: HarnessOptions = { outboxFull: "dropOldest", outbox: 64 };

	it("by a callback that is told what gave way for another one, the other one is refused", () => {
		const bench: Bench = new Bench({ ...full, onProblem: () => void bench.start("inner", 1, true).text("in") });
		bench.h.lost();
		bench.h.take();
		bench.start("t").text("x".repeat(40)).send();
		expect(bench.start("t").text("out").send()).toBe(Status.BUSY);
		expect(bench.writer.text("ner").send()).toBe(2);
		expect(bench.h.connect()).toBe(publishHex("inner", "inner", 1, 2, 1));
	});

	it("and is sent by such a callback, the other one is begun after it, with its own topic", () => {
		const bench: Bench = new Bench({ ...full, onProblem: () => void bench.start("inner", 2, true).text("in").send() });
		bench.h.lost();
		bench.start("t").text("x".repeat(40)).send();
		expect(bench.start("t").text("out").send()).toBe(3);
		expect(bench.h.connect()).toBe(publishHex("inner", "in", 2, 2, 1) + publishHex("t", "out", 1, 3));
	});

	it.each([
		["drops it and begins another one", (writer: PayloadWriter) => void writer.drop()],
		["sends it and begins another one", (writer: PayloadWriter) => void writer.send()],
	])("a callback that %s, told of what gives way for it, mixes no part of both", (_what, give) => {
		let told = 0;
		const bench: Bench = new Bench({
			outboxFull: "dropOldest",
			outbox: 112,
			onProblem: () => {
				if (told++ > 0) return;
				give(bench.writer);
				bench.start("inner", 1, true).text("in");
			},
		});
		bench.h.lost();
		bench.start("t").text("x".repeat(50)).send();
		const outer = bench.start("outer").text("first,").string("y".repeat(40)).integer(12).boolean(true);
		expect(told).toBe(1);
		expect(outer.send()).toBe(Status.BUSY);
		const inner = bench.writer.text("ner").send();
		expect(inner).toBeGreaterThan(0);
		const sent = bench.h.connect();
		expect(sent.endsWith(publishHex("inner", "inner", 1, inner, 1))).toBe(true);
		if (_what.startsWith("drops")) expect(sent).toBe(publishHex("inner", "inner", 1, inner, 1));
	});

	it("the connection may come and go", () => {
		const bench = new Bench({ cleanSession: false });
		const writer = bench.start().text("a");
		bench.h.lost();
		writer.text("b");
		bench.h.connect(true);
		expect(writer.text("c").send()).toBe(1);
		expect(bench.h.sent()).toBe(publishHex("t", "abc", 1, 1));
	});
});
