/** One client that runs until its command is done: what pub and sub have in common. */
import { lookup } from "node:dns/promises";
import { Problem, type DisconnectReason } from "../../firmware/client/terms/codes.js";
import type { TransportFactory } from "../../firmware/ports/transport.js";
import { LIMITS } from "../../firmware/client/terms/limits.js";
import type { CoreOptions } from "../../firmware/client/terms/options.js";
import { withoutPasswordValue } from "../manifest/password.js";
import type { Cancel, Clock } from "../world/clock.js";
import type { Tap } from "../world/tap.js";
import type { ConnectionFlags, ConnectionSettings } from "./connection.js";
import { DeskClient } from "./desk-client.js";
import { deskLink, type DeskLink } from "./desk-transport.js";
import { CliError, Exit, UsageError } from "../terminal/exit.js";
import { EndOfOutput, type Io } from "../terminal/io.js";
import { installStandIns } from "../stand-ins/stand-ins.js";
import { readRoute, type CommandRoute } from "./secure-options.js";
import { type End, describeEnd, describeProblem } from "../terminal/reasons.js";

/** What a command wants to know besides how its connection is. */
export type SessionHooks = Pick<
	CoreOptions<DeskClient>,
	"onConnected" | "onDelivered" | "onMessage" | "onRoom" | "onSubscribed" | "onUnsubscribed"
> & {
	/** The system has taken all bytes, after it had to wait for them. */
	onDrained?(): void;
};

/** Of WebSocket: the largest there is, for memory is no matter here. */
const FRAME_SIZE = 16_384;

/** Longer than stop() may take by itself. */
const STOP_GRACE_MS = 1_000;

/** A connection of a command: it tells people what happens, and knows how the command ends. */
export class Session {
	/** There once after open(). */
	client!: DeskClient;
	/** Resolves when everything is over. */
	readonly ended: Promise<void>;
	/** How the command ends, as far as is known. */
	exitCode: number = Exit.OK;
	/** end() was called: nothing more is to be done. */
	over = false;
	/** What a signal would leave undone beside a connection that never stood, for people; undefined for nothing. */
	undone: () => string | undefined = () => undefined;
	/** Called once the session is over, before DISCONNECT. */
	onOver: (() => void) | undefined;
	readonly #io: Io;
	readonly #flags: ConnectionFlags;
	readonly #settings: ConnectionSettings;
	readonly #way: CommandRoute;
	readonly #hooks: SessionHooks;
	#wasConnected = false;
	/** What the network said last about the connection. */
	#cause = "";
	#resolve!: () => void;
	/** Nobody reads our output any more: there is nothing left to say. */
	#outputGone = false;
	/** Deadlines that are to be taken back at the end. */
	readonly #timers: Cancel[] = [];
	/** Real time, in a command. */
	readonly clock: Clock;
	#link!: DeskLink;

