// Goal: everything in front of CONNECT: name lookups that fail, brokers that move or are not there, hints about the network,
// and stop() at every step of it.
// Method: devices that are given a name; the world's resolver, or one of the test's own. No test needs a particular broker.
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Layer, Reason, State, type NameRequest } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import type { SocketWorld } from "../../host-sim/world/socket-world.js";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { endAll } from "../support/brokers.js";
import { addressFor, Device, useCommonWorld } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { freePort } from "../support/port.js";
import { pause, until } from "../support/until.js";

afterAll(endAll);

let broker: EmbeddedBroker;
/** Looks names up, and is where names lead to. */
let world: SocketWorld;

beforeEach(async () => {
	broker = await startAedes();
	world = useCommonWorld({ broker });
});
afterEach(async () => {
	world.close();
	await broker.close();
});

/** A device that finds its broker by a name, in the common world. */
function named(options: ConstructorParameters<typeof Device>[1] = {}): Device {
	return new Device(0, { host: "broker.example", dns: platformDns(), ...options });
}

describe("a name", () => {
	it("that cannot be resolved for a while is looked up again and again, until it can", async () => {
		world.faults.nameLookupFails = true;
		const device = named();
		device.client.start();
		await until(() => device.ends.length >= 3, "three failures");
		for (const end of device.ends) {
			expect(end).toMatchObject({ layer: Layer.NAME, code: Reason.NAME_NOT_FOUND, wasConnected: false });
			expect(end.retryMs).toBeGreaterThanOrEqual(0);
		}
		expect(world.connections).toBe(0);
		world.faults.nameLookupFails = false;
		await device.untilConnected();
		expect(world.connections).toBe(1);
		await device.stop();
	});

	it("that cannot be resolved any more leads to the address that it had", async () => {
		const device = await named().connect();
		world.faults.nameLookupFails = true;
		world.cut();
		await until(() => device.accepted.length === 2, "the next connection");
		expect(device.ends.map((end) => end.code)).toEqual([Reason.LINK_LOST]);
		await device.stop();
	});

	it("lesson 24: whose lookup gets no answer is given up in time", async () => {
		let asked = 0;
		const device = named({ dns: { resolve: () => void asked++ }, connectTimeoutMs: 100 });
		device.client.start();
		await until(() => device.ends.length >= 2, "two failures");
		expect(device.ends[0]).toMatchObject({ layer: Layer.NAME, code: Reason.NAME_TIMEOUT });
		expect(asked).toBeGreaterThanOrEqual(2);
		await device.stop();
	});

	it("lesson 27: is looked up for every attempt: a broker that moves is found", async () => {
		const elsewhere = await startAedes();
		const addresses = [addressFor(broker.port), addressFor(elsewhere.port)];
		let address = addresses[0]!;
		const asked: string[] = [];
		const dns = {
			resolve: (request: NameRequest): void => {
				asked.push(address);
				const answer = address;
				setTimeout(() => request.onResolved(request.host, answer), 1);
			},
		};
		const device = await named({ dns, cleanSession: false }).connect();
		await device.subscribe("to/device", 1);
		expect(asked).toEqual(addresses.slice(0, 1));
		address = addresses[1]!;
		broker.dropConnections();
		await until(() => device.granted.length === 2, "the subscription at the other broker");
		expect(asked).toEqual(addresses);
		const peer = await Peer.connect(elsewhere.port);
		await peer.publish("to/device", "here", 1);
		await device.untilReceived(1);
		await device.stop();
		await peer.end();
		await elsewhere.close();
	});

	it("lesson 27: is looked up again while its address refuses connections", async () => {
		const nobody = await freePort();
		world.connectTo({ host: "127.0.0.1", port: nobody });
		const device = named();
		device.client.start();
		await until(() => device.ends.length >= 3, "three failures");
		for (const end of device.ends) expect(end).toMatchObject({ layer: Layer.TRANSPORT, code: Reason.CONNECT_FAILED });
		world.connectTo(broker);
		await device.untilConnected();
		await device.stop();
	});
});

