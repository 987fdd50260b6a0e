import { performance } from "node:perf_hooks";
import mqtt from "mqtt";
import mqttPacket from "mqtt-packet";
import { Decoded, Decoder } from "../../firmware/codec/decoder.js";
import { writePublishHead } from "../../firmware/codec/encode.js";
import { Topic } from "../../firmware/codec/topic.js";
import { startAedes } from "../broker-aedes/aedes.js";
import { loadPlatform } from "../cli/platform.js";

/** One comparison on Node: ours against the other, in the same run. */
export interface Ratio {
	readonly name: string;
	/** Operations a second. */
	readonly ours: number;
	readonly theirs: number;
	readonly other: string;
}

const TOPIC = "sensors/kitchen/temp";
const PAYLOAD = Buffer.alloc(64, "a");

/** Rounds of each side, in turn, so that a machine whose speed drifts is fair to both. */
const ROUNDS = 5;

/** Median operations a second of two actions that take turns. */
function inTurn(count: number, ours: () => void, theirs: () => void): { ours: number; theirs: number } {
	const rates = { ours: [] as number[], theirs: [] as number[] };
	for (let round = 0; round <= ROUNDS; round++) {
		for (const [side, action] of [["ours", ours] as const, ["theirs", theirs] as const]) {
			const start = performance.now();
			for (let i = 0; i < count; i++) action();
			// The first round warms up.
			if (round > 0) rates[side].push((count * 1000) / (performance.now() - start));
		}
	}
	return { ours: median(rates.ours), theirs: median(rates.theirs) };
}

function median(values: number[]): number {
	return values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** PUBLISH QoS 1, 20-byte topic, 64-byte payload, to bytes and back. */
export function compareCodecs(): Ratio[] {
	const topic = new Topic(TOPIC);
	const bytes = new Uint8Array(256);
	const packet = {
		cmd: "publish",
		topic: TOPIC,
		payload: PAYLOAD,
		qos: 1,
		retain: false,
		dup: false,
		messageId: 7,
	} as const;
	const encode = inTurn(
		200_000,
		() => bytes.set(PAYLOAD, writePublishHead(bytes, 0, topic.field, 1, false, 7, PAYLOAD.length)),
		() => void mqttPacket.generate(packet),
	);
	const wire = mqttPacket.generate(packet);
	const decoder = new Decoder();
	const parser = mqttPacket.parser({ protocolVersion: 4 });
	let found = 0;
	const decode = inTurn(
		200_000,
		() => {
			if (decoder.decode(wire, 0, wire.length) !== Decoded.PUBLISH) throw new Error("not decoded");
			// What is found is used, so that the engine cannot leave the work out.
			found += decoder.packetId + decoder.payloadSize;
			decoder.reset();
		},
		() => void parser.parse(wire),
	);
	if (found === 0) throw new Error("nothing was decoded");
	return [
		{ name: "encode PUBLISH QoS 1", ...encode, other: "mqtt-packet" },
		{ name: "decode PUBLISH QoS 1", ...decode, other: "mqtt-packet" },
	];
}

/** Messages to itself through one aedes, a window of a few at a time. */
async function roundTrips(
	count: number,
	subscribe: (onMessage: () => void) => Promise<void>,
	publish: () => void,
): Promise<number> {
	const WINDOW = 16;
	let sent = 0;
	let received = 0;
	let start = 0;
	await new Promise<void>((resolve, reject) => {
		const onMessage = (): void => {
			if (++received === count) resolve();
			else if (sent < count) {
				sent++;
				publish();
			}
		};
		subscribe(onMessage).then(() => {
			start = performance.now();
			while (sent < WINDOW) {
				sent++;
				publish();
			}
		}, reject);
	});
	return (count * 1000) / (performance.now() - start);
}

/** End to end through the same aedes: QoS 1 both ways. */
export async function compareClients(count: number): Promise<Ratio> {
	const broker = await startAedes();
	const { Client, tcp } = await loadPlatform({ step: () => undefined, bytes: () => undefined });
	const rates = { ours: [] as number[], theirs: [] as number[] };
	for (let round = 0; round < ROUNDS; round++) {
		const topicName = `bench/${round}`;
		const topic = new Topic(topicName);
		const sizes = { outbox: 65_536, inflight: 64, rxBuffer: 16_384, readSize: 16_384, txBuffer: 16_384 };
		let subscribed = (): void => undefined;
		const connected = new Promise<void>((resolve) => (subscribed = resolve));
		const client = new Client({
			...sizes,
			host: broker.host,
			port: broker.port,
			clientId: `ours-${round}`,
			transport: tcp,
			onSubscribed: () => subscribed(),
		});
		const subscribe = async (onMessage: () => void): Promise<void> => {
			client.subscribe(topicName, 1, onMessage);
			client.start();
			await connected;
		};
		rates.ours.push(await roundTrips(count, subscribe, () => void client.publish(topic, PAYLOAD, 1)));
		client.stop();
		rates.theirs.push(await theirRoundTrips(count, `mqtt://${broker.host}:${broker.port}`, `theirs/${round}`));
	}
	await broker.close();
	return {
		name: "publish and receive QoS 1 through aedes",
		ours: median(rates.ours),
		theirs: median(rates.theirs),
		other: "MQTT.js",
	};
}

async function theirRoundTrips(count: number, url: string, topicName: string): Promise<number> {
	const client = await mqtt.connectAsync(url);
	const subscribe = async (onMessage: () => void): Promise<void> => {
		client.on("message", onMessage);
		await client.subscribeAsync(topicName, { qos: 1 });
	};
	const rate = await roundTrips(count, subscribe, () => void client.publish(topicName, PAYLOAD, { qos: 1 }));
	await client.endAsync();
	return rate;
}
