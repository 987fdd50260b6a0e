import { describe } from "vitest";
import { startAedes } from "../../host-sim/broker-aedes/aedes.js";
import { describeWithMosquitto, Mosquitto } from "./mosquitto.js";

/** A broker that a test has started, of either kind. */
export interface TestBroker {
	readonly port: number;
	stop(): Promise<void>;
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
		/** Nothing that is queued for a client is dropped. */
		start: async (): Promise<TestBroker> => Mosquitto.start({ config: ["max_queued_messages 0"] }),
	},
] as const;

/**
 * Writes the persistence file of a mosquitto, and waits until it is whole. The broker says so when it begins to write; it
 * does one thing at a time, so the second time it says so the first file is complete.
 */
export async function saveWhole(broker: Mosquitto): Promise<void> {
	await broker.save();
	await broker.save();
}
