/**
 * The public constants. Numeric, frozen, and never renumbered once published. Inside the library their values are
 * `const enum`s that the compiler writes in place.
 */
import { StatusCode } from "../../codec/status.js";

/** Quality of Service levels (§4.3). */
export const QoS = Object.freeze({ AT_MOST_ONCE: 0, AT_LEAST_ONCE: 1, EXACTLY_ONCE: 2 } as const);
export type QoS = 0 | 1 | 2;

/** What methods return when they refuse; see `codec/status.ts` for what each means. */
export const Status = Object.freeze({
	OK: StatusCode.OK,
	FULL: StatusCode.FULL,
	TOO_LARGE: StatusCode.TOO_LARGE,
	NOT_CONNECTED: StatusCode.NOT_CONNECTED,
	INVALID_TOPIC: StatusCode.INVALID_TOPIC,
	INVALID_FILTER: StatusCode.INVALID_FILTER,
	INVALID_QOS: StatusCode.INVALID_QOS,
	INVALID_PAYLOAD: StatusCode.INVALID_PAYLOAD,
	BUSY: StatusCode.BUSY,
	STOPPED: StatusCode.STOPPED,
	NOT_FOUND: StatusCode.NOT_FOUND,
	INTERNAL_FAULT: StatusCode.INTERNAL_FAULT,
} as const);
export type Status = (typeof Status)[keyof typeof Status];

/** Where a client stands. */
export const enum StateCode {
	STOPPED = 0,
	/** Waiting before the next attempt. */
	WAITING = 1,
	/** The name is being resolved or the connection made. */
	OPENING = 2,
	/** CONNECT is sent, CONNACK is not here yet. */
	CONNECTING = 3,
	CONNECTED = 4,
	/** stop() was called; what can be flushed is flushed. */
	STOPPING = 5,
}

/** Where a client stands: `client.state`. */
export const State = Object.freeze({
	STOPPED: StateCode.STOPPED,
	WAITING: StateCode.WAITING,
	OPENING: StateCode.OPENING,
	CONNECTING: StateCode.CONNECTING,
	CONNECTED: StateCode.CONNECTED,
	STOPPING: StateCode.STOPPING,
} as const);
export type State = (typeof State)[keyof typeof State];

/** Who or what ended a connection. */
export const enum LayerCode {
	/** This program: stop(), networkDown(), a source that failed. */
	LOCAL = 0,
	/** The name service. */
	NAME = 1,
	/** The network connection. */
	TRANSPORT = 2,
	/** The server, by CONNACK. */
	SERVER = 3,
	/** The server broke the protocol. */
	PROTOCOL = 4,
	/** The server did not answer in time. */
	DEADLINE = 5,
	/** The handshake of TLS. */
	SECURITY = 6,
	/** WebSocket, its opening handshake and its frames. */
	WEBSOCKET = 7,
}

/** Who or what ended a connection: `reason.layer`. */
export const Layer = Object.freeze({
	LOCAL: LayerCode.LOCAL,
	NAME: LayerCode.NAME,
	TRANSPORT: LayerCode.TRANSPORT,
	SERVER: LayerCode.SERVER,
	PROTOCOL: LayerCode.PROTOCOL,
	DEADLINE: LayerCode.DEADLINE,
	SECURITY: LayerCode.SECURITY,
	WEBSOCKET: LayerCode.WEBSOCKET,
} as const);
export type Layer = (typeof Layer)[keyof typeof Layer];

