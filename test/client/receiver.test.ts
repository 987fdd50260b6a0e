// Read MQTT 3.1.1 §3.3, §4.3 and §4.6 beside this file.
// Goal: every incoming message that fits, at every QoS, handed over as often as it should be, and acknowledged after.
// Method: a connected core; the same bytes whole, at every cut, and in random pieces have to give the same result.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Reason } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { Handler } from "../../firmware/client/terms/options.js";
import { endedBy, Harness, NOTHING, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, bytesOf, hexOf, publishHex } from "../support/hex.js";

/** Connected, with handlers for `a`, `b/#` and `$x`. */
function listening(options: HarnessOptions = {}): Harness {
	const h = new Harness({ firstId: 100, ...options });
	for (const filter of ["a", "b/#", "$x"]) h.subscribe(filter, 2);
	h.connect();
	h.exchange("9005" + "0064" + "020202");
	h.rest();
	return h;
}

/** Everything that an application and a server see of some bytes. */
function seenOfBytes(h: Harness, hex: string, cuts: number[]): unknown {
	const bytes = bytesOf(hex);
	let sent = "";
	let from = 0;
	for (const to of [...cuts, bytes.length]) {
		sent += h.exchange(hexOf(bytes.subarray(from, to)));
		from = to;
	}
	const counters = Array.from(h.core.counters);
	counters[Counter.RX_MAX] = counters[Counter.TX_MAX] = counters[Counter.ACKS_MAX] = 0;
	return { sent, log: h.take(), seen: h.seen, counters };
}

describe("PUBLISH", () => {
	it.each([0, 1, 2])("at QoS %i is handed over with all that it says", (qos) => {
		const h = listening();
		h.receive(publishHex("a", "hello", qos, 7, 1 | (qos > 0 ? 8 : 0)));
		expect(h.seen).toEqual([
			{
				topic: "a",
				payload: "hello",
				qos,
				retain: true,
				duplicate: qos > 0,
				packetId: qos > 0 ? 7 : 0,
				offset: 0,
				total: 5,
			},
		]);
		expect(h.sent()).toBe(["", ackHex(0x40, 7), ackHex(0x50, 7)][qos]);
		expect(h.rest()).toEqual(NOTHING);
	});

	it("with an empty payload is a message like any other, and the next one is, too", () => {
		const h = listening();
		expect(h.exchange(publishHex("a", "") + publishHex("a", "", 1, 5) + publishHex("a", "x"))).toBe(ackHex(0x40, 5));
		expect(h.seen.map((seen) => seen.payload)).toEqual(["", "", "x"]);
	});

	it("is acknowledged after the handler has returned", () => {
		const h = listening();
		h.subscribe("c", 1, () => h.log.push(`sent so far: ${h.core.region.size}`));
		h.sent();
		h.receive(publishHex("c", "x", 1, 7));
		expect(h.take()).toEqual(["sent so far: 0"]);
		expect(h.sent()).toBe(ackHex(0x40, 7));
	});

	it("is acknowledged even if its handler throws, which is reported", () => {
		const h = listening();
		h.subscribe("c", 1, () => {
			throw new Error("handler");
		});
		h.sent();
		expect(h.exchange(publishHex("c", "x", 1, 7) + publishHex("c", "x", 2, 8))).toBe(ackHex(0x40, 7) + ackHex(0x50, 8));
		expect(h.take()).toEqual(["problem 2 1", "problem 2 2"]);
		expect(h.core.counters[Counter.CALLBACKS_THREW]).toBe(2);
	});

	it("goes to every handler that matches, each once", () => {
		const h = new Harness();
		const name =
			(text: string): Handler =>
			() =>
				h.log.push(text);
		for (const filter of ["a/b", "a/+", "a/#", "#", "+/b", "c", "$share/g/a/b", "$share/g/a/+"]) {
			h.subscribe(filter, 0, name(filter));
		}
		h.connect();
		h.take();
		h.receive(publishHex("a/b", "x"));
		expect(h.take().sort()).toEqual(["#", "$share/g/a/+", "$share/g/a/b", "+/b", "a/#", "a/+", "a/b"].sort());
		expect(h.core.counters[Counter.HANDLED]).toBe(7);
	});

	it("that nobody has asked for goes to onMessage", () => {
		const h = listening({ onMessage: (message) => void h.log.push(`other ${message.topicText()}`) });
		expect(h.exchange(publishHex("z", "x", 1, 7))).toBe(ackHex(0x40, 7));
		expect(h.take()).toEqual(["other z"]);
		expect(h.core.counters[Counter.UNROUTED]).toBe(1);
	});

	it("that nobody takes is acknowledged and counted", () => {
		const h = listening();
		expect(h.exchange(publishHex("z", "x", 1, 7) + publishHex("z", "x", 2, 8))).toBe(ackHex(0x40, 7) + ackHex(0x50, 8));
		expect(h.core.counters[Counter.UNROUTED]).toBe(2);
		expect(h.core.counters[Counter.HANDLED]).toBe(0);
	});

	it("whose topic is ill-formed is handed to nobody, and ends the connection [MQTT-3.3.2-2]", () => {
		for (const topic of ["612f2b", "23", "6100", "c328", "eda080", "c3"]) {
			const h = listening({ onMessage: () => h.log.push("message") });
			h.subscribe("#", 0);
			h.sent();
			const size = topic.length / 2;
			h.receive(`320${size + 5}000${size}${topic}000778` + "d000");
			expect(h.rest().log).toEqual([endedBy(Reason.MALFORMED_PACKET, 0x32)]);
			expect(h.seen).toEqual([]);
		}
	});
});

