/** The firmware's client, put together for a command: a clock, Node's sockets, no stand-ins to be loaded. */
import { Core } from "../../firmware/client/connection/core.js";
import type { CoreOptions, MessageHandler, PayloadSource } from "../../firmware/client/terms/options.js";
import type { QoS } from "../../firmware/client/terms/codes.js";
import { readSettings, type Settings } from "../../firmware/client/setup/settings.js";
import type { Topic } from "../../firmware/codec/topic.js";
import { Loop } from "../../firmware/loop/loop.js";
import type { Clock } from "../world/clock.js";
import { loopClock, type LoopClock } from "../world/loop-clock.js";

installText();

/** What a desk's client is made from. */
export type DeskClientOptions = CoreOptions<DeskClient> & {
	/** Real time, in a command. */
	clock: Clock;
};

/**
 * An MQTT 3.1.1 client: core, loop and their memory as on a device; see Client, whose methods these are.
 */
export class DeskClient {
	/** The options in force, defaults filled in. */
	readonly settings: Settings;
	readonly #core: Core;
	readonly #loop: Loop;
	readonly #clock: Clock;
	readonly #loopClock: LoopClock;

	/** Throws TypeError or RangeError naming the option, its value and its limit. */
	constructor({ clock, ...options }: DeskClientOptions) {
		const settings = readSettings(options);
		this.#core = new Core(options, settings, this, Math.random);
		this.#clock = clock;
		this.#loopClock = loopClock(clock);
		this.#loop = new Loop(this.#core, { transport: options.transport, dns: undefined }, this.#loopClock);
		this.settings = settings;
	}

	/** What has been counted so far, by Counter. */
	get counters(): Uint32Array {
		return this.#core.counters;
	}

	/** Publishes that are not finished: waiting, or without their last ack. */
	get queued(): number {
		return this.#core.session.outbox.count + this.#core.session.releasedCount;
	}

	/** Bytes of the client's one buffer. */
	get arenaSize(): number {
		return this.#core.arena.buffer.byteLength;
	}

	/** Connects, and goes on connecting until `stop`. */
	start(): void {
		this.#core.start(this.#now);
		this.#loop.run();
	}

	/** Flushes, sends DISCONNECT, closes, and calls onStopped. */
	stop(): void {
		this.#core.stop(this.#now);
		this.#loop.run();
	}

	/** Takes no more until resume; from within a handler, its message is not acknowledged before. See Client.pause. */
	pause(): void {
		this.#core.receiver.pause();
	}

	/** Leaves the message at whose handler this is called to the broker, and goes on with a turn of its own. */
	leave(): void {
		this.pause();
		this.#clock.after(0, () => this.resume(false));
	}

	/** Goes on. in: taken  whether the message at whose handler the pause began is acknowledged. See Client.resume. */
	resume(taken = true): void {
		this.#core.resume(taken);
		this.#loop.run();
	}

	/** Bytes of the PUBLISH of which onProblem is being told: the packet's, or those of topic and payload. */
	get packetSize(): number {
		const { receiver } = this.#core;
		return receiver["_decoder"].packetSize || receiver["_partial"].size;
	}

	/**
	 * Publishes a message.
	 *
	 * in   payload  copied before the call returns
	 * out  packet identifier, 0 at QoS 0; negative: a Status, and nothing is sent
	 */
	publish(topic: Topic, payload: Uint8Array, qos: QoS, retain: boolean): number {
		const result = this.#core.shortPublisher.publish(topic, payload, qos, retain);
		this.#loop.run();
		return result;
	}

	/** Publishes a message of any size, pulled from a source as it goes out. out: as publish. */
	publishStream(topic: Topic, total: number, source: PayloadSource, qos: QoS, retain: boolean): number {
		const result = this.#core.publisher.publishStream(topic, total, source, qos, retain);
		if (result >= 0) this.#loop.run();
		return result;
	}

	/** Declares a subscription. out: its index, which onSubscribed names; negative: a Status. */
	subscribe(filter: string, qos: QoS, handler: MessageHandler<DeskClient>): number {
		return this.#subscribe(filter, qos, handler, false);
	}

	/** As subscribe, for a handler that takes messages of any size in pieces. */
	subscribeStream(filter: string, qos: QoS, handler: MessageHandler<DeskClient>): number {
		return this.#subscribe(filter, qos, handler, true);
	}

	/** Ends a subscription. out: 0, or a negative Status. */
	unsubscribe(filter: string): number {
		const result = this.#core.unsubscribe(filter);
		if (result >= 0) this.#loop.run();
		return result;
	}

	#subscribe(filter: string, qos: QoS, handler: MessageHandler<DeskClient>, stream: boolean): number {
		const result = this.#core.subscribe(filter, qos, handler, stream);
		if (result >= 0) this.#loop.run();
		return result;
	}

	get #now(): number {
		return this.#loopClock.time.ticks;
	}
}

/** What the firmware asks of the platform beside sockets and timers. The decoder has checked what it hands over. */
function installText(): void {
	Object.defineProperty(String, "fromArrayBuffer", {
		value: (buffer: ArrayBuffer, offset = 0, length = buffer.byteLength - offset) =>
			Buffer.from(buffer, offset, length).toString(),
		writable: true,
		configurable: true,
	});
}
