import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Certificate } from "../../certificates/certificates.js";
import { findMosquitto, freePort, untilListens } from "../broker.js";

/** A listener of mosquitto with TLS. */
export interface Listener {
	server: Certificate;
	/** Clients need a certificate that this one has signed. */
	clients?: Certificate;
}

/** A mosquitto that speaks TLS, in several ways. */
export class TlsMosquitto {
	/** Of the listeners, in their order. */
	readonly ports: readonly number[];
	readonly #folder: string;
	readonly #process: ChildProcess;

	private constructor(ports: readonly number[], folder: string) {
		this.ports = ports;
		this.#folder = folder;
		this.#process = spawn(findMosquitto() ?? "mosquitto", ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
	}

	static async start(listeners: readonly Listener[]): Promise<TlsMosquitto> {
		const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-check-tls-"));
		const lines = [
			"per_listener_settings false",
			"allow_anonymous true",
			`user ${userInfo().username}`,
			"log_type none",
		];
		const ports: number[] = [];
		for (const [i, { server, clients }] of listeners.entries()) {
			const path = (name: string, content: string): string => {
				const file = join(folder, `${i}-${name}`);
				writeFileSync(file, content, { mode: 0o600 });
				return file;
			};
			ports.push(await freePort());
			lines.push(`listener ${ports.at(-1)} 127.0.0.1`, `certfile ${path("server.pem", server.chainPem)}`);
			lines.push(`keyfile ${path("key.pem", server.keyPem)}`);
			if (clients) lines.push(`cafile ${path("ca.pem", clients.pem)}`, "require_certificate true");
		}
		writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
		const broker = new TlsMosquitto(ports, folder);
		for (const port of ports) await untilListens(port, "127.0.0.1");
		return broker;
	}

	async stop(): Promise<void> {
		const closed = new Promise((resolve) => this.#process.once("close", resolve));
		if (this.#process.exitCode === null) {
			this.#process.kill("SIGTERM");
			await closed;
		}
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
