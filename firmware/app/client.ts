import Time from "time";
import Timer from "timer";
import { traced } from "../base/traced.js";
import { State, type QoS } from "../client/terms/codes.js";
import { cancelPublish } from "../client/connection/cancel.js";
import { clientIdOf } from "../codec/connect.js";
import { Core } from "../client/connection/core.js";
import type {
	CoreOptions,
	CommonOptions,
	MessageHandler as CoreHandler,
	PayloadSource,
} from "../client/terms/options.js";
import type { PacketLog } from "../client/telling/packet-log.js";
import type { ShortPublisher } from "../client/short-ways/publish.js";
import { readSettings, type Settings } from "../client/setup/settings.js";
import { PayloadWriter } from "../client/outgoing/payload-writer.js";
import { StatusCode } from "../codec/status.js";
import type { Topic } from "../codec/topic.js";
import { Loop } from "../loop/loop.js";
import type { Route, Servers } from "../ports/servers.js";
import type { Protocol } from "../ports/protocol.js";

/** What a client of one server is made from. */
export interface OneServerOptions extends CoreOptions<Client> {
	/** The version of MQTT to be spoken; 3.1.1 without it. */
	protocol?: ClientProtocol;
}

/** What a client of several servers is made from: `servers`, and neither `host` nor `transport` need be there. */
export interface SeveralServersOptions extends CommonOptions<Client> {
	servers: Servers;
	/** The version of MQTT to be spoken; 3.1.1 without it. */
	protocol?: ClientProtocol;
}

/** What a client is made from. */
export type ClientOptions = OneServerOptions | SeveralServersOptions;

/** A version of MQTT: see Protocol. */
export type ClientProtocol = Protocol<CoreOptions<unknown>, Settings, Core>;

/** Gets a message, or a piece of one; the object is valid until the handler returns. */
export type MessageHandler = CoreHandler<Client>;

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const FUNCTION = "function";

/** What a client speaks without the option `protocol`. */
const MQTT_3_1_1: ClientProtocol = Object.freeze({
	makeCore: (options: CoreOptions<unknown>, settings: Settings, client: unknown, random: () => number) =>
		new Core(options, settings, client, random),
});

/** The way to several servers; undefined to one, and with what is no such option. */
function routeOf(options: ClientOptions | null | undefined): Route<Core> | undefined {
	const servers = options?.servers as Servers<Core> | undefined;
	return servers?.over?.(options!);
}

/** Time and timers of the platform. */
const PLATFORM = Object.freeze({ time: Time, timer: Timer });

/** Where a simulator or a debugger may leave a set that learns of every client, and of the core that is inside of it. */
const REGISTRY = Symbol.for("xs-mqtt.clients");

/** What is left there. */
interface Registry {
	add(client: Client, core: Core): void;
}

/** What a client is made of, for those of this package that are another face of it and call as often as it does. */
export interface ClientParts {
	readonly core: Core;
	readonly loop: Loop;
}

/** The parts of a client. No part of what is exported to programs. */
export let partsOf: (client: Client) => ClientParts;

/**
 * An MQTT 3.1.1 client.
 *
 * All its memory is taken here, in the constructor, and by `start`; after the first messages nothing is allocated.
 * Every method may be called at any time, from within any callback too. None throws: a defect of this library that shows
 * within a call costs the connection, and the method returns Status.INTERNAL_FAULT if it has not done its part by then.
 * (All have the same frame: a function for it would have to be made at each call.) Hot: no allocation.
 */
export class Client {
	/** The options in force, defaults filled in. */
	readonly settings: Settings;
	/** The last packets. */
	readonly packetLog: PacketLog;
	readonly #core: Core;
	readonly #publisher: ShortPublisher;
	readonly #loop: Loop;
	readonly #writer: PayloadWriter;

