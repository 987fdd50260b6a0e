import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { webSocket } from "xs-mqtt/websocket";
import { Device, endDevices } from "../support/device.js";
import { describeWithMosquitto, Mosquitto } from "../support/mosquitto.js";
import { until } from "../support/until.js";
import { TestServer } from "./websocket-server.js";

// Goal: of many messages over WebSocket none is lost at QoS 1 and 2, and none comes twice at QoS 2, with every read cut and
// with connections that are cut in the middle of anything; at QoS 0 none is lost while the connection stands.
// Method: a device that gets back what it publishes, through `ws` in front of mosquitto. `npm run test:long` takes 10,000 of each.

const COUNT = Number(process.env["XS_MQTT_MESSAGES"] ?? 500);
const CUTS = 20;
const TIMEOUT_MS = 300_000;

afterAll(endDevices);

describeWithMosquitto(`${COUNT} messages over WebSocket`, () => {
	let broker: Mosquitto;
	let server: TestServer;

	beforeEach(async () => {
		broker = await Mosquitto.start({ config: ["max_queued_messages 0", "max_inflight_messages 20"] });
		server = await TestServer.listen(broker.port);
	});
	afterEach(async () => {
		await server.close();
		await broker.stop();
	});

	it.each([
		[0, 0],
		[1, CUTS],
		[2, CUTS],
	] as const)(
		"at QoS %i come back through reads that are cut and over %i connections that are",
		async (qos, cuts) => {
			server.conduct.pings = true;
			const options = { cleanSession: false, clientId: "many", outbox: 4096, inflight: 16, incomingQoS2: 64 };
			const one = await new Device(server.port, { ...options, transport: webSocket() }, { split: true }).connect();
			const got: number[] = [];
			const step = cuts > 0 ? Math.floor(COUNT / (cuts + 1)) : Infinity;
			let cutAt = step;
			await one.subscribe("many", qos, (message) => {
				got.push(Number(message.text()));
				if (got.length < cutAt) return;
				cutAt += step;
				setImmediate(() => one.world.cut());
			});
			for (let sent = 0; sent < COUNT;) {
				if (one.client.publish("many", `${sent}`, qos) >= 0) sent++;
				else await until(() => one.client.queued < 8, "room", TIMEOUT_MS);
				// What comes back keeps pace: at QoS 0 nobody else holds this up.
				if (qos === 0) await until(() => got.length > sent - 50, "messages", TIMEOUT_MS);
			}
			const all = Array.from({ length: COUNT }, (_, i) => i);
			await until(() => new Set(got).size >= COUNT, "all of them", TIMEOUT_MS);
			await one.drained(TIMEOUT_MS);
			expect(qos === 1 ? [...new Set(got)].sort((a, b) => a - b) : got).toEqual(all);
			expect(one.ends.length).toBeGreaterThanOrEqual(cuts / 2);
			if (cuts === 0) expect(one.ends).toEqual([]);
			await one.stop();
		},
		TIMEOUT_MS,
	);
});
