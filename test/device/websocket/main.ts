// Goal: the client over WebSocket does its work against a server that others have written, over the platform's own sockets, and
// tells why it is refused.
import config from "mc/config";
import { Client, Layer, QoS, Reason, State, Topic, type ClientOptions } from "xs-mqtt";
import { webSocket, type WebSocketOptions } from "xs-mqtt/websocket";
import { same, Tap, until } from "../tap.js";

const ECHO = new Topic("xs-mqtt/websocket-test/echo");
const MESSAGES = 50;
const SIZES = [0, 1, 90, 125, 126, 300, 900];

function makeClient(websocket: WebSocketOptions, options: Partial<ClientOptions> = {}): Client {
	return new Client({
		host: "127.0.0.1",
		port: config["websocketPort"] as number,
		clientId: "websocket",
		transport: webSocket(websocket),
		rxBuffer: 1024,
		outbox: 2048,
		reconnectMinMs: 20,
		reconnectMaxMs: 50,
		holdOffMs: 50,
		handshakeTimeoutMs: 500,
		...options,
	});
}

async function stopped(client: Client): Promise<void> {
	client.stop();
	await until(() => client.state === State.STOPPED, "stopped");
}

async function echo(qos: QoS): Promise<void> {
	const got: string[] = [];
	const client = makeClient({});
	client.subscribe("xs-mqtt/websocket-test/echo", qos, (message) => void got.push(message.text()));
	client.start();
	await until(() => client.connected, "connected");
	const wanted: string[] = [];
	for (let i = 0; i < MESSAGES; i++) {
		await until(() => client.publish(ECHO, `message ${i}`, qos) >= 0, "room");
		wanted.push(`message ${i}`);
	}
	for (const size of SIZES) {
		const text = "x".repeat(size);
		await until(() => client.publish(ECHO, text, qos) >= 0, "room");
		wanted.push(text);
	}
	await until(() => got.length >= wanted.length, "all back");
	same(got.join(), wanted.join(), "messages");
	await until(() => client.queued === 0, "all delivered");
	await stopped(client);
}

async function ends(path: string, code: number, detail: number): Promise<void> {
	let seen = "";
	let asked = 0;
	const client = makeClient(
		// The second attempt goes where all is well.
		{ path: () => (++asked === 1 ? path : "/mqtt") },
		{
			onDisconnected(_client, reason) {
				if (seen === "") seen = `${reason.layer} ${reason.code} ${reason.detail}`;
			},
		},
	);
	client.start();
	await until(() => asked > 1 && client.connected, "connected once the fault is mended");
	same(seen, `${Layer.WEBSOCKET} ${code} ${detail}`, "reason");
	await stopped(client);
}

/** Paths of the server of the check, and what becomes of each. */
const ENDS: readonly (readonly [path: string, code: number, detail: number])[] = [
	["/status/404", Reason.UPGRADE_REFUSED, 404],
	["/status/401", Reason.UPGRADE_REFUSED, 401],
	["/status/302", Reason.UPGRADE_REFUSED, 302],
	["/status/503", Reason.UPGRADE_UNAVAILABLE, 503],
	["/no-protocol", Reason.NO_SUBPROTOCOL, 1],
	["/wrong-accept", Reason.BAD_UPGRADE, 6],
	["/garbage", Reason.BAD_UPGRADE, 1],
	["/silence", Reason.WEBSOCKET_TIMEOUT, 0],
	["no slash", Reason.BAD_UPGRADE, 20],
	["/text", Reason.BAD_FRAME, 1],
	["/close/4001", Reason.WEBSOCKET_CLOSED, 4001],
];

export default function main(): void {
	const tap = new Tap();
	for (const qos of [QoS.AT_MOST_ONCE, QoS.AT_LEAST_ONCE, QoS.EXACTLY_ONCE]) {
		tap.test(`messages at QoS ${qos} come back`, () => echo(qos));
	}
	for (const [path, code, detail] of ENDS) {
		tap.test(`${path} ends with reason ${code} ${detail}`, () => ends(path, code, detail));
	}
	void tap.run();
}
