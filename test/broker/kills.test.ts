// Goal: killing the link at random 200 times in 10,000 QoS 1 and 10,000 QoS 2 publishes (`npm run test:long`; fewer of both
// in `npm test`, as often for each) loses nothing, and no QoS 2 message comes twice.
// Method: both kinds by turns on one connection with a persistent session. A kill comes a random number of deliveries and a
// random moment after the last, and every fourth is followed at once by another, which hits the client while it connects.
import { afterAll, describe, expect, it } from "vitest";
import { Counter, Reason } from "xs-mqtt";
import { Random } from "../../host-sim/world/random.js";
import { BROKERS, endAll, startMosquitto } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { numberedPublishes } from "../support/flow.js";
import { describeWithMosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { Tally } from "../support/tally.js";
import { until } from "../support/until.js";

afterAll(endAll);

const COUNT = Number(process.env["XS_MQTT_MESSAGES"] ?? 4_000);
const KILLS = COUNT / 50;
const SEED = 7_300;

/** Deliveries between two kills are drawn from 1 … this, so that there are enough of them for all kills. */
const GAP_MAX = Math.floor((2 * COUNT) / KILLS) - 1;

const TIMEOUT_MS = 120_000;

/** Kills the links of a device until KILLS have hit; `handleDelivered` is to be called for each delivery. */
class Killer {
	device: Device | undefined;
	readonly #random = new Random(SEED);
	#left = 1;

	handleDelivered(): void {
		if (--this.#left !== 0) return;
		this.#killLater();
		if (this.#random.below(4) === 0) this.#killLater();
	}

	#killLater(): void {
		this.device!.world.clock.after(this.#random.below(4), () => {
			if (this.device!.ends.length >= KILLS) return;
			this.device!.world.cut();
			this.#left = 1 + this.#random.below(GAP_MAX);
		});
	}
}

describe.each(BROKERS)("with $name", ({ describeBroker, start }) => {
	describeBroker("publishing while the link is killed again and again", () => {
		it(
			"lesson 18: loses nothing, keeps the order, and delivers QoS 2 once",
			async () => {
				const broker = await start();
				const one = new Tally(COUNT);
				const two = new Tally(COUNT);
				const peer = await (await Peer.connect(broker.port)).subscribe("out/+", 2);
				peer.client.on("message", (topic, payload) => (topic === "out/1" ? one : two).take(payload.toString()));
				const killer = new Killer();
				const device = new Device(broker.port, {
					...numberedPublishes(COUNT, { topicName: "out/1", qos: 1 }, { topicName: "out/2", qos: 2 }),
					onDelivered: () => killer.handleDelivered(),
					cleanSession: false,
					outbox: 4096,
					inflight: 20,
					reconnectMinMs: 1,
					reconnectMaxMs: 3,
					holdOffMs: 3,
				});
				killer.device = device;
				// aedes keeps a session only for those who subscribe.
				device.client.subscribe("in", 1, device.keep);
				await device.connect();
				await until(() => one.complete && two.complete, "all messages", TIMEOUT_MS);
				await device.drained();

				expect(one.problems(true)).toEqual([]);
				expect(two.problems(false)).toEqual([]);
				expect(device.ends.length).toBeGreaterThanOrEqual(KILLS);
				const reasons: number[] = [Reason.LINK_LOST, Reason.CONNECT_FAILED];
				expect(device.ends.filter((end) => !reasons.includes(end.code))).toEqual([]);
				expect(new Set(device.accepted.slice(1))).toEqual(new Set([true]));
				expect(new Set(device.delivered).size).toBe(2 * COUNT);
				expect(device.delivered.length).toBe(2 * COUNT);
				expect(device.client.counters[Counter.RESENDS]).toBeGreaterThan(KILLS);
				expect(device.problems).toEqual([]);
				await device.stop();
				await peer.end();
				await broker.stop();
			},
			TIMEOUT_MS,
		);
	});
});

describeWithMosquitto("publishing more than 65,535 messages", () => {
	it("lesson 9: goes on with identifier 1, and none is used twice at a time", async () => {
		const count = 66_000;
		const broker = await startMosquitto({ config: ["log_type error"] });
		const device = new Device(broker.port, { ...numberedPublishes(count, { topicName: "out", qos: 1 }), outbox: 4096 });
		await device.connect();
		await until(() => device.delivered.length === count, "all acks", TIMEOUT_MS);
		const first = device.delivered[0]!;
		const expected = Uint16Array.from({ length: count }, (_, i) => ((first - 1 + i) % 65_535) + 1);
		expect(Buffer.from(Uint16Array.from(device.delivered).buffer).equals(Buffer.from(expected.buffer))).toBe(true);
		expect(device.ends).toEqual([]);
		await device.stop();
		await broker.stop();
	});
});
