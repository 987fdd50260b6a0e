import { Layer, Problem, Reason, Status } from "../../firmware/client/terms/codes.js";
import type { DisconnectReason } from "../../firmware/client/terms/codes.js";
import { Exit } from "./exit.js";

/** CONNACK return codes (MQTT 3.1.1, 3.2.2.3), in the words of mosquitto's tools. */
const REFUSALS = [
	"",
	"unacceptable protocol version",
	"identifier rejected",
	"broker unavailable",
	"bad user name or password",
	"not authorised",
];

const REASONS: Readonly<Record<number, string>> = {
	[Reason.NETWORK_DOWN]: "the network is down",
	[Reason.SOURCE_FAILED]: "the payload could not be read to its end",
	[Reason.INTERNAL_FAULT]: "internal fault",
	[Reason.PUBLISH_CANCELLED]: "a message was taken back when half of it was sent",
	[Reason.CREDENTIALS_FAILED]: "user name or password could not be had",
	[Reason.RETURNING]: "the client goes back to its first server",
	[Reason.NAME_NOT_FOUND]: "name not found",
	[Reason.NAME_TIMEOUT]: "no answer to the name lookup in time",
	[Reason.CONNECT_FAILED]: "no connection",
	[Reason.CONNECT_TIMEOUT]: "no connection in time",
	[Reason.LINK_LOST]: "connection lost",
	[Reason.MALFORMED_PACKET]: "the broker sent a malformed packet",
	[Reason.PROTOCOL_ERROR]: "the broker sent a packet that is not allowed",
	[Reason.PACKET_TOO_LARGE]: "the broker sent a packet larger than maximumPacketSize",
	[Reason.INCOMING_QOS2_FULL]: "the broker has more runs of QoS 2 messages open than incomingQoS2; see --set",
	[Reason.CONNACK_TIMEOUT]: "no CONNACK in time; is it an MQTT broker?",
	[Reason.PINGRESP_TIMEOUT]: "no PINGRESP in time",
	[Reason.SUBACK_TIMEOUT]: "no SUBACK in time",
	[Reason.WRITE_STALLED]: "the connection takes no more bytes",
	[Reason.SECURITY_REFUSED]: "TLS: the broker has ended it by an alert",
	[Reason.SECURITY_TIMEOUT]: "TLS: no answer in time; is it a port with TLS?",
	[Reason.UNKNOWN_ISSUER]: "TLS: the broker's certificate is signed by nobody who is trusted; see --cafile",
	[Reason.BAD_SIGNATURE]: "TLS: a certificate of the broker is not signed by the one that should have",
	[Reason.CERTIFICATE_EXPIRED]: "TLS: a certificate of the broker has expired",
	[Reason.CERTIFICATE_NOT_YET_VALID]: "TLS: a certificate of the broker is not valid yet",
	[Reason.WRONG_SERVER_NAME]: "TLS: the broker's certificate is for another name",
	[Reason.SECURITY_PROTOCOL]: "TLS: the answer is none",
	[Reason.HANDSHAKE_CUT]: "TLS: the connection ended within the handshake; is it a port with TLS?",
	[Reason.CLOCK_NOT_SET]: "TLS: the clock of this machine is not set",
	[Reason.UPGRADE_REFUSED]: "WebSocket: the server refused",
	[Reason.WEBSOCKET_TIMEOUT]: "WebSocket: no answer in time; is it a port with HTTP?",
	[Reason.BAD_UPGRADE]: "WebSocket: the answer is none",
	[Reason.NO_SUBPROTOCOL]: "WebSocket: the server does not speak MQTT there",
	[Reason.WEBSOCKET_CLOSED]: "WebSocket: the broker closed it",
	[Reason.BAD_FRAME]: "WebSocket: the broker sent a frame that is not allowed",
	[Reason.UPGRADE_UNAVAILABLE]: "WebSocket: the server cannot now",
};

