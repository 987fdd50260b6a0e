/**
 * In place of the SDK's module of this name: the same `device.network.mqtt`, with a name service that knows the test's
 * broker only, and sockets that go to its port.
 */
import "system";
import config from "mc/config";
import TCP from "embedded:io/socket/tcp";
import MQTTClient from "embedded:network/mqtt/client";
import Timer from "timer";

class Resolver {
	resolve({ host, onResolved }) {
		Timer.set(() => onResolved(host, "127.0.0.1"));
	}
}

class BrokerSocket extends TCP {
	constructor(options) {
		super({ ...options, port: config.mqtt.port });
	}
}

globalThis.device = Object.freeze(
	{
		...globalThis.device,
		network: {
			...globalThis.device?.network,
			mqtt: { io: MQTTClient, dns: { io: Resolver }, socket: { io: BrokerSocket } },
		},
	},
	true,
);
