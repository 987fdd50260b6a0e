import { connect } from "node:net";
import { startAedes, type EmbeddedBroker } from "../brokers/aedes/aedes.js";
import { CliError, UsageError } from "../terminal/exit.js";
import { DEFAULT_PORTS, MqttUrlError, parseMqttUrl, withoutPassword, type Scheme } from "../terminal/mqtt-url.js";
import { readSecurity, securityOptions, type SecureFlags, type Security } from "../tls/files.js";
import type { BrokerAddress } from "../world/socket-world.js";

/** The broker of a run. */
export interface RunBroker {
	/** Where the program's connections go. */
	address: BrokerAddress;
	/** How they go. */
	way: Scheme;
	/** Of WebSocket. */
	path: string;
	/** What secured connections need; undefined without TLS. */
	security: Security | undefined;
	/** The one inside this process, if it is that. */
	embedded: EmbeddedBroker | undefined;
	/** From the URL. */
	userName: string | undefined;
	password: string | undefined;
	/** For people. */
	description: string;
	close(): Promise<void>;
}

/** Which broker, and how. */
export interface BrokerOptions {
	/** URL of an external one. */
	url?: string | undefined;
	/** Of the embedded one; a free one unless told. */
	port?: number | undefined;
	/** The embedded one is reached by TLS, or by WebSocket, or by both. */
	tls?: boolean | undefined;
	websocket?: boolean | undefined;
	/** Options about TLS with an external one. */
	secure?: SecureFlags | undefined;
}

/** Exit code when the broker cannot be reached at the start (EX_UNAVAILABLE of sysexits.h). */
export const UNREACHABLE_EXIT_CODE = 69;

/** How long a broker may take to accept a first connection, in ms. */
const REACH_TIMEOUT_MS = 5000;
/** Where brokers have MQTT over WebSocket, usually. */
const PATH = "/mqtt";

/** For people: what a way is beside TCP. */
const WAYS: Readonly<Record<Scheme, string>> = {
	mqtt: "",
	mqtts: ", TLS",
	ws: ", WebSocket",
	wss: ", WebSocket over TLS",
};

/**
 * Starts the embedded broker, or makes sure that an external one is there.
 *
 * Throws UsageError for a URL that is none and for options that contradict each other, CliError with UNREACHABLE_EXIT_CODE
 * when nobody answers or the port is taken.
 */
export async function openBroker(options: BrokerOptions): Promise<RunBroker> {
	return options.url === undefined ? openEmbedded(options) : openExternal(options, options.url);
}

async function openExternal(options: BrokerOptions, url: string): Promise<RunBroker> {
	const { address, way, path, userName, password } = parseBrokerUrl(url);
	const security = securityFor(way, options);
	await reach(address);
	return {
		address,
		way,
		path,
		security,
		embedded: undefined,
		userName,
		password,
		description: `${address.host}:${address.port}${WAYS[way]}`,
		close: async () => {},
	};
}

/** Options that go with the URL's scheme. Throws UsageError for others. */
function securityFor(way: Scheme, { tls, websocket, secure = {} }: BrokerOptions): Security | undefined {
	const isSecured = way === "mqtts" || way === "wss";
	const isWeb = way === "ws" || way === "wss";
	if (tls && !isSecured)
		throw new UsageError(`--tls: contradicts --broker ${way}://; write ${isWeb ? "wss" : "mqtts"}://`);
	if (websocket && !isWeb)
		throw new UsageError(`--websocket: contradicts --broker ${way}://; write ${isSecured ? "wss" : "ws"}://`);
	if (isSecured) return readSecurity(secure);
	const [option] = securityOptions(secure);
	if (option !== undefined) throw new UsageError(`${option}: only with --broker mqtts:// or wss://`);
	return undefined;
}

async function openEmbedded(options: BrokerOptions): Promise<RunBroker> {
	const { tls = false, websocket = false, secure = {} } = options;
	const [option] = securityOptions(secure);
	if (option !== undefined) throw new UsageError(`${option}: only with --broker mqtts:// or wss://`);
	const way: Scheme = websocket ? (tls ? "wss" : "ws") : tls ? "mqtts" : "mqtt";
	const embedded = await startEmbedded(way, options.port);
	const address = { host: embedded.host, port: embedded.ports[way]! };
	return {
		address,
		way,
		path: PATH,
		security: tls ? { ...readSecurity({}), ca: [Buffer.from(embedded.ca ?? "")] } : undefined,
		embedded,
		userName: undefined,
		password: undefined,
		description: `embedded aedes on port ${address.port}${WAYS[way]}`,
		close: () => embedded.close(),
	};
}

async function startEmbedded(way: Scheme, port: number | undefined): Promise<EmbeddedBroker> {
	try {
		if (way === "mqtt") return await startAedes(port === undefined ? {} : { port });
		return await startAedes({ ways: { [way]: port ?? 0 } });
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		const why = code === "EADDRINUSE" ? "another program listens there" : code === "EACCES" ? "not permitted" : message;
		throw new CliError(`--port ${port}: ${why}`, UNREACHABLE_EXIT_CODE);
	}
}

/** Takes a broker's URL apart. Throws UsageError, without showing a password. */
export function parseBrokerUrl(text: string): Pick<RunBroker, "address" | "way" | "path" | "userName" | "password"> {
	try {
		const { scheme, host, port = DEFAULT_PORTS[scheme], userName, password, path } = parseMqttUrl(text);
		if (password instanceof Uint8Array) throw new MqttUrlError("Its password is not UTF-8.");
		return { address: { host, port }, way: scheme, path: path || PATH, userName, password };
	} catch (error) {
		if (!(error instanceof MqttUrlError)) throw error;
		throw new UsageError(
			`--broker: ${withoutPassword(text)} is no URL of a broker, e.g. mqtt://127.0.0.1:1883: ${error.message}`,
		);
	}
}

function reach(address: BrokerAddress): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connect(address);
		const fail = (why: string): void => {
			socket.destroy();
			const where = `${address.host}:${address.port}`;
			reject(new CliError(`no broker at ${where}: ${why}`, UNREACHABLE_EXIT_CODE));
		};
		socket.setTimeout(REACH_TIMEOUT_MS, () => fail(`no answer within ${REACH_TIMEOUT_MS / 1000} s`));
		socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
		socket.on("connect", () => {
			socket.destroy();
			resolve();
		});
	});
}
