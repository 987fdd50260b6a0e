import { type Command, Option } from "commander";
import { Status } from "../../firmware/client/codes.js";
import type { PayloadSource } from "../../firmware/client/options.js";
import { Topic } from "../../firmware/codec/topic.js";
import type { Client } from "../../firmware/index.js";
import { addConnectionOptions, checkTopicName, connectionSettings, type ConnectionFlags } from "./connection.js";
import { CliError, Exit, UsageError } from "./exit.js";
import type { Io } from "./io.js";
import { FileSource, linesOf, MemorySource, openPayload, type PayloadFile, spool } from "./payload.js";
import { describeStatus } from "./reasons.js";
import { Session } from "./session.js";
import { Signal } from "./signal.js";

interface PubFlags extends ConnectionFlags {
	topic?: string;
	message?: string;
	file?: string;
	stdinLine?: true;
	stdinFile?: true;
	nullMessage?: true;
	retain?: true;
}

/** Adds `xs-mqtt pub`. */
export function addPub(program: Command, io: Io, setExitCode: (code: number) => void): void {
	const command = program
		.command("pub")
		.description("publish, with the options of mosquitto_pub")
		.option("-t, --topic <topic>", "topic to publish to")
		.option("-m, --message <text>", "the message")
		.addOption(new Option("-f, --file <file>", "send a file of any size as one message"))
		.option("-s, --stdin-file", "send standard input as one message")
		.option("-l, --stdin-line", "send each line of standard input as a message")
		.option("-n, --null-message", "send an empty message")
		.option("-r, --retain", "the broker keeps the message for later subscribers");
	addConnectionOptions(command).action(async () => {
		setExitCode(await publish(command.opts<PubFlags>(), io));
	});
}

const KINDS = ["message", "file", "stdinFile", "stdinLine", "nullMessage"] as const;

/** Runs `pub`; resolves with the exit code. Throws CliError and ManifestError before anything is sent. */
async function publish(flags: PubFlags, io: Io): Promise<number> {
	const topicName = flags.topic ?? flags.url?.topic;
	if (topicName === undefined) throw new UsageError("-t is missing: the topic to publish to");
	checkTopicName("-t", topicName);
	const kinds = KINDS.filter((kind) => flags[kind] !== undefined);
	if (kinds.length === 0) throw new UsageError("-m, -f, -s, -l or -n is missing: what to publish");
	if (kinds.length > 1) throw new UsageError("-m, -f, -s, -l and -n exclude each other: one kind of message at a time");

	const settings = connectionSettings(flags);
	// Messages larger than the outbox are streamed, one at a time.
	settings.sources = Math.max(1, settings.sources ?? 1);
	const file = await payloadFile(flags, io);
	const publisher = new Publisher(new Topic(topicName), flags, io);
	const session = new Session(settings, flags, io, publisher.hooks);
	session.undone = () => publisher.undone;
	publisher.client = await session.open();
	session.start();
	const work = publisher.run(session, file).catch((error: unknown) => session.endBy(error));
	await session.ended;
	// What ended the session may have left lines unread; whoever writes them must not keep us.
	if (flags.stdinLine) io.input().destroy();
	await work;
	return session.exitCode;
}

/** What `-f` or `-s` names, ready before the broker is bothered. */
async function payloadFile(flags: PubFlags, io: Io): Promise<PayloadFile | undefined> {
	if (flags.file !== undefined) return openPayload(flags.file);
	if (flags.stdinFile) return spool(io.input(), "standard input");
	return undefined;
}

/** How long to wait at most for a sign that something is finished, before looking again. */
const LOOK_MS = 10;

/** Hands messages to a client as fast as it takes them, and knows when all are done. */
class Publisher {
	client!: Client;
	readonly hooks = {
		onConnected: () => this.#connected.fire(),
		onDelivered: () => this.#progress.fire(),
		onRoom: () => this.#progress.fire(),
	};
	readonly #topic: Topic;
	readonly #flags: PubFlags;
	readonly #io: Io;
	readonly #connected = new Signal();
	readonly #progress = new Signal();
	/** Streamed messages that are not finished. */
	#streaming = 0;
	/** Messages that are in our hands and not in the client's: one at most. */
	#inHand = 0;

	constructor(topic: Topic, flags: PubFlags, io: Io) {
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
		if (file && file.size > 0) await this.#stream(session, file.size, (done) => new FileSource(file.fd, done));
		else if (this.#flags.stdinLine) {
			for await (const line of linesOf(this.#io.input())) {
				this.#inHand++;
				await this.#send(session, line);
				if (session.over) return;
			}
		} else await this.#send(session, Buffer.from(this.#flags.message ?? ""));
		while (!session.over && this.#busy) await this.#progress.wait(LOOK_MS);
		session.end(Exit.OK);
	}

	/** What a signal leaves undone; what the client has, it delivers while it stops, or reports. */
	get undone(): string | undefined {
		return this.#inHand > 0 ? "the message was not sent" : undefined;
	}

	/** What was dropped is not waited for: its loss has been reported. */
	get #busy(): boolean {
		return this.#streaming > 0 || this.client.queued > 0;
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
			await this.#progress.wait(LOOK_MS);
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
			await this.#progress.wait(LOOK_MS);
		}
	}
}
