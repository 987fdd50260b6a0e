import config from "mc/config";
import type { Client, ClientOptions } from "xs-mqtt";
import { Clock } from "./clock.js";
import { Health } from "./health.js";
import { Led } from "./led.js";
import { Wifi } from "./wifi.js";

/** What mcconfig takes on its command line, after the manifest: `ssid=… password=… host=… clientId=… sntp=… led=…`. */
function argument(name: string): string | undefined {
	const value = config[name];
	return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * Runs a program on an ESP32: Wi-Fi that comes back, hints to the client when it goes and comes, the time of day from the
 * server that config.sntp names, a heartbeat on the board's LED, and the state of the device on the topic
 * `xs-mqtt/<name>/<client identifier>/health`. Settings are those of the manifest; arguments go before. Without a client
 * identifier, the device's own address makes one.
 *
 * in   name   of the program
 *      begin  makes its client and starts it
 */
export function runDevice(name: string, begin: (settings: Partial<ClientOptions>) => Client): void {
	const given = (config["mqtt"] ?? {}) as Partial<ClientOptions>;
	const host = argument("host") ?? given.host;
	const ssid = argument("ssid");
	if (ssid === undefined) return trace(`${name}: no network; build with ssid=… password=…\n`);
	if (host === undefined) return trace(`${name}: no broker; build with host=…\n`);
	// Wi-Fi comes first: it starts the network stack, without which there are no sockets. Its events come on later turns.
	const wifi = new Wifi({
		ssid,
		password: argument("password"),
		onUp: () => {
			client.networkUp();
			clock?.handleNetworkUp();
		},
		onDown: () => client.networkDown(),
	});
	const server = argument("sntp");
	// TLS has waited for it: without the time of day no certificate can be checked.
	const clock = server === undefined ? undefined : new Clock(server, () => client.networkUp());
	const address = wifi.macAddress?.replaceAll(":", "") ?? "device";
	const clientId = argument("clientId") ?? given.clientId ?? `${name}-${address}`;
	const client = begin({ ...given, host, clientId });
	new Led(client, config["led"], String(config["ledOn"]) === "0");
	new Health(client, wifi, clock, `xs-mqtt/${name}/${client.clientId}/health`);
}
