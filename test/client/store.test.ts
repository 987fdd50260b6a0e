// Read MQTT 3.1.1 §4.1, §4.3 and §4.4 beside this file.
// Goal: an observer hears all that a session does to what outlives a connection, in an order that somebody can keep it by.
// Method:
//   1. a list of calls per kind of exchange, both ways, compared whole; what stands in the transmit region at each call;
//   2. a mirror that knows the calls only, compared with the session after every step of random sequences.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cancelPublish } from "../../firmware/client/connection/cancel.js";
import type { Core } from "../../firmware/client/connection/core.js";
import { RecordState } from "../../firmware/client/session/outbox.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { Topic } from "../../firmware/codec/topic.js";
import { observed as withObserver } from "../../firmware/client/connection/observed.js";
import type { SessionObserver, Store } from "../../firmware/ports/store.js";
import { Harness, inState, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, hexOf, publishHex } from "../support/hex.js";
import { anyStep, take } from "./random-steps.js";
import { RandomWorld } from "./random-world.js";

/** How a publish is finished. */
const DELIVERED = 0;
const DROPPED = 1;
const UNKNOWN = 2;
const DUP = 8;

/** A publish as the calls tell. */
interface Kept {
	packet: string;
	qos: number;
	sent: boolean;
}

/** Keeps the calls as text, and what they add up to. */
class Mirror implements SessionObserver {
	/** Calls but nextId since they were last looked at. */
	calls: string[] = [];
	/** Bytes in the transmit region at each of them. */
	region: number[] = [];
	core: Core | undefined;
	readonly open = new Map<number, Kept>();
	readonly releasedIds: number[] = [];
	readonly incoming = new Set<number>();
	next = 0;

	#note(call: string): void {
		this.calls.push(call);
		this.region.push(this.core?.region.size ?? 0);
	}

	take(): string[] {
		this.region = [];
		return this.calls.splice(0);
	}

	accepted(packetId: number, qos: number, bytes: Uint8Array, start: number, size: number, total: number): void {
		const packet = hexOf(bytes.subarray(start, start + size));
		this.#note(`accepted ${packetId} ${packet}${total > size ? ` of ${total}` : ""}`);
		expect(this.open.has(packetId) || this.releasedIds.includes(packetId)).toBe(false);
		this.open.set(packetId, { packet, qos, sent: false });
	}

	sent(packetId: number): void {
		this.#note(`sent ${packetId}`);
		this.open.get(packetId)!.sent = true;
	}

	released(packetId: number): void {
		this.#note(`released ${packetId}`);
		expect(this.open.get(packetId)).toMatchObject({ qos: 2, sent: true });
		this.open.delete(packetId);
		this.releasedIds.push(packetId);
	}

	finished(packetId: number, how: number): void {
		this.#note(`finished ${packetId} ${how}`);
		const at = this.releasedIds.indexOf(packetId);
		if (at >= 0) this.releasedIds.splice(at, 1);
		else expect(this.open.delete(packetId)).toBe(true);
	}

	remembered(packetId: number): void {
		this.#note(`remembered ${packetId}`);
		expect(this.incoming.has(packetId)).toBe(false);
		this.incoming.add(packetId);
	}

	forgotten(packetId: number): void {
		this.#note(`forgotten ${packetId}`);
		expect(this.incoming.delete(packetId)).toBe(true);
	}

	nextId(packetId: number): void {
		this.next = packetId;
	}

	cleared(): void {
		this.#note("cleared");
		this.incoming.clear();
		for (const each of this.open.values()) each.sent = false;
	}

	/** What a session would be that is made from the calls, and what the session is. */
	expectSame(core: Core): void {
		const { outbox, incoming, released, releasedCount, nextId } = core.session;
		const records: unknown[] = [];
		for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
			const state = outbox.state(record);
			if (state === RecordState.FREE || outbox.qos(record) === 0) continue;
			const start = outbox.packetStart(record);
			const packet = core.arena.bytes.slice(start, start + outbox.storedSize(record));
			packet[0]! &= ~DUP;
			records.push([outbox.packetId(record), outbox.qos(record), hexOf(packet), state !== RecordState.QUEUED]);
		}
		expect([...this.open].map(([id, { qos, packet, sent }]) => [id, qos, packet, sent])).toEqual(records);
		expect(this.releasedIds).toEqual([...released.subarray(0, releasedCount)]);
		const ids = Array.from({ length: 70 }, (_, i) => (i < 60 ? i : 59_940 + i));
		expect(ids.filter((id) => this.incoming.has(id))).toEqual(ids.filter((id) => incoming.has(id)));
		expect([...this.incoming].every((id) => incoming.has(id))).toBe(true);
		if (this.next !== 0) expect(this.next).toBe(nextId > 65_535 ? 1 : nextId);
	}
}