/** Why a connection or an attempt ended. The tens are the layer; of a layer that is a step of connecting, 1 is its time-out. */
export const enum ReasonCode {
	STOPPED = 0,
	NETWORK_DOWN = 1,
	/** The source of a streamed publish could not deliver what it had announced. */
	SOURCE_FAILED = 2,
	/** A defect of this library was caught at the platform's callback. */
	INTERNAL_FAULT = 3,
	/** A publish was taken back of which a part was written: half a packet cannot be. `detail` is its packet identifier. */
	PUBLISH_CANCELLED = 4,
	/**
	 * A function that was asked for a credential has thrown, or what it has returned cannot be sent. `detail`: 10 for the user
	 * name, 20 for the password, and 1 threw, 2 neither text nor (as a password) bytes, 3 too large for
	 * `credentialBytes`, 4 a lone surrogate, or U+0000 in a user name, 5 a password without a user name.
	 */
	CREDENTIALS_FAILED = 5,
	/** The client goes back to the first of several servers: this one was left in an orderly way. */
	RETURNING = 6,
	NAME_NOT_FOUND = 10,
	NAME_TIMEOUT = 11,
	CONNECT_FAILED = 20,
	CONNECT_TIMEOUT = 21,
	/** The connection was closed by the peer or broke. */
	LINK_LOST = 22,
	REFUSED_PROTOCOL_VERSION = 31,
	REFUSED_IDENTIFIER = 32,
	REFUSED_SERVER_UNAVAILABLE = 33,
	REFUSED_CREDENTIALS = 34,
	REFUSED_NOT_AUTHORIZED = 35,
	/** A return code that 3.1.1 reserves; `detail` is the code. */
	REFUSED_OTHER = 36,
	/** `detail` is the first byte of the packet. */
	MALFORMED_PACKET = 40,
	/** A packet that is not allowed here; `detail` is its first byte. */
	PROTOCOL_ERROR = 41,
	/** Larger than `maximumPacketSize`; `detail` is the size. */
	PACKET_TOO_LARGE = 42,
	/** The identifiers of the QoS 2 messages that the server has open are more runs than `incomingQoS2` can remember. */
	INCOMING_QOS2_FULL = 43,
	CONNACK_TIMEOUT = 50,
	PINGRESP_TIMEOUT = 51,
	SUBACK_TIMEOUT = 52,
	/** Bytes wait to be sent, and the connection has taken none for `pingTimeoutMs`. */
	WRITE_STALLED = 53,
	/** The server has ended TLS by an alert; `detail` is its number (RFC 5246 §7.2). */
	SECURITY_REFUSED = 60,
	SECURITY_TIMEOUT = 61,
	/** The server's certificates lead to none that was given as `ca`. */
	UNKNOWN_ISSUER = 62,
	/** A certificate is not signed by the next one, the handshake not by the certificate, or in a way that cannot be checked. */
	BAD_SIGNATURE = 63,
	CERTIFICATE_EXPIRED = 64,
	CERTIFICATE_NOT_YET_VALID = 65,
	/** The server's certificate is for other names than the one that was asked for. */
	WRONG_SERVER_NAME = 66,
	/** What came is no TLS that protects: another protocol, an older version, a step left out. `detail` says which. */
	SECURITY_PROTOCOL = 67,
	/** The connection ended within the handshake. */
	HANDSHAKE_CUT = 68,
	/** The device's clock stands before this library was made: certificates cannot be checked. Nothing was sent. */
	CLOCK_NOT_SET = 69,
	/** The server has answered the opening handshake with a status that stays; `detail` is the HTTP status. */
	UPGRADE_REFUSED = 70,
	WEBSOCKET_TIMEOUT = 71,
	/** What answered the opening handshake is no WebSocket server (RFC 6455 §4.1). `detail` says what was wrong. */
	BAD_UPGRADE = 72,
	/** The server has not chosen the sub-protocol `mqtt` (§6 [MQTT-6.0.0-4]). */
	NO_SUBPROTOCOL = 73,
	/** A close frame has come; `detail` is its code, 1005 without one (RFC 6455 §7.4). */
	WEBSOCKET_CLOSED = 74,
	/** A frame that a server must not send; `detail` says which. */
	BAD_FRAME = 75,
	/** The server cannot now: HTTP status 429 or 500 and above, which is `detail`. */
	UPGRADE_UNAVAILABLE = 76,
}

/** Why a connection or an attempt ended: `reason.code`. */
export const Reason = Object.freeze({
	STOPPED: ReasonCode.STOPPED,
	NETWORK_DOWN: ReasonCode.NETWORK_DOWN,
	SOURCE_FAILED: ReasonCode.SOURCE_FAILED,
	INTERNAL_FAULT: ReasonCode.INTERNAL_FAULT,
	PUBLISH_CANCELLED: ReasonCode.PUBLISH_CANCELLED,
	CREDENTIALS_FAILED: ReasonCode.CREDENTIALS_FAILED,
	RETURNING: ReasonCode.RETURNING,
	NAME_NOT_FOUND: ReasonCode.NAME_NOT_FOUND,
	NAME_TIMEOUT: ReasonCode.NAME_TIMEOUT,
	CONNECT_FAILED: ReasonCode.CONNECT_FAILED,
	CONNECT_TIMEOUT: ReasonCode.CONNECT_TIMEOUT,
	LINK_LOST: ReasonCode.LINK_LOST,
	REFUSED_PROTOCOL_VERSION: ReasonCode.REFUSED_PROTOCOL_VERSION,
	REFUSED_IDENTIFIER: ReasonCode.REFUSED_IDENTIFIER,
	REFUSED_SERVER_UNAVAILABLE: ReasonCode.REFUSED_SERVER_UNAVAILABLE,
	REFUSED_CREDENTIALS: ReasonCode.REFUSED_CREDENTIALS,
	REFUSED_NOT_AUTHORIZED: ReasonCode.REFUSED_NOT_AUTHORIZED,
	REFUSED_OTHER: ReasonCode.REFUSED_OTHER,
	MALFORMED_PACKET: ReasonCode.MALFORMED_PACKET,
	PROTOCOL_ERROR: ReasonCode.PROTOCOL_ERROR,
	PACKET_TOO_LARGE: ReasonCode.PACKET_TOO_LARGE,
	INCOMING_QOS2_FULL: ReasonCode.INCOMING_QOS2_FULL,
	CONNACK_TIMEOUT: ReasonCode.CONNACK_TIMEOUT,
	PINGRESP_TIMEOUT: ReasonCode.PINGRESP_TIMEOUT,
	SUBACK_TIMEOUT: ReasonCode.SUBACK_TIMEOUT,
	WRITE_STALLED: ReasonCode.WRITE_STALLED,
	SECURITY_REFUSED: ReasonCode.SECURITY_REFUSED,
	SECURITY_TIMEOUT: ReasonCode.SECURITY_TIMEOUT,
	UNKNOWN_ISSUER: ReasonCode.UNKNOWN_ISSUER,
	BAD_SIGNATURE: ReasonCode.BAD_SIGNATURE,
	CERTIFICATE_EXPIRED: ReasonCode.CERTIFICATE_EXPIRED,
	CERTIFICATE_NOT_YET_VALID: ReasonCode.CERTIFICATE_NOT_YET_VALID,
	WRONG_SERVER_NAME: ReasonCode.WRONG_SERVER_NAME,
	SECURITY_PROTOCOL: ReasonCode.SECURITY_PROTOCOL,
	HANDSHAKE_CUT: ReasonCode.HANDSHAKE_CUT,
	CLOCK_NOT_SET: ReasonCode.CLOCK_NOT_SET,
	UPGRADE_REFUSED: ReasonCode.UPGRADE_REFUSED,
	WEBSOCKET_TIMEOUT: ReasonCode.WEBSOCKET_TIMEOUT,
	BAD_UPGRADE: ReasonCode.BAD_UPGRADE,
	NO_SUBPROTOCOL: ReasonCode.NO_SUBPROTOCOL,
	WEBSOCKET_CLOSED: ReasonCode.WEBSOCKET_CLOSED,
	BAD_FRAME: ReasonCode.BAD_FRAME,
	UPGRADE_UNAVAILABLE: ReasonCode.UPGRADE_UNAVAILABLE,
} as const);
export type Reason = (typeof Reason)[keyof typeof Reason];

