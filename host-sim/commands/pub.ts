import { type Command, InvalidArgumentError, Option } from "commander";
import { Topic } from "../../firmware/codec/topic.js";
import { addConnectionOptions, checkTopicName, connectionSettings, type ConnectionFlags } from "./connection.js";
import { CliError, UsageError } from "../terminal/exit.js";
import { RealClock } from "../world/real-clock.js";
import type { Io } from "../terminal/io.js";
import { TIMEOUT_S_MAX, wholeNumber } from "../terminal/numbers.js";
import { openPayload, type PayloadFile, spool } from "./payload.js";
import { Publisher } from "./publisher.js";
import { Session } from "./session.js";

interface PubFlags extends ConnectionFlags {
	topic?: string;
	message?: string;
	file?: string;
	stdinLine?: true;
	stdinFile?: true;
	nullMessage?: true;
	retain?: true;
	repeat?: number;
	repeatDelay?: number;
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
		.option("-r, --retain", "the broker keeps the message for later subscribers")
		.addOption(new Option("--repeat <times>", "send the message so many times").argParser(wholeNumber(1, 0x7fff_ffff)))
		.addOption(new Option("--repeat-delay <s>", "wait so many seconds between them").argParser(seconds));
	addConnectionOptions(command).action(async () => {
		setExitCode(await publish(command.opts<PubFlags>(), io));
	});
}

/**
 * Unfinished QoS 1 publishes: as many as brokers take that count them. At QoS 2 it stays at 20, because mosquitto cuts the
 * connection of a client that has more unfinished than its own max_inflight_messages.
 */
const INFLIGHT_QOS1 = 100;

/** After so many connections in a row that ended with the same message under way, it is given up: `--set resendsMax=…`. */
const TRIES_MAX = 5;

function seconds(text: string): number {
	const value = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : NaN;
	if (!(value <= TIMEOUT_S_MAX))
		throw new InvalidArgumentError(`It must be a number of seconds, 0 … ${TIMEOUT_S_MAX}.`);
	return value;
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

	if (flags.stdinLine && flags.repeat !== undefined) throw new UsageError("--repeat is for one message, not for -l");

	const settings = connectionSettings(flags);
	if (!flags.manifest && flags.qos === 1) settings.inflight = flags.maxInflight ?? flags.set?.inflight ?? INFLIGHT_QOS1;
	// Messages larger than the outbox are streamed, one at a time.
	settings.sources = Math.max(1, settings.sources ?? 1);
	settings.tooLarge ??= "refuse";
	settings.resendsMax ??= TRIES_MAX;
	const file = await payloadFile(flags, io);
	const publisher = new Publisher(new Topic(topicName), flags, io);
	const session = new Session(settings, flags, io, publisher.hooks, new RealClock());
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
	if (!flags.stdinFile) return undefined;
	const file = await spool(io.input(), "standard input");
	// As mosquitto_pub: with -r, a command that has failed in front of the pipe would erase what is kept.
	if (file.size === 0) throw new CliError("standard input is empty: nothing is sent; -n sends an empty message");
	return file;
}
