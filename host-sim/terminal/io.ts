import { fstatSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { CliError } from "./exit.js";
import { systemErrorText } from "./reasons.js";

/** What a command reads from and writes to; a process's own files, or a test's. */
export interface Io {
	/** Takes all of it before it returns; a slow reader slows the command down. Throws EndOfOutput, CliError. */
	out(chunk: string | Uint8Array): void;
	/** Takes as much as there is room for now. out: bytes taken, 0 for none. Throws EndOfOutput, CliError. */
	offer(bytes: Uint8Array): number;
	/** One line for people, without its end. One that nobody can have is dropped. */
	err(line: string): void;
	/** Standard input. A function, because merely touching a process's own keeps it open. */
	input(): Readable;
	/** Whether lines for people may be coloured. */
	readonly colours: boolean;
}

/** Whoever read our output has gone; the command ends quietly. */
export class EndOfOutput extends Error {
	override name = "EndOfOutput";
}

/** How long to wait for a reader that is behind, each time. */
const PAUSE_MS = 2;

/** How long a line for people waits for its reader: whoever does not read errors shall not keep the command. */
const ERROR_WAIT_MS = 500;

/** What is left of it, for all lines until one is taken. */
let patienceMs = ERROR_WAIT_MS;

/** The files of this process. */
export const processIo: Io = {
	out: (chunk) => {
		const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
		let restore: (() => void) | undefined;
		try {
			for (let offset = 0; offset < bytes.length;) {
				const count = processIo.offer(bytes.subarray(offset));
				offset += count;
				if (count > 0) continue;
				restore ??= letSignalsEndUs();
				pause();
			}
		} finally {
			restore?.();
		}
	},
	offer: (bytes) => {
		neverBlock();
		try {
			return writeSync(1, bytes);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			if (code === "EAGAIN") return 0;
			if (code === "EPIPE" || code === "EOF") throw new EndOfOutput();
			throw new CliError(`standard output cannot be written: ${systemErrorText(error)}`);
		}
	},
	err: (line) => {
		const bytes = Buffer.from(`${line}\n`);
		try {
			for (let offset = 0; offset < bytes.length;) {
				try {
					offset += writeSync(2, bytes, offset);
					patienceMs = ERROR_WAIT_MS;
				} catch (error) {
					if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || patienceMs <= 0) throw error;
					pause();
					patienceMs -= PAUSE_MS;
				}
			}
		} catch {
			// It cannot be said anywhere else: the exit code tells.
		}
	},
	input: () => process.stdin,
	colours: process.stderr.isTTY && !process.env["NO_COLOR"],
};

let looked = false;

/** Makes writes to standard output come back when there is no room, instead of waiting where no signal is heard. */
function neverBlock(): void {
	if (looked) return;
	looked = true;
	try {
		// Node sets pipes to this as soon as it makes a stream of them, and sets them back when it ends.
		if (!fstatSync(1).isFile()) void process.stdout;
	} catch {
		// Closed: writing will say so.
	}
}

function pause(): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/**
 * While we wait for a reader on the spot, no listener of ours is called: a signal then does what it does to any program.
 *
 * out  puts the listeners back
 */
function letSignalsEndUs(): () => void {
	const kept = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => {
		const listeners = process.listeners(signal);
		for (const listener of listeners) process.off(signal, listener);
		return { signal, listeners };
	});
	return () => {
		for (const { signal, listeners } of kept) for (const listener of listeners) process.on(signal, listener);
	};
}