describe("QoS 1", () => {
	it("with the same identifier again is a new message, whatever DUP says", () => {
		const h = listening();
		const acks = h.exchange(publishHex("a", "1", 1, 7) + publishHex("a", "2", 1, 7, 8) + publishHex("a", "3", 1, 7));
		expect(acks).toBe(ackHex(0x40, 7).repeat(3));
		expect(h.seen.length).toBe(3);
	});

	it("under an identifier that is open at QoS 2 since an earlier connection is taken: the server has forgotten that exchange in a crash", () => {
		const h = listening({ cleanSession: false });
		h.exchange(publishHex("a", "2", 2, 7) + publishHex("a", "3", 2, 8));
		h.lost();
		h.connect(true);
		expect(h.exchange(publishHex("a", "1", 1, 7))).toBe(ackHex(0x40, 7));
		expect(h.seen.length).toBe(3);
		expect([7, 8].map((id) => h.core.session.incoming.has(id))).toEqual([false, true]);
		expect(h.exchange(publishHex("a", "new", 2, 7))).toBe(ackHex(0x50, 7));
		expect(h.seen.length).toBe(4);
	});

	it("under an identifier that is open at QoS 2 on this connection ends it [MQTT-2.3.1-4]", () => {
		for (const again of [false, true]) {
			const h = listening({ cleanSession: false });
			h.exchange(publishHex("a", "2", 2, 7) + publishHex("a", "3", 2, 8));
			if (again) {
				// Repeated, it is open on the connection that it is repeated on.
				h.lost();
				h.connect(true);
				h.exchange(publishHex("a", "3", 2, 8, 8));
				h.take();
			}
			expect(h.exchange(publishHex("a", "1", 1, 8))).toBe("");
			expect(h.take()).toEqual([endedBy(Reason.PROTOCOL_ERROR, 0x32)]);
			expect([h.seen.length, h.core.counters[Counter.PROTOCOL_ERRORS]]).toEqual([2, 1]);
			// Nothing is forgotten by that: the message would come twice.
			h.connect(true);
			expect(h.exchange(publishHex("a", "3", 2, 8, 8))).toBe(ackHex(0x50, 8));
			expect(h.seen.length).toBe(2);
		}
	});
});

