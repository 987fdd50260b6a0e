// Goal: what an application does all the time, done while the link is killed again and again, comes out right in the end:
// subscribing and unsubscribing, streaming, stopping and starting.
// Method: seeded random actions and kills; then the link is left alone, and what the broker knows is compared with what the
// application asked for.
import { afterAll, describe, expect, it } from "vitest";
import { Counter, Status, type ClientOptions, type PayloadSource } from "xs-mqtt";
import { Random } from "../../host-sim/world/random.js";
import { BROKERS, endAll } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { numberedPublishes } from "../support/flow.js";
import { Peer } from "../support/peer.js";
import { Tally } from "../support/tally.js";
import { pause, until } from "../support/until.js";

afterAll(endAll);

const QUICK: Partial<ClientOptions> = { reconnectMinMs: 1, reconnectMaxMs: 4, holdOffMs: 4 };

/** Cuts the links of a device at random moments until it is told to stop. */
function kill(device: Device, seed: number, everyMs: number): () => void {
	const random = new Random(seed);
	let cancel = (): void => {};
	const next = (): void => {
		cancel = device.world.clock.after(random.below(2 * everyMs), () => {
			device.world.cut();
			next();
		});
	};
	next();
	return () => cancel();
}

describe.each(BROKERS)("with $name, while the link is killed", ({ name, describeBroker, start }) => {
	describeBroker("an application", () => {
		// aedes goes on with an UNSUBSCRIBE of a killed connection after it has resumed the session on the next one, and then
		// the last word of a kept session may be the older one: only its clean sessions are held to it.
		it.each(name === "aedes" ? [true] : [true, false])(
			"subscribes and unsubscribes, clean session %s: the last word counts",
			async (cleanSession) => {
				const broker = await start();
				const random = new Random(41);
				const device = new Device(broker.port, { ...QUICK, cleanSession, subscriptions: 9 });
				const got: string[] = [];
				// Named so that a wildcard and its topic are both among them.
				const filters = ["a/0", "a/+", "b/#", "b/1", "c", "d/2", "e/+", "f"];
				const wanted = new Set<string>();
				device.client.start();
				const end = kill(device, 41, 8);
				for (let i = 0; i < 400; i++) {
					const filter = filters[random.below(filters.length)]!;
					if (wanted.has(filter) && random.below(2) === 0) {
						expect(device.client.unsubscribe(filter)).toBe(0);
						wanted.delete(filter);
					} else {
						const index = device.client.subscribe(filter, 1, (message) => got.push(`${filter} ${message.topicText()}`));
						// An entry is free again only when UNSUBACK is here.
						expect(index >= 0 || index === Status.FULL).toBe(true);
						if (index >= 0) wanted.add(filter);
					}
					if (random.below(4) === 0) await pause(random.below(4));
				}
				end();
				await device.untilConnected();
				// This request is behind all others.
				expect(device.client.subscribe("end", 1, device.keep)).toBeGreaterThanOrEqual(0);
				const peer = await Peer.connect(broker.port);
				await until(() => {
					peer.client.publish("end", "m", { qos: 1 });
					return device.messages.length > 0;
				}, "the last subscription");
				await pause(50);
				got.length = 0;
				const unrouted = device.client.counters[Counter.UNROUTED];
				const topics = ["a/0", "a/9", "b/1", "b/9", "c", "d/2", "e/9", "f"];
				for (const topic of topics) await peer.publish(topic, "m", 1);
				const seen = device.messages.length;
				await peer.publish("end", "m", 1);
				await device.untilReceived(seen + 1);
				const matches = (filter: string, topic: string): boolean =>
					new RegExp(`^${filter.replace("+", "[^/]*").replace("/#", "(/.*)?")}$`).test(topic);
				const expected = [...wanted].flatMap((filter) =>
					topics.filter((topic) => matches(filter, topic)).map((topic) => `${filter} ${topic}`),
				);
				expect([...new Set(got)].sort()).toEqual(expected.sort());
				// Nor does the broker send what nobody wants any more.
				expect(device.client.counters[Counter.UNROUTED]).toBe(unrouted);
				await device.stop();
				await peer.end();
				await broker.stop();
			},
		);

		it.each([1, 2] as const)("streams out at QoS %i: each arrives whole, in order", async (qos) => {
			const broker = await start();
			const peer = await (await Peer.connect(broker.port)).subscribe("out", qos);
			const device = new Device(broker.port, { ...QUICK, cleanSession: false, txBuffer: 128, sources: 3, outbox: 512 });
			device.client.subscribe("in", 1, device.keep);
			await device.connect();
			const end = kill(device, 42, 10);
			const count = 300;
			const sizeOf = (n: number): number => (n * 7_919) % 9_000;
			const sourceOf = (n: number): PayloadSource => ({
				read: (position, target, offset, size) => {
					const piece = Math.min(size, sizeOf(n) - position);
					target.fill(n & 255, offset, offset + piece);
					return piece;
				},
			});
			for (let n = 0; n < count;) {
				const result = device.client.publishStream("out", sizeOf(n), sourceOf(n), qos);
				if (result === Status.FULL) await pause(1);
				else n++;
				expect(result > 0 || result === Status.FULL).toBe(true);
			}
			await device.drained();
			end();
			let next = 0;
			let wrong = 0;
			await until(() => {
				for (const { payload } of peer.messages.splice(0)) {
					const bytes = Buffer.from(payload, "latin1");
					if (isStream(bytes, next)) next++;
					// At QoS 1 some may come again.
					else if (qos === 2 || !before(next).some((n) => isStream(bytes, n))) wrong++;
				}
				return next === count;
			}, "all streams");
			expect(wrong).toBe(0);
			expect(device.accepted.length).toBeGreaterThan(5);
			await device.stop();
			await peer.end();
			await broker.stop();

			/** Those that may be repeated: in flight together. */
			function before(n: number): number[] {
				return [1, 2, 3, 4, 5, 6, 7, 8].map((distance) => n - distance);
			}

			function isStream(bytes: Buffer, n: number): boolean {
				return bytes.length === sizeOf(n) && bytes.every((byte) => byte === (n & 255));
			}
		});

		it("stops and starts: nothing is lost, and QoS 2 comes once", async () => {
			const broker = await start();
			const random = new Random(43);
			const count = 3_000;
			const tallies = [new Tally(count), new Tally(count)] as const;
			const peer = await (await Peer.connect(broker.port)).subscribe("out/+", 2);
			peer.client.on("message", (topic, payload) => tallies[topic === "out/1" ? 0 : 1].take(payload.toString()));
			const device = new Device(broker.port, {
				...QUICK,
				...numberedPublishes(count, { topicName: "out/1", qos: 1 }, { topicName: "out/2", qos: 2 }),
				cleanSession: false,
				stopTimeoutMs: 2,
				onStopped: (client) => {
					if (random.below(2) === 0) client.start();
					else setTimeout(() => client.start(), random.below(3));
				},
			});
			device.client.subscribe("in", 1, device.keep);
			device.client.start();
			while (!tallies.every((tally) => tally.complete)) {
				await pause(random.below(6));
				const action = random.below(4);
				if (action < 2) device.client.stop();
				else if (action === 2) device.client.networkDown();
				else device.world.cut();
			}
			expect(tallies[0].problems(true)).toEqual([]);
			expect(tallies[1].problems(false)).toEqual([]);
			expect(device.stops).toBeGreaterThan(3);
			await device.drained();
			device.remove();
			await peer.end();
			await broker.stop();
		});
	});
});