describe("a broker that is not there", () => {
	it("is tried until it is, with growing pauses", async () => {
		const port = await freePort();
		const device = new Device(port, { reconnectMinMs: 5, reconnectMaxMs: 40 });
		device.client.start();
		expect(device.client.publish("early", "m", 1)).toBeGreaterThan(0);
		await until(() => device.ends.length >= 6, "six failures");
		device.ends.forEach(({ layer, code, retryMs }, i) => {
			expect([layer, code]).toEqual([Layer.TRANSPORT, Reason.CONNECT_FAILED]);
			expect(retryMs).toBeLessThanOrEqual(Math.min(5 * 2 ** i, 40));
		});
		const late = await startAedes({ port });
		await device.untilConnected();
		await device.drained();
		expect(device.delivered.length).toBe(1);
		await device.stop();
		await late.close();
	});

	it("lesson 24: that does not even answer is given up in time", async () => {
		const device = new Device(broker.port, { connectTimeoutMs: 100 });
		device.world.stop();
		device.client.start();
		await until(() => device.ends.length >= 2, "two failures");
		expect(device.ends[0]).toMatchObject({ layer: Layer.TRANSPORT, code: Reason.CONNECT_TIMEOUT });
		device.world.resume();
		await device.untilConnected();
		await device.stop();
	});

	it("lesson 24: that accepts and says nothing is given up in time", async () => {
		const silent = await startAedes({ preConnect: () => {} });
		const device = new Device(silent.port, { connectTimeoutMs: 100 });
		device.client.start();
		await until(() => device.ends.length >= 2, "two failures");
		expect(device.ends[0]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.CONNACK_TIMEOUT });
		await device.stop();
		await silent.close();
	});
});

describe("a hint", () => {
	const slow = { reconnectMinMs: 60_000, reconnectMaxMs: 60_000 };

	it("that the network is up ends the wait", async () => {
		const device = await new Device(broker.port, slow).connect();
		device.world.cut();
		await until(() => device.client.state === State.WAITING, "the wait");
		device.client.networkUp();
		expect(device.client.state).toBe(State.OPENING);
		await device.untilConnected();
		// It is a hint only: a connection that stands is left alone, and a stopped client stays stopped.
		device.client.networkUp();
		expect(device.client.connected).toBe(true);
		expect(device.world.connections).toBe(2);
		await device.stop();
		device.client.networkUp();
		expect(device.client.state).toBe(State.STOPPED);
	});

	it("that the network is down ends the connection at once, and publishes wait", async () => {
		const device = await new Device(broker.port, slow).connect();
		device.client.networkDown();
		expect(device.ends).toMatchObject([{ layer: Layer.LOCAL, code: Reason.NETWORK_DOWN, wasConnected: true }]);
		expect(device.client.publish("t", "m", 1)).toBeGreaterThan(0);
		device.client.networkUp();
		await device.untilConnected();
		await device.drained();
		await device.stop();
	});

	it("given from within onDisconnected is obeyed", async () => {
		const device = await new Device(broker.port, { ...slow, onDisconnected: (client) => client.networkUp() }).connect();
		for (let i = 0; i < 5; i++) {
			device.world.cut();
			await until(() => device.accepted.length === i + 2, "the next connection");
		}
		await device.stop();
		expect(device.stops).toBe(1);
	});
});