describe("QoS 2", () => {
	it("is delivered once, however often it is repeated before PUBREL [MQTT-4.3.3-2]", () => {
		const h = listening();
		expect(h.exchange(publishHex("a", "1", 2, 7))).toBe(ackHex(0x50, 7));
		expect(h.exchange(publishHex("a", "1", 2, 7, 8))).toBe(ackHex(0x50, 7));
		expect(h.exchange(publishHex("a", "1", 2, 7))).toBe(ackHex(0x50, 7));
		expect(h.seen.length).toBe(1);
		expect(h.core.counters[Counter.DUPLICATES_IN]).toBe(2);
		expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
		expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
		expect(h.exchange(publishHex("a", "2", 2, 7))).toBe(ackHex(0x50, 7));
		expect(h.seen.length).toBe(2);
	});

	it("is delivered once across a loss with the session kept, twice when it was lost", () => {
		for (const kept of [true, false]) {
			const h = listening({ cleanSession: false });
			h.exchange(publishHex("a", "1", 2, 7));
			h.lost();
			h.connect(kept);
			h.exchange(publishHex("a", "1", 2, 7, 8));
			expect(h.seen.length).toBe(kept ? 1 : 2);
		}
	});

	it("is remembered although a handler ended the connection: it has had the message", () => {
		const h = listening({ cleanSession: false });
		h.subscribe("c", 2, () => {
			h.log.push("message");
			h.core.networkDown(h.now);
		});
		h.sent();
		expect(h.exchange(publishHex("c", "1", 2, 7))).toBe("");
		h.connect(true);
		expect(h.exchange(publishHex("c", "1", 2, 7, 8) + ackHex(0x62, 7))).toBe(ackHex(0x50, 7) + ackHex(0x70, 7));
		expect(h.take().filter((line) => line === "message").length).toBe(1);
	});

	it("is handed over again at QoS 1 when a handler ended the connection: at least once", () => {
		const h = listening({ cleanSession: false });
		h.subscribe("c", 2, () => h.core.networkDown(h.now));
		h.sent();
		expect(h.exchange(publishHex("c", "1", 1, 7) + publishHex("a", "next", 0))).toBe("");
		expect(h.core.session.incoming.count).toBe(0);
		expect(h.seen).toEqual([]);
	});

	it("ends the connection when more are open than can be remembered, and delivers nothing", () => {
		const h = listening({ incomingQoS2: 2 });
		h.exchange(publishHex("a", "1", 2, 7) + publishHex("a", "2", 2, 10));
		expect(h.exchange(publishHex("a", "2", 2, 10, 8))).toBe(ackHex(0x50, 10));
		expect(h.exchange(publishHex("a", "3", 2, 13) + publishHex("a", "4", 0))).toBe("");
		expect(h.seen.length).toBe(2);
		expect(h.take()).toEqual([endedBy(Reason.INCOMING_QOS2_FULL, 13)]);
		expect(h.core.counters[Counter.INCOMING_QOS2_MAX]).toBe(2);
	});
});

describe("more QoS 2 messages than can be remembered", () => {
	it("end the connection only when the acks before them are out, or a server would repeat them for ever", () => {
		const h = listening({ incomingQoS2: 1 });
		const hex = publishHex("a", "1", 1, 5) + publishHex("a", "2", 2, 7) + publishHex("a", "3", 2, 9);
		h.core.arena.bytes.set(bytesOf(hex), h.core.receiver.landing);
		h.core.handleBytes(hex.length / 2, h.now);
		expect(h.core.receiver.stalled).toBe(true);
		expect(h.take()).toEqual([]);
		expect(h.sent()).toBe(ackHex(0x40, 5) + ackHex(0x50, 7));
		h.core.handleBytes(0, h.now);
		expect(h.take()).toEqual([endedBy(Reason.INCOMING_QOS2_FULL, 9)]);
		expect(h.core.receiver.stalled).toBe(false);
		expect(h.seen.length).toBe(2);
	});

	it("end the connection when a PUBREL out of the middle leaves two runs where there is room for one", () => {
		const h = listening({ incomingQoS2: 1, cleanSession: false });
		h.exchange([7, 8, 9].map((id) => publishHex("a", `${id}`, 2, id)).join(""));
		// What came before is answered, and what could not be taken is not.
		expect(h.exchange(ackHex(0x62, 7) + publishHex("a", "10", 2, 10) + ackHex(0x62, 9) + ackHex(0x62, 8))).toBe(
			ackHex(0x70, 7) + ackHex(0x50, 10),
		);
		expect(h.take()).toEqual([endedBy(Reason.INCOMING_QOS2_FULL, 9)]);
		expect(h.core.counters[Counter.PROTOCOL_ERRORS]).toBe(0);
		h.connect(true);
		// In the order in which the messages came, as a server has to [MQTT-4.6.0-3], all of them find room.
		expect(h.exchange([8, 9, 10].map((id) => ackHex(0x62, id)).join(""))).toBe(
			[8, 9, 10].map((id) => ackHex(0x70, id)).join(""),
		);
		expect(h.core.session.incoming.count).toBe(0);
	});
});

