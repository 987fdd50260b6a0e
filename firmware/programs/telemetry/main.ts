/**
 * A sensor: publishes a reading at QoS 1 at an interval, obeys commands at QoS 2, keeps a retained status that its will
 * turns to "offline". After the first readings nothing here allocates.
 */
import config from "mc/config";
import Timer from "timer";
import { Client, QoS, Reason, Text, Topic, type ClientOptions, type DisconnectReason, type Message } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";

const INTERVAL_MS = 1_000;
const INTERVAL_MS_MIN = 10;
const INTERVAL_MS_MAX = 3_600_000;

const INTERVAL = new Text("interval").bytes;
const IDENTIFY = new Text("identify").bytes;
const ONLINE = new Text("online").bytes;
/** Field names of a reading. */
const SEQUENCE = new Text("n");
const CELSIUS = new Text("celsius");

// A preloaded module copies a literal into the heap each time it is executed; constants lie in flash.
const HERE_I_AM = "telemetry: here I am\n";
const CONNECTION_LOST = "telemetry: connection lost\n";

/** Level of the command name in `xs-mqtt/telemetry/<id>/command/<name>`. */
const COMMAND_LEVEL = 4;

class Telemetry {
	readonly client: Client;
	readonly #temperature: Topic;
	readonly #status: Topic;
	readonly #timer: object;
	#intervalMs = INTERVAL_MS;
	#count = 0;

	constructor(settings: Partial<ClientOptions>) {
		const id = settings.clientId ?? "sensor-1";
		const root = `xs-mqtt/telemetry/${id}`;
		this.#temperature = new Topic(`${root}/temperature`);
		this.#status = new Topic(`${root}/status`);
		this.client = new Client({
			host: "localhost",
			transport: tcp,
			...settings,
			clientId: id,
			cleanSession: false,
			dns: platformDns(),
			will: { topic: `${root}/status`, payload: "offline", qos: QoS.AT_LEAST_ONCE, retain: true },
			onConnected: () => this.#sayOnline(),
			onDisconnected,
			onProblem,
		});
		this.client.subscribe(`${root}/command/#`, QoS.EXACTLY_ONCE, (message) => this.#obey(message));
		this.#timer = Timer.repeat(() => this.#measure(), this.#intervalMs);
		this.client.start();
	}

	#sayOnline(): void {
		this.client.publish(this.#status, ONLINE, QoS.AT_LEAST_ONCE, true);
	}

	/** Publishes `{"n":12,"celsius":21.4}`, composed where it waits to be sent. */
	#measure(): void {
		// A slow swing stands in for a sensor.
		const celsius = 21 + 3 * Math.sin(this.#count / 10);
		const payload = this.client.compose(this.#temperature, QoS.AT_LEAST_ONCE);
		payload.open().field(SEQUENCE).integer(this.#count).field(CELSIUS).decimal(celsius, 1).close();
		if (payload.send() >= 0) this.#count++;
	}

	#obey(message: Message): void {
		if (message.levelEquals(COMMAND_LEVEL, INTERVAL)) this.#setInterval(message.integer());
		else if (message.levelEquals(COMMAND_LEVEL, IDENTIFY)) trace(HERE_I_AM);
	}

	#setInterval(intervalMs: number): void {
		if (!(intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX)) return;
		this.#intervalMs = intervalMs;
		Timer.schedule(this.#timer, intervalMs, intervalMs);
	}
}

function onDisconnected(_client: Client, reason: DisconnectReason): void {
	if (reason.code !== Reason.STOPPED) trace(CONNECTION_LOST);
}

function onProblem(_client: Client, problem: number, detail: number): void {
	trace(`telemetry: problem ${problem} (${detail})\n`);
}

/** Makes the program's client and starts it. */
export function begin(settings: Partial<ClientOptions>): Client {
	return new Telemetry(settings).client;
}

export default function main(): void {
	begin((config["mqtt"] ?? {}) as Partial<ClientOptions>);
}
