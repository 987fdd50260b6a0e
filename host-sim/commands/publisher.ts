import { Status } from "../../firmware/client/terms/codes.js";
import type { PayloadSource } from "../../firmware/client/terms/options.js";
import type { Topic } from "../../firmware/codec/topic.js";
import { bytesOfArgument } from "../terminal/arguments.js";
import type { DeskClient } from "./desk-client.js";
import { CliError, Exit } from "../terminal/exit.js";
import type { Io } from "../terminal/io.js";
import { FileSource, linesOf, MemorySource, type PayloadFile } from "./payload.js";
import { describeStatus } from "../terminal/reasons.js";
import { every } from "../world/clock.js";
import type { Session } from "./session.js";
import { Signal } from "../terminal/signal.js";

/** What and how to publish: options of `pub`. */
export interface PublisherFlags {
	message?: string;
	stdinLine?: true;
	qos: 0 | 1 | 2;
	retain?: true;
	/** How many times; 1 unless told. */
	repeat?: number;
	/** Seconds between them. */
	repeatDelay?: number;
}

/** How often to look whether something is finished, besides at every sign of it, in ms. */
const LOOK_MS = 50;

/** Hands messages to a client as fast as it takes them, and knows when all are done. */
export class Publisher {
	client!: DeskClient;
	readonly hooks = {
		onConnected: () => this.#connected.fire(),
		onDelivered: () => this.#progress.fire(),
		onRoom: () => this.#progress.fire(),
		onDrained: () => this.#progress.fire(),
		// Of a kept session: it stays with the broker, for the one who subscribed.
		onMessage: (_message: unknown, client: DeskClient) => client.leave(),
	};
	readonly #topic: Topic;
	readonly #flags: PublisherFlags;
	readonly #io: Io;
	readonly #connected = new Signal();
	readonly #progress = new Signal();
	/** Streamed messages that are not finished. */
	#streaming = 0;
	/** Messages that are in our hands and not in the client's. */
	#inHand = 0;

	constructor(topic: Topic, flags: PublisherFlags, io: Io) {
		this.#topic = topic;
		this.#flags = flags;
		this.#io = io;
	}

	/** Sends everything, and ends the session when the broker has it. */
	async run(session: Session, file: PayloadFile | undefined): Promise<void> {
		// A line is in hand only once it has been read; any other message from the start.
		if (!this.#flags.stdinLine) this.#inHand++;
		await Promise.race([this.#connected.wait(), session.ended]);
		if (session.over) return;
		const stopLooking = every(session.clock, LOOK_MS, () => this.#progress.fire());
		try {
			await this.#sendAll(session, file);
			while (!session.over && this.#busy(session)) await this.#progress.wait();
		} finally {
			stopLooking();
		}
		session.end(Exit.OK);
	}

	async #sendAll(session: Session, file: PayloadFile | undefined): Promise<void> {
		if (this.#flags.stdinLine) return this.#sendLines(session);
		const { repeat = 1, repeatDelay = 0 } = this.#flags;
		const bytes = bytesOfArgument(this.#flags.message ?? "");
		for (let times = 0; times < repeat && !session.over; times++) {
			if (times > 0) {
				if (repeatDelay > 0) await session.wait(repeatDelay * 1000);
				this.#inHand++;
			}
			if (file && file.size > 0) await this.#stream(session, file.size, (done) => new FileSource(file.fd, done));
			else await this.#send(session, bytes);
		}
	}

	/** What a signal leaves undone; what the client has, it delivers while it stops, or reports. */
	get undone(): string | undefined {
		if (this.#inHand === 0) return undefined;
		return this.#inHand === 1 ? "the message was not sent" : `${this.#inHand} messages were not sent`;
	}

	/** What was dropped is not waited for: its loss has been reported. */
	#busy(session: Session): boolean {
		return this.#streaming > 0 || this.client.queued > 0 || session.pending > 0;
	}

	/** Lines are taken in a loop without a pause, until the client has enough of them: a promise for each would cost more. */
	async #sendLines(session: Session): Promise<void> {
		const { qos, retain = false } = this.#flags;
		const { client } = this;
		// Just what is on its way: then it goes straight out, and what waits costs nothing.
		const queuedMax = qos === 0 ? Infinity : client.settings.inflight;
		for await (const lines of linesOf(this.#io.input())) {
			this.#inHand = lines.length;
			for (const line of lines) {
				while (client.queued >= queuedMax && !session.over) await this.#progress.wait();
				if (session.over) return;
				if (client.publish(this.#topic, line, qos, retain) < 0) await this.#send(session, line);
				else this.#inHand--;
			}
		}
	}

	async #send(session: Session, payload: Uint8Array): Promise<void> {
		const { qos, retain = false } = this.#flags;
		while (!session.over) {
			const status = this.client.publish(this.#topic, payload, qos, retain);
			if (status >= 0) {
				this.#inHand--;
				return;
			}
			if (status === Status.TOO_LARGE) {
				return this.#stream(session, payload.length, (done) => new MemorySource(payload, done));
			}
			if (status !== Status.FULL) throw new CliError(`the message was not taken: ${describeStatus(status)}`);
			await this.#progress.wait();
		}
	}

	async #stream(session: Session, size: number, source: (finished: () => void) => PayloadSource): Promise<void> {
		const { qos, retain = false } = this.#flags;
		const finished = (): void => {
			this.#streaming--;
			this.#progress.fire();
		};
		while (!session.over) {
			const status = this.client.publishStream(this.#topic, size, source(finished), qos, retain);
			if (status >= 0) {
				this.#inHand--;
				this.#streaming++;
				return;
			}
			if (status !== Status.FULL) throw new CliError(`the message was not taken: ${describeStatus(status)}`);
			await this.#progress.wait();
		}
	}
}
