/** Options that pub and sub share, named as in mosquitto_pub and mosquitto_sub, and what a client is made from by them. */
import { randomBytes } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import { LIMITS, type LimitName } from "../../firmware/client/terms/limits.js";
import type { WillOptions } from "../../firmware/client/terms/options.js";
import { checkHost } from "../../firmware/client/setup/settings.js";
import { topicField } from "../../firmware/codec/topic.js";
import { type MqttConfig, mqttConfig } from "../manifest/check.js";
import { loadManifest } from "../manifest/load.js";
import { textOrBytes } from "../terminal/arguments.js";
import { UsageError } from "../terminal/exit.js";
import { DEFAULT_PORTS, MqttUrlError, parseMqttUrl, type MqttUrl } from "../terminal/mqtt-url.js";
import { assignment, limitedNumber, TIMEOUT_S_MAX, wholeNumber } from "../terminal/numbers.js";
import type { SecureFlags } from "../tls/files.js";
import { withPassword } from "./password.js";
import { addTransportOptions, wayOf } from "./secure-options.js";

/** Options of commander as they stand after parsing. */
export interface ConnectionFlags extends SecureFlags {
	host?: string;
	port?: number;
	url?: MqttUrl;
	id?: string;
	idPrefix?: string;
	disableCleanSession?: true;
	username?: string;
	pw?: string;
	pwFile?: string;
	A?: string;
	unix?: string;
	ws?: true;
	wsPath?: string;
	keyform?: string;
	keepalive?: number;
	qos: 0 | 1 | 2;
	willTopic?: string;
	willPayload?: string;
	willQos?: 0 | 1 | 2;
	willRetain?: true;
	maxInflight?: number;
	rxBuffer?: number;
	txBuffer?: number;
	outbox?: number;
	set?: Partial<Record<LimitName, number>>;
	manifest?: string;
	platform?: string;
	W?: number;
	debug?: true;
	quiet?: true;
}

/** Everything about one connection that a client is made from, but transport and callbacks. */
export type ConnectionSettings = Omit<MqttConfig, "password" | "will"> & {
	host: string;
	port: number;
	clientId: string;
	password?: string | Uint8Array;
	will?: WillOptions;
};

/** For a machine with a real operating system; a manifest's settings, or the library's own, are for a device. */
const DESK_SETTINGS: Readonly<Partial<Record<LimitName, number>>> = {
	rxBuffer: 16_384,
	readSize: 16_384,
	txBuffer: 65_536,
	outbox: 65_536,
	inflight: 20,
	incomingQoS2: 1024,
	packetLog: 0,
	// Somebody waits at the keyboard.
	reconnectMaxMs: 10_000,
	holdOffMs: 10_000,
};

