import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Layer, Reason, State, type ClientOptions } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import type { TransportFactory } from "../../firmware/ports/transport.js";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld, type SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import { Device, endDevices } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";
import { RecordPeer } from "./record-peer.js";
import { records } from "./records.js";

// Goal: a transport over a transport has all it needs: a handshake with a deadline and reasons of its own, records that are
// cut anywhere, writes that are taken in part, more plain bytes than one read takes, ends in every step, another target.
// Method: a toy record layer over tcp(), on sockets of this machine, to a peer that speaks the same in front of aedes.

afterAll(endDevices);

let broker: EmbeddedBroker;
let peer: RecordPeer;

beforeEach(async () => {
	broker = await startAedes();
	peer = await RecordPeer.listen(broker.port);
});
afterEach(async () => {
	await peer.close();
	await broker.close();
});

const OPTIONS: Partial<ClientOptions> = { transport: records(tcp) };

/** A device whose transport is the toy. */
function device(options: Partial<ClientOptions> = {}, world: SocketWorldOptions = {}): Device {
	return new Device(peer.port, { ...OPTIONS, ...options }, world);
}

/** A payload of so many bytes that is like no other. */
function payload(size: number, seed: number): string {
	return Array.from({ length: size }, (_, i) => String.fromCharCode(97 + ((i * 7 + seed) % 26))).join("");
}

describe("records over tcp", () => {
	it.each([
		["whole", {}, Infinity, 700],
		["cut at every byte", { split: true }, 1, 700],
		["small, and many in one arrival", {}, Infinity, 3],
		["through a window that is smaller than a record", { txWindow: 50 }, Infinity, 700],
		["all of that", { split: true, txWindow: 7 }, 3, 5],
	] as const)("carry messages of every size both ways: %s", async (_name, world, pieceMax, recordMax) => {
		Object.assign(peer.conduct, { pieceMax, recordMax });
		const one = await device({ readSize: 32, rxBuffer: 1024, outbox: 8192 }, world).connect();
		await one.subscribe("down/#", 2);
		const other = await (await Peer.connect(broker.port)).subscribe("up/#", 2);
		const sizes = [0, 1, 2, 31, 32, 100, 117, 118, 119, 120, 121, 300, 900];
		for (const qos of [0, 1, 2] as const) {
			const sent = sizes.map((size) => payload(size, size + qos));
			for (const [i, text] of sent.entries()) {
				while (one.client.publish(`up/${qos}`, text, qos) < 0) await until(() => one.client.queued === 0, "room");
				await other.publish(`down/${qos}`, text, qos);
				expect(i).toBeLessThan(sent.length);
			}
			await one.untilReceived(sizes.length);
			await other.untilReceived(sizes.length);
			expect(other.payloads.splice(0)).toEqual(sent);
			expect(one.payloads).toEqual(sent);
			one.messages.length = other.messages.length = 0;
		}
		await one.drained();
		expect(one.ends).toEqual([]);
		expect(peer.largest).toBeGreaterThan(100);
		await one.stop();
		await other.end();
	});

	it("give more plain bytes than one read takes in as many turns as that needs", async () => {
		const one = await device({ readSize: 16, rxBuffer: 1024 }).connect();
		await one.subscribe("down");
		const other = await Peer.connect(broker.port);
		// A record of 700 bytes is 44 reads of 16 bytes; a turn makes at most 16.
		await other.publish("down", payload(690, 1));
		await one.untilReceived(1);
		expect(one.payloads).toEqual([payload(690, 1)]);
		await other.end();
		await one.stop();
	});

	it("wait while below takes nothing, and lose nothing of what was begun", async () => {
		const one = await device({ outbox: 65_536, txBuffer: 1024, inflight: 100 }, { txWindow: 300 }).connect();
		const other = await (await Peer.connect(broker.port)).subscribe("up", 1);
		one.world.stop();
		const sent = Array.from({ length: 40 }, (_, i) => payload(200, i));
		for (const text of sent) expect(one.client.publish("up", text, 1)).toBeGreaterThan(0);
		one.world.resume();
		await one.drained();
		await other.untilReceived(sent.length);
		expect(other.payloads).toEqual(sent);
		expect(one.ends).toEqual([]);
		await other.end();
		await one.stop();
	});

	it("say goodbye after DISCONNECT", async () => {
		const one = await device().connect();
		const before = peer.records;
		await one.stop();
		await until(() => peer.goodbyes === 1, "the last word");
		expect(peer.records).toBe(before + 2);
	});
});

