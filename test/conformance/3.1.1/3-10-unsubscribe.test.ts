import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Counter, Reason, Status } from "xs-mqtt";
import { startAedes } from "../../../host-sim/brokers/aedes/aedes.js";
import { BROKERS, endAll, type TestBroker } from "../../support/brokers.js";
import { endedBy, inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { Peer } from "../../support/peer.js";
import { until } from "../../support/until.js";
import {
	expectAlive,
	expectViolation,
	fieldHex,
	packetHex,
	packetsOfType,
	readRequest,
	subscribed,
	TEXT,
} from "../support.js";

// Goal: §3.10 UNSUBSCRIBE and §3.11 UNSUBACK: what is asked for, that the answer goes to its question, and what still comes.
// Method: requests are read by a reader of the tests' own; the whole client at aedes and mosquitto where the statement is
// about what a server does.

afterAll(endAll);

describe("UNSUBSCRIBE", () => {
	it("begins with a2, also when it is sent again [MQTT-3.10.1-1]", () => {
		const h = subscribed(["f"], { cleanSession: false });
		h.unsubscribe("f");
		expect(h.sent()).toBe(packetHex(0xa2, "0002" + fieldHex("f")));
		h.lost();
		expect(h.connect(true)).toBe(packetHex(0xa2, "0003" + fieldHex("f")));
	});

	it("has its filters in UTF-8, one behind the other [MQTT-3.10.3-1]", () => {
		const h = subscribed(["a", TEXT, "c/#"]);
		for (const filter of ["a", TEXT, "c/#"]) h.unsubscribe(filter);
		expect(h.sent()).toBe(packetHex(0xa2, "0002" + ["a", TEXT, "c/#"].map(fieldHex).join("")));
		expect(h.unsubscribe("\ud800")).toBeLessThan(0);
		expect(h.sent()).toBe("");
	});

	it("has at least one filter: without any there is no UNSUBSCRIBE [MQTT-3.10.3-2]", () => {
		const h = subscribed(["a", "b"], { cleanSession: false });
		expect(h.unsubscribe("")).toBeLessThan(0);
		expect(h.sent()).toBe("");
		// One that this program has never declared may be an earlier one's, in a session that the server keeps.
		expect(h.unsubscribe("unknown")).toBe(Status.OK);
		expect(readRequest(h.sent()).filters).toEqual(["unknown"]);
		h.unsubscribe("a");
		// Declared again before it is sent: there is nothing left to end.
		h.subscribe("a", 1);
		expect(packetsOfType(h.sent(), 10)).toEqual([]);
		h.unsubscribe("b");
		expect(h.unsubscribe("b")).toBe(Status.NOT_FOUND);
		expect(readRequest(h.sent()).filters).toEqual(["b"]);
		h.lost();
		// A new session has nothing that could be ended.
		expect(packetsOfType(h.connect(false), 10)).toEqual([]);
	});

	it("may have several filters, and one UNSUBACK answers all [MQTT-3.10.4-6]", () => {
		const h = subscribed(["a", "b", "c"]);
		for (const filter of ["a", "c"]) h.unsubscribe(filter);
		expect(readRequest(h.sent())).toMatchObject({ packetId: 2, filters: ["a", "c"] });
		h.exchange(ackHex(0xb0, 2));
		expect(h.take()).toEqual(["unsubscribed 0", "unsubscribed 2"]);
		h.receive(["a", "b", "c"].map((topic) => publishHex(topic, topic)).join(""));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["b"]);
	});
});

describe("UNSUBACK", () => {
	it("answers the UNSUBSCRIBE with its identifier, in whatever order they come [MQTT-3.10.4-4]", () => {
		const h = subscribed(["a", "b"]);
		h.unsubscribe("a");
		h.sent();
		h.unsubscribe("b");
		h.sent();
		h.exchange(ackHex(0xb0, 3));
		expect(h.take()).toEqual(["unsubscribed 1"]);
		h.exchange(ackHex(0xb0, 9));
		expect(h.take()).toEqual([]);
		h.exchange(ackHex(0xb0, 2));
		expect(h.take()).toEqual(["unsubscribed 0"]);
		expectAlive(h);
	});

	it("that does not come ends the connection [MQTT-3.10.4-4]", () => {
		const h = subscribed(["a"], { ackTimeoutMs: 500 });
		h.unsubscribe("a");
		h.sent();
		h.exchange(ackHex(0xb0, 9));
		h.pass(499);
		expect(h.take()).toEqual([]);
		h.pass(1);
		expect(h.take()).toEqual([endedBy(Reason.SUBACK_TIMEOUT)]);
	});

	it("with the identifier of a PUBLISH or a SUBSCRIBE ends the connection [MQTT-3.10.4-4]", () => {
		const publishing = inState.connected({ firstId: 1 });
		publishing.publish("t", "x", 1);
		publishing.sent();
		expectViolation(publishing, ackHex(0xb0, 1));
		const subscribing = inState.connected({ firstId: 1 });
		subscribing.subscribe("f");
		subscribing.sent();
		expectViolation(subscribing, ackHex(0xb0, 1));
	});
});

