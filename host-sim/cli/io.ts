import { writeSync } from "node:fs";
import type { Readable } from "node:stream";

/** What a command reads from and writes to; a process's own files, or a test's. */
export interface Io {
	/** Takes all of it before it returns; a slow reader slows the command down. Throws EndOfOutput. */
	out(chunk: string | Uint8Array): void;
	/** One line for people, without its end. */
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

/** The files of this process. */
export const processIo: Io = {
	out: (chunk) => writeAll(1, chunk),
	err: (line) => {
		try {
			writeAll(2, `${line}\n`);
		} catch (error) {
			// Nobody listens; what was to be said is of no use any more.
			if (!(error instanceof EndOfOutput)) throw error;
		}
	},
	input: () => process.stdin,
	colours: process.stderr.isTTY && !process.env["NO_COLOR"],
};

/** How long to wait for a reader that is behind, each time. */
const PAUSE_MS = 2;

/**
 * Writes all bytes to a file descriptor. A pipe that takes no more is waited for on the spot: so the broker is slowed
 * down by TCP, and memory does not grow.
 */
function writeAll(fd: number, chunk: string | Uint8Array): void {
	const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
	for (let offset = 0; offset < bytes.length;) {
		try {
			offset += writeSync(fd, bytes, offset);
		} catch (error) {
			const code = (error as NodeJS.ErrnoException).code;
			if (code === "EPIPE" || code === "EOF") throw new EndOfOutput();
			if (code !== "EAGAIN") throw error;
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
		}
	}
}
