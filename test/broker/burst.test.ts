// Goal: a burst at QoS 2 reaches a device with default sizes, every message once; and a message that the broker answers by
// closing does not block what waits behind it.
// Method: mosquitto as it is installed, its own mosquitto_pub, devices with default sizes, and the commands as processes.
import { afterAll, expect, it } from "vitest";
import { Counter, Problem, Reason } from "xs-mqtt";
import { Running, startCli } from "../cli/run-cli.js";
import { Device, endDevices } from "../support/device.js";
import { describeWithMosquitto, findProgram, Mosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 1}`);

afterAll(endDevices);

/** `seq count | mosquitto_pub -l -q 2`. */
async function burst(broker: Mosquitto, topic: string, count: number): Promise<void> {
	const args = ["-h", "127.0.0.1", "-p", `${broker.port}`, "-t", topic, "-q", "2", "-l"];
	const pub = new Running(findProgram("mosquitto_pub") ?? "", args, numbers(count).join("\n"));
	expect(await pub.ended).toMatchObject({ exitCode: 0 });
}

describeWithMosquitto("a burst at QoS 2", () => {
	it.each([
		[60, true],
		[60, false],
		[1000, false],
	])("of %i messages reaches a device with default sizes on one connection, clean session %s", async (count, clean) => {
		const broker = await Mosquitto.start();
		const device = await new Device(broker.port, { clientId: "burst", cleanSession: clean }).connect();
		await device.subscribe("t", 2);
		await burst(broker, "t", count);
		await device.untilReceived(count);
		expect(device.payloads).toEqual(numbers(count));
		expect([device.ends, device.accepted.length]).toEqual([[], 1]);
		// The next of them is taken as well: nothing is left in the table.
		await burst(broker, "t", 1);
		await device.untilReceived(count + 1);
		expect(device.client.counters[Counter.INCOMING_QOS2_MAX]).toBeLessThanOrEqual(2);
		await device.stop();
		await broker.stop();
	});

	it("of 5,000 that waited for a kept session gets through `sub` with its default sizes, each once", async () => {
		const broker = await Mosquitto.start({ config: ["max_queued_messages 0"] });
		const at = ["-h", "127.0.0.1", "-p", `${broker.port}`, "-t", "t", "-q", "2", "-c", "-i", "kept"];
		const first = startCli(["sub", ...at, "-W", "1"], "");
		await first.ended;
		await burst(broker, "t", 5_000);
		const sub = startCli(["sub", ...at, "-C", "5000"], "");
		const { exitCode, out, err } = await sub.ended;
		expect([exitCode, err]).toEqual([0, ""]);
		expect(out.toString().trimEnd().split("\n")).toEqual(numbers(5_000));
		await broker.stop();
	});
});

describeWithMosquitto("a burst that takes longer than the keep alive", () => {
	it("costs no connection: pings go out in its middle, although all of it has arrived at once", async () => {
		const COUNT = 36;
		const HANDLER_MS = 80;
		const broker = await Mosquitto.start();
		const peer = await Peer.connect(broker.port);
		for (let i = 0; i < COUNT; i++) await peer.publish(`r/${i}`, "x", 0, true);
		await peer.end();
		// The broker ends it after 1.5 s without a packet; all messages take 2.9 s.
		const device = await new Device(broker.port, { clientId: "slow", keepAlive: 1 }).connect();
		let handled = 0;
		device.client.subscribe("r/+", 0, () => {
			handled++;
			for (const until = performance.now() + HANDLER_MS; performance.now() < until;);
		});
		await until(() => handled === COUNT, "all messages");
		expect([device.ends, device.accepted.length]).toEqual([[], 1]);
		expect(device.client.counters[Counter.PINGS]).toBeGreaterThan(1);
		await device.stop();
		await broker.stop();
	});
});

describeWithMosquitto("a message that the broker answers by closing", () => {
	it("is given up by `pub -q 1` after five tries, with an error", async () => {
		const broker = await Mosquitto.start({ config: ["max_packet_size 500"] });
		const at = ["-h", "127.0.0.1", "-p", `${broker.port}`, "--set", "reconnectMaxMs=20", "--set", "reconnectMinMs=1"];
		const { exitCode, err } = await startCli(["pub", ...at, "-t", "t", "-q", "1", "-m", "x".repeat(600)]).ended;
		expect(exitCode).toBe(1);
		expect(err).toContain("a message was given up: each time it was sent, the connection ended");
		expect(broker.log.match(/due to oversize packet/g)).toHaveLength(5);
		await broker.stop();
	});

	it.each(["resendsMax", "cancel"])("lets by what waits behind it, by %s", async (by) => {
		const broker = await Mosquitto.start({ config: ["max_packet_size 500"] });
		const peer = await (await Peer.connect(broker.port)).subscribe("t", 1);
		const options = { stableMs: 30_000, ...(by === "resendsMax" && { resendsMax: 3 }) };
		const device = await new Device(broker.port, options).connect();
		const ids = ["before", "x".repeat(600), "behind"].map((payload) => device.client.publish("t", payload, 1));
		if (by === "cancel") {
			await until(() => device.ends.length >= 2, "the second end");
			expect(device.client.cancel(ids[1]!)).toBe(0);
		}
		await until(() => peer.payloads.includes("behind"), "what waits behind");
		expect(peer.payloads.filter((payload) => payload.length > 500)).toEqual([]);
		expect(device.problems).toEqual(by === "cancel" ? [] : [[Problem.PUBLISH_GIVEN_UP, ids[1]]]);
		expect(new Set(device.ends.map((end) => end.code))).toEqual(new Set([Reason.LINK_LOST]));
		await device.stop();
		await peer.end();
		await broker.stop();
	});
});
