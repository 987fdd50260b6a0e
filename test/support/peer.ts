import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { until } from "./until.js";

/** A message as the other side saw it. */
export interface PeerMessage {
	topic: string;
	payload: string;
	qos: number;
	retain: boolean;
}

/** The other side: an ordinary MQTT.js client, and what it has received. */
export class Peer {
	readonly client: MqttClient;
	readonly messages: PeerMessage[] = [];

	private constructor(client: MqttClient) {
		this.client = client;
		client.on("error", () => {});
		client.on("message", (topic, payload, { qos, retain }) => {
			this.messages.push({ topic, payload: payload.toString("latin1"), qos, retain });
		});
	}

	/** Connects to a broker on this machine; does not reconnect unless told. */
	static async connect(port: number, options: IClientOptions = {}): Promise<Peer> {
		return new Peer(await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options }));
	}

	get payloads(): string[] {
		return this.messages.map((message) => message.payload);
	}

	async subscribe(filter: string, qos: 0 | 1 | 2 = 0): Promise<this> {
		await this.client.subscribeAsync(filter, { qos });
		return this;
	}

	async publish(topic: string, payload: string | Buffer, qos: 0 | 1 | 2 = 0, retain = false): Promise<void> {
		await this.client.publishAsync(topic, payload, { qos, retain });
	}

	async untilReceived(count: number, timeoutMs?: number): Promise<void> {
		await until(() => this.messages.length >= count, `${count} messages at the other side`, timeoutMs);
	}

	/** Ends; without a word when `abruptly`. */
	async end(abruptly = false): Promise<void> {
		await this.client.endAsync(abruptly);
	}
}
