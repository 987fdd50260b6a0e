import { expect } from "vitest";
import { Layer, State } from "xs-mqtt";
import { packetsOf, type Sent } from "../client/model-server.js";
import { inState, type Harness, type HarnessOptions } from "../support/core-harness.js";
import { bytesOf, hexOf } from "../support/hex.js";

/**
 * What the conformance tests have in common. Everything that a client sends is read here by a reader of its own, written
 * from the standard, which throws when a packet has a byte too many or too few.
 */

/** Well-formed text of one to four bytes a character. */
export const TEXT = "aé€😀";

/** Text that cannot be an UTF-8 encoded string (§1.5.3): lone surrogates in all places. */
export const NOT_UTF8 = ["\ud800", "a\udfff", "\udc00\ud800", "\ud83da"];

/** Ill-formed UTF-8, as hex. */
export const ILL_FORMED: readonly [string, string][] = [
	["a stray continuation byte", "80"],
	["an overlong form of two bytes", "c080"],
	["another one, of U+007F", "c1bf"],
	["a lead byte without a continuation", "c361"],
	["an overlong form of three bytes", "e09fbf"],
	["the first surrogate", "eda080"],
	["the last surrogate", "edbfbf"],
	["a pair of surrogates in six bytes", "eda0bdedb880"],
	["an overlong form of four bytes", "f08fbfbf"],
	["a character above U+10FFFF", "f4908080"],
	["a form of five bytes", "f888808080"],
	["a byte that UTF-8 does not have", "ff"],
];

/** The fields of a CONNECT (§3.1) as they are on the wire. */
export interface Connect {
	firstByte: number;
	name: string;
	level: number;
	flags: number;
	keepAliveS: number;
	/** Hex of each payload field, in order. */
	fields: string[];
}

/** Walks over bytes; throws at the end instead of going past it. */
class Reader {
	at = 0;
	readonly bytes: Uint8Array;

	constructor(hex: string) {
		this.bytes = bytesOf(hex);
	}

	byte(): number {
		if (this.at >= this.bytes.length) throw new Error("the packet is shorter than its fields");
		return this.bytes[this.at++]!;
	}

	uint16(): number {
		return (this.byte() << 8) | this.byte();
	}

	/** A field with a two-byte length, as hex. */
	field(): string {
		const size = this.uint16();
		if (this.at + size > this.bytes.length) throw new Error("a field is longer than its packet");
		this.at += size;
		return hexOf(this.bytes.subarray(this.at - size, this.at));
	}

	/** Remaining Length: shortest form, and nothing behind what it says. */
	header(): number {
		const firstByte = this.byte();
		let size = 0;
		for (let i = 0; ; i++) {
			const byte = this.byte();
			size += (byte & 127) * 128 ** i;
			if (byte < 128) {
				if (byte === 0 && i > 0) throw new Error("Remaining Length is longer than needed");
				break;
			}
			if (i === 3) throw new Error("Remaining Length has more than four bytes");
		}
		if (size !== this.bytes.length - this.at) throw new Error("Remaining Length is wrong");
		return firstByte;
	}

	get done(): boolean {
		return this.at === this.bytes.length;
	}
}

/** Text of hex; throws when it is not UTF-8. A byte order mark is kept. */
export function textOfHex(hex: string): string {
	return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(hex));
}

/** Hex of text. */
export function hexOfText(text: string): string {
	return hexOf(Buffer.from(text));
}

/** A string field as it is on the wire, as hex. */
export function fieldHex(text: string): string {
	const bytes = Buffer.from(text);
	return bytes.length.toString(16).padStart(4, "0") + hexOf(bytes);
}

/** Reads exactly one CONNECT, with any number of payload fields. */
export function readConnect(hex: string): Connect {
	const reader = new Reader(hex);
	const firstByte = reader.header();
	const name = textOfHex(reader.field());
	const connect = { firstByte, name, level: reader.byte(), flags: reader.byte(), keepAliveS: reader.uint16() };
	const fields: string[] = [];
	while (!reader.done) fields.push(reader.field());
	return { ...connect, fields };
}

