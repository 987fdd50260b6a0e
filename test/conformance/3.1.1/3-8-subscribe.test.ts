import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Problem, Reason, Status } from "xs-mqtt";
import { startAedes } from "../../../host-sim/brokers/aedes/aedes.js";
import { BROKERS, endAll, startMosquitto, type TestBroker } from "../../support/brokers.js";
import { endedBy, inState, type Harness } from "../../support/core-harness.js";
import { Device, gotOf, type Got } from "../../support/device.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { describeWithMosquitto } from "../../support/mosquitto.js";
import { Peer } from "../../support/peer.js";
import { until } from "../../support/until.js";
import {
	byteHex,
	expectAlive,
	expectViolation,
	fieldHex,
	NOT_UTF8,
	packetHex,
	packetsOfType,
	readRequest,
	TEXT,
} from "../support.js";

// Goal: §3.8 SUBSCRIBE and §3.9 SUBACK: what is asked for, and that each answer goes to its question.
// Method: requests are read by a reader of the tests' own; the answers of a server are made by hand, and by aedes and
// mosquitto where the statement is about what a server does.

afterAll(endAll);

/** A connected client whose first SUBSCRIBE, with these filters, is sent and not answered; its identifier is 1. */
function asking(...filters: string[]): Harness {
	const h = inState.stopped({ firstId: 1 });
	filters.forEach((filter, i) => h.subscribe(filter, i % 3));
	expect(readRequest(h.connect()).filters).toEqual(filters);
	h.take();
	return h;
}

describe("SUBSCRIBE", () => {
	it("begins with 82, also when it is sent again [MQTT-3.8.1-1]", () => {
		const h = inState.stopped({ firstId: 1 });
		h.subscribe("f", 1);
		const expected = packetHex(0x82, "0001" + fieldHex("f") + "01");
		expect(h.connect()).toBe(expected);
		h.lost();
		expect(h.connect().replace("0002", "0001")).toBe(expected);
		h.subscribe("f", 2);
		expect(h.sent().slice(0, 2)).toBe("82");
	});

	it("has filters in UTF-8, and one that cannot be is refused [MQTT-3.8.3-1]", () => {
		const h = inState.connected();
		h.subscribe(TEXT, 1);
		expect(h.sent()).toContain("000a61c3a9e282acf09f9880" + "01");
		for (const filter of [...NOT_UTF8, "a/\ud800/#", "\0"]) expect(h.subscribe(filter)).toBe(Status.INVALID_FILTER);
		expect(h.sent()).toBe("");
	});

	it("has at least one filter: without any there is no SUBSCRIBE [MQTT-3.8.3-3]", () => {
		const h = inState.stopped({ cleanSession: false, filterBytes: 4096, subscriptions: 64, txBuffer: 128 });
		expect(h.connect()).toBe("");
		h.lost();
		h.subscribe("f", 1);
		h.unsubscribe("f");
		let sent = h.connect();
		// More than go into one packet, and some of them ended before they were sent.
		for (let i = 0; i < 60; i++) h.subscribe(`${"filter/".repeat(4)}${i}`, 1);
		for (let i = 0; i < 60; i += 2) h.unsubscribe(`${"filter/".repeat(4)}${i}`);
		sent += h.sent();
		h.lost();
		sent += h.connect();
		const requests = packetsOfType(sent, 8).map((packet) => readRequest(packet.hex));
		expect(requests.length).toBeGreaterThan(10);
		for (const { filters, qos } of requests) {
			expect(filters.length).toBeGreaterThan(0);
			expect(qos.length).toBe(filters.length);
		}
	});

	it("asks for QoS 0, 1 or 2, in a byte whose other bits are 0 [MQTT-3.8.3-4]", () => {
		const h = inState.stopped();
		for (const qos of [0, 1, 2]) {
			h.subscribe(`f${qos}`, qos);
			h.subscribe(`s${qos}`, qos, h.keep, true);
		}
		expect(readRequest(h.connect()).qos).toEqual([0, 0, 1, 1, 2, 2]);
		for (const qos of [3, 4, 0x80, 0x81, 256, -1, 0.5, NaN, "1", true, undefined]) {
			const status = h.subscribe("g", qos as number);
			if (qos === undefined) expect(readRequest(h.sent()).qos).toEqual([0]);
			else expect(status, String(qos)).toBe(Status.INVALID_QOS);
		}
		expect(h.sent()).toBe("");
	});

	it("keeps the QoS that was asked for when it is sent again [MQTT-3.8.3-4]", () => {
		const h = inState.stopped({ firstId: 1 });
		h.subscribe("a", 1);
		h.subscribe("b/+", 2, h.keep, true);
		h.connect();
		// Granted less: the next server is asked for the same as the first.
		h.exchange("900400010000");
		h.lost();
		expect(readRequest(h.connect()).qos).toEqual([1, 2]);
	});
});