/** A connected core with a kept session and a mirror; identifiers from 5. */
function observed(options: HarnessOptions = {}): [Harness, Mirror] {
	const store = new Mirror();
	const h = inState.connected({ firstId: 5, cleanSession: false, ...options, store: withObserver(store) });
	store.core = h.core;
	store.take();
	return [h, store];
}

const packet = (payload: string, qos: number, id: number): string => publishHex("t", payload, qos, id);

describe("an observer of the session hears", () => {
	it("of a QoS 1 publish: accepted before publish returns, sent before it is in the region, finished by PUBACK", () => {
		const [h, store] = observed();
		expect(h.publish("t", "x", 1)).toBe(5);
		expect(store.take()).toEqual([`accepted 5 ${packet("x", 1, 5)}`]);
		expect(store.next).toBe(6);
		h.core.fill(h.now);
		expect([store.region, store.take()]).toEqual([[0], ["sent 5"]]);
		h.sent();
		h.exchange(ackHex(0x40, 5));
		expect(store.take()).toEqual([`finished 5 ${DELIVERED}`]);
		store.expectSame(h.core);
	});

	it("of a QoS 2 publish: released before PUBREL is in the region, finished by PUBCOMP", () => {
		const [h, store] = observed();
		// Topic and bytes: the way that is a short one without an observer.
		h.core.shortPublisher.publish(new Topic("t"), new TextEncoder().encode("x"), 2, false);
		h.sent();
		expect(store.take()).toEqual([`accepted 5 ${packet("x", 2, 5)}`, "sent 5"]);
		expect(h.exchange(ackHex(0x50, 5))).toBe(ackHex(0x62, 5));
		expect([store.region, store.take()]).toEqual([[0], ["released 5"]]);
		h.exchange(ackHex(0x70, 5));
		expect(store.take()).toEqual([`finished 5 ${DELIVERED}`]);
		store.expectSame(h.core);
	});

	it("nothing of QoS 0, sent at once or kept for a connection", () => {
		const [h, store] = observed();
		h.publish("t", "x", 0);
		h.sent();
		h.lost();
		h.publish("t", "y", 0);
		h.connect(true);
		h.sent();
		expect(store.take()).toEqual([]);
	});

	it("of a publish with a source: its head, and how large the whole is", () => {
		const [h, store] = observed();
		h.publishStream("t", 300, 1);
		h.sent();
		const whole = publishHex("t", "p".repeat(300), 1, 5);
		expect(store.take()).toEqual([`accepted 5 ${whole.slice(0, -600)} of ${whole.length / 2}`, "sent 5"]);
	});

	it("of an incoming QoS 2 message: remembered before PUBREC, forgotten before PUBCOMP, its repetition not at all", () => {
		const [h, store] = observed();
		h.subscribe("t", 2);
		h.sent();
		h.receive(publishHex("t", "x", 2, 9));
		expect([store.region, store.take()]).toEqual([[0], ["remembered 9"]]);
		expect(h.sent()).toContain(ackHex(0x50, 9));
		h.exchange(publishHex("t", "x", 2, 9, DUP));
		expect(store.take()).toEqual([]);
		h.receive(ackHex(0x62, 9));
		expect([store.region, store.take()]).toEqual([[0], ["forgotten 9"]]);
		expect(h.sent()).toBe(ackHex(0x70, 9));
		h.exchange(ackHex(0x62, 9));
		expect(store.take()).toEqual([]);
	});

	it("of an incoming QoS 2 message in pieces, too, and of one that is repeated on another connection not again", () => {
		const [h, store] = observed({ rxBuffer: 64, readSize: 16 });
		h.subscribe("t", 2, () => undefined, true);
		h.exchange(publishHex("t", "x".repeat(200), 2, 9));
		expect(store.take()).toEqual(["remembered 9"]);
		h.lost();
		h.connect(true);
		h.exchange(publishHex("t", "x".repeat(200), 2, 9, DUP));
		expect(store.take()).toEqual([]);
		store.expectSame(h.core);
	});

	it("what is sent again with Session Present", () => {
		const [h, store] = observed();
		h.publish("t", "x", 1);
		h.publish("t", "y", 2);
		h.sent();
		h.exchange(ackHex(0x50, 6));
		store.take();
		h.lost();
		h.connect(true);
		h.sent();
		expect(store.take()).toEqual(["sent 5"]);
		store.expectSame(h.core);
	});

	it("that the session is cleared without it: what is released is over, what is not is sent as new", () => {
		const [h, store] = observed();
		h.publish("t", "x", 1);
		h.publish("t", "y", 2);
		h.exchange(publishHex("a", "z", 2, 9));
		h.exchange(ackHex(0x50, 6));
		store.take();
		h.lost();
		h.connect(false);
		expect(store.take()).toEqual(["cleared", `finished 6 ${UNKNOWN}`, "sent 5"]);
		store.expectSame(h.core);
	});

	it("what is cancelled, wherever it stands", () => {
		const [h, store] = observed({ inflight: 2 });
		h.publish("t", "x", 1);
		h.publish("t", "y", 2);
		h.publish("t", "z", 1);
		h.exchange(ackHex(0x50, 6));
		store.take();
		for (const id of [5, 6, 7]) cancelPublish(h.core, id, h.now);
		cancelPublish(h.core, 8, h.now);
		expect(store.take().filter((call) => !call.startsWith("sent"))).toEqual([
			`finished 5 ${DROPPED}`,
			`finished 6 ${DROPPED}`,
			`finished 7 ${DROPPED}`,
		]);
		store.expectSame(h.core);
	});

	it.each(["dropOldest", "latestPerTopic"] as const)("what gives way: %s", (outboxFull) => {
		const [h, store] = observed({ outboxFull, outbox: 64 });
		h.lost();
		h.publish("t", "x".repeat(30), 1);
		store.take();
		h.publish("t", "y".repeat(30), 1);
		expect(store.take()).toEqual([`finished 5 ${DROPPED}`, `accepted 6 ${packet("y".repeat(30), 1, 6)}`]);
		store.expectSame(h.core);
	});

	it("nothing of what is refused, nor of acks that nobody waits for", () => {
		const [h, store] = observed({ outbox: 64 });
		h.publish("t", "x".repeat(100), 1);
		h.publish("+", "x", 1);
		h.exchange(ackHex(0x40, 77) + ackHex(0x70, 77));
		expect(store.take()).toEqual([]);
	});
});

