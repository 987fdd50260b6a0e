// One run: a client, and an input that is taken for options, then for steps of its application, its server and its link.
import {
	Client,
	Counter,
	Problem,
	Reason,
	State,
	Status,
	type DisconnectReason,
	type Message,
	type PayloadWriter,
	type TransportSetup,
} from "../../../firmware/index.js";
import type { OneServerOptions } from "../../../firmware/app/client.js";
import { Random } from "../../../host-sim/world/random.js";
import { magnitude, type Features } from "../features.js";
import { LARGE_ROOM, writeLargePublish, writeServerPacket } from "../packets.js";
import { checkMessage } from "./message-check.js";
import { firstIdOf, OPTION_BYTES, optionsOf, ticksOf } from "./option-bytes.js";
import { settle } from "./settle.js";
import { FuzzedSource } from "./source.js";
import { API_COUNT, Reader, Step, stepOf } from "./steps.js";
import { COMPOSED_TOPICS, FILTERS, PAYLOADS, QOS, STATUSES, TEXTS, TOPICS } from "./values.js";
import { FuzzWorld } from "./fuzz-world.js";
import { End, Wire } from "./wire.js";

/** How deep callbacks may call. */
const DEPTH_MAX = 3;

const PACKET_ID_MAX = 65_535;

/** What a callback of ours throws. */
export const THROWN = new Error("by design");

/** A client under fuzz, and all around it. `wrong` is the first thing that may not be. */
export class Run {
	readonly world: FuzzWorld;
	readonly client: Client;
	readonly wire: Wire;
	wrong: string | undefined;
	/** Nothing hostile any more: callbacks do nothing and do not throw, sources behave. */
	isOver = false;
	/** Callbacks that have thrown. */
	threw = 0;
	/** Messages, and publishes that were reported as delivered. */
	messages = 0;
	delivered = 0;
	stopped = 0;
	/** close() was called: from the end of that event on, nothing of the client may be left. */
	closed = false;
	readonly sources: FuzzedSource[] = [];
	/** Identifiers of publishes that are not finished. */
	readonly #inUse = new Set<number>();
	/** Identifiers that were reported as finished before publish() returned them. */
	readonly #early = new Set<number>();
	readonly #features: Features;
	readonly #reader: Reader;
	readonly #packet = new Uint8Array(LARGE_ROOM);
	readonly #arenaSize: number;
	#depth = 0;
	#lastStep: number = Step.COUNT;
	#callbacks = 0;
	#throws = false;
	#writer: PayloadWriter | undefined;

