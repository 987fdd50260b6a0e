/** Where payloads come from: files and standard input, without ever holding them in memory. */
import { closeSync, createReadStream, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { PayloadSource } from "../../firmware/client/terms/options.js";
import { Max } from "../../firmware/codec/constants.js";
import { bytesOfArgument } from "../terminal/arguments.js";
import { CliError } from "../terminal/exit.js";
import { systemErrorText } from "../terminal/reasons.js";

/** An open file that can be read at any position. */
export interface PayloadFile {
	fd: number;
	/** Bytes. */
	size: number;
}

/** Opens a file to be sent. What cannot be read twice, such as a pipe, is copied to a temporary file. Throws CliError. */
export async function openPayload(path: string): Promise<PayloadFile> {
	let fd: number;
	try {
		// As bytes: a name need not be UTF-8.
		fd = openSync(bytesOfArgument(path), "r");
	} catch (error) {
		throw new CliError(`-f: ${path} cannot be opened: ${systemErrorText(error)}`);
	}
	const stat = fstatSync(fd);
	if (stat.isDirectory()) throw new CliError(`-f: ${path} cannot be sent: it is a folder`);
	// A size of 0 may also mean that nobody knows it yet, as in /proc.
	if (!stat.isFile() || stat.size === 0) {
		return spool(createReadStream(path, { fd }), path);
	}
	checkSize(stat.size, path);
	return { fd, size: stat.size };
}

/** Copies a stream to a temporary file that nobody else sees, and that is gone with the process. Throws CliError. */
export async function spool(stream: Readable, name: string): Promise<PayloadFile> {
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-"));
	const fd = openSync(join(folder, "payload"), "wx+", 0o600);
	// The open descriptor keeps the bytes; without a name nothing is left behind, however the process ends.
	rmSync(folder, { recursive: true, force: true });
	let size = 0;
	try {
		for await (const chunk of stream as AsyncIterable<Buffer>) {
			checkSize(size + chunk.length, name);
			for (let offset = 0; offset < chunk.length;) offset += writeSync(fd, chunk, offset);
			size += chunk.length;
		}
	} catch (error) {
		closeSync(fd);
		throw error instanceof CliError ? error : new CliError(`${name} cannot be read: ${systemErrorText(error)}`);
	}
	return { fd, size };
}

/** A packet holds at most this, header and topic included (MQTT 3.1.1, 2.2.3). */
function checkSize(size: number, name: string): void {
	if (size <= Max.REMAINING_LENGTH) return;
	throw new CliError(`${name} is too large for MQTT: more than ${Max.REMAINING_LENGTH} bytes`);
}

/** A payload that stands in a file. Reading is synchronous: the piece that is wanted is there when it is wanted. */
export class FileSource implements PayloadSource {
	readonly #fd: number;
	readonly #finished: () => void;

	constructor(fd: number, finished: () => void) {
		this.#fd = fd;
		this.#finished = finished;
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		try {
			// 0: the file has become shorter than was announced, and the publish cannot be completed.
			return readSync(this.#fd, target, offset, size, position) || -1;
		} catch {
			return -1;
		}
	}

	finished(): void {
		this.#finished();
	}
}

/** A payload in memory, for single messages that are larger than the outbox. */
export class MemorySource implements PayloadSource {
	readonly #bytes: Uint8Array;
	readonly #finished: () => void;

	constructor(bytes: Uint8Array, finished: () => void) {
		this.#bytes = bytes;
		this.#finished = finished;
	}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		const piece = this.#bytes.subarray(position, position + size);
		target.set(piece, offset);
		return piece.length;
	}

	finished(): void {
		this.#finished();
	}
}

const NEWLINE = 0x0a;

/**
 * The lines of a stream, without their ends, in order: all that one chunk completes at a time, because a promise for each
 * would cost more than sending it. A last line needs no end. The stream is read only as fast as lines are taken. Memory:
 * one line and one chunk. Throws CliError for a line that no packet can hold.
 */
export async function* linesOf(stream: Readable): AsyncGenerator<Uint8Array[]> {
	let parts: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of stream as AsyncIterable<Buffer>) {
		const lines: Uint8Array[] = [];
		let start = 0;
		for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
			const piece = chunk.subarray(start, end);
			lines.push(size === 0 ? piece : Buffer.concat([...parts, piece]));
			parts = [];
			size = 0;
			start = end + 1;
		}
		if (start < chunk.length) {
			parts.push(chunk.subarray(start));
			size += chunk.length - start;
			checkSize(size, "a line of standard input");
		}
		if (lines.length > 0) yield lines;
	}
	if (size > 0) yield [Buffer.concat(parts)];
}
