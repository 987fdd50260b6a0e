import { Status, Topic, type Client, type ClientOptions } from "xs-mqtt";
import type { Tally } from "./tally.js";
import type { Peer } from "./peer.js";
import { pause } from "./until.js";

/** Messages numbered from 0. */
export interface Numbered {
	topicName: string;
	qos: 0 | 1 | 2;
}

/**
 * Publishes `count` numbered messages on each of some topics, by turns, as fast as the client takes them: to be given to
 * a client as callbacks.
 */
export function numberedPublishes(count: number, ...flows: Numbered[]): Partial<ClientOptions> {
	const topics = flows.map(({ topicName }) => new Topic(topicName));
	let next = 0;
	const pump = (client: Client): void => {
		for (; next < count * flows.length; next++) {
			const flow = next % flows.length;
			const result = client.publish(topics[flow]!, `${Math.floor(next / flows.length)}`, flows[flow]!.qos);
			if (result === Status.FULL) return;
			if (result < 0) throw new Error(`publish: ${result}`);
		}
	};
	return { onConnected: pump, onRoom: pump };
}

/** Publishes messages numbered from 0 from the other side, with no more than `window` that `tally` has not seen yet. */
export async function publishNumbered(
	peer: Peer,
	topic: string,
	qos: 0 | 1 | 2,
	tally: Tally,
	window: number,
): Promise<void> {
	for (let n = 0; n < tally.count; n++) {
		while (n - tally.received >= window) await pause(1);
		peer.client.publish(topic, `${n}`, { qos });
	}
}
