/**
 * What the simulator and the process of a program say to each other: messages, each behind its size in four bytes, on the
 * process's standard input and output. A device program has no use of its own for either.
 */
import { deserialize, serialize } from "node:v8";
import type { WatchEvent } from "../watch/events.js";
import type { ClientSnapshot } from "./clients.js";

/** What a process is to run. */
export interface StartMessage {
	kind: "start";
	/** Path of the main module. */
	file: string;
	/** For people. */
	name: string;
	config: Record<string, unknown>;
	/** Files of the manifest's `data`, by name. */
	resources: Record<string, Uint8Array>;
	seed: number;
	txWindow: number;
	ticksStart: number;
	/** Modules that the manifest names, by their names: paths. */
	modules: Record<string, string>;
	/** Modules that the program gets in place of those with these names: paths. */
	instead: Readonly<Record<string, string>>;
}

/** From the simulator to the program. Those about a connection or a lookup carry its number. */
export type ToProgram =
	| StartMessage
	| { kind: "opened"; id: number }
	| { kind: "received"; id: number; bytes: Uint8Array }
	| { kind: "acknowledged"; id: number; count: number }
	| { kind: "ended"; id: number }
	| { kind: "resolved"; id: number; address: string | undefined }
	/** Stop all clients, and report them. */
	| { kind: "stop" };

/** From the program to the simulator. */
export type FromProgram =
	/** It could not be loaded. */
	| { kind: "refused"; message: string }
	/** All modules are linked; from now on its own code runs. */
	| { kind: "started" }
	| { kind: "trace"; text: string }
	| { kind: "open"; id: number; address: string; port: number }
	| { kind: "send"; id: number; bytes: Uint8Array }
	| { kind: "consumed"; id: number; count: number }
	| { kind: "close"; id: number }
	| { kind: "resolve"; id: number; host: string }
	| { kind: "unresolve"; id: number }
	/** An exception; nothing of the program runs any more. */
	| { kind: "escape"; message: string; stack: readonly string[]; clients: ClientSnapshot[] }
	/** Something that a client goes through. */
	| { kind: "watch"; event: WatchEvent }
	/** About once a second. */
	| { kind: "clients"; clients: ClientSnapshot[] }
	/** Nothing can happen any more by itself. */
	| { kind: "idle"; clients: ClientSnapshot[] }
	/** The stop has arrived, and its clients may take so long. */
	| { kind: "stopping"; limitMs: number }
	/** All clients are at rest, or their time is over. */
	| { kind: "stopped"; clients: ClientSnapshot[] };

const HEAD_SIZE = 4;

/** One message as bytes. */
export function encodeFrame(message: ToProgram | FromProgram): Buffer {
	const body = serialize(message);
	const head = Buffer.allocUnsafe(HEAD_SIZE);
	head.writeUInt32LE(body.length);
	return Buffer.concat([head, body]);
}

/** Puts arrivals together and hands out whole messages. */
export class FrameReader<Message> {
	readonly #take: (message: Message) => void;
	#pieces: Buffer[] = [];
	#size = 0;

	constructor(take: (message: Message) => void) {
		this.#take = take;
	}

	add(piece: Buffer): void {
		this.#pieces.push(piece);
		this.#size += piece.length;
		if (this.#size < HEAD_SIZE) return;
		let bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
		while (bytes.length >= HEAD_SIZE) {
			const end = HEAD_SIZE + bytes.readUInt32LE(0);
			if (bytes.length < end) break;
			this.#take(deserialize(bytes.subarray(HEAD_SIZE, end)) as Message);
			bytes = bytes.subarray(end);
		}
		this.#pieces = bytes.length > 0 ? [bytes] : [];
		this.#size = bytes.length;
	}
}
