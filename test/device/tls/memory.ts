// Goal: what TLS takes of the heap for a handshake and for a message, and that none of it is ours.
// Method: the collector is switched off, so that what is used is what was taken. The client publishes to itself through tls();
// the SDK's own class sends and gets back the same bytes. A client takes nothing for a message (../memory.ts): what tls() takes
// beyond the SDK's class would be ours.
import Debug from "debug";
import Instrumentation from "instrumentation";
import config from "mc/config";
import { Client, QoS, State, Topic } from "xs-mqtt";
import { tls } from "xs-mqtt/tls";
import { until } from "../tap.js";
import { everyName, named, optionsOf, type Case } from "./cases.js";
import { openSdk } from "./sdk.js";

const WARM_UP = 20;
const COUNTED = 50;
const TOPIC = new Topic("xs-mqtt/tls-check/memory");
const PAYLOAD_SIZE = 64;
/** Fixed header, topic with its size, payload. */
const PACKET_SIZE = 2 + 2 + 24 + PAYLOAD_SIZE;

/** A server for each way of encryption: in front of the broker, and one that sends back what it gets. */
interface Row {
	name: string;
	broker: Case;
	echo: Case;
}

const gc = Debug.gc as (enable?: boolean) => void;

/** Bytes in use, garbage included. */
class Heap {
	slots = 0;
	chunks = 0;

	read(): void {
		this.slots = Instrumentation.get(Instrumentation.map("XS Slot Heap Used")) ?? NaN;
		this.chunks = Instrumentation.get(Instrumentation.map("XS Chunk Heap Used")) ?? NaN;
	}
}

/** What one part took: slots of 32 bytes on the simulator, and bytes of chunks. */
class Taken {
	readonly #before = new Heap();
	readonly #after = new Heap();

	begin(): void {
		gc();
		gc(false);
		this.#before.read();
	}

	end(): void {
		this.#after.read();
		gc(true);
	}

	slots(count: number): number {
		return Math.round((10 * (this.#after.slots - this.#before.slots)) / 32 / count) / 10;
	}

	chunks(count: number): number {
		return Math.round((10 * (this.#after.chunks - this.#before.chunks)) / count) / 10;
	}

	say(count: number): string {
		return `${this.slots(count)} slots, ${this.chunks(count)} chunk bytes`;
	}
}

async function measureClient(row: Row, handshake: Taken, message: Taken): Promise<void> {
	let count = 0;
	const payload = new Uint8Array(PAYLOAD_SIZE).fill(0x61);
	const { host, port } = row.broker;
	const client = new Client({
		...{ host, port, clientId: "tls-memory", dns: everyName, keepAlive: 600, views: 8 },
		transport: tls(optionsOf(row.broker)),
		onConnected: () => handshake.end(),
	});
	client.subscribe("xs-mqtt/tls-check/memory", QoS.AT_MOST_ONCE, () => {
		count++;
		if (count === WARM_UP) message.begin();
		else if (count === WARM_UP + COUNTED) return message.end();
		client.publish(TOPIC, payload, QoS.AT_MOST_ONCE);
	});
	handshake.begin();
	client.start();
	await until(() => client.connected, "connected");
	client.publish(TOPIC, payload, QoS.AT_MOST_ONCE);
	await until(() => count === WARM_UP + COUNTED, "all messages", 30_000);
	client.stop();
	await until(() => client.state === State.STOPPED, "stopped");
}

async function measureSdk(row: Row, handshake: Taken, message: Taken): Promise<void> {
	let count = 0;
	let isOpen = false;
	const packet = new Uint8Array(PACKET_SIZE).fill(0x61);
	const answer = new Uint8Array(PACKET_SIZE);
	const ca = named(row.echo.ca[0]!);
	handshake.begin();
	const socket = openSdk(row.echo, ca, {
		onWritable() {
			if (isOpen) return;
			isOpen = true;
			handshake.end();
			socket.write(packet);
		},
		onReadable() {
			socket.read(answer);
			count++;
			if (count === WARM_UP) message.begin();
			else if (count === WARM_UP + COUNTED) return message.end();
			socket.write(packet);
		},
		onError: () => trace("# SDK: ended\n"),
	});
	await until(() => count === WARM_UP + COUNTED, "all answers", 30_000);
	socket.close();
}

async function measureRow(row: Row): Promise<void> {
	const [ours, theirs] = [new Taken(), new Taken()];
	const [oursEach, theirsEach] = [new Taken(), new Taken()];
	await measureSdk(row, theirs, theirsEach);
	await measureClient(row, ours, oursEach);
	trace(`# | ${row.name}: handshake ${ours.say(1)} (the SDK's class: ${theirs.say(1)})\n`);
	trace(`# | ${row.name}: message out and in ${oursEach.say(COUNTED)} (the SDK's class: ${theirsEach.say(COUNTED)})\n`);
	if (oursEach.slots(COUNTED) > theirsEach.slots(COUNTED) || oursEach.chunks(COUNTED) > theirsEach.chunks(COUNTED)) {
		trace(`# memory: ${row.name} takes more than the SDK's class\n`);
	}
}

export async function measure(): Promise<void> {
	if (Instrumentation.get(Instrumentation.map("XS Slot Heap Used")) === undefined) return;
	const { memory } = config["tlsCheck"] as { memory: Row[] };
	for (let i = 0; i < memory.length; i++) {
		try {
			await measureRow(memory[i]!);
		} catch (error) {
			trace(`# memory: ${String(error)}\n`);
		}
	}
}
