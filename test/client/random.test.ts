// Goal: nothing that a server, a link and an application do together breaks the machine.
// Method:
//   1. random lists of steps: publish at every QoS, messages of the server, acks in any order, late and foreign ones, bytes
//      read and written in any pieces, losses, connections with and without the session, time, stop;
//   2. a server (random-world.ts) that follows every packet: identifiers, DUP, order, windows, PUBREL, nothing twice;
//   3. after every step the tables agree with each other; at the end everything is delivered.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomWorld } from "./random-world.js";

const size = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 4, max: 30 }) }, fc.integer({ min: 31, max: 150 }));
const qos = fc.constantFrom(0, 1, 2);
const amount = fc.constantFrom(0, 1, 2, 3, 7, 16, 64, 1_000);
const unknownId = fc.integer({ min: 60_000, max: 60_010 });

type Step = (world: RandomWorld) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.tuple(size, qos).map(
			([bytes, q]): Step =>
				(world) =>
					world.publish(bytes, q),
		),
	},
	{
		weight: 3,
		arbitrary: fc.tuple(size, qos).map(
			([bytes, q]): Step =>
				(world) =>
					world.send(bytes, q),
		),
	},
	{
		weight: 5,
		arbitrary: fc.nat(5).map(
			(index): Step =>
				(world) =>
					world.acknowledge(index),
		),
	},
	{
		weight: 8,
		arbitrary: amount.map(
			(max): Step =>
				(world) =>
					world.write(max),
		),
	},
	{
		weight: 8,
		arbitrary: amount.map(
			(max): Step =>
				(world) =>
					world.read(max),
		),
	},
	{ weight: 2, arbitrary: fc.constant<Step>((world) => world.connect()) },
	{ weight: 1, arbitrary: fc.constant<Step>((world) => world.lose()) },
	{
		weight: 1,
		arbitrary: fc.boolean().map(
			(forget): Step =>
				(world) =>
					void (world.forget ||= forget),
		),
	},
	{
		weight: 1,
		arbitrary: fc.constantFrom(1, 100, 20_000).map(
			(ms): Step =>
				(world) =>
					world.pass(ms),
		),
	},
	{
		weight: 1,
		arbitrary: unknownId.map(
			(id): Step =>
				(world) =>
					world.say(0x40, id),
		),
	},
	{
		weight: 1,
		arbitrary: unknownId.map(
			(id): Step =>
				(world) =>
					world.say(0x62, id),
		),
	},
	{ weight: 1, arbitrary: fc.constant<Step>((world) => world.stop()) },
);

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
			fc.property(options, fc.array(step, { maxLength: 120, size: "max" }), (given, steps) => {
				const world = new RandomWorld({ incomingQoS2: 32, ...given });
				for (const each of steps) {
					each(world);
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
