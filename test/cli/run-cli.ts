import { spawn, type ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Io } from "../../host-sim/terminal/io.js";
import { runCli } from "../../host-sim/commands/program.js";
import { registerRun } from "../../host-sim/commands/run.js";
import { registerTorture } from "../../host-sim/commands/torture.js";

/** The command as it is installed. */
export const CLI = fileURLToPath(new URL("../../dist/host-sim/cli.js", import.meta.url));

/** What a command left. */
export interface Outcome {
	exitCode: number | null;
	out: Buffer;
	/** Standard error, whole. */
	err: string;
}

/** Runs a command line in this process: fast, for everything that ends before a connection is made. */
export async function runInProcess(...args: string[]): Promise<Outcome> {
	const out: Buffer[] = [];
	let err = "";
	const io: Io = {
		out: (chunk) => void out.push(Buffer.from(chunk)),
		offer: (bytes) => out.push(Buffer.from(bytes)) && bytes.length,
		err: (line) => void (err += `${line}\n`),
		input: () => Readable.from([]),
		colours: false,
	};
	const exitCode = await runCli(args, io, "0.0.0", (...more) => {
		registerRun(...more);
		registerTorture(...more);
	});
	return { exitCode, out: Buffer.concat(out), err };
}

/** A running process, `xs-mqtt` or another. It is killed when the test is over. */
export class Running {
	readonly child: ChildProcess;
	readonly ended: Promise<Outcome>;
	readonly #out: Buffer[] = [];
	#err = "";

	constructor(program: string, args: readonly string[], input?: string | Buffer) {
		this.child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
		onTestFinished(() => void this.child.kill("SIGKILL"));
		this.child.stdout?.on("data", (chunk: Buffer) => this.#out.push(chunk));
		this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#err += text));
		// A command that ends early leaves its input unread.
		this.child.stdin?.on("error", () => undefined);
		if (input !== undefined) this.child.stdin?.end(input);
		this.ended = new Promise((resolve, reject) => {
			this.child.once("error", reject);
			this.child.once("close", (exitCode) => {
				resolve({ exitCode, out: Buffer.concat(this.#out), err: this.#err });
			});
		});
	}

	/** Standard output so far. */
	get out(): string {
		return Buffer.concat(this.#out).toString();
	}

	/** Standard error so far. */
	get err(): string {
		return this.#err;
	}

	/** Waits until standard error matches. Throws after 10 s, or when the process ends without. */
	async waitForErr(pattern: RegExp): Promise<void> {
		for (const end = Date.now() + 10_000; Date.now() < end && this.child.exitCode === null;) {
			if (pattern.test(this.#err)) return;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		if (!pattern.test(this.#err)) throw new Error(`no line that matches ${pattern}: ${this.#err}`);
	}
}

/** Starts the command as it is installed. */
export function startCli(args: readonly string[], input?: string | Buffer): Running {
	return new Running(process.execPath, [CLI, ...args], input);
}

/** Runs the command as it is installed, to its end. */
export function runCliProcess(args: readonly string[], input: string | Buffer = ""): Promise<Outcome> {
	return startCli(args, input).ended;
}

/** A line for a shell that runs the command as it is installed; in the arguments, \\377 and the like are bytes. */
export function shellCommand(args: readonly string[]): string {
	return [process.execPath, CLI].concat(args.map((arg) => `"$(printf -- '${arg.replaceAll("%", "%%")}')"`)).join(" ");
}
