import { Arena } from "../../firmware/client/setup/arena.js";
import { COUNTER_COUNT, Counts } from "../../firmware/client/terms/counters.js";
import type { TuningOptions } from "../../firmware/client/terms/options.js";
import type { Handler } from "../../firmware/client/terms/options.js";
import { Subscriptions } from "../../firmware/client/session/subscriptions.js";
import { SubscriptionState } from "../../firmware/client/session/subscription-row.js";
import { hexOf } from "../support/hex.js";
import { settingsOf } from "./arena-of.js";

/** A handler that is no other. */
export function handler(): Handler {
	return () => {};
}

/** A subscription table alone, with an arena; requests go to the transmit region. */
export class Table {
	readonly arena: Arena;
	readonly counts = new Counts(new Uint32Array(COUNTER_COUNT));
	readonly subscriptions: Subscriptions;
	/** Where requests are written. */
	readonly #at: number;
	readonly #room: number;
	/** Where topic names are put. */
	readonly #topicAt: number;
	#packetId = 1;

	get counters(): Uint32Array {
		return this.counts.read();
	}

	constructor(options: TuningOptions = {}) {
		const settings = settingsOf(options);
		this.arena = new Arena(settings);
		this.subscriptions = new Subscriptions(settings, this.arena, this.counts);
		this.#at = this.arena.take(settings.txBuffer);
		this.#room = settings.txBuffer;
		this.#topicAt = this.arena.take(settings.rxBuffer);
	}

	declare(filter: string, qos = 0, handle: Handler = handler(), stream = false): number {
		return this.subscriptions.declare(filter, qos, handle, stream);
	}

	/** Writes the next request, with identifiers that count up, into so much room; returns it as hex. */
	request(room = this.#room, packetId = this.#packetId++): string {
		const end = this.subscriptions.writeRequest(this.#at, this.#at + room, packetId);
		if (end === this.#at) this.#packetId--;
		return hexOf(this.arena.bytes.subarray(this.#at, end));
	}

	/** All open requests of one kind are acked, with one outcome for all: FREE is what UNSUBACK leads to. */
	settleAll(state: SubscriptionState): void {
		const awaited = state === SubscriptionState.FREE ? SubscriptionState.UNSUBSCRIBING : SubscriptionState.SUBSCRIBING;
		for (let i = 0; i < this.subscriptions.count; i++) {
			if (this.subscriptions.state(i) === awaited) this.subscriptions.settle(i, state);
		}
	}

	/** Writes the next request, and acks it. */
	requestAndSettle(state: SubscriptionState): void {
		this.request();
		this.settleAll(state);
	}

	filterText(index: number): string {
		const start = this.subscriptions.filterStart(index);
		return Buffer.from(this.arena.bytes.slice(start, start + this.subscriptions.filterSize(index))).toString();
	}

	/** Indices that a message with this topic name goes to, in order. */
	matchIndices(topicName: string): number[] {
		const topic = Buffer.from(topicName);
		// At any offset, and between other bytes.
		const at = this.#topicAt + 1 + (topic.length % 4);
		this.arena.bytes[at - 1] = 0x61;
		this.arena.bytes.set(topic, at);
		this.arena.bytes[at + topic.length] = 0x61;
		const indices: number[] = [];
		const exact = this.subscriptions.findExact(at, topic.length);
		if (exact >= 0) indices.push(exact);
		for (let i = this.subscriptions.nextWildcard(0, at, topic.length); i >= 0;) {
			indices.push(i);
			i = this.subscriptions.nextWildcard(i + 1, at, topic.length);
		}
		return indices;
	}

	/** Filters that a message with this topic name goes to: first the exact one, then by index. */
	match(topicName: string): string[] {
		return this.matchIndices(topicName).map((index) => this.filterText(index));
	}
}
