import { describe, expect, it } from "vitest";
import type { DisconnectReason } from "../../firmware/client/terms/codes.js";
import { TransportEnd, TransportLayer } from "../../firmware/ports/transport.js";
import { Rig, type RigOptions } from "./rig.js";

// Goal: an attempt that takes too long is told by what took so long.
// Method: a transport that says, or does not say, that it is looking a name up.

describe("an attempt that takes too long", () => {
	it.each([
		[true, "disconnected 1/11 retry"],
		[false, "disconnected 2/21 retry"],
		[undefined, "disconnected 2/21 retry"],
	])("ends with its step; resolving: %s", (resolving, line) => {
		const rig = new Rig({ connectTimeoutMs: 500 });
		Object.assign(rig.transport, { resolving });
		rig.start();
		expect(rig.sleep()).toBe(500);
		expect(rig.log).toEqual([line]);
		expect(rig.transport.isOpen).toBe(false);
	});

	it("has the time anew once the name is resolved", () => {
		const rig = new Rig({ connectTimeoutMs: 500 });
		Object.assign(rig.transport, { resolving: true });
		rig.start();
		rig.pass(400);
		rig.loop.handleResolved();
		expect(rig.sleep()).toBe(500);
		expect(rig.log).toEqual(["disconnected 2/21 retry"]);
	});
});

describe("a handshake on a connection that stands", () => {
	it.each([
		[TransportLayer.SECURITY, "disconnected 6/61 retry"],
		[TransportLayer.WEBSOCKET, "disconnected 7/71 retry"],
	])("has a deadline of its own, and its layer %i tells of it", (layer, line) => {
		const rig = new Rig({ connectTimeoutMs: 500, handshakeTimeoutMs: 800 });
		rig.start();
		rig.pass(400);
		rig.loop.handleConnected(layer);
		expect([rig.state, rig.transport.sent]).toEqual([2, ""]);
		expect(rig.waitMs).toBe(800);
		expect(rig.sleep()).toBe(800);
		expect(rig.log).toEqual([line]);
		expect(rig.transport.isOpen).toBe(false);
	});

	it("has it anew for each layer, and CONNACK has that of a connection again", () => {
		const rig = new Rig({ connectTimeoutMs: 500, handshakeTimeoutMs: 800 });
		rig.start();
		rig.loop.handleConnected(TransportLayer.SECURITY);
		rig.pass(700);
		rig.loop.handleConnected(TransportLayer.WEBSOCKET);
		expect(rig.waitMs).toBe(800);
		rig.pass(700);
		rig.opened();
		expect(rig.transport.sent).toMatch(/^10/);
		expect(rig.waitMs).toBe(500);
		expect(rig.sleep()).toBe(500);
		expect(rig.log).toEqual(["disconnected 5/50 retry"]);
	});

	it("gets back what the client itself was late by, and no more than all of it", () => {
		const rig = new Rig({ connectTimeoutMs: 500, handshakeTimeoutMs: 8_000 });
		rig.start();
		rig.loop.handleConnected(TransportLayer.SECURITY);
		rig.pass(20_000);
		rig.clock.fire!();
		expect(rig.log).toEqual([]);
		expect(rig.waitMs).toBeLessThanOrEqual(8_000);
		expect(rig.waitMs).toBeGreaterThan(500);
	});

	it("begins with a name again at the next attempt", () => {
		const rig = new Rig({ connectTimeoutMs: 500, handshakeTimeoutMs: 800 });
		Object.assign(rig.transport, { resolving: true });
		rig.start();
		rig.loop.handleConnected(TransportLayer.SECURITY);
		rig.sleep();
		rig.networkUp();
		rig.log.length = 0;
		expect(rig.sleep()).toBe(500);
		expect(rig.log).toEqual(["disconnected 1/11 retry"]);
	});

	it.each([
		["before anything was started", (rig: Rig) => rig],
		["while CONNACK is awaited", (rig: Rig) => rig.start().opened()],
		["when all is over", (rig: Rig) => rig.start().stop()],
	])("means nothing %s", (_name, before) => {
		const rig = before(new Rig());
		const { armed } = rig.core.deadlines;
		const { state } = rig;
		rig.loop.handleConnected(TransportLayer.SECURITY);
		expect([rig.state, rig.core.deadlines.armed]).toEqual([state, armed]);
	});
});

