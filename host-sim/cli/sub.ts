import { type Command, InvalidArgumentError, Option } from "commander";
import { LIMITS } from "../../firmware/client/limits.js";
import { Status } from "../../firmware/client/codes.js";
import { Counter } from "../../firmware/client/counters.js";
import type { Message } from "../../firmware/client/message.js";
import { SubackCode } from "../../firmware/codec/constants.js";
import {
	addConnectionOptions,
	connectionSettings,
	type ConnectionFlags,
	type ConnectionSettings,
} from "./connection.js";
import type { DeskClient } from "./desk-client.js";
import { Exit, UsageError } from "./exit.js";
import type { Io } from "./io.js";
import { wholeNumber } from "./numbers.js";
import { FormattedPrinter } from "./formatted-printer.js";
import { MessagePrinter, type Piece } from "./printer.js";
import { describeStatus } from "./reasons.js";
import { Remover } from "./remover.js";
import { Choice, Selection, type SelectionFlags } from "./selection.js";
import { Session } from "./session.js";

interface SubFlags extends ConnectionFlags, SelectionFlags {
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

/** Adds `xs-mqtt sub`. */
export function addSub(program: Command, io: Io, setExitCode: (code: number) => void): void {
	const command = program
		.command("sub")
		.description("subscribe and print what comes, with the options of mosquitto_sub")
		.option("-t, --topic <filter>", "topic filter; may be repeated", collect)
		.option("-U, --unsubscribe <filter>", "end a subscription of a kept session; may be repeated", collect)
		.option("-C <count>", "end after so many messages", wholeNumber(1, 0x7fff_ffff))
		.option("-E", "end as soon as the broker has the subscriptions")
		.option("-N", "put no end of line behind messages")
		.option("-R", "do not print retained messages")
		.option("-v, --verbose", "print the topic before each message")
		.option("-F <format>", "print so: %t topic, %p payload, %j JSON …; see the format of mosquitto_sub")
		.option("--pretty", "with %j and %J of -F: JSON on several lines")
		.option("-T, --filter-out <filter>", "do not print what matches this filter; may be repeated", collect)
		.option("--retained-only", "print retained messages only, and end with the first that is not")
		.option("--remove-retained", "clear the retained messages that come")
		.addOption(new Option("--random-filter <percent>", "print so many of the messages, 0.1 … 100").argParser(percent));
	addConnectionOptions(command).action(async () => {
		setExitCode(await subscribe(command.opts<SubFlags>(), io));
	});
}

function percent(text: string): number {
	const value = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : NaN;
	if (!(value >= 0.1 && value <= 100)) throw new InvalidArgumentError("It must be a number, 0.1 … 100.");
	return value;
}

function collect(text: string, before: string[] = []): string[] {
	return [...before, text];
}

/** Runs `sub`; resolves with the exit code. Throws CliError and ManifestError before it connects. */
async function subscribe(flags: SubFlags, io: Io): Promise<number> {
	const filters = [...(flags.topic ?? [])];
	if (filters.length === 0 && flags.url?.topic) filters.push(flags.url.topic);
	if (filters.length === 0 && !flags.unsubscribe)
		throw new UsageError("-t is missing: the topic filter to subscribe to");
	const settings = connectionSettings(flags);
	if (!flags.manifest) fitSubscriptions(settings, [...filters, ...(flags.unsubscribe ?? [])]);
	const subscriber = new Subscriber(filters, flags, io);
	const session = new Session(settings, flags, io, subscriber.hooks);
	subscriber.session = session;
	session.undone = () => subscriber.undone;
	subscriber.declare(await session.open());
	session.start();
	await session.ended;
	subscriber.printer.end();
	return session.exitCode;
}

/** Makes the tables large enough for what was asked, unless their sizes were asked for as well. */
function fitSubscriptions(settings: ConnectionSettings, filters: readonly string[]): void {
	const bytes = filters.reduce((sum, filter) => sum + Buffer.byteLength(filter), 0);
	const longest = Math.max(...filters.map((filter) => Buffer.byteLength(filter)));
	settings.subscriptions ??= Math.min(Math.max(filters.length, LIMITS.subscriptions.initial), LIMITS.subscriptions.max);
	settings.filterBytes ??= Math.min(Math.max(bytes, LIMITS.filterBytes.initial), LIMITS.filterBytes.max);
	settings.txBuffer = Math.max(settings.txBuffer ?? 0, longest + 16);
}

/** A topic filter that the client does not take. */
function refusal(option: string, filter: string, status: number, client: DeskClient): UsageError {
	const { subscriptions, filterBytes, txBuffer } = client.settings;
	const limits: Readonly<Record<number, string>> = {
		[Status.FULL]: `at most ${subscriptions} filters (subscriptions) of ${filterBytes} bytes together (filterBytes)`,
		[Status.TOO_LARGE]: `at most ${txBuffer - 9} bytes with this txBuffer`,
	};
	return new UsageError(`${option}: ${JSON.stringify(filter)}: ${limits[status] ?? describeStatus(status)}`);
}

/** Declares subscriptions and prints what comes for them. */
class Subscriber {
	session!: Session;
	readonly hooks = {
		onConnected: (_client: DeskClient, sessionPresent: boolean) => this.#handleConnected(sessionPresent),
		onSubscribed: (_client: DeskClient, subscription: number, code: number) =>
			this.#handleSubscribed(subscription, code),
		onUnsubscribed: () => this.#handleAnswered(),
		onDelivered: () => this.#handleRemoved(),
		onRoom: () => this.#handleRemoved(),
	};
	readonly printer: MessagePrinter | FormattedPrinter;
	readonly #selection: Selection;
	readonly #remover = new Remover();
	/** The packet that was decided about last, and what was decided. */
	#packet = -1;
	#choice: Choice = Choice.IGNORE;
	/** All messages are printed that were wanted; retained ones may still have to be cleared. */
	#enough = false;
	readonly #filters: readonly string[];
	readonly #flags: SubFlags;
	/** Topic filter by number of the subscription. */
	readonly #byIndex = new Map<number, string>();
	#unanswered = 0;
	#accepted = 0;
	#count = 0;
	#piece = new Uint8Array(0);

