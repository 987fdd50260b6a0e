// Goal: lesson 22 and 23, a server that does not answer any more is noticed within 1.5 keep alives, whatever else goes on;
// once it answers again the client is back. And a link that works is left alone.
// Method: mosquitto is held with SIGSTOP, where its kernel still takes our bytes, or the network turns half-open, where
// nothing passes. Brokers and devices of their own for each test, which run side by side. The counter of milliseconds wraps
// soon after the start (lesson 32).
import { afterAll, expect, it } from "vitest";
import { Counter, Layer, Reason } from "xs-mqtt";
import { endAll, startMosquitto } from "../support/brokers.js";
import { Device, useCommonWorld } from "../support/device.js";
import { describeWithMosquitto, type Mosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { pause, until } from "../support/until.js";

useCommonWorld({ ticksStart: 0x7fff_ffff - 1_500 });
afterAll(endAll);

const KEEP_ALIVE_S = 2;

/** 1.5 keep alives, and what a busy machine may add. */
const NOTICED_MS_MAX = KEEP_ALIVE_S * 1500 + 1_000;

const OPTIONS = { keepAlive: KEEP_ALIVE_S, connectTimeoutMs: 500, reconnectMaxMs: 100 };

async function startDevice(): Promise<{ broker: Mosquitto; device: Device }> {
	const broker = await startMosquitto();
	const device = await new Device(broker.port, OPTIONS).connect();
	await device.subscribe("to/device", 1);
	return { broker, device };
}

/** Waits for the end of the connection, and says how long it took since `fromMs`. */
async function msUntilNoticed(device: Device, fromMs: number): Promise<number> {
	await until(() => device.ends.length > 0, "the end of the connection");
	return device.ends[0]!.atMs - fromMs;
}

/** Calls an action again and again until it is told to stop. */
function repeat(everyMs: number, action: () => void): () => void {
	const timer = setInterval(action, everyMs);
	return () => clearInterval(timer);
}

/** A message goes out and comes back. */
async function expectWorking(device: Device): Promise<void> {
	await device.untilConnected();
	const before = device.messages.length;
	expect(device.client.publish("to/device", "works again", 1)).toBeGreaterThan(0);
	await device.untilReceived(before + 1);
	await device.drained();
}

describeWithMosquitto("a client of mosquitto", () => {
	it.concurrent("lesson 22: notices a held broker in silence; when that goes on, so does the client", async () => {
		const { broker, device } = await startDevice();
		await pause(200);
		const fromMs = device.world.clock.now();
		broker.pause();
		expect(await msUntilNoticed(device, fromMs)).toBeLessThan(NOTICED_MS_MAX);
		expect(device.ends[0]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.PINGRESP_TIMEOUT, wasConnected: true });
		// Its kernel accepts connections, and CONNACK does not come (lesson 24).
		await until(() => device.ends.length > 1, "the end of an attempt");
		expect(device.ends[1]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.CONNACK_TIMEOUT, wasConnected: false });
		broker.resume();
		await expectWorking(device);
		await device.stop();
		await broker.stop();
	});

	it.concurrent(
		"lesson 23: notices a held broker under outgoing QoS 0 traffic, which its kernel goes on taking",
		async () => {
			const { broker, device } = await startDevice();
			const end = repeat(20, () => device.client.publish("from/device", "m", 0));
			await pause(200);
			const fromMs = device.world.clock.now();
			broker.pause();
			expect(await msUntilNoticed(device, fromMs)).toBeLessThan(NOTICED_MS_MAX);
			expect(device.ends[0]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.PINGRESP_TIMEOUT });
			end();
			broker.resume();
			await expectWorking(device);
			await device.stop();
			await broker.stop();
		},
	);

	it.concurrent("lesson 22: keeps what it publishes to a held broker, and sends it when that goes on", async () => {
		const { broker, device } = await startDevice();
		const peer = await (await Peer.connect(broker.port)).subscribe("from/device", 2);
		broker.pause();
		for (let i = 0; i < 10; i++) expect(device.client.publish("from/device", `${i}`, 2)).toBeGreaterThan(0);
		await msUntilNoticed(device, 0);
		expect(device.client.queued).toBe(10);
		broker.resume();
		await device.drained();
		await peer.untilReceived(10);
		// It had them in its kernel's buffer, and gets them again in a new session: here twice is allowed.
		expect([...new Set(peer.payloads)]).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
		await device.stop();
		await peer.end();
		await broker.stop();
	});

	it.concurrent("lesson 22: notices a half-open link while the broker sends", async () => {
		const { broker, device } = await startDevice();
		const peer = await Peer.connect(broker.port);
		const end = repeat(20, () => void peer.client.publish("to/device", "m", { qos: 0 }));
		await device.untilReceived(5);
		const fromMs = device.world.clock.now();
		device.world.halfOpen();
		expect(await msUntilNoticed(device, fromMs)).toBeLessThan(NOTICED_MS_MAX);
		expect(device.ends[0]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.PINGRESP_TIMEOUT });
		// Connections made later work.
		await expectWorking(device);
		end();
		await device.stop();
		await peer.end();
		await broker.stop();
	});

	it.concurrent("lesson 23: notices a half-open link that takes no more bytes", async () => {
		const { broker, device } = await startDevice();
		const fromMs = device.world.clock.now();
		device.world.halfOpen();
		const payload = "x".repeat(400);
		const end = repeat(10, () => device.client.publish("from/device", payload, 0));
		expect(await msUntilNoticed(device, fromMs)).toBeLessThan(NOTICED_MS_MAX);
		expect(device.ends[0]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.WRITE_STALLED });
		end();
		await expectWorking(device);
		await device.stop();
		await broker.stop();
	});

	it.concurrent("ends stop() on a half-open link", async () => {
		const broker = await startMosquitto();
		const device = await new Device(broker.port, { ...OPTIONS, stopTimeoutMs: 300 }).connect();
		device.world.halfOpen();
		device.client.publish("from/device", "m", 1);
		await device.stop();
		expect(device.ends).toMatchObject([{ layer: Layer.LOCAL, code: Reason.STOPPED }]);
		expect(device.client.queued).toBe(1);
		await broker.stop();
	});

	it.concurrent("lesson 23: pings a silent link that works, once in each keep alive", async () => {
		const broker = await startMosquitto();
		const device = await new Device(broker.port, { keepAlive: 1 }).connect();
		await pause(3_000);
		expect(device.client.connected).toBe(true);
		expect(device.ends).toEqual([]);
		// One after 0.75 s of silence each.
		const pings = device.client.counters[Counter.PINGS]!;
		expect(pings).toBeGreaterThanOrEqual(2);
		expect(pings).toBeLessThanOrEqual(4);
		await device.stop();
		await broker.stop();
	});

	it.concurrent("lesson 23: does not ping a link with traffic both ways", async () => {
		const { broker, device } = await startDevice();
		const end = repeat(50, () => device.client.publish("to/device", "m", 1));
		await pause(3_000);
		end();
		expect(device.client.counters[Counter.PINGS]).toBe(0);
		expect(device.ends).toEqual([]);
		await device.stop();
		await broker.stop();
	});

	it.concurrent("lesson 23: pings for the server's sake when only the server sends", async () => {
		const broker = await startMosquitto();
		const device = await new Device(broker.port, { keepAlive: 1 }).connect();
		await device.subscribe("to/device", 0);
		const peer = await Peer.connect(broker.port);
		const end = repeat(50, () => void peer.client.publish("to/device", "m", { qos: 0 }));
		await pause(3_000);
		end();
		expect(device.client.counters[Counter.PINGS]).toBeGreaterThanOrEqual(2);
		expect(device.ends).toEqual([]);
		await device.stop();
		await peer.end();
		await broker.stop();
	});
});
