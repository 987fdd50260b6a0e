// Goal: the will (§3.1.2.5) is published when the device is lost, and only then.
// Method: devices with a will are lost in different ways, while an MQTT.js client watches their topics.
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { BROKERS, endAll, startMosquitto, type TestBroker } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { describeWithMosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

afterAll(endAll);

describe.each(BROKERS)("with $name", ({ describeBroker, start }) => {
	describeBroker("a will", () => {
		let broker: TestBroker;
		let peer: Peer;

		beforeEach(async () => {
			broker = await start();
			peer = await (await Peer.connect(broker.port)).subscribe("will/#", 2);
		});
		afterEach(async () => {
			await peer.end();
			await broker.stop();
		});

		/** A message that comes after whatever the broker had to publish before. */
		async function nothingElse(expected: readonly string[]): Promise<void> {
			await peer.publish("will/end", "end", 1);
			await until(() => peer.payloads.includes("end"), "the last message");
			expect(peer.payloads).toEqual([...expected, "end"]);
		}

		it.each([0, 1, 2] as const)("at QoS %i is published when the link is cut", async (qos) => {
			const will = { topic: "will/cut", payload: "lost", qos };
			const device = await new Device(broker.port, { will, reconnect: false }).connect();
			device.world.cut();
			await peer.untilReceived(1);
			expect(peer.messages).toEqual([{ topic: "will/cut", payload: "lost", qos, retain: false }]);
			await until(() => device.ends.length === 1, "the end of the connection");
			expect(device.ends).toMatchObject([{ code: Reason.LINK_LOST, wasConnected: true, retryMs: -1 }]);
			await nothingElse(["lost"]);
		});

		it("that is retained is there for those who come later, until the device says otherwise", async () => {
			const will = { topic: "will/status", payload: "offline", qos: 1, retain: true } as const;
			const device = new Device(broker.port, {
				will,
				onConnected: (client) => client.publish("will/status", "online", 1, true),
			});
			await device.connect();
			await peer.untilReceived(1);
			device.world.cut();
			await until(() => device.accepted.length === 2, "the next connection");
			await peer.untilReceived(3);
			expect(peer.payloads).toEqual(["online", "offline", "online"]);
			device.remove();
			await peer.untilReceived(4);
			const later = await (await Peer.connect(broker.port)).subscribe("will/status", 1);
			await later.untilReceived(1);
			expect(later.messages).toEqual([{ topic: "will/status", payload: "offline", qos: 1, retain: true }]);
			await later.end();
		});

		it("may have any bytes, and none", async () => {
			const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
			const options = { reconnect: false };
			const empty = await new Device(broker.port, { will: { topic: "will/empty" }, ...options }).connect();
			const full = await new Device(broker.port, {
				will: { topic: "will/full", payload: bytes },
				...options,
			}).connect();
			empty.world.cut();
			await peer.untilReceived(1);
			full.world.cut();
			await peer.untilReceived(2);
			expect(peer.messages.map(({ topic }) => topic)).toEqual(["will/empty", "will/full"]);
			expect(peer.payloads).toEqual(["", Buffer.from(bytes).toString("latin1")]);
		});

		it("lesson 16: is not published after stop(), which sends DISCONNECT", async () => {
			const will = { topic: "will/stop", payload: "lost" };
			const device = await new Device(broker.port, { will }).connect();
			await device.stop();
			await nothingElse([]);
		});

		it("lesson 16: is not published after stop() with publishes still to go, which go out first", async () => {
			const will = { topic: "will/stop", payload: "lost" };
			const device = await new Device(broker.port, { will, outbox: 8192 }).connect();
			const sent = Array.from({ length: 50 }, (_, i) => `${i}`);
			for (const payload of sent) device.client.publish("will/last", payload, 2);
			await device.stop();
			expect(device.client.queued).toBe(0);
			await nothingElse(sent);
		});

		it("lesson 16: is not published when stop() is called before CONNACK", async () => {
			const will = { topic: "will/early", payload: "lost" };
			const device = new Device(broker.port, { will }, { latencyMs: 20 });
			device.client.start();
			await until(() => device.client.state === 3, "CONNECT to be sent");
			await device.stop();
			expect(device.ends.map((end) => end.code)).toEqual([Reason.STOPPED]);
			await nothingElse([]);
		});

		it("is published when we give up the connection because the server does not answer", async () => {
			const will = { topic: "will/silent", payload: "lost" };
			const device = await new Device(broker.port, { will, keepAlive: 1, reconnect: false }).connect();
			device.world.halfOpen();
			await until(() => device.ends.length === 1, "the end of the connection");
			expect(device.ends[0]!.code).toBe(Reason.PINGRESP_TIMEOUT);
			// What the broker learns then is a close without DISCONNECT.
			device.world.resume();
			await peer.untilReceived(1);
			await nothingElse(["lost"]);
		});
	});
});

describeWithMosquitto("a will of a device whose session is taken over", () => {
	it("is published: the first connection has not said good-bye", async () => {
		const broker = await startMosquitto();
		const peer = await (await Peer.connect(broker.port)).subscribe("will/#", 1);
		const will = { topic: "will/evicted", payload: "lost" };
		const clientId = "twice";
		await new Device(broker.port, { clientId, will, reconnect: false }).connect();
		const second = await new Device(broker.port, { clientId }).connect();
		await peer.untilReceived(1);
		expect(peer.payloads).toEqual(["lost"]);
		await second.stop();
		await peer.end();
		await broker.stop();
	});
});
