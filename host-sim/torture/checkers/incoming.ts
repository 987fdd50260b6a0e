import type { Session, ServerMessage } from "../../brokers/model/session.js";
import { matches } from "../../brokers/model/topics.js";
import { isContent, serialOf } from "./content.js";
import type { Findings } from "./findings.js";

/** One copy of a message that the server has taken on for the device. */
interface Incoming {
	readonly message: ServerMessage;
	readonly session: Session;
	/** PUBLISH packets of it that have arrived whole. */
	arrivals: number;
	/** PUBACK or PUBREC of it that the device has sent. */
	acks: number;
	/** Whole deliveries, to handlers and to onMessage. */
	handled: number;
	/** By subscription. */
	readonly byHandler: Map<Subscription, number>;
	/** Reports that it was too large. */
	tooLarge: number;
	finished: boolean;
	forgotten: boolean;
	/** How often the device had changed its subscriptions when it was taken on. */
	readonly epoch: number;
}

/** A handler of the device, for as long as it is the one of its filter. */
export interface Subscription {
	readonly filter: string;
	readonly qos: number;
	readonly stream: boolean;
	/** The server has refused it: whether it gets anything is up to what it was before. */
	refused: boolean;
	/** The message that it is being handed in pieces: bytes so far, and those in front that are less than its mark. */
	piece: { serial: number; size: number; head: Uint8Array };
	/** The last message of each topic and QoS that it was handed. */
	readonly last: Map<string, number>;
}

/** What a handler was called with. */
export interface Handed {
	topic: string;
	bytes: Uint8Array;
	offset: number;
	total: number;
	qos: number;
	retain: boolean;
}

/** Sizes of the client that decide how a message comes. */
export interface ReceiveSizes {
	rxBuffer: number;
}

const NOTHING = new Uint8Array(0);

function subscriptionOf(filter: string, qos: number, stream: boolean): Subscription {
	return { filter, qos, stream, refused: false, piece: { serial: -1, size: 0, head: NOTHING }, last: new Map() };
}

/**
 * Messages for the device: QoS 1 at least once, QoS 2 exactly once, QoS 0 at most once; byte for byte, in order for each
 * topic and QoS, to every handler whose filter matches and no other; none is acknowledged before it was handed over or
 * reported.
 */
export class IncomingChecker {
	readonly #findings: Findings;
	readonly #sizes: ReceiveSizes;
	readonly #messages = new Map<number, Incoming>();
	/** Subscriptions by filter. */
	readonly subscriptions = new Map<string, Subscription>();
	/** What stands for onMessage. */
	readonly #unrouted = subscriptionOf("#", 2, false);
	#epoch = 0;
	/** Messages that nobody has finished yet, for the end of a run. */
	unfinished = 0;
	readonly counts = { taken: 0, handled: 0, tooLarge: 0, pieces: 0 };

	constructor(findings: Findings, sizes: ReceiveSizes) {
		this.#findings = findings;
		this.#sizes = sizes;
	}

	/** The device declares a subscription, or changes one. */
	subscribe(filter: string, qos: number, stream: boolean): Subscription {
		const subscription = subscriptionOf(filter, qos, stream);
		this.subscriptions.set(filter, subscription);
		this.#epoch++;
		return subscription;
	}

	unsubscribe(filter: string): void {
		this.subscriptions.delete(filter);
		this.#epoch++;
	}

