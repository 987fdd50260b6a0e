/** Options about TLS and WebSocket that commands share, named as in mosquitto's tools. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { UsageError } from "../terminal/exit.js";
import { DEFAULT_PORTS, type MqttUrl, type Scheme } from "../terminal/mqtt-url.js";
import { readSecurity, securityOptions, type SecureFlags, type Security } from "../tls/files.js";

/** Where brokers have MQTT over WebSocket, usually. */
export const WEBSOCKET_PATH = "/mqtt";

/** What pub and sub take, beside the options about certificates. */
export interface TransportFlags extends SecureFlags {
	url?: MqttUrl;
	port?: number;
	ws?: true;
	wsPath?: string;
}

/** How a command gets to its broker. */
export interface CommandRoute {
	way: Scheme;
	/** Of WebSocket. */
	path: string;
	/** What secured connections need; undefined without TLS. */
	security: Security | undefined;
}

/** Adds the options about certificates, for run, pub and sub. */
export function addSecureOptions(command: Command, insecure = "take any server, whoever it is"): Command {
	return command
		.option("--cafile <file>", "certificates that are trusted, in PEM (default: what this machine trusts)")
		.option("--capath <folder>", "the same, all that are in a folder")
		.option("--cert <file>", "certificate of the client, in PEM; needs --key")
		.option("--key <file>", "its private key, in PEM, without a passphrase")
		.option("--insecure", insecure)
		.option("--tls-alpn <protocol>", "protocol for ALPN");
}

/** Adds what pub and sub take beside. */
export function addTransportOptions(command: Command): void {
	addSecureOptions(command, "do not check the name in the server's certificate")
		.option("--ciphers <list>", "suites of TLS 1.2, as OpenSSL names them")
		.option("--tls-version <version>", "tlsv1.2 or tlsv1.3 (default: both)")
		.option("--tls-use-os-certs", "trust what this machine trusts, also beside --cafile")
		.addOption(new Option("--keyform <form>", "pem, the only one").argParser(keyform))
		.option("--ws", "MQTT over WebSocket")
		.option("--ws-path <path>", `path of WebSocket (default: ${WEBSOCKET_PATH})`);
}

function keyform(text: string): string {
	if (text !== "pem") throw new InvalidArgumentError("Engines of OpenSSL are not supported: only pem.");
	return text;
}

/** By TLS, or by WebSocket, or both: the URL's scheme, and the options that mosquitto's tools take as a wish for TLS. */
export function wayOf(flags: TransportFlags): Scheme {
	const { url, cafile, capath, tlsUseOsCerts, port = url?.port } = flags;
	const isSecured = url?.scheme === "mqtts" || url?.scheme === "wss" || port === DEFAULT_PORTS.mqtts;
	const wants = isSecured || cafile !== undefined || capath !== undefined || tlsUseOsCerts === true;
	const isWeb = flags.ws === true || url?.scheme === "ws" || url?.scheme === "wss";
	return isWeb ? (wants ? "wss" : "ws") : wants ? "mqtts" : "mqtt";
}

/**
 * Reads what the options name.
 *
 * Throws CliError for a file that is of no use, UsageError for options that lead nowhere.
 */
export function readRoute(flags: TransportFlags): CommandRoute {
	const way = wayOf(flags);
	const path = flags.wsPath ?? WEBSOCKET_PATH;
	if (flags.wsPath !== undefined) {
		if (way !== "ws" && way !== "wss") throw new UsageError("--ws-path: only with --ws, ws:// or wss://");
		if (!/^\/[!-~]*$/.test(path)) throw new UsageError("--ws-path: must begin with / and have no blanks");
	}
	if (way === "mqtts" || way === "wss") {
		const security = readSecurity(flags);
		// As in mosquitto's tools: who it is counts all the same.
		return { way, path, security: { ...security, verify: true, checkName: !flags.insecure } };
	}
	const [option] = securityOptions(flags);
	if (option !== undefined)
		throw new UsageError(`${option}: only with TLS: -L mqtts://…, --cafile, --capath or --tls-use-os-certs`);
	return { way, path, security: undefined };
}
