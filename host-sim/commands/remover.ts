import { Topic } from "../../firmware/codec/topic.js";
import type { DeskClient } from "./desk-client.js";

const EMPTY = new Uint8Array(0);

/** --remove-retained: clears what the broker keeps under a topic, and knows when it has answered to all of it. */
export class Remover {
	client!: DeskClient;
	/** Topics that the client had no room for yet. */
	#waiting: Topic[] = [];

	/** Whether anything is under way. */
	get busy(): boolean {
		return this.#waiting.length > 0 || this.client.queued > 0;
	}

	/** Clears the retained message of a topic, at QoS 1 as mosquitto_sub. */
	remove(topicName: string): void {
		this.#waiting.push(new Topic(topicName));
		this.goOn();
	}

	/** There may be room again. */
	goOn(): void {
		while (this.#waiting.length > 0 && this.client.publish(this.#waiting[0]!, EMPTY, 1, true) >= 0)
			this.#waiting.shift();
	}
}
