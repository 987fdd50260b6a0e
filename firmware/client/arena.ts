import { writeConnect } from "../codec/connect.js";
import { Counters } from "./counters.js";
import type { Settings } from "./settings.js";

/** One part of a client's memory, for those who tune it. */
export interface Region {
	/** The option that sizes it, or what it holds. */
	readonly name: string;
	/** Bytes on any device. */
	readonly bytes: number;
}

/** Sizes that no option changes. */
export const enum Fixed {
	/** Acks that may wait for room in the transmit region; when they are more, reading pauses. A power of two. */
	ACK_RING_SIZE = 16,
	/** Words that a subscription takes in its table. */
	SUBSCRIPTION_WORDS = 7,
}

/** Words of the packet log: two an entry, a power of two in all. */
export function packetLogWords(entries: number): number {
	let words = 2;
	while (words < 2 * entries) words *= 2;
	return words;
}

function aligned(size: number): number {
	return (size + 3) & ~3;
}

/** The smallest power of two that leaves the table of incoming identifiers at most half full. */
export function incomingTableSize(count: number): number {
	let size = 4;
	while (size < 2 * count) size *= 2;
	return size;
}

/**
 * All memory of one client but its objects: one buffer, cut into regions. Made once; nothing is added later.
 */
export class Arena {
	readonly buffer: ArrayBuffer;
	/** The whole buffer, for everybody: regions are addressed by offset, never by a view of their own. */
	readonly bytes: Uint8Array;
	/** The whole buffer as 32-bit words; a region that is used so is aligned. */
	readonly words: Int32Array;
	/** The whole buffer again, for reads of four bytes at any offset. */
	readonly view: DataView;
	/** CONNECT as it is sent, in full. */
	readonly connectOffset: number;
	readonly connectSize: number;
	readonly txOffset: number;
	readonly txLimit: number;
	readonly outboxOffset: number;
	readonly outboxLimit: number;
	readonly filterOffset: number;
	readonly filterLimit: number;
	/** The part of the receive window that keeps an incomplete packet. */
	readonly rxOffset: number;
	/** Where the transport puts what it reads; directly behind the former, so that a packet stands together. */
	readonly landingOffset: number;
	readonly landingLimit: number;

	constructor(settings: Settings) {
		this.connectOffset = 0;
		this.connectSize = settings.connectSize;
		this.txOffset = aligned(this.connectSize);
		this.txLimit = this.txOffset + settings.txBuffer;
		this.outboxOffset = aligned(this.txLimit);
		// Records are whole words; a last incomplete word would be unusable.
		this.outboxLimit = this.outboxOffset + (settings.outbox & ~3);
		this.filterOffset = this.outboxLimit;
		this.filterLimit = this.filterOffset + settings.filterBytes;
		this.rxOffset = aligned(this.filterLimit);
		this.landingOffset = this.rxOffset + settings.rxBuffer;
		this.landingLimit = this.landingOffset + settings.readSize;
		this.buffer = new ArrayBuffer(aligned(this.landingLimit));
		this.bytes = new Uint8Array(this.buffer);
		this.words = new Int32Array(this.buffer);
		this.view = new DataView(this.buffer);
		if (settings.connect !== undefined) writeConnect(this.bytes, 0, settings.connect);
		settings.connect = undefined;
	}
}

/** The client identifier, read from the CONNECT packet (§3.1.3.1). Allocates. */
export function clientIdOf(arena: Arena): string {
	let at = 1;
	while (arena.bytes[at]! > 127) at++;
	// Behind the length: protocol name and level, flags, keep alive.
	at += 1 + 10;
	return String.fromArrayBuffer(arena.buffer, at + 2, (arena.bytes[at]! << 8) | arena.bytes[at + 1]!);
}

/**
 * What a client with these settings takes, region by region, beside its JavaScript objects.
 */
export function regionSizes(settings: Settings): readonly Region[] {
	return [
		{ name: "CONNECT packet", bytes: aligned(settings.connectSize) },
		{ name: "txBuffer", bytes: aligned(settings.txBuffer) },
		{ name: "outbox", bytes: settings.outbox & ~3 },
		{ name: "filterBytes", bytes: aligned(settings.filterBytes) },
		{ name: "rxBuffer", bytes: settings.rxBuffer },
		{ name: "readSize", bytes: settings.readSize },
		{ name: "inflight", bytes: settings.inflight * 2 },
		{ name: "incomingQoS2", bytes: incomingTableSize(settings.incomingQoS2) * 2 },
		{ name: "subscriptions", bytes: settings.subscriptions * Fixed.SUBSCRIPTION_WORDS * 4 },
		{ name: "packetLog", bytes: packetLogWords(settings.packetLog) * 4 },
		{ name: "acks", bytes: Fixed.ACK_RING_SIZE * 4 },
		{ name: "counters", bytes: Counters.COUNT * 4 },
	];
}
