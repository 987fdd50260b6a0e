// Goal: a persistent session (§3.1.2.4, §4.1) over a broker that is killed: nothing at QoS 1 and 2 is lost, nothing at
// QoS 2 comes twice.
// Method: the broker is held (SIGSTOP) or the network stands still when an exchange is just where the test wants it; then
// SIGKILL, and the same broker again. What a mosquitto may forget is what it has acknowledged and not yet written to its
// file: even with autosave_interval 1 and autosave_on_changes it writes after it has answered. So a whole save comes before
// each SIGKILL, and what is published after it is not acknowledged before the broker is gone.
import { afterAll, expect, it } from "vitest";
import { endAll, saveWhole, startMosquitto } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { describeWithMosquitto, type Mosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { Tally } from "../support/tally.js";
import { pause, until } from "../support/until.js";

afterAll(endAll);

/** First bytes of packets that a tap looks for. */
const PUBREC = 0x50;
const PUBREL = 0x62;

interface Pair {
	broker: Mosquitto;
	device: Device;
	peer: Peer;
}

/** A persistent mosquitto with a session for a device and one for its other side. */
async function startPair(
	tap?: (direction: "out" | "in", firstByte: number, device: Device) => void,
	config: string[] = [],
): Promise<Pair> {
	const broker = await startMosquitto({
		persistence: true,
		config: ["max_queued_messages 0", "max_inflight_messages 1000", ...config],
	});
	const device: Device = new Device(
		broker.port,
		{ cleanSession: false, outbox: 65_536, inflight: 20, incomingQoS2: 1000, connectTimeoutMs: 1_000 },
		{ tap: { step() {}, bytes: (_connection, direction, bytes) => tap?.(direction, bytes[0]!, device) } },
	);
	await device.connect();
	await device.subscribe("in/#", 2);
	const peer = await Peer.connect(broker.port, { clientId: "peer", clean: false, reconnectPeriod: 20 });
	await peer.subscribe("out/#", 2);
	return { broker, device, peer };
}

async function endPair({ broker, device, peer }: Pair): Promise<void> {
	await device.stop();
	await peer.end(true);
	await broker.stop();
}

/** SIGKILL, and up again with what its file holds. */
async function killAndRestart(broker: Mosquitto): Promise<void> {
	await broker.kill("SIGKILL");
	await broker.restart();
}

describeWithMosquitto("a mosquitto that is killed and comes back", () => {
	it("lesson 18: gets again what it had not acknowledged, in order, marked as repeated", async () => {
		const pair = await startPair();
		const { broker, device, peer } = pair;
		await saveWhole(broker);
		broker.pause();
		// Sent, into a broker that does not read any more.
		for (let i = 0; i < 8; i++) device.client.publish(`out/${i}`, `${i}`, i < 4 ? 1 : 2);
		await killAndRestart(broker);
		await device.drained();
		await peer.untilReceived(8);
		expect(device.accepted).toEqual([false, true]);
		expect(peer.payloads).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
		expect(device.delivered.length).toBe(8);
		expect(broker.log).toMatch(/Received PUBLISH from \S+ \(d1, q2/);
		await endPair(pair);
	});

	it("gets PUBREL again where the handshake stood there, and delivers once", async () => {
		const pair = await startPair((direction, firstByte, device) => {
			// PUBREC has come: PUBREL and everything behind it stays on this side.
			if (direction === "in" && firstByte === PUBREC && device.accepted.length === 1) device.world.stop();
		});
		const { broker, device, peer } = pair;
		device.client.publish("out/x", "once", 2);
		await broker.waitForLog(/Sending PUBREC/);
		await until(() => device.client.queued === 1 && broker.log.includes("Sending PUBREC"), "PUBREC");
		await saveWhole(broker);
		await killAndRestart(broker);
		expect(peer.messages).toEqual([]);
		device.world.resume();
		await device.drained();
		await peer.untilReceived(1);
		device.client.publish("out/x", "end", 2);
		await peer.untilReceived(2);
		expect(peer.payloads).toEqual(["once", "end"]);
		expect(device.problems).toEqual([]);
		await endPair(pair);
	});

	it("sends again what we had not acknowledged; lesson 2: QoS 2 is not handed over twice", async () => {
		const pair = await startPair((direction, firstByte, device) => {
			// PUBREC is written, the message handed over: the broker is not to learn of it.
			if (direction === "out" && firstByte === PUBREC && device.accepted.length === 1) device.world.stop();
		});
		const { broker, device, peer } = pair;
		const sent = ["0", "1", "2", "3", "4", "5"];
		for (const payload of sent) await peer.publish("in/x", payload, Number(payload) === 0 ? 2 : 1);
		await device.untilReceived(1);
		await saveWhole(broker);
		await killAndRestart(broker);
		device.world.resume();
		await device.untilReceived(6);
		await until(() => peer.client.connected, "the other side");
		await peer.publish("in/x", "end", 2);
		await until(() => device.payloads.includes("end"), "the last message");
		const payloads = device.payloads;
		expect(payloads.filter((payload) => payload === "0")).toEqual(["0"]);
		expect([...new Set(payloads)]).toEqual([...sent, "end"]);
		expect(device.accepted).toEqual([false, true]);
		await endPair(pair);
	});

	it("sends PUBREL again where we had not answered it", async () => {
		const pair = await startPair((direction, firstByte, device) => {
			// PUBREL has come, PUBCOMP is held back.
			if (direction === "in" && firstByte === PUBREL && device.accepted.length === 1) device.world.stop();
		});
		const { broker, device, peer } = pair;
		await peer.publish("in/x", "once", 2);
		await broker.waitForLog(/Sending PUBREL/);
		await device.untilReceived(1);
		await saveWhole(broker);
		await killAndRestart(broker);
		device.world.resume();
		await until(() => peer.client.connected && device.accepted.length === 2, "both sides");
		await broker.waitForLog(/Received PUBCOMP/);
		await peer.publish("in/x", "end", 2);
		await device.untilReceived(2);
		expect(device.payloads).toEqual(["once", "end"]);
		await endPair(pair);
	});

	it("gets on with a broker that has forgotten, and uses an identifier of ours again", async () => {
		const pair = await startPair(
			(direction, firstByte, device) => {
				if (direction === "out" && firstByte === PUBREC && device.accepted.length === 1) device.world.stop();
			},
			["autosave_interval 0"],
		);
		const { broker, device, peer } = pair;
		await saveWhole(broker);
		// Not in its file: of this message it knows nothing any more, and we keep its identifier.
		await peer.publish("in/x", "forgotten", 2);
		await device.untilReceived(1);
		await killAndRestart(broker);
		device.world.resume();
		await until(() => device.accepted.length === 2 && peer.client.connected, "both sides");
		await peer.publish("in/x", "new", 1);
		await device.untilReceived(2);
		expect(device.payloads).toEqual(["forgotten", "new"]);
		expect(device.messages[1]!.packetId).toBe(device.messages[0]!.packetId);
		expect(device.accepted).toEqual([false, true]);
		await endPair(pair);
	});

	it("loses nothing in five rounds, each killed in the middle of traffic both ways", async () => {
		const pair = await startPair();
		const { broker, device, peer } = pair;
		const rounds = 5;
		const perRound = 120;
		const incoming = { 1: new Tally(rounds * perRound), 2: new Tally(rounds * perRound) };
		const outgoing = { 1: new Tally(rounds * perRound), 2: new Tally(rounds * perRound) };
		for (let round = 0, n = 0; round < rounds; round++) {
			for (let i = 0; i < perRound; i++, n++) {
				device.client.publish("out/1", `${n}`, 1);
				device.client.publish("out/2", `${n}`, 2);
				void peer.publish("in/1", `${n}`, 1);
				void peer.publish("in/2", `${n}`, 2);
				if (i % 10 === 0) await pause(1);
				// From here on the broker hears nothing of the device, nor the device of the broker.
				if (i === Math.floor((perRound * (round + 1)) / (rounds + 1))) device.world.stop();
			}
			// What the broker has from its other side, and has answered there, has to be in its file.
			await until(() => peer.client.getLastMessageId() > 0 && unfinished(peer) === 0, "the other side's acks");
			await saveWhole(broker);
			await killAndRestart(broker);
			device.world.resume();
			await until(() => device.client.connected && peer.client.connected, "both sides");
			await device.drained();
			await until(() => device.messages.length + peer.messages.length >= 4 * (n - perRound), "the traffic");
		}
		const all = 4 * rounds * perRound;
		const count = (tally: Record<1 | 2, Tally>): number => tally[1].received + tally[2].received;
		await until(() => {
			for (const { topic, payload } of device.messages.splice(0)) incoming[topic === "in/1" ? 1 : 2].take(payload);
			for (const { topic, payload } of peer.messages.splice(0)) outgoing[topic === "out/1" ? 1 : 2].take(payload);
			return count(incoming) + count(outgoing) >= all;
		}, "all messages");
		for (const { 1: one, 2: two } of [incoming, outgoing]) {
			expect(one.problems(true)).toEqual([]);
			expect(two.problems(false)).toEqual([]);
		}
		expect(device.accepted).toEqual([false, true, true, true, true, true]);
		expect(device.problems).toEqual([]);
		await endPair(pair);
	});
});

/** Publishes of an MQTT.js client that wait for an ack. */
function unfinished(peer: Peer): number {
	return Object.keys((peer.client as unknown as { outgoing: object }).outgoing).length;
}
