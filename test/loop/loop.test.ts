import { describe, expect, it } from "vitest";
import { StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { Ticks } from "../../firmware/base/ticks.js";
import { TransportEnd, type TransportSetup } from "../../firmware/ports/transport.js";
import { Core } from "../../firmware/client/connection/core.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { Loop } from "../../firmware/loop/loop.js";
import { ackHex, publishHex } from "../support/hex.js";
import { Rig, ScriptedClock, ScriptedTransport } from "./rig.js";

// Goal: each event of transport and timer becomes one bounded turn, and the timer is set when it is needed, and only then.
// Method: a scripted transport and a scripted clock; what the loop asks of either is written down.

const CONNECT = "100d00044d5154540402003c000163";
const CONNACK = "20020000";

describe("a loop", () => {
	it("gives its transport the regions of the arena", () => {
		const { core, transport } = new Rig({ readSize: 32, txBuffer: 100, views: 3, port: 1884 });
		const { setup } = transport;
		expect(setup).toMatchObject({ rxSize: 32, txSize: 100, views: 3, port: 1884, host: "127.0.0.1", dns: undefined });
		expect(setup.buffer).toBe(core.arena.buffer);
		expect([setup.rxOffset, setup.txOffset]).toEqual([core.receiver.landing, core.region.offset]);
	});

	it("throws what the transport throws at the options", () => {
		const options = {
			host: "broker.test",
			transport: () => {
				throw new TypeError("dns: is missing");
			},
		};
		const core = new Core(options, readSettings(options), undefined, () => 0);
		expect(() => new Loop(core, { ...options, dns: undefined }, new ScriptedClock())).toThrow("dns: is missing");
	});

	it("hands the name and the resolver on", () => {
		const dns = { resolve: () => {} };
		const setups: TransportSetup[] = [];
		const transport = (setup: TransportSetup): ScriptedTransport => {
			setups.push(setup);
			return new ScriptedTransport(setup);
		};
		const options = { host: "broker.test", transport, dns };
		const core = new Core(options, readSettings(options), undefined, () => 0);
		new Loop(core, { transport, dns }, new ScriptedClock());
		expect(setups).toHaveLength(1);
		expect(setups[0]).toMatchObject({ host: "broker.test", dns });
	});

	it("opens, connects, and asks for nothing more than the next wake-up", () => {
		const rig = new Rig();
		expect([rig.transport.calls, rig.clock.calls]).toEqual([[], []]);
		rig.start();
		expect(rig.transport.calls).toEqual(["open"]);
		expect(rig.waitMs).toBe(30_000);
		rig.pass(100);
		rig.loop.handleResolved();
		expect(rig.transport.sent).toBe("");
		rig.opened();
		expect(rig.transport.sent).toBe(CONNECT);
		expect(rig.serve(CONNACK)).toBe("");
		expect(rig.log).toEqual(["connected false"]);
		// Name, connection and CONNACK each have their own time; then the connection has to prove itself.
		// While others are waited for, a quarter of it at a time.
		expect(rig.clock.calls).toEqual(["arm 7500", "arm 7500", "arm 7500", "arm 30000"]);
		expect(rig.waitMs).toBe(30_000);
		expect(rig.transport.calls).toEqual(["open"]);
	});

	it.each([
		[TransportEnd.NAME_FAILED, "disconnected 1/10 retry"],
		[TransportEnd.OPEN_FAILED, "disconnected 2/20 retry"],
		[TransportEnd.LOST, "disconnected 2/22 retry"],
	])("reports the end %i as %s, and closes nothing", (end, line) => {
		const rig = new Rig({ reconnectMinMs: 1_000 }).start();
		rig.loop.handleEnded(end);
		expect(rig.log).toEqual([line]);
		expect(rig.transport.calls).toEqual(["open"]);
		expect(rig.sleep()).toBe(500);
		expect(rig.transport.calls).toEqual(["open", "close", "open"]);
	});

	it("ignores events of a transport that nobody has opened", () => {
		const rig = new Rig();
		rig.loop.handleResolved();
		rig.loop.handleOpened();
		rig.loop.handleEnded(TransportEnd.LOST);
		rig.loop.handleReadable();
		rig.loop.handleWritable();
		rig.loop.handleTimer();
		expect([rig.log, rig.transport.calls, rig.transport.sent]).toEqual([[], [], ""]);
		expect(rig.clock.calls).toEqual(["disarm"]);
	});
});

describe("reading", () => {
	it("takes at most 16 times what the landing holds in a turn, and the rest one millisecond later", () => {
		const rig = new Rig({ readSize: 16, rxBuffer: 64 });
		rig.subscribe("t");
		rig.connect();
		rig.transport.reads = 0;
		rig.clock.calls.length = 0;
		const payloads = Array.from({ length: 40 }, (_, i) => `message ${String(i).padStart(3, "0")}`);
		// 16 bytes each: one landing holds one message.
		rig.serve(payloads.map((payload) => publishHex("t", payload)).join(""));
		expect(rig.transport.reads).toBe(16);
		expect(rig.payloads).toEqual(payloads.slice(0, 16));
		expect(rig.clock.calls).toEqual(["arm 1"]);
		expect(rig.sleep()).toBe(1);
		expect(rig.payloads).toEqual(payloads.slice(0, 32));
		expect(rig.sleep()).toBe(1);
		expect(rig.payloads).toEqual(payloads);
		expect(rig.transport.reads).toBe(40);
		// Then it is SUBACK that is waited for, as before.
		expect(rig.clock.calls.slice(0, 2)).toEqual(["arm 1", "arm 1"]);
		expect(rig.waitMs).toBe(19_998);
	});

	it("stops at an announced byte that does not come", () => {
		const rig = new Rig();
		rig.connect();
		rig.transport.readMax = 0;
		const { reads } = rig.transport;
		expect(rig.serve("d000")).toBe("");
		expect([rig.transport.readable, rig.transport.reads]).toEqual([2, reads + 2]);
		rig.transport.readMax = Infinity;
		rig.loop.handleReadable();
		expect(rig.transport.readable).toBe(0);
	});

	it("goes on while single bytes come", () => {
		const rig = new Rig();
		rig.subscribe("t");
		rig.connect();
		rig.transport.readMax = 1;
		rig.serve(publishHex("t", "one by one"));
		expect(rig.payloads).toEqual(["one by one"]);
	});

	it("dates what it leads to by the turn that it is read in", () => {
		const rig = new Rig({ reconnectMinMs: 1_000 });
		rig.connect();
		rig.pass(10_000);
		rig.hear("f000");
		expect(rig.log).toEqual(["disconnected 4/40 retry"]);
		expect(rig.clock.delayMs).toBe(500);
		expect(rig.core.application.attention).toBe(false);
	});

	it("reads nothing more of a connection that a handler has ended", () => {
		const rig = new Rig({ readSize: 16, rxBuffer: 64 });
		rig.subscribe("t", 0, () => {
			rig.seen.push({} as never);
			rig.networkDown();
		});
		rig.connect();
		rig.transport.reads = 0;
		rig.serve(publishHex("t", "12345678901").repeat(4));
		expect([rig.seen.length, rig.transport.reads]).toEqual([1, 1]);
		expect(rig.log).toEqual(["disconnected 0/1 retry"]);
		expect(rig.transport.calls).toEqual(["open", "close"]);
	});
});

describe("writing", () => {
	it("writes at most 16 times in a turn, and the rest one millisecond later", () => {
		const rig = new Rig();
		rig.connect();
		rig.transport.writeMax = 1;
		rig.transport.writes = [];
		rig.clock.calls.length = 0;
		const payload = "a payload of some length ".repeat(4);
		rig.publish("t", payload);
		expect(rig.transport.writes).toHaveLength(16);
		expect(rig.clock.calls).toEqual(["arm 1"]);
		// A turn of the timer writes what waits, and then what is due.
		for (let before = 16; rig.clock.delayMs === 1; before = rig.transport.writes.length) {
			rig.sleep();
			expect(rig.transport.writes.length - before).toBeLessThanOrEqual(32);
		}
		expect(rig.transport.sent).toBe(publishHex("t", payload));
		expect(rig.transport.writes).toHaveLength(105);
	});

	it("keeps what a short write leaves, and goes on at handleWritable", () => {
		const rig = new Rig();
		rig.connect();
		rig.transport.room = 3;
		rig.publish("t", "x", 1);
		rig.publish("t", "y", 1);
		expect(rig.transport.sent).toBe("320600");
		expect(rig.makeRoom(2)).toBe("0174");
		expect(rig.makeRoom(10)).toBe("000178" + "32060001740002");
		// One byte is left.
		expect(rig.makeRoom()).toBe("79");
		expect(rig.makeRoom()).toBe("");
		expect(rig.log).toEqual([]);
	});

	it("gives a transport that takes nothing the time of a ping, from the last byte that it took", () => {
		const rig = new Rig({ pingTimeoutMs: 4_000, stableMs: 100_000, keepAlive: 1_000 });
		rig.connect();
		rig.transport.room = 3;
		rig.publish("t", "x", 1);
		expect(rig.waitMs).toBe(4_000);
		rig.pass(900);
		rig.makeRoom(1);
		expect(rig.waitMs).toBe(4_000);
		rig.pass(900);
		rig.makeRoom(0);
		// Nothing was taken: the time that is left is what it was.
		expect(rig.sleep()).toBe(3_100);
		expect(rig.log).toEqual(["disconnected 5/53 retry"]);
		expect(rig.transport.calls).toEqual(["open", "close"]);
	});

	it("takes the deadline back once all is out", () => {
		const rig = new Rig({ pingTimeoutMs: 4_000, stableMs: 100_000, keepAlive: 1_000 });
		rig.connect();
		rig.transport.room = 0;
		rig.publish("t", "x", 1);
		expect(rig.waitMs).toBe(4_000);
		rig.makeRoom();
		rig.sleep();
		expect(rig.log).toEqual([]);
		expect(rig.clock.delayMs).toBeGreaterThan(4_000);
	});

	it("counts what the transport took", () => {
		const rig = new Rig();
		rig.connect();
		const before = rig.core.counters[CounterIndex.BYTES_OUT]!;
		rig.transport.room = 5;
		rig.publish("t", "xyz");
		expect(rig.core.counters[CounterIndex.BYTES_OUT]! - before).toBe(5);
		rig.makeRoom();
		expect(rig.core.counters[CounterIndex.BYTES_OUT]! - before).toBe(8);
	});
});

describe("the timer", () => {
	it("is left alone by what waits for nothing", () => {
		const rig = new Rig();
		rig.subscribe("t", 2);
		expect(rig.connect()).toBe("82060001" + "000174" + "02");
		rig.serve("9003000102");
		rig.clock.calls.length = 0;
		rig.publish("t", "x", 0);
		rig.publish("t", "x", 1);
		rig.serve(ackHex(0x40, 2));
		rig.publish("t", "x", 2);
		rig.serve(ackHex(0x50, 3));
		rig.serve(ackHex(0x70, 3));
		rig.serve(publishHex("t", "x", 2, 7));
		rig.serve(ackHex(0x62, 7));
		rig.loop.handleWritable();
		expect(rig.log).toEqual(["subscribed 0 2", "delivered 2", "delivered 3"]);
		expect(rig.clock.calls).toEqual([]);
	});

	it("is set anew whenever it fires, because it repeats", () => {
		const rig = new Rig({ keepAlive: 60, stableMs: 30_000 });
		rig.connect();
		rig.clock.calls.length = 0;
		rig.pass(10_000);
		rig.loop.handleTimer();
		expect(rig.clock.calls).toEqual(["arm 20000"]);
	});

	it("fires again at once, one millisecond later, for what is due already", () => {
		const rig = new Rig({ keepAlive: 0, stableMs: 500, ackTimeoutMs: 500 });
		rig.connect();
		rig.pass(10_000);
		// STABLE has long been due, and nobody came to look; then something is armed.
		rig.subscribe("t");
		expect(rig.clock.delayMs).toBe(1);
		rig.sleep();
		expect(rig.waitMs).toBe(499);
	});

	it("is disarmed when nothing is waited for", () => {
		const rig = new Rig({ keepAlive: 0, stableMs: 500 });
		rig.connect();
		rig.sleep();
		expect([rig.clock.delayMs, rig.clock.calls.at(-1)]).toEqual([-1, "disarm"]);
	});

	it("is disarmed when the client has stopped", () => {
		const rig = new Rig();
		rig.connect();
		rig.stop();
		expect(rig.transport.sent).toBe("e000");
		expect(rig.log).toEqual(["disconnected 0/0 final", "stopped"]);
		expect(rig.transport.calls).toEqual(["open", "close"]);
		expect([rig.clock.delayMs, rig.clock.calls.at(-1)]).toEqual([-1, "disarm"]);
		rig.start();
		expect(rig.transport.calls).toEqual(["open", "close", "open"]);
		expect(rig.waitMs).toBe(30_000);
	});

	it("of a silence goes on with a PINGREQ of which not all is taken, or none", () => {
		for (const taken of [0, 1]) {
			const rig = new Rig({ keepAlive: 60, stableMs: 1, pingTimeoutMs: 5_000 });
			rig.connect();
			rig.sleep();
			rig.transport.room = taken;
			expect(rig.sleep()).toBeGreaterThan(50_000);
			expect(rig.transport.sent).toBe("c0".repeat(taken));
			rig.transport.room = Infinity;
			rig.loop.handleWritable();
			expect(rig.transport.sent).toBe(taken === 1 ? "00" : "c000");
			expect(rig.serve("d000")).toBe("");
			// Answered: the next ping is the next thing.
			while (rig.transport.sent === "") rig.sleep();
			expect([rig.state, rig.log]).toEqual([StateCode.CONNECTED, []]);
		}
	});

	it("of a silence ends the connection when PINGREQ cannot be written, or is not taken for too long", () => {
		const broken = new Rig({ keepAlive: 60, stableMs: 1 });
		broken.connect();
		broken.sleep();
		broken.transport.writeThrows = new Error("gone");
		broken.sleep();
		expect(broken.log).toEqual(["disconnected 2/22 retry"]);
		const stalled = new Rig({ keepAlive: 60, stableMs: 1, pingTimeoutMs: 5_000 });
		stalled.connect();
		stalled.sleep();
		stalled.transport.room = 0;
		stalled.sleep();
		expect(stalled.sleep()).toBe(5_000);
		expect(stalled.log[0]).toMatch(/^disconnected 5\/5[13] retry$/);
	});

	it("runs a whole life across the wrap of the counter", () => {
		const rig = new Rig({ keepAlive: 60, stableMs: 30_000 });
		rig.clock.now = 0x7fff_ffff - 40_000;
		rig.connect();
		expect(rig.sleep()).toBe(30_000);
		expect(rig.sleep()).toBe(25_000);
		expect(rig.clock.now).toBeLessThan(0);
		expect(rig.transport.sent).toBe("c000");
		rig.pass(1_000);
		rig.serve("d000");
		// The next turn is that of the next ping: none is spent on the deadline of the one that was answered.
		expect(rig.sleep()).toBe(54_000);
		expect(rig.transport.sent).toBe("c000");
		expect(rig.sleep()).toBeLessThanOrEqual(10_000);
		expect(rig.log).toEqual(["disconnected 5/51 retry"]);
		expect(rig.state).toBe(StateCode.WAITING);
		expect(rig.clock.delayMs).toBeLessThan(Ticks.DURATION_MS_MAX);
	});
});
