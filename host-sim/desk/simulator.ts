import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { CliError } from "../terminal/exit.js";
import { findProgram, type Sdk } from "./sdk.js";

/** A command of one's own that runs a simulator build, given its path, and prints what it traces. */
const COMMAND_VARIABLE = "XS_MQTT_SIMULATOR";
/** Nobody listens there: a build for debugging then runs on its own, whatever debugger is open. */
const NO_DEBUGGER = { XSBUG_HOST: "127.0.0.1", XSBUG_PORT: "9" };

/** How long it may take to end. */
const END_MS_MAX = 3_000;

/** A program that runs on the SDK's simulator. */
export class SimulatorRun {
	/** What it has traced. */
	output = "";
	/** The process has ended, by itself or by stop(). */
	ended = false;
	readonly #child: ChildProcess;
	readonly #over: Promise<void>;

	constructor(sdk: Sdk, binary: string) {
		const [command, ...args] = commandFor(sdk, binary);
		// A session bus would have an open simulator run it instead of this one.
		const environment = { ...sdk.environment, ...NO_DEBUGGER, DBUS_SESSION_BUS_ADDRESS: "disabled:" };
		this.#child = spawn(command!, args, { env: environment, stdio: ["ignore", "pipe", "pipe"], detached: true });
		const take = (chunk: Buffer): void => void (this.output += chunk.toString());
		this.#child.stdout?.on("data", take);
		this.#child.stderr?.on("data", take);
		this.#over = new Promise((resolve) => {
			const end = (): void => {
				this.ended = true;
				resolve();
			};
			this.#child.once("error", (error) => {
				this.output += `${error.message}\n`;
				end();
			});
			this.#child.once("close", end);
		});
	}

	/** Waits until something is so. Throws CliError with what was traced when it takes too long, or the program ends. */
	async until(what: string, done: () => boolean, msMax = 20_000): Promise<void> {
		const end = Date.now() + msMax;
		while (!done()) {
			if (this.ended) throw new CliError(`it ended before this: ${what}\n${this.output.slice(-2000)}`);
			if (Date.now() > end) throw new CliError(`not within ${msMax / 1000} s: ${what}\n${this.output.slice(-2000)}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** Ends the program. The broker gets no word from it, as after a loss of power. */
	async stop(): Promise<void> {
		const pid = Number(/^pid (\d+)$/m.exec(this.output)?.[1]);
		// A display that was made for it is put away when the simulator, and only that, is ended.
		this.#kill(Number.isNaN(pid) ? this.#group : pid, "SIGTERM");
		const timer = setTimeout(() => this.#kill(this.#group, "SIGKILL"), END_MS_MAX);
		await this.#over;
		clearTimeout(timer);
	}

	/** The process and all that it has started. */
	get #group(): number | undefined {
		return this.#child.pid === undefined ? undefined : -this.#child.pid;
	}

	#kill(pid: number | undefined, signal: NodeJS.Signals): void {
		if (this.ended || pid === undefined) return;
		try {
			process.kill(pid, signal);
		} catch {
			// It has just ended.
		}
	}
}

/** Says in one line why programs cannot be run here; undefined when they can. */
export function simulatorMissing(sdk: Sdk): string | undefined {
	if (process.env[COMMAND_VARIABLE]) return undefined;
	if (sdk.system !== "lin") return `running the simulator without its window is for Linux (or set ${COMMAND_VARIABLE})`;
	if (!process.env["DISPLAY"] && findProgram("xvfb-run", sdk.environment) === undefined) {
		return "no display, and no xvfb-run to have one made (package xvfb)";
	}
	return findProgram("mcsim", sdk.environment) === undefined ? "mcsim is not built" : undefined;
}

function commandFor(sdk: Sdk, binary: string): string[] {
	const own = process.env[COMMAND_VARIABLE];
	// Into a pipe, the simulator would keep its lines until it has many.
	const mcsim = ["stdbuf", "-oL", "mcsim", join(sdk.root, "build/simulators"), binary];
	const command = own ? [...own.split(" "), binary] : mcsim;
	const display = own || process.env["DISPLAY"] ? [] : ["xvfb-run", "-a"];
	return [...display, "sh", "-c", 'echo "pid $$"; exec "$@"', "sh", ...command];
}