describe("messages that are on their way", () => {
	it.each([1, 2])("at QoS %i are acknowledged to the end, before and after UNSUBACK [MQTT-3.10.4-3]", (qos) => {
		const h = subscribed(["t"]);
		h.exchange(publishHex("t", "before", 2, 7));
		h.unsubscribe("t");
		h.sent();
		const ack = (id: number): string => ackHex(qos === 1 ? 0x40 : 0x50, id);
		expect(h.exchange(publishHex("t", "x", qos, 8))).toBe(ack(8));
		expect(h.exchange(publishHex("t", "x".repeat(600), qos, 9))).toBe(ack(9));
		h.exchange(ackHex(0xb0, 2));
		expect(h.exchange(publishHex("t", "x", qos, 10))).toBe(ack(10));
		// The message that came before has its handshake finished.
		expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["before"]);
		h.take();
		expectAlive(h);
	});

	it("do not reach the handler any more [MQTT-3.10.4-2]", () => {
		const h = subscribed(["t", "other"]);
		h.unsubscribe("t");
		h.receive(publishHex("t", "x"));
		h.sent();
		h.receive(publishHex("t", "x"));
		h.receive(ackHex(0xb0, 2) + publishHex("t", "x"));
		expect(h.seen).toEqual([]);
		expect(h.take()).toEqual(["unsubscribed 0"]);
	});
});

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

		async function unsubscribe(...filters: string[]): Promise<void> {
			const before = device.unsubscribed;
			for (const filter of filters) expect(device.client.unsubscribe(filter)).toBe(Status.OK);
			await until(() => device.unsubscribed === before + filters.length, "UNSUBACK");
		}

		/** Publishes to topics, and returns what the device gets of it. */
		async function publish(...topics: string[]): Promise<string[]> {
			const from = device.messages.length;
			for (const topic of topics) await peer.publish(topic, topic, 1);
			await device.subscribe("end", 1);
			await peer.publish("end", "end", 1);
			await until(() => device.payloads.slice(from).includes("end"), "the last message");
			await unsubscribe("end");
			return device.payloads.slice(from).filter((payload) => payload !== "end");
		}

		it("removes the filter that is the same in every character, and no other [MQTT-3.10.4-1]", async () => {
			for (const filter of ["a/+", "a/B", "c", "C", "c/"]) await device.subscribe(filter, 1);
			await unsubscribe("a/+");
			await unsubscribe("c");
			expect(await publish("a/B", "a/b", "c", "C", "c/")).toEqual(["a/B", "C", "c/"]);
		});

		it("sends nothing new for a subscription that is ended [MQTT-3.10.4-2]", async () => {
			await device.subscribe("t/#", 2);
			await peer.publish("t/a", "before", 1);
			await device.untilReceived(1);
			await unsubscribe("t/#");
			const counted = device.client.counters[Counter.PUBLISHES_IN]!;
			expect(await publish("t/a", "t")).toEqual([]);
			// Not even to be thrown away: of the three, only "end" has come.
			expect(device.client.counters[Counter.PUBLISHES_IN]! - counted).toBe(1);
		});

		it("answers with UNSUBACK [MQTT-3.10.4-4]", async () => {
			await device.subscribe("t", 1);
			await unsubscribe("t");
			expect(device.client.connected).toBe(true);
		});

		it("ends several subscriptions by one UNSUBSCRIBE [MQTT-3.10.4-6]", async () => {
			for (const filter of ["a", "b", "c"]) await device.subscribe(filter, 1);
			await unsubscribe("a", "c");
			expect(await publish("a", "b", "c")).toEqual(["b"]);
		});
	});
});

it("a server that has no such subscription answers all the same, and the client is done with it [MQTT-3.10.4-5]", async () => {
	const broker = await startAedes({ authorizeSubscribe: (_client, _subscription, done) => done(null, null) });
	const device = await new Device(broker.port).connect();
	await device.subscribe("refused", 1);
	expect(device.granted).toEqual([0x80]);
	expect(device.client.unsubscribe("refused")).toBe(Status.OK);
	await until(() => device.unsubscribed === 1, "UNSUBACK");
	expect(device.client.unsubscribe("refused")).toBe(Status.OK);
	await until(() => device.unsubscribed === 2, "UNSUBACK for what is not subscribed to any more");
	expect(device.ends).toEqual([]);
	await device.stop();
	await broker.close();
});
