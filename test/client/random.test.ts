// Goal: nothing that a server, a link and an application do together breaks the machine.
// Method:
//   1. random lists of steps: publish at every QoS, messages of the server, acks in any order, late and foreign ones, bytes
//      read and written in any pieces, losses, connections with and without the session, time, stop (random-steps.ts);
//   2. a server (random-world.ts) that follows every packet: identifiers, DUP, order, windows, PUBREL, nothing twice;
//   3. after every step the tables agree with each other; at the end everything is delivered.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyStep, take } from "./random-steps.js";
import { RandomWorld } from "./random-world.js";

const options = fc.record({
	outbox: fc.constantFrom(128, 256, 1_000),
	inflight: fc.constantFrom(1, 2, 5),
	firstId: fc.constantFrom(1, 30_000, 65_533),
	ticks: fc.constantFrom(1_000, 0x7fff0000, -20_000),
	outboxFull: fc.constantFrom("refuse" as const, "refuse" as const, "dropOldest" as const),
});

describe("the machine", () => {
	it("holds under any sequence of events", () => {
		fc.assert(
			fc.property(options, fc.array(anyStep, { maxLength: 120, size: "max" }), (given, steps) => {
				const world = new RandomWorld({ incomingQoS2: 32, ...given });
				for (const each of steps) {
					take(world, each);
					world.check();
				}
				world.settle();
				world.check();
				const { session } = world.h.core;
				expect([session.outbox.used, session.waiting, session.releasedCount]).toEqual([0, 0, 0]);
				const mayDrop = given.outboxFull === "dropOldest";
				for (const { payload, qos: q } of world.accepted) {
					const count = world.reached.get(payload) ?? 0;
					if (q === 0 || (q === 2 && world.sessionLosses === 0)) expect(count).toBeLessThanOrEqual(1);
					if (q > 0 && !mayDrop) expect(count).toBeGreaterThanOrEqual(1);
				}
				for (const [payload, q] of world.serverSent) {
					if (q > 0) expect(world.handled.get(payload) ?? 0).toBeGreaterThanOrEqual(1);
				}
			}),
			{ numRuns: 300 },
		);
	});
});
