// Goal: lesson 25, two clients with one identifier evict each other: they must not do so for ever, nor storm the broker.
// Method: two clients of ours, and one of ours against an MQTT.js client that always comes back.
import { afterAll, describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { BROKERS, endAll } from "../support/brokers.js";
import { Device, type Ended } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { pause, until } from "../support/until.js";

afterAll(endAll);

/** A connection that lives shorter than this has been evicted young. */
const STABLE_MS = 5_000;
const HOLD_OFF_MS = 120_000;
/** After this many in a row at the latest there is a long pause. */
const EVICTIONS_MAX = 8;
const OPTIONS = { reconnectMinMs: 5, reconnectMaxMs: 50, stableMs: STABLE_MS, holdOffMs: HOLD_OFF_MS };

/** Full jitter: each pause is drawn from a range twice as long as the one before. */
function expectEscalation(ends: readonly Ended[]): void {
	ends.forEach(({ code, retryMs }, i) => {
		expect(code).toBe(Reason.LINK_LOST);
		expect(retryMs).toBeLessThanOrEqual(Math.min(OPTIONS.reconnectMinMs * 2 ** i, OPTIONS.reconnectMaxMs));
	});
}

describe.each(BROKERS)("lesson 25: one identifier, with $name", ({ describeBroker, start }) => {
	describeBroker("two clients of ours", () => {
		it("evict each other a few times, then one holds off and the other stays", async () => {
			const broker = await start();
			const clientId = "twins";
			const twins = [
				new Device(broker.port, { clientId, ...OPTIONS }),
				new Device(broker.port, { clientId, ...OPTIONS }),
			];
			for (const twin of twins) twin.client.start();
			const heldOff = (device: Device): boolean => (device.ends.at(-1)?.retryMs ?? 0) >= HOLD_OFF_MS / 2;
			await until(() => twins.some(heldOff), "one of them to hold off");
			const stays = twins.find((twin) => !heldOff(twin))!;
			await stays.untilConnected();
			const connections = twins.map((twin) => twin.world.connections);
			await pause(300);

			expect(stays.client.connected).toBe(true);
			expect(twins.map((twin) => twin.world.connections)).toEqual(connections);
			expect(Math.max(...connections)).toBeLessThanOrEqual(EVICTIONS_MAX + 1);
			for (const { ends } of twins) expectEscalation(ends.slice(0, -1));
			for (const twin of twins) twin.remove();
			await broker.stop();
		});

		it("of which one is another program that always comes back: ours gives way", async () => {
			const broker = await start();
			const clientId = "contested";
			const device = new Device(broker.port, { clientId, ...OPTIONS });
			const peer = await Peer.connect(broker.port, { clientId, reconnectPeriod: 20 });
			device.client.start();
			await until(() => (device.ends.at(-1)?.retryMs ?? 0) >= HOLD_OFF_MS / 2, "ours to hold off");
			await pause(200);
			expect(device.world.connections).toBeLessThanOrEqual(EVICTIONS_MAX);
			expectEscalation(device.ends.slice(0, -1));
			await until(() => peer.client.connected, "the other program");
			device.remove();
			await peer.end(true);
			await broker.stop();
		});

		it("of which the first is gone for good: the second is not punished", async () => {
			const broker = await start();
			const clientId = "successor";
			const first = await new Device(broker.port, { clientId, ...OPTIONS, reconnect: false }).connect();
			const second = await new Device(broker.port, { clientId, ...OPTIONS }).connect();
			await until(() => first.ends.length === 1, "the eviction");
			await pause(50);
			expect(second.client.connected).toBe(true);
			expect(second.ends).toEqual([]);
			await second.stop();
			await broker.stop();
		});
	});
});
