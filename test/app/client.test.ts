import { Core } from "../../firmware/client/connection/core.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Client, Counter, Layer, QoS, Reason, State, Status, Text, Topic, type ClientOptions } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";
import { regionSizes } from "../../host-sim/commands/regions.js";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld } from "../../host-sim/world/socket-world.js";
import { gotOf, type Got } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

// Goal: every public method of Client, its usual way and each status that it may return.
// Method: the client as a program makes it, on the stand-ins for the platform's modules, against a broker in this process;
// an MQTT.js client is the other side.

/** First bytes, as the packet log has them. */
const SUBACK = 0x90;
const PINGRESP = 0xd0;

let broker: EmbeddedBroker;
let peer: Peer;
const worlds: SocketWorld[] = [];
const restores: (() => void)[] = [];
const escapes: unknown[] = [];

beforeAll(async () => {
	broker = await startAedes();
	peer = await Peer.connect(broker.port);
	await peer.subscribe("out/#", 2);
});
afterAll(async () => {
	await peer.end();
	await broker.close();
});
afterEach(() => {
	for (const world of worlds.splice(0)) world.close();
	for (const restore of restores.splice(0).reverse()) restore();
	peer.messages.length = 0;
	expect(escapes).toEqual([]);
});

/** A device's surroundings, for the clients that this test makes. */
function enter(): SocketWorld {
	const world = new SocketWorld({ broker, onEscape: (error) => void escapes.push(error) });
	worlds.push(world);
	restores.push(useWorld(world));
	return world;
}

let clients = 0;

function made(options: Partial<ClientOptions> = {}): Client {
	if (worlds.length === 0) enter();
	const quick = { packetLog: 16, reconnectMinMs: 5, reconnectMaxMs: 20, keepAlive: 30 };
	return new Client({ host: "192.0.2.1", transport: tcp, clientId: `client-${++clients}`, ...quick, ...options });
}

async function connected(options: Partial<ClientOptions> = {}): Promise<Client> {
	const client = made(options);
	client.start();
	await until(() => client.connected, "a connection");
	return client;
}

/** Subscribes, and waits for SUBACK; what comes is kept. */
async function subscribed(client: Client, filter: string, qos: QoS, stream = false): Promise<Got[]> {
	const got: Got[] = [];
	const keep = (message: Parameters<typeof gotOf>[0]): void => void got.push(gotOf(message));
	const index = stream ? client.subscribeStream(filter, qos, keep) : client.subscribe(filter, qos, keep);
	expect(index).toBeGreaterThanOrEqual(0);
	await until(() => client.packetLog.firstByte(0) === SUBACK, "SUBACK");
	return got;
}

describe("making a client", () => {
	it("takes all memory at once, and is not connected", () => {
		const client = made({ rxBuffer: 256, outbox: 512 });
		expect([client.state, client.connected, client.sessionPresent, client.queued]).toEqual([
			State.STOPPED,
			false,
			false,
			0,
		]);
		expect(client.settings).toMatchObject({ rxBuffer: 256, outbox: 512, keepAlive: 30, port: 1883 });
		expect(client.arenaSize).toBe(regionSizes(client.settings).reduce((sum, { bytes }) => sum + bytes, 0));
		expect(client.counters).toHaveLength(Object.keys(Counter).length);
		expect(client.counters.every((count) => count === 0)).toBe(true);
		expect(client.packetLog.length).toBe(0);
		expect(client.clientId).toBe(`client-${clients}`);
	});

	it.each([
		[{ host: "" }, RangeError, "host: "],
		[{ keepAlive: 70_000 }, RangeError, "keepAlive: 70000 is out of range; 0 … 65535"],
		[{ onConnected: 5 }, TypeError, "onConnected: 5 is not a function"],
		[{ host: "broker.test" }, TypeError, "dns: is missing"],
	])("throws what is wrong with %j", (options, kind, text) => {
		expect(() => made(options as never)).toThrow(kind);
		expect(() => made(options as never)).toThrow(text);
	});

	it("tells the set that a simulator has left, and does without", () => {
		const slots = globalThis as unknown as Record<symbol, { add(client: Client, core: unknown): void } | undefined>;
		const registry = Symbol.for("xs-mqtt.clients");
		const before = slots[registry];
		const told: unknown[] = [];
		slots[registry] = { add: (client, core) => told.push(client, core instanceof Core) };
		const client = made();
		expect(told).toEqual([client, true]);
		delete slots[registry];
		made();
		slots[registry] = before;
	});
});

