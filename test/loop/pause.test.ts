import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../firmware/client/terms/message.js";
import { ackHex, publishHex } from "../support/hex.js";
import { Rig, type RigOptions } from "./rig.js";

// Goal: a client that has paused takes nothing and acknowledges nothing, stays connected as long as it takes, and goes on
// where it was; a message is acknowledged only once it is taken.
// Method: a handler that pauses at the messages it is told; then random pauses among random arrivals.

const ACK = ["", "40", "50"];

/** Connected, with a handler for t that pauses at each message whose payload holds "!". */
function listening(options: RigOptions = {}, stream = false): Rig {
	const rig = new Rig({ cleanSession: false, keepAlive: 0, readSize: 512, ...options });
	const handle = (message: Message): void => {
		rig.keep(message);
		if (rig.payloads.at(-1)!.includes("!")) rig.pause();
	};
	rig.subscribe("t", 2, handle, stream);
	rig.connect();
	rig.serve("9003000102");
	rig.log.length = 0;
	return rig;
}

function messages(qos: number, payloads: readonly string[], firstId = 1): string {
	return payloads.map((payload, i) => publishHex("t", payload, qos, firstId + i)).join("");
}

describe("a client that pauses in a handler", () => {
	it.each([0, 1, 2])("takes nothing more, and acknowledges from this message on nothing, at QoS %i", (qos) => {
		const rig = listening();
		const ack = (id: number): string => (qos === 0 ? "" : ackHex(parseInt(ACK[qos]!, 16), id));
		expect(rig.serve(messages(qos, ["a", "b!", "c", "d"]))).toBe(ack(1));
		expect(rig.serve(messages(qos, ["e"], 5))).toBe("");
		expect(rig.payloads).toEqual(["a", "b!"]);
		rig.resume();
		expect(rig.transport.sent).toBe([2, 3, 4, 5].map(ack).join(""));
		expect(rig.payloads).toEqual(["a", "b!", "c", "d", "e"]);
		expect(rig.log).toEqual([]);
	});

	it.each([1, 2])("leaves the message to the server if it is told to, at QoS %i", (qos) => {
		const rig = listening();
		rig.serve(messages(qos, ["a!", "b"]));
		rig.resume(false);
		expect(rig.transport.sent).toBe(ackHex(parseInt(ACK[qos]!, 16), 2));
		rig.networkDown();
		rig.connect(true);
		expect(rig.serve(messages(qos, ["a"]))).toBe(ackHex(parseInt(ACK[qos]!, 16), 1));
		expect(rig.payloads).toEqual(["a!", "b", "a"]);
	});

	it.each([1, 2])("gets the message again when the connection is lost before it goes on, at QoS %i", (qos) => {
		const rig = listening();
		rig.serve(messages(qos, ["a!"]));
		rig.networkDown();
		rig.resume();
		rig.connect(true);
		expect(rig.serve(messages(qos, ["a"]))).toBe(ackHex(parseInt(ACK[qos]!, 16), 1));
		expect(rig.payloads).toEqual(["a!", "a"]);
	});

	it.each([1, 2])("sends DISCONNECT and no ack when it is stopped, at QoS %i", (qos) => {
		const rig = listening();
		expect(rig.serve(messages(qos, ["a", "b!", "c"]))).toBe(ackHex(parseInt(ACK[qos]!, 16), 1));
		rig.stop();
		expect(rig.transport.sent).toBe("e000");
		expect(rig.log).toEqual(["disconnected 0/0 final", "stopped"]);
	});

	it("goes on in the middle of a message in pieces", () => {
		const rig = listening({ rxBuffer: 64, readSize: 32 }, true);
		const payload = `${"x".repeat(50)}!${"y".repeat(50)}!`;
		rig.serve(publishHex("t", payload, 2, 7) + messages(1, ["after"], 8));
		for (let pauses = 0; pauses < 2; pauses++) {
			expect(rig.transport.sent).toBe("");
			expect(rig.payloads.at(-1)).toContain("!");
			rig.resume();
		}
		expect(rig.payloads.join("")).toBe(`${payload}after`);
		expect(rig.transport.sent).toBe(ackHex(0x50, 7) + ackHex(0x40, 8));
	});

	it("goes on when it resumes at once, and may pause again", () => {
		const rig = new Rig({ keepAlive: 0 });
		rig.subscribe("t", 1, (message) => {
			rig.keep(message);
			rig.pause();
			rig.resume();
			if (rig.seen.length === 3) rig.pause();
		});
		rig.connect();
		rig.serve("9003000101");
		expect(rig.serve(messages(1, ["a", "b", "c", "d"]))).toBe(ackHex(0x40, 1) + ackHex(0x40, 2));
		expect(rig.payloads).toEqual(["a", "b", "c"]);
		rig.resume();
		expect(rig.payloads).toEqual(["a", "b", "c", "d"]);
	});
});