	constructor(input: Uint8Array, features: Features) {
		const head = input.subarray(0, OPTION_BYTES);
		this.#features = features;
		this.#reader = new Reader(input, OPTION_BYTES);
		this.world = new FuzzWorld(ticksOf(head));
		this.world.use();
		let wire: Wire | undefined;
		const random = new Random(head[7] ?? 0);
		const before = Math.random;
		let draws = 0;
		Math.random = () => (draws++ === 0 ? (firstIdOf(head) - 0.5) / PACKET_ID_MAX : random.fraction());
		try {
			const transport = (setup: TransportSetup): Wire => (wire = new Wire(setup));
			this.client = new Client({ ...optionsOf(head), ...this.#callbacksOf(head), transport });
		} finally {
			Math.random = before;
		}
		this.wire = wire!;
		this.#arenaSize = this.client.arenaSize;
		if (((head[6] ?? 0) & 0xc0) !== 0) this.#begin(head[6]! >> 6);
	}

	/** Where most inputs start from: opening, CONNECT sent, connected. */
	#begin(how: number): void {
		this.client.subscribe("in/+", 2, this.#handler);
		this.client.start();
		if (how > 1) this.wire.connect();
		if (how > 2) this.#arrive(Uint8Array.of(0x20, 2, 0, 0), 4);
	}

	/** Every step of the input; what is wrong, if anything is. */
	go(): string | undefined {
		while (!this.#reader.isDone && this.wrong === undefined) {
			this.#step(stepOf(this.#reader.next()));
			this.#checkAfter();
		}
		this.isOver = true;
		for (const source of this.sources) source.behaves = true;
		if (this.wrong === undefined) settle(this);
		this.#checkAfter();
		this.#noteCounters();
		return this.wrong;
	}

	fail(what: string): void {
		this.wrong ??= what;
	}

	/** A new event begins: what it may do is bounded. */
	event(): void {
		this.wire.calls = 0;
	}

	/** Gives up a payload that is being composed, and all that were refused meanwhile. */
	dropComposed(): void {
		for (let i = 0; this.#writer && i < 1_000; i++) this.#writer.drop();
	}

	readonly #handler = (message: Message): void => {
		this.messages++;
		this.#features.note(7, message.firstByte, (magnitude(message.offset) << 5) | magnitude(message.total));
		this.wrong ??= checkMessage(message, this.client.arenaSize);
		this.wrong ??= this.wire.incoming.check(message, this.wire.bytes);
		this.enter();
	};

	#callbacksOf(head: Uint8Array): Partial<OneServerOptions> {
		const enter = (): void => this.enter();
		return {
			onConnected: enter,
			onDisconnected: (_client, reason) => this.#handleDisconnected(reason),
			onDelivered: (_client, packetId) => {
				this.delivered++;
				this.#finish(packetId, "delivered");
				this.enter();
			},
			onRoom: enter,
			onSubscribed: enter,
			onUnsubscribed: enter,
			onProblem: (_client, problem, detail) => this.#handleProblem(problem, detail),
			onStopped: () => {
				this.stopped++;
				this.enter();
			},
			...(((head[3] ?? 0) & 0x80) !== 0 && { onMessage: this.#handler }),
		};
	}

	#handleDisconnected(reason: DisconnectReason): void {
		this.#features.note(1, reason.code, reason.retryMs < 0 ? 0 : 1);
		if (reason.code === Reason.INTERNAL_FAULT) this.fail("fault: a defect was caught at the platform's callback");
		if (reason.layer !== Math.floor(reason.code / 10)) this.fail(`reason: layer ${reason.layer}, code ${reason.code}`);
		if (!Object.values(Reason).includes(reason.code as 0)) this.fail(`reason: code ${reason.code} is not documented`);
		this.enter();
	}

	#handleProblem(problem: number, detail: number): void {
		this.#features.note(2, problem);
		if (!Object.values(Problem).includes(problem as 1)) this.fail(`problem: ${problem} is not documented`);
		const ends =
			problem === Problem.PUBLISH_DROPPED || problem === Problem.SOURCE_FAILED || problem === Problem.PUBLISH_GIVEN_UP;
		if (detail > 0 && (ends || problem === Problem.DELIVERY_UNKNOWN)) this.#finish(detail, "dropped");
		// An exception in the callback that tells of exceptions is counted, and not told of.
		this.enter();
	}

	#finish(packetId: number, how: string): void {
		if (this.#inUse.delete(packetId)) return;
		if (this.#early.has(packetId)) this.fail(`identifier: ${packetId} ${how} twice`);
		this.#early.add(packetId);
	}

	/** What happens in every callback of the application. */
	readonly enter = (): void => {
		if (this.isOver) return;
		if (this.#throws) {
			this.#throws = false;
			this.threw++;
			throw THROWN;
		}
		while (this.#callbacks > 0 && this.#depth < DEPTH_MAX && !this.#reader.isDone && this.wrong === undefined) {
			this.#callbacks--;
			this.#depth++;
			const step = stepOf(this.#reader.next());
			this.#callApi(step === Step.CANCEL ? step : step % API_COUNT);
			this.#depth--;
		}
	};

	#step(step: Step): void {
		this.event();
		const state = this.client.state;
		if (step < API_COUNT || step === Step.CANCEL) this.#callApi(step);
		else {
			try {
				this.#act(step);
			} catch (error) {
				this.fail(`exception: it has left an event of the platform: ${(error as Error).stack ?? String(error)}`);
			}
		}
		this.#features.note(3, step, (state << 4) | this.client.state);
		this.#features.note(6, (this.#lastStep << 5) | step, this.client.state);
		this.#lastStep = step;
	}

	/** A call of the application. None may throw. */
	#callApi(step: Step): void {
		try {
			this.#callMethod(step);
		} catch (error) {
			this.fail(`exception: it has left a method: ${(error as Error).stack ?? String(error)}`);
		}
	}

	#callMethod(step: Step): void {
		const { client } = this;
		const { below, next } = this.#bound;
		switch (step) {
			case Step.PUBLISH: {
				const qos = QOS[below(QOS.length)]!;
				const topic = TOPICS[below(TOPICS.length)]!;
				const payload = PAYLOADS[below(PAYLOADS.length)]!;
				return this.taken("publish", qos, client.publish(topic, payload, qos as 0, below(2) === 1));
			}
			case Step.PUBLISH_STREAM:
				return this.#publishStream();
			case Step.COMPOSE:
				this.#writer = client.compose(COMPOSED_TOPICS[below(3)]!, QOS[below(QOS.length)] as 0, below(2) === 1);
				return this.#compose(this.#writer, below(6));
			case Step.SEND:
				if (this.#writer) this.taken("send", NaN, this.#writer.send());
				return;
			case Step.DROP:
				return this.#writer?.drop();
			case Step.SUBSCRIBE: {
				const filter = FILTERS[below(FILTERS.length)]!;
				const qos = QOS[below(QOS.length)] as 0;
				const handler = below(16) === 15 ? (undefined as never) : this.#handler;
				const index =
					below(3) === 0 ? client.subscribeStream(filter, qos, handler) : client.subscribe(filter, qos, handler);
				if (index >= client.settings.subscriptions) this.fail(`subscribe: index ${index}`);
				return this.#status("subscribe", index);
			}
			case Step.UNSUBSCRIBE: {
				const status = client.unsubscribe(FILTERS[below(FILTERS.length)]!);
				if (status > 0) this.fail(`unsubscribe: ${status}`);
				return this.#status("unsubscribe", status);
			}
			case Step.CANCEL:
				return this.#cancel(next());
			case Step.START:
				return client.start();
			case Step.STOP:
				return client.stop();
			case Step.NETWORK_UP:
				return client.networkUp();
			case Step.NETWORK_DOWN:
				return client.networkDown();
			case Step.RESUME_SOURCES:
				return client.resumeSources();
			case Step.CLOSE:
				this.closed = true;
				return client.close();
			case Step.ARM_CALLBACKS:
				this.#callbacks = next() % 8;
				return;
			default:
				return this.#readState();
		}
	}

	/** Takes back one of those that are not finished, or what never was. */
	#cancel(choice: number): void {
		const ids = [...this.#inUse];
		const packetId = choice % 8 === 0 ? (choice * 257) & 0xffff : ids[choice % ids.length];
		if (packetId === undefined) return;
		const isOpen = this.#inUse.has(packetId);
		const status = this.client.cancel(packetId);
		if (status > 0) this.fail(`cancel: ${status}`);
		if (status < 0) return this.#status("cancel", status);
		// It is over with that. One that is not known yet is that of a call which is under way.
		if (isOpen) this.#inUse.delete(packetId);
		else this.#early.add(packetId);
		if (this.client.cancel(packetId) !== Status.NOT_FOUND) this.fail("cancel: twice");
	}

	get #bound(): { below: (bound: number) => number; next: () => number } {
		return { below: this.#reader.below, next: () => this.#reader.next() };
	}

	#publishStream(): void {
		const { below } = this.#bound;
		const qos = QOS[below(QOS.length)]!;
		const topic = TOPICS[below(TOPICS.length)]!;
		const total = [0, 1, 30, 200, 700, 300_000_000, -1, 0.5][below(8)]!;
		const source = new FuzzedSource(total, below(8), this);
		const usable = below(16) < 15;
		const result = this.client.publishStream(topic, total, usable ? source : ({} as never), qos as 0, below(2) === 1);
		if (result >= 0) this.sources.push(source);
		this.taken("publishStream", qos, result);
	}