/** Keeps layer, code and detail of every end. */
function keepingEnds(): { ends: number[][]; options: RigOptions } {
	const ends: number[][] = [];
	const onDisconnected = (_rig: Rig, reason: DisconnectReason): void => {
		ends.push([reason.layer, reason.code, reason.detail]);
	};
	return { ends, options: { onDisconnected } };
}

describe("an end that a transport tells", () => {
	it.each([
		["opening", (rig: Rig) => void rig.start()],
		["in the handshake", (rig: Rig) => rig.start().loop.handleConnected(TransportLayer.SECURITY)],
		["connecting", (rig: Rig) => void rig.start().opened()],
		["connected", (rig: Rig) => void rig.connect()],
	])("arrives with its detail: %s", (_name, before) => {
		const { ends, options } = keepingEnds();
		const rig = new Rig(options);
		before(rig);
		rig.transport.isOpen = false;
		rig.loop.handleEnded(60 as TransportEnd, -28);
		expect(ends).toEqual([[6, 60, -28]]);
		// The detail is of this end only.
		rig.networkUp();
		rig.ended(TransportEnd.OPEN_FAILED);
		expect(ends[1]).toEqual([2, 20, 0]);
	});
});

describe("the target of an attempt", () => {
	it("is asked for at each, and handed to the transport", () => {
		let asked = 0;
		const target = {
			get host() {
				return `broker-${++asked}.test`;
			},
			get port() {
				return 1_000 + asked;
			},
		};
		const rig = new Rig({}, target);
		rig.start();
		rig.ended(TransportEnd.OPEN_FAILED);
		rig.networkUp();
		// The first was asked for in set-up.
		expect(rig.transport.targets).toEqual(["broker-2.test:1002", "broker-3.test:1003"]);
	});

	it("is the one of the options unless told", () => {
		const rig = new Rig({ host: "192.0.2.7", port: 1_884 });
		rig.start();
		expect(rig.transport.targets).toEqual(["192.0.2.7:1884"]);
	});
});

describe("a turn of the transport's own", () => {
	it("follows a millisecond after it was asked for, once, and runs what it leads to", () => {
		const rig = new Rig();
		rig.start();
		rig.transport.onTurn = () => rig.loop.handleOpened();
		rig.loop.wake();
		expect([rig.clock.delayMs, rig.transport.turns]).toEqual([1, 0]);
		// Whatever else happens meanwhile.
		rig.loop.handleConnected(TransportLayer.SECURITY);
		expect([rig.clock.delayMs, rig.transport.turns]).toEqual([1, 0]);
		rig.pass(1);
		rig.clock.fire!();
		expect(rig.transport.turns).toBe(1);
		expect(rig.transport.sent).toMatch(/^10/);
		rig.sleep();
		expect(rig.transport.turns).toBe(1);
	});

	it.each(["open", "read", "write", "turn"] as const)("can be asked for within %s", (method) => {
		const rig = new Rig();
		if (method === "open") rig.transport.onOpen = () => rig.loop.wake();
		else if (method !== "turn") rig.connect();
		else {
			rig.start();
			let left = 2;
			rig.transport.onTurn = () => {
				if (left-- > 0) rig.loop.wake();
			};
			rig.loop.wake();
		}
		if (method === "open") rig.start();
		if (method === "read" || method === "write") {
			const { transport } = rig;
			const call = transport[method].bind(transport);
			transport[method] = (count: number) => {
				rig.loop.wake();
				return call(count);
			};
			if (method === "read") rig.hear("d000");
			else rig.publish("t", "x");
			transport[method] = call;
		}
		for (let i = 0; i < 3; i++) {
			expect(rig.clock.delayMs === 1).toBe(i === 0 || method === "turn");
			rig.pass(1);
			rig.clock.fire!();
		}
		expect(rig.transport.turns).toBe(method === "turn" ? 3 : 1);
	});

	it("that throws is the loss of the link", () => {
		const rig = new Rig();
		rig.connect();
		rig.transport.onTurn = () => {
			throw new Error("broken");
		};
		rig.loop.wake();
		rig.pass(1);
		rig.clock.fire!();
		expect(rig.log).toEqual(["disconnected 2/22 retry"]);
		expect(rig.transport.isOpen).toBe(false);
	});

	it("passes through the packet log, as the target does", () => {
		const rig = new Rig({ packetLog: 8 });
		rig.start();
		rig.loop.wake();
		rig.pass(1);
		rig.clock.fire!();
		expect([rig.transport.turns, rig.transport.targets]).toEqual([1, ["127.0.0.1:1883"]]);
	});
});
