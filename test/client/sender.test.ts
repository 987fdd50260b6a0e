// Goal: whatever the transport takes at a time, the bytes on the wire are whole packets in the right order.
// Method: the smallest transmit region; every write of one byte, of every other size, and cut at every place.
import { describe, expect, it } from "vitest";
import { Problem, Reason } from "../../firmware/client/terms/codes.js";
import { Command } from "../../firmware/client/connection/core.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { PayloadSource } from "../../firmware/client/terms/options.js";
import { endedBy, Harness, inState, NOTHING, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, bytesOf, publishHex } from "../support/hex.js";

const small = (options: HarnessOptions = {}): Harness => inState.connected({ firstId: 1, txBuffer: 64, ...options });

/** A payload whose bytes tell their position. */
const payloadOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => 33 + (i % 90));

/** A source of payloadOf bytes that gives at most `most` at a time. */
class Source implements PayloadSource {
	readonly finishedIds: number[] = [];
	readonly positions: number[] = [];
	/** Bytes given in all; -1 for none from here on. */
	left = Infinity;
	constructor(readonly most = Infinity) {}
	read(position: number, target: Uint8Array, offset: number, size: number): number {
		this.positions.push(position);
		if (this.left < 0) return -1;
		const count = Math.min(size, this.most, this.left);
		target.set(payloadOf(position + count).subarray(position), offset);
		this.left -= count;
		return count;
	}
	finished(packetId: number): void {
		this.finishedIds.push(packetId);
	}
}

const stream = (h: Harness, total: number, source: PayloadSource, qos = 1): number =>
	h.core.publisher.publishStream("t", total, source, qos, false);

/** Something of every kind to send: from the outbox, a request, a stream, acks, a ping. */
function everything(h: Harness): void {
	h.publish("t", payloadOf(100), 1);
	h.publish("t", payloadOf(70), 0);
	h.publish("t", "x", 2);
	stream(h, 150, new Source(7), 2);
	h.subscribe("f", 1);
	h.receive(publishHex("a", "x", 1, 9) + publishHex("a", "x", 2, 10) + ackHex(0x62, 11) + ackHex(0x50, 12));
	h.pass(55_000);
}

describe("writing in pieces", () => {
	const whole = small({ txBuffer: 1024 });
	everything(whole);
	const expected = whole.sent();

	it("gives the same bytes with a region of 64, a byte at a time, and in pieces of any size", () => {
		expect(expected.length).toBeGreaterThan(700);
		for (const pieceMax of [1, 2, 3, 5, 7, 13, 31, 63, 64]) {
			const h = small();
			everything(h);
			// A ping and acks that found no room go out as soon as they do: only their place may differ.
			expect(sorted(h.sent(pieceMax))).toEqual(sorted(expected));
		}
	});

	it("sends CONNECT of any size through the smallest region", () => {
		const will = { topic: "will/topic", payload: payloadOf(300), qos: 2 as const, retain: true };
		const options = { clientId: "x".repeat(100), userName: "u", password: "p".repeat(50), will };
		const large = new Harness({ ...options, txBuffer: 1024 }).start().opened();
		for (const pieceMax of [1, 7, 64]) {
			const h = new Harness({ ...options, txBuffer: 64 }).start();
			h.core.handleOpened(h.now);
			expect(h.sent(pieceMax)).toBe(large);
			expect(h.exchange("20020000")).toBe("");
			expect(h.publish("t", "x")).toBe(0);
			expect(h.sent()).toBe(publishHex("t", "x"));
		}
	});

	it("does not put anything into the middle of CONNECT", () => {
		const h = new Harness({ clientId: "x".repeat(100), txBuffer: 64 }).start();
		h.core.handleOpened(h.now);
		h.core.fill(h.now);
		h.stop();
		const sent = h.sent(10);
		expect(sent.startsWith("1070")).toBe(true);
		expect(sent.endsWith("e000")).toBe(true);
		expect(sent.length / 2).toBe(2 + 0x70 + 2);
	});

	it("starts over with whole packets after a loss at every byte", () => {
		for (let cut = 0; cut <= 110; cut++) {
			const h = small({ cleanSession: false });
			h.publish("t", payloadOf(100), 1);
			for (let done = 0; done < cut;) {
				h.core.fill(h.now);
				const count = Math.min(h.core.region.size, cut - done);
				if (count === 0) break;
				h.core.handleSent(count, h.now);
				done += count;
			}
			h.lost();
			const dup = cut === 0 ? 0 : 8;
			expect(h.connect(true)).toBe(publishHex("t", payloadOf(100), 1, 1, dup));
		}
	});

	it("notes how full the region was when something had to wait for it, or for the transport", () => {
		const h = small();
		h.publish("t", payloadOf(40), 0);
		h.core.fill(h.now);
		h.core.handleBlocked(h.now);
		expect(h.core.counters[Counter.TX_MAX]).toBe(45);
		expect(h.sent()).toBe(publishHex("t", payloadOf(40)));
		h.publish("t", payloadOf(100), 1);
		h.sent();
		expect(h.core.counters[Counter.TX_MAX]).toBe(64);
	});

	it("keeps a ping that finds no room for the next time", () => {
		const h = small();
		for (let id = 1; id <= 16; id++) h.receive(publishHex("a", "", 1, id));
		h.pass(55_000);
		h.core.fill(h.now);
		expect(h.core.region.size).toBe(64);
		expect(h.sent().endsWith("c000")).toBe(true);
	});

	it("counts bytes in and out", () => {
		const h = small();
		const before = [h.core.counters[Counter.BYTES_IN]!, h.core.counters[Counter.BYTES_OUT]!];
		h.publish("t", "x");
		h.exchange("d000");
		expect([h.core.counters[Counter.BYTES_IN]! - before[0]!, h.core.counters[Counter.BYTES_OUT]! - before[1]!]).toEqual(
			[2, 6],
		);
	});
});