describe("a client that has paused", () => {
	it("stays connected although it reads no PINGRESP and no SUBACK, and finds a dead link afterwards", () => {
		const rig = new Rig({ keepAlive: 10, ackTimeoutMs: 1_000, stableMs: 1, readSize: 64 });
		rig.connect();
		rig.subscribe("t", 1);
		expect(rig.transport.sent).toMatch(/^82/);
		rig.pause();
		rig.transport.arrive("9003000101");
		let sent = "";
		for (const start = rig.clock.now; rig.clock.now - start < 600_000;) {
			rig.sleep();
			sent += rig.transport.sent;
		}
		// At least as often as the keep alive demands.
		expect(sent.match(/c000/g)!.length).toBeGreaterThanOrEqual(60);
		expect(sent.replaceAll("c000", "")).toBe("");
		expect(rig.log).toEqual([]);
		rig.resume();
		expect(rig.log).toEqual(["subscribed 0 1"]);
		rig.log.length = 0;
		for (let i = 0; i < 10 && rig.log.length === 0; i++) rig.sleep();
		expect(rig.log).toEqual(["disconnected 5/51 retry"]);
	});

	it("forgets the pause with its connection, and nothing happens without one", () => {
		const rig = listening();
		rig.pause();
		rig.networkDown();
		rig.pause();
		rig.connect(true);
		expect(rig.serve(messages(1, ["a"]))).toBe(ackHex(0x40, 1));
		rig.resume();
		expect(rig.transport.sent).toBe("");
	});

	it("gets every message once and acknowledges it once, in order, whatever pauses when", () => {
		const payload = fc.record({ size: fc.integer({ min: 0, max: 90 }), pauses: fc.boolean() });
		const step = fc.oneof(
			{ weight: 4, arbitrary: fc.integer({ min: 1, max: 80 }) },
			fc.constantFrom("pause", "resume"),
		);
		const readSize = fc.integer({ min: 16, max: 64 });
		fc.assert(
			fc.property(readSize, fc.array(payload, { maxLength: 12 }), fc.array(step), (size, payloads, steps) => {
				const rig = listening({ rxBuffer: 64, readSize: size, txBuffer: 64 }, true);
				const texts = payloads.map(({ size, pauses }) => "x".repeat(size) + (pauses ? "!" : ""));
				let stream = messages(1, texts);
				for (const one of steps) {
					if (one === "pause") rig.pause();
					else if (one === "resume") rig.resume();
					else {
						rig.hear(stream.slice(0, 2 * (one as number)));
						stream = stream.slice(2 * (one as number));
					}
				}
				rig.hear(stream);
				for (let i = 0; i < 200 && (rig.core.receiver.stalled || rig.clock.delayMs === 1); i++) {
					rig.resume();
					if (rig.clock.delayMs === 1) rig.sleep();
				}
				expect(rig.payloads.join("")).toBe(texts.join(""));
				expect(rig.transport.sent).toBe(texts.map((_text, i) => ackHex(0x40, i + 1)).join(""));
				expect(rig.log).toEqual([]);
			}),
			{ numRuns: 200 },
		);
	});
});
