import { bytesOfArgument } from "./arguments.js";

/** The ways to a broker, by the schemes of their URLs: over TCP, TLS, WebSocket, WebSocket over TLS. */
export type Scheme = "mqtt" | "mqtts" | "ws" | "wss";

/** Where brokers listen usually. */
export const DEFAULT_PORTS: Readonly<Record<Scheme, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

/** What a URL of a broker says. */
export interface MqttUrl {
	scheme: Scheme;
	/** A name or an address; that of IPv6 without its brackets. */
	host: string;
	port: number | undefined;
	userName: string | undefined;
	/** Bytes where it is not UTF-8, which MQTT allows (MQTT 3.1.1, 3.1.3.5). */
	password: string | Uint8Array | undefined;
	/** All that follows the host and its slash; empty without one. */
	topic: string;
	/** The same as it stands in the URL, with its slash: a path of WebSocket. Empty without one. */
	path: string;
}

/** Why a text is no URL of a broker: a sentence for people, without anything of the text but its scheme. */
export class MqttUrlError extends Error {
	override name = "MqttUrlError";
}

const PORT_MAX = 65_535;

/**
 * Takes `mqtt://[user[:password]@]host[:port][/topic]` apart, or mqtts:, ws:, wss:. Not as the class URL does: what stands behind the host is a
 * topic to its last character, where # and ? are characters like others and dots are no steps up. User name, password and
 * topic are percent-decoded.
 *
 * Throws MqttUrlError.
 */
export function parseMqttUrl(text: string): MqttUrl {
	const [, given = "", authority = "", path = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(.*)$/is.exec(text) ?? [];
	if (given === "") throw new MqttUrlError("It must be mqtt://[user[:password]@]host[:port]/topic.");
	const scheme = given.toLowerCase();
	if (!Object.hasOwn(DEFAULT_PORTS, scheme))
		throw new MqttUrlError(`It must begin with mqtt:, mqtts:, ws: or wss:, not ${scheme}:`);
	const at = authority.lastIndexOf("@");
	const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority.slice(at + 1)) ?? [];
	if (host === "") throw new MqttUrlError("It names no host.");
	if (/[\s?#%\\[\]\p{Surrogate}]/u.test(host.replace(/^\[(.*)\]$/, "$1"))) {
		throw new MqttUrlError("Its host is no name; in user name and password, / must be %2F and @ %40.");
	}
	return {
		scheme: scheme as Scheme,
		host: host.replace(/^\[(.*)\]$/, "$1"),
		port: port === "" ? undefined : portOf(port),
		...credentials(authority.slice(0, Math.max(at, 0))),
		topic: decodeText("topic", path.slice(1)),
		path,
	};
}

function portOf(text: string): number {
	const limits = `1 … ${PORT_MAX}.`;
	// Part of a password with a slash may stand here: the value is not shown.
	if (!/^[0-9]+$/.test(text)) {
		throw new MqttUrlError(`Its port must be a whole number, ${limits.slice(0, -1)}; a / in a password must be %2F.`);
	}
	const port = Number(text);
	if (port < 1) throw new MqttUrlError(`It is below the minimum of 1; ${limits}`);
	if (port > PORT_MAX) throw new MqttUrlError(`It is above the maximum of ${PORT_MAX}; ${limits}`);
	return port;
}

function credentials(text: string): Pick<MqttUrl, "userName" | "password"> {
	const [, userName = "", password = ""] = /^([^:]*):?(.*)$/s.exec(text) ?? [];
	const bytes = percentDecoded("password", password);
	return {
		userName: userName === "" ? undefined : decodeText("user name", userName),
		password: password === "" ? undefined : (textOf(bytes) ?? bytes),
	};
}

function decodeText(part: string, text: string): string {
	const decoded = textOf(percentDecoded(part, text));
	if (decoded === undefined) throw new MqttUrlError(`Its ${part} is not UTF-8.`);
	return decoded;
}

/** The text that bytes are in UTF-8; undefined when they are not. */
function textOf(bytes: Uint8Array): string | undefined {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		return undefined;
	}
}

function percentDecoded(part: string, text: string): Uint8Array {
	const pieces = text.split("%");
	const bytes = [bytesOfArgument(pieces[0]!)];
	for (const piece of pieces.slice(1)) {
		if (!/^[0-9a-f]{2}/i.test(piece)) {
			throw new MqttUrlError(
				`Its ${part} is badly encoded: a % must be followed by two hexadecimal digits, or be %25.`,
			);
		}
		bytes.push(Buffer.from(piece.slice(0, 2), "hex"), bytesOfArgument(piece.slice(2)));
	}
	return Buffer.concat(bytes);
}

/**
 * An argument in which a password may stand as in a URL, without it: also when it holds what should have been encoded, and
 * when the scheme is missing.
 */
export function withoutPassword(text: string): string {
	return text.replace(/^((?:[^:]*:\/\/)?[^:]*):(?!\/\/).*@/s, "$1:…@");
}