/** Packets of a stream of bytes, sorted. */
function sorted(hex: string): string[] {
	const bytes = bytesOf(hex);
	const packets: string[] = [];
	for (let at = 0; at < bytes.length;) {
		let size = bytes[at + 1]! & 127;
		const fixed = bytes[at + 1]! > 127 ? 3 : 2;
		if (fixed === 3) size |= bytes[at + 2]! << 7;
		packets.push(hex.slice(at * 2, (at + fixed + size) * 2));
		at += fixed + size;
	}
	return packets.sort();
}

describe("a streamed publish", () => {
	it.each([0, 1, 2])("is pulled as it goes out at QoS %i", (qos) => {
		for (const total of [0, 1, 57, 58, 59, 300]) {
			const h = small();
			const source = new Source();
			const id = stream(h, total, source, qos);
			expect(id).toBe(qos === 0 ? 0 : 1);
			expect(h.sent()).toBe(publishHex("t", payloadOf(total), qos, 1));
			expect(source.finishedIds).toEqual(qos === 0 ? [0] : []);
			if (qos === 1) h.exchange(ackHex(0x40, 1));
			if (qos === 2) h.exchange(ackHex(0x50, 1));
			expect(source.finishedIds).toEqual([id]);
			expect(h.core.application.sources).toEqual([null]);
		}
	});

	it("is pulled again from the start after a loss, at every cut", () => {
		for (let cut = 1; cut < 120; cut += 7) {
			const h = small({ cleanSession: false });
			const source = new Source(11);
			stream(h, 150, source);
			for (let done = 0; done < cut;) {
				h.core.fill(h.now);
				const count = Math.min(h.core.region.size, cut - done);
				h.core.handleSent(count, h.now);
				done += count;
			}
			h.lost();
			source.positions.length = 0;
			expect(h.connect(true)).toBe(publishHex("t", payloadOf(150), 1, 1, 8));
			expect(source.positions[0]).toBe(0);
		}
	});

	it("waits while its source has nothing, lets nothing into its middle, and goes on when it is told to", () => {
		const h = small();
		const source = new Source();
		source.left = 20;
		stream(h, 50, source);
		const first = h.sent();
		expect(first).toBe(publishHex("t", payloadOf(50), 1, 1).slice(0, -60));
		h.publish("u", "0", 0);
		h.publish("u", "1", 1);
		h.receive(publishHex("a", "x", 1, 9));
		h.pass(55_000);
		expect(h.sent()).toBe("");
		source.left = Infinity;
		expect(h.sent()).toBe("");
		h.core.sender.resumeSources();
		const rest = publishHex("t", payloadOf(50), 1, 1).slice(-60);
		expect(h.sent()).toBe(rest + ackHex(0x40, 9) + "c000" + publishHex("u", "0") + publishHex("u", "1", 1, 2));
	});

	it("keeps DISCONNECT back, but not for ever", () => {
		const h = small({ stopTimeoutMs: 100 });
		const source = new Source();
		source.left = 0;
		stream(h, 50, source);
		h.stop();
		expect(h.sent()).toBe(publishHex("t", payloadOf(50), 1, 1).slice(0, -100));
		h.pass(100);
		expect(h.sent()).toBe("");
		h.pass(500);
		expect(h.take()).toEqual([
			endedBy(Reason.STOPPED, 0, "final"),
			`problem ${Problem.STOPPED_UNFINISHED} 1`,
			"stopped",
		]);
	});

	it.each([
		["says that it has no more", () => -1],
		["gives more than was asked for", (size: number) => size + 1],
		["gives part of a byte", () => 0.5],
		["gives nothing that is a number", () => undefined as unknown as number],
		[
			"throws",
			() => {
				throw new Error("source");
			},
		],
	])("is dropped when its source %s, and the connection with it", (name, read) => {
		const h = small({ cleanSession: false });
		let finished = 0;
		stream(h, 50, { read: (_position, _target, _offset, size) => read(size), finished: (id) => void (finished = id) });
		h.publish("u", "next", 1);
		expect(h.sent()).toBe("");
		const threw = name === "throws" ? [`problem ${Problem.CALLBACK_THREW} 1`] : [];
		expect(h.rest()).toEqual({
			...NOTHING,
			log: [...threw, `problem ${Problem.SOURCE_FAILED} 1`, endedBy(Reason.SOURCE_FAILED, 1)],
			commands: [Command.CLOSE],
		});
		expect(finished).toBe(1);
		expect(h.core.counters[Counter.DROPPED_SOURCE]).toBe(1);
		expect(h.connect(true)).toBe(publishHex("u", "next", 1, 2));
	});

	it("need not say what it does when it is finished", () => {
		const h = small();
		stream(h, 1, { read: (_position, target, offset) => ((target[offset] = 120), 1) }, 0);
		expect(h.sent()).toBe(publishHex("t", "x"));
	});

	it("may throw when it is finished, which is reported", () => {
		const h = small();
		const source = new Source();
		source.finished = () => {
			throw new Error("finished");
		};
		stream(h, 1, source, 0);
		h.sent();
		expect(h.take()).toEqual([`problem ${Problem.CALLBACK_THREW} 1`]);
	});
});