	static {
		partsOf = (client) => ({ core: client.#core, loop: client.#loop });
	}

	/** Throws TypeError or RangeError naming the option, its value and its limit; what it says is traced first. */
	constructor(options: ClientOptions) {
		try {
			const route = routeOf(options);
			const settings = readSettings(options, route);
			this.#core = (options.protocol ?? MQTT_3_1_1).makeCore(options as OneServerOptions, settings, this, Math.random);
			this.#publisher = this.#core.shortPublisher;
			const target = route?.attach(this.#core);
			const { transport } = route ?? (options as OneServerOptions);
			this.#loop = new Loop(this.#core, { transport, target, dns: options.dns }, PLATFORM);
			this.#writer = new PayloadWriter(this.#core.arena.bytes, this.#core.publisher, this.#loop);
			this.settings = settings;
			this.packetLog = this.#core.log;
		} catch (error) {
			throw traced(error);
		}
		(globalThis as unknown as Record<symbol, Registry | undefined>)[REGISTRY]?.add(this, this.#core);
	}

	/**
	 * What has been counted, by Counter, up to now: read only. The same array each time, brought up to date when it is asked
	 * for.
	 */
	get counters(): Uint32Array {
		return this.#core.counters;
	}

	/** One of State. */
	get state(): number {
		return this.#core.state;
	}

	/** Whether CONNACK has accepted the connection, and it has neither ended nor is being ended by `stop`. */
	get connected(): boolean {
		return this.#core.state === State.CONNECTED;
	}

	/** Whether the server had kept our session when it accepted this connection (§3.2.2.2). */
	get sessionPresent(): boolean {
		return this.#core.sessionPresent;
	}

	/** Which of several servers the connection or the attempt goes to, or the last one went to; 0 of one. */
	get server(): number {
		return this.#core.reason.server;
	}

	/** Publishes that are not finished: waiting, or without their last ack. */
	get queued(): number {
		return this.#core.session.outbox.count + this.#core.session.releasedCount;
	}

	/** The client identifier that CONNECT carries. Allocates. */
	get clientId(): string {
		return clientIdOf(this.#core.arena.bytes, this.#core.sender.connectOffset);
	}

	/** Bytes of the client's one buffer. */
	get arenaSize(): number {
		return this.#core.arena.buffer.byteLength;
	}

	/**
	 * Connects, and goes on connecting until `stop`. Harmless when started; while stopping: once that is complete, unless
	 * `stop` is called again. Nothing after `close`.
	 */
	start(): void {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			if (!loop.closed) this.#core.start(now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/**
	 * Flushes, sends DISCONNECT, closes, and calls onStopped. What is in the outbox stays there and goes out after the
	 * next `start`.
	 */
	stop(): void {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			this.#core.stop(now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/**
	 * Ends at once and for good: no DISCONNECT, so that the server publishes the will; no further callback but those of the
	 * end, and what they ask for is not begun any more. Gives back the platform's timer, so that a client that nobody holds
	 * can be collected. Harmless when closed.
	 */
	close(): void {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		// Before the callbacks of the end: no attempt follows, whoever asks for it.
		loop.close();
		try {
			// In this order: the end of the connection is the end.
			this.#core.stop(now);
			this.#core.networkDown(now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/**
	 * Takes no more messages until `resume`: what arrives waits in the receive buffer, then in the network, then at the
	 * server. From within a handler: its message is not acknowledged before `resume`, and handed over again when the
	 * connection is lost before that. Acks of our own publishes wait too; pings go on, and unanswered ones count for
	 * nothing meanwhile. Nothing while there is no connection; a pause ends with its connection.
	 */
	pause(): void {
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			this.#core.receiver.pause();
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/**
	 * Goes on taking messages.
	 *
	 * in   taken  whether the message at whose handler the pause began is acknowledged; if not, the server sends it again
	 *             with the next connection of a kept session
	 */
	resume(taken = true): void {
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			this.#core.resume(taken);
		} catch (error) {
			loop.fault(nested, error);
		}
		// What has arrived meanwhile has been told of: nobody tells of it again.
		loop.run();
	}

	/** A hint: the network is up. A client that waits tries at once. */
	networkUp(): void {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			this.#core.networkUp(now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/** A hint: the network is gone. */
	networkDown(): void {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			this.#core.networkDown(now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/**
	 * Publishes a message. Hot with a Topic and bytes: no allocation.
	 *
	 * in   topic    a Topic, made once; or a string, which is checked and encoded at every call
	 *      payload  copied before the call returns; text is sent as UTF-8
	 *      qos      default 0
	 *      retain   whether the server is to keep it for later subscribers; default false
	 * out  packet identifier, 1 … 65535, that onDelivered will name; 0 at QoS 0; negative: a Status, and nothing is sent
	 */
	publish(topic: Topic | string, payload: Uint8Array | string, qos: QoS = 0, retain?: boolean): number {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = this.#publisher.publish(topic, payload, qos, retain);
			// Also when it was refused: that is rare, and asking each time would cost every publish.
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
		return result;
	}

	/**
	 * Publishes a message of any size, pulled from a source as it goes out; again from its start whenever it has to be
	 * sent again.
	 *
	 * in   total  bytes of the payload
	 * out  as publish
	 */
	publishStream(topic: Topic | string, total: number, source: PayloadSource, qos: QoS = 0, retain = false): number {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = this.#core.publisher.publishStream(topic, total, source, qos, retain);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
		return result;
	}

	/**
	 * Takes back a publish that is not finished: it is not sent (again), and its room is free. The server may have it
	 * already. If half of its packet is written the connection ends, with Reason.PUBLISH_CANCELLED. An ack that comes late
	 * is ignored, and a PUBREC is answered, so that the server can finish.
	 *
	 * in   packetId  what publish returned, 1 … 65535
	 * out  0, or NOT_FOUND: complete, given up, taken back before, or never there
	 */
	cancel(packetId: number): number {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = cancelPublish(this.#core, packetId, now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
		return result;
	}

	/** A source that had nothing for now has something again. */
	resumeSources(): void {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			this.#core.sender.resumeSources();
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/** Starts composing a payload in place; the writer's `send` publishes it. One at a time. */
	compose(topic: Topic | string, qos: QoS = 0, retain = false): PayloadWriter {
		const loop = this.#loop;
		const nested = loop.busy;
		try {
			return this.#writer.start(topic, qos, retain);
		} catch (error) {
			loop.fault(nested, error);
			return this.#writer.startFailed();
		}
	}

	/**
	 * Declares a subscription: sent now or with the next connection, and again whenever the server has forgotten it. The
	 * same filter again replaces QoS and handler.
	 *
	 * out  index of the subscription, 0 or more, which onSubscribed names; negative: a Status
	 */
	subscribe(filter: string, qos: QoS, handler: MessageHandler): number {
		return this.#subscribe(filter, qos, handler, false);
	}

	/** As subscribe, for a handler that takes messages of any size in pieces: see Message.offset and total. */
	subscribeStream(filter: string, qos: QoS, handler: MessageHandler): number {
		return this.#subscribe(filter, qos, handler, true);
	}

	#subscribe(filter: string, qos: QoS, handler: MessageHandler, stream: boolean): number {
		if (typeof handler !== FUNCTION) return StatusCode.NOT_FOUND;
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = this.#core.subscribe(filter, qos, handler, stream);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
		return result;
	}

	/**
	 * Ends a subscription; also one that this program has not declared: a kept session may hold it for an earlier one.
	 *
	 * out  0; NOT_FOUND when it is being ended already; or a Status as subscribe: UNSUBSCRIBE needs an entry, too
	 */
	unsubscribe(filter: string): number {
		const now = Time.ticks | 0;
		const loop = this.#loop;
		const nested = loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = this.#core.unsubscribe(filter);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
		return result;
	}
}
