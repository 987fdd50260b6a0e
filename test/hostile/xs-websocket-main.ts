// Runs on the XS host: every hostile answer and frame, in every way, each between two samples of the engine's counters.
import config from "mc/config";
import * as counters from "xs-host/counters";
import type { Transport, TransportSetup } from "xs-mqtt";
import { webSocket } from "xs-mqtt/websocket";

interface Given {
	readonly isAnswer: boolean;
	readonly hex: string;
}

const { entries, answer, random } = config as unknown as { entries: Given[]; answer: string; random: number };

const RX = 64;
const RX_SIZE = 256;
const TX = 512;
const OWN = 1024;
const SENT_MAX = 1_024;

function bytesOf(hex: string): Uint8Array {
	const bytes = new Uint8Array(hex.length >> 1);
	for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}

function hexOf(bytes: Uint8Array, size: number): string {
	let hex = "";
	for (let i = 0; i < size; i++) hex += (256 + bytes[i]!).toString(16).slice(1);
	return hex === "" ? "-" : hex;
}

/** What stands below, and above. Allocates nothing once it is made. */
class Stage implements Transport {
	readable = 0;
	readonly sent = new Uint8Array(SENT_MAX);
	sentSize = 0;
	readonly received = new Uint8Array(SENT_MAX);
	receivedSize = 0;
	end = 0;
	detail = 0;
	ends = 0;
	closes = 0;
	wakes = 0;
	readonly bytes: Uint8Array;
	readonly outer: Transport;
	setup: TransportSetup | undefined;
	inbox: Uint8Array = this.sent;
	from = 0;

	constructor() {
		const factory = webSocket({
			over: (setup) => {
				this.setup = setup;
				return this;
			},
			random: () => random,
		});
		this.bytes = new Uint8Array(OWN + factory.ownSize!);
		this.outer = factory({
			...{ buffer: this.bytes.buffer as ArrayBuffer, rxOffset: RX, rxSize: RX_SIZE, txOffset: TX, txSize: 256 },
			...{ ownOffset: OWN, views: 8, host: "broker.test", port: 80, dns: undefined, listener: this },
		});
	}

	open(): void {
		this.readable = 0;
	}

	close(): void {
		this.closes++;
		this.readable = 0;
	}

	read(countMax: number): number {
		const count = this.readable < countMax ? this.readable : countMax;
		for (let i = 0; i < count; i++) this.bytes[RX + i] = this.inbox[this.from + i]!;
		this.from += count;
		this.readable -= count;
		return count;
	}

	write(count: number): number {
		const at = this.setup!.txOffset;
		for (let i = 0; i < count; i++) this.sent[this.sentSize++] = this.bytes[at + i]!;
		return count;
	}

	handleResolved(): void {}

	handleConnected(): void {}

	handleOpened(): void {
		this.handleReadable();
	}

	handleReadable(): void {
		while (this.outer.readable > 0) {
			const count = this.outer.read(RX_SIZE);
			for (let i = 0; i < count; i++) this.received[this.receivedSize++] = this.bytes[RX + i]!;
		}
	}

	handleWritable(): void {}

	handleEnded(end: number, detail = 0): void {
		this.ends++;
		this.end = end;
		this.detail = detail;
	}

	wake(): void {
		this.wakes++;
	}

	/** Bytes arrive, as one arrival. */
	arrive(bytes: Uint8Array, from: number, to: number): void {
		this.inbox = bytes;
		this.from = from;
		this.readable = to - from;
		this.setup!.listener.handleReadable();
		for (; this.wakes > 0; this.wakes--) this.outer.turn!();
	}

	/** 0: whole; 1: byte by byte; 2 and more: cut at that place less 1. */
	run(entry: Uint8Array, opening: Uint8Array | undefined, way: number): void {
		this.outer.open("broker.test", 80);
		this.ends = this.end = this.detail = this.closes = 0;
		this.setup!.listener.handleOpened();
		if (opening !== undefined) this.arrive(opening, 0, opening.length);
		this.sentSize = this.receivedSize = 0;
		const size = entry.length;
		if (way === 0) this.arrive(entry, 0, size);
		else if (way === 1) for (let i = 0; i < size; i++) this.arrive(entry, i, i + 1);
		else {
			this.arrive(entry, 0, way - 1);
			this.arrive(entry, way - 1, size);
		}
	}

	/** One number for what came of it. */
	get sum(): number {
		let sum = (this.end * 100_003 + this.detail * 31 + this.ends * 7 + this.closes) | 0;
		for (let i = 0; i < this.sentSize; i++) sum = Math.imul(sum ^ this.sent[i]!, 0x01000193);
		for (let i = 0; i < this.receivedSize; i++) sum = Math.imul(sum ^ this.received[i]!, 0x01000193);
		return sum;
	}
}

export default function start(): void {
	const stage = new Stage();
	const opening = bytesOf(answer);
	stage.run(bytesOf(entries[0]!.hex), undefined, 0);
	for (let id = 0; id < entries.length; id++) {
		const { isAnswer, hex } = entries[id]!;
		const entry = bytesOf(hex);
		const behind = isAnswer ? undefined : opening;
		// Of a long one not every cut.
		const step = entry.length > 2_000 ? 97 : 1;
		let ways = 0;
		let others = 0;
		counters.begin(1);
		stage.run(entry, behind, 0);
		const first = stage.sum;
		for (let way = 1; way <= entry.length; way += step, ways++) {
			stage.run(entry, behind, way);
			if (stage.sum !== first) others++;
		}
		counters.end(1);
		const took = `${counters.slots(1)}/${counters.chunkBytes(1)}/${counters.collections(1)}`;
		const { end, detail, ends, closes } = stage;
		const said = hexOf(stage.sent, stage.sentSize);
		const got = hexOf(stage.received, stage.receivedSize);
		trace(`${id} ${end} ${detail} ${ends} ${closes} ${said} ${got} ${ways} ${others} ${took}\n`);
	}
	counters.stop();
}
