// Goal: when the next attempt is made, and when none is.
// Method: the random number is the test's; the clock starts right before each wrap of its counter.
import { describe, expect, it } from "vitest";
import { Layer, Reason, State, type DisconnectReason } from "../../firmware/client/terms/codes.js";
import { Command } from "../../firmware/client/connection/core.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { endedBy, Harness, inState, NOTHING, TICKS } from "../support/core-harness.js";

/** A harness that notes the pause before each next attempt. */
function pausing(options: ConstructorParameters<typeof Harness>[0] = {}): { h: Harness; pauses: number[] } {
	const pauses: number[] = [];
	const onDisconnected = (_client: unknown, reason: DisconnectReason): void => void pauses.push(reason.retryMs);
	return { h: new Harness({ random: () => 0.5, ...options, onDisconnected }), pauses };
}

/** Lets an attempt fail as soon as it is made. */
function fail(h: Harness): void {
	h.core.handleEnded(Layer.TRANSPORT, Reason.CONNECT_FAILED, 0, h.now);
	h.pass(h.core.sleepMs(h.now));
}

describe.each(TICKS)("waiting, from ticks %i", (ticks) => {
	it("tries again after the pause that was told, not a millisecond before", () => {
		const { h, pauses } = pausing({ reconnectMinMs: 1_000, ticks });
		h.connect();
		h.lost();
		expect(pauses).toEqual([500]);
		h.takeCommands();
		h.pass(499);
		expect(h.takeCommands()).toEqual([]);
		h.pass(1);
		expect(h.takeCommands()).toEqual([Command.OPEN]);
		expect(h.core.state).toBe(State.OPENING);
	});

	it("waits longer and longer, up to reconnectMaxMs, with full jitter", () => {
		const { h, pauses } = pausing({ reconnectMinMs: 1_000, reconnectMaxMs: 10_000, ticks });
		h.start();
		for (let i = 0; i < 7; i++) fail(h);
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
	});

	it("starts over with the pause once a connection was up for stableMs", () => {
		const { h, pauses } = pausing({ reconnectMinMs: 1_000, stableMs: 30_000, keepAlive: 0, ticks });
		h.start();
		for (let i = 0; i < 3; i++) fail(h);
		h.opened();
		h.receive("20020000");
		h.pass(29_999);
		h.lost();
		h.pass(4_000);
		h.opened();
		h.receive("20020000");
		h.pass(30_000);
		h.lost();
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 500]);
	});
});

describe("waiting", () => {
	it("does nothing meanwhile", () => {
		const h = inState.waiting();
		h.core.handleBytes(2, h.now);
		h.core.handleOpened(h.now);
		h.core.handleResolved(h.now);
		h.core.networkDown(h.now);
		h.core.fill(h.now);
		h.lost();
		h.start();
		expect(h.rest()).toEqual(NOTHING);
		expect(h.core.state).toBe(State.WAITING);
	});

	it("tries at once when the network comes up, and from the first pause again", () => {
		const { h, pauses } = pausing({ reconnectMinMs: 1_000 });
		h.start();
		for (let i = 0; i < 3; i++) fail(h);
		h.core.handleEnded(Layer.TRANSPORT, Reason.CONNECT_FAILED, 0, h.now);
		h.takeCommands();
		h.core.networkUp(h.now);
		expect(h.rest().commands).toEqual([Command.OPEN]);
		fail(h);
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 500]);
	});

	it("can be told to try at once from within onDisconnected", () => {
		const h: Harness = new Harness({ onDisconnected: () => void h.core.networkUp(h.now) });
		h.connect();
		h.takeCommands();
		h.core.networkDown(h.now);
		expect(h.rest().commands).toEqual([Command.OPEN]);
		h.opened();
		h.lost();
		// The driver closes by itself what it opens anew.
		expect(h.rest().commands).toEqual([Command.OPEN]);
	});

	it("draws pauses of nothing, too", () => {
		const { h, pauses } = pausing({ random: () => 0 });
		h.connect();
		h.lost();
		expect(pauses).toEqual([0]);
		expect(h.core.sleepMs(h.now)).toBe(0);
		h.takeCommands();
		h.pass(0);
		expect(h.takeCommands()).toEqual([Command.OPEN]);
	});

	it.each([
		["a refused identifier", "20020002"],
		["refused credentials", "20020004"],
		["a missing authorisation", "20020005"],
		["an unknown return code", "20020017"],
	])("holds off after %s, which does not heal by itself", (_name, connack) => {
		const { h, pauses } = pausing({ holdOffMs: 300_000, random: () => 0.5 });
		h.start();
		h.opened();
		h.receive(connack);
		expect(pauses).toEqual([225_000]);
	});

	it("does not hold off after an unavailable server", () => {
		const { h, pauses } = pausing({ reconnectMinMs: 1_000 });
		h.start();
		h.opened();
		h.receive("20020003");
		expect(pauses).toEqual([500]);
	});

	it("holds off when it is evicted six times in a row", () => {
		const { h, pauses } = pausing({ reconnectMinMs: 1_000, holdOffMs: 300_000 });
		for (let i = 0; i < 6; i++) {
			h.start();
			h.opened();
			h.receive("20020000");
			h.lost();
			h.pass(h.core.sleepMs(h.now));
		}
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 225_000]);
		expect(h.core.counters[Counter.CONNECTS]).toBe(6);
		expect(h.core.counters[Counter.DISCONNECTS]).toBe(6);
	});

	it("does not come when reconnect is off: the client stops, and may be started again", () => {
		const h = inState.connected({ reconnect: false });
		h.lost();
		expect(h.rest()).toEqual({ ...NOTHING, log: [endedBy(Reason.LINK_LOST, 0, "final")] });
		expect(h.core.state).toBe(State.STOPPED);
		h.pass(600_000_000);
		expect(h.rest()).toEqual(NOTHING);
		h.start();
		expect(h.takeCommands()).toEqual([Command.OPEN]);
	});

	it("does not make a stream of a lost connection part of the next one", () => {
		const h = inState.connected();
		h.receive("30");
		h.lost();
		h.connect();
		expect(h.take()).toEqual([endedBy(Reason.LINK_LOST), "connected false"]);
	});
});
