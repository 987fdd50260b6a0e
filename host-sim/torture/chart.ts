import { Type, type Packet } from "../brokers/model/packets.js";
import { PACKET_NAMES, returnCodeName } from "../log/names.js";
import { printable } from "../log/line.js";
import type { Direction } from "../world/tap.js";
import type { TortureWatcher } from "./torture-run.js";

/** Columns of an arrow with its packet: with time and connection a line has 80, unless the packet is longer. */
const ARROW_WIDTH = 55;

/** A payload's beginning in a chart. */
const PREVIEW = 12;

/**
 * Draws a run: what the device does and is told on the left, packets as arrows to and from the server. Keeps the last
 * lines only, or hands each on as it comes.
 */
export class Chart implements TortureWatcher {
	readonly #lines: string[] = [];
	readonly #max: number;
	readonly #write: ((line: string) => void) | undefined;

	/** in  max  lines that are kept; with `write`, all go there and none is kept */
	constructor(max: number, write?: (line: string) => void) {
		this.#max = max;
		this.#write = write;
	}

	/** What is kept. */
	get lines(): readonly string[] {
		return this.#lines;
	}

	note(ms: number, connection: number, text: string): void {
		this.#add(ms, connection, printable(text));
	}

	packet(ms: number, connection: number, direction: Direction, packet: Packet): void {
		const text = printable(packetText(packet));
		const shaft = "─".repeat(Math.max(2, ARROW_WIDTH - text.length));
		this.#add(ms, connection, direction === "out" ? `    ${text} ${shaft}▶` : `    ◀${shaft} ${text}`);
	}

	#add(ms: number, connection: number, text: string): void {
		const time = (ms / 1000).toFixed(3).padStart(12);
		const line = `${time} ${connection > 0 ? `#${connection}`.padEnd(4) : "    "} ${text}`;
		if (this.#write) return this.#write(line);
		this.#lines.push(line);
		if (this.#lines.length > this.#max) this.#lines.shift();
	}
}

/** A packet in a few words. */
export function packetText(packet: Packet): string {
	const { type, id, connect } = packet;
	const name = PACKET_NAMES[type]!;
	const withId = id > 0 ? `${name} ${id}` : name;
	switch (type) {
		case Type.CONNECT:
			return `${name} ${connect!.clean ? "clean" : "kept"}, keep alive ${connect!.keepAliveS} s`;
		case Type.CONNACK:
			if (packet.returnCode !== 0) return `${name} refused: ${returnCodeName(packet.returnCode)}`;
			return `${name} ${packet.sessionPresent ? "session present" : "new session"}`;
		case Type.PUBLISH: {
			const { qos, dup, retain, topic, payload } = packet;
			const begin = Buffer.from(payload.subarray(0, PREVIEW)).toString("latin1");
			const flags = `QoS ${qos}${dup ? " DUP" : ""}${retain ? " RETAIN" : ""}`;
			return `${withId} ${flags} ${topic} "${begin}" ${payload.length}`;
		}
		case Type.SUBSCRIBE:
			return `${withId} ${packet.filters.map(({ filter, qos }) => `${filter} ${qos}`).join(", ")}`;
		case Type.UNSUBSCRIBE:
			return `${withId} ${packet.filters.map(({ filter }) => filter).join(", ")}`;
		case Type.SUBACK:
			return `${withId}: ${packet.codes.join(", ")}`;
		default:
			return withId;
	}
}
