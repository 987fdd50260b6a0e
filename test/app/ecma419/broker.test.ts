import { afterAll, beforeAll, describe, expect, it } from "vitest";
import TCP from "embedded:io/socket/tcp";
import Resolver from "embedded:network/dns/resolver/udp";
import MQTTClient from "../../../firmware/ecma419/client.js";
import { startAedes } from "../../../host-sim/brokers/aedes/aedes.js";
import { addressFor } from "../../support/device.js";
import { Mosquitto, mosquittoMissing } from "../../support/mosquitto.js";
import { Peer } from "../../support/peer.js";
import { until } from "../../support/until.js";
import { buffer } from "./rig.js";

// Goal: a program of the SDK's kind gets and sends what it should over real connections.
// Method: the class over the stand-ins for the platform's TCP and name service; aedes, and mosquitto where it is installed.

interface Broker {
	port: number;
	end(): Promise<void>;
}

async function aedes(): Promise<Broker> {
	const broker = await startAedes();
	return { port: broker.port, end: () => broker.close() };
}

async function mosquitto(): Promise<Broker> {
	const broker = await Mosquitto.start();
	return { port: broker.port, end: () => broker.stop() };
}

const BROKERS: [string, () => Promise<Broker>][] = [["aedes", aedes]];
if (mosquittoMissing === undefined) BROKERS.push(["mosquitto", mosquitto]);

describe.each(BROKERS)("against %s", (_name, start) => {
	let broker: Broker;
	let host: string;
	let peer: Peer;
	beforeAll(async () => {
		broker = await start();
		host = addressFor(broker.port);
		peer = await Peer.connect(broker.port);
		await peer.subscribe("foo/bar/+", 2);
	});
	afterAll(async () => {
		await peer.end();
		await broker.end();
	});

	it("does what the SDK's example does", async () => {
		const controls: string[] = [];
		const got: string[] = [];
		let left = 16_384;
		let letter = 65;
		const client = new MQTTClient({
			host,
			id: "example",
			keepalive: 60_000,
			socket: { io: TCP as never },
			dns: { io: Resolver as never },
			will: { topic: "foo/will", message: buffer("born"), QoS: 0, retain: 0 },
			onControl(message) {
				controls.push(`${message.operation} ${message.id}`);
				if (message.operation !== MQTTClient.CONNACK) return;
				const items = [{ topic: "foo/bar/+", QoS: 2 }, { topic: "bar/foo" }];
				this.write(null, { operation: MQTTClient.SUBSCRIBE, items });
				this.write(null, { operation: MQTTClient.UNSUBSCRIBE, items: [{ topic: "frogs" }, { topic: "bar/foo" }] });
				this.write(buffer("SM"), { topic: "foo/bar/small", byteLength: 6, QoS: 2 });
				this.write(buffer("ALL\n"));
				this.write(null, { operation: MQTTClient.PINGREQ });
				this.write(buffer("XXL"), { topic: "foo/bar/xxl", byteLength: 3 + left, QoS: 1, id: 1234 });
			},
			onReadable(count, { more }) {
				got.push(Buffer.from(this.read(count)!).toString() + (more ? "" : "."));
			},
			onWritable(count) {
				const size = Math.min(count, left);
				if (size === 0) return;
				left -= size;
				this.write(buffer(String.fromCharCode(letter++).repeat(size)));
			},
		});
		await until(() => controls.includes(`${MQTTClient.PUBACK} 1234`), "PUBACK");
		await until(() => got.join("").length >= 6 + 3 + 16_384, "the echo");
		await peer.untilReceived(2);
		// The server's PUBREL follows our PUBREC: nothing orders it before the other acks, nor before the echo (§4.6).
		await until(() => controls.length >= 8, "eight packets");
		const payloads = peer.messages.map(({ topic, payload }) => `${topic} ${payload.length} ${payload.slice(0, 5)}`);
		expect(payloads.sort()).toEqual(["foo/bar/small 6 SMALL", "foo/bar/xxl 16387 XXLAA"]);
		expect(controls.map((line) => Number(line.split(" ")[0])).sort((a, b) => a - b)).toEqual([
			2, 4, 5, 6, 7, 9, 11, 13,
		]);
		await peer.publish("foo/bar/x", "", 1);
		await peer.publish("foo/bar/x", "after", 2);
		await until(() => got.at(-1) === "after.", "what follows");
		client.close();
	});
});