describe("SUBACK", () => {
	it("answers the SUBSCRIBE with its identifier, in whatever order they come [MQTT-3.8.4-2]", () => {
		const h = asking("a");
		h.subscribe("b", 2);
		expect(readRequest(h.sent()).packetId).toBe(2);
		h.exchange("9003000202");
		expect(h.take()).toEqual(["subscribed 1 2"]);
		h.exchange("9003000180");
		expect(h.take()).toEqual(["subscribed 0 128", `problem ${Problem.SUBSCRIPTION_REFUSED} 0`]);
		expectAlive(h);
	});

	it("with the identifier of a PUBLISH ends the connection [MQTT-3.8.4-2]", () => {
		const h = inState.connected({ firstId: 1 });
		for (const qos of [1, 2]) h.publish("t", "x", qos);
		h.sent();
		expectViolation(h, "9003000100");
	});

	it.each(["", "00", "0000", "00000000", "0000000000"])(
		"with codes %j for three filters ends the connection [MQTT-3.8.4-5]",
		(codes) => {
			const h = asking("a", "b", "c");
			expectViolation(h, packetHex(0x90, "0001" + codes));
		},
	);

	it("has one code for each filter [MQTT-3.8.4-5]", () => {
		const h = asking("a", "b", "c");
		h.exchange("90050001000102");
		expect(h.take()).toEqual(["subscribed 0 0", "subscribed 1 1", "subscribed 2 2"]);
		for (let count = 1; count <= 8; count++) {
			const filters = Array.from({ length: count }, (_, i) => `filter/${i}`);
			const all = asking(...filters);
			all.exchange(packetHex(0x90, "0001" + "02".repeat(count)));
			expect(all.take()).toEqual(filters.map((_, i) => `subscribed ${i} 2`));
		}
	});

	it("has its codes in the order of the filters [MQTT-3.9.3-1]", () => {
		const h = asking("a", "b", "c", "d");
		h.exchange("9006000102800100");
		expect(h.take().filter((line) => line.startsWith("subscribed"))).toEqual([
			"subscribed 0 2",
			"subscribed 1 128",
			"subscribed 2 1",
			"subscribed 3 0",
		]);
	});

	it("has its codes in the order of its own SUBSCRIBE, also when the table has gaps [MQTT-3.9.3-1]", () => {
		const h = asking("a", "b", "c");
		h.exchange("90050001000000");
		h.unsubscribe("b");
		h.sent();
		h.exchange(ackHex(0xb0, 2));
		h.take();
		// "d" takes the place of "b"; "c" is asked for again in the same packet.
		h.subscribe("d", 1);
		h.subscribe("c", 2);
		const { filters, packetId } = readRequest(h.sent());
		const codes: Record<string, number> = { c: 2, d: 0x80 };
		h.exchange(packetHex(0x90, "000" + packetId + filters.map((filter) => byteHex(codes[filter]!)).join("")));
		expect(h.take().filter((line) => line.startsWith("subscribed"))).toEqual(["subscribed 1 128", "subscribed 2 2"]);
	});

	it("has no other codes than 00, 01, 02 and 80 [MQTT-3.9.3-2]", () => {
		for (let code = 3; code < 256; code++) {
			if (code === 0x80) continue;
			expectViolation(asking("a"), packetHex(0x90, "0001" + byteHex(code)));
			expectViolation(asking("a", "b", "c"), packetHex(0x90, "000100" + byteHex(code) + "80"));
		}
		for (const code of [0, 1, 2, 0x80]) {
			const h = asking("a");
			h.exchange(packetHex(0x90, "0001" + byteHex(code)));
			expect(h.take()[0]).toBe(`subscribed 0 ${code}`);
			expectAlive(h);
		}
	});

	it("that does not come ends the connection [MQTT-3.8.4-1]", () => {
		const h = inState.connected({ ackTimeoutMs: 500 });
		h.subscribe("f", 1);
		h.sent();
		h.pass(499);
		expect(h.take()).toEqual([]);
		h.pass(1);
		expect(h.take()).toEqual([endedBy(Reason.SUBACK_TIMEOUT)]);
	});

	it("may come after a message for the subscription, which is delivered [X3-3.9-1] [MQTT-3.8.4-1]", () => {
		for (const qos of [0, 1, 2]) {
			const h = asking("f", "g/#");
			h.exchange(publishHex("f", "early", qos, 7, 1) + publishHex("g/h", "early", qos, 8));
			expect(h.seen.map(({ topic, payload }) => [topic, payload])).toEqual([
				["f", "early"],
				["g/h", "early"],
			]);
			expect(h.take()).toEqual([]);
			h.exchange("900400010001");
			expect(h.take()).toEqual(["subscribed 0 0", "subscribed 1 1"]);
		}
	});

	it("may refuse a filter: the application is told, and the others work [MQTT-3.8.3-2]", () => {
		const h = asking("a/#", "b");
		h.exchange("900400018001");
		expect(h.take()).toEqual(["subscribed 0 128", `problem ${Problem.SUBSCRIPTION_REFUSED} 0`, "subscribed 1 1"]);
		h.receive(publishHex("b", "x"));
		expect(h.seen.length).toBe(1);
	});
});

