// Goal: no slot and no chunk byte for a message, counted by the engine itself.
// Method: a program publishes to itself. After a warm-up it reads the engine's counters at every message. What is used
// includes garbage, so two equal readings mean that nothing was made; at every message, so that no collection hides any.
import Debug from "debug";
import Instrumentation from "instrumentation";
import { QoS, Topic, type Client } from "xs-mqtt";
import { connected, makeClient, stopped } from "./broker.js";
import { same, until, type Tap } from "./tap.js";

const WARM_UP = 100;
const COUNTED = 1_000;
/** Messages in the air: a round trip on the simulator takes some polls of its sockets. */
const AT_ONCE = 4;

const TOPIC = new Topic("xs-mqtt/device-test/memory");
const PAYLOAD_SIZE = 64;

/** Bytes in use, garbage included. */
class Heap {
	readonly #slotsIndex = Instrumentation.map("XS Slot Heap Used");
	readonly #chunksIndex = Instrumentation.map("XS Chunk Heap Used");
	slots = 0;
	chunks = 0;

	read(): void {
		this.slots = Instrumentation.get(this.#slotsIndex) ?? NaN;
		this.chunks = Instrumentation.get(this.#chunksIndex) ?? NaN;
	}
}

/** Publishes to itself, and watches the heap. */
class Loop {
	readonly client: Client;
	readonly first = new Heap();
	readonly now = new Heap();
	/** Messages after which the counters were not what they were before. */
	changes = 0;
	readonly #payload = new Uint8Array(PAYLOAD_SIZE).fill(0x61);
	readonly #qos: QoS;
	#count = 0;

	constructor(qos: QoS) {
		this.#qos = qos;
		// Packets arrive joined in ever new ways. With the fewest views, which are there from the start, none is made later.
		this.client = makeClient(`memory-${qos}`, { views: 2 });
		this.client.subscribe("xs-mqtt/device-test/memory", qos, () => this.#take());
	}

	get done(): boolean {
		return this.#count >= WARM_UP + COUNTED;
	}

	publish(): void {
		this.client.publish(TOPIC, this.#payload, this.#qos);
	}

	#take(): void {
		this.#count++;
		if (this.#count === WARM_UP) {
			Debug.gc();
			this.first.read();
			this.now.read();
		} else if (this.#count > WARM_UP) this.#compare();
		if (this.#count <= WARM_UP + COUNTED - AT_ONCE) this.publish();
	}

	#compare(): void {
		const { slots, chunks } = this.now;
		this.now.read();
		if (this.now.slots !== slots || this.now.chunks !== chunks) this.changes++;
	}
}

async function measure(qos: QoS): Promise<void> {
	const loop = new Loop(qos);
	await connected(loop.client);
	for (let i = 0; i < AT_ONCE; i++) loop.publish();
	await until(() => loop.done, "all messages", 50_000);
	await stopped(loop.client);
	const { first, now } = loop;
	const took = `${now.slots - first.slots} bytes of slots and ${now.chunks - first.chunks} of chunks`;
	trace(`# QoS ${qos}: ${COUNTED} messages out and in took ${took}; in use ${first.slots} and ${first.chunks}\n`);
	same(took, "0 bytes of slots and 0 of chunks", "took");
	same(loop.changes, 0, "messages that took something");
}

export function addMemoryTests(tap: Tap): void {
	if (Instrumentation.get(Instrumentation.map("XS Slot Heap Used")) === undefined) {
		return trace("# this build has no counters: no memory tests\n");
	}
	for (const qos of [QoS.AT_MOST_ONCE, QoS.AT_LEAST_ONCE, QoS.EXACTLY_ONCE]) {
		tap.test(`nothing is allocated for ${COUNTED} messages at QoS ${qos}`, () => measure(qos));
	}
}