/** Alerts that people meet (RFC 8446 §6, RFC 5246 §7.2), in their words. */
const ALERTS: Readonly<Record<number, string>> = {
	20: "bad record",
	40: "handshake failure: no suite in common, or it wants a certificate, see --cert",
	42: "bad certificate",
	43: "unsupported certificate",
	44: "certificate revoked",
	45: "certificate expired",
	46: "certificate unknown",
	47: "illegal parameter",
	48: "unknown issuer: it does not trust our certificate, see --cert",
	49: "access denied",
	51: "decrypt error",
	70: "protocol version",
	71: "insufficient security",
	80: "internal error",
	112: "unrecognised name",
	116: "it wants a certificate, see --cert",
	120: "no protocol in common, see --tls-alpn",
};

/** What the broker said by a number, for people: an alert, a status of HTTP, a close code. */
function detailText(code: number, detail: number): string {
	switch (code) {
		case Reason.SECURITY_REFUSED:
			return ` ${detail}${ALERTS[detail] === undefined ? "" : ` (${ALERTS[detail]})`}`;
		case Reason.UPGRADE_REFUSED:
		case Reason.UPGRADE_UNAVAILABLE:
			return `: HTTP status ${detail}${detail === 404 ? ", see --ws-path" : ""}`;
		case Reason.WEBSOCKET_CLOSED:
			return `, close code ${detail}`;
		default:
			return "";
	}
}

/** Layers whose own words about a certificate tell more than those about the reason. */
const WORDED: ReadonlySet<number> = new Set([
	Reason.UNKNOWN_ISSUER,
	Reason.BAD_SIGNATURE,
	Reason.CERTIFICATE_EXPIRED,
	Reason.CERTIFICATE_NOT_YET_VALID,
	Reason.WRONG_SERVER_NAME,
	Reason.SECURITY_PROTOCOL,
]);

/** System errors as people know them; Node only gives their codes. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
	ECONNREFUSED: "Connection refused",
	ECONNRESET: "Connection reset by peer",
	EHOSTUNREACH: "No route to host",
	ENETUNREACH: "Network is unreachable",
	ETIMEDOUT: "Connection timed out",
	EACCES: "Permission denied",
};

/** What a call to the system says when it fails, for people. */
export function systemErrorText(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	// Node: "ENOENT: no such file or directory, open 'x'"
	return /^[A-Z0-9]+: ([^,]+)/.exec(text)?.[1] ?? text;
}

/** What a port that speaks something else than MQTT does with CONNECT: it closes, says nothing, or answers in its own words. */
const NO_BROKER: ReadonlySet<number> = new Set([
	Reason.LINK_LOST,
	Reason.CONNACK_TIMEOUT,
	Reason.MALFORMED_PACKET,
	Reason.PROTOCOL_ERROR,
	Reason.PACKET_TOO_LARGE,
]);

/** What usually listens at a port, where that is not MQTT over TCP. */
const OTHER_PORTS: Readonly<Record<number, string>> = {
	80: "HTTP",
	443: "HTTPS",
	8080: "HTTP or MQTT over WebSocket",
	8083: "MQTT over WebSocket",
	8084: "MQTT over WebSocket with TLS",
	8443: "HTTPS",
	8883: "MQTT over TLS",
	8884: "MQTT over TLS",
	9001: "MQTT over WebSocket",
};

/** First bytes of an alert of TLS, and of an answer of HTTP, which stand where a packet should: how to speak that. */
const FIRST_BYTES: Readonly<Record<number, string>> = {
	0x15: " It speaks TLS: see -L mqtts:// and --cafile",
	0x48: " It speaks HTTP: see -L ws://",
};

function noBroker(code: number, port: number, detail: number): string {
	const isWrong = code === Reason.MALFORMED_PACKET || code === Reason.PROTOCOL_ERROR;
	const other = isWrong ? FIRST_BYTES[detail] : undefined;
	const what: Readonly<Record<number, string>> = {
		[Reason.LINK_LOST]: "closed before CONNACK",
		[Reason.CONNACK_TIMEOUT]: "no CONNACK in time",
	};
	const usual = OTHER_PORTS[port];
	return (
		`${what[code] ?? "the answer is not MQTT"}; is it an MQTT broker?` +
		(other ?? (usual === undefined ? "" : ` Port ${port} is usually ${usual}; plain MQTT is 1883`))
	);
}

