import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Layer, Reason, State, type ClientOptions } from "xs-mqtt";
import { startAedes, type EmbeddedBroker, type EmbeddedOptions } from "../../../host-sim/brokers/aedes/aedes.js";
import { BROKERS, endAll, startMosquitto, type TestBroker } from "../../support/brokers.js";
import { inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { describeWithMosquitto } from "../../support/mosquitto.js";
import { Peer } from "../../support/peer.js";
import { pause, until } from "../../support/until.js";
import { packetsOfType } from "../support.js";

// Goal: §3.1 where the statement is about what a server makes of our CONNECT: sessions, the will, client identifiers,
// refusals, take-over.
// Method: the whole client at aedes and at mosquitto; an MQTT.js client looks on.

afterAll(endAll);

/** For "and nothing else comes": a message that the broker handles behind all others. */
async function nothingElse(peer: Peer, expected: readonly string[]): Promise<void> {
	await peer.publish("watched/end", "end", 1);
	await until(() => peer.payloads.includes("end"), "the last message");
	expect(peer.payloads).toEqual([...expected, "end"]);
}

async function firstEnd(device: Device): Promise<Device> {
	device.client.start();
	await until(() => device.ends.length > 0, "the end of the attempt");
	return device;
}

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("as the server", () => {
		let broker: TestBroker;
		let peer: Peer;

		beforeEach(async () => {
			broker = await start();
			peer = await (await Peer.connect(broker.port)).subscribe("watched/#", 2);
		});
		afterEach(async () => {
			await peer.end();
			await broker.stop();
		});

		it("keeps QoS 1 and 2 messages for a session, and the client takes them when it is back [MQTT-3.1.2-5]", async () => {
			const device = new Device(broker.port, { cleanSession: false });
			await device.connect();
			await device.subscribe("kept/#", 2);
			await device.stop();
			await peer.publish("kept/a", "one", 1);
			await peer.publish("kept/b", "two", 2);
			await device.connect();
			await device.untilReceived(2);
			expect(device.accepted).toEqual([false, true]);
			expect(device.messages.map(({ topic, payload, qos }) => [topic, payload, qos]).sort()).toEqual([
				["kept/a", "one", 1],
				["kept/b", "two", 2],
			]);
			expect(device.granted.length, "it was subscribed once").toBe(1);
			await device.stop();
		});

		it("continues a session or drops it, as CleanSession says [MQTT-3.1.2-4] [MQTT-3.1.2-6] [MQTT-3.1.4-3]", async () => {
			const clientId = "one-session";
			const present: boolean[] = [];
			for (const cleanSession of [false, false, true, false]) {
				const device = await new Device(broker.port, { clientId, cleanSession }).connect();
				present.push(device.accepted[0]!);
				// For aedes a session without a subscription is none.
				await device.subscribe("any", 1);
				await device.stop();
			}
			expect(present).toEqual([false, true, false, false]);
		});

		it("finds a session by the client identifier, and only by it [MQTT-3.1.3-2]", async () => {
			const first = await new Device(broker.port, { clientId: "first", cleanSession: false }).connect();
			await first.subscribe("any", 1);
			await first.stop();
			const second = await new Device(broker.port, { clientId: "second", cleanSession: false }).connect();
			const again = await new Device(broker.port, { clientId: "first", cleanSession: false }).connect();
			expect([second.accepted, again.accepted]).toEqual([[false], [true]]);
			await second.stop();
			await again.stop();
		});

		it("keeps what a client has published as retained when its clean session ends [MQTT-3.1.2-7]", async () => {
			const device = await new Device(broker.port, { cleanSession: true }).connect();
			device.client.publish("state/kept", "still here", 1, true);
			await device.drained();
			await device.stop();
			await peer.subscribe("state/#", 1);
			await peer.untilReceived(1);
			expect(peer.messages).toMatchObject([{ topic: "state/kept", payload: "still here", retain: true }]);
		});

		it("publishes the will of a client that is lost, once [MQTT-3.1.2-8] [MQTT-3.1.2-10]", async () => {
			const will = { topic: "watched/will", payload: "lost", qos: 1 } as const;
			const device = await new Device(broker.port, { will, reconnect: false }).connect();
			device.world.cut();
			await peer.untilReceived(1);
			expect(peer.messages[0]).toEqual({ topic: "watched/will", payload: "lost", qos: 1, retain: false });
			await pause(50);
			await nothingElse(peer, ["lost"]);
		});

		it("publishes no will when the client disconnects, neither then nor later [MQTT-3.1.2-8] [MQTT-3.1.2-10]", async () => {
			const will = { topic: "watched/will", payload: "lost" };
			const device = await new Device(broker.port, { will }).connect();
			await device.stop();
			await pause(50);
			await nothingElse(peer, []);
		});

		it("publishes nothing for a client without a will that is lost [MQTT-3.1.2-12]", async () => {
			const other = await (await Peer.connect(broker.port)).subscribe("#", 1);
			const device = await new Device(broker.port, { reconnect: false }).connect();
			device.world.cut();
			await until(() => device.ends.length === 1, "the end of the connection");
			await pause(50);
			await nothingElse(other, []);
			await other.end();
		});

		it.each([false, true])(
			"publishes the will with RETAIN as it was asked for: %s [MQTT-3.1.2-16] [MQTT-3.1.2-17]",
			async (retain) => {
				const will = { topic: "watched/will", payload: "lost", qos: 1, retain } as const;
				const device = await new Device(broker.port, { will, reconnect: false }).connect();
				device.world.cut();
				await peer.untilReceived(1);
				const later = await (await Peer.connect(broker.port)).subscribe("watched/#", 1);
				await peer.publish("watched/end", "end", 1);
				await until(() => later.payloads.includes("end"), "the last message");
				expect(later.messages.filter(({ payload }) => payload === "lost")).toEqual(
					retain ? [{ topic: "watched/will", payload: "lost", qos: 1, retain: true }] : [],
				);
				await later.end();
			},
		);

		it("keeps a client that has nothing to say, because it pings in time [MQTT-3.1.2-24]", async () => {
			const device = await new Device(broker.port, { keepAlive: 2 }).connect();
			await pause(4_000);
			expect(device.ends).toEqual([]);
			expect(device.client.connected).toBe(true);
			await device.stop();
		});

		it("drops a client that it does not hear of, by the Keep Alive of its CONNECT [MQTT-3.1.2-24]", async () => {
			const will = { topic: "watched/will", payload: "lost" };
			const device = await new Device(broker.port, { will, keepAlive: 1, reconnect: false }).connect();
			device.world.halfOpen();
			await peer.untilReceived(1);
			expect(peer.payloads).toEqual(["lost"]);
		});

		it.each(["x", "0123456789abcdefghijABC", "ABCDEFGHIJKLMNOPQRSTUVW", "xyzXYZ"])(
			"accepts the client identifier %s [MQTT-3.1.3-5]",
			async (clientId) => {
				const device = await new Device(broker.port, { clientId }).connect();
				expect(device.accepted).toEqual([false]);
				await device.stop();
			},
		);

		it("gives a client without an identifier one of its own, and serves it [MQTT-3.1.3-6]", async () => {
			const devices = [0, 1].map(() => new Device(broker.port, { clientId: "" }));
			for (const device of devices) await (await device.connect()).subscribe("anonymous", 1);
			await peer.publish("anonymous", "to both", 1);
			for (const device of devices) await device.untilReceived(1);
			// They are not taken for one another.
			expect(devices.map(({ ends }) => ends)).toEqual([[], []]);
			for (const device of devices) await device.stop();
		});

		it("finds nothing wrong with any CONNECT of ours, and accepts it [MQTT-3.1.4-1] [MQTT-3.1.4-4]", async () => {
			for (const cleanSession of [true, false]) {
				for (const qos of [undefined, 0, 1, 2] as const) {
					for (const credentials of [
						{},
						{ userName: "u" },
						{ userName: "u", password: "p" },
						{ userName: "", password: "" },
					]) {
						const options: Partial<ClientOptions> = { cleanSession, reconnect: false, ...credentials };
						if (qos !== undefined) options.will = { topic: "w", payload: "é", qos, retain: qos === 1 };
						const device = await new Device(broker.port, options).connect();
						expect(device.ends).toEqual([]);
						await device.stop();
					}
				}
			}
		});

		it("closes the older connection when its identifier comes again, and the older client learns of a close [MQTT-3.1.4-2]", async () => {
			const clientId = "twice";
			const older = await new Device(broker.port, { clientId, reconnect: false }).connect();
			const newer = await new Device(broker.port, { clientId, reconnect: false }).connect();
			await until(() => older.ends.length === 1, "the end of the older connection");
			expect(older.ends).toMatchObject([{ layer: Layer.TRANSPORT, code: Reason.LINK_LOST, wasConnected: true }]);
			expect(newer.client.connected).toBe(true);
			await newer.stop();
		});

		it("answers a CONNECT with return code 0 [MQTT-3.1.4-4]", async () => {
			const device = await new Device(broker.port).connect();
			expect(device.client.state).toBe(State.CONNECTED);
			await device.stop();
		});
	});
});

