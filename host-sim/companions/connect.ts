import { randomUUID } from "node:crypto";
import { isIPv6 } from "node:net";
import { connectAsync, type MqttClient } from "mqtt";
import type { CompanionContext } from "./companion.js";

/** Connects a companion to the broker. Rejects with the first error. */
export function connectCompanion(context: CompanionContext): Promise<MqttClient> {
	const { broker, userName, password } = context;
	const host = isIPv6(broker.host) ? `[${broker.host}]` : broker.host;
	return connectAsync(
		`mqtt://${host}:${broker.port}`,
		{
			// Not from Math.random, which a seed makes the same in every run: two companions would evict each other.
			clientId: `companion-${randomUUID()}`,
			...(userName !== undefined && { username: userName }),
			...(password !== undefined && { password }),
		},
		false,
	);
}
