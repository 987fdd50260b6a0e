import { afterAll, describe, expect, it } from "vitest";
import { Reason, State, Status } from "xs-mqtt";
import { startPeer } from "../../host-sim/peer.js";
import { packetsOf } from "../../client/model-server.js";
import { BROKERS, endAll } from "../../support/brokers.js";
import { endedBy, inState } from "../../support/core-harness.js";
import { Device } from "../../support/device.js";
import { ackHex, bytesOf, publishHex } from "../../support/hex.js";
import { Peer } from "../../support/peer.js";
import { pause, until } from "../../support/until.js";
import { subscribed } from "../support.js";

// Goal: §3.14 DISCONNECT: two bytes, the last that are sent, then a close, and no will.
// Method: stop() in each state of a connection, with something of everything under way.

afterAll(endAll);

describe("DISCONNECT", () => {
	it("is e0 00 [MQTT-3.14.1-1]", () => {
		const h = inState.connected();
		h.stop();
		expect(h.sent()).toBe("e000");
		const early = inState.connecting();
		early.stop();
		expect(early.sent()).toBe("e000");
		const late = inState.stopping();
		late.pass(60_000);
		expect(late.sent()).toBe("e000");
	});

	it("is followed by a close, at once [MQTT-3.14.4-1]", () => {
		const h = inState.connected();
		h.stop();
		expect(h.takeClose(), "not before it is sent").toBe(false);
		h.sent();
		expect(h.takeClose()).toBe(true);
		expect(h.take()).toEqual([endedBy(Reason.STOPPED, 0, "final"), "stopped"]);
		expect(h.state).toBe(State.STOPPED);
	});

	it("is followed by a close also when it takes two writes [MQTT-3.14.4-1]", () => {
		const h = inState.connected();
		h.stop();
		expect(h.write(1)).toBe("e0");
		expect(h.takeClose()).toBe(false);
		expect(h.write(1)).toBe("00");
		expect(h.takeClose()).toBe(true);
	});

	it("is the last packet: acks, pings and publishes come before it or not at all [MQTT-3.14.4-2]", () => {
		const h = subscribed(["t"], { keepAlive: 60 });
		h.publish("out", "0", 0);
		h.publish("out", "1", 1);
		h.subscribe("new", 1);
		h.receive(publishHex("t", "x", 1, 7) + publishHex("t", "x", 2, 8));
		h.stop();
		expect(h.publish("out", "late", 0)).toBe(Status.STOPPED);
		expect(h.publish("out", "late", 1)).toBe(Status.STOPPED);
		let sent = h.sent();
		h.pass(100);
		sent += h.exchange(ackHex(0x40, 2) + publishHex("t", "x", 1, 9));
		sent += h.exchange(publishHex("t", "x", 1, 10));
		h.pass(1_000_000);
		sent += h.sent();
		const packets = packetsOf(sent);
		expect(packets.filter(({ first }) => first === 0xe0).length).toBe(1);
		expect(packets.at(-1)!.hex).toBe("e000");
	});

	it("is not followed by acks of what arrives while it is being written [MQTT-3.14.4-2]", () => {
		const h = subscribed(["t"], { keepAlive: 1 });
		h.stop();
		expect(h.write(1)).toBe("e0");
		h.receive(publishHex("t", "x", 1, 7) + publishHex("t", "x", 2, 8) + ackHex(0x62, 9) + ackHex(0x50, 9));
		h.publish("out", "late", 1);
		h.subscribe("late", 1);
		h.pass(400);
		expect(h.sent()).toBe("00");
		h.receive(publishHex("t", "x", 1, 7));
		h.pass(100_000);
		expect(h.sent()).toBe("");
		expect(h.state).toBe(State.STOPPED);
	});

	it("is not put into the middle of a packet, however long that takes [MQTT-3.14.1-1] [MQTT-3.14.4-2]", () => {
		const h = inState.connected({ stopTimeoutMs: 1_000, pingTimeoutMs: 100_000, txBuffer: 64 });
		h.publishStream("t", 200, 1);
		let sent = h.write(10);
		h.stop();
		h.pass(1_000);
		sent += h.sent();
		const packets = packetsOf(sent);
		expect(packets.map(({ first }) => first)).toEqual([0x32, 0xe0]);
		expect(h.takeClose()).toBe(true);

		const stuck = inState.connected({ stopTimeoutMs: 1_000, pingTimeoutMs: 100_000, txBuffer: 64 });
		stuck.publishStream("t", 200, 1);
		stuck.write(10);
		stuck.stop();
		stuck.pass(1_000);
		expect(stuck.write(5)).toBe("70".repeat(5));
		stuck.pass(10_000);
		expect(stuck.takeClose(), "it is given up").toBe(true);
		expect(stuck.sent()).toBe("");
	});

	it("is not sent when the server breaks the protocol or is silent: the will is to be published [MQTT-3.14.4-3]", () => {
		const wrong = inState.connected();
		expect(wrong.exchange("ff00")).toBe("");
		const silent = inState.connected({ keepAlive: 60 });
		silent.pass(60_000);
		silent.sent();
		silent.pass(60_000);
		expect(silent.sent()).toBe("");
		expect(silent.state).toBe(State.WAITING);
	});
});

describe("the network connection", () => {
	it("is closed by the client behind DISCONNECT, although the server leaves it open [MQTT-3.14.4-1]", async () => {
		const ended: string[] = [];
		const server = await startPeer((socket) => {
			socket.allowHalfOpen = true;
			socket.once("data", () => socket.write(Buffer.from(bytesOf("20020000"))));
			socket.on("end", () => ended.push("end"));
			socket.on("close", () => ended.push("close"));
		});
		const device = await new Device(server.port, { reconnect: false }).connect();
		device.client.publish("last", "words", 0);
		await device.stop();
		await until(() => ended.length > 0, "the end of the connection");
		const received = server.received().toString("hex");
		expect(received.endsWith(publishHex("last", "words") + "e000")).toBe(true);
		await server.close();
	});
});

describe.each(BROKERS)("$name", ({ describeBroker, start }) => {
	describeBroker("as the server", () => {
		it("drops the will of a client that disconnects [MQTT-3.14.4-3]", async () => {
			const broker = await start();
			const peer = await (await Peer.connect(broker.port)).subscribe("#", 1);
			const will = { topic: "will", payload: "lost", qos: 1 } as const;
			const device = await new Device(broker.port, { will }).connect();
			device.client.publish("last", "words", 1);
			await device.stop();
			await pause(50);
			await peer.publish("end", "end", 1);
			await peer.untilReceived(2);
			expect(peer.payloads).toEqual(["words", "end"]);
			// It has not been told to reconnect for nothing: the same will is published when the client is lost.
			const lost = await new Device(broker.port, { will, reconnect: false }).connect();
			lost.world.cut();
			await peer.untilReceived(3);
			expect(peer.payloads).toEqual(["words", "end", "lost"]);
			await peer.end();
			await broker.stop();
		});
	});
});