describe("a burst at QoS 2", () => {
	it.each([
		["from 1", 1],
		["across the last identifier", 65_400],
		["up to the last identifier", 65_536 - 374],
	])("of a thousand messages with 374 open at once fits into two entries, %s, and each comes once", (_name, first) => {
		const h = listening({ incomingQoS2: 2 });
		const id = (i: number): number => ((first - 1 + i) % 65_535) + 1;
		for (let i = 0; i < 1000 + 374; i++) {
			if (i < 1000) expect(h.exchange(publishHex("a", "x", 2, id(i)))).toBe(ackHex(0x50, id(i)));
			if (i >= 374) expect(h.exchange(ackHex(0x62, id(i - 374)))).toBe(ackHex(0x70, id(i - 374)));
			if (i === 500) h.exchange(publishHex("a", "x", 2, id(300), 8));
		}
		expect([h.seen.length, h.take()]).toEqual([1000, []]);
		expect([h.core.session.incoming.count, h.core.counters[Counter.DUPLICATES_IN]]).toEqual([0, 1]);
		expect(h.core.counters[Counter.INCOMING_QOS2_MAX]).toBeLessThanOrEqual(2);
	});
});

const STREAM = [
	publishHex("a", "zero"),
	publishHex("a", "one", 1, 7),
	"d000",
	publishHex("b/c", "two", 2, 8, 1),
	ackHex(0x62, 8),
	publishHex("b", "", 2, 9),
	publishHex("a", "x".repeat(150), 1, 10),
	ackHex(0x62, 9),
	publishHex("$x", "", 0, 0, 1),
	ackHex(0x40, 0x1234),
	"9003123400",
	"b0021234",
	publishHex("none", "y", 1, 0xffff),
].join("");

describe("the stream", () => {
	const options = { rxBuffer: 256, readSize: 128 };
	const whole = seenOfBytes(listening(options), STREAM, []);

	it("means the same at every cut", () => {
		for (let cut = 1; cut < STREAM.length / 2; cut++) {
			expect(seenOfBytes(listening(options), STREAM, [cut])).toEqual(whole);
		}
	});

	it("means the same byte by byte, and in any pieces", () => {
		const size = STREAM.length / 2;
		expect(
			seenOfBytes(
				listening(options),
				STREAM,
				[...Array(size - 1).keys()].map((i) => i + 1),
			),
		).toEqual(whole);
		const pieces = fc.uniqueArray(fc.integer({ min: 1, max: size - 1 }), { maxLength: 40 });
		fc.assert(
			fc.property(pieces, (cuts) => {
				expect(
					seenOfBytes(
						listening(options),
						STREAM,
						cuts.sort((a, b) => a - b),
					),
				).toEqual(whole);
			}),
			{ numRuns: 100 },
		);
	});

	it("fills the window up to its last byte", () => {
		const h = listening({ rxBuffer: 64, readSize: 64 });
		const packet = publishHex("a", "x".repeat(59));
		expect(packet.length / 2).toBe(64);
		h.receive(packet.slice(0, 126));
		expect(h.seen).toEqual([]);
		h.receive(packet.slice(126));
		expect(h.seen.length).toBe(1);
		expect(h.core.counters[Counter.RX_MAX]).toBe(64);
		expect(h.core.counters[Counter.PACKET_IN_MAX]).toBe(64);
	});

	it("never takes more than fits the landing", () => {
		const h = listening();
		expect(h.core.arena.bytes.length - h.core.receiver.landing).toBe(h.core.settings.readSize);
	});
});

