import { describe, expect, it } from "vitest";
import { ProblemCode, ReasonCode, StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { StatusCode } from "../../firmware/codec/status.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";
import { packetsOf } from "./model-server.js";

// Goal: what users of other clients ran into does not happen here. Each test is one line of our list of 32, whose words are
// in its comment or its name: 1 … 16 here, receiving and sending; 17 … 28, sessions and the link, in lessons-link.test.ts;
// 29 … 32 in lessons-callbacks.test.ts.
// Method: the core alone, with explicit times. What it cannot show is shown elsewhere:
//
//     lesson                                          where
//      4, 5   every such packet at every cut          test/client/malformed.test.ts
//     15      41 ms between the halves of a packet    test/transport/tcp.test.ts: Nagle's algorithm is off
//     16      the will that is published              test/broker/will.test.ts
//     17, 18  a broker that keeps, or loses           test/broker/session.test.ts, restart.test.ts, kills.test.ts
//     21      Receive Maximum                         nowhere: only MQTT 5.0 has it
//     22, 23  dead links of a real network            test/broker/stalled.test.ts
//     24      servers and names that do not answer    test/broker/network.test.ts
//     25      two clients with one identifier         test/broker/take-over.test.ts
//     26      bytes leaked by each reconnect          test/budget/budget.test.ts
//     27, 30  a broker that moves, a stop in lookup   test/broker/network.test.ts, test/transport/tcp-names.test.ts
//     29, 31  callbacks in a whole turn               test/loop/callbacks.test.ts

/** Connected; `t/#` goes to the handler that keeps what it gets. */
function connected(options: HarnessOptions = {}): Harness {
	const h = new Harness({ cleanSession: false, random: () => 0, ...options });
	h.subscribe("t/#", 2);
	h.connect();
	h.exchange("9003000102");
	h.log.length = 0;
	return h;
}

/** Options of a client as an application gives them, without any check by the compiler. */
function settingsOf(options: Record<string, unknown>): ReturnType<typeof readSettings> {
	return readSettings({ host: "h", transport: () => {}, ...options } as never);
}

/** The CONNECT of a client with these options. */
function connectOf(options: HarnessOptions): string {
	return new Harness(options).start().opened();
}

const TOO_LARGE = `problem ${ProblemCode.MESSAGE_TOO_LARGE}`;

describe("receiving", () => {
	it.each([
		[0, ""],
		[1, ackHex(0x40, 7)],
		[2, ackHex(0x50, 7)],
	])("lesson 1: an empty payload at QoS %i does not stop the parser", (qos, ack) => {
		// A PUBLISH with an empty payload (what clearing a retained topic sends) stops the parser for good.
		const h = connected();
		expect(h.exchange(publishHex("t/a", "", qos, 7, 1) + publishHex("t/b", "next", 1, 8))).toBe(ack + ackHex(0x40, 8));
		expect(h.seen.map(({ topic, payload, total }) => [topic, payload, total])).toEqual([
			["t/a", "", 0],
			["t/b", "next", 4],
		]);
	});

	it("lesson 2: a repeated QoS 2 PUBLISH before PUBREL reaches the application once, after a reconnect too", () => {
		const h = connected();
		const first = publishHex("t/a", "x", 2, 7);
		const again = publishHex("t/a", "x", 2, 7, 8);
		expect(h.exchange(first + again + first)).toBe(ackHex(0x50, 7).repeat(3));
		h.lost();
		h.connect(true);
		expect(h.exchange(again)).toBe(ackHex(0x50, 7));
		expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
		expect(h.seen.length).toBe(1);
		// After PUBREL the identifier means a new message.
		h.exchange(first);
		expect(h.seen.length).toBe(2);
	});

	it.each([1, 2])("lesson 3: the ack at QoS %i goes out only when the application has had the message", (qos) => {
		const whileHandled: string[] = [];
		let handled = 0;
		const h = connected();
		h.subscribe("crash", qos, (() => {
			handled++;
			whileHandled.push(h.sent());
			if (handled === 1) h.core.networkDown(h.now);
		}) as never);
		h.sent();
		h.exchange("90030002" + "02");
		// The connection ends within the handler: there was no ack, and the server sends the message again. At QoS 2 the
		// handler has had it.
		expect(h.exchange(publishHex("crash", "x", qos, 7))).toBe("");
		h.connect(true);
		expect(h.exchange(publishHex("crash", "x", qos, 7, 8))).toBe(ackHex(qos === 1 ? 0x40 : 0x50, 7));
		expect(handled).toBe(qos === 1 ? 2 : 1);
		expect(new Set(whileHandled)).toEqual(new Set([""]));
	});

	it.each([
		["is not UTF-8", "30050003" + "742fff"],
		["holds U+0000", "30050003" + "742f00"],
		["runs past its packet", "30040005" + "742f"],
	])("lesson 4: a topic that %s ends the connection without an exception, and the next one works", (_what, hex) => {
		// … an exception out of the socket callback, or the following packets are eaten.
		const h = connected();
		h.receive(hex + publishHex("t/eaten", "x"));
		expect(h.log.length).toBe(1);
		expect(h.log[0]).toContain(`/${ReasonCode.MALFORMED_PACKET} 48 `);
		h.connect(true);
		h.receive(publishHex("t/a", "x"));
		expect(h.seen.map(({ topic }) => topic)).toEqual(["t/a"]);
	});

	it.each([
		["a CONNACK of length 0", "2000", false],
		["reserved bits in CONNACK", "20020200", false],
		["PUBLISH before CONNACK", publishHex("t/a", "x"), false],
		["a second CONNACK", "20020000", true],
		["QoS 3", "3607" + "0003742f61" + "0001", true],
		["PUBREL with wrong flags", ackHex(0x60, 1), true],
		["an ack of one byte", "400101", true],
		["a packet that only clients send", "c000", true],
	])("lesson 5: %s is not accepted, and does not wedge the parser", (_what, hex, afterConnack) => {
		const h = connected();
		if (!afterConnack) {
			h.lost();
			h.core.networkUp(h.now);
			h.opened();
		}
		h.log.length = 0;
		expect(h.exchange(hex + publishHex("t/late", "x"))).toBe("");
		expect(h.core.state).toBe(StateCode.WAITING);
		expect(h.log.length).toBe(1);
		h.connect(true);
		h.receive(publishHex("t/a", "x"));
		expect(h.seen.map(({ topic }) => topic)).toEqual(["t/a"]);
	});

	it("lesson 6: retain and DUP flags and the packet identifier are given to the application", () => {
		const h = connected();
		h.receive(publishHex("t/a", "x", 1, 0x1234, 9) + publishHex("t/b", "x", 2, 1) + publishHex("t/c", "x", 0));
		expect(h.seen.map(({ qos, retain, duplicate, packetId }) => [qos, retain, duplicate, packetId])).toEqual([
			[1, true, true, 0x1234],
			[2, false, false, 1],
			[0, false, false, 0],
		]);
	});

	describe("lesson 7: a message larger than the buffer", () => {
		// … is fatal, or vanishes without a trace, or its pieces are handed over as if whole.
		const SMALL = { rxBuffer: 64, readSize: 16 };
		const payload = "0123456789".repeat(30);

		it("is reported, never handed over in pieces to those who expect it whole, and the next one comes", () => {
			const h = connected(SMALL);
			expect(h.exchange(publishHex("t/a", payload, 1, 7) + publishHex("t/b", "x", 1, 8))).toBe(
				ackHex(0x40, 7) + ackHex(0x40, 8),
			);
			expect(h.log).toEqual([`${TOO_LARGE} 300`]);
			expect(h.seen.map(({ topic }) => topic)).toEqual(["t/b"]);
		});

		it("is left to the server, when the application wants that", () => {
			const h = connected({ ...SMALL, tooLarge: "refuse" });
			expect(h.exchange(publishHex("t/a", payload, 1, 7) + publishHex("t/b", "x", 1, 8))).toBe(ackHex(0x40, 8));
			expect(h.log).toEqual([`${TOO_LARGE} 300`]);
		});

		it("comes in pieces that say where they belong, to those who take pieces", () => {
			const h = connected(SMALL);
			h.subscribe("t/#", 1, h.keep, true);
			h.receive(publishHex("t/a", payload, 0));
			expect(h.seen.length).toBeGreaterThan(1);
			let offset = 0;
			for (const piece of h.seen) {
				expect([piece.offset, piece.total]).toEqual([offset, 300]);
				offset += piece.payload.length;
			}
			expect(h.seen.map((piece) => piece.payload).join("")).toBe(payload);
			expect(h.log).toEqual([]);
		});
	});

	it("lesson 8: messages that nobody reads do not block control packets", () => {
		// A slow or absent reader blocks control packets, so that a healthy link times out.
		const h = connected();
		h.pass(55_000);
		expect(h.sent()).toBe("c000");
		const flood = publishHex("nobody", "x".repeat(100), 1, 7).repeat(100);
		expect(h.exchange(flood + "d000")).toBe(ackHex(0x40, 7).repeat(100));
		h.pass(10_000);
		expect(h.core.state).toBe(StateCode.CONNECTED);
		expect(h.log).toEqual([]);
	});

	it("lesson 8: nor does a handler that takes longer than the server may take for PINGRESP", () => {
		const h = connected();
		h.subscribe("slow", 0, (() => (h.now += 4_000)) as never);
		h.sent();
		h.exchange("90030002" + "00");
		h.pass(55_000);
		expect(h.sent()).toBe("c000");
		h.receive(publishHex("slow", "x").repeat(10) + "d000");
		h.pass(0);
		expect(h.core.state).toBe(StateCode.CONNECTED);
	});
});

describe("sending", () => {
	it("lesson 9: after 65,535 identifiers the next one is 1", () => {
		const h = new Harness({ cleanSession: false, random: () => 65_533.5 / 65_535 });
		h.connect();
		expect([1, 2, 3, 4].map(() => h.publish("t", "", 1))).toEqual([65_534, 65_535, 1, 2]);
	});

	it("lesson 9: an identifier that is still in use is never taken again", () => {
		const h = connected();
		const open = h.publish("t", "open", 2);
		h.sent();
		h.exchange(ackHex(0x50, open));
		const waiting = h.publish("t", "open", 1);
		h.subscribe("no/suback");
		const [, subscribe] = packetsOf(h.sent()).sort((a, b) => a.first - b.first);
		const inUse = [open, waiting, subscribe!.packetId];
		const taken = new Set<number>();
		for (let i = 0; i < 65_532 + 10; i++) {
			const packetId = h.publish("t", "", 1);
			taken.add(packetId);
			h.sent();
			h.receive(ackHex(0x40, packetId));
		}
		expect(taken.size).toBe(65_532);
		for (const id of [...inUse, 0]) expect(taken.has(id)).toBe(false);
	});

	it("lesson 10: a will without message has an empty one", () => {
		// A will without message, a will QoS without topic, a password without user name: a malformed CONNECT.
		const connect = connectOf({ will: { topic: "w", qos: 1, retain: true } });
		expect(connect).toBe("1012" + "00044d51545404" + "2e" + "003c" + "000163" + "000177" + "0000");
	});

	it("lesson 10: a will QoS without topic, and a password without user name, are refused at construction", () => {
		expect(() => settingsOf({ will: { qos: 1 } })).toThrow(new TypeError("will.topic: is missing"));
		expect(() => settingsOf({ password: "p" })).toThrow(new TypeError("password: needs userName in MQTT 3.1.1"));
	});

	it("lesson 11: bytes given as a typed array are sent as bytes", () => {
		// … as the text "1,2,255".
		const h = connected();
		const bytes = new Uint8Array([1, 2, 255]);
		h.publish("t", bytes, 0);
		h.publish("t", bytes, 1);
		expect(h.sent()).toBe("3006000174" + "0102ff" + "3208000174" + "0002" + "0102ff");
		const connect = connectOf({ userName: "u", password: bytes, will: { topic: "w", payload: bytes } });
		expect(connect).toContain("000177" + "00030102ff" + "000175" + "00030102ff");
	});

	it("lesson 11: anything else than bytes and text is refused", () => {
		const h = connected();
		for (const payload of [[1, 2], new Uint16Array(1), new ArrayBuffer(1), 5, null, undefined, {}]) {
			expect(h.publish("t", payload as never, 1)).toBe(StatusCode.INVALID_PAYLOAD);
		}
		expect(h.sent()).toBe("");
	});

	it("lesson 12: QoS 3, an empty SUBSCRIBE, a wildcard in a topic name are not sent", () => {
		const h = connected();
		for (const qos of [3, -1, 0.5, NaN]) {
			expect(h.publish("t", "x", qos)).toBe(StatusCode.INVALID_QOS);
			expect(h.subscribe("a", qos)).toBe(StatusCode.INVALID_QOS);
		}
		for (const topic of ["#", "a/+", "a+b", ""]) expect(h.publish(topic, "x", 1)).toBe(StatusCode.INVALID_TOPIC);
		expect(h.subscribe("")).toBe(StatusCode.INVALID_FILTER);
		expect(h.sent()).toBe("");
		// A client that subscribes to nothing.
		expect(new Harness().connect()).toBe("");
	});

	it("lesson 12: DUP is not set at QoS 0, whatever the publish has been through", () => {
		const h = connected({ txBuffer: 64 });
		h.lost();
		h.publish("t", "x".repeat(100), 0);
		h.core.networkUp(h.now);
		h.opened();
		h.receive("20020100");
		// A part of it goes out, and the connection is lost.
		h.core.fill(h.now);
		expect(h.core.region.size).toBeGreaterThan(0);
		h.lost();
		const [publish] = packetsOf(h.connect(true));
		expect(publish!.first).toBe(0x30);
	});

	it("lesson 13: a keep alive over 65,535 s is refused at construction", () => {
		// … is cut to its low 16 bits: 65,536 switches it off.
		expect(() => settingsOf({ keepAlive: 65_536 })).toThrow(
			new RangeError("keepAlive: 65536 is out of range; 0 … 65535"),
		);
		expect(connectOf({ keepAlive: 65_535 })).toContain("02ffff");
	});

	it("lesson 14: a packet that does not fit is refused whole, and the stream goes on", () => {
		// … is half written, and the stream is broken.
		const h = connected({ outbox: 256, txBuffer: 64 });
		for (const qos of [0, 1, 2]) expect(h.publish("t", "x".repeat(300), qos)).toBe(StatusCode.TOO_LARGE);
		const packetId = h.publish("t", "x".repeat(200), 1);
		expect(h.publish("t", "y".repeat(100), 1)).toBe(StatusCode.FULL);
		const sent = packetsOf(h.sent());
		expect(sent.map(({ first, packetId: id, hex }) => [first, id, hex.length / 2])).toEqual([[0x32, packetId, 208]]);
	});

	it.each([1, 7, 64])(
		"lesson 14: one larger than the transmit region goes out in pieces of %i, nothing in between",
		(size) => {
			const h = connected({ txBuffer: 64 });
			h.publish("t", "x".repeat(200), 1);
			h.core.fill(h.now);
			h.receive(publishHex("t/a", "x", 1, 9));
			h.publish("t", "y", 0);
			const types = packetsOf(h.sent(size)).map(({ first }) => first);
			expect(types[0]).toBe(0x32);
			expect(types.slice(1).sort()).toEqual([0x30, 0x40]);
		},
	);

	it("lesson 15: a PUBLISH is one write, with all that can go out at the same time", () => {
		// Four to five socket writes per PUBLISH; with Nagle, 41 ms between the halves of one packet.
		const h = connected();
		h.publish("t", "one", 1);
		h.publish("t", "two", 2);
		h.receive(publishHex("t/a", "x", 1, 9));
		h.publish("t", "three", 0);
		h.core.fill(h.now);
		expect(h.core.region.size).toBe(10 + 10 + 4 + 10);
		h.core.handleSent(h.core.region.size, h.now);
		expect(h.sent()).toBe("");
		expect(h.core.counters[CounterIndex.PUBLISHES_OUT]).toBe(3);
	});

	it("lesson 16: nothing is written after DISCONNECT", () => {
		const h = connected({ onStopped: () => {} });
		h.subscribe("late");
		h.sent();
		h.stop();
		h.core.fill(h.now);
		expect(h.core.region.size).toBe(2);
		for (const qos of [0, 1, 2]) expect(h.publish("t", "x", qos)).toBe(StatusCode.STOPPED);
		h.subscribe("later");
		h.receive(publishHex("t/a", "x", 1, 7) + publishHex("t/a", "x", 2, 8) + ackHex(0x62, 9));
		h.pass(400);
		expect(h.sent()).toBe("e000");
		expect(h.core.state).toBe(StateCode.STOPPED);
		expect(h.sent()).toBe("");
	});

	it("lesson 16: an orderly stop sends DISCONNECT, after all that was accepted before", () => {
		const h = connected();
		const packetId = h.publish("t", "x", 1);
		h.publish("t", "y", 0);
		h.stop();
		expect(
			packetsOf(h.sent())
				.map(({ first }) => first)
				.sort(),
		).toEqual([0x30, 0x32]);
		expect(h.exchange(ackHex(0x40, packetId))).toBe("e000");
		expect(h.log).toEqual([`delivered ${packetId}`, `disconnected 0/${ReasonCode.STOPPED} 0 final`, "stopped"]);
	});
});
