// Goal: the client does its work against a real server, over the platform's own sockets, timers and name lookup.
import config from "mc/config";
import Timer from "timer";
import { Client, Layer, QoS, State, Status, Text, Topic, type ClientOptions } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";
import { pause, same, until, type Tap } from "./tap.js";

/** Made while the image is built: they lie in flash. */
const ECHO = new Topic("xs-mqtt/device-test/echo");
const HELLO = new Text("hello").bytes;

const STREAM_SIZE = 16_384;
const MESSAGES = 50;

export function makeClient(clientId: string, options: Partial<ClientOptions> = {}): Client {
	const settings = config["mqtt"] as { host: string; port: number };
	return new Client({
		...settings,
		clientId,
		transport: tcp,
		dns: platformDns(),
		reconnectMinMs: 50,
		reconnectMaxMs: 200,
		...options,
	});
}

export async function connected(client: Client): Promise<Client> {
	client.start();
	await until(() => client.connected, "connected");
	return client;
}

export async function stopped(client: Client): Promise<void> {
	client.stop();
	await until(() => client.state === State.STOPPED, "stopped");
}

/** A byte of the streamed payload, by its place. */
function byteAt(offset: number): number {
	return (offset * 7 + (offset >> 8)) & 0xff;
}

async function echo(qos: QoS): Promise<void> {
	const got: string[] = [];
	let delivered = 0;
	const client = makeClient(`echo-${qos}`, { onDelivered: () => void delivered++ });
	client.subscribe("xs-mqtt/device-test/echo", qos, (message) => void got.push(message.text()));
	await connected(client);
	const wanted: string[] = [];
	for (let i = 0; i < MESSAGES; i++) {
		// A full outbox is no error: it empties as the acks come.
		await until(() => client.publish(ECHO, `message ${i}`, qos) >= 0, "room");
		wanted.push(`message ${i}`);
	}
	await until(() => got.length >= MESSAGES, "all back");
	same(got.join(), wanted.join(), "messages");
	await until(() => client.queued === 0, "all delivered");
	if (qos > 0) same(delivered, MESSAGES, "acknowledged");
	await stopped(client);
}

async function emptyPayload(): Promise<void> {
	const sizes: number[] = [];
	const client = makeClient("empty");
	client.subscribe("xs-mqtt/device-test/echo", QoS.AT_LEAST_ONCE, (message) => void sizes.push(message.size));
	await connected(client);
	client.publish(ECHO, "", QoS.AT_LEAST_ONCE);
	client.publish(ECHO, HELLO, QoS.AT_LEAST_ONCE);
	await until(() => sizes.length === 2, "both messages");
	same(sizes.join(), "0,5", "sizes");
	await stopped(client);
}

async function stream(): Promise<void> {
	let next = 0;
	let wrong = 0;
	const client = makeClient("stream");
	client.subscribeStream("xs-mqtt/device-test/stream", QoS.AT_LEAST_ONCE, (message) => {
		if (message.offset !== next || message.total !== STREAM_SIZE) wrong++;
		for (let i = 0; i < message.size; i++) if (message.byteAt(i) !== byteAt(next + i)) wrong++;
		next += message.size;
	});
	await connected(client);
	const result = client.publishStream(
		"xs-mqtt/device-test/stream",
		STREAM_SIZE,
		{
			read(position, target, offset, size) {
				for (let i = 0; i < size; i++) target[offset + i] = byteAt(position + i);
				return size;
			},
		},
		QoS.AT_LEAST_ONCE,
	);
	same(result >= 0, true, "taken");
	await until(() => next >= STREAM_SIZE, "all pieces", 30_000);
	same(wrong, 0, "wrong bytes");
	await stopped(client);
}

async function session(): Promise<void> {
	const got: string[] = [];
	const present: boolean[] = [];
	const options: Partial<ClientOptions> = {
		cleanSession: false,
		onConnected: (_client, sessionPresent) => void present.push(sessionPresent),
	};
	// What an earlier run has left.
	await stopped(await connected(makeClient("session", { cleanSession: true })));
	const client = makeClient("session", options);
	client.subscribe("xs-mqtt/device-test/kept", QoS.AT_LEAST_ONCE, (message) => void got.push(message.text()));
	await connected(client);
	await pause(200);
	await stopped(client);
	const other = await connected(makeClient("session-other"));
	other.publish("xs-mqtt/device-test/kept", "while away", QoS.AT_LEAST_ONCE);
	await until(() => other.queued === 0, "delivered");
	await stopped(other);
	await connected(client);
	await until(() => got.length > 0, "what was kept");
	same(present.join(), "false,true", "session present");
	same(got.join(), "while away", "messages");
	await stopped(client);
}