describe("several subscriptions", () => {
	it("made together go out in one SUBSCRIBE, in order [MQTT-3.8.4-4]", () => {
		const h = inState.connected({ firstId: 1 });
		for (const filter of ["a", "b", "c"]) h.subscribe(filter, 1);
		expect(h.sent()).toBe(packetHex(0x82, "0001" + ["a", "b", "c"].map((filter) => fieldHex(filter) + "01").join("")));
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
			device = new Device(broker.port);
		});
		afterEach(async () => {
			await device.stop();
			await peer.end();
			await broker.stop();
		});

		it.each([0, 1, 2] as const)("answers a SUBSCRIBE at QoS %i, and messages come [MQTT-3.8.4-1]", async (qos) => {
			await device.connect();
			await device.subscribe("f", qos);
			expect(device.granted).toEqual([qos]);
			await peer.publish("f", "x", 2);
			await device.untilReceived(1);
			expect(device.messages).toMatchObject([{ topic: "f", payload: "x", qos }]);
		});

		it("answers several filters at once, each with its own QoS [MQTT-3.8.4-4]", async () => {
			device.client.subscribe("a", 0, device.keep);
			device.client.subscribe("b", 1, device.keep);
			device.client.subscribe("c", 2, device.keep);
			await device.connect();
			await until(() => device.granted.length === 3, "SUBACK");
			expect(device.granted).toEqual([0, 1, 2]);
			for (const topic of ["a", "b", "c"]) await peer.publish(topic, topic, 2);
			await device.untilReceived(3);
			expect(device.messages.map(({ payload, qos }) => [payload, qos]).sort()).toEqual([
				["a", 0],
				["b", 1],
				["c", 2],
			]);
		});

		it("replaces a subscription by one with the same filter, and sends retained messages again [MQTT-3.8.4-3]", async () => {
			await peer.publish("f/kept", "kept", 1, true);
			await device.connect();
			const first: Got[] = [];
			const second: Got[] = [];
			await device.subscribe("f/+", 1, (message) => first.push(gotOf(message)));
			await until(() => first.length === 1, "the retained message");
			await device.subscribe("f/+", 2, (message) => second.push(gotOf(message)));
			expect(device.granted).toEqual([1, 2]);
			await until(() => second.length === 1, "the retained message again");
			await peer.publish("f/live", "live", 2);
			await until(() => second.length === 2, "the live message");
			await peer.publish("f/end", "end", 0);
			await until(() => second.length === 3, "the last message");
			expect(first.map(({ payload }) => payload)).toEqual(["kept"]);
			expect(second.map(({ payload, qos }) => [payload, qos])).toEqual([
				["kept", 1],
				["live", 2],
				["end", 0],
			]);
		});
	});
});

describe("a server that grants less than what was asked for", () => {
	it("tells so in SUBACK, and messages come at the lower QoS, or twice [MQTT-3.8.4-6]", () => {
		const h = asking("a", "b", "c");
		h.exchange("90050001000000");
		expect(h.take()).toEqual(["subscribed 0 0", "subscribed 1 0", "subscribed 2 0"]);
		expect(h.exchange(publishHex("b", "x") + publishHex("c", "y") + publishHex("c", "y"))).toBe("");
		expect(h.seen.map(({ payload, qos }) => [payload, qos])).toEqual([
			["x", 0],
			["y", 0],
			["y", 0],
		]);
	});

	describeWithMosquitto("mosquitto", () => {
		it("tells so in SUBACK, and messages come at the lower QoS [MQTT-3.8.4-6]", async () => {
			const broker = await startMosquitto({ config: ["max_qos 1"] });
			const peer = await Peer.connect(broker.port);
			const device = await new Device(broker.port).connect();
			await device.subscribe("f", 2);
			expect(device.granted).toEqual([1]);
			await peer.publish("f", "x", 1);
			await device.untilReceived(1);
			expect(device.messages).toMatchObject([{ payload: "x", qos: 1 }]);
			await device.stop();
			await peer.end();
			await broker.stop();
		});
	});

	it("has no wildcards: the filter is refused, and reported [MQTT-3.8.3-2]", async () => {
		const broker = await startAedes({
			authorizeSubscribe: (_client, subscription, done) =>
				done(null, /[+#]/.test(subscription.topic) ? null : subscription),
		});
		const device = await new Device(broker.port).connect();
		const index = device.client.subscribe("a/#", 1, device.keep);
		await until(() => device.granted.length === 1, "SUBACK");
		await device.subscribe("b", 1);
		expect(device.granted).toEqual([0x80, 1]);
		expect(device.problems).toEqual([[Problem.SUBSCRIPTION_REFUSED, index]]);
		expect(device.client.connected).toBe(true);
		await device.stop();
		await broker.close();
	});
});