describe("a transport that takes nothing", () => {
	/** Bytes of `count` QoS 1 messages with identifiers 1, 2, … */
	const messages = (count: number): string =>
		Array.from({ length: count }, (_, i) => publishHex("a", "x", 1, i + 1)).join("");
	const acks = (count: number): string => Array.from({ length: count }, (_, i) => ackHex(0x40, i + 1)).join("");

	/** Gives bytes to the core without sending what it answers. */
	function push(h: Harness, hex: string): void {
		h.core.arena.bytes.set(bytesOf(hex), h.core.receiver.landing);
		h.core.handleBytes(hex.length / 2, h.now);
	}

	it("holds reading back when no ack fits any more, and goes on where it stopped", () => {
		const h = listening({ rxBuffer: 512, readSize: 512, txBuffer: 64 });
		push(h, messages(60));
		// 16 acks in the transmit region, 16 in the ring.
		expect(h.seen.length).toBe(32);
		expect(h.core.receiver.stalled).toBe(true);
		expect(h.core.counters[Counter.ACKS_MAX]).toBe(16);
		let sent = h.sent();
		expect(sent).toBe(acks(32));
		h.core.handleBytes(0, h.now);
		expect(h.seen.length).toBe(60);
		expect(h.core.receiver.stalled).toBe(false);
		sent += h.sent();
		expect(sent).toBe(acks(60));
		push(h, publishHex("a", "last"));
		expect(h.seen.length).toBe(61);
	});

	it("stays held when nothing has changed", () => {
		const h = listening({ rxBuffer: 512, readSize: 512, txBuffer: 64 });
		push(h, messages(60));
		h.core.handleBytes(0, h.now);
		expect(h.seen.length).toBe(32);
		h.lost();
		expect(h.core.receiver.stalled).toBe(false);
		h.connect();
		push(h, publishHex("a", "new"));
		expect(h.seen.length).toBe(33);
	});

	it("keeps an incomplete packet at the end of what was held", () => {
		const h = listening({ rxBuffer: 512, readSize: 512, txBuffer: 64 });
		const last = publishHex("a", "last", 1, 77);
		push(h, messages(40) + last.slice(0, 12));
		h.sent();
		h.core.handleBytes(0, h.now);
		expect(h.seen.length).toBe(40);
		push(h, last.slice(12));
		expect(h.seen.length).toBe(41);
		expect(h.sent()).toBe(acks(40).slice(32 * 8) + ackHex(0x40, 77));
	});

	it("sends acks of every kind in the order in which they were caused [MQTT-4.6.0-2]", () => {
		const h = listening({ rxBuffer: 512, readSize: 512, txBuffer: 64 });
		const hex: string[] = [];
		const expected: string[] = [];
		for (let id = 1; id <= 10; id++) {
			hex.push(publishHex("a", "x", 1, id), publishHex("a", "x", 2, id), ackHex(0x62, id));
			expected.push(ackHex(0x40, id), ackHex(0x50, id), ackHex(0x70, id));
		}
		push(h, hex.join(""));
		expect(h.sent()).toBe(expected.join(""));
	});

	it("is not a reason to lose the answer to a request of our own", () => {
		const h = listening({ rxBuffer: 512, readSize: 512, txBuffer: 64, firstId: 100 });
		h.publish("t", "x", 1);
		h.sent();
		push(h, messages(40) + ackHex(0x40, 101));
		expect(h.take()).toEqual([]);
		h.sent();
		h.core.handleBytes(0, h.now);
		expect(h.take()).toEqual(["delivered 101"]);
	});
});

describe("an assertion", () => {
	it("stops a driver that writes over bytes that wait", () => {
		const h = listening({ rxBuffer: 512, readSize: 512, txBuffer: 64 });
		const bytes = bytesOf(Array.from({ length: 60 }, (_, i) => publishHex("a", "x", 1, i + 1)).join(""));
		h.core.arena.bytes.set(bytes, h.core.receiver.landing);
		h.core.handleBytes(bytes.length, h.now);
		expect(() => h.core.handleBytes(1, h.now)).toThrow("receiver: bytes over bytes");
	});
});
