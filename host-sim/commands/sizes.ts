import type { Command } from "commander";
import { regionSizes } from "./regions.js";
import { sizeOfRecord } from "../../firmware/client/session/outbox.js";
import { Max } from "../../firmware/codec/constants.js";
import { sizeOfPublishHead } from "../../firmware/codec/encode.js";
import { clientSettings, type MqttConfig, mqttConfig } from "../manifest/check.js";
import { loadManifest } from "../manifest/load.js";
import type { Io } from "../terminal/io.js";
import { wholeNumber } from "../terminal/numbers.js";

interface SizesFlags {
	manifest?: string;
	platform: string;
	topicSize: number;
	payloadSize: number;
	json?: true;
}

/** What one region costs and holds. */
export interface SizeLine {
	/** The option that sizes it, or what it holds. */
	name: string;
	/** Bytes on a 32-bit device. */
	bytes: number;
	/** How many of what. */
	count: number;
	of: string;
}

/** Adds `xs-mqtt sizes`. */
export function addSizes(program: Command, io: Io): void {
	const size = wholeNumber(0, Max.REMAINING_LENGTH);
	const command = program
		.command("sizes")
		.description("what each region of a client costs in bytes on a 32-bit device, and what it holds")
		.option("--manifest <file>", "the manifest (default: the library's own sizes)")
		.option("--platform <name>", "platform whose part of the manifest counts, e.g. esp32/nodemcu", "lin")
		.option("--topic-size <bytes>", "bytes of a typical topic", wholeNumber(1, Max.FIELD_SIZE), 20)
		.option("--payload-size <bytes>", "bytes of a typical payload", size, 64)
		.option("--json", "print one JSON object");
	command.action(() => {
		const flags = command.opts<SizesFlags>();
		const manifest = flags.manifest === undefined ? undefined : loadManifest(flags.manifest, flags);
		const lines = sizeLines(manifest ? mqttConfig(manifest) : {}, flags.topicSize, flags.payloadSize);
		const total = lines.reduce((sum, line) => sum + line.bytes, 0);
		if (flags.json) {
			const { platform, topicSize, payloadSize } = flags;
			const report = {
				type: "sizes",
				manifest: manifest?.file,
				platform,
				topicSize,
				payloadSize,
				regions: lines,
				total,
			};
			io.out(`${JSON.stringify(report)}\n`);
			return;
		}
		io.out(`${manifest ? `${manifest.file} on ${flags.platform}` : "The library's own sizes"}\n\n`);
		io.out(table(lines, total));
		io.out("\nThe client's JavaScript objects come on top.\nOther typical messages: --topic-size, --payload-size.\n");
	});
}

/** What a client with this `config.mqtt` takes, for messages of a typical size. */
export function sizeLines(config: MqttConfig, topicSize: number, payloadSize: number): SizeLine[] {
	const settings = clientSettings(config);
	const packetSize = (qos: number): number => sizeOfPublishHead(2 + topicSize, qos, payloadSize) + payloadSize;
	const typical = `topic ${topicSize}, payload ${payloadSize} bytes`;
	// In the order in which they are printed: what a message meets first comes first.
	const holds: Readonly<Record<string, (bytes: number) => [number, string]>> = {
		connectSize: () => [1, "packet, written once"],
		txBuffer: (bytes) => [Math.floor(bytes / packetSize(0)), `QoS 0 publishes, ${typical}`],
		outbox: (bytes) => [Math.floor(bytes / sizeOfRecord(packetSize(1))), `QoS 1 or 2 publishes, ${typical}`],
		filterBytes: (bytes) => [Math.floor(bytes / topicSize), `topic filters of ${topicSize} bytes`],
		rxBuffer: (bytes) => [
			largestPayload(bytes, topicSize),
			`bytes of payload in one piece, on a ${topicSize}-byte topic`,
		],
		readSize: (bytes) => [bytes, "bytes of a streamed payload at once"],
		inflight: () => [settings.inflight, "unfinished QoS 1 and 2 publishes"],
		incomingQoS2: () => [settings.incomingQoS2, "runs of incoming QoS 2 messages waiting for PUBREL"],
		subscriptions: () => [settings.subscriptions, "subscriptions"],
		packetLog: () => [settings.packetLog, "packets for looking back"],
		acks: (bytes) => [bytes / 4, "acknowledgements waiting for room in txBuffer"],
		counters: (bytes) => [bytes / 4, "counters and high-water marks"],
		deadlines: (bytes) => [bytes / 4, "points in time"],
	};
	const names = Object.keys(holds);
	const regions = [...regionSizes(settings)].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
	return regions.map(({ name, bytes }) => {
		const [count, of] = holds[name]?.(bytes) ?? [bytes, "bytes"];
		return { name: name === "connectSize" ? "CONNECT packet" : name, bytes, count, of };
	});
}

/** The largest payload that a packet of so many bytes has room for, at QoS 1 or 2; 0 when there is none. */
function largestPayload(packetSize: number, topicSize: number): number {
	let payloadSize = Math.max(0, packetSize - sizeOfPublishHead(2 + topicSize, 1, 0));
	while (payloadSize > 0 && sizeOfPublishHead(2 + topicSize, 1, payloadSize) + payloadSize > packetSize) payloadSize--;
	return payloadSize;
}

/** Columns of a terminal. */
const WIDTH = 80;

/** A line whose last cell goes on below itself when there is no room for it. */
function wrapCell(before: string, text: string): string[] {
	const lines: string[] = [];
	let line = before;
	for (const word of text.split(" ")) {
		if (line.length > before.length && line.length + word.length > WIDTH) {
			lines.push(line.trimEnd());
			line = " ".repeat(before.length);
		}
		line += `${word} `;
	}
	return [...lines, line.trimEnd()];
}

function table(lines: readonly SizeLine[], total: number): string {
	const number = (value: number): string => value.toLocaleString("en");
	const rows = lines.map(({ name, bytes, count, of }) => [name, number(bytes), number(count), of]);
	rows.unshift(["region", "bytes", "holds", ""]);
	rows.push(["total", number(total), "", ""]);
	const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
	const widths = [0, 1, 2].map(width);
	return rows
		.flatMap(([name = "", bytes = "", count = "", of = ""]) => {
			const figures = `${name.padEnd(widths[0] ?? 0)}  ${bytes.padStart(widths[1] ?? 0)}  ${count.padStart(widths[2] ?? 0)} `;
			return wrapCell(figures, of);
		})
		.map((line) => `${line}\n`)
		.join("");
}