/** Adds the options to a command. */
export function addConnectionOptions(command: Command): Command {
	command
		.option("-h, --host <host>", "address or name of the broker (default: localhost)")
		.addOption(
			numberOption("-p, --port <port>", "port of the broker (default: 1883, 8883, 80, 443)", limitedNumber("port")),
		)
		.addOption(
			new Option("-L, --url <url>", "mqtt://[user[:password]@]host[:port]/topic, or mqtts:, ws:, wss:").argParser(
				brokerUrl,
			),
		)
		.option("-i, --id <id>", "client identifier (default: made at random)")
		.option("-I, --id-prefix <prefix>", "client identifier: this and the process id")
		.option("-c, --disable-clean-session", "keep the session at the broker; needs -i")
		.option("-u, --username <name>", "user name")
		.option("-P, --pw <password>", "password; needs -u; everybody on this machine can see it")
		.option("--pw-file <file>", "password: the first line of a file; or in the environment, XS_MQTT_PASSWORD")
		.option("-o, --options-file <file>", "options, one on a line (default: ~/.config/mosquitto_pub or _sub)")
		.option("-A <address>", "address of this machine to connect from")
		.option("--unix <path>", "a socket in the file system, instead of host and port")
		.option("--nodelay", "nothing: packets never wait for others")
		.addOption(numberOption("-k, --keepalive <s>", "keep alive in seconds (default: 60)", limitedNumber("keepAlive")))
		.addOption(numberOption("-q, --qos <qos>", "Quality of Service, 0 … 2", wholeNumber(0, 2)).default(0))
		.option("--will-topic <topic>", "topic of the will")
		.option("--will-payload <payload>", "payload of the will (default: empty)")
		.addOption(numberOption("--will-qos <qos>", "Quality of Service of the will, 0 … 2", wholeNumber(0, 2)))
		.option("--will-retain", "the broker keeps the will as a retained message")
		.addOption(numberOption("-M, --max-inflight <n>", "unfinished QoS 1 and 2 publishes", limitedNumber("inflight")))
		.addOption(numberOption("-W <s>", "give up after so many seconds: exit code 27", wholeNumber(1, TIMEOUT_S_MAX)))
		.option("-d, --debug", "print every packet to standard error")
		.option("--quiet", "print no errors")
		.addOption(numberOption("--rx-buffer <bytes>", "receive buffer of the client", limitedNumber("rxBuffer")))
		.addOption(numberOption("--tx-buffer <bytes>", "transmit buffer of the client", limitedNumber("txBuffer")))
		.addOption(numberOption("--outbox <bytes>", "outbox of the client", limitedNumber("outbox")))
		.addOption(new Option("--set <name=value>", "any number of config.mqtt; may be repeated").argParser(assignment))
		.option("--manifest <file>", "take config.mqtt of this manifest; options go before it")
		.option("--platform <name>", "platform whose part of the manifest counts", "lin");
	addTransportOptions(command);
	for (const refused of REFUSED) addRefused(command, refused);
	return command.addOption(
		new Option("-V, --protocol-version <version>", "mqttv311, the only one so far").argParser((text) => {
			if (text === "311" || text === "mqttv311") return text;
			throw new InvalidArgumentError("Only mqttv311 (or 311) is spoken so far.");
		}),
	);
}

function numberOption(flags: string, description: string, parse: (text: string) => number): Option {
	return new Option(flags, description).argParser(parse);
}

const PSK = "Keys that are known beforehand are not supported: certificates only.";
const ENGINE = "Engines of OpenSSL are not supported: the key is a file.";
const MQTT5 = "It belongs to MQTT 5.0, which is not spoken yet.";

/**
 * Options of mosquitto's tools that would change what is sent, or where; ignoring them silently would be worse than
 * refusing. Flags and the reason.
 */
export const REFUSED: readonly (readonly [string, string])[] = [
	["-x, --session-expiry-interval [s]", MQTT5],
	["-D, --property [property...]", MQTT5],
	["--retain-as-published [on]", MQTT5],
	["--tls-engine [engine]", ENGINE],
	["--tls-engine-kpass-sha1 [sha1]", ENGINE],
	["--tls-keylog [file]", "Keys of a session are not written down."],
	["--psk [key]", PSK],
	["--psk-identity [identity]", PSK],
	["--proxy [url]", "Proxies are not supported."],
	["-S [on]", "SRV records are not looked up; name the host with -h."],
];

/** Adds an option that only says why it is not there, with or without its value. */
function addRefused(command: Command, [flags, why]: readonly [string, string]): void {
	const option = new Option(flags).hideHelp();
	command.addOption(option);
	command.on(`option:${option.name()}`, () => {
		command.error(`error: ${flags.replace(/ \[.*/, "")}: ${why}`);
	});
}

function brokerUrl(text: string): MqttUrl {
	try {
		return parseMqttUrl(text);
	} catch (error) {
		throw error instanceof MqttUrlError ? new InvalidArgumentError(error.message) : error;
	}
}

