/** `-F` of mosquitto_sub. Text is a string of bytes, one character each: neither payloads nor widths know of UTF-8. */
import { UsageError } from "../terminal/exit.js";
import { type Json, readJson, writeJson } from "./json-output.js";
import { type Moment, momentNow, strftime } from "./strftime.js";

/** A whole message. */
export interface FormatMessage {
	topicName: string;
	payload: Uint8Array;
	packetId: number;
	qos: number;
	retain: boolean;
}

/** Between the sign and the letter: `%-010.5t`. */
interface Field {
	left: boolean;
	pad: string;
	width: number;
	/** -1 without one. */
	precision: number;
}

/** A message while it is printed. */
interface Context {
	message: FormatMessage;
	/** The payload's bytes as characters. */
	payload: string;
	topicName: string;
	moment(): Moment;
	pretty: boolean;
	/** Says what is wrong with this message. */
	complain(text: string): void;
}

type Part = (context: Context) => string;

/** A format that has been checked. */
export class MessageFormat {
	readonly #parts: readonly Part[];
	readonly #pretty: boolean;
	readonly #complain: (text: string) => void;

	/**
	 * in   complain  called for a message that cannot be printed as asked
	 *
	 * Throws UsageError for a sequence that means nothing.
	 */
	constructor(format: string, pretty: boolean, complain: (text: string) => void) {
		this.#parts = parse(Buffer.from(format).toString("latin1"));
		this.#pretty = pretty;
		this.#complain = complain;
	}

