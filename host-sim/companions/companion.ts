import type { Clock } from "../world/clock.js";
import type { Scheme } from "../terminal/mqtt-url.js";
import type { Security } from "../tls/files.js";
import type { BrokerAddress } from "../world/socket-world.js";

/** The way to a broker. */
export interface Route extends BrokerAddress {
	way: Scheme;
	/** Of WebSocket. */
	path: string;
	/** What secured connections need; undefined without TLS. */
	security: Security | undefined;
}

/** The way to a broker that listens for MQTT over TCP. */
export function plainRoute({ host, port }: BrokerAddress): Route {
	return { host, port, way: "mqtt", path: "", security: undefined };
}

/** What a companion works with. */
export interface CompanionContext {
	/** It connects there directly, without the faults of the device's link. */
	route: Route;
	userName: string | undefined;
	password: string | undefined;
	/** It lives by this time. */
	clock: Clock;
	/** Tells the viewer what it does, in one line. */
	say(line: string): void;
}

/** A running companion. */
export interface Companion {
	/** Disconnects. */
	stop(): Promise<void>;
}

/**
 * Starts the counterpart of a built-in example: what a person or a service at the other end of the broker would do.
 *
 * Rejects when it cannot connect.
 */
export type StartCompanion = (context: CompanionContext) => Promise<Companion>;
