// What WebSocket is held against: a plain twin, other cuts of the same bytes, and what a server understands of what it sends.
import { HOSTILE_ANSWERS, HOSTILE_FRAMES } from "../../transport/websocket-hostile.js";
import { ascii, First, frame, framesOf, WebSocketRig } from "../../transport/websocket-rig.js";
import { magnitude, type Features } from "../features.js";
import type { Target } from "../target.js";
import { plainFrames } from "./plain-frames.js";

/** Bytes of a stream, and the three in front of it: what it is, how it is cut, what the client writes meanwhile. */
const HEAD = 3;
const STREAM_MAX = 700;

/** The first byte's lowest bit: an answer to the opening handshake, and not frames on a connection. */
const ANSWER = 1;

const OPCODES = [0x82, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a];

/** What came of an input. */
interface Outcome {
	readonly rig: WebSocketRig;
	/** Of the last event, if it is an end. */
	readonly end: number;
	readonly detail: number;
	readonly events: readonly string[];
	/** What the client has written, all of it. */
	readonly written: readonly number[];
	/** First bytes and payloads of what was sent. */
	readonly sent: readonly { first: number; payload: number[] }[];
}

/** Fuzzes `webSocket()`: the answer to its handshake, and frames. */
export class WebSocketTarget implements Target {
	readonly name = "websocket";
	readonly sizeMax = HEAD + STREAM_MAX;
	readonly seeds: readonly Uint8Array[];
	/** The request is the same each time: its random numbers are. */
	readonly #request: string;
	readonly #opening: readonly number[];

