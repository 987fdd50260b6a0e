import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reason, Status } from "xs-mqtt";
import { startAedes } from "../../../host-sim/brokers/aedes/aedes.js";
import { BROKERS, endAll, startMosquitto, type TestBroker } from "../../support/brokers.js";
import { inState } from "../../support/core-harness.js";
import { Device, gotOf, type Got } from "../../support/device.js";
import { describeWithMosquitto } from "../../support/mosquitto.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { Peer, type PeerMessage } from "../../support/peer.js";
import { until } from "../../support/until.js";
import { readPublish } from "../support.js";

// Goal: §3.3 where the statement is about what a server makes of our PUBLISH, and of RETAIN and DUP in what it sends to us.
// Method: the whole client at aedes and at mosquitto; an MQTT.js client is the other side.

afterAll(endAll);

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("as the server", () => {
		let broker: TestBroker;
		let peer: Peer;
		let device: Device;

		beforeEach(async () => {
			broker = await start();
			peer = await Peer.connect(broker.port);
			device = await new Device(broker.port).connect();
		});
		afterEach(async () => {
			await device.stop();
			await peer.end();
			await broker.stop();
		});

		/** Publishes from the device, and waits until the broker has it. */
		async function publish(topicName: string, payload: string, qos: 0 | 1 | 2, retain: boolean): Promise<void> {
			device.client.publish(topicName, payload, qos, retain);
			// Behind a QoS 0 publish there is one that is acknowledged.
			device.client.publish("behind", "", 1);
			await device.drained();
		}

		/** What a client gets that comes later. */
		async function retained(filter: string): Promise<PeerMessage[]> {
			const later = await (await Peer.connect(broker.port)).subscribe(filter, 2);
			await later.subscribe("marker");
			await peer.publish("marker", "marker", 1);
			await until(() => later.payloads.includes("marker"), "the marker");
			await later.end();
			return later.messages.filter(({ topic }) => topic !== "marker");
		}

		it("keeps a message of ours with RETAIN 1, and its QoS [MQTT-3.3.1-5]", async () => {
			for (const qos of [0, 1, 2] as const) await publish(`kept/${qos}`, `at ${qos}`, qos, true);
			const messages = await retained("kept/#");
			expect(messages.sort((a, b) => a.qos - b.qos)).toEqual(
				[0, 1, 2].map((qos) => ({ topic: `kept/${qos}`, payload: `at ${qos}`, qos, retain: true })),
			);
		});

		it("takes a payload that was composed as any other: RETAIN, QoS, topic name, no identifier at QoS 0 [MQTT-3.3.1-5] [MQTT-3.3.2-1] [MQTT-2.3.1-5]", async () => {
			for (const qos of [0, 1, 2] as const) {
				expect(device.client.compose("composed/+", qos).text("x").send()).toBe(Status.INVALID_TOPIC);
				const result = device.client.compose(`composed/${qos}`, qos, true).text("at ").integer(qos).send();
				expect(result > 0).toBe(qos > 0);
			}
			await device.drained();
			const messages = await retained("composed/#");
			expect(messages.sort((a, b) => a.qos - b.qos)).toEqual(
				[0, 1, 2].map((qos) => ({ topic: `composed/${qos}`, payload: `at ${qos}`, qos, retain: true })),
			);
		});

		it("keeps none with RETAIN 0, and leaves the one it has [MQTT-3.3.1-12]", async () => {
			await publish("not/kept", "x", 1, false);
			await publish("kept", "first", 1, true);
			await publish("kept", "second", 1, false);
			await publish("kept", "", 1, false);
			expect(await retained("not/kept")).toEqual([]);
			expect((await retained("kept")).map(({ payload }) => payload)).toEqual(["first"]);
		});

		it("replaces the one it has, also by one at QoS 0 [MQTT-3.3.1-7]", async () => {
			await publish("kept", "first", 1, true);
			await publish("kept", "second", 0, true);
			// The standard lets a server keep none; it must not keep the first.
			expect((await retained("kept")).map(({ payload }) => payload)).not.toContain("first");
			await publish("kept", "third", 2, true);
			expect((await retained("kept")).map(({ payload }) => payload)).toEqual(["third"]);
		});

		it("sends us the last retained message of every topic that matches, with RETAIN 1 [MQTT-3.3.1-6] [MQTT-3.3.1-8]", async () => {
			await peer.publish("state/a", "old", 1, true);
			await peer.publish("state/a", "new", 1, true);
			await peer.publish("state/b", "b", 1, true);
			await device.subscribe("state/#", 1);
			await device.untilReceived(2);
			const got = device.messages.map(({ topic, payload, retain }) => [topic, payload, retain]);
			expect(got.sort()).toEqual([
				["state/a", "new", true],
				["state/b", "b", true],
			]);
		});

		it("sends us what is published later with RETAIN 0 [MQTT-3.3.1-9]", async () => {
			await device.subscribe("state/#", 1);
			await peer.publish("state/a", "live", 1, true);
			await device.untilReceived(1);
			expect(device.messages).toMatchObject([{ payload: "live", retain: false }]);
		});

		it("forwards an empty retained message, and forgets the one it had [MQTT-3.3.1-10] [MQTT-3.3.1-11]", async () => {
			await publish("state", "x", 1, true);
			const watcher = await (await Peer.connect(broker.port)).subscribe("state", 1);
			await watcher.untilReceived(1);
			await publish("state", "", 1, true);
			await watcher.untilReceived(2);
			expect(watcher.messages[1]).toMatchObject({ topic: "state", payload: "", retain: false });
			expect(await retained("state")).toEqual([]);
			await watcher.end();
		});
	});
});