describe("a source that calls back", () => {
	it("may publish: behind it, at every QoS, also when records have to move for it", () => {
		const h = small({ outbox: 160, sources: 2 });
		h.publish("u", "1", 1);
		h.publish("u", "2".repeat(50), 1);
		const source = new Source(20);
		stream(h, 60, source);
		h.core.fill(h.now);
		const { outbox } = h.core.session;
		let calls = 0;
		let moved = 0;
		const read = source.read.bind(source);
		source.read = (...parameters) => {
			if (calls++ === 0) {
				h.receive(ackHex(0x40, 1));
				expect(h.publish("v", "0", 0)).toBe(0);
				expect(h.publish("v", "3".repeat(30), 1)).toBe(4);
				expect(outbox.packetId(outbox.active)).toBe(3);
				moved = outbox.active;
			}
			return read(...parameters);
		};
		const sent = h.sent();
		expect(moved).toBe(outbox.base + 68);
		const order = [
			publishHex("u", "1", 1, 1),
			publishHex("u", "2".repeat(50), 1, 2),
			publishHex("t", payloadOf(60), 1, 3),
			publishHex("v", "0"),
			publishHex("v", "3".repeat(30), 1, 4),
		];
		expect(sent).toBe(order.join(""));
		for (const id of [2, 3, 4]) h.receive(ackHex(0x40, id));
		expect(source.finishedIds).toEqual([3]);
		expect(h.core.session.outbox.count).toBe(0);
	});

	it("may publish at QoS 0 from within its first pull, into the outbox", () => {
		const h = small();
		const source = new Source();
		const read = source.read.bind(source);
		let first = true;
		source.read = (...parameters) => {
			if (first) h.publish("v", "0", 0);
			first = false;
			return read(...parameters);
		};
		stream(h, 10, source, 0);
		expect(h.sent()).toBe(publishHex("t", payloadOf(10)) + publishHex("v", "0"));
	});

	it.each(["read", "finished"] as const)(
		"may end the connection from within %s: nothing of the old one is left",
		(where) => {
			const h = small({ cleanSession: false });
			const source = new Source(10);
			const read = source.read.bind(source);
			let ended = false;
			const end = (): void => {
				if (!ended) h.core.networkDown(h.now);
				ended = true;
			};
			if (where === "finished") source.finished = end;
			source.read = (...parameters) => {
				if (where === "read") end();
				return read(...parameters);
			};
			stream(h, 20, source, 0);
			h.publish("u", "next", 1);
			expect(h.sent()).toBe("");
			expect(h.take()).toEqual([endedBy(Reason.NETWORK_DOWN)]);
			expect(h.core.session.waiting).toBe(0);
			const again = where === "read" ? publishHex("t", payloadOf(20)) : "";
			expect(h.connect(true)).toBe(again + publishHex("u", "next", 1, 1));
		},
	);

	it("may end the connection from within the report of its failure: told once", () => {
		const h: Harness = small({ onProblem: () => h.core.networkDown(h.now) });
		stream(h, 20, { read: () => -1 });
		expect(h.sent()).toBe("");
		expect(h.take()).toEqual([endedBy(Reason.NETWORK_DOWN)]);
		expect(h.core.counters[Counter.DISCONNECTS]).toBe(1);
	});

	it("may stop the client from within finished: DISCONNECT follows", () => {
		const h: Harness = small();
		const source = new Source();
		source.finished = () => void h.stop();
		stream(h, 5, source, 0);
		expect(h.sent()).toBe(publishHex("t", payloadOf(5)) + "e000");
	});
});

describe("an assertion", () => {
	it("stops a driver that has sent more than there was", () => {
		const h = small();
		h.publish("t", "x");
		expect(() => h.core.handleSent(7, h.now)).toThrow("region: more sent than there was");
	});

	it("stops a receiver that makes more acks than there is room for", () => {
		const h = small();
		h.stop();
		h.publish("t", "x");
		expect(() => {
			for (let i = 1; i <= 33; i++) h.core.region.ack(0x40, i);
		}).toThrow("region: ack ring overrun");
	});
});