/** Reads exactly one SUBSCRIBE or UNSUBSCRIBE: its filters, and the requested QoS byte of each in a SUBSCRIBE. */
export function readRequest(hex: string): { firstByte: number; packetId: number; filters: string[]; qos: number[] } {
	const reader = new Reader(hex);
	const firstByte = reader.header();
	const packetId = reader.uint16();
	const filters: string[] = [];
	const qos: number[] = [];
	while (!reader.done) {
		filters.push(textOfHex(reader.field()));
		if (firstByte >> 4 === 8) qos.push(reader.byte());
	}
	return { firstByte, packetId, filters, qos };
}

/** A PUBLISH as a client has sent it. */
export interface Publish {
	firstByte: number;
	dup: boolean;
	qos: number;
	retain: boolean;
	topicName: string;
	/** 0 where the packet has no such field. */
	packetId: number;
	payload: string;
}

/** Reads exactly one PUBLISH (§3.3). */
export function readPublish(hex: string): Publish {
	const reader = new Reader(hex);
	const firstByte = reader.header();
	const qos = (firstByte >> 1) & 3;
	const topicName = textOfHex(reader.field());
	const packetId = qos > 0 ? reader.uint16() : 0;
	const payload = Buffer.from(reader.bytes.subarray(reader.at)).toString("latin1");
	return { firstByte, dup: (firstByte & 8) !== 0, qos, retain: (firstByte & 1) !== 0, topicName, packetId, payload };
}

/** Packets of one type among what was sent. */
export function packetsOfType(hex: string, type: number): Sent[] {
	return packetsOf(hex).filter(({ first }) => first >> 4 === type);
}

/** All PUBLISHes among what was sent. */
export function publishesIn(hex: string): Publish[] {
	return packetsOfType(hex, 3).map((packet) => readPublish(packet.hex));
}

/** CONNECT of a client with these options. */
export function connectOf(options: HarnessOptions = {}): Connect {
	return readConnect(inState.opening(options).opened());
}

/** One byte as hex. */
export function byteHex(value: number): string {
	return value.toString(16).padStart(2, "0");
}

/** A packet as hex: first byte, Remaining Length, the rest. */
export function packetHex(firstByte: number, rest: string): string {
	let size = rest.length / 2;
	let length = "";
	do {
		const digit = size % 128;
		size = Math.floor(size / 128);
		length += byteHex(size > 0 ? digit | 128 : digit);
	} while (size > 0);
	return byteHex(firstByte) + length + rest;
}

/**
 * The server sends this, and it is the end of the connection: nothing is sent any more, least of all DISCONNECT; nothing is
 * delivered; the driver is told to close, once; the end is reported, once, as the server's fault; and a new attempt follows.
 */
export function expectViolation(h: Harness, hex: string, pieceMax = Infinity): void {
	h.rest();
	const seen = h.seen.length;
	h.receive(hex, pieceMax);
	expectClosed(h, Layer.PROTOCOL);
	expect(h.seen.length, "messages delivered").toBe(seen);
}

/** The connection has ended just now, as in expectViolation, by this layer. */
export function expectClosed(h: Harness, layer: number): void {
	expect(h.pending + h.sent()).toBe("");
	expect(h.takeClose(), "the driver is told to close").toBe(true);
	expect(h.take()).toEqual([expect.stringMatching(new RegExp(`^disconnected ${layer}/\\d+ \\d+ retry$`))]);
	expect(h.state).toBe(State.WAITING);
}

/** The connection stands, and works. */
export function expectAlive(h: Harness): void {
	expect(h.state).toBe(State.CONNECTED);
	expect(h.takeCommands()).toEqual([]);
	expect(h.publish("alive", "", 0)).toBe(0);
	expect(h.sent()).toBe(packetHex(0x30, fieldHex("alive")));
}

/**
 * A connected client that has subscribed to some filters, and got its SUBACK; what was sent and reported is taken off.
 * Its packet identifiers start at 1, which SUBSCRIBE has used.
 */
export function subscribed(filters: readonly string[], options: HarnessOptions = {}, qos = 2): Harness {
	const h = inState.stopped({ firstId: 1, random: () => 0, ...options });
	for (const filter of filters) expect(h.subscribe(filter, qos)).toBeGreaterThanOrEqual(0);
	const request = readRequest(h.connect());
	expect(request.filters).toEqual(filters);
	h.receive(packetHex(0x90, "0001" + byteHex(qos).repeat(filters.length)));
	expect(h.take().length).toBe(1 + filters.length);
	h.rest();
	return h;
}
