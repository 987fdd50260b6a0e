import { readFileSync } from "node:fs";
import { bytesOf } from "../support/hex.js";

/** A long text of a vector. */
export interface Repeated {
	repeat: string;
	count: number;
}

/** What a packet says; a field that its kind does not have is absent. */
export interface VectorFields {
	packet: string;
	packetId?: number;
	protocolName?: string;
	protocolLevel?: number;
	cleanSession?: boolean;
	keepAlive?: number;
	clientId?: string | Repeated;
	userName?: string;
	passwordHex?: string;
	will?: { topic: string; payloadHex: string; qos: number; retain: boolean };
	sessionPresent?: boolean;
	returnCode?: number;
	topic?: string | Repeated;
	qos?: number;
	retain?: boolean;
	dup?: boolean;
	payloadHex?: string;
	payloadLength?: number;
	payloadByteHex?: string;
	subscriptions?: { filter: string | Repeated; qos: number }[];
	filters?: string[];
	returnCodes?: number[];
}

/** One valid packet, from vectors.json, which says in its `about` where they come from. */
export interface Vector {
	name: string;
	version: "3.1.1" | "5.0";
	direction: "client->server" | "server->client";
	hex?: string;
	generator?: { prefixHex: string; repeatHex: string; count: number; suffixHex: string };
	length: number;
	sha256: string;
	fields: VectorFields;
}

/** One input that a client has to survive, from malformed.json. */
export interface Malformed {
	id: string;
	version: "3.1.1" | "5.0";
	/** The state of the client before it comes. */
	precondition: string;
	hex: string;
	/** What is wrong with it. */
	why: string;
	/** Rows of the conformance tables: statement ids. */
	statements: string[];
	class: "malformed" | "protocol" | "limit" | "ignore" | "answer" | "wait" | "refuse";
	/** Only a client in a certain state can see it; a decoder alone accepts it. */
	needsState: boolean;
	reaction: string;
}

function read(name: string): unknown {
	return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
}

/** Every valid packet of both versions. */
export const vectors: readonly Vector[] = (read("vectors.json") as { vectors: Vector[] }).vectors;

/** Every malformed input of both versions. */
export const malformed: readonly Malformed[] = read("malformed.json") as Malformed[];

/** Packets of one version that one side sends. */
export function vectorsOf(version: Vector["version"], direction: Vector["direction"]): readonly Vector[] {
	return vectors.filter((vector) => vector.version === version && vector.direction === direction);
}

/** The whole packet. */
export function bytesOfVector(vector: Vector): Uint8Array {
	if (vector.hex !== undefined) return bytesOf(vector.hex);
	if (!vector.generator) throw new Error(`${vector.name}: neither hex nor generator`);
	const { prefixHex, repeatHex, count, suffixHex } = vector.generator;
	const middle = Buffer.alloc(count * (repeatHex.length / 2), repeatHex, "hex");
	return Uint8Array.from(Buffer.concat([bytesOf(prefixHex), middle, bytesOf(suffixHex)]));
}

/** A text of a vector in full. */
export function textOf(text: string | Repeated): string {
	return typeof text === "string" ? text : text.repeat.repeat(text.count);
}

/** The payload of a PUBLISH vector. */
export function payloadOf(fields: VectorFields): Uint8Array {
	if (fields.payloadHex !== undefined) return bytesOf(fields.payloadHex);
	return new Uint8Array(fields.payloadLength ?? 0).fill(parseInt(fields.payloadByteHex ?? "", 16));
}
