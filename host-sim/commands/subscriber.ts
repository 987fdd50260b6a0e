import { Status } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { Message } from "../../firmware/client/terms/message.js";
import { SubackCode } from "../../firmware/codec/constants.js";
import type { ConnectionFlags } from "./connection.js";
import type { DeskClient } from "./desk-client.js";
import { Exit, UsageError } from "../terminal/exit.js";
import { FormattedPrinter } from "./formatted-printer.js";
import type { Io } from "../terminal/io.js";
import { Output } from "../terminal/output.js";
import { MessagePrinter, type Piece } from "./printer.js";
import { describeStatus } from "../terminal/reasons.js";
import { Remover } from "./remover.js";
import { Choice, Selection, type SelectionFlags } from "./selection.js";
import type { Session } from "./session.js";

/** Options of `sub` as they stand after parsing. */
export interface SubFlags extends ConnectionFlags, SelectionFlags {
	topic?: string[];
	unsubscribe?: string[];
	C?: number;
	E?: true;
	N?: true;
	verbose?: true;
	F?: string;
	pretty?: true;
	removeRetained?: true;
}

/** Number of the subscription of a message that no -t of this call has asked for. */
const NO_FILTER = -1;

/** A topic filter that the client does not take. */
function refusal(option: string, filter: string, status: number, client: DeskClient): UsageError {
	const { subscriptions, filterBytes, txBuffer } = client.settings;
	const limits: Readonly<Record<number, string>> = {
		[Status.FULL]: `at most ${subscriptions} filters (subscriptions) of ${filterBytes} bytes together (filterBytes)`,
		[Status.TOO_LARGE]: `at most ${txBuffer - 9} bytes with this txBuffer`,
	};
	return new UsageError(`${option}: ${JSON.stringify(filter)}: ${limits[status] ?? describeStatus(status)}`);
}

/**
 * Declares subscriptions and prints what comes for them. What is not printed is not acknowledged: when its reader is
 * behind, the client is paused until all of a message is written, and what comes when the command ends is left to the
 * broker.
 */
export class Subscriber {
	session!: Session;
	readonly hooks = {
		onConnected: (_client: DeskClient, sessionPresent: boolean) => this.#handleConnected(sessionPresent),
		onSubscribed: (_client: DeskClient, subscription: number, code: number) =>
			this.#handleSubscribed(subscription, code),
		onUnsubscribed: () => this.#handleAnswered(),
		// A kept session may have other filters than those of this call: mosquitto_sub prints what comes for them, too.
		onMessage: (message: Message) => this.#handle(NO_FILTER, message),
		onDelivered: () => this.#handleRemoved(),
		onRoom: () => this.#handleRemoved(),
	};
	readonly printer: MessagePrinter | FormattedPrinter;
	readonly #output: Output;
	readonly #selection: Selection;
	readonly #remover = new Remover();
	/** The packet that was decided about last, and what was decided. */
	#packet = -1;
	#choice: Choice = Choice.IGNORE;
	/** All messages are printed, or about to be, that were wanted; retained ones may still have to be cleared. */
	#enough = false;
	readonly #filters: readonly string[];
	readonly #flags: SubFlags;
	/** Topic filter by number of the subscription. */
	readonly #byIndex = new Map<number, string>();
	/** Filters of both -t and -U: ended once the broker has them. */
	readonly #brief: ReadonlySet<string>;
	#unanswered = 0;
	#accepted = 0;
	#count = 0;
	#piece = new Uint8Array(0);

	constructor(filters: readonly string[], flags: SubFlags, io: Io) {
		this.#filters = filters;
		this.#flags = flags;
		this.#selection = new Selection(flags);
		this.#output = new Output(io);
		this.#brief = new Set(flags.unsubscribe?.filter((filter) => filters.includes(filter)));
		const options = {
			verbose: flags.verbose ?? false,
			noEndOfLine: flags.N ?? false,
			out: (chunk: string | Uint8Array) => this.#output.add(chunk),
			completed: () => this.#handleCompleted(),
			cut: (topicName: string, size: number, total: number) => {
				this.session.fail(`a message on ${topicName} broke off after ${size} of ${total} bytes`);
			},
		};
		this.printer =
			flags.F === undefined
				? new MessagePrinter(options)
				: new FormattedPrinter(options, flags.F, flags.pretty ?? false, (text) => this.session.complain(text));
	}