	constructor(filters: readonly string[], flags: SubFlags, io: Io) {
		this.#filters = filters;
		this.#flags = flags;
		this.#selection = new Selection(flags);
		const options = {
			verbose: flags.verbose ?? false,
			noEndOfLine: flags.N ?? false,
			out: (chunk: string | Uint8Array) => io.out(chunk),
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
		if (this.#unanswered > 0) return "the broker has not answered to all filters";
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
			// The session that knows the filter is the broker's; this client learns of it only so as to end it.
			const index = client.subscribe(filter, 0, () => undefined);
			if (index < 0) throw refusal("-U", filter, index, client);
			client.unsubscribe(filter);
			this.#byIndex.delete(index);
			this.#unanswered++;
		}
		this.#unanswered += this.#byIndex.size;
	}

	#handle(subscription: number, message: Message): void {
		const { session } = this;
		if (session.over || this.#enough) return;
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
		} catch (error) {
			session.endBy(error);
		}
	}

	/** A new PUBLISH packet: what becomes of it, and of what the broker keeps under its topic. */
	#choose(message: Message): void {
		this.#choice = this.#selection.choose(message, () => message.topicText());
		if (this.#choice === Choice.END) return this.#end();
		if (this.#flags.removeRetained && message.retain && this.#choice !== Choice.IGNORE) {
			this.#remover.remove(message.topicText());
		}
		if (this.#choice === Choice.COUNT) this.#handleCompleted();
	}

	#handleCompleted(): void {
		this.#count++;
		if (this.#count === this.#flags.C) this.#end();
	}

	/** Nothing more is to be printed; what is to be cleared is cleared first. */
	#end(): void {
		this.#enough = true;
		if (!this.#remover.busy) this.session.end(Exit.OK);
	}

	#handleRemoved(): void {
		this.#remover.goOn();
		if (this.#enough) this.#end();
	}

	#handleConnected(sessionPresent: boolean): void {
		if (sessionPresent || this.#flags.unsubscribe === undefined) return;
		// The broker keeps no session, so there is nothing to unsubscribe from and no answer to wait for.
		this.#unanswered = this.#byIndex.size;
		if (this.#unanswered === 0) this.session.end(Exit.OK);
	}

	#handleSubscribed(subscription: number, code: number): void {
		if (code === SubackCode.FAILURE) {
			this.session.fail(`-t ${this.#byIndex.get(subscription)}: the broker refused the subscription`);
		} else this.#accepted++;
		this.#handleAnswered();
	}

	/** One subscription, or end of one, has its answer; those of a new connection are no news. */
	#handleAnswered(): void {
		this.#unanswered--;
		if (this.#unanswered !== 0) return;
		if (this.#accepted === 0 && this.#byIndex.size > 0) this.session.end(Exit.FAILED, "all subscriptions were refused");
		else if (this.#flags.E || this.#byIndex.size === 0) this.session.end(Exit.OK);
	}
}