describe("connecting", () => {
	it("goes on until stop, says so once, and leaves nothing that keeps the device awake", async () => {
		const world = enter();
		const log: string[] = [];
		const client = made({
			onConnected: (_client, present) => log.push(`connected ${present}`),
			onDisconnected: (_client, { layer, code, retryMs }) =>
				log.push(`${layer} ${code} ${retryMs < 0 ? "final" : "retry"}`),
			onStopped: (stopped) => log.push(`stopped ${stopped.state}`),
		});
		client.start();
		client.start();
		expect(client.state).toBe(State.OPENING);
		await until(() => client.connected, "a connection");
		expect(client.state).toBe(State.CONNECTED);
		broker.dropConnections();
		await until(() => client.counters[Counter.CONNECTS] === 2, "another connection");
		client.stop();
		client.stop();
		await until(() => client.state === State.STOPPED, "the end");
		await world.whenIdle();
		expect(log).toEqual([
			"connected false",
			`${Layer.TRANSPORT} ${Reason.LINK_LOST} retry`,
			"connected false",
			`${Layer.LOCAL} ${Reason.STOPPED} final`,
			"stopped 0",
		]);
		peer = await reconnectedPeer();
	});

	it("closes at once, in a handler too, without DISCONNECT, and gives back its timer", async () => {
		const world = enter();
		const log: string[] = [];
		const client = made({
			will: { topic: "out/will", payload: "gone" },
			onDisconnected: (_client, { code, retryMs }) => log.push(`${code} ${retryMs < 0 ? "final" : "retry"}`),
			onStopped: () => log.push("stopped"),
		});
		client.start();
		await until(() => client.connected, "a connection");
		let calls = 0;
		client.subscribe("in/close", QoS.AT_LEAST_ONCE, () => {
			calls++;
			client.close();
			client.close();
		});
		await until(() => client.packetLog.firstByte(0) === SUBACK, "SUBACK");
		await peer.publish("in/close", "one", 1);
		await until(() => calls === 1, "the message");
		await world.whenIdle();
		expect(client.state).toBe(State.STOPPED);
		expect(log).toEqual([`${Reason.NETWORK_DOWN} final`, "stopped"]);
		await peer.untilReceived(1);
		expect(peer.payloads).toEqual(["gone"]);
		client.start();
		expect(client.state).toBe(State.STOPPED);
	});

	it("may be started again", async () => {
		const client = await connected();
		client.stop();
		await until(() => client.state === State.STOPPED, "the end");
		client.start();
		await until(() => client.connected, "another connection");
		expect(client.counters[Counter.CONNECTS]).toBe(2);
	});

	it("finds a server by its name", async () => {
		const client = await connected({ host: "broker.test", dns: platformDns() });
		expect(client.connected).toBe(true);
	});

	it("learns that the server has kept the session", async () => {
		const client = await connected({ cleanSession: false });
		await subscribed(client, "in/kept", 1);
		expect(client.sessionPresent).toBe(false);
		client.networkDown();
		expect(client.state).toBe(State.WAITING);
		client.networkUp();
		expect(client.state).toBe(State.OPENING);
		await until(() => client.connected, "another connection");
		expect(client.sessionPresent).toBe(true);
	});

	it("sends pings, and is answered", async () => {
		const client = await connected({ keepAlive: 1 });
		await until(() => client.counters[Counter.PINGS]! >= 1, "a ping");
		await until(() => client.packetLog.firstByte(0) === PINGRESP, "its answer");
		expect([client.packetLog.isOutgoing(0), client.packetLog.isOutgoing(1)]).toEqual([false, true]);
	});
});

/** The broker has dropped all connections, that of the other side too. */
async function reconnectedPeer(): Promise<Peer> {
	const next = await Peer.connect(broker.port);
	return next.subscribe("out/#", 2);
}