const random = fc.record({
	outbox: fc.constantFrom(128, 256, 1_000),
	inflight: fc.constantFrom(1, 2, 5),
	firstId: fc.constantFrom(1, 30_000, 65_533),
	outboxFull: fc.constantFrom("refuse" as const, "dropOldest" as const, "latestPerTopic" as const),
});

describe("what an observer is told", () => {
	it("adds up to the session after any sequence of events", () => {
		fc.assert(
			fc.property(random, fc.array(anyStep, { maxLength: 120, size: "max" }), (given, steps) => {
				const store = new Mirror();
				const world = new RandomWorld({ incomingQoS2: 32, ...given, store: withObserver(store) });
				for (const each of steps) {
					take(world, each);
					world.check();
					store.expectSame(world.h.core);
				}
				world.settle();
				store.expectSame(world.h.core);
				expect([store.open.size, store.releasedIds.length]).toEqual([0, 0]);
			}),
			{ numRuns: 200 },
		);
	});
});

describe("the option store", () => {
	const options = (store: unknown): Parameters<typeof readSettings>[0] => ({
		host: "127.0.0.1",
		transport: () => undefined as never,
		store: store as Store,
	});

	it.each([
		["text", "a text"],
		["null", null],
		["an object that lacks a method", { ...new Mirror(), accepted() {}, sent() {} }],
	])("is not made for an observer that is %s", (_what, observer) => {
		const lacks = observer !== null && typeof observer === "object" ? "released" : "accepted";
		const make = (): Store => withObserver(observer as unknown as SessionObserver);
		expect(make).toThrow(new TypeError(`store: the observer is without ${lacks}()`));
	});

	it("takes what is made for an observer, and no observer itself", () => {
		expect(() => readSettings(options(withObserver(new Mirror())))).not.toThrow();
		const refused = new TypeError("store: an object is not made for an observer");
		expect(() => readSettings(options(new Mirror()))).toThrow(refused);
	});
});