	#compose(writer: PayloadWriter, parts: number): void {
		const { below, next } = this.#bound;
		while (parts-- > 0) {
			const value = [0, -1, 21.456, 1e9, NaN, Infinity, -1e300][below(7)]!;
			const part = below(8);
			if (part === 0) writer.open();
			else if (part === 1) writer.field(TEXTS[below(TEXTS.length)]!).decimal(value, next() % 12);
			else if (part === 2) writer.integer(value).hex(value, 1 + below(8));
			else if (part === 3) writer.string(TEXTS[below(TEXTS.length)]!);
			else if (part === 4) writer.text(TEXTS[below(TEXTS.length)]!).boolean(below(2) === 1);
			else if (part === 5) writer.bytes(PAYLOADS[below(13)] as Uint8Array, below(3));
			else if (part === 6) writer.byte(next());
			else writer.close();
		}
	}

	#readState(): void {
		const { client } = this;
		const { state, connected, sessionPresent, queued, clientId } = client;
		const right = state >= State.STOPPED && state <= State.STOPPING && queued >= 0 && clientId !== "";
		if (!right || typeof connected !== "boolean" || typeof sessionPresent !== "boolean") this.fail("state: odd");
	}

	/** What a method that takes a publish has returned. */
	taken(method: string, qos: number, result: number): void {
		this.#status(method, result);
		if (result > PACKET_ID_MAX || (qos === 0 && result > 0) || (qos > 0 && result === 0))
			this.fail(`${method}: ${result} at QoS ${qos}`);
		if (result <= 0 || this.#early.delete(result)) return;
		if (this.#inUse.has(result)) this.fail(`identifier: ${result} is in use [MQTT-2.3.1-2]`);
		this.#inUse.add(result);
	}

	#status(method: string, result: number): void {
		this.#features.note(4, method.length, result < 0 ? -result : 0);
		if (result < 0 && !STATUSES[method]!.includes(result))
			this.fail(`status: ${result} of ${method} is not documented`);
		if (!Number.isInteger(result)) this.fail(`status: ${String(result)} of ${method}`);
	}

	/** What server and link do. */
	#act(step: Step): void {
		const { wire, world } = this;
		const { below, next } = this.#bound;
		switch (step) {
			case Step.ARM_THROW:
				this.#throws = true;
				return;
			case Step.ANSWER:
				return this.answer(1 + below(2));
			case Step.ANSWER_ALL:
				return this.answer(8);
			case Step.SERVER_PACKET:
				return this.#arrive(this.#packet, writeServerPacket(this.#packet, 0, below, this.#someId(next())));
			case Step.SERVER_BYTES: {
				const size = 1 + below(24);
				for (let i = 0; i < size; i++) this.#packet[i] = next();
				return this.#arrive(this.#packet, size);
			}
			case Step.SERVER_LARGE:
				return this.#arrive(this.#packet, writeLargePublish(this.#packet, below, this.#someId(next())));
			case Step.CONNECT:
				return wire.connect();
			case Step.RESOLVE:
				return wire.resolve();
			case Step.END:
				return wire.end([End.LOST, End.OPEN_FAILED, End.NAME_FAILED][below(3)]!);
			case Step.PASS:
				return world.pass([1, 10, 100, 5_000, 100_000][below(5)]!);
			case Step.FIRE:
				if (world.nextMs >= 0) world.pass(world.nextMs, 1);
				return;
			case Step.ROOM:
				wire.writeMax = [Infinity, 1, 5][below(3)]!;
				return wire.makeRoom([Infinity, 0, 1, 3, 30][below(5)]!);
			case Step.READ_MAX:
				wire.readMax = [Infinity, 1, 3][below(3)]!;
				return;
			case Step.BREAK:
				if (below(2) === 0) wire.throwsOnRead = true;
				else wire.throwsOnWrite = true;
				return;
			case Step.OPEN_MODE: {
				const mode = below(4);
				wire.failsAtOnce = mode === 1;
				wire.looksUp = mode === 2;
				return;
			}
			default:
				return wire.tell();
		}
	}

	/** An identifier: one of the client's last, a small one, any. */
	#someId(choice: number): number {
		const { ids } = this.wire.outgoing;
		const kind = choice & 3;
		if (kind < 2 && ids.length > 0) return ids[ids.length - 1 - ((choice >> 2) % ids.length)]!;
		return kind === 2 ? 1 + ((choice >> 2) & 3) : (choice * 251) & 0xffff;
	}

	#arrive(bytes: Uint8Array, size: number): void {
		this.wire.arrive(bytes, 0, size);
		this.wire.tell();
	}

	/** The server answers what it owes, in its order. */
	answer(count: number): void {
		const { answers } = this.wire.outgoing;
		while (count-- > 0 && answers.length > 0) {
			const answer = answers.shift()!;
			this.#arrive(answer, answer.length);
		}
	}

	#checkAfter(): void {
		const { wire, world, client } = this;
		if (this.closed) {
			if (wire.isOpen) this.fail("close: a connection is open");
			if (client.state !== State.STOPPED) this.fail(`close: state ${client.state}`);
			if (world.nextMs >= 0) this.fail("close: a timer is left");
		}
		this.wrong ??= wire.wrong;
		if (world.escaped !== undefined) {
			const error = world.escaped as Error;
			this.fail(`exception: it has left a timer: ${error.stack ?? String(error)}`);
		}
		if (this.#early.size > 0) this.fail(`identifier: ${String([...this.#early])} is finished, and was never published`);
		if (client.counters[Counter.CALLBACKS_THREW] !== this.threw) this.fail("callbacks: not every exception is counted");
		if (client.arenaSize !== this.#arenaSize) this.fail("memory: the arena has grown");
	}

	#noteCounters(): void {
		const { counters } = this.client;
		for (let index = 0; index < counters.length; index++) this.#features.note(5, index, magnitude(counters[index]!));
		const { settings } = this.client;
		const marks: [number, number][] = [
			[counters[Counter.TX_MAX]!, settings.txBuffer],
			[counters[Counter.RX_MAX]!, settings.rxBuffer + settings.readSize],
			[counters[Counter.OUTBOX_MAX]!, settings.outbox],
			[counters[Counter.INFLIGHT_MAX]!, settings.inflight],
			[counters[Counter.INCOMING_QOS2_MAX]!, settings.incomingQoS2],
			[counters[Counter.SUBSCRIPTIONS_MAX]!, settings.subscriptions],
			[counters[Counter.FILTER_BYTES_MAX]!, settings.filterBytes],
		];
		for (const [mark, limit] of marks) if (mark > limit) this.fail(`memory: ${mark} of ${limit} used`);
	}
}
