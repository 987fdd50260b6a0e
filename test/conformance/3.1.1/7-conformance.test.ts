import { afterAll, describe, expect, it } from "vitest";
import mqttPacket, { type Packet } from "mqtt-packet";
import { serve } from "../../client/model-server.js";
import { BROKERS, endAll } from "../../support/brokers.js";
import { inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { bytesOf, publishHex } from "../../support/hex.js";
import { Peer } from "../../support/peer.js";
import { until } from "../../support/until.js";

// Goal: §7, a client that needs TCP and a server by the standard, and nothing else.
// Method: one run through everything that a client does, at two servers that have nothing in common; and what is sent in
// such a run, read by the codec of another project.

afterAll(endAll);

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("over TCP", () => {
		it("is enough for everything that a client does [MQTT-7.1.2-1] [MQTT-7.0.0-2]", async () => {
			const broker = await start();
			const peer = await (await Peer.connect(broker.port)).subscribe("out/#", 2);
			const will = { topic: "out/will", payload: "lost", qos: 1 } as const;
			const device = new Device(broker.port, {
				cleanSession: false,
				will,
				userName: "user",
				password: "secret",
			});
			await device.connect();
			for (const qos of [0, 1, 2] as const) {
				await device.subscribe(`in/${qos}/#`, qos);
				await peer.publish(`in/${qos}/a`, "large ".repeat(50) + qos, qos);
				device.client.publish(`out/${qos}`, `text ${qos}`, qos);
				await device.drained();
			}
			await device.untilReceived(3);
			await peer.untilReceived(3);
			expect(device.messages.map(({ topic, qos }) => [topic, qos]).sort()).toEqual(
				[0, 1, 2].map((qos) => [`in/${qos}/a`, qos]),
			);
			expect(peer.messages.map(({ topic, payload, qos }) => [topic, payload, qos]).sort()).toEqual(
				[0, 1, 2].map((qos) => [`out/${qos}`, `text ${qos}`, qos]),
			);
			device.world.cut();
			await until(() => device.accepted.length === 2, "the next connection");
			expect(device.accepted).toEqual([false, true]);
			await peer.untilReceived(4);
			device.client.unsubscribe("in/0/#");
			await until(() => device.unsubscribed === 1, "UNSUBACK");
			await device.stop();
			expect(peer.payloads.at(-1)).toBe("lost");
			expect(device.problems).toEqual([]);
			await peer.end();
			await broker.stop();
		});
	});
});

describe("what a client sends", () => {
	it("is 3.1.1 to the byte, and nothing that another project's codec does not know [MQTT-7.0.0-2]", () => {
		const h = inState.opening({
			cleanSession: false,
			userName: "u",
			password: "p",
			will: { topic: "w", payload: "m", qos: 2, retain: true },
			firstId: 1,
		});
		let sent = h.opened() + h.exchange("20020000");
		for (const qos of [0, 1, 2]) {
			h.subscribe(`f/${qos}/#`, qos);
			h.publish(`t/${qos}`, "é".repeat(100), qos, true);
			sent += serve(h, h.sent());
			sent += serve(h, h.exchange(publishHex(`f/${qos}/x`, "x", qos, 7)));
		}
		h.publish("t", "again", 1);
		sent += h.sent();
		h.lost();
		sent += serve(h, h.connect(true));
		h.unsubscribe("f/0/#");
		sent += serve(h, h.sent());
		h.pass(60_000);
		sent += serve(h, h.sent());
		h.stop();
		sent += h.sent();

		const found: Packet[] = [];
		const parser = mqttPacket.parser({ protocolVersion: 4 });
		parser.on("packet", (packet) => found.push(packet));
		parser.on("error", (error: unknown) => {
			throw error;
		});
		parser.parse(Buffer.from(bytesOf(sent)));
		const kinds = [
			"connect",
			"disconnect",
			"pingreq",
			"puback",
			"pubcomp",
			"publish",
			"pubrec",
			"pubrel",
			"subscribe",
			"unsubscribe",
		];
		expect([...new Set(found.map(({ cmd }) => cmd))].sort()).toEqual(kinds);
		// Written again by that codec, it is the same bytes.
		const again = found.map((packet) => mqttPacket.generate(packet, { protocolVersion: 4 }));
		expect(Buffer.concat(again).toString("hex")).toBe(sent);
	});
});
