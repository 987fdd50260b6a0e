import { randomInt, randomUUID } from "node:crypto";
import type { QoS } from "../../firmware/client/terms/codes.js";
import { Core } from "../../firmware/client/connection/core.js";
import type { Message } from "../../firmware/client/terms/message.js";
import type { CoreOptions, PayloadSource } from "../../firmware/client/terms/options.js";
import type { TransportFactory } from "../../firmware/ports/transport.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { Loop } from "../../firmware/loop/loop.js";
import { loopClock, type LoopClock } from "../world/loop-clock.js";
import type { CompanionContext } from "./companion.js";
import { transportTo } from "./socket.js";

/** Generous: a companion runs on a desk. */
const SIZES = { rxBuffer: 65_536, readSize: 16_384, txBuffer: 16_384, outbox: 65_536, sources: 64 };
const SIZES_OF_MANY = { inflight: 64, incomingQoS2: 256, subscriptions: 8, filterBytes: 1_024 };
/** How long a first answer may take, and a last one. */
const CONNECT_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 500;

/** Gets a message: its topic, and its payload as text. */
export type OnText = (topic: string, text: string) => void;

/** Not Math.random, which a run's seed decides. */
const random = (): number => randomInt(RANDOM_COUNT) / RANDOM_COUNT;
const RANDOM_COUNT = 0x1_0000_0000;

/**
 * The client of a companion: the same core and loop as on a device, with Node's sockets instead of the platform's,
 * on the clock that it is given. So it is none of the clients that a run counts, and draws none of the numbers that a run's seed decides.
 */
export class CompanionClient {
	readonly #core: Core;
	readonly #loop: Loop;
	readonly #clock: LoopClock;
	/** What start() and stop() wait for. */
	#settle: ((error?: Error) => void) | undefined;

	private constructor({ route, userName, password, clock }: CompanionContext, transport: TransportFactory) {
		const options: CoreOptions<unknown> = {
			...SIZES,
			...SIZES_OF_MANY,
			host: route.host,
			port: route.port,
			clientId: `companion-${randomUUID()}`,
			connectTimeoutMs: CONNECT_TIMEOUT_MS,
			stopTimeoutMs: STOP_TIMEOUT_MS,
			transport,
			// Node's socket looks names up itself.
			dns: { resolve() {} },
			...(userName !== undefined && { userName }),
			...(password !== undefined && { password }),
			onConnected: () => this.#settle?.(),
			onDisconnected: (_client, { layer, code }) => this.#settle?.(new Error(`layer ${layer}, code ${code}`)),
			onStopped: () => this.#settle?.(),
		};
		this.#core = new Core(options, readSettings(options), this, random);
		this.#clock = loopClock(clock);
		this.#loop = new Loop(this.#core, { transport, dns: undefined }, this.#clock);
	}

	/** Rejects when the first attempt fails. Later on it connects again by itself. */
	static async connect(context: CompanionContext): Promise<CompanionClient> {
		const client = new CompanionClient(context, await transportTo(context.route));
		try {
			await client.#settled(() => client.#core.start(client.#now));
			return client;
		} catch (error) {
			client.#loop.close();
			client.#core.networkDown(client.#now);
			throw error;
		}
	}

	get #now(): number {
		return this.#clock.time.ticks;
	}

	/** Does something, and waits for what the client then says. */
	#settled(act: () => void): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#settle = (error) => {
				this.#settle = undefined;
				if (error === undefined) resolve();
				else reject(error);
			};
			act();
			this.#loop.run();
		});
	}

	/** Subscribes at QoS 1, now and whenever the broker has forgotten it. */
	subscribe(filter: string, onText: OnText): void {
		const handler = (message: Message): void => onText(message.topicText(), message.text());
		this.#accept(this.#core.subscribe(filter, 1, handler, false), filter);
	}

	/** Publishes a short message. */
	publish(topic: string, text: string, qos: QoS): void {
		this.#accept(this.#core.shortPublisher.publish(topic, text, qos, false), topic);
	}

	/** Publishes bytes at QoS 1, piece by piece. They must stay as they are. */
	publishLarge(topic: string, bytes: Uint8Array): void {
		const source: PayloadSource = {
			read(position, target, offset, size) {
				target.set(bytes.subarray(position, position + size), offset);
				return Math.min(size, bytes.length - position);
			},
		};
		this.#accept(this.#core.publisher.publishStream(topic, bytes.length, source, 1, false), topic);
	}

	#accept(status: number, what: string): void {
		// Callbacks of the core may not throw; a companion that is overrun says so and goes on.
		if (status < 0) process.stderr.write(`companion: ${what} was refused with status ${status}\n`);
		this.#loop.run();
	}

	/** Disconnects. Never rejects. */
	async stop(): Promise<void> {
		await this.#settled(() => this.#core.stop(this.#now)).catch(() => {});
		this.#loop.close();
	}
}
