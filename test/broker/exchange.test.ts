// Goal: everyday traffic with real brokers: each QoS both ways, retained messages, wildcards, overlapping filters,
// unsubscribing, and what a handler is told.
// Method: a client of ours and an MQTT.js client at the same broker, aedes in this process and mosquitto.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Counter, Status, Topic } from "xs-mqtt";
import { BROKERS, endAll, type TestBroker } from "../support/brokers.js";
import { Device, gotOf, type Got } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { pause, until } from "../support/until.js";

const LEVELS = [0, 1, 2] as const;

/** Every pair of a publisher's QoS and a subscriber's. */
const PAIRS = LEVELS.flatMap((published) => LEVELS.map((subscribed) => [published, subscribed] as const));

afterAll(endAll);

describe.each(BROKERS)("with $name", ({ describeBroker, start }) => {
	describeBroker("messages", () => {
		let broker: TestBroker;
		let device: Device;
		let peer: Peer;
		let count = 0;
		/** A topic that no other test uses. */
		const newTopic = (): string => `exchange/${++count}`;

		beforeAll(async () => {
			broker = await start();
			device = await new Device(broker.port, { subscriptions: 64, filterBytes: 2048 }).connect();
			peer = await Peer.connect(broker.port);
		});
		afterAll(async () => {
			await device.stop();
			await peer.end();
			await broker.stop();
		});

		it.each(PAIRS)("published at QoS %i reach a subscription at QoS %i, both ways", async (published, subscribed) => {
			const qos = Math.min(published, subscribed);
			const incoming = newTopic();
			const outgoing = newTopic();
			const got: Got[] = [];
			await device.subscribe(incoming, subscribed, (message) => got.push(gotOf(message)));
			await peer.subscribe(outgoing, subscribed);
			const from = peer.messages.length;
			const delivered = device.delivered.length;

			await peer.publish(incoming, "to the device", published);
			const packetId = device.client.publish(outgoing, "from the device", published);
			await until(() => got.length > 0 && peer.messages.length > from, "both messages");
			await device.drained();

			expect(got).toMatchObject([{ topic: incoming, payload: "to the device", qos, retain: false, duplicate: false }]);
			expect(peer.messages.slice(from)).toEqual([{ topic: outgoing, payload: "from the device", qos, retain: false }]);
			expect(device.delivered.slice(delivered)).toEqual(published === 0 ? [] : [packetId]);
			expect(packetId > 0).toBe(published > 0);
		});

		it("lesson 6: a handler learns RETAIN and the packet identifier", async () => {
			const topic = newTopic();
			const got: Got[] = [];
			await peer.publish(topic, "kept", 1, true);
			await device.subscribe(topic, 1, (message) => got.push(gotOf(message)));
			await until(() => got.length === 1, "the retained message");
			await peer.publish(topic, "live", 1, true);
			await until(() => got.length === 2, "the live message");
			expect(got.map(({ payload, retain }) => [payload, retain])).toEqual([
				["kept", true],
				["live", false],
			]);
			expect(got.every(({ packetId }) => packetId >= 1 && packetId <= 65_535)).toBe(true);
		});

		it("lesson 1: an empty payload clears a retained topic, and the stream goes on behind it", async () => {
			const topic = newTopic();
			device.client.publish(topic, "kept", 1, true);
			await device.drained();
			const before = await (await Peer.connect(broker.port)).subscribe(topic, 1);
			await before.untilReceived(1);
			expect(before.messages).toEqual([{ topic, payload: "kept", qos: 1, retain: true }]);

			const got: Got[] = [];
			await device.subscribe(topic, 1, (message) => got.push(gotOf(message)));
			await until(() => got.length === 1, "the retained message");
			device.client.publish(topic, "", 1, true);
			device.client.publish(topic, "next", 1);
			await before.untilReceived(3);
			await until(() => got.length === 3, "the empty message and the next");
			expect(got.map(({ payload }) => payload)).toEqual(["kept", "", "next"]);
			expect(before.payloads).toEqual(["kept", "", "next"]);

			const after = await (await Peer.connect(broker.port)).subscribe(topic, 1);
			device.client.publish(topic, "live", 1);
			await after.untilReceived(1);
			expect(after.payloads).toEqual(["live"]);
			await Promise.all([before.end(), after.end()]);
		});

		it("match wildcards as the standard says", async () => {
			const root = newTopic();
			const got = new Map<string, string[]>();
			for (const filter of ["+/room", "hall/#", "#", "+/+/x", "hall"]) {
				got.set(filter, []);
				await device.subscribe(`${root}/${filter}`, 1, (message) => {
					// Brokers may send one copy, or one for each filter: handlers get each copy once per matching filter.
					const name = message.topicText().slice(root.length + 1);
					if (!got.get(filter)!.includes(name)) got.get(filter)!.push(name);
				});
			}
			for (const name of ["hall/room", "hall", "hall/a/x", "a/room", "/room", "a/room/x"]) {
				await peer.publish(`${root}/${name}`, "m", 1);
			}
			await peer.publish(root, "m", 1);
			await until(() => got.get("#")!.length === 7, "all messages");
			expect(Object.fromEntries(got)).toEqual({
				"+/room": ["hall/room", "a/room", "/room"],
				"hall/#": ["hall/room", "hall", "hall/a/x"],
				"#": ["hall/room", "hall", "hall/a/x", "a/room", "/room", "a/room/x", ""],
				"+/+/x": ["hall/a/x", "a/room/x"],
				hall: ["hall"],
			});
		});

		it("go to every handler whose filter overlaps", async () => {
			const topic = newTopic();
			const got: string[] = [];
			await device.subscribe(`${topic}/a`, 2, () => got.push("exact"));
			await device.subscribe(`${topic}/+`, 1, () => got.push("plus"));
			await device.subscribe(`${topic}/#`, 0, () => got.push("hash"));
			const before = device.messages.length;
			await peer.publish(`${topic}/a`, "m", 2);
			await peer.publish(`${topic}/b`, "end", 0);
			await until(() => got.filter((name) => name === "hash").length >= 2, "the messages");
			for (const name of ["exact", "plus", "hash"]) expect(got).toContain(name);
			expect(device.messages.length).toBe(before);
		});

		it("come no more after unsubscribing, and the other filters stay", async () => {
			const topic = newTopic();
			const got: string[] = [];
			await device.subscribe(`${topic}/gone`, 1, () => got.push("gone"));
			await device.subscribe(`${topic}/stays`, 1, () => got.push("stays"));
			const before = device.unsubscribed;
			expect(device.client.unsubscribe(`${topic}/gone`)).toBe(0);
			await until(() => device.unsubscribed > before, "UNSUBACK");
			await peer.publish(`${topic}/gone`, "m", 1);
			await peer.publish(`${topic}/stays`, "m", 1);
			await until(() => got.length > 0, "the message");
			expect(got).toEqual(["stays"]);
			// The same filter can be subscribed to again.
			await device.subscribe(`${topic}/gone`, 1, () => got.push("again"));
			await peer.publish(`${topic}/gone`, "m", 1);
			await until(() => got.length > 1, "the message");
			expect(got).toEqual(["stays", "again"]);
		});

		it("are published while there is no connection, in order, when there is one", async () => {
			const topic = newTopic();
			await peer.subscribe(topic, 2);
			const from = peer.messages.length;
			const offline = new Device(broker.port);
			const name = new Topic(topic);
			expect(offline.client.publish(name, "one", 0)).toBe(0);
			expect(offline.client.publish(name, "two", 1)).toBeGreaterThan(0);
			expect(offline.client.publish(name, "three", 2)).toBeGreaterThan(0);
			await offline.connect();
			await offline.drained();
			await peer.untilReceived(from + 3);
			expect(peer.payloads.slice(from)).toEqual(["one", "two", "three"]);
			await offline.stop();
		});

		it("lesson 20: published without a connection have a bound; the client says when there is room again", async () => {
			const topic = newTopic();
			await peer.subscribe(topic, 1);
			const from = peer.messages.length;
			let rooms = 0;
			const offline = new Device(broker.port, { outbox: 512, onRoom: () => rooms++ });
			let taken = 0;
			while (offline.client.publish(topic, `${taken}`, 1) > 0) taken++;
			expect(taken).toBeLessThan(20);
			expect(offline.client.publish(topic, "one more", 1)).toBe(Status.FULL);
			expect(offline.client.counters[Counter.REFUSED_FULL]).toBe(2);
			await offline.connect();
			await offline.drained();
			expect(rooms).toBe(1);
			await peer.untilReceived(from + taken);
			expect(peer.payloads.slice(from)).toEqual(Array.from({ length: taken }, (_, i) => `${i}`));
			await offline.stop();
		});

		it("lesson 15: go out with one write each, and their acks too", async () => {
			const topic = newTopic();
			const writes: string[] = [];
			const watched = new Device(
				broker.port,
				{},
				{
					tap: {
						step() {},
						bytes: (_connection, direction, bytes) => {
							if (direction === "out") writes.push(Buffer.from(bytes).toString("hex"));
						},
					},
				},
			);
			await watched.connect();
			await watched.subscribe(topic, 2);
			writes.length = 0;
			watched.client.publish(topic, "0", 0);
			await watched.untilReceived(1);
			for (const qos of [1, 2] as const) {
				watched.client.publish(topic, `${qos}`, qos);
				await watched.untilReceived(qos + 1);
				await watched.drained();
			}
			await pause(20);
			const firsts = writes.map((write) => write.slice(0, 1));
			// Three PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP; some may share a write.
			expect(firsts.filter((first) => first === "3").length).toBe(3);
			expect(writes.length).toBeLessThanOrEqual(7);
			await watched.stop();
		});

		it("lesson 11: carry any bytes, and text as UTF-8", async () => {
			const topic = `${newTopic()}/grün/温度`;
			await peer.subscribe(topic, 1);
			const from = peer.messages.length;
			const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
			device.client.publish(topic, bytes, 1);
			device.client.publish(topic, bytes.subarray(1, 3), 1);
			device.client.publish(topic, "21 °C, 温度", 1);
			await peer.untilReceived(from + 3);
			const payloads = peer.payloads.slice(from).map((payload) => Buffer.from(payload, "latin1"));
			expect(payloads[0]!.equals(bytes)).toBe(true);
			expect([...payloads[1]!]).toEqual([1, 2]);
			expect(payloads[2]!.toString()).toBe("21 °C, 温度");
			await device.subscribe(topic, 1, (message) => device.client.publish(`${topic}/echo`, message.text(), 1));
			await peer.subscribe(`${topic}/echo`, 1);
			await peer.publish(topic, Buffer.from("zurück ↩"), 1);
			await until(() => peer.messages.at(-1)!.topic === `${topic}/echo`, "the echo");
			expect(Buffer.from(peer.payloads.at(-1)!, "latin1").toString()).toBe("zurück ↩");
		});

		it("lesson 29: published from within callbacks go out, and what is published there is received there", async () => {
			const topic = newTopic();
			const got: string[] = [];
			const echo = new Device(broker.port, {
				onConnected: (client) => client.publish(`${topic}/1`, "from onConnected", 1),
				onDelivered: (client) => {
					if (got.length < 20) client.publish(`${topic}/2`, "from onDelivered", 2);
				},
			});
			echo.client.subscribe(`${topic}/+`, 2, (message, client) => {
				got.push(message.text());
				if (got.length < 20) client.publish(`${topic}/3`, "from a handler", 0);
			});
			await echo.connect();
			await until(() => got.length >= 20, "20 messages");
			expect(new Set(got)).toEqual(new Set(["from onConnected", "from onDelivered", "from a handler"]));
			await echo.stop();
		});

		it("lesson 31: a handler that throws loses nothing for the others", async () => {
			const topic = newTopic();
			const before = device.problems.length;
			const got: string[] = [];
			await device.subscribe(topic, 2, () => {
				throw new Error("a defect of the application");
			});
			await device.subscribe(`${topic}/#`, 2, (message) => got.push(message.text()));
			const connects = device.accepted.length;
			await peer.publish(topic, "m", 2);
			await peer.publish(`${topic}/end`, "end", 2);
			await until(() => got.includes("end"), "the last message");
			expect(got).toContain("m");
			expect(device.problems.slice(before).every(([problem]) => problem === 2)).toBe(true);
			expect(device.problems.length).toBeGreaterThan(before);
			expect(device.accepted.length).toBe(connects);
		});
	});
});
