// Goal: RabbitMQ's MQTT in all four ways: TCP, TLS, WebSocket, and WebSocket over TLS.
// Method: Debian's RabbitMQ in a process of its own; two devices, messages both ways, whole and byte by byte. It does not
// have QoS 2, and its WebSocket has the path /ws.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Reason, type TransportFactory } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import { tls } from "xs-mqtt/tls";
import { webSocket } from "xs-mqtt/websocket";
import { makeCertificate } from "../support/certificates.js";
import { Device, endDevices } from "../support/device.js";
import { RabbitMq, rabbitmqMissing } from "../support/rabbitmq.js";
import { until } from "../support/until.js";

const START_MS_MAX = 160_000;
const COUNT = 50;

const ca = makeCertificate({ name: "CA", key: "rsa", issues: true });
const identity = makeCertificate({ name: "localhost", names: ["localhost"], key: "rsa", issuer: ca });
const secure = (): TransportFactory => tls({ ca: ca.der, serverName: "localhost" });

const WAYS: readonly (readonly ["mqtt" | "mqtts" | "ws" | "wss", () => TransportFactory])[] = [
	["mqtt", () => tcp],
	["mqtts", secure],
	["ws", () => webSocket({ path: "/ws" })],
	["wss", () => webSocket({ path: "/ws", over: secure() })],
];

describe.skipIf(rabbitmqMissing !== undefined)("RabbitMQ", () => {
	let broker: RabbitMq;

	beforeAll(async () => {
		broker = await RabbitMq.start(identity);
	}, START_MS_MAX);
	afterAll(async () => {
		endDevices();
		await broker.stop();
	});

	describe.each(WAYS)("by %s", (way, transportOf) => {
		it.each([false, true])("takes and gives messages, byte by byte: %s", async (split) => {
			const transport = transportOf();
			const one = await new Device(broker.ports[way], { transport, outbox: 4096 }, { split }).connect();
			const other = await new Device(broker.ports[way], { transport }).connect();
			await other.subscribe(`${way}/${split}/+`, 1);
			for (const qos of [0, 1] as const) {
				for (let n = 0; n < COUNT; n++) {
					while (one.client.publish(`${way}/${split}/${qos}`, `${n}`, qos) < 0)
						await until(() => one.client.queued === 0, "room");
				}
				await other.untilReceived(COUNT);
				expect(other.payloads).toEqual(Array.from({ length: COUNT }, (_, n) => `${n}`));
				other.messages.length = 0;
			}
			await one.drained();
			expect([one.ends, other.ends]).toEqual([[], []]);
			await one.stop();
			await other.stop();
		});
	});

	it("is refused when its certificate is another's, by TLS and by WebSocket over it", async () => {
		const stranger = makeCertificate({ name: "CA", key: "rsa", issues: true });
		const wrong = (): TransportFactory => tls({ ca: stranger.der, serverName: "localhost" });
		for (const [way, transport] of [
			["mqtts", wrong()],
			["wss", webSocket({ path: "/ws", over: wrong() })],
		] as const) {
			const one = new Device(broker.ports[way], { transport });
			one.client.start();
			await until(() => one.ends.length > 0, "an end");
			expect([Reason.UNKNOWN_ISSUER, Reason.BAD_SIGNATURE]).toContain(one.ends[0]!.code);
			one.client.close();
		}
	});

	it("answers another path by 404", async () => {
		const one = new Device(broker.ports.ws, { transport: webSocket({ path: "/other" }) });
		one.client.start();
		await until(() => one.ends.length > 0, "an end");
		expect(one.ends[0]).toMatchObject({ code: Reason.UPGRADE_REFUSED, detail: 404 });
		one.client.close();
	});
});