describe("a server that refuses", () => {
	const brokers: EmbeddedBroker[] = [];
	afterEach(async () => {
		for (const broker of brokers.splice(0)) await broker.close();
	});

	/** An aedes that refuses the first attempts with a return code. */
	async function refusing(returnCode: number, attempts = Infinity): Promise<EmbeddedBroker> {
		let count = 0;
		const authenticate: NonNullable<EmbeddedOptions["authenticate"]> = (_client, _user, _password, done) => {
			if (++count <= attempts) done(Object.assign(new Error("no"), { returnCode }), null);
			else done(null, true);
		};
		const broker = await startAedes({ authenticate });
		brokers.push(broker);
		return broker;
	}

	it("the identifier: the client reports it, and does not try again in a hurry [MQTT-3.1.3-9]", async () => {
		const broker = await refusing(2);
		const device = await firstEnd(new Device(broker.port, { holdOffMs: 60_000 }));
		expect(device.ends).toMatchObject([
			{ layer: Layer.SERVER, code: Reason.REFUSED_IDENTIFIER, detail: 2, wasConnected: false },
		]);
		expect(device.ends[0]!.retryMs).toBeGreaterThanOrEqual(30_000);
		device.remove();
	});

	it("without CONNACK: the client takes the close for a failed attempt [MQTT-3.1.4-1]", () => {
		const h = inState.connecting();
		h.lost();
		expect(h.take()).toEqual([expect.stringMatching(/^disconnected 2\/22 0 retry$/)]);
	});

	it("loses nothing of ours: what was published before it accepts arrives when it does [MQTT-3.1.4-5]", async () => {
		const broker = await refusing(3, 1);
		const device = new Device(broker.port);
		device.client.publish("early", "0", 0);
		device.client.publish("early", "1", 1);
		device.client.publish("early", "2", 2);
		const published: string[] = [];
		broker.aedes.on("publish", ({ topic, payload }) => {
			if (topic === "early") published.push(payload.toString());
		});
		await device.connect();
		await device.drained();
		await until(() => published.length >= 3, "all three");
		expect(device.ends.map(({ code }) => code)).toEqual([Reason.REFUSED_SERVER_UNAVAILABLE]);
		// aedes keeps no order between levels of QoS.
		expect(published.sort()).toEqual(["0", "1", "2"]);
		await device.stop();
	});

	it("gets nothing but CONNECT before it has answered [MQTT-3.1.4-5]", () => {
		const h = inState.connecting();
		h.publish("t", "x", 1);
		h.subscribe("f", 1);
		expect(h.sent()).toBe("");
		h.receive("20020003");
		h.pass(200_000);
		h.opened();
		const sent = h.exchange("20020000");
		expect([packetsOfType(sent, 8).length, packetsOfType(sent, 3).length]).toEqual([1, 1]);
	});

	it("an empty identifier with CleanSession 0: it cannot be asked for, and return code 2 is reported [MQTT-3.1.3-8]", () => {
		expect(() => inState.stopped({ clientId: "", cleanSession: false })).toThrow(RangeError);
		const h = inState.connecting({ clientId: "" });
		h.receive("20020002");
		expect(h.take()).toEqual([expect.stringMatching(new RegExp(`^disconnected 3/${Reason.REFUSED_IDENTIFIER} 2 `))]);
		expect(h.takeClose()).toBe(true);
	});

	describeWithMosquitto("mosquitto", () => {
		it("an empty identifier: the client reports it [MQTT-3.1.3-8] [MQTT-3.1.3-9]", async () => {
			const broker = await startMosquitto({ config: ["allow_zero_length_clientid false"] });
			const device = await firstEnd(new Device(broker.port, { clientId: "", reconnect: false }));
			expect(device.ends).toMatchObject([{ layer: Layer.SERVER, code: Reason.REFUSED_IDENTIFIER, detail: 2 }]);
			await broker.stop();
		});
	});
});
