// Goal: a persistent session (§3.1.2.4, §4.1) over restarts of the program and over lost connections: nothing that was
// published meanwhile is lost, and nothing is subscribed to again that the server still knows.
// Method: clients of ours in turn with one identifier, at aedes and mosquitto.
import { afterAll, describe, expect, it } from "vitest";
import { Counter, Reason } from "xs-mqtt";
import { BROKERS, endAll, startMosquitto } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { describeWithMosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

afterAll(endAll);

const PERSISTENT = { cleanSession: false };

describe.each(BROKERS)("a program that starts anew, with $name", ({ describeBroker, start }) => {
	describeBroker("a persistent session", () => {
		it("keeps what was published meanwhile, at QoS 1 and 2", async () => {
			const broker = await start();
			const clientId = "restarted";
			const first = await new Device(broker.port, { clientId, ...PERSISTENT }).connect();
			await first.subscribe("to/device", 2);
			await first.stop();
			first.remove();

			const peer = await Peer.connect(broker.port);
			for (let i = 0; i < 20; i++) await peer.publish("to/device", `${i}`, i % 2 === 0 ? 1 : 2);

			const second = new Device(broker.port, { clientId, ...PERSISTENT });
			// The handler is there before the connection: what was queued may come before SUBACK.
			second.client.subscribe("to/device", 2, second.keep);
			await second.connect();
			await second.untilReceived(20);
			await peer.publish("to/device", "end", 1);
			await second.untilReceived(21);
			expect(second.accepted).toEqual([true]);
			expect(second.payloads).toEqual([...Array.from({ length: 20 }, (_, i) => `${i}`), "end"]);
			expect(second.messages.map((message) => message.qos)).toEqual([
				...Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 2)),
				1,
			]);
			await second.stop();
			await peer.end();
			await broker.stop();
		});

		it("lesson 17: of a connection that was lost is not subscribed to again, and nothing retained comes anew", async () => {
			const broker = await start();
			const peer = await Peer.connect(broker.port);
			await peer.publish("kept", "retained", 1, true);
			const device = await new Device(broker.port, PERSISTENT).connect();
			// At QoS 0: nothing may come again because its ack was cut off.
			await device.subscribe("kept", 0);
			await device.untilReceived(1);
			for (let i = 0; i < 3; i++) {
				device.world.cut();
				await until(() => device.accepted.length === i + 2, "the next connection");
				await peer.publish("kept", `live ${i}`, 1);
				await device.untilReceived(i + 2);
			}
			expect(device.accepted).toEqual([false, true, true, true]);
			expect(device.payloads).toEqual(["retained", "live 0", "live 1", "live 2"]);
			expect(device.granted).toEqual([0]);
			await device.stop();
			await peer.end();
			await broker.stop();
		});

		it("lesson 17: lost by the server means new subscriptions, and what was unfinished is sent as new", async () => {
			const broker = await start();
			const other = await start();
			const device = await new Device(broker.port, PERSISTENT).connect();
			await device.subscribe("a", 2);
			device.world.connectTo({ host: "127.0.0.1", port: other.port });
			const peer = await (await Peer.connect(other.port)).subscribe("out", 2);
			device.world.stop();
			device.client.publish("out", "one", 1);
			device.client.publish("out", "two", 2);
			device.world.cut();
			device.world.resume();
			await until(() => device.accepted.length === 2 && device.granted.length === 2, "the other broker");
			await device.drained();
			await peer.untilReceived(2);
			expect(device.accepted).toEqual([false, false]);
			expect(peer.payloads).toEqual(["one", "two"]);
			await peer.publish("a", "here too", 2);
			await device.untilReceived(1);
			expect(device.payloads).toEqual(["here too"]);
			await device.stop();
			await peer.end();
			await Promise.all([broker.stop(), other.stop()]);
		});

		it.each([1, 2] as const)(
			"lesson 3: is not told of a message at QoS %i whose handler did not survive",
			async (qos) => {
				const broker = await start();
				const clientId = `crashes-${qos}`;
				const first = await new Device(broker.port, { clientId, ...PERSISTENT }).connect();
				let crashes = 0;
				await first.subscribe("to/device", qos, () => {
					crashes++;
					first.remove();
				});
				const peer = await Peer.connect(broker.port);
				await peer.publish("to/device", "survives", qos);
				await until(() => crashes > 0, "the crash");

				const second = new Device(broker.port, { clientId, ...PERSISTENT });
				second.client.subscribe("to/device", qos, second.keep);
				await second.connect();
				await second.untilReceived(1);
				expect(second.messages).toMatchObject([{ payload: "survives", qos }]);
				expect(crashes).toBe(1);
				await second.stop();
				await peer.end();
				await broker.stop();
			},
		);

		it("is ended by a clean one", async () => {
			const broker = await start();
			const clientId = "clean";
			const first = await new Device(broker.port, { clientId, ...PERSISTENT }).connect();
			await first.subscribe("to/device", 1);
			await first.stop();
			const clean = await new Device(broker.port, { clientId }).connect();
			expect(clean.accepted).toEqual([false]);
			await clean.stop();
			const peer = await Peer.connect(broker.port);
			await peer.publish("to/device", "nobody wants it", 1);
			const last = await new Device(broker.port, { clientId, ...PERSISTENT }).connect();
			expect(last.accepted).toEqual([false]);
			await last.subscribe("to/device", 1);
			await peer.publish("to/device", "live", 1);
			await last.untilReceived(1);
			expect(last.payloads).toEqual(["live"]);
			await last.stop();
			await peer.end();
			await broker.stop();
		});
	});
});

describeWithMosquitto("a backlog with more QoS 2 messages than incomingQoS2 remembers", () => {
	it("lesson 2: comes in several connections, in order and each message once", async () => {
		// Without a limit a mosquitto sends all at once. It does so by itself when it starts with a backlog in its file.
		const broker = await startMosquitto({ config: ["max_queued_messages 0", "max_inflight_messages 0"] });
		const clientId = "backlog";
		const first = await new Device(broker.port, { clientId, ...PERSISTENT }).connect();
		await first.subscribe("to/device", 2);
		await first.stop();
		const peer = await Peer.connect(broker.port);
		// Every second one at QoS 1, so that the identifiers at QoS 2 are no neighbours: each is a run of its own.
		for (let i = 0; i < 200; i++) await peer.publish("to/device", `${i}`, i % 2 === 0 ? 2 : 1);

		// With a delay the backlog comes in full segments: more than the table holds in one turn.
		const second = new Device(broker.port, { clientId, ...PERSISTENT }, { latencyMs: 10 });
		second.client.subscribe("to/device", 2, second.keep);
		await second.connect();
		await until(() => new Set(second.payloads).size === 200, "all 200");
		const exactlyOnce = second.messages.filter(({ qos }) => qos === 2).map(({ payload }) => payload);
		expect(exactlyOnce).toEqual(Array.from({ length: 100 }, (_, i) => `${2 * i}`));
		expect(new Set(second.ends.map((end) => end.code))).toEqual(new Set([Reason.INCOMING_QOS2_FULL]));
		// Each connection gets as far as the table goes: what it acknowledged does not come again.
		expect(second.accepted.length).toBeLessThanOrEqual(Math.ceil(100 / 32) + 2);
		expect(second.client.counters[Counter.INCOMING_QOS2_MAX]).toBe(32);
		await second.stop();
		await peer.end();
		await broker.stop();
	});
});
