import { makeEngine } from "xs-mqtt/tls-engine";
import type { TransportFactory } from "../ports/transport.js";
import { tcp } from "./tcp.js";
import type { TlsOptions } from "./tls/options.js";
import { tlsBy } from "./tls/transport.js";

export type { TlsBytes } from "../ports/tls-engine.js";
export type { TlsOptions } from "./tls/options.js";

/**
 * The option `transport` for TLS: `transport: tls({ ca: new Resource("ca.der") })`. The server is who its certificate says,
 * signed by one of `ca`, for the host that the client connects to, or nothing is sent. Port 8883 unless told.
 *
 * in   options  see TlsOptions; checked at once, certificates and key when the client is made
 *
 * Throws TypeError or RangeError that names the option.
 */
export function tls(options: TlsOptions): TransportFactory {
	return tlsBy(makeEngine, options, options?.over ?? tcp);
}
