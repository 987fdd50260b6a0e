import { afterAll, describe, expect, it } from "vitest";
import { Counter, Reason } from "xs-mqtt";
import { BROKERS, endAll } from "../../support/brokers.js";
import { endedBy, inState, TICKS } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { pause } from "../../support/until.js";
import { expectAlive } from "../support.js";

// Goal: §3.12 PINGREQ and §3.13 PINGRESP. When a ping has to be sent is in 3-1-connect.test.ts.
// Method: explicit times; the whole client at aedes and mosquitto, with a keep alive of two seconds.

afterAll(endAll);

describe("PINGRESP", () => {
	it("answers PINGREQ: the connection goes on [MQTT-3.12.4-1]", () => {
		const h = inState.connected({ keepAlive: 60, pingTimeoutMs: 1_000 });
		for (let i = 0; i < 5; i++) {
			h.pass(60_000);
			expect(h.sent()).toBe("c000");
			h.pass(999);
			h.exchange("d000");
			h.pass(1_000);
			expect(h.take()).toEqual([]);
		}
		expectAlive(h);
	});

	it.each(TICKS)("that does not come in time ends the connection, from ticks %i [X3-3.1.2.10-1]", (ticks) => {
		const h = inState.connected({ keepAlive: 60, pingTimeoutMs: 1_000, stableMs: 1, ticks });
		h.pass(60_000);
		expect(h.sent()).toBe("c000");
		h.pass(999);
		expect(h.take()).toEqual([]);
		h.pass(1);
		expect(h.take()).toEqual([endedBy(Reason.PINGRESP_TIMEOUT)]);
		expect(h.takeClose()).toBe(true);
		// No DISCONNECT: the will is to be published.
		expect(h.sent()).toBe("");
	});

	it("that does not come is missed although we publish all the time [X3-3.1.2.10-1]", () => {
		const h = inState.connected({ keepAlive: 60, pingTimeoutMs: 1_000, stableMs: 1 });
		let passed = 0;
		for (; h.take().length === 0 && passed < 100_000; passed += 500) {
			h.publish("t", "x", 0);
			h.sent();
			h.pass(500);
		}
		expect(passed).toBeLessThanOrEqual(61_500);
	});
});

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("as the server", () => {
		it("answers every PINGREQ of ours [MQTT-3.12.4-1]", async () => {
			const broker = await start();
			const device = await new Device(broker.port, { keepAlive: 2 }).connect();
			await pause(4_000);
			expect(device.client.counters[Counter.PINGS]).toBeGreaterThanOrEqual(2);
			expect(device.ends).toEqual([]);
			// Beside CONNACK, two bytes for each PINGRESP.
			const { counters } = device.client;
			const answers = (counters[Counter.BYTES_IN]! - 4) / 2;
			expect(answers).toBeGreaterThanOrEqual(counters[Counter.PINGS]! - 1);
			expect(answers).toBeGreaterThanOrEqual(2);
			await device.stop();
			await broker.stop();
		});
	});
});