	constructor() {
		const rig = newRig(256);
		this.#request = rig.request();
		this.#opening = ascii(rig.answerTo(this.#request));
		const streams = [
			...HOSTILE_FRAMES.map(({ bytes }) => [0, ...bytes]),
			...HOSTILE_ANSWERS.map(({ answer }) => [ANSWER, ...ascii(answer(this.#request))]),
			[ANSWER, ...this.#opening, ...frame(First.BINARY, [1, 2, 3])],
			[0, ...frame(First.BINARY_MORE, [1, 2]), ...frame(First.PING, [3]), ...frame(First.LAST, [4])],
			[0, ...frame(First.BINARY, new Uint8Array(300)), ...frame(First.BINARY, [5], 64), ...frame(First.PONG)],
		];
		this.seeds = streams
			.filter(({ length }) => length <= STREAM_MAX)
			.map(([kind = 0, ...bytes], index) => Uint8Array.from([kind, index & 255, index & 7, ...bytes]));
	}

	mutate(buffer: Uint8Array, size: number, below: (bound: number) => number): number {
		if (size < HEAD) return HEAD;
		if (below(4) === 0) buffer[1 + below(2)] = below(256);
		if (((buffer[0] ?? 0) & ANSWER) !== 0 && below(8) > 0) {
			// A byte of the head is another.
			if (size > HEAD) buffer[HEAD + below(size - HEAD)] = below(3) === 0 ? below(256) : 32 + below(95);
			return size;
		}
		const payload = new Uint8Array(below(4) === 0 ? below(200) : below(6));
		for (let i = 0; i < payload.length; i++) payload[i] = below(256);
		const form = ([7, 16, 64, "least"] as const)[below(4)];
		const bytes = frame(OPCODES[below(OPCODES.length)]!, payload, payload.length > 125 ? "least" : form);
		if (size + bytes.length > HEAD + STREAM_MAX) return size;
		buffer.set(bytes, size);
		return size + bytes.length;
	}

	run(input: Uint8Array, features: Features): string | undefined {
		if (input.length < HEAD) return undefined;
		const [kind = 0, cuts = 0, writes = 0] = input;
		const stream = [...input.subarray(HEAD)];
		try {
			const whole = this.#outcome(kind, stream, 0, 0);
			const cut = this.#outcome(kind, stream, cuts, writes);
			const wrong = differenceOf(whole, cut) ?? faultOf(whole) ?? faultOf(cut);
			if (wrong !== undefined) return wrong;
			features.note(kind & ANSWER, whole.end, whole.detail);
			features.note(2, whole.events.length, magnitude(whole.rig.received.length));
			features.note(3, cut.sent.length, magnitude(cuts));
			return (kind & ANSWER) === 0 ? compareWithTwin(whole, input.subarray(HEAD), features) : undefined;
		} catch (error) {
			return `exception: ${(error as Error).stack ?? String(error)}`;
		}
	}

	/** Lets a stream arrive. in: cuts  0: whole; writes  0: the client has nothing to send */
	#outcome(kind: number, stream: readonly number[], cuts: number, writes: number): Outcome {
		const rig = newRig(cuts === 0 ? 256 : 16 + (cuts & 63));
		const request = rig.request();
		if (request !== this.#request) throw new Error("the request is another");
		if ((kind & ANSWER) === 0) rig.arrive(this.#opening);
		rig.below.sent = [];
		let state = Math.imul(cuts + 1, 0x9e3779b1);
		const written: number[] = [];
		let waiting: number[] = [];
		if (writes > 0) rig.below.window = writes & 63;
		for (let at = 0; at < stream.length;) {
			state = (Math.imul(state, 0x5851f42d) + 0x14057b7d) >>> 0;
			const size = cuts === 0 ? stream.length : 1 + (state >>> (cuts & 1 ? 29 : 26));
			rig.arrive(stream.slice(at, at + size));
			at += size;
			if (writes === 0 || !rig.events.includes("opened")) continue;
			const bytes = Array.from({ length: 1 + (state & (writes & 1 ? 7 : 255)) }, (_, i) => (i * 7 + at) & 255);
			waiting.push(...bytes);
			written.push(...bytes);
			waiting = waiting.slice(rig.write(waiting));
			rig.makeRoom(rig.below.window + ((state >>> 8) & 127));
		}
		return this.#settle(rig, written, waiting);
	}

	/** There is room for everything at last. */
	#settle(rig: WebSocketRig, written: readonly number[], waiting: readonly number[]): Outcome {
		rig.makeRoom(Infinity);
		const isOver = rig.events.some((event) => event.startsWith("ended"));
		if (!isOver && rig.write(waiting) < waiting.length) throw new Error("the client cannot write");
		const [, end, detail] =
			/^ended (\d+) (\d+)$/.exec(rig.events.find((event) => event.startsWith("ended")) ?? "") ?? [];
		const sent = isOver ? [] : framesOf(rig.below.sent);
		const events = rig.events.filter((event) => event !== "writable");
		return { rig, end: Number(end ?? 0), detail: Number(detail ?? 0), events, written, sent };
	}
}

function newRig(rxSize: number): WebSocketRig {
	return new WebSocketRig({ random: () => 0.25 }, rxSize);
}

/** The same bytes, cut in another way. */
function differenceOf(whole: Outcome, cut: Outcome): string | undefined {
	if (String(whole.events) !== String(cut.events)) return `cut: ${String(whole.events)} became ${String(cut.events)}`;
	if (String(whole.rig.received) !== String(cut.rig.received)) return "cut: other bytes were received";
	return undefined;
}

function faultOf({ rig, events, end, written, sent }: Outcome): string | undefined {
	if (!rig.isIntact) return "memory: something was written outside of the regions";
	if (events.filter((event) => event.startsWith("ended")).length > 1) return "events: it has ended twice";
	if (end !== 0) return rig.transport.readable === 0 ? undefined : "events: something to read after the end";
	const data = sent.filter(({ first }) => first === First.BINARY).flatMap(({ payload }) => payload);
	if (String(data) !== String(written)) return "writes: the server got other bytes than were written";
	if (sent.some(({ first }) => first !== First.BINARY && first !== First.PONG)) return "writes: an unasked frame";
	return undefined;
}

function compareWithTwin(outcome: Outcome, stream: Uint8Array, features: Features): string | undefined {
	const twin = plainFrames(stream);
	const { rig, end, detail, sent } = outcome;
	features.note(4, twin.end, twin.detail);
	if (end !== twin.end || detail !== twin.detail)
		return `twin: it ends with ${twin.end} ${twin.detail}, not ${end} ${detail}`;
	if (String(rig.received) !== String(twin.payload)) return "twin: other bytes were received";
	if (end !== 0 || twin.isPinging) return undefined;
	const pong = sent.findLast(({ first }) => first === First.PONG);
	return String(pong?.payload) === String(twin.ping) ? undefined : "twin: the newest ping was not answered";
}
