import { connect } from "node:net";
import { startAedes, type EmbeddedBroker } from "../brokers/aedes/aedes.js";
import { CliError, UsageError } from "../terminal/exit.js";
import { MqttUrlError, parseMqttUrl, withoutPassword } from "../terminal/mqtt-url.js";
import type { BrokerAddress } from "../world/socket-world.js";

/** The broker of a run. */
export interface RunBroker {
	address: BrokerAddress;
	/** The one inside this process, if it is that. */
	embedded: EmbeddedBroker | undefined;
	/** From the URL. */
	userName: string | undefined;
	password: string | undefined;
	/** For people. */
	description: string;
	close(): Promise<void>;
}

/** Exit code when the broker cannot be reached at the start (EX_UNAVAILABLE of sysexits.h). */
export const UNREACHABLE_EXIT_CODE = 69;

const DEFAULT_PORT = 1883;
/** How long a broker may take to accept a first connection, in ms. */
const REACH_TIMEOUT_MS = 5000;

/**
 * Starts the embedded broker, or makes sure that an external one is there.
 *
 * in   url   of an external one
 *      port  of the embedded one; a free one unless told
 *
 * Throws UsageError for a URL that is none, CliError with UNREACHABLE_EXIT_CODE when nobody answers or the port is taken.
 */
export async function openBroker(url: string | undefined, port?: number): Promise<RunBroker> {
	if (url === undefined) {
		const embedded = await startEmbedded(port);
		return {
			address: { host: embedded.host, port: embedded.port },
			embedded,
			userName: undefined,
			password: undefined,
			description: `embedded aedes on port ${embedded.port}`,
			close: () => embedded.close(),
		};
	}
	const { address, userName, password } = parseBrokerUrl(url);
	await reach(address);
	return {
		address,
		embedded: undefined,
		userName,
		password,
		description: `${address.host}:${address.port}`,
		close: async () => {},
	};
}

async function startEmbedded(port: number | undefined): Promise<EmbeddedBroker> {
	try {
		return await startAedes(port === undefined ? {} : { port });
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		const why = code === "EADDRINUSE" ? "another program listens there" : code === "EACCES" ? "not permitted" : message;
		throw new CliError(`--port ${port}: ${why}`, UNREACHABLE_EXIT_CODE);
	}
}

/** Takes a broker's URL apart. Throws UsageError, without showing a password. */
export function parseBrokerUrl(text: string): Pick<RunBroker, "address" | "userName" | "password"> {
	try {
		const { host, port = DEFAULT_PORT, userName, password } = parseMqttUrl(text);
		if (password instanceof Uint8Array) throw new MqttUrlError("Its password is not UTF-8.");
		return { address: { host, port }, userName, password };
	} catch (error) {
		if (!(error instanceof MqttUrlError)) throw error;
		if (error.scheme !== undefined) {
			throw new UsageError(`--broker: ${error.scheme}:// is not supported yet; only mqtt://host[:port]`);
		}
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
