import { describe, expect, it } from "vitest";
import { AssertionError } from "../../firmware/base/assert.js";
import { StateCode } from "../../firmware/client/terms/codes.js";
import { TransportEnd } from "../../firmware/ports/transport.js";
import { settle } from "./answers.js";
import { Rig } from "./rig.js";

// Goal: no entry from the platform lets an exception through, not even of a defect that shows again while it is recovered
// from; and when the defect is gone, so is its effect.
// Method: a method throws for as long as the test says; every entry of the loop is called meanwhile.

const DEFECT = new AssertionError("a defect that stays");

/** Makes one method throw until the returned function is called. */
function broken<K extends string>(target: { [key in K]: unknown }, name: K): () => void {
	const owner = target as Record<K, unknown>;
	owner[name] = () => {
		throw DEFECT;
	};
	return () => delete owner[name];
}

/** Every way in which the platform calls a loop. */
const ENTRIES: [string, (rig: Rig) => void][] = [
	["handleResolved", (rig) => rig.loop.handleResolved()],
	["handleOpened", (rig) => rig.loop.handleOpened()],
	["handleReadable", (rig) => rig.hear("d000")],
	["handleWritable", (rig) => rig.loop.handleWritable()],
	["handleEnded", (rig) => rig.loop.handleEnded(TransportEnd.LOST)],
	["handleEnded", (rig) => rig.loop.handleEnded(TransportEnd.OPEN_FAILED)],
	["handleEnded", (rig) => rig.loop.handleEnded(TransportEnd.NAME_FAILED)],
	["handleTimer", (rig) => rig.loop.handleTimer()],
];

/** What may be broken, in every state in which an entry can be called. */
const PARTS: [string, (rig: Rig) => () => void][] = [
	["sleepMs", (rig) => broken(rig.core, "sleepMs")],
	["takeCommand", (rig) => broken(rig.core, "takeCommand")],
	["handleResolved", (rig) => broken(rig.core, "handleResolved")],
	["handleOpened", (rig) => broken(rig.core, "handleOpened")],
	["handleEnded", (rig) => broken(rig.core, "handleEnded")],
	["handleFault", (rig) => broken(rig.core, "handleFault")],
	["Receiver.handleBytes", (rig) => broken(rig.core.receiver, "handleBytes")],
	["Receiver.reset", (rig) => broken(rig.core.receiver, "reset")],
	["Sender.fill", (rig) => broken(rig.core.sender, "fill")],
	["Sender.startConnect", (rig) => broken(rig.core.sender, "startConnect")],
];

const options = { cleanSession: false, reconnectMinMs: 100, stableMs: 1 };
const STATES: [string, () => Rig][] = [
	["opening", () => new Rig(options).start()],
	["connecting", () => new Rig(options).start().opened()],
	[
		"connected",
		() => {
			const rig = new Rig(options);
			rig.connect();
			return rig;
		},
	],
];

describe("a defect that stays", () => {
	const cases = STATES.flatMap(([state, make]) => PARTS.map(([part, breakIt]) => ({ state, make, part, breakIt })));

	it.each(cases)("in $part, $state, never reaches the platform, and is over when it is gone", ({ make, breakIt }) => {
		for (const [, enter] of ENTRIES) {
			const rig = make();
			const mend = breakIt(rig);
			rig.core.sender.resumeSources();
			for (let i = 0; i < 3; i++) {
				expect(() => enter(rig)).not.toThrow();
				for (const [, other] of ENTRIES) expect(() => other(rig)).not.toThrow();
			}
			mend();
			// Whatever is left of the connection ends at the latest with its deadlines; then the next one comes about.
			for (let i = 0; i < 50 && rig.clock.delayMs > 0; i++) {
				rig.sleep();
				if (rig.state === StateCode.OPENING && rig.transport.isOpen) settle(rig);
			}
			expect(rig.state).toBe(StateCode.CONNECTED);
			expect(rig.publish("t", "x", 1)).toBeGreaterThan(0);
		}
	});
});

describe("a defect in what the transport says", () => {
	it.each([
		["RESOLVED", "handleResolved", (rig: Rig) => rig.loop.handleResolved()],
		["OPENED", "handleOpened", (rig: Rig) => rig.loop.handleOpened()],
		["ENDED", "handleEnded", (rig: Rig) => rig.loop.handleEnded(TransportEnd.LOST)],
	] as const)("ends the attempt: %s", (_name, method, enter) => {
		const rig = new Rig(options).start();
		const mend = broken(rig.core, method);
		enter(rig);
		mend();
		expect(rig.log).toEqual(["disconnected 0/3 retry"]);
		expect(rig.sleep()).toBe(50);
		settle(rig);
		expect(rig.state).toBe(StateCode.CONNECTED);
	});
});
