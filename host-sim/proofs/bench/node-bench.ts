import { performance } from "node:perf_hooks";
import mqtt from "mqtt";
import mqttPacket from "mqtt-packet";
import { Decoded, Decoder } from "../../../firmware/codec/decoder.js";
import { writePublishHead } from "../../../firmware/codec/encode.js";
import { Topic } from "../../../firmware/codec/topic.js";
import { startAedes } from "../../brokers/aedes/aedes.js";
import { loadPlatform } from "./platform.js";

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

/** One PUBLISH as an object of its own that keeps no buffer of anybody else. */
interface Publish {
	readonly topic: string;
	readonly payload: Buffer;
	readonly packetId: number;
	readonly qos: number;
	readonly retain: boolean;
	readonly dup: boolean;
}

/** What mqtt-packet makes of bytes, made with our decoder: a string for the topic, a copy of the payload. */
function objectOf(decoder: Decoder, wire: Buffer): Publish {
	if (decoder.decode(wire, 0, wire.length) !== Decoded.PUBLISH) throw new Error("not decoded");
	const { topicStart, topicSize, payloadStart, packetSize, packetId, firstByte } = decoder;
	decoder.reset();
	return {
		topic: wire.toString("utf8", topicStart, topicStart + topicSize),
		payload: Buffer.from(wire.subarray(payloadStart, packetSize)),
		packetId,
		qos: (firstByte >> 1) & 3,
		retain: (firstByte & 1) !== 0,
		dup: (firstByte & 8) !== 0,
	};
}

/** A PUBLISH as bytes of its own, from a topic name that is checked and encoded each time, as mqtt-packet does. */
function bytesOf(topicName: string, payload: Buffer): Buffer {
	const topic = new Topic(topicName);
	const size = topic.field.length + 2;
	const bytes = Buffer.alloc(5 + size + payload.length);
	const start = writePublishHead(bytes, 0, topic.field, 1, false, 7, payload.length);
	bytes.set(payload, start);
	return bytes.subarray(0, start + payload.length);
}

/** PUBLISH QoS 1, 20-byte topic, 64-byte payload, from an object to bytes and back: the same work on both sides. */
export function compareCodecs(count = 100_000): Ratio[] {
	const decoder = new Decoder();
	const parser = mqttPacket.parser({ protocolVersion: 4 });
	const packet = {
		cmd: "publish",
		topic: TOPIC,
		payload: PAYLOAD,
		qos: 1,
		retain: false,
		dup: false,
		messageId: 7,
	} as const;
	const wire = mqttPacket.generate(packet);
	if (!bytesOf(TOPIC, PAYLOAD).equals(wire)) throw new Error("the two do not write the same bytes");
	// What is found is used, so that the engine cannot leave the work out.
	let sum = 0;
	const take = (topic: string, payload: Uint8Array, id: number): void => {
		sum += topic.length + payload[0]! + payload.length + id;
	};
	parser.on("packet", (found) => {
		if (found.cmd === "publish") take(found.topic, found.payload as Buffer, found.messageId ?? 0);
	});
	const encode = inTurn(
		count,
		() => (sum += bytesOf(TOPIC, PAYLOAD).length),
		() => (sum += mqttPacket.generate(packet).length),
	);
	const decode = inTurn(
		count,
		() => {
			const { topic, payload, packetId } = objectOf(decoder, wire);
			take(topic, payload, packetId);
		},
		() => void parser.parse(wire),
	);
	if (sum === 0) throw new Error("nothing was done");
	return [
		{ name: "PUBLISH QoS 1 from an object to bytes", ...encode, other: "mqtt-packet" },
		{ name: "PUBLISH QoS 1 from bytes to an object", ...decode, other: "mqtt-packet" },
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
