import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { CliError } from "../terminal/exit.js";
import { findProgram } from "./sdk.js";

/** Where a mosquitto usually is, beside the path. */
const MOSQUITTO_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"];
const START_MS_MAX = 10_000;

/** Says in one line why there is no broker; undefined when there is one. */
export function brokerMissing(): string | undefined {
	return findMosquitto() === undefined ? "no mosquitto (package mosquitto)" : undefined;
}

export function findMosquitto(): string | undefined {
	return findProgram("mosquitto", { PATH: [process.env["PATH"] ?? "", ...MOSQUITTO_FOLDERS].join(delimiter) });
}

/** A mosquitto on a loopback port. It knows nothing of earlier runs, and keeps sessions over its own restarts. */
export class CheckBroker {
	readonly port: number;
	/** Of a listener for the check itself, which does not move. */
	readonly peerPort: number;
	readonly #folder = mkdtempSync(join(tmpdir(), "xs-mqtt-check-"));
	#process: ChildProcess | undefined;

	private constructor(port: number, peerPort: number) {
		this.port = port;
		this.peerPort = peerPort;
	}

	#configure(address: string): void {
		const lines = [
			`listener ${this.port} ${address}`,
			`listener ${this.peerPort} 127.0.0.1`,
			"allow_anonymous true",
			"persistence true",
			`persistence_location ${this.#folder}/`,
			"log_type none",
			// Or, started by root, it would become another user, who may not write there.
			`user ${userInfo().username}`,
		];
		writeFileSync(join(this.#folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
	}

	static async start(): Promise<CheckBroker> {
		const broker = new CheckBroker(await freePort(), await freePort());
		await broker.start();
		return broker;
	}

	/**
	 * Starts it, again too.
	 *
	 * in   address  where programs find it: a loopback address, another one to have it move
	 */
	async start(address = "127.0.0.1"): Promise<void> {
		this.#configure(address);
		this.#process = spawn(findMosquitto() ?? "mosquitto", ["-c", join(this.#folder, "mosquitto.conf")], {
			stdio: "ignore",
		});
		await untilListens(this.port, address);
	}

	/** Ends it in good order: it saves its sessions. */
	async stop(): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		if (child === undefined || child.exitCode !== null) return;
		const closed = new Promise((resolve) => child.once("close", resolve));
		child.kill("SIGTERM");
		await closed;
	}

	/** Ends it for good. */
	async remove(): Promise<void> {
		await this.stop();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}

/** Waits for a mosquitto that was just started. Throws CliError when it does not come. */
export async function untilListens(port: number, address: string): Promise<void> {
	const end = Date.now() + START_MS_MAX;
	while (!(await listens(port, address))) {
		if (Date.now() > end) throw new CliError(`mosquitto does not listen on port ${port}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

function listens(port: number, address: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, address);
		const end = (answer: boolean) => (): void => {
			socket.destroy();
			resolve(answer);
		};
		socket.once("connect", end(true)).once("error", end(false));
	});
}