/** Makes a client's settings from the options and the manifest. Throws UsageError and ManifestError. */
export function connectionSettings(given: ConnectionFlags): ConnectionSettings {
	const flags = withPassword(given, process.env);
	const base: MqttConfig = flags.manifest
		? mqttConfig(loadManifest(flags.manifest, { platform: flags.platform ?? "lin" }))
		: DESK_SETTINGS;
	const settings: ConnectionSettings = {
		...base,
		...sizes(flags, base),
		host: flags.host ?? flags.url?.host ?? base.host ?? "localhost",
		port: flags.port ?? flags.set?.port ?? flags.url?.port ?? base.port ?? DEFAULT_PORTS[wayOf(flags)],
		clientId: clientId(flags, base),
		...identity(flags),
	};
	const will = willOf(flags);
	if (will) settings.will = will;
	if (settings.host === "") throw new UsageError('-h: "" is empty; it must be a name or an IPv4 address');
	if (/:\/\/|@/.test(settings.host))
		throw new UsageError("-h: it must be a name or an IPv4 address; a URL belongs to -L");
	if (settings.host.includes(":")) throw new UsageError(`-h: "${settings.host}" must be a name or an IPv4 address`);
	try {
		checkHost(settings.host);
	} catch (error) {
		throw new UsageError((error as Error).message.replace(/^host: /, "-h: ").replace(/; write host:.*/, ""));
	}
	return settings;
}

function clientId(flags: ConnectionFlags, base: MqttConfig): string {
	if (flags.id !== undefined && flags.idPrefix !== undefined) throw new UsageError("-i and -I exclude each other");
	const given = flags.idPrefix === undefined ? (flags.id ?? base.clientId) : `${flags.idPrefix}${process.pid}`;
	const persistent = flags.disableCleanSession ?? base.cleanSession === false;
	if (persistent && !given) throw new UsageError("-c needs -i: a session is kept under the client identifier");
	// Short enough for every server (MQTT 3.1.1, 3.1.3.1: 23 bytes), and never two alike, or they would evict each other.
	return given ?? `xs-mqtt-${randomBytes(6).toString("hex")}`;
}

function identity(flags: ConnectionFlags): Partial<ConnectionSettings> {
	const userName = flags.username ?? flags.url?.userName;
	const password = flags.pw === undefined ? flags.url?.password : textOrBytes(flags.pw);
	if (password !== undefined && userName === undefined && !flags.manifest) {
		throw new UsageError("-P needs -u: MQTT 3.1.1 has no password without a user name");
	}
	return {
		...(flags.disableCleanSession && { cleanSession: false }),
		...(userName !== undefined && { userName }),
		...(password !== undefined && { password }),
	};
}

/** Numbers: options over `--set` over the manifest. A smaller receive buffer takes smaller bites of the socket. */
function sizes(flags: ConnectionFlags, base: MqttConfig): Partial<Record<LimitName, number>> {
	const given: Partial<Record<LimitName, number>> = {
		...flags.set,
		...(flags.keepalive !== undefined && { keepAlive: flags.keepalive }),
		...(flags.maxInflight !== undefined && { inflight: flags.maxInflight }),
		...(flags.rxBuffer !== undefined && { rxBuffer: flags.rxBuffer }),
		...(flags.txBuffer !== undefined && { txBuffer: flags.txBuffer }),
		...(flags.outbox !== undefined && { outbox: flags.outbox }),
	};
	if (given.readSize === undefined && given.rxBuffer !== undefined) {
		given.readSize = Math.min(base.readSize ?? LIMITS.readSize.initial, given.rxBuffer);
	}
	return given;
}

function willOf(flags: ConnectionFlags): WillOptions | undefined {
	if (flags.willTopic === undefined) {
		const orphan = flags.willPayload !== undefined || flags.willQos !== undefined || flags.willRetain;
		if (orphan) throw new UsageError("--will-payload, --will-qos and --will-retain need --will-topic");
		return undefined;
	}
	checkTopicName("--will-topic", flags.willTopic);
	return {
		topic: flags.willTopic,
		payload: textOrBytes(flags.willPayload ?? ""),
		qos: flags.willQos ?? 0,
		retain: flags.willRetain ?? false,
	};
}

/** Throws UsageError, with the option's name, when a message cannot be published to this topic. */
export function checkTopicName(option: string, topicName: string): void {
	try {
		topicField(topicName, "topic");
	} catch (error) {
		throw new UsageError(
			`${option}: ${error instanceof Error ? error.message.replace(/^topic: /, "") : String(error)}`,
		);
	}
}
