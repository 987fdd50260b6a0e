import { afterAll, expect, it } from "vitest";
import { Problem, Reason, type ClientOptions } from "xs-mqtt";
import { servers } from "xs-mqtt/servers";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { endAll, startMosquitto } from "../support/brokers.js";
import { addressFor, Device } from "../support/device.js";
import { describeWithMosquitto, type Mosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

// Goal: a device moves to the second of two servers when the first dies, and back, with nothing lost at QoS 1 and 2.
// Method: two mosquittos with a bridge between them, both with kept sessions; messages both ways all the time, numbered.

afterAll(endAll);

/**
 * The second broker, which takes everything to the first and from there: at QoS 1, because at QoS 2 this mosquitto (2.0.11)
 * hangs for good when it was ended in the middle of a handshake with its bridge.
 */
function bridgedTo(first: Mosquitto): Promise<Mosquitto> {
	const lines = ["connection first", `address 127.0.0.1:${first.port}`, "topic # both 1", "cleansession false"];
	return startMosquitto({
		persistence: true,
		config: ["max_queued_messages 0", ...lines, "restart_timeout 1", "notifications false", "keepalive_interval 5"],
	});
}

/** Publishes numbered messages at the device, at QoS 1 and 2 in turn, one after the other, and again what nobody answers for. */
class Publishing {
	sent = 0;
	isOver = false;
	readonly #payloads = new Map<number, string>();

	go(device: Device): void {
		if (this.isOver || device.client.queued >= 6) return;
		this.#publish(device, `up ${this.sent}`, this.sent % 2 === 0 ? 1 : 2);
		this.sent++;
	}

	#publish(device: Device, payload: string, qos: 1 | 2): void {
		const packetId = device.client.publish("up", payload, qos);
		if (packetId > 0) this.#payloads.set(packetId, payload);
		else if (packetId < 0) this.sent--;
	}

	/** The server is gone, and nobody knows whether it has delivered. */
	again(device: Device, packetId: number): void {
		this.#publish(device, this.#payloads.get(packetId)!, 1);
	}
}

describeWithMosquitto("a device with two servers", () => {
	it("moves to the second when the first dies, and back, and nothing is lost", { timeout: 60_000 }, async () => {
		const first = await startMosquitto({ persistence: true, config: ["max_queued_messages 0"] });
		const second = await bridgedTo(first);
		await first.waitForLog(/Sending SUBACK to .*first/);
		const publishing = new Publishing();
		const seen: [server: number, code: number][] = [];
		const options: Partial<ClientOptions> = {
			cleanSession: false,
			outbox: 4096,
			incomingQoS2: 64,
			servers: servers([{ host: addressFor(first.port) }, { host: addressFor(second.port) }], { returnToFirstMs: 500 }),
			onDelivered: () => publishing.go(device),
			onConnected: () => void seen.push([device.client.server, -1]),
			onDisconnected: (_client, reason) => void seen.push([reason.server, reason.code]),
			onProblem: (_client, problem, detail) => {
				if (problem === Problem.DELIVERY_UNKNOWN) publishing.again(device, detail);
			},
		};
		const device: Device = new Device(0, options);
		await device.connect();
		await device.subscribe("down", 2);
		const peer = await (await Peer.connect(second.port, { clientId: "peer", clean: false })).subscribe("up", 2);

		const down: string[] = [];
		/** Both ways go on until so many more have come at the other side. */
		const exchange = async (count: number): Promise<void> => {
			publishing.isOver = false;
			const wanted = peer.messages.length + count;
			for (let i = 0; i < 4; i++) publishing.go(device);
			while (peer.messages.length < wanted) {
				const payload = `down ${down.length}`;
				down.push(payload);
				await peer.publish("down", payload, down.length % 2 === 0 ? 1 : 2);
			}
		};

		await exchange(20);
		expect(device.client.server).toBe(0);
		// In the middle of it all.
		await first.kill("SIGTERM");
		await until(() => device.client.connected && device.client.server === 1, "the second server");
		await exchange(20);
		// It looks for the first as soon as it is quiet, and goes on with the second.
		publishing.isOver = true;
		await device.drained();
		await until(() => seen.some(([server, code]) => server === 1 && code === Reason.RETURNING), "a look for the first");
		await until(() => device.client.connected && device.client.server === 1, "the second server again");
		await first.restart();
		await until(() => device.client.connected && device.client.server === 0, "the first server", 30_000);
		await exchange(20);
		publishing.isOver = true;
		await device.drained();

		const all = Array.from({ length: publishing.sent }, (_, i) => `up ${i}`);
		const missing = (wanted: string[], got: string[]): string[] => wanted.filter((payload) => !got.includes(payload));
		await until(() => missing(all, peer.payloads).length === 0, "all messages at the other side", 20_000);
		await until(() => missing(down, device.payloads).length === 0, "all messages at the device", 20_000);
		// Every reason says which server it was.
		expect(seen.find(([server, code]) => server === 0 && code === Reason.CONNECT_FAILED)).toBeDefined();
		expect(seen.filter(([, code]) => code === Reason.RETURNING).every(([server]) => server === 1)).toBe(true);
		await device.stop();
		await peer.end();
	});
});

it("a device without sessions goes round between two servers that know nothing of each other", async () => {
	const [one, two] = [await startAedes(), await startAedes()];
	const ends: [server: number, code: number][] = [];
	const device = new Device(0, {
		stableMs: 60_000,
		servers: servers([{ host: addressFor(one.port) }, { host: addressFor(two.port) }]),
		onDisconnected: (_client, { server, code }) => void ends.push([server, code]),
	});
	await device.connect();
	await device.subscribe("down", 1);
	for (const [i, broker] of [two, one, two].entries()) {
		(broker === two ? one : two).dropConnections();
		await until(() => device.granted.length === i + 2, "the subscription at the other broker");
		const peer = await Peer.connect(broker.port);
		await peer.publish("down", `message ${i}`, 1);
		await device.untilReceived(i + 1);
		await peer.end();
	}
	expect(device.payloads).toEqual(["message 0", "message 1", "message 2"]);
	expect(ends).toEqual([0, 1, 0].map((server) => [server, Reason.LINK_LOST]));
	await device.stop();
	await one.close();
	await two.close();
});
