import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { findProgram, mosquittoMissing } from "./mosquitto-check.js";
import { freePort } from "./port.js";

export { findProgram, freePort, mosquittoMissing };

/** How a broker is set up. Everything absent is as in a mosquitto that allows anonymous clients. */
export interface MosquittoOptions {
	/**
	 * Keep sessions, retained and queued messages in a file: they outlive the process. The file is written a moment after
	 * a change; a test that kills the broker calls save() before when the last change matters.
	 */
	persistence?: boolean;
	/** Default: true without `users`, else false. */
	allowAnonymous?: boolean;
	/** User names and their passwords. */
	users?: Readonly<Record<string, string>>;
	/** Lines of an acl file, e.g. `["user anna", "topic readwrite a/#"]`. */
	acl?: readonly string[];
	/** More lines of mosquitto.conf, e.g. `["max_inflight_messages 1"]`; `{folder}` stands for the broker's. */
	config?: readonly string[];
	/** Files in the broker's folder, by name. */
	files?: Readonly<Record<string, string>>;
}

const PORT_ATTEMPTS_MAX = 5;
const START_MS_MAX = 10_000;

/** `describe` for tests that need mosquitto; they are skipped where it is not installed (see mosquitto-check.ts). */
export const describeWithMosquitto = describe.skipIf(mosquittoMissing !== undefined);

/** Brokers to be removed when the test process ends before their test has stopped them. */
const running = new Set<Mosquitto>();
process.once("exit", () => running.forEach((broker) => broker.removeNow()));

/** A mosquitto of our own on a loopback port, with a folder of its own. Ends with the test process at the latest. */
export class Mosquitto {
	/** Loopback port; the same after a restart. */
	readonly port: number;
	/** Everything the broker has logged since it was first started. */
	log = "";
	/** Its own, with its `files`. */
	readonly folder: string;
	#child: ChildProcess | undefined;

	private constructor(port: number, folder: string) {
		this.port = port;
		this.folder = folder;
		running.add(this);
	}

	/** For the end of the test process, where nothing can be awaited. */
	removeNow(): void {
		this.#child?.kill("SIGKILL");
		rmSync(this.folder, { recursive: true, force: true });
	}

	/** Starts a broker and waits until it listens. Throws with the broker's log when it does not come up. */
	static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
		for (let attempt = 1; ; attempt++) {
			const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-mosquitto-"));
			const broker = new Mosquitto(await freePort(), folder);
			writeFileSync(join(folder, "mosquitto.conf"), configuration(broker.port, folder, options));
			try {
				await broker.restart();
				return broker;
			} catch (error) {
				await broker.stop();
				// Between our look and the broker's bind someone else may have taken the port.
				if (attempt >= PORT_ATTEMPTS_MAX || !broker.log.includes("Address already in use")) throw error;
			}
		}
	}

	/** URL of the broker. */
	get url(): string {
		return `mqtt://127.0.0.1:${this.port}`;
	}

	/** Process id; 0 while it is not running. */
	get pid(): number {
		return this.#child?.pid ?? 0;
	}

	/** Starts the broker again, as it was set up, after kill() or stop(). */
	async restart(): Promise<void> {
		if (this.#child) await this.kill("SIGTERM");
		const program = findProgram("mosquitto");
		if (!program) throw new Error(mosquittoMissing);
		const child = spawn(program, ["-c", join(this.folder, "mosquitto.conf")], { stdio: ["ignore", "ignore", "pipe"] });
		this.#child = child;
		const from = this.log.length;
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.log += text;
			// For looking at a failed test: MOSQUITTO_LOG=file.
			const copy = process.env["MOSQUITTO_LOG"];
			if (copy) appendFileSync(copy, text);
		});
		child.once("exit", () => {
			if (this.#child === child) this.#child = undefined;
		});
		await this.waitForLog(/mosquitto version \S+ running/, from);
	}

	/** Sends any signal. Resolves when the process is gone, or at once for SIGSTOP, SIGCONT and the like. */
	async kill(signal: NodeJS.Signals): Promise<void> {
		const child = this.#child;
		if (!child) return;
		const ends = signal === "SIGKILL" || signal === "SIGTERM" || signal === "SIGINT";
		const gone = ends ? new Promise<void>((resolve) => child.once("exit", () => resolve())) : undefined;
		child.kill(signal);
		await gone;
	}

	/** Holds the broker: connections stay, nothing is answered. resume() ends it. */
	pause(): void {
		this.#child?.kill("SIGSTOP");
	}

	/** Ends pause(). */
	resume(): void {
		this.#child?.kill("SIGCONT");
	}

	/** Writes the persistence file now, and waits until the broker says so. */
	async save(): Promise<void> {
		const from = this.log.length;
		this.#child?.kill("SIGUSR1");
		await this.waitForLog(/Saving in-memory database/, from);
	}

	/** Waits until the log, from a position on, matches. Throws after 10 s or when the broker ends. */
	async waitForLog(pattern: RegExp, from = 0): Promise<void> {
		const child = this.#child;
		for (const end = Date.now() + START_MS_MAX; Date.now() < end;) {
			if (pattern.test(this.log.slice(from))) return;
			if (!child || child.exitCode !== null || child.signalCode !== null) break;
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
		throw new Error(`mosquitto: no line that matches ${pattern}; its log:\n${this.log.slice(from)}`);
	}

	/** Ends the broker and removes its folder. */
	async stop(): Promise<void> {
		this.resume();
		await this.kill("SIGKILL");
		running.delete(this);
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function configuration(port: number, folder: string, options: MosquittoOptions): string {
	const anonymous = options.allowAnonymous ?? options.users === undefined;
	const lines = [
		`listener ${port} 127.0.0.1`,
		`allow_anonymous ${anonymous}`,
		"log_dest stderr",
		"log_type all",
		"connection_messages true",
		"set_tcp_nodelay true",
		// Started as root it would become a user who must not enter our folder.
		...(process.getuid?.() === 0 ? ["user root"] : []),
	];
	if (options.persistence) {
		lines.push("persistence true", `persistence_location ${folder}/`);
		lines.push("autosave_on_changes true", "autosave_interval 1");
	}
	if (options.users) {
		const file = join(folder, "passwords");
		const users = Object.entries(options.users).map(([name, password]) => `${name}:${password}\n`);
		writeFileSync(file, users.join(""), { mode: 0o600 });
		const result = spawnSync(findProgram("mosquitto_passwd") ?? "mosquitto_passwd", ["-U", file], { encoding: "utf8" });
		if (result.status !== 0) throw new Error(`mosquitto_passwd: ${result.stderr}`);
		lines.push(`password_file ${file}`);
	}
	if (options.acl) {
		const file = join(folder, "acl");
		writeFileSync(file, `${options.acl.join("\n")}\n`, { mode: 0o600 });
		lines.push(`acl_file ${file}`);
	}
	for (const [name, text] of Object.entries(options.files ?? {}))
		writeFileSync(join(folder, name), text, { mode: 0o600 });
	const more = (options.config ?? []).map((line) => line.replace("{folder}", folder));
	return `${[...lines, ...more].join("\n")}\n`;
}