/** How a connection or an attempt ended, for people, and the exit code that says the same. */
export interface End {
	text: string;
	exitCode: number;
	/** Trying again would end the same way. */
	final: boolean;
}

/**
 * Puts a reason into words.
 *
 * in   cause      what the network said last, e.g. "connect ECONNREFUSED 127.0.0.1:1883"; may be empty
 *      connected  whether this command has had a CONNACK before
 *      port       where it was
 */
export function describeEnd(reason: DisconnectReason, cause: string, connected = true, port = 0): End {
	if (reason.layer === Layer.SERVER) {
		const code =
			reason.code === Reason.REFUSED_OTHER ? reason.detail : reason.code - Reason.REFUSED_PROTOCOL_VERSION + 1;
		const text = `Connection refused by the broker: ${REFUSALS[code] ?? "reserved return code"} (CONNACK ${code})`;
		// Codes above 5 are reserved; one of them may be 27 or 64, which mean something else here.
		return {
			text,
			exitCode: code < REFUSALS.length ? code : Exit.FAILED,
			final: reason.code !== Reason.REFUSED_SERVER_UNAVAILABLE,
		};
	}
	if (reason.layer === Layer.SECURITY && cause !== "" && WORDED.has(reason.code))
		return { text: `TLS: ${cause}`, exitCode: Exit.FAILED, final: false };
	if (!connected && NO_BROKER.has(reason.code))
		return { text: noBroker(reason.code, port, reason.detail), exitCode: Exit.FAILED, final: false };
	const known = /\b(E[A-Z]{4,})\b/.exec(cause)?.[1];
	const system = known === undefined ? undefined : (SYSTEM_ERRORS[known] ?? known);
	const words = `${REASONS[reason.code] ?? `reason ${reason.code}`}${detailText(reason.code, reason.detail)}`;
	const text = reason.layer === Layer.TRANSPORT && system ? system : words;
	return { text, exitCode: Exit.FAILED, final: false };
}

const STATUSES: Readonly<Record<number, string>> = {
	[Status.FULL]: "there is no room for it",
	[Status.TOO_LARGE]: "it is too large",
	[Status.NOT_CONNECTED]: "there is no connection",
	[Status.INVALID_TOPIC]: "the topic is not valid",
	[Status.INVALID_FILTER]: "the topic filter is not valid",
	[Status.INVALID_QOS]: "the QoS is not 0, 1 or 2",
	[Status.INVALID_PAYLOAD]: "the payload is not valid",
	[Status.BUSY]: "another payload is being composed",
	[Status.STOPPED]: "the client is stopping",
	[Status.NOT_FOUND]: "there is no such subscription",
};

/** A refusal of one of the client's methods, for people. */
export function describeStatus(status: number): string {
	return STATUSES[status] ?? `status ${status}`;
}

/** What was lost without ending the connection, for people; undefined for what the command itself reports better. */
export function describeProblem(problem: number, detail: number): string | undefined {
	switch (problem) {
		case Problem.MESSAGE_TOO_LARGE:
			return `a message of ${detail} bytes is larger than rxBuffer and was dropped`;
		case Problem.PUBLISH_DROPPED:
			return "a waiting message gave way to a newer one";
		case Problem.DELIVERY_UNKNOWN:
			return "the broker lost the session: it is unknown whether a QoS 2 message was delivered";
		case Problem.SOURCE_FAILED:
			return "the payload could not be read to its end; the message was dropped";
		case Problem.STOPPED_UNFINISHED:
			return `${detail} message${detail === 1 ? "" : "s"} not delivered`;
		case Problem.PUBLISH_GIVEN_UP:
			return "a message was given up: each time it was sent, the connection ended";
		case Problem.CALLBACK_THREW:
			return "a callback of this command failed";
		default:
			return undefined;
	}
}
