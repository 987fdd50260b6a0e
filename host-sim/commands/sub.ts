import { type Command, InvalidArgumentError, Option } from "commander";
import { LIMITS } from "../../firmware/client/terms/limits.js";
import { Max } from "../../firmware/codec/constants.js";
import { addConnectionOptions, connectionSettings, type ConnectionSettings } from "./connection.js";
import { UsageError } from "../terminal/exit.js";
import { RealClock } from "../world/real-clock.js";
import type { Io } from "../terminal/io.js";
import { wholeNumber } from "../terminal/numbers.js";
import { Session } from "./session.js";
import { Subscriber, type SubFlags } from "./subscriber.js";

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
	if (!flags.manifest) {
		fitSubscriptions(settings, [...filters, ...(flags.unsubscribe ?? [])]);
		if (flags.rxBuffer === undefined && flags.set?.rxBuffer === undefined) settings.rxBuffer = ANY_TOPIC_SIZE;
	}
	settings.tooLarge ??= "refuse";
	const subscriber = new Subscriber(filters, flags, io);
	const session = new Session(settings, flags, io, subscriber.hooks, new RealClock());
	subscriber.session = session;
	session.undone = () => subscriber.undone;
	subscriber.declare(await session.open());
	session.start();
	await session.ended;
	subscriber.printer.end();
	return session.exitCode;
}

/** Room for the head of a PUBLISH with the longest topic there is; payloads come in pieces. */
const ANY_TOPIC_SIZE = Max.FIELD_SIZE + 16;

/** Makes the tables large enough for what was asked, unless their sizes were asked for as well. */
function fitSubscriptions(settings: ConnectionSettings, filters: readonly string[]): void {
	// Each filter starts at a whole word.
	const bytes = filters.reduce((sum, filter) => sum + ((Buffer.byteLength(filter) + 3) & ~3), 0);
	const longest = Math.max(...filters.map((filter) => Buffer.byteLength(filter)));
	settings.subscriptions ??= Math.min(Math.max(filters.length, LIMITS.subscriptions.initial), LIMITS.subscriptions.max);
	settings.filterBytes ??= Math.min(Math.max(bytes, LIMITS.filterBytes.initial), LIMITS.filterBytes.max);
	settings.txBuffer = Math.max(settings.txBuffer ?? 0, longest + 16);
}
