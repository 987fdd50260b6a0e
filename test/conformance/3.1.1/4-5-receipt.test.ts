import { afterAll, describe, expect, it } from "vitest";
import { Problem } from "xs-mqtt";
import { BROKERS, endAll } from "../../support/brokers.js";
import { inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { Peer } from "../../support/peer.js";
import { expectAlive, subscribed } from "../support.js";

// Goal: §4.5, every message that arrives is acknowledged, wanted or not.
// Method: messages that nobody subscribed to, that nobody can take, and whose handler fails.

afterAll(endAll);

const ACKS = [
	[1, ackHex(0x40, 7)],
	[2, ackHex(0x50, 7)],
] as const;

describe("a message is acknowledged", () => {
	it.each(ACKS)("although no subscription matches it, at QoS %i [MQTT-4.5.0-2]", (qos, ack) => {
		expect(inState.connected().exchange(publishHex("t", "x", qos, 7))).toBe(ack);
		const h = subscribed(["other", "+/other"]);
		expect(h.exchange(publishHex("t", "x", qos, 7))).toBe(ack);
		expectAlive(h);
	});

	it.each(ACKS)("although its handler throws, at QoS %i [MQTT-4.5.0-2]", (qos, ack) => {
		const h = inState.connected();
		const fail = (): void => {
			throw new Error("the application's");
		};
		h.subscribe("t", 2, fail as never);
		h.sent();
		expect(h.exchange(publishHex("t", "x", qos, 7))).toBe(ack);
		expect(h.take()).toEqual([`problem ${Problem.CALLBACK_THREW} 1`]);
		expectAlive(h);
	});

	it.each(ACKS)(
		"although it is larger than the buffer, at QoS %i, for who wants it and for who does not [MQTT-4.5.0-2]",
		(qos, ack) => {
			for (const topic of ["t", "other", "t".repeat(100)]) {
				const h = subscribed(["t"], { rxBuffer: 64 });
				expect(h.exchange(publishHex(topic, "x".repeat(200), qos, 7))).toBe(ack);
				h.take();
				expectAlive(h);
			}
		},
	);

	it.each(ACKS)("although the handler ends the subscription, at QoS %i [MQTT-4.5.0-2]", (qos, ack) => {
		const h = inState.connected();
		h.subscribe("t", 2, (() => h.unsubscribe("t")) as never);
		h.sent();
		expect(h.exchange(publishHex("t", "x", qos, 7)).slice(0, 8)).toBe(ack);
	});

	it("also when very many come at once [MQTT-4.5.0-2]", () => {
		const h = subscribed(["t"], { txBuffer: 64, rxBuffer: 4096, readSize: 4096 });
		const ids = Array.from({ length: 200 }, (_, i) => i + 1);
		expect(h.exchange(ids.map((id) => publishHex("t", "x", 1, id)).join(""))).toBe(
			ids.map((id) => ackHex(0x40, id)).join(""),
		);
		expect(h.seen.length).toBe(200);
	});
});

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("as the server", () => {
		it("gives a message to every client that has a subscription for it, connected or with a session [MQTT-4.5.0-1]", async () => {
			const broker = await start();
			const peer = await Peer.connect(broker.port);
			const devices = [true, false, false].map((cleanSession) => new Device(broker.port, { cleanSession }));
			for (const device of devices) await (await device.connect()).subscribe("all/+", 1);
			await devices[2]!.stop();
			await peer.publish("all/of", "you", 1);
			await devices[2]!.connect();
			for (const device of devices) await device.untilReceived(1);
			expect(devices.map(({ payloads }) => payloads)).toEqual([["you"], ["you"], ["you"]]);
			for (const device of devices) await device.stop();
			await peer.end();
			await broker.stop();
		});
	});
});