	/** The server has taken a message on. */
	taken(session: Session, message: ServerMessage): void {
		this.counts.taken++;
		if (message.qos > 0) this.unfinished++;
		this.#messages.set(message.serial, {
			message,
			session,
			arrivals: 0,
			acks: 0,
			handled: 0,
			byHandler: new Map(),
			tooLarge: 0,
			finished: false,
			forgotten: false,
			epoch: this.#epoch,
		});
	}

	/** The server has the last ack of it. */
	finished(message: ServerMessage): void {
		const incoming = this.#messages.get(message.serial);
		if (incoming === undefined || incoming.finished || incoming.forgotten) return;
		incoming.finished = true;
		this.unfinished--;
		this.#checkHanded(incoming, "finished but never handed over");
	}

	/** A session is gone, and its messages with it. */
	forgotten(session: Session): void {
		for (const incoming of this.#messages.values()) {
			if (incoming.session !== session || incoming.finished || incoming.forgotten) continue;
			incoming.forgotten = true;
			if (incoming.message.qos > 0) this.unfinished--;
		}
	}

	/** A PUBLISH has arrived whole at the device; returns its serial number. */
	arrived(topic: string, payload: Uint8Array): number {
		const serial = serialOf("s", topic, payload);
		const incoming = this.#messages.get(serial);
		if (incoming !== undefined) incoming.arrivals++;
		return serial;
	}

	/** The device sends PUBACK or PUBREC. */
	acknowledged(serial: number): void {
		const incoming = this.#messages.get(serial);
		if (incoming === undefined) return;
		incoming.acks++;
		const { message, handled, tooLarge } = incoming;
		const wanted = message.qos === 2 ? 1 : incoming.acks;
		if (handled + tooLarge < wanted) this.#checkHanded(incoming, "acknowledged before it was handed over");
		this.#checkHandlers(incoming);
	}

	/** Only while the device has not touched its subscriptions: who drops a handler drops what it was being handed. */
	#checkHanded(incoming: Incoming, rule: string): void {
		if (incoming.epoch !== this.#epoch || incoming.handled + incoming.tooLarge > 0) return;
		this.#findings.report(rule, describe(incoming));
	}

	/** All whose filters match, and nobody else, have had it. */
	#checkHandlers(incoming: Incoming): void {
		if (incoming.epoch !== this.#epoch || incoming.acks > 1) return;
		const { topic, qos } = incoming.message;
		const large = packetSize(incoming.message) > this.#sizes.rxBuffer;
		const endless = headSize(incoming.message) > this.#sizes.rxBuffer;
		for (const subscription of this.subscriptions.values()) {
			if (subscription.refused || !matches(subscription.filter, topic)) continue;
			const mayMiss = incoming.tooLarge > 0 && (endless || (large && !subscription.stream));
			const count = incoming.byHandler.get(subscription) ?? 0;
			const right = count === 1 || (qos === 1 && count > 1) || (count === 0 && mayMiss);
			this.#findings.expect(right, "handlers that did not get it", () => {
				return `${describe(incoming)}; ${subscription.filter} got it ${count} times`;
			});
		}
	}

	/** onProblem with MESSAGE_TOO_LARGE: of a message that just arrives, by the size of its payload. */
	tooLarge(payloadSize: number): void {
		this.counts.tooLarge++;
		for (const incoming of this.#messages.values()) {
			const { message } = incoming;
			if (message.payload.length === payloadSize && packetSize(message) > this.#sizes.rxBuffer) incoming.tooLarge++;
		}
	}

	/** A handler is called; undefined: onMessage is. */
	handed(subscription: Subscription | undefined, handed: Handed): void {
		const { bytes, offset, total, topic } = handed;
		const key = subscription ?? this.#unrouted;
		if (offset > 0) {
			this.#findings.expect(offset === key.piece.size, "pieces with a gap", () => `${offset}, not ${key.piece.size}`);
		}
		const { serial, head } = this.#recognise(key, topic, bytes, offset);
		if (serial < 0 && bytes.length < total) {
			key.piece = { serial, size: offset + bytes.length, head };
			return;
		}
		const incoming = this.#messages.get(serial);
		if (incoming === undefined) return this.#findings.report("message from nowhere", `${topic}, offset ${offset}`);
		const { message } = incoming;
		const same = message.topic === topic && message.qos === handed.qos && message.retain === handed.retain;
		const whole = total === message.payload.length && isContent("s", serial, offset, bytes);
		this.#findings.expect(same && whole, "message changed on its way", () => describe(incoming));
		this.#findings.expect(matches(key.filter, topic), "handler of another filter", () => key.filter);
		if (subscription === undefined) this.#checkUnrouted(topic);
		const partial = offset > 0 || bytes.length < total;
		if (partial) this.counts.pieces++;
		this.#findings.expect(!partial || key.stream, "a piece without being asked for", () => describe(incoming));
		key.piece = { serial, size: offset + bytes.length, head: NOTHING };
		if (offset + bytes.length === total) this.#complete(incoming, key);
	}

	/** Which message it is; its first pieces may be too short to say. */
	#recognise(
		key: Subscription,
		topic: string,
		bytes: Uint8Array,
		offset: number,
	): { serial: number; head: Uint8Array } {
		if (offset > 0 && key.piece.serial >= 0) return { serial: key.piece.serial, head: NOTHING };
		const head = offset === 0 ? bytes : Buffer.concat([key.piece.head, bytes]);
		return { serial: serialOf("s", topic, head), head };
	}

	#checkUnrouted(topic: string): void {
		for (const { filter, refused } of this.subscriptions.values()) {
			this.#findings.expect(refused || !matches(filter, topic), "unrouted though it matches", () => filter);
		}
	}

	#complete(incoming: Incoming, key: Subscription): void {
		const { message } = incoming;
		this.counts.handled++;
		incoming.handled++;
		const count = (incoming.byHandler.get(key) ?? 0) + 1;
		incoming.byHandler.set(key, count);
		const most = message.qos === 2 ? 1 : incoming.arrivals;
		this.#findings.expect(count <= most, "handed over too often", () => `${key.filter}: ${describe(incoming)}`);
		// What was refused for its size, or is said again, comes when it comes.
		if (count > 1 || incoming.tooLarge > 0 || incoming.arrivals > 1) return;
		const stream = `${message.qos} ${message.retain} ${message.topic.replace(/s\d+$/, "")}`;
		const last = key.last.get(stream) ?? -1;
		this.#findings.expect(message.serial > last, "out of order at the device", () => {
			return `${describe(incoming)}, after s${last}`;
		});
		key.last.set(stream, message.serial);
	}

	/** Unfinished messages that the client refuses, by its option, for their size. */
	*#refused(): Iterable<ServerMessage> {
		for (const { message, finished, forgotten } of this.#messages.values()) {
			if (!finished && !forgotten && message.qos > 0 && packetSize(message) > this.#sizes.rxBuffer) yield message;
		}
	}

	/** Whether there are any. */
	hasRefused(): boolean {
		for (const _message of this.#refused()) return true;
		return false;
	}

	/** Whether one of them would now be taken in pieces: it comes before PUBRELs that would make room for it. */
	hasRefusedAndStreams(): boolean {
		const streams = [...this.subscriptions.values()].filter(({ stream }) => stream);
		for (const { topic } of this.#refused()) if (streams.some(({ filter }) => matches(filter, topic))) return true;
		return false;
	}

	/** Messages that are not finished, for people. */
	left(): string {
		const left = [...this.#messages.values()].filter(
			({ message, finished, forgotten }) => message.qos > 0 && !finished && !forgotten,
		);
		return left.slice(0, 3).map(describe).join("; ");
	}
}

function headSize({ topic, payload, qos }: ServerMessage): number {
	const body = 2 + Buffer.byteLength(topic) + (qos > 0 ? 2 : 0);
	const remaining = body + payload.length;
	return body + (remaining < 128 ? 2 : remaining < 16_384 ? 3 : 4);
}

function packetSize(message: ServerMessage): number {
	return headSize(message) + message.payload.length;
}

function describe({ message, arrivals, acks, handled, tooLarge }: Incoming): string {
	const { serial, topic, qos, payload } = message;
	const fate = `arrived ${arrivals} times, acknowledged ${acks}, handed over ${handled}, too large ${tooLarge}`;
	return `message s${serial} under ${topic}, QoS ${qos}, ${payload.length} bytes: ${fate}`;
}
