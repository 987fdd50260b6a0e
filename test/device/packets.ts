// Goal: the client reads and writes the standard's bytes on the device's engine, where it lies in flash, read-only.
// Method: a transport without a network; each packet arrives whole, then byte by byte.
import { Client, State, type ClientOptions } from "xs-mqtt";
import { bytesOf } from "./hex.js";
import { Scripted } from "./scripted.js";
import { same, until, type Tap } from "./tap.js";
import { CONNECTS, MALFORMED, PUBLISHES } from "./vectors.js";

const CONNACK = bytesOf("20020000");

/** A client of which the test is the server. */
class Pair {
	script!: Scripted;
	readonly client: Client;
	readonly got: string[] = [];

	constructor(options: Partial<ClientOptions> = {}) {
		this.client = new Client({
			host: "broker.test",
			clientId: "c1",
			reconnect: false,
			...options,
			transport: (setup) => (this.script = new Scripted(setup)),
			onMessage: (message) =>
				void this.got.push(
					[message.topicText(), message.qos, message.retain, message.duplicate, message.text()].join(),
				),
		});
	}

	/** Starts, and waits for CONNECT. */
	async begin(): Promise<void> {
		this.client.start();
		await until(() => this.script.sent.length > 0, "CONNECT");
	}

	async connect(): Promise<void> {
		await this.begin();
		this.script.arrive(CONNACK);
		same(this.client.state, State.CONNECTED, "state");
		this.script.takeSent();
	}
}

export function addPacketTests(tap: Tap): void {
	for (const { name, hex, options } of CONNECTS) {
		tap.test(`writes CONNECT: ${name}`, async () => {
			const pair = new Pair(options);
			await pair.begin();
			same(pair.script.takeSent(), hex, "bytes");
		});
	}
	for (const [name, hex, topic, qos, retain, duplicate, payload, answer] of PUBLISHES) {
		tap.test(`reads PUBLISH, whole and byte by byte: ${name}`, async () => {
			const bytes = bytesOf(hex);
			const expected = [topic, qos, retain, duplicate, payload].join();
			for (const step of [bytes.length, 1]) {
				const pair = new Pair();
				await pair.connect();
				for (let i = 0; i < bytes.length; i += step) pair.script.arrive(bytes.slice(i, i + step));
				same(pair.got.join(";"), expected, `message by ${step}`);
				same(pair.script.takeSent(), answer, `answer by ${step}`);
			}
		});
	}
	for (const [id, hex, why] of MALFORMED) {
		tap.test(`closes on ${why} (${id})`, async () => {
			const pair = new Pair();
			await pair.connect();
			const closes = pair.script.closes;
			pair.script.arrive(bytesOf(hex));
			same(pair.script.closes > closes, true, "closed");
			same(pair.got.length, 0, "messages");
		});
	}
}
