import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Layer, Reason, State, type ClientOptions } from "xs-mqtt";
import { webSocket } from "xs-mqtt/websocket";
import { tcp } from "xs-mqtt/tcp";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import type { SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import { Device, endDevices } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";
import { RecordPeer } from "./record-peer.js";
import { records } from "./records.js";
import { TestServer } from "./websocket-server.js";

// Goal: a client over WebSocket exchanges messages with a server that others have written, whatever frames and reads are cut
// into, tells why a handshake or a connection has ended, and gets through once the fault is mended.
// Method: the npm package `ws` in front of aedes, on sockets of this machine, with the simulator's faults.

afterAll(endDevices);

let broker: EmbeddedBroker;
let server: TestServer;

beforeEach(async () => {
	broker = await startAedes();
	server = await TestServer.listen(broker.port);
});
afterEach(async () => {
	await server.close();
	await broker.close();
});

function device(options: Partial<ClientOptions> = {}, world: SocketWorldOptions = {}): Device {
	return new Device(server.port, { transport: webSocket(), ...options }, world);
}

/** A payload of so many bytes that is like no other. */
function payload(size: number, seed: number): string {
	return Array.from({ length: size }, (_, i) => String.fromCharCode(97 + ((i * 7 + seed) % 26))).join("");
}

describe("WebSocket over tcp", () => {
	it.each([
		["whole", {}, {}],
		["cut at every byte", { split: true }, { pings: true }],
		["small messages, many in one arrival", {}, { messageMax: 3 }],
		["fragments with pings between them", {}, { fragmentMax: 10, pings: true }],
		["through a window that is smaller than a frame", { txWindow: 50 }, { pings: true }],
		["all of that", { split: true, txWindow: 7 }, { messageMax: 50, fragmentMax: 5, pings: true }],
	] as const)("carries messages of every size both ways: %s", async (_name, world, conduct) => {
		Object.assign(server.conduct, conduct);
		const one = await device({ readSize: 64, rxBuffer: 1024, outbox: 8192 }, world).connect();
		await one.subscribe("down/#", 2);
		const other = await (await Peer.connect(broker.port)).subscribe("up/#", 2);
		const sizes = [0, 1, 2, 31, 32, 100, 110, 117, 118, 119, 120, 121, 125, 126, 127, 300, 900];
		for (const qos of [0, 1, 2] as const) {
			const sent = sizes.map((size) => payload(size, size + qos));
			for (const text of sent) {
				while (one.client.publish(`up/${qos}`, text, qos) < 0) await until(() => one.client.queued === 0, "room");
				await other.publish(`down/${qos}`, text, qos);
			}
			await one.untilReceived(sizes.length);
			await other.untilReceived(sizes.length);
			expect(other.payloads.splice(0)).toEqual(sent);
			expect(one.payloads).toEqual(sent);
			one.messages.length = other.messages.length = 0;
		}
		await one.drained();
		expect(one.ends).toEqual([]);
		await one.stop();
		await until(() => server.closes.length === 1, "the close frame");
		// A window may be full when the last word is due: then it is not said.
		if (!("txWindow" in world)) expect(server.closes).toEqual([1000]);
		await other.end();
	});

	it("goes over any transport: here, over another layer, whose handshake comes first", async () => {
		const peer = await RecordPeer.listen(server.port);
		const transport = webSocket({ over: records(tcp) });
		expect(transport.ownSize).toBe(webSocket().ownSize! + records(tcp).ownSize!);
		const one = await new Device(peer.port, { transport }, { split: true }).connect();
		await one.subscribe("down", 1);
		const other = await (await Peer.connect(broker.port)).subscribe("up", 1);
		one.client.publish("up", payload(700, 1), 1);
		await other.publish("down", payload(150, 2), 1);
		await one.untilReceived(1);
		await other.untilReceived(1);
		expect([one.payloads, other.payloads]).toEqual([[payload(150, 2)], [payload(700, 1)]]);
		peer.cut();
		await until(() => one.accepted.length === 2, "the next connection");
		expect([peer.hellos, server.requests.length]).toEqual([2, 2]);
		await one.stop();
		await other.end();
		await peer.close();
	});

	it("tells whose handshake is under way: each layer has its own time-out", async () => {
		const peer = await RecordPeer.listen(server.port);
		const one = new Device(peer.port, { transport: webSocket({ over: records(tcp) }), handshakeTimeoutMs: 60 });
		peer.conduct.silent = true;
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		peer.conduct.silent = false;
		server.conduct.silent = true;
		await until(() => one.ends.at(-1)!.code !== Reason.SECURITY_TIMEOUT, "another end");
		expect([one.ends[0]!.code, one.ends.at(-1)!.code]).toEqual([Reason.SECURITY_TIMEOUT, Reason.WEBSOCKET_TIMEOUT]);
		server.conduct.silent = false;
		await one.untilConnected();
		await one.stop();
		await peer.close();
	});

	it("pings in silence, and answers pings of the server", async () => {
		const one = await device({ keepAlive: 1 }).connect();
		const before = server.messages;
		server.send((client) => client.ping("hello"));
		await until(() => server.pongs.length === 1 && server.messages > before, "PINGREQ and a pong");
		expect([server.pongs, one.ends]).toEqual([["hello"], []]);
		await one.stop();
	});

	it("asks for path and headers anew at each attempt", async () => {
		let token = 0;
		const transport = webSocket({ path: () => `/mqtt?token=${++token}`, headers: () => ({ "X-Token": `${token}` }) });
		const one = await device({ transport }).connect();
		server.cut();
		await until(() => one.accepted.length === 2, "the next connection");
		expect(server.requests.map(({ url, headers }) => [url, headers["x-token"], headers.host])).toEqual([
			["/mqtt?token=1", "1", expect.stringMatching(/^198\.19\.\d+\.\d+$/)],
			["/mqtt?token=2", "2", expect.stringMatching(/^198\.19\.\d+\.\d+$/)],
		]);
		await one.stop();
	});
});

describe("an end", () => {
	it.each([
		[404, Reason.UPGRADE_REFUSED],
		[401, Reason.UPGRADE_REFUSED],
		[302, Reason.UPGRADE_REFUSED],
		[503, Reason.UPGRADE_UNAVAILABLE],
		[429, Reason.UPGRADE_UNAVAILABLE],
	])("by status %i is reason %i, and the client gets through once that is mended", async (status, code) => {
		server.conduct.status = status;
		const one = device();
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.WEBSOCKET, code, detail: status, wasConnected: false });
		server.conduct.status = undefined;
		await one.untilConnected();
		await one.stop();
	});

	it("for want of a sub-protocol is one of its own", async () => {
		server.conduct.withoutProtocol = true;
		const one = device();
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.WEBSOCKET, code: Reason.NO_SUBPROTOCOL, detail: 1 });
		server.conduct.withoutProtocol = false;
		await one.untilConnected();
		await one.stop();
	});

	it("of a handshake that is never answered is the layer's own time-out, and it can be stopped", async () => {
		server.conduct.silent = true;
		const one = device({ handshakeTimeoutMs: 50 });
		one.client.start();
		await until(() => one.ends.length >= 2, "two ends");
		expect(one.ends[0]).toMatchObject({ layer: Layer.WEBSOCKET, code: Reason.WEBSOCKET_TIMEOUT, detail: 0 });
		await one.stop();
		const other = device();
		other.client.start();
		await until(() => other.client.state === State.OPENING && server.requests.length > 2, "a request");
		await other.stop();
		expect(other.ends).toMatchObject([{ layer: Layer.LOCAL, code: Reason.STOPPED }]);
		server.conduct.silent = false;
		await one.connect();
		await one.stop();
	});

	it("at any byte of the handshake is the link's, and the next attempt goes on", async () => {
		const one = device({ reconnectMinMs: 1, reconnectMaxMs: 1 });
		server.conduct.cutAfter = 0;
		// An answer of `ws` has 129 bytes and those of the protocol.
		for (let cut = 1; cut < 150; cut += 1) {
			server.conduct.cutAfter = cut;
			const before = one.ends.length;
			if (cut === 1) one.client.start();
			await until(() => one.ends.length > before, `an end after ${cut} bytes`);
		}
		server.conduct.cutAfter = undefined;
		await one.untilConnected();
		expect(new Set(one.ends.map(({ code, wasConnected }) => `${code} ${wasConnected}`))).toEqual(
			new Set([`${Reason.LINK_LOST} false`]),
		);
		await one.stop();
	});

	it("by a close frame has its code as detail, and what came before it was read", async () => {
		const one = await device({ readSize: 16, rxBuffer: 1024 }).connect();
		await one.subscribe("down");
		const other = await Peer.connect(broker.port);
		one.client.pause();
		await other.publish("down", payload(600, 1));
		await until(() => server.messages >= 2, "SUBSCRIBE");
		server.send((client) => client.send(Buffer.from("3005000164" + "6465", "hex")));
		server.end(1012);
		one.client.resume();
		await until(() => one.ends.length === 1, "the end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.WEBSOCKET, code: Reason.WEBSOCKET_CLOSED, detail: 1012 });
		expect(server.closes).toEqual([1012]);
		await one.untilConnected();
		await other.end();
		await one.stop();
	});

	it("by a text frame is a frame that no server must send [MQTT-6.0.0-1]", async () => {
		const one = await device().connect();
		server.send((client) => client.send("hello"));
		await until(() => one.ends.length === 1 && server.closes.length === 1, "the end");
		expect(one.ends[0]).toMatchObject({
			layer: Layer.WEBSOCKET,
			code: Reason.BAD_FRAME,
			detail: 1,
			wasConnected: true,
		});
		expect(server.closes).toEqual([1003]);
		await one.untilConnected();
		await one.stop();
	});

	it("at a server that speaks no HTTP is told at once", async () => {
		const one = new Device(broker.port, { transport: webSocket() });
		one.client.start();
		await until(() => one.ends.length >= 1, "an end");
		expect([Reason.BAD_UPGRADE, Reason.LINK_LOST]).toContain(one.ends[0]!.code);
		one.remove();
	});

	it("of the connection is told once, and the session goes on behind it", async () => {
		const one = await device({ cleanSession: false, outbox: 4096 }).connect();
		await one.subscribe("down", 1);
		const other = await (await Peer.connect(broker.port)).subscribe("up", 1);
		server.cut();
		for (let i = 0; i < 10; i++) one.client.publish("up", `${i}`, 1);
		await other.publish("down", "while away", 1);
		await one.untilReceived(1);
		await other.untilReceived(10);
		expect(one.ends).toMatchObject([{ layer: Layer.TRANSPORT, code: Reason.LINK_LOST, wasConnected: true }]);
		expect(one.accepted).toEqual([false, true]);
		await other.end();
		await one.stop();
	});
});