	/** What a signal leaves undone: to listen without an end is done whenever it ends. */
	get undone(): string | undefined {
		const { C } = this.#flags;
		// Who waits for a reader has not read all answers.
		if (this.#unanswered > 0 && !this.#output.draining) return "the broker has not answered to all filters";
		if (C !== undefined && this.#count < C) return `${this.#count} of ${C} messages`;
		return undefined;
	}

	/** Throws UsageError for a filter that is not valid. */
	declare(client: DeskClient): void {
		this.#remover.client = client;
		for (const filter of this.#filters) {
			const index = client.subscribeStream(filter, this.#flags.qos, (message) => this.#handle(index, message));
			if (index < 0) throw refusal("-t", filter, index, client);
			this.#byIndex.set(index, filter);
		}
		for (const filter of this.#flags.unsubscribe ?? []) {
			if (this.#brief.has(filter)) continue;
			// The session that knows the filter is the broker's; this client learns of it only so as to end it.
			const index = client.subscribeStream(filter, 0, (message) => this.#handle(NO_FILTER, message));
			if (index < 0) throw refusal("-U", filter, index, client);
			client.unsubscribe(filter);
			this.#byIndex.delete(index);
			this.#unanswered++;
		}
		this.#unanswered += this.#byIndex.size;
	}

	#handle(subscription: number, message: Message): void {
		const { session } = this;
		if (session.over || this.#enough) return this.#leave();
		const packet = session.client.counters[Counter.PUBLISHES_IN] ?? 0;
		if (packet !== this.#packet) {
			this.#packet = packet;
			this.#choose(message);
		}
		if (this.#choice !== Choice.PRINT) return;
		if (this.#piece.length < message.size) this.#piece = new Uint8Array(message.size);
		const size = message.copyTo(this.#piece);
		const piece: Piece = {
			offset: message.offset,
			total: message.total,
			packetId: message.packetId,
			qos: message.qos,
			retain: message.retain,
			duplicate: message.duplicate,
			packet,
			subscription,
		};
		try {
			this.printer.take(piece, () => message.topicText(), this.#piece.subarray(0, size));
			if (!this.#output.flush()) return this.#waitForReader();
		} catch (error) {
			this.#leave();
			return session.endBy(error);
		}
		if (this.#enough) this.#end();
	}

	/** The message that is being handed over stays with the broker; acks of our own publishes are taken all the same. */
	#leave(): void {
		this.session.client.leave();
	}

	/** What is written of the message so far is not all of it: it is taken when the rest is. */
	#waitForReader(): void {
		const { session } = this;
		session.client.pause();
		this.printer.hold(true);
		if (this.#output.draining) return;
		const stopWaiting = (): void => {
			this.#output.abandon();
			session.client.resume(false);
		};
		session.onOver = stopWaiting;
		this.#output.drain((error) => {
			session.onOver = undefined;
			if (error !== undefined) {
				session.endBy(error);
				return session.client.resume(false);
			}
			this.printer.hold(false);
			session.client.resume();
			if (this.#enough) this.#end();
		});
	}

	/** A new PUBLISH packet: what becomes of it, and of what the broker keeps under its topic. */
	#choose(message: Message): void {
		this.#choice = this.#selection.choose(message, () => message.topicText());
		if (this.#choice === Choice.END) {
			this.#leave();
			return this.#end();
		}
		if (this.#flags.removeRetained && message.retain && this.#choice !== Choice.IGNORE) {
			this.#remover.remove(message.topicText());
		}
		if (this.#choice !== Choice.COUNT) return;
		this.#handleCompleted();
		if (this.#enough) this.#end();
	}

	#handleCompleted(): void {
		this.#count++;
		if (this.#count === this.#flags.C) this.#enough = true;
	}

	/** Nothing more is to be printed; what is to be cleared is cleared first. */
	#end(): void {
		this.#enough = true;
		if (!this.#remover.busy && this.#output.drained) this.session.end(Exit.OK);
	}

	#handleRemoved(): void {
		this.#remover.goOn();
		if (this.#enough) this.#end();
	}

	#handleConnected(sessionPresent: boolean): void {
		if (sessionPresent || this.#flags.unsubscribe === undefined) return;
		// The broker keeps no session, so there is nothing to unsubscribe from and no answer to wait for.
		this.#unanswered = this.#byIndex.size;
		for (const filter of this.#flags.unsubscribe) {
			if (!this.#brief.has(filter))
				this.session.note(`-U ${filter}: the broker had kept no session to unsubscribe from`);
		}
		if (this.#unanswered === 0) this.session.end(Exit.OK);
	}

	#handleSubscribed(subscription: number, code: number): void {
		const filter = this.#byIndex.get(subscription);
		if (code === SubackCode.FAILURE) {
			this.session.fail(`-t ${filter}: the broker refused the subscription`);
		} else {
			this.#accepted++;
			if (filter !== undefined && this.#brief.has(filter)) this.#endBrief(subscription, filter);
		}
		this.#handleAnswered();
	}

	/** First subscribed, then unsubscribed, as mosquitto_sub does it: what comes in between is printed. */
	#endBrief(subscription: number, filter: string): void {
		this.session.client.unsubscribe(filter);
		this.#byIndex.delete(subscription);
		this.#unanswered++;
		const left = this.#byIndex.size === 0 ? "; no subscription is left to wait for" : "";
		this.session.note(`-U ${filter} ends the subscription of -t ${filter}${left}`);
	}

	/** One subscription, or end of one, has its answer; those of a new connection are no news. */
	#handleAnswered(): void {
		this.#unanswered--;
		if (this.#unanswered !== 0) return;
		if (this.#accepted === 0 && this.#byIndex.size > 0) this.session.end(Exit.FAILED, "all subscriptions were refused");
		else if (this.#flags.E || this.#byIndex.size === 0) this.session.end(Exit.OK);
	}
}
