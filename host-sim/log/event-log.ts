import pc from "picocolors";
import type { Direction, StepName, Tap } from "../world/tap.js";
import { decodeFrame, levelOf, type ProtocolLevel } from "./decode.js";
import { FRAME_KEPT_MAX, Framer, type Frame } from "./framer.js";
import { fieldsLine, printable } from "./line.js";
import { WebSocketReader } from "./websocket.js";
import { HTTP_REQUEST } from "../world/websocket-meter.js";

/** One object of a log for tools. */
export type LogRecord = { type: string } & Record<string, unknown>;

/** How a log is written. */
export interface EventLogOptions {
	/** Gets each line, without its end. */
	write(line: string): void;
	/** Milliseconds since the start of the run. */
	now(): number;
	/** One JSON object for each line instead of text for people. */
	json?: boolean;
	/** Whether to use colours; only ever on a terminal, and never with `json`. */
	colour?: boolean;
	/** Whether payloads are shown whole, not only their beginning. */
	fullPayload?: boolean;
}

/** One connection: both its streams, and the protocol that its CONNECT has named. */
interface Streams {
	out: Framer;
	in: Framer;
	level: ProtocolLevel;
	/** What MQTT goes in, when that is WebSocket; undefined when it does not, null before the device's first byte. */
	web: Record<Direction, WebSocketReader> | undefined | null;
	/** The device has sent DISCONNECT: whoever closes first, the end is its doing (§3.14.4). */
	left: boolean;
}

/** Steps that nobody wants. */
const BAD_STEPS: ReadonlySet<StepName> = new Set([
	...(["fault", "lost", "failed", "handshake failed", "alert", "upgrade refused"] as const),
]);

type Paint = (text: string) => string;

/**
 * Writes down what happens on the links of a world: steps of connections, every packet, what the program prints. Takes
 * its packets from the bytes themselves, so it shows what really went over the wire. Memory is bounded for each
 * connection, whatever the sizes of packets.
 */
export class EventLog implements Tap {
	readonly #options: EventLogOptions;
	readonly #streams = new Map<number, Streams>();
	readonly #paint: Record<"dim" | "out" | "in" | "fault" | "bad", Paint>;
	#traceLine = "";
	/** Packets shown so far. */
	packets = 0;