describe("DUP of what a server forwards", () => {
	it("is a matter of that server: a message is new to us by its identifier, whatever DUP says [MQTT-3.3.1-3]", async () => {
		// aedes passes on the DUP of the publisher, which the standard does not allow.
		const broker = await startAedes();
		const peer = await Peer.connect(broker.port);
		const device = await new Device(broker.port).connect();
		await device.subscribe("dup", 2);
		for (const qos of [1, 2] as const) await peer.client.publishAsync("dup", `at ${qos}`, { qos, dup: true });
		await device.untilReceived(2);
		expect(device.payloads).toEqual(["at 1", "at 2"]);
		await device.stop();
		await peer.end();
		await broker.close();
	});

	describeWithMosquitto("mosquitto", () => {
		it("is not that of the publisher [MQTT-3.3.1-3]", async () => {
			const broker = await startMosquitto();
			const peer = await Peer.connect(broker.port);
			const device = await new Device(broker.port).connect();
			await device.subscribe("dup", 1);
			await peer.client.publishAsync("dup", "x", { qos: 1, dup: true });
			await device.untilReceived(1);
			expect(device.messages).toMatchObject([{ payload: "x", qos: 1, duplicate: false }]);
			await device.stop();
			await peer.end();
			await broker.stop();
		});
	});
});

describe("a message for two filters that overlap", () => {
	it("may come more than once: each copy is acknowledged, and goes to each handler once [MQTT-3.3.5-1]", () => {
		const h = inState.connected();
		const got: string[] = [];
		const note = (name: string): typeof h.keep => (() => got.push(name)) as unknown as typeof h.keep;
		h.subscribe("overlap/#", 0, note("wide"));
		h.subscribe("overlap/+", 2, note("narrow"));
		h.sent();
		const copies =
			publishHex("overlap/a", "x", 2, 7) + publishHex("overlap/a", "x", 0) + publishHex("overlap/a", "x", 1, 8);
		expect(h.exchange(copies)).toBe(ackHex(0x50, 7) + ackHex(0x40, 8));
		expect(got).toEqual(["wide", "narrow", "wide", "narrow", "wide", "narrow"]);
	});

	describeWithMosquitto("mosquitto", () => {
		it("comes at the highest QoS of the two [MQTT-3.3.5-1]", async () => {
			const broker = await startMosquitto();
			const peer = await Peer.connect(broker.port);
			const device = await new Device(broker.port).connect();
			const wide: Got[] = [];
			const narrow: Got[] = [];
			await device.subscribe("overlap/#", 0, (message) => wide.push(gotOf(message)));
			await device.subscribe("overlap/+", 2, (message) => narrow.push(gotOf(message)));
			await peer.publish("overlap/a", "x", 2);
			await peer.publish("overlap/a", "end", 2);
			await until(() => narrow.some(({ payload }) => payload === "end"), "the last message");
			expect(wide).toEqual(narrow);
			expect(Math.max(...narrow.filter(({ payload }) => payload === "x").map(({ qos }) => qos))).toBe(2);
			await device.stop();
			await peer.end();
			await broker.stop();
		});
	});
});

describe("a publish that is not authorised", () => {
	it("may be answered by closing: the client sends it again, marked [MQTT-3.3.5-2]", async () => {
		let refusals = 0;
		const broker = await startAedes({
			authorizePublish: (_client, packet, done) => {
				done(packet.topic === "secret" && ++refusals <= 1 ? new Error("not you") : null);
			},
		});
		const device = await new Device(broker.port, { cleanSession: false }).connect();
		const packetId = device.client.publish("secret", "x", 1);
		await device.drained();
		expect(device.ends).toMatchObject([{ code: Reason.LINK_LOST, wasConnected: true }]);
		expect(device.delivered).toEqual([packetId]);
		expect(refusals).toBe(2);
		await device.stop();
		await broker.close();
	});

	it("may be answered by an ack as any other: the client says that it is delivered [MQTT-3.3.5-2]", () => {
		const h = inState.connected();
		const packetId = h.publish("secret", "x", 1);
		expect(readPublish(h.sent()).packetId).toBe(packetId);
		h.receive("4002" + packetId.toString(16).padStart(4, "0"));
		expect(h.take()).toEqual([`delivered ${packetId}`]);
	});

	describeWithMosquitto("mosquitto", () => {
		it("is acknowledged, and not forwarded [MQTT-3.3.5-2]", async () => {
			const broker = await startMosquitto({ acl: ["topic readwrite public/#"] });
			const peer = await (await Peer.connect(broker.port)).subscribe("#", 1);
			const device = await new Device(broker.port).connect();
			const packetIds = [device.client.publish("secret", "x", 1), device.client.publish("public/a", "y", 1)];
			await device.drained();
			await peer.untilReceived(1);
			expect(device.delivered).toEqual(packetIds);
			expect(peer.payloads).toEqual(["y"]);
			expect(device.ends).toEqual([]);
			await device.stop();
			await peer.end();
			await broker.stop();
		});
	});
});