describe("lesson 30: stop()", () => {
	/** Nothing is heard of a client that has stopped, whatever the network brings later. */
	async function expectQuiet(device: Device): Promise<void> {
		expect(device.stops).toBe(1);
		const { ends, accepted } = device;
		const before = [ends.length, accepted.length, device.world.connections, world.connections];
		await pause(60);
		expect([ends.length, accepted.length, device.world.connections, world.connections]).toEqual(before);
		expect(device.client.state).toBe(State.STOPPED);
		expect(device.stops).toBe(1);
	}

	it("while the name is looked up", async () => {
		world.faults.latencyMs = 20;
		const device = named();
		device.client.start();
		await device.stop();
		expect(device.ends).toMatchObject([{ layer: Layer.LOCAL, code: Reason.STOPPED, retryMs: -1, wasConnected: false }]);
		await expectQuiet(device);
		expect(world.connections).toBe(0);
		await device.connect();
		await device.stop();
	});

	it("while the name is looked up, and started again before the late answer", async () => {
		const requests: NameRequest[] = [];
		const device = named({ dns: { resolve: (request) => void requests.push(request) } });
		device.client.start();
		device.client.stop();
		device.client.start();
		const address = addressFor(broker.port);
		// Two lookups are open: whichever answers first will do, and the other answer counts for nothing.
		expect(requests.length).toBe(2);
		requests[0]!.onResolved("broker.example", address);
		requests[1]!.onResolved("broker.example", address);
		await device.untilConnected();
		requests[0]!.onError("broker.example");
		await pause(20);
		expect(device.client.connected).toBe(true);
		expect(device.accepted.length).toBe(1);
		await device.stop();
	});

	it("while the connection is made", async () => {
		const device = new Device(broker.port, {}, { latencyMs: 20 });
		device.client.start();
		await until(() => device.world.connections === 1, "an attempt");
		await device.stop();
		expect(device.ends).toMatchObject([{ layer: Layer.LOCAL, code: Reason.STOPPED, wasConnected: false }]);
		await expectQuiet(device);
	});

	it("while CONNACK is awaited", async () => {
		const device = new Device(broker.port, {}, { latencyMs: 20 });
		device.client.start();
		await until(() => device.client.state === State.CONNECTING, "CONNECT to be sent");
		await device.stop();
		await expectQuiet(device);
	});

	it("while a retry is awaited", async () => {
		const device = new Device(await freePort(), { reconnectMinMs: 60_000, reconnectMaxMs: 60_000 });
		device.client.start();
		await until(() => device.client.state === State.WAITING, "the wait");
		await device.stop();
		expect(device.ends.length).toBe(1);
		await expectQuiet(device);
	});

	it("lesson 29: from within any callback", async () => {
		const names = ["onConnected", "onSubscribed", "onDelivered", "onDisconnected"] as const;
		for (const name of names) {
			const device = new Device(broker.port, { [name]: (client: Device["client"]) => client.stop() });
			device.client.subscribe("a", 1, device.keep);
			device.client.start();
			device.client.publish("b", "m", 1);
			if (name === "onDisconnected") {
				await device.untilConnected();
				device.world.cut();
			}
			await until(() => device.stops === 1, `the end of stop() in ${name}`);
			await expectQuiet(device);
		}
		const device = new Device(broker.port);
		device.client.subscribe("a", 1, (_message, client) => client.stop());
		await device.connect();
		device.client.publish("a", "m", 0);
		await until(() => device.stops === 1, "the end of stop() in a handler");
		await expectQuiet(device);
	});

	it("and start() again and again, from within onStopped too", async () => {
		let rounds = 0;
		const device = new Device(broker.port, {
			onConnected: (client) => client.stop(),
			onStopped: (client) => {
				if (++rounds < 20) client.start();
			},
		});
		device.client.start();
		await until(() => rounds === 20, "20 rounds");
		expect(device.accepted.length).toBe(20);
		expect(device.world.connections).toBe(20);
		expect(device.ends.every((end) => end.code === Reason.STOPPED)).toBe(true);
	});

	it("keeps what is not delivered for the next start()", async () => {
		const device = await new Device(broker.port, { stopTimeoutMs: 50 }).connect();
		device.world.stop();
		for (let i = 0; i < 5; i++) device.client.publish("t", `${i}`, 2);
		await device.stop();
		expect(device.client.queued).toBe(5);
		device.world.resume();
		const peer = await (await Peer.connect(broker.port)).subscribe("t", 2);
		await device.connect();
		await device.drained();
		await until(() => new Set(peer.payloads).size === 5, "the messages");
		await device.stop();
		await peer.end();
	});
});
