import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./mosquitto-check.js";
import { freePort } from "./port.js";
import { until } from "./until.js";

/** The folder of Debian in which ejabberd's modules are; undefined without one. */
function ejabberdFolder(): string | undefined {
	for (const name of (existsSync("/usr/lib") ? readdirSync("/usr/lib") : []).filter((each) =>
		each.endsWith("-linux-gnu"),
	)) {
		const folder = join("/usr/lib", name);
		if (readdirSync(folder).some((each) => each.startsWith("ejabberd-"))) return folder;
	}
	return undefined;
}

/** Why there is no ejabberd, in one line; undefined when there is one. */
export const ejabberdMissing: string | undefined =
	findProgram("erl") !== undefined && ejabberdFolder() !== undefined
		? undefined
		: "no ejabberd. On Debian: apt-get install ejabberd";

/** Processes that end with the test process at the latest. */
const running = new Set<WebServer>();
process.once("exit", () => running.forEach((server) => server.removeNow()));

/** A server of others in a process and a folder of its own. */
export class WebServer {
	readonly port: number;
	/** What it has written to its output. */
	output = "";
	readonly #folder: string;
	readonly #child: ChildProcess;
	#hasEnded = false;

	private constructor(port: number, folder: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
		this.port = port;
		this.#folder = folder;
		this.#child = spawn(program, args, { env: { ...process.env, ...env }, cwd: folder });
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			stream?.on("data", (data: Buffer) => (this.output += data.toString()));
		}
		this.#child.on("error", (error) => (this.output += String(error)));
		this.#child.on("close", () => (this.#hasEnded = true));
		running.add(this);
	}

	/** ejabberd with MQTT over WebSocket at `/mqtt`; any user name of `@localhost`, and any password. */
	static async ejabberd(): Promise<WebServer> {
		const port = await freePort();
		const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-ejabberd-"));
		const config = join(folder, "ejabberd.yml");
		mkdirSync(join(folder, "spool"));
		writeFileSync(
			config,
			`hosts: ["localhost"]
loglevel: error
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /mqtt: mod_mqtt
auth_method: [anonymous]
anonymous_protocol: both
allow_multiple_connections: true
modules:
  mod_mqtt:
    access_publish: {"#": [{allow: all}]}
    access_subscribe: {"#": [{allow: all}]}
`,
		);
		const spool = join(folder, "spool");
		return WebServer.#start(port, folder, "erl", ["-noinput", "-mnesia", "dir", `"${spool}"`, "-s", "ejabberd"], {
			ERL_LIBS: ejabberdFolder(),
			EJABBERD_CONFIG_PATH: config,
			EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
			SPOOL_DIR: spool,
			HOME: folder,
		});
	}

	/** nginx as a proxy: `/broker/mqtt` goes to a WebSocket server on this machine, at `/mqtt`. */
	static async nginx(upstreamPort: number): Promise<WebServer> {
		const port = await freePort();
		const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-nginx-"));
		const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
		const config = join(folder, "nginx.conf");
		writeFileSync(
			config,
			`daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n\t")}
	server {
		listen 127.0.0.1:${port};
		location = /broker/mqtt {
			proxy_pass http://127.0.0.1:${upstreamPort}/mqtt;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
		}
		location = /moved { return 301 /broker/mqtt; }
		location / { return 404; }
	}
}
`,
		);
		return WebServer.#start(port, folder, "nginx", ["-c", config, "-p", folder], {});
	}

	static async #start(
		port: number,
		folder: string,
		program: string,
		args: readonly string[],
		env: NodeJS.ProcessEnv,
	): Promise<WebServer> {
		const server = new WebServer(port, folder, findProgram(program) ?? program, args, env);
		let listens = false;
		const look = (): void => {
			const socket = connect(port, "127.0.0.1", () => {
				listens = true;
				socket.destroy();
			});
			socket.on("error", () => socket.destroy());
			socket.on("close", () => listens || server.#hasEnded || setTimeout(look, 50));
		};
		look();
		await until(() => listens || server.#hasEnded, `${program}: ${server.output}`);
		if (!listens) throw new Error(`${program} has ended: ${server.output}`);
		return server;
	}

	async stop(): Promise<void> {
		this.#child.kill("SIGKILL");
		await until(() => this.#hasEnded, "the end of the server");
		this.removeNow();
	}

	/** For the end of the test process, where nothing can be awaited. */
	removeNow(): void {
		this.#child.kill("SIGKILL");
		running.delete(this);
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
