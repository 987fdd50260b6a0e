import { Client, type ClientOptions, type DisconnectReason, type Message } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld, type SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import { describeEscape } from "../../host-sim/world/escape.js";
import { until } from "./until.js";

/** Exceptions that left a callback: each would have restarted a real device. */
const escapes: string[] = [];

function onEscape(error: unknown, origin: string): void {
	escapes.push(describeEscape(error, origin));
}

/**
 * The world of timers, time and lookups of all devices of a test file, made anew with other options; connections belong to
 * a world of each device's own.
 */
export function useCommonWorld(options: SocketWorldOptions = {}): SocketWorld {
	const world = new SocketWorld({ onEscape, ...options });
	useWorld(world);
	return world;
}
useCommonWorld();

/** A message, or a piece of one, as a handler saw it. */
export interface Got {
	topic: string;
	payload: string;
	qos: number;
	retain: boolean;
	duplicate: boolean;
	packetId: number;
	offset: number;
	total: number;
}

/** A DisconnectReason as it was, and when. */
export interface Ended {
	layer: number;
	code: number;
	detail: number;
	retryMs: number;
	wasConnected: boolean;
	/** Of the world's clock. */
	atMs: number;
}

const devices = new Set<Device>();
let addresses = 0;

/** An address that nobody has, and what is to be undone in the end. Connections to it are made in `world`. */
function addressOf(world: SocketWorld): { address: string; release: () => void } {
	const number = ++addresses;
	// 198.18.0.0/15 is set aside for tests of networks; 198.18.x.y is what worlds give to names.
	const address = `198.19.${number >> 8}.${number & 255}`;
	return { address, release: useWorld(world, address) };
}

/** A new address at which a broker on this machine answers. */
export function addressFor(port: number): string {
	return addressOf(new SocketWorld({ onEscape, broker: { host: "127.0.0.1", port } })).address;
}

/** Fast times, so that a test of many reconnects does not take minutes. */
const QUICK: Partial<ClientOptions> = {
	keepAlive: 30,
	reconnectMinMs: 5,
	reconnectMaxMs: 20,
	stableMs: 1,
	holdOffMs: 20,
};

/**
 * A client of ours as a program on a device would have it, with a network of its own, and what it has reported.
 * Callbacks given as options are called as well.
 */
export class Device {
	readonly client: Client;
	/** Faults and cuts of this device's connections. */
	readonly world: SocketWorld;
	readonly messages: Got[] = [];
	readonly ends: Ended[] = [];
	/** Session Present of each CONNACK. */
	readonly accepted: boolean[] = [];
	readonly delivered: number[] = [];
	/** SUBACK codes. */
	readonly granted: number[] = [];
	readonly problems: [problem: number, detail: number][] = [];
	unsubscribed = 0;
	stops = 0;
	readonly #release: () => void;

	/**
	 * in   port     of a broker on this machine; 0: the client goes to the `host` it is given
	 *      options  of the client; quick times unless told
	 *      world    its faults
	 */
	constructor(port: number, options: Partial<ClientOptions> = {}, world: SocketWorldOptions = {}) {
		this.world = new SocketWorld({ onEscape, ...world });
		const { address, release } = addressOf(this.world);
		this.#release = release;
		devices.add(this);
		if (port !== 0) this.world.connectTo({ host: "127.0.0.1", port });
		this.client = new Client({
			...QUICK,
			host: address,
			transport: tcp,
			clientId: `device-${process.pid}-${devices.size}`,
			...options,
			onConnected: (client, sessionPresent) => {
				this.accepted.push(sessionPresent);
				options.onConnected?.(client, sessionPresent);
			},
			onDisconnected: (client, reason) => {
				this.ends.push({ ...copyOf(reason), atMs: this.world.clock.now() });
				options.onDisconnected?.(client, reason);
			},
			onDelivered: (client, packetId, reasonCode) => {
				this.delivered.push(packetId);
				options.onDelivered?.(client, packetId, reasonCode);
			},
			onSubscribed: (client, subscription, code) => {
				this.granted.push(code);
				options.onSubscribed?.(client, subscription, code);
			},
			onUnsubscribed: (client, subscription) => {
				this.unsubscribed++;
				options.onUnsubscribed?.(client, subscription);
			},
			onProblem: (client, problem, detail) => {
				this.problems.push([problem, detail]);
				options.onProblem?.(client, problem, detail);
			},
			onStopped: (client) => {
				this.stops++;
				options.onStopped?.(client);
			},
		});
	}

	/** A handler that keeps what it gets. */
	readonly keep = (message: Message): void => {
		this.messages.push(gotOf(message));
	};

	/** Payloads of the messages kept so far. */
	get payloads(): string[] {
		return this.messages.map((message) => message.payload);
	}

	/** Starts, and waits until the server has accepted it. */
	async connect(): Promise<this> {
		this.client.start();
		return this.untilConnected();
	}

	async untilConnected(): Promise<this> {
		await until(() => this.client.connected, "a connection");
		return this;
	}

	/** Subscribes and waits for SUBACK. */
	async subscribe(filter: string, qos: 0 | 1 | 2 = 0, handler: (message: Message) => void = this.keep): Promise<this> {
		const before = this.granted.length;
		this.client.subscribe(filter, qos, handler);
		await until(() => this.granted.length > before, "SUBACK");
		return this;
	}

	/** Waits until no publish is unfinished. */
	async drained(timeoutMs?: number): Promise<void> {
		await until(() => this.client.queued === 0, "an empty outbox", timeoutMs);
	}

	async untilReceived(count: number, timeoutMs?: number): Promise<void> {
		await until(() => this.messages.length >= count, `${count} messages`, timeoutMs);
	}

	/** Stops orderly. */
	async stop(): Promise<void> {
		const before = this.stops;
		this.client.stop();
		await until(() => this.stops > before || this.client.state === 0, "onStopped");
	}

	/** Takes the device away without a word, as when its power fails. */
	remove(): void {
		this.world.close();
		this.client.stop();
		this.#release();
	}
}

function copyOf({ layer, code, detail, retryMs, wasConnected }: DisconnectReason): Omit<Ended, "atMs"> {
	return { layer, code, detail, retryMs, wasConnected };
}

export function gotOf(message: Message): Got {
	const { qos, retain, duplicate, packetId, offset, total } = message;
	const payload = Buffer.from(message.bytes()).toString("latin1");
	return { topic: message.topicText(), payload, qos, retain, duplicate, packetId, offset, total };
}

/** For afterAll: ends all devices of a test file. Throws when an exception has left one of them. */
export function endDevices(): void {
	for (const device of devices) device.remove();
	if (escapes.length > 0) throw new Error(escapes.splice(0).join("\n"));
}
