// Goal: a program for the SDK's MQTT client class is served by this package's, in the cases that stop the SDK's.
// Method: the class, preloaded; a socket class of which the test is the server, and a real server.
import config from "mc/config";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import MQTTClient from "xs-mqtt/ecma419";
import { bytesOf, hexOf } from "./hex.js";
import { pause, same, until, type Tap } from "./tap.js";

type Options = ConstructorParameters<typeof MQTTClient>[0];
type SocketOptions = ConstructorParameters<Options["socket"]["io"]>[0];

/** The server's words: CONNACK; a QoS 2 message, and the same again with DUP; PUBREL. */
const CONNACK = "20020000";
const ONCE = "340900016100076f6e6365";
const ONCE_AGAIN = "3c0900016100076f6e6365";
const PUBREL = "62020007";
const EMPTY = "3003000161";
const NEXT = "30070001616e657874";

/** A socket without a network; what a program may not do to its platform's socket, it refuses. */
class ScriptedSocket {
	sent = "";
	closes = 0;
	readonly options: SocketOptions;
	#inbox: Uint8Array = new Uint8Array(0);

	constructor(options: SocketOptions) {
		this.options = options;
		Timer.set(() => options.onWritable(1024));
	}

	arrive(hex: string): void {
		this.#inbox = bytesOf(hex);
		this.options.onReadable(this.#inbox.length);
	}

	read(view: Uint8Array): number {
		if (view.length > this.#inbox.length) throw new Error("invalid");
		view.set(this.#inbox.subarray(0, view.length));
		this.#inbox = this.#inbox.slice(view.length);
		return view.length;
	}

	write(view: Uint8Array): number {
		this.sent += hexOf(view);
		return 1024;
	}

	close(): void {
		this.closes++;
	}
}

/** A program of which the test is the server too. */
async function scripted(options: Partial<Options>): Promise<ScriptedSocket> {
	let socket: ScriptedSocket | undefined;
	class Socket extends ScriptedSocket {
		constructor(given: SocketOptions) {
			super(given);
			// eslint-disable-next-line @typescript-eslint/no-this-alias -- the test talks to it.
			socket = this;
		}
	}
	new MQTTClient({ host: "192.0.2.1", id: "c1", socket: { io: Socket }, ...options });
	await until(() => socket !== undefined && socket.sent !== "", "CONNECT");
	socket!.sent = "";
	socket!.arrive(CONNACK);
	return socket!;
}

/** Text of the message that is being told. */
function textOf(client: MQTTClient): string {
	return String.fromArrayBuffer(client.read() ?? new ArrayBuffer(0));
}

async function emptyPayload(): Promise<void> {
	const got: string[] = [];
	const socket = await scripted({
		onReadable(count) {
			got.push(`${count}:${textOf(this)}`);
		},
	});
	socket.arrive(EMPTY + NEXT);
	same(got.join(), "0:,4:next", "messages");
}

async function duplicate(): Promise<void> {
	const got: string[] = [];
	const socket = await scripted({
		onReadable() {
			got.push(textOf(this));
		},
	});
	socket.arrive(ONCE);
	socket.arrive(ONCE_AGAIN);
	same(got.join(), "once", "messages before PUBREL");
	same(socket.sent, "5002000750020007", "answers");
	socket.arrive(PUBREL);
	socket.arrive(ONCE);
	same(got.join(), "once,once", "messages");
}

async function unreadMessage(): Promise<void> {
	let told = 0;
	let client: MQTTClient | undefined;
	const socket = await scripted({
		onReadable() {
			// eslint-disable-next-line @typescript-eslint/no-this-alias -- read later.
			client = this;
			told++;
		},
	});
	socket.arrive(NEXT + NEXT);
	await pause(50);
	same(told, 1, "told");
	same(textOf(client!), "next", "first");
	await until(() => told === 2, "the second");
	same(textOf(client!), "next", "second");
}

/** The SDK's class ends the program here. */
async function closeInCallback(): Promise<void> {
	for (const name of ["onControl", "onWritable", "onReadable", "onError"]) {
		let calls = 0;
		const options = {
			[name](this: MQTTClient) {
				calls++;
				this.close();
			},
		};
		const socket = await scripted(options);
		await pause(50);
		if (socket.closes === 0) socket.arrive(NEXT + NEXT);
		await pause(10);
		if (socket.closes === 0) socket.options.onError();
		await pause(10);
		same(calls, 1, name);
		same(socket.closes > 0, true, `closed in ${name}`);
	}
}

const STREAM_SIZE = 20_000;

/** 20 KB out and back by pieces, with all three kinds of callbacks, over the platform's own sockets. */
function streamed(): Promise<void> {
	const { host, port } = config["mqtt"] as { host: string; port: number };
	return new Promise((resolve, reject) => {
		let left = STREAM_SIZE;
		let size = 0;
		let sum = 0;
		const piece = new Uint8Array(512).fill(3);
		new MQTTClient({
			host: host === "localhost" ? "127.0.0.1" : host,
			port,
			id: "ecma419",
			socket: { io: TCP as never },
			onControl({ operation }) {
				if (operation === MQTTClient.CONNACK) {
					this.write(null, { operation: MQTTClient.SUBSCRIBE, items: [{ topic: "xs-mqtt/ecma419", QoS: 1 }] });
				} else if (operation === MQTTClient.SUBACK) {
					left -= 3;
					this.write(Uint8Array.of(3, 3, 3), { topic: "xs-mqtt/ecma419", byteLength: STREAM_SIZE, QoS: 1 });
				}
			},
			onWritable(count) {
				for (let room = count; left < STREAM_SIZE && left > 0 && room > 0;) {
					const size = Math.min(left, room, piece.length);
					left -= size;
					room = this.write(piece.subarray(0, size));
				}
			},
			onReadable(count, { more }) {
				const bytes = new Uint8Array(this.read(count)!);
				for (let i = 0; i < bytes.length; i++) sum += bytes[i]!;
				size += bytes.length;
				if (more) return;
				this.close();
				if (size === STREAM_SIZE && sum === 3 * STREAM_SIZE) resolve();
				else reject(new Error(`${size} bytes, sum ${sum}`));
			},
			onError: reject,
		});
	});
}

export function addEcma419Tests(tap: Tap): void {
	tap.test("ECMA-419: an empty payload is told, and the next message comes", emptyPayload);
	tap.test("ECMA-419: a repeated QoS 2 message is told once", duplicate);
	tap.test("ECMA-419: a message that is read later keeps its place", unreadMessage);
	tap.test("ECMA-419: close() within every callback", closeInCallback);
	tap.test("ECMA-419: 20 KB written and read piece by piece", streamed);
}
