import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { atExit } from "../terminal/at-exit.js";
import { encodeFrame, FrameReader, type FromProgram, type ToProgram } from "./program/frames.js";
import { HEAP_MB_MAX, OUT_OF_MEMORY } from "./program/limits.js";
import type { Wire } from "../world/link.js";
import type { SocketWorld } from "../world/socket-world.js";
import { compiledUrl } from "../stand-ins/stand-ins.js";

/** Node's options for the process of a program. */
const NODE_OPTIONS = [
	"--experimental-vm-modules",
	"--experimental-import-meta-resolve",
	"--disallow-code-generation-from-strings",
	"--no-warnings",
	`--max-old-space-size=${HEAP_MB_MAX}`,
];

/** How long a process that is told to end may take, in ms. */
const END_MS = 500;

/** How a process has ended that was not told to. */
export interface ProcessEnd {
	exitCode: number | null;
	signal: NodeJS.Signals | null;
	/** What it wrote for people. */
	stderr: string;
}

/** The process of one program on Node, tied to a world in this one. */
export class NodeProcess {
	/** Gets what is not about the network. */
	onMessage: (message: FromProgram) => void = () => {};
	/** The process has ended. */
	onEnd: (end: ProcessEnd) => void = () => {};
	readonly #child: ChildProcess;
	readonly #closed: Promise<void>;
	readonly #undo: () => void;
	readonly #links = new Map<number, Wire>();
	readonly #lookups = new Map<number, () => void>();
	#world: SocketWorld | undefined;
	#ended = false;

	/** Starts it; until it is told what to run it does nothing. */
	constructor() {
		const child = fileURLToPath(compiledUrl("host-sim/simulator/program/child.js"));
		this.#child = spawn(process.execPath, [...NODE_OPTIONS, child], { stdio: ["pipe", "pipe", "pipe"] });
		this.#undo = atExit(() => this.#child.kill("SIGKILL"));
		const reader = new FrameReader<FromProgram>((message) => this.#take(message));
		this.#child.stdout?.on("data", (bytes: Buffer) => reader.add(bytes));
		let stderr = "";
		this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-STDERR_MAX)));
		// It may be gone before it has read all.
		this.#child.stdin?.on("error", () => {});
		this.#closed = new Promise((resolve) => {
			const close = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
				this.#undo();
				resolve();
				if (this.#ended) return;
				this.#ended = true;
				this.onEnd({ exitCode, signal, stderr });
			};
			this.#child.on("error", (error) => {
				stderr += error.message;
				close(null, null);
			});
			this.#child.on("close", close);
		});
	}

	/** Ties the program's network to a world. */
	join(world: SocketWorld): void {
		this.#world = world;
	}

	say(message: ToProgram): void {
		if (!this.#ended) this.#child.stdin?.write(encodeFrame(message));
	}

	/** Ends the process, by force if it does not come back or that is asked for. Nothing is told any more. */
	async end(byForce = false): Promise<void> {
		this.#ended = true;
		this.#child.stdin?.end();
		if (byForce) this.#child.kill("SIGKILL");
		const killer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
		await this.#closed;
		clearTimeout(killer);
	}

	#take(message: FromProgram): void {
		if (this.#ended) return;
		const world = this.#world;
		switch (message.kind) {
			case "open":
				return this.#open(message.id, message.address, message.port);
			case "send":
				return this.#links.get(message.id)?.send(message.bytes);
			case "consumed":
				return this.#links.get(message.id)?.consumed(message.count);
			case "close":
				this.#links.get(message.id)?.close();
				this.#links.delete(message.id);
				return;
			case "resolve": {
				const { id, host } = message;
				const done = (address: string | undefined): void => {
					this.#lookups.delete(id);
					this.say({ kind: "resolved", id, address });
				};
				if (world) this.#lookups.set(id, world.resolve(host, done));
				return;
			}
			case "unresolve":
				this.#lookups.get(message.id)?.();
				this.#lookups.delete(message.id);
				return;
			case "trace":
				return world?.onTrace(message.text);
			default:
				this.onMessage(message);
		}
	}

	#open(id: number, address: string, port: number): void {
		const wire = this.#world?.open(address, port, {
			opened: () => this.say({ kind: "opened", id }),
			received: (bytes) => this.say({ kind: "received", id, bytes }),
			acknowledged: (count) => this.say({ kind: "acknowledged", id, count }),
			ended: () => {
				this.#links.delete(id);
				this.say({ kind: "ended", id });
			},
		});
		if (wire) this.#links.set(id, wire);
	}
}

/** As much of what a process wrote last is kept, in characters. */
const STDERR_MAX = 10_000;

/** One line about a process that ended unasked. */
export function describeEnd({ exitCode, signal, stderr }: ProcessEnd): string {
	// Node's own message about its heap is a screenful.
	if (signal === OUT_OF_MEMORY || /out of memory|heap limit/i.test(stderr))
		return `the program needs more memory than any device has: over ${HEAP_MB_MAX} MB of objects, or 1 GB in all`;
	const said = stderr.trim().split("\n").at(-1) ?? "";
	return `the program's process was ended by ${signal ?? `itself with ${exitCode}`}${said ? `: ${said}` : ""}`;
}
