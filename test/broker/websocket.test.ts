import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Layer, Reason, type ClientOptions } from "xs-mqtt";
import { webSocket } from "xs-mqtt/websocket";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import type { SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import { Device, endDevices } from "../support/device.js";
import { until } from "../support/until.js";
import { describeWithNginx } from "../support/nginx.js";
import { ejabberdMissing, WebServer } from "../support/web-servers.js";
import { TestServer } from "../transport/websocket-server.js";

// Goal: MQTT over WebSocket with servers and proxies that others run.
// Method: ejabberd and nginx of Debian, each in a process and a folder of its own.

afterAll(endDevices);

const SIZES = [0, 1, 100, 118, 119, 125, 126, 300, 900, 2_000];

function payload(size: number, seed: number): string {
	return Array.from({ length: size }, (_, i) => String.fromCharCode(97 + ((i * 7 + seed) % 26))).join("");
}

/** Two devices at one server: what one publishes the other gets, at each QoS. */
async function exchange(port: number, options: Partial<ClientOptions>, world: SocketWorldOptions = {}): Promise<void> {
	const room = { rxBuffer: 4096, outbox: 8192, ...options };
	const one = await new Device(port, room, world).connect();
	const other = await new Device(port, room).connect();
	await other.subscribe("there/#", 2);
	for (const qos of [0, 1, 2] as const) {
		const sent = SIZES.map((size) => payload(size, qos));
		for (const text of sent) {
			while (one.client.publish(`there/${qos}`, text, qos) < 0) await until(() => one.client.queued === 0, "room");
		}
		await other.untilReceived(sent.length);
		expect(other.payloads).toEqual(sent);
		other.messages.length = 0;
	}
	await one.drained();
	expect([one.ends, other.ends]).toEqual([[], []]);
	await one.stop();
	await other.stop();
}

describe.skipIf(ejabberdMissing !== undefined)("ejabberd", () => {
	let server: WebServer;

	beforeAll(async () => {
		server = await WebServer.ejabberd();
	});
	afterAll(() => server.stop());

	const LOGIN = { userName: "joe@localhost", password: "any", transport: webSocket() };

	it.each([
		["whole", {}],
		["cut at every byte", { split: true }],
		["through a small window", { txWindow: 100 }],
	])("takes and gives messages at every QoS: %s", (_name, world) => exchange(server.port, LOGIN, world));

	it("keeps a session over a lost connection", async () => {
		const one = await new Device(server.port, { ...LOGIN, cleanSession: false, clientId: "kept" }).connect();
		await one.subscribe("kept", 1);
		one.world.cut();
		for (let i = 0; i < 5; i++) one.client.publish("kept", `${i}`, 1);
		await one.untilReceived(5);
		expect([one.payloads, one.accepted.at(-1)]).toEqual([["0", "1", "2", "3", "4"], true]);
		await one.stop();
	});

	it("refuses a path that it does not have", async () => {
		const one = new Device(server.port, { ...LOGIN, transport: webSocket({ path: "/other" }) });
		one.client.start();
		await until(() => one.ends.length > 0, "an end");
		expect(one.ends[0]).toMatchObject({ layer: Layer.WEBSOCKET, code: Reason.UPGRADE_REFUSED, detail: 404 });
		one.remove();
	});
});

describeWithNginx("nginx in front of a WebSocket server", () => {
	let broker: EmbeddedBroker;
	let upstream: TestServer;
	let server: WebServer;

	beforeEach(async () => {
		broker = await startAedes();
		upstream = await TestServer.listen(broker.port);
		server = await WebServer.nginx(upstream.port);
	});
	afterEach(async () => {
		await server.stop();
		await upstream.close();
		await broker.close();
	});

	const at = (path: string): Partial<ClientOptions> => ({ transport: webSocket({ path }) });

	it("passes messages at every QoS", async () => {
		await exchange(server.port, at("/broker/mqtt"));
		expect(upstream.requests[0]!.url).toBe("/mqtt");
	});

	it("refuses what it does not have, redirects, and has no upstream: each is told, and mended", async () => {
		let path = "/other";
		const one = new Device(server.port, { transport: webSocket({ path: () => path }) });
		one.client.start();
		const next = async (): Promise<number[]> => {
			const before = one.ends.length;
			await until(() => one.ends.length > before, "an end");
			return [one.ends.at(-1)!.code, one.ends.at(-1)!.detail];
		};
		expect(await next()).toEqual([Reason.UPGRADE_REFUSED, 404]);
		path = "/moved";
		await until(() => one.ends.at(-1)!.detail === 301, "the redirect");
		expect(one.ends.at(-1)!.code).toBe(Reason.UPGRADE_REFUSED);
		path = "/broker/mqtt";
		await one.untilConnected();
		await upstream.close();
		await until(() => one.ends.at(-1)!.detail === 502, "the proxy's own word");
		expect(one.ends.at(-1)!.code).toBe(Reason.UPGRADE_UNAVAILABLE);
		await one.stop();
		upstream = await TestServer.listen(broker.port);
	});
});