	/** What is printed for one message, without the end of its line. */
	print(message: FormatMessage): Buffer {
		let moment: Moment | undefined;
		const context: Context = {
			message,
			payload: Buffer.from(message.payload.buffer, message.payload.byteOffset, message.payload.length).toString(
				"latin1",
			),
			topicName: Buffer.from(message.topicName).toString("latin1"),
			moment: () => (moment ??= momentNow()),
			pretty: this.#pretty,
			complain: this.#complain,
		};
		return Buffer.from(this.#parts.map((part) => part(context)).join(""), "latin1");
	}
}

const PIECE =
	/%(?<flags>[0-]{0,2})(?<width>\d*)(?<dot>\.?)(?<precision>\d*)(?<letter>.?)|@(?<time>.?)|\\(?<escape>.?)|[^%@\\]+/gsy;

const ESCAPES: Readonly<Record<string, string>> = {
	"\\": "\\",
	"0": "\0",
	a: "\x07",
	e: "\x1b",
	n: "\n",
	r: "\r",
	t: "\t",
	v: "\v",
};

function parse(format: string): Part[] {
	return [...format.matchAll(PIECE)].map((match) => {
		const { letter, time, escape } = match.groups as Record<string, string | undefined>;
		if (letter !== undefined) return percentPart(match.groups as Record<string, string>);
		if (time !== undefined) return timePart(time);
		const text = escape === undefined ? match[0] : escapeOf(escape);
		return () => text;
	});
}

function escapeOf(letter: string): string {
	if (letter === "") throw new UsageError("-F: incomplete escape specifier at its end");
	const text = ESCAPES[letter];
	if (text === undefined) throw new UsageError(`-F: invalid escape specifier "\\${letter}"`);
	return text;
}

function timePart(letter: string): Part {
	if (letter === "") throw new UsageError("-F: incomplete format specifier at its end");
	if (letter === "@") return () => "@";
	if (letter === "N") return ({ moment }) => nanoseconds(moment());
	return ({ moment }) => strftime(letter, moment().date);
}

function nanoseconds(moment: Moment): string {
	return String(moment.nanoseconds).padStart(9, "0");
}

function percentPart(groups: Record<string, string>): Part {
	const { flags = "", width = "", dot = "", precision = "", letter = "" } = groups;
	if (letter === "") throw new UsageError("-F: incomplete format specifier at its end");
	const write = Object.hasOwn(PERCENT, letter) ? PERCENT[letter] : undefined;
	if (!write || flags.startsWith("--") || flags.startsWith("0-")) {
		throw new UsageError(`-F: invalid format specifier "${flags}${letter}"`);
	}
	const field: Field = {
		left: flags.startsWith("-"),
		pad: flags.includes("0") ? "0" : " ",
		width: Number(width),
		precision: dot === "" ? -1 : Number(precision),
	};
	return (context) => write(context, field);
}

function text(value: string, { left, width, precision }: Field): string {
	const shown = precision < 0 ? value : value.slice(0, precision);
	return left ? shown.padEnd(width) : shown.padStart(width);
}

function integer(value: number, { left, pad, width }: Field): string {
	return left ? String(value).padEnd(width) : String(value).padStart(width, pad);
}

/** A width is also the most that is shown. Left-aligned without a width, blanks follow, as many as the payload has bytes. */
function payloadText(payload: string, { left, pad, width }: Field, hex?: (byte: number) => string): string {
	const perByte = hex ? 2 : 1;
	const longer = width > 0 && payload.length > width;
	const size = longer
		? Math.floor(width / perByte)
		: width > 0 && hex
			? Math.floor(payload.length / 2)
			: payload.length;
	const shown = payload.slice(0, size);
	const written = hex ? [...shown].map((char) => hex(char.charCodeAt(0))).join("") : shown;
	const padding = width > 0 ? width - size * perByte : -payload.length;
	if (left) return written + " ".repeat(Math.abs(padding));
	return pad.repeat(Math.max(0, padding)) + written;
}

function isoTime(date: Date): string {
	return `${strftime("F", date)}T${strftime("T", date)}${strftime("z", date)}`;
}

function json(context: Context, payload: Json): string {
	const { message, topicName, pretty } = context;
	const { date, nanoseconds: ns } = context.moment();
	const micro = String(Math.floor(ns / 1000)).padStart(6, "0");
	const members: [string, Json][] = [
		["tst", `${strftime("F", date)}T${strftime("T", date)}.${micro}Z${strftime("z", date)}`],
		["topic", topicName],
		["qos", message.qos],
		["retain", message.retain ? 1 : 0],
		["payloadlen", message.payload.length],
	];
	if (message.qos > 0) members.push(["mid", message.packetId]);
	members.push(["payload", payload]);
	return writeJson({ members }, pretty);
}

function unquotedJson(context: Context): string {
	if (context.payload === "") return json(context, null);
	const value = readJson(context.payload);
	if (value !== undefined) return json(context, value);
	context.complain(`Message payload is not valid JSON on topic ${context.message.topicName}.`);
	return "";
}

const hexDigits = (byte: number): string => byte.toString(16).padStart(2, "0");
const blank = (_context: Context, { pad, width }: Field): string => pad.repeat(width);
const nothing = (): string => "";

/** Letters after %. What only MQTT 5.0 has is empty, as in a message of 3.1.1. */
const PERCENT: Readonly<Record<string, (context: Context, field: Field) => string>> = {
	"%": () => "%",
	A: blank,
	C: (_context, { width }) => " ".repeat(width),
	D: nothing,
	E: blank,
	F: blank,
	I: ({ moment }, field) => text(isoTime(moment().date), field),
	j: (context) => json(context, context.payload === "" ? null : context.payload),
	J: unquotedJson,
	l: ({ message }, field) => integer(message.payload.length, field),
	m: ({ message }, field) => integer(message.packetId, field),
	P: nothing,
	p: ({ payload }, field) => payloadText(payload, field),
	q: ({ message }) => String(message.qos),
	R: nothing,
	r: ({ message }) => (message.retain ? "1" : "0"),
	S: blank,
	t: ({ topicName }, field) => text(topicName, field),
	U: ({ moment }) => `${strftime("s", moment().date)}.${nanoseconds(moment())}`,
	x: ({ payload }, field) => payloadText(payload, field, hexDigits),
	X: ({ payload }, field) => payloadText(payload, field, (byte) => hexDigits(byte).toUpperCase()),
};