describe("publish", () => {
	it("sends text and bytes to a Topic and to a name, at each QoS, retained or not", async () => {
		const delivered: number[] = [];
		const client = await connected({ onDelivered: (_client, packetId) => delivered.push(packetId) });
		const topic = new Topic("out/topic");
		expect(client.publish(topic, "0")).toBe(0);
		const first = client.publish(topic, Uint8Array.of(0x31), QoS.AT_LEAST_ONCE);
		const second = client.publish("out/name", "2 é", QoS.EXACTLY_ONCE, false);
		expect(client.queued).toBe(2);
		expect(client.publish("out/name", new Uint8Array(0), 0, true)).toBe(0);
		await peer.untilReceived(4);
		await until(() => client.queued === 0, "the acks");
		// The broker may overtake QoS 2 by QoS 0.
		expect(peer.messages.map(({ topic: name, payload, qos }) => `${name} ${payload} ${qos}`).sort()).toEqual([
			"out/name  0",
			`out/name ${Buffer.from("2 é").toString("latin1")} 2`,
			"out/topic 0 0",
			"out/topic 1 1",
		]);
		expect(delivered.sort()).toEqual([first, second].sort());
		expect(client.counters[Counter.PUBLISHES_OUT]).toBe(4);
	});

	it("keeps what is published before the connection, and sends it then", async () => {
		const client = made();
		expect(client.publish("out/early", "0")).toBe(0);
		expect(client.publish("out/early", "1", 1)).toBeGreaterThan(0);
		expect(client.queued).toBe(2);
		client.start();
		await peer.untilReceived(2);
		expect(peer.payloads).toEqual(["0", "1"]);
	});

	it.each<[string, [topic: unknown, payload: unknown, qos?: unknown], number]>([
		["a wildcard", ["out/#", "x"], Status.INVALID_TOPIC],
		["an empty topic", ["", "x"], Status.INVALID_TOPIC],
		["no topic", [undefined, "x"], Status.INVALID_TOPIC],
		["a lone surrogate", ["out", "\ud800"], Status.INVALID_PAYLOAD],
		["a number for a payload", ["out", 5], Status.INVALID_PAYLOAD],
		["no such QoS", ["out", "x", 3], Status.INVALID_QOS],
		["more than the outbox", ["out", "x".repeat(2_000), 1], Status.TOO_LARGE],
		["more than the outbox at QoS 0", ["out", new Uint8Array(2_000)], Status.TOO_LARGE],
	])("refuses %s", async (_name, [topic, payload, qos], status) => {
		const client = await connected();
		expect(client.publish(topic as string, payload as string, qos as QoS)).toBe(status);
		expect(client.queued).toBe(0);
	});

	it("refuses what has no room, and tells of room", async () => {
		let rooms = 0;
		const client = made({ outbox: 64, onRoom: () => rooms++ });
		expect(client.publish("out/full", "x".repeat(20), 1)).toBeGreaterThan(0);
		expect(client.publish("out/full", "x".repeat(20), 1)).toBe(Status.FULL);
		expect(client.counters[Counter.REFUSED_FULL]).toBe(1);
		client.start();
		await until(() => rooms === 1, "onRoom");
		expect(client.publish("out/full", "y", 1)).toBeGreaterThan(0);
	});

	it("refuses QoS 0 without a connection when that is not to wait", () => {
		const client = made({ queueQoS0: false });
		expect(client.publish("out", "x")).toBe(Status.NOT_CONNECTED);
		expect(client.publish("out", "x", 1)).toBeGreaterThan(0);
	});

	it("refuses while stopping, and while a payload is composed", async () => {
		const client = await connected();
		const writer = client.compose("out/a");
		expect(client.publish("out/b", "x")).toBe(Status.BUSY);
		expect(client.compose("out/c").send()).toBe(Status.BUSY);
		writer.drop();
		client.publish("out/a", "x", 2);
		client.stop();
		expect(client.publish("out/b", "x")).toBe(Status.STOPPED);
		expect(client.publish("out/b", "x", 1)).toBe(Status.STOPPED);
		await until(() => client.state === State.STOPPED, "the end");
		expect(client.queued).toBe(0);
	});
});

