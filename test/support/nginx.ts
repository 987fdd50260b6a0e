import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { findProgram } from "./mosquitto-check.js";
import { nginxMissing } from "./nginx-check.js";
import { freePort } from "./port.js";

/** `describe` for tests that need nginx; they are skipped where it is not installed (see nginx-check.ts). */
export const describeWithNginx = describe.skipIf(nginxMissing !== undefined);

/** Servers to be removed when the test process ends before their test has stopped them. */
const running = new Set<Nginx>();
process.once("exit", () => running.forEach((server) => server.removeNow()));

const START_MS_MAX = 10_000;

/** An nginx of our own, as people put it in front of a broker: TLS ends here, a path leads to WebSocket, others to nothing. */
export class Nginx {
	readonly port: number;
	/** With its logs. */
	readonly #folder: string;
	readonly #child: ChildProcess;
	#said = "";

	private constructor(port: number, folder: string, child: ChildProcess) {
		this.port = port;
		this.#folder = folder;
		this.#child = child;
		child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
		running.add(this);
	}

	/**
	 * in   to         port of a broker that speaks WebSocket
	 *      path       under which it is found
	 *      chain, key  of the certificate, in PEM
	 *
	 * Throws with what nginx said when it does not come up.
	 */
	static async start(to: number, path: string, { chain, key }: { chain: string; key: string }): Promise<Nginx> {
		const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-nginx-"));
		const port = await freePort();
		mkdirSync(join(folder, "temp"));
		writeFileSync(join(folder, "chain.pem"), chain);
		writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
		writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, to, path));
		const args = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log"), "-g", "daemon off;"];
		const child = spawn(findProgram("nginx") ?? "nginx", args, { stdio: ["ignore", "ignore", "pipe"] });
		const server = new Nginx(port, folder, child);
		await server.#untilReachable();
		return server;
	}

	/** One line for each request. */
	get log(): string {
		return readFileSync(join(this.#folder, "access.log"), "utf8");
	}

	async #untilReachable(): Promise<void> {
		for (const end = Date.now() + START_MS_MAX; Date.now() < end && this.#child.exitCode === null;) {
			const reached = await new Promise<boolean>((resolve) => {
				const socket = connect(this.port, "127.0.0.1", () => resolve(true));
				socket.on("error", () => resolve(false));
				socket.on("connect", () => socket.destroy());
			});
			if (reached) return;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		await this.stop();
		throw new Error(`nginx does not listen: ${this.#said}`);
	}

	/** For the end of the test process, where nothing can be awaited. */
	removeNow(): void {
		this.#child.kill("SIGTERM");
		rmSync(this.#folder, { recursive: true, force: true });
	}

	async stop(): Promise<void> {
		running.delete(this);
		if (this.#child.exitCode === null && this.#child.signalCode === null) {
			const gone = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
			this.#child.kill("SIGTERM");
			await gone;
		}
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

function configuration(folder: string, port: number, to: number, path: string): string {
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
	return `
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 64; }
http {
	access_log ${folder}/access.log;
${temporary.map((name) => `	${name}_temp_path ${folder}/temp/${name};`).join("\n")}
	server {
		listen 127.0.0.1:${port} ssl;
		server_name localhost;
		ssl_certificate ${folder}/chain.pem;
		ssl_certificate_key ${folder}/key.pem;
		ssl_protocols TLSv1.2 TLSv1.3;
		location = ${path} {
			proxy_pass http://127.0.0.1:${to};
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_set_header Host $host;
		}
		location / { return 404; }
	}
}
`;
}
