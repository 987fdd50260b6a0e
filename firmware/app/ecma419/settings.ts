import config from "mc/config";
import type { QoS } from "../../client/codes.js";
import { LIMITS } from "../../client/limits.js";
import type { TuningOptions } from "../../client/options.js";
import type { ClientOptions } from "../client.js";
import { bytesOf, textOf } from "./bytes.js";
import type { MQTTClientOptions } from "./options.js";

/** Messages that are written piece by piece and not finished, if the manifest does not ask for more. */
const SOURCES_MIN = 4;

/** Sizes and times for the client: the manifest's, and over them those of the options. */
function tuningOf(options: MQTTClientOptions): TuningOptions {
	const given = (config["mqtt"] ?? {}) as Record<string, unknown>;
	const tuning: Record<string, unknown> = {};
	for (const name of Object.keys(LIMITS)) {
		const value = options.tuning?.[name as keyof TuningOptions] ?? given[name];
		if (value !== undefined && name !== "port") tuning[name] = value;
	}
	const keepAliveMs = options.keepAlive ?? options.keepalive;
	if (keepAliveMs !== undefined) tuning["keepAlive"] = Math.ceil(keepAliveMs / 1000);
	tuning["sources"] = Math.max((tuning["sources"] as number | undefined) ?? 0, SOURCES_MIN);
	if (given["reconnect"] !== true) tuning["reconnect"] = false;
	return tuning as TuningOptions;
}

/** The client's own options, by those of ECMA-419. Throws Error or TypeError for a missing or wrong one. */
export function settingsOf(options: MQTTClientOptions): Omit<ClientOptions, "transport"> {
	const { host, port, id, user, password, clean, will } = options;
	if (!host) throw new Error("host required");
	return {
		...tuningOf(options),
		host,
		...(port === undefined ? {} : { port }),
		clientId: id === undefined ? "" : textOf(id),
		cleanSession: clean ?? true,
		...(user === undefined ? {} : { userName: textOf(user) }),
		...(password === undefined ? {} : { password: typeof password === "string" ? password : bytesOf(password) }),
		...(will ? { will: willOf(will) } : {}),
	};
}

function willOf({
	topic,
	message,
	QoS,
	retain,
}: NonNullable<MQTTClientOptions["will"]>): ClientOptions["will"] & object {
	return {
		topic: textOf(topic),
		payload: typeof message === "string" ? message : bytesOf(message),
		qos: (QoS ?? 0) as QoS,
		retain: Boolean(retain),
	};
}
