import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./certificates.js";
import { freePort } from "./port.js";
import { pause, until } from "./until.js";

/** Debian's; the one in /usr/sbin wants to be another user. */
const PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/** Starting takes ten seconds on a machine that is not busy. */
const START_MS_MAX = 150_000;
const LOOK_MS = 100;

/** Why there is no RabbitMQ, in one line; undefined when there is one. */
export const rabbitmqMissing: string | undefined = existsSync(PROGRAM)
	? undefined
	: "no RabbitMQ. On Debian: apt-get install rabbitmq-server";

/** A RabbitMQ of our own that speaks MQTT in four ways, with a folder of its own. Ends with the test process at the latest. */
export class RabbitMq {
	/** Loopback ports by the scheme of a URL; WebSocket has the path `/ws`. */
	readonly ports: Readonly<Record<"mqtt" | "mqtts" | "ws" | "wss", number>>;
	output = "";
	readonly #folder: string;
	readonly #child: ChildProcess;
	readonly #namesPort: number;
	#hasEnded = false;

	private constructor(ports: RabbitMq["ports"], folder: string, namesPort: number, env: NodeJS.ProcessEnv) {
		this.ports = ports;
		this.#folder = folder;
		this.#namesPort = namesPort;
		// A group of its own: the script has the engine as a child.
		this.#child = spawn(PROGRAM, [], { env: { ...process.env, ...env }, cwd: folder, detached: true });
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			stream?.on("data", (data: Buffer) => (this.output += data.toString()));
		}
		this.#child.on("error", (error) => (this.output += String(error)));
		this.#child.on("exit", () => (this.#hasEnded = true));
		process.once("exit", () => this.#removeNow());
	}

	/** Starts one, and waits until it listens. in: identity  certificate of its two ways by TLS */
	static async start(identity: Certificate): Promise<RabbitMq> {
		const [mqtt, mqtts, ws, wss, names, engine] = await Promise.all(Array.from({ length: 6 }, () => freePort()));
		const ports = { mqtt: mqtt!, mqtts: mqtts!, ws: ws!, wss: wss! };
		const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-rabbitmq-"));
		const file = (name: string, text: string): string => {
			writeFileSync(join(folder, name), text);
			return join(folder, name);
		};
		const certificate = file("cert.pem", identity.chainPem);
		const key = file("key.pem", identity.keyPem);
		const secure = (name: string): string =>
			`${name}.cacertfile = ${certificate}\n${name}.certfile = ${certificate}\n${name}.keyfile = ${key}\n`;
		const config = file(
			"rabbitmq.conf",
			`listeners.tcp = none
mqtt.allow_anonymous = true
mqtt.listeners.tcp.default = 127.0.0.1:${mqtt}
mqtt.listeners.ssl.default = 127.0.0.1:${mqtts}
web_mqtt.tcp.ip = 127.0.0.1
web_mqtt.tcp.port = ${ws}
web_mqtt.ssl.ip = 127.0.0.1
web_mqtt.ssl.port = ${wss}
${secure("ssl_options")}${secure("web_mqtt.ssl")}`,
		);
		const server = new RabbitMq(ports, folder, names!, {
			HOME: folder,
			ERL_EPMD_PORT: String(names),
			ERL_EPMD_ADDRESS: "127.0.0.1",
			RABBITMQ_NODENAME: `xs-mqtt-${process.pid}@localhost`,
			RABBITMQ_DIST_PORT: String(engine),
			RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
			RABBITMQ_LOG_BASE: join(folder, "log"),
			RABBITMQ_LOGS: "-",
			RABBITMQ_CONF_ENV_FILE: "/dev/null",
			RABBITMQ_CONFIG_FILE: config,
			RABBITMQ_ENABLED_PLUGINS_FILE: file("plugins", "[rabbitmq_mqtt,rabbitmq_web_mqtt]."),
		});
		await server.#untilListening();
		return server;
	}

	async #untilListening(): Promise<void> {
		const end = Date.now() + START_MS_MAX;
		for (const port of Object.values(this.ports)) {
			while (!(await listens(port))) {
				if (this.#hasEnded || Date.now() > end) throw new Error(`RabbitMQ does not come up: ${this.output}`);
				await pause(LOOK_MS);
			}
		}
		await until(() => this.output.includes("Server startup complete"), "the end of the start", START_MS_MAX);
	}

	async stop(): Promise<void> {
		this.#kill();
		await until(() => this.#hasEnded, "the end of RabbitMQ");
		this.#removeNow();
	}

	#kill(): void {
		try {
			process.kill(-this.#child.pid!, "SIGKILL");
		} catch {
			// It has ended.
		}
	}

	/** For the end of the test process, too, where nothing can be awaited. */
	#removeNow(): void {
		this.#kill();
		// The engine's register of names is a process that lives on by itself.
		const env = { ...process.env, ERL_EPMD_PORT: String(this.#namesPort) };
		if (existsSync(this.#folder)) spawnSync("epmd", ["-kill"], { env });
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

function listens(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1", () => {
			socket.destroy();
			resolve(true);
		});
		socket.on("error", () => resolve(false));
	});
}