/** What is reported through `onProblem`: nothing is lost without one of these. */
export const enum ProblemCode {
	/** An incoming message is larger than `rxBuffer` and no streaming handler matches. `detail`: payload bytes. */
	MESSAGE_TOO_LARGE = 1,
	/** A callback of the application threw. `detail`: how many have so far. */
	CALLBACK_THREW = 2,
	/** The server refused a subscription. `detail`: the subscription's index. */
	SUBSCRIPTION_REFUSED = 3,
	/** A waiting publish gave way to a newer one, as the option `outboxFull` says. `detail`: its packet identifier, 0 at QoS 0. */
	PUBLISH_DROPPED = 4,
	/** The server lost the session while a QoS 2 handshake stood at PUBREL: it is unknown whether it delivered. `detail`: the packet identifier. */
	DELIVERY_UNKNOWN = 5,
	/** A source failed and its publish was dropped. `detail`: its packet identifier. */
	SOURCE_FAILED = 6,
	/** stop() had to leave publishes unfinished. `detail`: how many. */
	STOPPED_UNFINISHED = 7,
	/**
	 * As many connections as `resendsMax` says have ended young with this publish under way: it is not sent again. The server
	 * may have it all the same. `detail`: its packet identifier, 0 at QoS 0.
	 */
	PUBLISH_GIVEN_UP = 8,
}

/** What is reported through `onProblem`. */
export const Problem = Object.freeze({
	MESSAGE_TOO_LARGE: ProblemCode.MESSAGE_TOO_LARGE,
	CALLBACK_THREW: ProblemCode.CALLBACK_THREW,
	SUBSCRIPTION_REFUSED: ProblemCode.SUBSCRIPTION_REFUSED,
	PUBLISH_DROPPED: ProblemCode.PUBLISH_DROPPED,
	DELIVERY_UNKNOWN: ProblemCode.DELIVERY_UNKNOWN,
	SOURCE_FAILED: ProblemCode.SOURCE_FAILED,
	STOPPED_UNFINISHED: ProblemCode.STOPPED_UNFINISHED,
	PUBLISH_GIVEN_UP: ProblemCode.PUBLISH_GIVEN_UP,
} as const);
export type Problem = (typeof Problem)[keyof typeof Problem];

/** Why and how a connection or an attempt ended. One object per client, valid until the callback returns. */
export class DisconnectReason {
	/** One of Layer. */
	layer: Layer = LayerCode.LOCAL;
	/** One of Reason. */
	code: Reason = ReasonCode.STOPPED;
	/** A number that belongs to the code: a return code, a first byte, a size, what a transport has told with its end; else 0. */
	detail = 0;
	/** Milliseconds until the next attempt; -1 when there will be none by itself. */
	retryMs = -1;
	/** Whether the connection had been accepted by CONNACK before. */
	wasConnected = false;

	/** Which of several servers it was, by its place in the option `servers`; 0 of one. */
	get server(): number {
		return 0;
	}
}