/** Everything an application may do to its client from within the client's own callback. */
async function stopInHandler(): Promise<void> {
	let stops = 0;
	const client = makeClient("stop-in-handler", { onStopped: () => void stops++ });
	client.subscribe("xs-mqtt/device-test/echo", QoS.EXACTLY_ONCE, () => client.stop());
	await connected(client);
	client.publish(ECHO, HELLO, QoS.EXACTLY_ONCE);
	await until(() => stops > 0, "stopped");
	same(client.state, State.STOPPED, "state");
	same(stops, 1, "onStopped");
}

async function throwingHandler(): Promise<void> {
	let calls = 0;
	const client = makeClient("throwing");
	client.subscribe("xs-mqtt/device-test/echo", QoS.AT_LEAST_ONCE, () => {
		calls++;
		throw new Error("by design");
	});
	await connected(client);
	client.publish(ECHO, HELLO, QoS.AT_LEAST_ONCE);
	client.publish(ECHO, HELLO, QoS.AT_LEAST_ONCE);
	await until(() => calls === 2, "both messages");
	same(client.connected, true, "connected");
	await stopped(client);
}

/** Nobody listens on this port of the machine itself. */
async function refused(): Promise<void> {
	const layers: number[] = [];
	const client = makeClient("refused", {
		host: "127.0.0.1",
		port: 9,
		reconnectMinMs: 10,
		reconnectMaxMs: 20,
		onDisconnected: (_client, reason) => void layers.push(reason.layer),
	});
	client.start();
	await until(() => layers.length >= 3, "three attempts");
	same(layers.slice(0, 3).join(), [Layer.TRANSPORT, Layer.TRANSPORT, Layer.TRANSPORT].join(), "layers");
	await stopped(client);
}

/** A name service that knows a new address at every question; at the first one nobody is at home. */
async function moved(): Promise<void> {
	const asked: string[] = [];
	const addresses = ["127.0.0.9", "127.0.0.1"];
	const client = makeClient("moved", {
		host: "broker.test",
		dns: {
			resolve({ host, onResolved }) {
				asked.push(host);
				const address = addresses[Math.min(asked.length, addresses.length) - 1]!;
				Timer.set(() => onResolved(host, address));
			},
		},
	});
	await connected(client);
	same(asked.join(), "broker.test,broker.test", "questions");
	await stopped(client);
}

async function takenOver(): Promise<void> {
	let ends = 0;
	const first = makeClient("twice", { onDisconnected: () => void ends++ });
	await connected(first);
	const second = await connected(makeClient("twice", { reconnect: false }));
	await until(() => ends === 1, "the first is told");
	await stopped(first);
	await stopped(second);
}

async function keepsAlive(): Promise<void> {
	const client = await connected(makeClient("pinging", { keepAlive: 1 }));
	await pause(4_000);
	same(client.connected, true, "connected");
	await stopped(client);
	same(client.publish(ECHO, HELLO), Status.OK, "a stopped client queues");
}

/** The pattern of guide books: the timer is made once, and armed and parked from within its own callback too. */
function rearmedTimer(): Promise<void> {
	return new Promise((resolve, reject) => {
		let calls = 0;
		const timer = Timer.repeat(() => {
			calls++;
			if (calls < 5) return Timer.schedule(timer, 20, 20);
			Timer.schedule(timer);
			Timer.set(() => {
				Timer.clear(timer);
				if (calls === 5) resolve();
				else reject(new Error(`fired ${calls} times`));
			}, 100);
		}, 1_000);
		Timer.schedule(timer, 20, 20);
	});
}

export function addBrokerTests(tap: Tap): void {
	tap.test("a timer armed from within its callback fires once each time", rearmedTimer);
	for (const qos of [QoS.AT_MOST_ONCE, QoS.AT_LEAST_ONCE, QoS.EXACTLY_ONCE]) {
		tap.test(`${MESSAGES} messages out and back, in order, at QoS ${qos}`, () => echo(qos));
	}
	tap.test("an empty payload is a message, and the next one comes", emptyPayload);
	tap.test("16 KB out and back through buffers of some hundred bytes", stream);
	tap.test("a kept session is resumed, with what came in between", session);
	tap.test("stop() from within a handler", stopInHandler);
	tap.test("a handler that throws ends nothing", throwingHandler);
	tap.test("a refused connection is told, and tried again", refused);
	tap.test("a broker that has moved is found: its name is looked up for every attempt", moved);
	tap.test("a client whose name another one takes is told", takenOver);
	tap.test("pings keep a silent connection", keepsAlive);
}
