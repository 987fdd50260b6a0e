import { Status, Topic, type Client, type ClientOptions } from "xs-mqtt";
import type { Tally } from "./tally.js";
import type { Peer } from "./peer.js";
import { pause } from "./until.js";

/**
 * Publishes messages numbered from 0 as fast as the client takes them: to be given to a client as callbacks.
 *
 * in   topicName, count, qos  of the messages
 */
export function numberedPublishes(topicName: string, count: number, qos: 0 | 1 | 2): Partial<ClientOptions> {
	const topic = new Topic(topicName);
	let next = 0;
	const pump = (client: Client): void => {
		while (next < count) {
			const result = client.publish(topic, `${next}`, qos);
			if (result === Status.FULL) return;
			if (result < 0) throw new Error(`publish: ${result}`);
			next++;
		}
	};
	return { onConnected: pump, onRoom: pump };
}

/** Publishes messages numbered from 0 from the other side, with no more than `window` that `tally` has not seen yet. */
export async function publishNumbered(peer: Peer, topic: string, qos: 0 | 1 | 2, tally: Tally, window: number): Promise<void> {
	for (let n = 0; n < tally.count; n++) {
		while (n - tally.received >= window) await pause(1);
		peer.client.publish(topic, `${n}`, { qos });
	}
}
