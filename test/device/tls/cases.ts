// Goal: each server that is not what it should be ends the attempt by its reason before a byte of CONNECT is written, and
// the client gets through as soon as the server is a good one.
// Method: the desk has a server for each case, whose fault is mended at the second connection; this program traces what comes.
import config from "mc/config";
import Timer from "timer";
import { Client, QoS, State, type NameRequest, type NameResolver } from "xs-mqtt";
import { tls, type TlsOptions } from "xs-mqtt/tls";
import { bytesOf } from "../hex.js";
import { until } from "../tap.js";

/** As the desk has written it. Certificates are named. */
export interface Case {
	name: string;
	host: string;
	port: number;
	ca: string[];
	certificate?: string;
	alpn?: string;
	rsaKeyExchange?: boolean;
	verify: boolean;
	/** An end is expected before it gets through. */
	ends: boolean;
}

/** Every name is this machine. */
export const everyName: NameResolver = Object.freeze({
	resolve: ({ host, onResolved }: NameRequest) => void Timer.set(() => onResolved(host, "127.0.0.1")),
});

const { certificates } = config["tlsCheck"] as { certificates: Record<string, string> };

export function named(name: string): Uint8Array {
	return bytesOf(certificates[name]!);
}

export function optionsOf(one: Case): TlsOptions {
	const options: TlsOptions = { ca: one.ca.map(named), verify: one.verify };
	if (one.certificate !== undefined) {
		options.certificate = named(one.certificate);
		options.key = named(`${one.certificate} key`);
	}
	if (one.alpn !== undefined) options.alpn = one.alpn;
	if (one.rsaKeyExchange) options.rsaKeyExchange = true;
	return options;
}

/** Connects, and goes on until it has got through and a message has come back. */
export async function runCase(one: Case): Promise<void> {
	const text = `hello ${one.name}`;
	let isBack = false;
	let ends = 0;
	const client = new Client({
		host: one.host,
		port: one.port,
		clientId: "tls-check",
		transport: tls(optionsOf(one)),
		dns: everyName,
		reconnectMinMs: 10,
		reconnectMaxMs: 20,
		holdOffMs: 20,
		handshakeTimeoutMs: one.name.startsWith("silent") ? 500 : 20_000,
		onDisconnected: (_client, { layer, code, detail, wasConnected }) => {
			if (code !== 0) trace(`# ${one.name}: ended ${layer} ${code} ${detail} ${wasConnected}\n`);
			ends++;
		},
	});
	client.subscribe("xs-mqtt/tls-check", QoS.AT_LEAST_ONCE, (message) => {
		if (message.text() === text) isBack = true;
	});
	client.start();
	try {
		// A fault that shows when it is connected already has to show before anything else is tried.
		await until(() => client.connected && (!one.ends || ends > 0), "connected", 30_000);
		client.publish("xs-mqtt/tls-check", text, QoS.AT_LEAST_ONCE);
		await until(() => isBack, "the message is back", 10_000);
		trace(`# ${one.name}: through after ${ends}\n`);
	} finally {
		client.stop();
		await until(() => client.state === State.STOPPED, "stopped");
	}
}