describe("publishStream", () => {
	/** Gives the digits of positions, at most `piece` at once, with pauses; the client has to be told when it goes on. */
	function digits(
		piece: number,
		pauseEvery = 0,
	): { read: ClientRead; finished: (id: number) => void; ended: number[] } {
		let calls = 0;
		const ended: number[] = [];
		const read: ClientRead = (position, target, offset, size) => {
			if (pauseEvery > 0 && ++calls % pauseEvery === 0) return 0;
			const count = Math.min(piece, size);
			for (let i = 0; i < count; i++) target[offset + i] = 0x30 + ((position + i) % 10);
			return count;
		};
		return { read, finished: (id) => void ended.push(id), ended };
	}
	type ClientRead = (position: number, target: Uint8Array, offset: number, size: number) => number;
	const expected = "0123456789".repeat(300);

	it.each([0, 1, 2] as const)("sends more than any buffer holds at QoS %i", async (qos) => {
		const client = await connected();
		const source = digits(100);
		const id = client.publishStream("out/stream", 3_000, source, qos);
		expect(id > 0).toBe(qos > 0);
		await peer.untilReceived(1);
		expect(peer.messages).toEqual([{ topic: "out/stream", payload: expected, qos, retain: false }]);
		await until(() => client.queued === 0, "the ack");
		expect(source.ended).toEqual([id]);
	});

	it("waits for a source that has nothing, until resumeSources", async () => {
		const client = await connected();
		client.publishStream("out/stream", 3_000, digits(100, 3), 1);
		for (let i = 0; i < 100 && peer.messages.length === 0; i++) {
			await new Promise((resolve) => setTimeout(resolve, 1));
			client.resumeSources();
		}
		expect(peer.payloads).toEqual([expected]);
	});

	it("refuses what cannot be sent", async () => {
		const client = await connected();
		const source = digits(1);
		expect(client.publishStream("out/#", 1, source)).toBe(Status.INVALID_TOPIC);
		expect(client.publishStream("out", -1, source)).toBe(Status.INVALID_PAYLOAD);
		expect(client.publishStream("out", 1.5, source)).toBe(Status.INVALID_PAYLOAD);
		expect(client.publishStream("out", 1, {} as never)).toBe(Status.INVALID_PAYLOAD);
		expect(client.publishStream("out", 1, source, 3 as never)).toBe(Status.INVALID_QOS);
		expect(client.publishStream("out", 300_000_000, source)).toBe(Status.TOO_LARGE);
		expect(client.publishStream("out/stalls", 1, { read: () => 0 }, 1)).toBeGreaterThan(0);
		// One source at once, unless told.
		expect(client.publishStream("out", 1, source, 1)).toBe(Status.FULL);
	});
});

describe("compose", () => {
	it("publishes what was written in place", async () => {
		const client = await connected();
		const id = client
			.compose(new Topic("out/json"), 1)
			.open()
			.field(new Text("celsius"))
			.decimal(21.46, 1)
			.close()
			.send();
		expect(id).toBeGreaterThan(0);
		expect(client.compose("out/json", 0, true).text("kept").send()).toBe(0);
		await peer.untilReceived(2);
		expect(peer.payloads.sort()).toEqual(["kept", '{"celsius":21.5}']);
	});

	it("refuses as publish does, and publishes nothing then", async () => {
		const client = await connected();
		expect(client.compose("out/#").text("x").send()).toBe(Status.INVALID_TOPIC);
		expect(
			client
				.compose("out/a", 3 as never)
				.text("x")
				.send(),
		).toBe(Status.INVALID_QOS);
		expect(client.compose("out/a").integer(0.5).send()).toBe(Status.INVALID_PAYLOAD);
		expect(client.compose("out/a").text("x".repeat(2_000)).send()).toBe(Status.TOO_LARGE);
		expect(client.queued).toBe(0);
	});
});

