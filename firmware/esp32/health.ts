import Time from "time";
import Timer from "timer";
import { Counter, QoS, Text, Topic, type Client } from "xs-mqtt";
import resetReason from "xs-mqtt/reset-reason";
import type { Clock } from "./clock.js";
import type { Wifi } from "./wifi.js";

const INTERVAL_MS = 60_000;

const RESET = new Text("reset");
const UPTIME = new Text("uptime");
const RSSI = new Text("rssi");
const TIME = new Text("time");

/** Field names, and the counters they stand for. */
const NAMES = Object.freeze([
	new Text("connects"),
	new Text("disconnects"),
	new Text("delivered"),
	new Text("resends"),
	new Text("refused"),
	new Text("outboxMax"),
]);
const COUNTERS = Object.freeze([
	Counter.CONNECTS,
	Counter.DISCONNECTS,
	Counter.DELIVERED,
	Counter.RESENDS,
	Counter.REFUSED_FULL,
	Counter.OUTBOX_MAX,
]);

/**
 * Publishes how the device is, retained, once a minute: why it last started, how long ago, and what its client has
 * counted. Allocates nothing after the constructor.
 */
export class Health {
	readonly #client: Client;
	readonly #wifi: Wifi;
	readonly #clock: Clock | undefined;
	readonly #topic: Topic;
	readonly #reset = resetReason();
	#lastTicks = Time.ticks;
	#uptimeS = 0;
	#restMs = 0;

	/** in  topicName  where to publish */
	constructor(client: Client, wifi: Wifi, clock: Clock | undefined, topicName: string) {
		this.#client = client;
		this.#wifi = wifi;
		this.#clock = clock;
		this.#topic = new Topic(topicName);
		Timer.repeat(() => this.#beat(), INTERVAL_MS);
		this.#publish();
	}

	/** The heartbeat: a line in debug builds. */
	#beat(): void {
		// The counter of ticks wraps after some days, the sum of its differences does not.
		const now = Time.ticks;
		this.#restMs += Time.delta(this.#lastTicks, now);
		this.#lastTicks = now;
		this.#uptimeS += Math.floor(this.#restMs / 1000);
		this.#restMs %= 1000;
		trace("health: up ", this.#uptimeS, " s\n");
		this.#publish();
	}

	/** `{"reset":1,"uptime":60,"rssi":-61,"time":1764144000,"connects":1,…}`, time when it is known; an outbox that is full drops it. */
	#publish(): void {
		const { counters } = this.#client;
		const payload = this.#client.compose(this.#topic, QoS.AT_MOST_ONCE, true);
		payload.open().field(RESET).integer(this.#reset).field(UPTIME).integer(this.#uptimeS);
		payload.field(RSSI).integer(this.#wifi.rssi);
		if (this.#clock?.known) payload.field(TIME).integer(this.#clock.seconds);
		for (let i = 0; i < NAMES.length; i++) payload.field(NAMES[i]!).integer(counters[COUNTERS[i]!]! | 0);
		payload.close().send();
	}
}
