import { describe } from "vitest";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { endDevices } from "./device.js";
import { describeWithMosquitto, Mosquitto, type MosquittoOptions } from "./mosquitto.js";
import { until } from "./until.js";

/** A broker that a test has started, of either kind. */
export interface TestBroker {
	readonly port: number;
	stop(): Promise<void>;
}

const started = new Set<Mosquitto>();

/** Starts a mosquitto that endAll ends if its test does not. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
	const broker = await Mosquitto.start(options);
	started.add(broker);
	return broker;
}

/** For afterAll: ends the devices and brokers that a test has left behind. Throws what endDevices throws. */
export async function endAll(): Promise<void> {
	try {
		endDevices();
	} finally {
		for (const broker of started) await broker.stop();
	}
}

/** Both brokers, for tests that go for any: `describeBroker` skips where the broker is not installed. */
export const BROKERS = [
	{
		name: "aedes",
		describeBroker: describe,
		start: async (): Promise<TestBroker> => {
			const broker = await startAedes();
			return { port: broker.port, stop: () => broker.close() };
		},
	},
	{
		name: "mosquitto",
		describeBroker: describeWithMosquitto,
		/** Nothing that is queued for a client is dropped, and a publisher is not thrown out for a few messages in flight. */
		start: async (): Promise<TestBroker> =>
			startMosquitto({ config: ["max_queued_messages 0", "max_inflight_messages 500"] }),
	},
] as const;

/**
 * Writes the persistence file of a mosquitto, and waits until it is whole. The broker says so when it begins to write; it
 * does one thing at a time, so the second time it says so the first file is complete. A signal that comes while it writes
 * is lost: it gets another.
 */
export async function saveWhole(broker: Mosquitto): Promise<void> {
	const from = broker.log.length;
	await until(() => {
		process.kill(broker.pid, "SIGUSR1");
		return (broker.log.slice(from).match(/Saving in-memory database/g) ?? []).length >= 2;
	}, "a saved database");
}