describe("the handshake", () => {
	it("that is never answered ends with the layer's own time-out, again and again", async () => {
		peer.conduct.silent = true;
		const one = device({ handshakeTimeoutMs: 50 });
		one.client.start();
		await until(() => one.ends.length >= 2, "two ends");
		const { layer, code, detail, wasConnected } = one.ends[0]!;
		expect([layer, code, detail, wasConnected]).toEqual([Layer.SECURITY, Reason.SECURITY_TIMEOUT, 0, false]);
		peer.conduct.silent = false;
		await one.untilConnected();
		await one.stop();
	});

	it("that is refused ends with the number that the peer gave", async () => {
		peer.conduct.alert = 46;
		const one = device();
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.SECURITY, code: 60, detail: 46, wasConnected: false });
		peer.conduct.alert = undefined;
		await one.untilConnected();
		await one.stop();
	});

	it("that is cut ends as a lost connection", async () => {
		peer.conduct.cuts = true;
		const one = device();
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		expect(one.ends[0]).toMatchObject({
			layer: Layer.TRANSPORT,
			code: Reason.LINK_LOST,
			detail: 0,
			wasConnected: false,
		});
		peer.conduct.cuts = false;
		await one.untilConnected();
		await one.stop();
	});

	it("can be stopped in the middle of it", async () => {
		peer.conduct.silent = true;
		const one = device();
		one.client.start();
		await until(() => peer.hellos === 1, "a hello");
		expect(one.client.state).toBe(State.OPENING);
		await one.stop();
		expect(one.ends).toMatchObject([{ layer: Layer.LOCAL, code: Reason.STOPPED }]);
		peer.conduct.silent = false;
		await one.connect();
		await one.stop();
	});
});

describe("an end", () => {
	it("of the connection is told once, and the next attempt begins with a new handshake", async () => {
		const one = await device().connect();
		peer.cut();
		await until(() => one.accepted.length === 2, "the next connection");
		expect(one.ends).toMatchObject([{ layer: Layer.TRANSPORT, code: Reason.LINK_LOST, wasConnected: true }]);
		expect(peer.hellos).toBe(2);
		await one.stop();
	});

	it("before the connection stands is that of below", async () => {
		const { port } = peer;
		await peer.close();
		const one = new Device(port, OPTIONS);
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.TRANSPORT, code: Reason.CONNECT_FAILED });
		one.remove();
		peer = await RecordPeer.listen(broker.port);
	});

	it("that is found out within a read carries its detail", async () => {
		const one = await device().connect();
		peer.conduct.wrongSize = 40_000;
		one.client.subscribe("down", 0, one.keep);
		await until(() => one.ends.length === 1, "an end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.SECURITY, code: 62, detail: 40_000, wasConnected: true });
		await one.untilConnected();
		await one.stop();
	});

	it("waits until what came before it was read", async () => {
		const one = await device({ readSize: 16, rxBuffer: 1024 }).connect();
		await one.subscribe("down");
		const other = await Peer.connect(broker.port);
		one.client.pause();
		await other.publish("down", payload(600, 1));
		await other.publish("down", payload(50, 2));
		await until(() => peer.sent > 650, "records on their way");
		peer.end();
		one.client.resume();
		await until(() => one.ends.length === 1, "the end");
		expect(one.payloads).toEqual([payload(600, 1), payload(50, 2)]);
		await other.end();
		await one.stop();
	});
});

describe("the target", () => {
	it("of an attempt may be another each time: a layer sends those below elsewhere", async () => {
		const second = await RecordPeer.listen(broker.port);
		const world = new SocketWorld();
		// Everything that is connected to in this world goes where the address and the port say.
		const release = useWorld(world, "127.0.0.1");
		const ports = [peer.port, second.port];
		const asked: [string, number][] = [];
		/** Goes to one of two ports in turn. */
		const inTurn =
			(over: TransportFactory): TransportFactory =>
			(setup) => {
				const inner = over(setup);
				const open = inner.open.bind(inner);
				inner.open = (host, port) => {
					asked.push([host, port]);
					return open("127.0.0.1", ports[(asked.length - 1) % 2]!);
				};
				return inner;
			};
		const one = new Device(0, { host: "198.51.100.1", port: 4, transport: records(inTurn(tcp)) });
		await one.connect();
		peer.cut();
		await until(() => one.accepted.length === 2, "the second server");
		expect([peer.hellos, second.hellos]).toEqual([1, 1]);
		second.cut();
		await until(() => one.accepted.length === 3, "the first server again");
		expect([peer.hellos, second.hellos]).toEqual([2, 1]);
		expect(asked).toEqual(Array(3).fill(["198.51.100.1", 4]));
		await one.stop();
		release();
		world.close();
		await second.close();
	});
});
