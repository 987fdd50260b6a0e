import fc from "fast-check";
import type { RandomWorld } from "./random-world.js";

/** What may happen next: data, so that a counterexample shows its values and can be taken again. */
export type Step =
	/** The application publishes. */
	| { op: "publish"; size: number; qos: number }
	/** The server publishes. */
	| { op: "send"; size: number; qos: number }
	/** The server sends one of the acks that it owes. */
	| { op: "acknowledge"; index: number }
	/** The link takes, or gives, up to so many bytes. */
	| { op: "write" | "read"; max: number }
	| { op: "connect" | "lose" | "stop" }
	/** The server has forgotten the session by the next connection; or has not. */
	| { op: "forget"; forget: boolean }
	| { op: "pass"; ms: number }
	/** The server sends PUBACK (0x40) or PUBREL (0x62) for an identifier that nobody uses. */
	| { op: "say"; first: number; id: number };

/** Takes one step. */
export function take(world: RandomWorld, step: Step): void {
	switch (step.op) {
		case "publish":
			return world.publish(step.size, step.qos);
		case "send":
			return world.send(step.size, step.qos);
		case "acknowledge":
			return world.acknowledge(step.index);
		case "write":
			return world.write(step.max);
		case "read":
			return world.read(step.max);
		case "connect":
			return world.connect();
		case "lose":
			return world.lose();
		case "stop":
			return world.stop();
		case "forget":
			world.forget ||= step.forget;
			return;
		case "pass":
			return world.pass(step.ms);
		case "say":
			return world.say(step.first, step.id);
	}
}

const size = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 4, max: 30 }) }, fc.integer({ min: 31, max: 150 }));
const qos = fc.constantFrom(0, 1, 2);
const max = fc.constantFrom(0, 1, 2, 3, 7, 16, 64, 1_000);
const id = fc.integer({ min: 60_000, max: 60_010 });

/** A step of one kind, with its numbers drawn. */
function stepOf<Op extends Step["op"]>(
	weight: number,
	op: Op,
	numbers: Record<string, fc.Arbitrary<unknown>> = {},
): { weight: number; arbitrary: fc.Arbitrary<Step> } {
	return { weight, arbitrary: fc.record({ op: fc.constant(op), ...numbers }) as unknown as fc.Arbitrary<Step> };
}

/** Any step, the usual ones more often. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
	stepOf(5, "publish", { size, qos }),
	stepOf(3, "send", { size, qos }),
	stepOf(5, "acknowledge", { index: fc.nat(5) }),
	stepOf(8, "write", { max }),
	stepOf(8, "read", { max }),
	stepOf(2, "connect"),
	stepOf(1, "lose"),
	stepOf(1, "forget", { forget: fc.boolean() }),
	stepOf(1, "pass", { ms: fc.constantFrom(1, 100, 20_000) }),
	stepOf(1, "say", { first: fc.constant(0x40), id }),
	stepOf(1, "say", { first: fc.constant(0x62), id }),
	stepOf(1, "stop"),
);
