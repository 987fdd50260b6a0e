// Goal: by TLS, WebSocket and WebSocket over TLS, too, nothing of QoS 1 is lost, nothing of QoS 2 lost or repeated, nothing of
// QoS 0 repeated or out of order, when every byte arrives on its own and the link is cut again and again.
// Method: numbered messages of each QoS both ways at once, through the embedded broker's listeners to a mosquitto behind
// them (aedes repeats QoS 2). `npm run test:long` has XS_MQTT_MESSAGES=10000.
import { connect } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { Reason, type TransportFactory } from "xs-mqtt";
import { tls } from "xs-mqtt/tls";
import { webSocket } from "xs-mqtt/websocket";
import { Listener } from "../../host-sim/brokers/aedes/listeners.js";
import type { Scheme } from "../../host-sim/terminal/mqtt-url.js";
import { Random } from "../../host-sim/world/random.js";
import { endAll, startMosquitto } from "../support/brokers.js";
import { makeCertificate } from "../support/certificates.js";
import { Device } from "../support/device.js";
import { numberedPublishes, publishNumbered } from "../support/flow.js";
import { describeWithMosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { Tally } from "../support/tally.js";
import { until } from "../support/until.js";

afterAll(endAll);

/** Of each QoS, in each direction. */
const COUNT = Number(process.env["XS_MQTT_MESSAGES"] ?? 300);
/** Deliveries between two cuts are drawn from 1 … twice this. */
const GAP = 40;
const TIMEOUT_MS = 60_000 + 60 * COUNT;

const WAYS: readonly (readonly [Scheme, (ca: string) => TransportFactory])[] = [
	["mqtts", (ca) => tls({ ca, serverName: "localhost" })],
	["ws", () => webSocket({})],
	["wss", (ca) => webSocket({ over: tls({ ca, serverName: "localhost" }) })],
];

/** Three tallies, by QoS. */
const tallies = (): readonly [Tally, Tally, Tally] => [new Tally(COUNT), new Tally(COUNT), new Tally(COUNT)];

function expectWhole([zero, one, two]: readonly [Tally, Tally, Tally]): void {
	expect(zero.problems(false).filter((problem) => !/lost/.test(problem))).toEqual([]);
	expect(one.problems(true)).toEqual([]);
	expect(two.problems(false)).toEqual([]);
}

/** A way to a broker. out: where it listens, whose certificate it shows, and what ends it */
async function openWay(way: Scheme, brokerPort: number) {
	const ca = makeCertificate({ name: "CA", issues: true });
	const identity = makeCertificate({ name: "localhost", names: ["localhost"], issuer: ca });
	const listener = new Listener(way, identity, (stream) => {
		const broker = connect(brokerPort, "127.0.0.1").setNoDelay(true);
		stream.pipe(broker).pipe(stream);
		for (const [one, other] of [
			[stream, broker],
			[broker, stream],
		] as const) {
			one.on("error", () => undefined);
			one.on("close", () => other.destroy());
		}
	});
	return { port: await listener.listen(0), ca: ca.pem, close: () => listener.close(async () => {}) };
}

describe.each(WAYS)("%s", (way, transportOf) => {
	describeWithMosquitto("to mosquitto", () => {
		it(
			"carries messages of each QoS both ways, byte by byte, while the link is cut",
			async () => {
				const broker = await startMosquitto({ config: ["max_queued_messages 0", "max_inflight_messages 500"] });
				const open = await openWay(way, broker.port);
				const up = tallies();
				const down = tallies();
				const peer = await (await Peer.connect(broker.port)).subscribe("up/+", 2);
				peer.client.on("message", (topic, payload) => up[Number(topic.slice(3)) as 0 | 1 | 2].take(payload.toString()));
				const random = new Random(12);
				let left = GAP;
				const count = (): void => {
					if (--left > 0) return;
					left = 1 + random.below(2 * GAP);
					device.world.clock.after(random.below(4), () => device.world.cut());
				};
				const device: Device = new Device(
					open.port,
					{
						...numberedPublishes(
							COUNT,
							{ topicName: "up/0", qos: 0 },
							{ topicName: "up/1", qos: 1 },
							{ topicName: "up/2", qos: 2 },
						),
						onDelivered: count,
						transport: transportOf(open.ca),
						cleanSession: false,
						clientId: `way-${way}`,
						outbox: 4096,
						reconnectMinMs: 1,
						reconnectMaxMs: 3,
						holdOffMs: 3,
					},
					{ split: true },
				);
				for (const qos of [0, 1, 2] as const) {
					device.client.subscribe(`down/${qos}`, qos, (message) => {
						down[qos].take(message.text());
						count();
					});
				}
				await device.connect();
				await until(() => device.granted.length >= 3, "its subscriptions");
				await Promise.all(([1, 2] as const).map((qos) => publishNumbered(peer, `down/${qos}`, qos, down[qos], 20)));
				for (let n = 0; n < COUNT; n++) peer.client.publish("down/0", `${n}`);
				await until(() => up[1].complete && up[2].complete, "all that the device sends", TIMEOUT_MS);
				await until(() => down[1].complete && down[2].complete, "all that the device is sent", TIMEOUT_MS);
				await device.drained();
				expectWhole(up);
				expectWhole(down);
				expect(down[0].received + up[0].received).toBeGreaterThan(0);
				expect(device.ends.length).toBeGreaterThan((2 * COUNT) / (4 * GAP));
				const reasons: number[] = [Reason.LINK_LOST, Reason.CONNECT_FAILED, Reason.HANDSHAKE_CUT];
				expect(device.ends.filter((end) => !reasons.includes(end.code))).toEqual([]);
				expect(device.problems).toEqual([]);
				await device.stop();
				await peer.end();
				await open.close();
				await broker.stop();
			},
			TIMEOUT_MS,
		);
	});
});