	/** Throws CliError for certificates or a key that are of no use, UsageError for options that lead nowhere. */
	constructor(settings: ConnectionSettings, flags: ConnectionFlags, io: Io, hooks: SessionHooks, clock: Clock) {
		this.#settings = settings;
		this.#flags = flags;
		this.#way = readRoute(flags);
		this.#io = io;
		this.#hooks = hooks;
		this.clock = clock;
		this.ended = new Promise((resolve) => (this.#resolve = resolve));
	}

	/** Makes the client. Throws UsageError when it does not take its settings. */
	async open(): Promise<DeskClient> {
		const { onDrained, ...hooks } = this.#hooks;
		const link = deskLink({
			tap: await this.#tap(),
			clock: this.clock,
			watchesBytes: this.#flags.debug ?? false,
			path: this.#flags.unix,
			localAddress: await addressOf(this.#flags.A),
			security: this.#way.security,
			onDrained: () => onDrained?.(),
		});
		this.#link = link;
		try {
			this.client = new DeskClient({
				...this.#settings,
				...hooks,
				transport: await this.#transport(link),
				clock: this.clock,
				onConnected: (client, sessionPresent) => {
					this.#wasConnected = true;
					hooks.onConnected?.(client, sessionPresent);
				},
				onDisconnected: (_client, reason) => this.#handleDisconnected(reason),
				onProblem: (_client, problem, detail) => this.#handleProblem(problem, detail),
				onStopped: () => this.#finish(),
			});
		} catch (error) {
			if (error instanceof RangeError || error instanceof TypeError) {
				throw new UsageError(withoutPasswordValue(error.message));
			}
			throw error;
		}
		this.#tellMemory();
		return this.client;
	}

	/** Over WebSocket frames are the library's own, as on a device. */
	async #transport({ transport }: DeskLink): Promise<TransportFactory> {
		const { way, path } = this.#way;
		if (way === "mqtt" || way === "mqtts") return transport;
		// What it goes over unless told is TCP of a device, which is not used here.
		installStandIns();
		const { webSocket } = await import("../../firmware/transport/websocket.js");
		return webSocket({ path, over: transport, frameSize: FRAME_SIZE });
	}

	/** Bytes that were sent and that have not left this process yet. */
	get pending(): number {
		return this.#link.pending;
	}

	/** With `-d`: the client's one buffer, which never grows. */
	#tellMemory(): void {
		if (this.#flags.debug) this.#io.err(`arena: ${this.client.arenaSize} bytes`);
	}

	/** Connects; Ctrl-C and `-W` end it from now on. */
	start(): void {
		const timeoutS = this.#flags.W;
		if (timeoutS !== undefined) {
			this.#timers.push(this.clock.after(timeoutS * 1000, () => this.end(Exit.TIMEOUT, "Timed out")));
		}
		process.on("SIGINT", this.#handleSignal);
		process.on("SIGTERM", this.#handleSignal);
		this.client.start();
	}

	/** Resolves once so many ms have passed, or the session is over. */
	async wait(delayMs: number): Promise<void> {
		let cancel: Cancel | undefined;
		const passed = new Promise<void>((resolve) => {
			cancel = this.clock.after(delayMs, resolve);
		});
		await Promise.race([passed, this.ended]);
		cancel?.();
	}

	/** Ends the command: DISCONNECT, and what is left to be sent before it. The first call counts. */
	end(exitCode: number, error?: string): void {
		if (this.over) return;
		this.over = true;
		if (this.exitCode === Exit.OK) this.exitCode = exitCode;
		if (error !== undefined) this.complain(error);
		const limitMs = (this.#settings.stopTimeoutMs ?? LIMITS.stopTimeoutMs.initial) + STOP_GRACE_MS;
		this.#timers.push(this.clock.after(limitMs, () => this.#finish()));
		this.onOver?.();
		this.client.stop();
	}

	/** Ends the command by what was thrown: quietly when nobody reads our output any more. */
	endBy(error: unknown): void {
		if (error instanceof EndOfOutput) {
			this.#outputGone = true;
			this.end(Exit.OK);
		} else if (error instanceof CliError) this.end(error.exitCode, error.message);
		else this.end(Exit.FAILED, error instanceof Error ? error.message : String(error));
	}

	/** Something went wrong and the command goes on; its exit code will say so. */
	fail(error: string): void {
		if (this.#outputGone) return;
		this.complain(error);
		if (this.exitCode === Exit.OK) this.exitCode = Exit.FAILED;
	}

	/** Says what was done, where it may not be what was meant; unless `--quiet`. */
	note(line: string): void {
		if (!this.#flags.quiet) this.#io.err(line);
	}

	/** One line for people, unless `--quiet`. */
	complain(line: string): void {
		if (!this.#flags.quiet && !this.#outputGone) this.#io.err(`Error: ${line}`);
	}

	/** Remembers what the network says, and with `-d` prints everything. */
	async #tap(): Promise<Tap> {
		const log = this.#flags.debug ? await this.#packetLog() : undefined;
		return {
			step: (connection, name, detail) => {
				if (name === "failed" || name === "lost") this.#cause = detail;
				log?.step(connection, name, detail);
			},
			bytes: (connection, direction, bytes) => log?.bytes(connection, direction, bytes),
		};
	}

	/** Loaded only when it is wanted: it takes longer than all the rest. */
	async #packetLog(): Promise<Tap> {
		const { EventLog } = await import("../log/event-log.js");
		const start = this.clock.now();
		return new EventLog({
			write: (line) => this.#io.err(line),
			now: () => this.clock.now() - start,
			colour: this.#io.colours,
		});
	}

	readonly #handleSignal = (): void => {
		// Who asks twice does not want to wait for a broker that does not answer.
		if (this.over) process.exit(Exit.FAILED);
		const undone = this.#wasConnected ? this.undone() : "there was no connection yet";
		if (undone === undefined) this.end(Exit.OK);
		else this.end(Exit.FAILED, `interrupted: ${undone}`);
	};

	#handleDisconnected(reason: DisconnectReason): void {
		if (this.over) return;
		const { host, port } = this.#settings;
		const end: End = describeEnd(reason, this.#cause, this.#wasConnected, port);
		this.#cause = "";
		const line = `${this.#flags.unix ?? `${host}:${port}`}: ${end.text}`;
		if (!this.#wasConnected || end.final) this.end(end.exitCode, line);
		else if (reason.wasConnected) this.complain(`${line}; trying again`);
	}

	#handleProblem(problem: number, detail: number): void {
		if (problem === Problem.MESSAGE_TOO_LARGE) {
			// Messages of a kept session are nothing to a command that has not asked for any.
			if (!this.#hooks.onSubscribed) return;
			// The detail is its payload; what is too large may be the topic.
			if (detail <= this.client.settings.rxBuffer) detail = this.client.packetSize;
		}
		const text = describeProblem(problem, detail);
		if (text === undefined) return;
		// After Ctrl-C or -W it is no news that something is unfinished.
		if (this.over && this.exitCode !== Exit.OK) return;
		this.fail(text);
	}

	#finish(): void {
		for (const cancel of this.#timers.splice(0)) cancel();
		process.off("SIGINT", this.#handleSignal);
		process.off("SIGTERM", this.#handleSignal);
		this.#tellMemory();
		this.#resolve();
	}
}

/** `-A` as an address. Throws UsageError for what is none of this machine's names. */
async function addressOf(name: string | undefined): Promise<string | undefined> {
	if (name === undefined) return undefined;
	try {
		return (await lookup(name)).address;
	} catch {
		throw new UsageError(`-A: ${JSON.stringify(name)} is neither an address nor a name`);
	}
}