	constructor(options: EventLogOptions) {
		this.#options = options;
		const colours = pc.createColors(options.colour === true && options.json !== true);
		this.#paint = {
			dim: colours.dim,
			out: colours.cyan,
			in: colours.green,
			fault: colours.yellow,
			bad: colours.red,
		};
	}

	step(connection: number, step: StepName, cause: string): void {
		// A server closes when it sees DISCONNECT, and may be faster than the device's own close.
		const isLeft = step === "lost" && this.#streams.get(connection)?.left === true;
		const name = isLeft ? "closed" : step;
		const detail = isLeft ? "by the device" : cause;
		const over = name === "closed" || name === "lost" || name === "failed";
		if (over) this.#end(connection);
		if (this.#options.json) {
			this.#json({ type: "step", ...(connection > 0 && { connection }), step: name, ...(detail && { detail }) });
			return;
		}
		const paint = BAD_STEPS.has(name) ? this.#paint.fault : this.#paint.dim;
		this.#text(connection, paint(detail ? `${name}: ${printable(detail)}` : name));
	}

	bytes(connection: number, direction: Direction, bytes: Uint8Array): void {
		let streams = this.#streams.get(connection);
		if (!streams) {
			const keptMax = this.#options.fullPayload ? Infinity : FRAME_KEPT_MAX;
			const framer = (way: Direction): Framer => new Framer((frame) => this.#packet(connection, way, frame), keptMax);
			streams = { out: framer("out"), in: framer("in"), level: 4, web: null, left: false };
			this.#streams.set(connection, streams);
		}
		if (streams.web === null && direction === "out")
			streams.web = bytes[0] === HTTP_REQUEST ? this.#webSocket(connection, streams) : undefined;
		(streams.web?.[direction] ?? streams[direction]).push(bytes);
	}

	/** Both directions of WebSocket: what is in their frames goes on as packets. */
	#webSocket(connection: number, streams: Streams): Record<Direction, WebSocketReader> {
		const reader = (direction: Direction, head: (line: string) => void): WebSocketReader =>
			new WebSocketReader({
				head,
				data: (bytes) => streams[direction].push(bytes),
				closed: (code, text) => {
					const whose = direction === "out" ? "from the device" : "from the broker";
					this.step(connection, "close frame", `${code}${text && ` "${text}"`} ${whose}`);
				},
			});
		return {
			// A path may be signed, by what stands in its query.
			out: reader("out", (line) =>
				this.step(connection, "upgrade", line.replace(/\?\S*/, "?…").replace(/ HTTP.*/, "")),
			),
			in: reader("in", (line) =>
				this.step(connection, / 101 /.test(`${line} `) ? "upgraded" : "upgrade refused", line),
			),
		};
	}

	/** Takes what the program prints with trace(); a line is written when its end has come. */
	trace(text: string): void {
		const lines = (this.#traceLine + text).split("\n");
		this.#traceLine = lines.pop()!;
		for (const line of lines) this.#traced(line);
	}

	/** A line from the simulator itself. */
	note(line: string): void {
		if (this.#options.json) this.#json({ type: "note", note: line });
		else this.#text(0, this.#paint.dim(printable(line)));
	}

	/** Something that only tools want to know; `record` has a `type`. */
	record(record: LogRecord): void {
		if (this.#options.json) this.#json(record);
	}

	/**
	 * Something went wrong.
	 *
	 * in   text    one line for people
	 *      record  the same for tools, with a `type`
	 *      more    further lines for people
	 */
	warn(text: string, record: LogRecord, more: readonly string[] = []): void {
		if (this.#options.json) {
			this.#json(record);
			return;
		}
		this.#text(0, this.#paint.bad(`! ${printable(text)}`));
		for (const line of more) this.#text(0, this.#paint.bad(`!   ${printable(line)}`));
	}

	/** Writes what is left at the end of a run. */
	close(): void {
		for (const connection of [...this.#streams.keys()]) this.#end(connection);
		if (this.#traceLine) this.#traced(this.#traceLine);
		this.#traceLine = "";
	}

	#traced(line: string): void {
		if (this.#options.json) this.#json({ type: "trace", trace: line });
		else this.#text(0, `| ${printable(line)}`);
	}

	#packet(connection: number, direction: Direction, frame: Frame): void {
		this.packets++;
		const streams = this.#streams.get(connection)!;
		const record = decodeFrame(frame, streams.level, this.#options.fullPayload);
		streams.level = levelOf(record) ?? streams.level;
		if (direction === "out" && record.packet === "DISCONNECT") streams.left = true;
		if (this.#options.json) {
			this.#json({ type: "packet", connection, direction, ...record });
			return;
		}
		const bad = record.packet === "MALFORMED" || record.packet === "INCOMPLETE";
		const arrow = direction === "out" ? "→" : "←";
		const name = (bad ? this.#paint.bad : this.#paint[direction])(`${arrow} ${record.packet.padEnd(11)}`);
		this.#text(connection, `${name} ${fieldsLine(record)}`.trimEnd());
	}

	/** The connection is over: shows the packets that it ended in. */
	#end(connection: number): void {
		const streams = this.#streams.get(connection);
		if (!streams) return;
		streams.out.end();
		streams.in.end();
		this.#streams.delete(connection);
	}

	#json(record: object): void {
		this.#options.write(JSON.stringify({ ms: Math.round(this.#options.now() * 10) / 10, ...record }));
	}

	#text(connection: number, text: string): void {
		const time = (this.#options.now() / 1000).toFixed(3).padStart(9);
		const mark = connection > 0 ? `#${connection}` : "";
		this.#options.write(`${this.#paint.dim(`${time} ${mark.padEnd(3)}`)} ${text}`);
	}
}
