import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { ackHex, publishHex } from "../support/hex.js";
import { Rig } from "./rig.js";

// Goal: acks that find no room hold reading up and nothing else, and all of it goes on as soon as there is room, whatever
// event it is that brings the room.
// Method: a transport that takes nothing, and more messages than acks can wait: 16 in the smallest transmit region, 16 in
// the ring. Then random room, random arrivals and random wake-ups.

const IDS = Array.from({ length: 80 }, (_, i) => i + 1);

function messages(ids: readonly number[]): string {
	return ids.map((id) => publishHex("t", String(id), 1, id)).join("");
}

function acks(ids: readonly number[]): string {
	return ids.map((id) => ackHex(0x40, id)).join("");
}

/** A connected rig whose transport takes nothing any more. */
function blocked(options = {}): Rig {
	const rig = new Rig({ txBuffer: 64, rxBuffer: 512, readSize: 64, keepAlive: 0, ...options });
	rig.subscribe("t", 1);
	rig.connect();
	rig.serve("9003000101");
	rig.log.length = 0;
	rig.transport.room = 0;
	return rig;
}

describe("a loop whose acks find no room", () => {
	it("stops reading when 32 acks wait, and goes on where it was", () => {
		const rig = blocked();
		expect(rig.serve(messages(IDS))).toBe("");
		// The ack that makes the ring full is that of the 32nd message: its landing is not used up.
		expect(rig.payloads).toEqual(IDS.slice(0, 32).map(String));
		expect(rig.core.counters[CounterIndex.ACKS_MAX]).toBe(16);
		const { reads } = rig.transport;
		expect(rig.serve("")).toBe("");
		rig.loop.handleTimer();
		expect(rig.transport.reads).toBe(reads);
		expect(rig.makeRoom()).toBe(acks(IDS));
		expect(rig.payloads).toEqual(IDS.map(String));
	});

	it("goes on with each bit of room that comes", () => {
		const rig = blocked();
		let sent = rig.serve(messages(IDS));
		for (let i = 0; i < 1_000 && sent.length < acks(IDS).length; i++) sent += rig.makeRoom(3);
		expect(sent).toBe(acks(IDS));
		expect(rig.payloads).toEqual(IDS.map(String));
		expect(rig.log).toEqual([]);
	});

	it("sends the acks of what waited in the window, although nothing is left to be read", () => {
		// All messages come in one landing; so what waits is in the window, not in the transport.
		const rig = blocked({ rxBuffer: 512, readSize: 512 });
		const ids = IDS.slice(0, 40);
		rig.serve(messages(ids));
		expect(rig.transport.readable).toBe(0);
		expect(rig.payloads).toHaveLength(32);
		expect(rig.makeRoom()).toBe(acks(ids));
		expect(rig.payloads).toEqual(ids.map(String));
	});

	it("sends what a handler publishes about what waited in the window", () => {
		const rig = blocked({ rxBuffer: 512, readSize: 512 });
		rig.subscribe("t", 1, (message) => {
			rig.seen.push({} as never);
			if (message.packetId === 40) rig.publish("done", "x");
		});
		rig.serve(messages(IDS.slice(0, 40)));
		const sent = rig.makeRoom();
		expect(rig.seen).toHaveLength(40);
		expect(sent).toContain(publishHex("done", "x"));
		expect(sent).toContain(ackHex(0x40, 40));
	});

	it("gives up when no room comes, and starts anew with the next connection", () => {
		const rig = blocked({ pingTimeoutMs: 1_000, stableMs: 100_000 });
		rig.serve(messages(IDS));
		expect(rig.sleep()).toBe(1_000);
		expect(rig.log).toEqual(["disconnected 5/53 retry"]);
		expect(rig.core.receiver.stalled).toBe(false);
		rig.transport.room = Infinity;
		expect(rig.connect()).toBe("82060002" + "000174" + "01");
		expect(rig.serve(messages([90]))).toBe(ackHex(0x40, 90));
	});

	it("ends when a handler in the window that waited ends the connection", () => {
		const rig = blocked({ rxBuffer: 512, readSize: 512 });
		rig.subscribe("t", 1, (message) => {
			rig.seen.push({} as never);
			if (message.packetId === 36) rig.networkDown();
		});
		rig.serve(messages(IDS.slice(0, 40)));
		rig.makeRoom();
		expect(rig.seen).toHaveLength(36);
		expect(rig.log).toEqual(["disconnected 0/1 retry"]);
		expect(rig.transport.calls).toEqual(["open", "close"]);
	});

	it("ends when a handler ends the connection while more is to be read", () => {
		const rig = blocked({ readSize: 64 });
		rig.subscribe("t", 1, (message) => {
			rig.seen.push({} as never);
			if (message.packetId === 36) rig.networkDown();
		});
		rig.serve(messages(IDS));
		rig.makeRoom();
		expect(rig.seen).toHaveLength(36);
		expect(rig.log).toEqual(["disconnected 0/1 retry"]);
	});

	it("ends for more QoS 2 messages than it remembers only when the acks of those before are out", () => {
		const rig = blocked({ incomingQoS2: 2 });
		expect(rig.serve([1, 3, 5].map((id) => publishHex("t", "x", 2, id)).join(""))).toBe("");
		expect([rig.payloads.length, rig.log]).toEqual([2, []]);
		expect(rig.makeRoom(5)).toBe("5002000150");
		expect(rig.log).toEqual([]);
		expect(rig.makeRoom()).toBe("020003");
		expect(rig.log).toEqual(["disconnected 4/43 retry"]);
	});

	it("writes at most 16 times in a turn also here, and reads on in the next", () => {
		const rig = blocked({ readSize: 512 });
		rig.serve(messages(IDS.slice(0, 40)));
		rig.transport.writeMax = 1;
		rig.transport.writes = [];
		rig.makeRoom();
		expect(rig.transport.writes.length).toBeLessThanOrEqual(32);
		expect(rig.clock.delayMs).toBe(1);
		for (let i = 0; i < 100 && rig.clock.delayMs === 1; i++) rig.sleep();
		expect(rig.payloads).toHaveLength(40);
		expect(rig.transport.writes).toHaveLength(160);
	});

	it("loses and repeats nothing, whatever comes when", () => {
		const step = fc.oneof(
			{ weight: 3, arbitrary: fc.record({ arrive: fc.integer({ min: 1, max: 300 }) }) },
			{ weight: 3, arbitrary: fc.record({ room: fc.integer({ min: 1, max: 90 }) }) },
			{ weight: 1, arbitrary: fc.constant("timer" as const) },
			{ weight: 1, arbitrary: fc.constant("publish" as const) },
		);
		const sizes = fc.record({
			txBuffer: fc.integer({ min: 64, max: 90 }),
			readSize: fc.integer({ min: 16, max: 200 }),
			writeMax: fc.integer({ min: 1, max: 64 }),
		});
		fc.assert(
			fc.property(sizes, fc.array(step, { maxLength: 60 }), ({ txBuffer, readSize, writeMax }, steps) => {
				const rig = blocked({ txBuffer, readSize, rxBuffer: 256, pingTimeoutMs: 100_000, stableMs: 100_000 });
				rig.transport.writeMax = writeMax;
				let stream = messages(IDS);
				let sent = "";
				let published = 0;
				for (const one of steps) {
					if (one === "timer") rig.loop.handleTimer();
					else if (one === "publish") published += rig.publish("p", "x") === 0 ? 1 : 0;
					else if ("room" in one) sent += rig.makeRoom(one.room);
					else {
						sent += rig.serve(stream.slice(0, 2 * one.arrive));
						stream = stream.slice(2 * one.arrive);
					}
					sent += rig.transport.sent;
				}
				rig.transport.room = Infinity;
				sent += rig.serve(stream);
				sent += rig.makeRoom();
				for (let i = 0; i < 2_000 && rig.clock.delayMs === 1; i++) rig.sleep();
				sent += rig.transport.sent;
				expect(rig.payloads).toEqual(IDS.map(String));
				expect(sent.match(/4002..../g)?.join("")).toBe(acks(IDS));
				expect(sent.split(publishHex("p", "x"))).toHaveLength(published + 1);
				expect(sent.length / 2).toBe(acks(IDS).length / 2 + published * 6);
				expect(rig.log.filter((line) => line !== "room")).toEqual([]);
			}),
			{ numRuns: 300 },
		);
	});
});