describe("subscribe", () => {
	it("hands messages over, at the QoS asked for, until unsubscribe", async () => {
		let unsubscribed = 0;
		const client = await connected({ onUnsubscribed: () => unsubscribed++ });
		const got = await subscribed(client, "in/+/x", QoS.AT_LEAST_ONCE);
		await peer.publish("in/a/x", "hello", 1);
		await until(() => got.length === 1, "a message");
		expect(got[0]).toMatchObject({ topic: "in/a/x", payload: "hello", qos: 1, retain: false, duplicate: false });
		expect(client.unsubscribe("in/+/x")).toBe(Status.OK);
		await until(() => unsubscribed === 1, "UNSUBACK");
		expect([client.unsubscribe("in/+/x"), client.unsubscribe("in/+/x")]).toEqual([Status.OK, Status.NOT_FOUND]);
		await until(() => unsubscribed === 2, "UNSUBACK of what may be another program's");
		await peer.publish("in/a/x", "nobody hears it", 2);
		expect(got).toHaveLength(1);
	});

	it("hands pieces of a larger message over", async () => {
		const client = await connected();
		const got = await subscribed(client, "in/large", 1, true);
		const payload = "0123456789".repeat(500);
		await peer.publish("in/large", payload, 1);
		await until(() => got.reduce((sum, piece) => sum + piece.payload.length, 0) === payload.length, "all pieces");
		expect(got.map((piece) => piece.payload).join("")).toBe(payload);
		expect(new Set(got.map((piece) => piece.total))).toEqual(new Set([payload.length]));
		expect(got.length).toBeGreaterThan(5);
	});

	it("is declared once, before any connection, and made again by each", async () => {
		const granted: number[][] = [];
		const client = made({ onSubscribed: (_client, index, code) => granted.push([index, code]) });
		expect(client.subscribe("in/early", 2, () => {})).toBe(0);
		expect(client.subscribe("in/other", 0, () => {})).toBe(1);
		client.start();
		await until(() => granted.length === 2, "SUBACK");
		client.networkDown();
		client.networkUp();
		await until(() => granted.length === 4, "another SUBACK");
		expect(granted).toEqual([
			[0, 2],
			[1, 0],
			[0, 2],
			[1, 0],
		]);
	});

	it.each<[string, [filter: unknown, qos: unknown, handler: unknown], number]>([
		["a broken filter", ["a/#/b", 0, () => {}], Status.INVALID_FILTER],
		["no filter", [undefined, 0, () => {}], Status.INVALID_FILTER],
		["no such QoS", ["a", 3, () => {}], Status.INVALID_QOS],
		["no handler", ["a", 0, undefined], Status.NOT_FOUND],
		["more than a packet holds", ["a".repeat(600), 0, () => {}], Status.TOO_LARGE],
		["more than there is room for", ["a".repeat(300), 0, () => {}], Status.FULL],
	])("refuses %s, whole or in pieces", (_name, [filter, qos, handler], status) => {
		const client = made();
		expect(client.subscribe(filter as string, qos as QoS, handler as never)).toBe(status);
		expect(client.subscribeStream(filter as string, qos as QoS, handler as never)).toBe(status);
	});
});

describe("a program of twenty lines", () => {
	it("measures, publishes and obeys", async () => {
		enter();
		const temperature = new Topic("out/greenhouse/7/temperature");
		const celsius = new Text("celsius");
		const commands: string[] = [];
		let ready = false;
		const client = new Client({
			host: "broker.test",
			dns: platformDns(),
			transport: tcp,
			clientId: "greenhouse-7",
			will: { topic: "out/greenhouse/7/status", payload: "offline", qos: QoS.AT_LEAST_ONCE },
			onConnected: () => client.publish("out/greenhouse/7/status", "online", QoS.AT_LEAST_ONCE),
			onSubscribed: () => (ready = true),
		});
		client.subscribe("greenhouse/7/command/#", QoS.EXACTLY_ONCE, (message) => {
			commands.push(`${message.topicText()} ${message.integer()}`);
			client.compose(temperature, QoS.AT_LEAST_ONCE).open().field(celsius).decimal(21.5, 1).close().send();
		});
		client.start();

		await until(() => ready && peer.messages.length === 1, "SUBACK, and the status");
		await peer.publish("greenhouse/7/command/vent", "40", 2);
		await peer.untilReceived(2);
		expect(commands).toEqual(["greenhouse/7/command/vent 40"]);
		expect(peer.payloads).toEqual(["online", '{"celsius":21.5}']);
		// The power fails: the will is published.
		worlds[0]!.cut();
		await peer.untilReceived(3);
		expect(peer.payloads[2]).toBe("offline");
		client.stop();
	});
});
