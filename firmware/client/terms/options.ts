import type { Protocol } from "../../ports/protocol.js";
import type { Servers } from "../../ports/servers.js";
import type { Store } from "../../ports/store.js";
import type { NameResolver, TransportFactory } from "../../ports/transport.js";
import type { Topic } from "../../codec/topic.js";
import type { DisconnectReason, Problem, QoS } from "./codes.js";
import type { Message } from "./message.js";

/** What the server publishes for us when the connection ends without DISCONNECT (§3.1.2.5). */
export interface WillOptions {
	topic: string;
	/** Absent means empty. Text is sent as UTF-8. */
	payload?: string | Uint8Array;
	qos?: QoS;
	retain?: boolean;
}

/** Sizes and times; usually `...config.mqtt` from the manifest. `limits.ts` has the default and range of each. */
export interface TuningOptions {
	/** Seconds (§3.1.2.10); 0 switches keep alive off. */
	keepAlive?: number;
	/** Bytes: the largest incoming PUBLISH packet that is handed over whole. */
	rxBuffer?: number;
	/** Bytes: the most that is taken from the socket at once, and the largest piece of a streamed message. */
	readSize?: number;
	/** Bytes: what waits to be written to the socket. */
	txBuffer?: number;
	/** Bytes: QoS 1 and 2 publishes until they are acknowledged, and whatever waits for a connection. */
	outbox?: number;
	/** QoS 1 and 2 publishes sent and not yet finished. */
	inflight?: number;
	/** Incoming QoS 2 messages whose PUBREL has not come yet, in runs: neighbouring packet identifiers count as one. */
	incomingQoS2?: number;
	/** Subscriptions at once. */
	subscriptions?: number;
	/** Bytes: the topic filters of all subscriptions together. */
	filterBytes?: number;
	/** Streamed publishes at once. */
	sources?: number;
	/** Views of exact size kept for each direction of the socket. */
	views?: number;
	/** Entries in the ring of the last packets, without the pings of a silence; 0 for none. */
	packetLog?: number;
	/** Bytes: incoming packets above this end the connection. */
	maximumPacketSize?: number;
	/** Bytes: user name and password together, when one of them is a function. */
	credentialBytes?: number;
	/** For each step of a connection: name lookup, connect, CONNACK. */
	connectTimeoutMs?: number;
	/** For each handshake between connect and CONNECT: of TLS, of WebSocket. */
	handshakeTimeoutMs?: number;
	/** From PINGREQ to PINGRESP, and for a connection that takes no more bytes. */
	pingTimeoutMs?: number;
	/** From SUBSCRIBE or UNSUBSCRIBE to its ack. */
	ackTimeoutMs?: number;
	/** The first back-off is drawn from 0 … this; each further one from twice as much. */
	reconnectMinMs?: number;
	/** No back-off is longer. */
	reconnectMaxMs?: number;
	/** A connection that has lived this long resets the back-off. */
	stableMs?: number;
	/** Pause after refusals that do not heal by themselves, and after repeated evictions. */
	holdOffMs?: number;
	/**
	 * Connections that may end young, one after the other, with the same publish under way; then it is given up. 0, the
	 * default: it never is.
	 */
	resendsMax?: number;
	/** How long stop() may flush. */
	stopTimeoutMs?: number;
}

/** What `config.mqtt` of a manifest may hold: what is no function and can be said before a program runs. */
export interface ManifestOptions extends TuningOptions {
	/** Name or IPv4 address of the server, and nothing else: no scheme, no port. */
	host?: string;
	/** 1 … 65,535; without it the usual one of the transport: 1883 of `tcp`. */
	port?: number;
	/** Empty or absent only with a clean session (§3.1.3.1). */
	clientId?: string;
	/** Default true. False: the session outlives the connection (§3.1.2.4). */
	cleanSession?: boolean;
	userName?: string;
	/** Only together with a user name (§3.1.2.9). */
	password?: string | Uint8Array;
	will?: WillOptions;
	/** Default true: go on connecting until stop(). */
	reconnect?: boolean;
	/** Whether QoS 0 publishes wait in the outbox while there is no connection. Default true. */
	queueQoS0?: boolean;
	/** What happens when the outbox has no room. "refuse" is the default. */
	outboxFull?: "refuse" | "dropOldest" | "latestPerTopic";
	/** What happens to a message too large to hand over: acknowledged (default), or left to the server to send again. */
	tooLarge?: "acknowledge" | "refuse";
}

/**
 * What a callback may return that gets an object which is used again: anything, and it is not looked at, but no promise. At
 * the first `await` of an async function the object is void.
 */
export type NotAPromise =
	void | null | undefined | boolean | number | bigint | string | symbol | (object & { then?: never });

/**
 * What a credential may be: itself, or a function that is asked for it at each attempt. It returns undefined for none. What
 * it throws is told to onProblem, and ends the attempt as anything does that cannot be sent: see Reason.CREDENTIALS_FAILED.
 */
export type Credential<C, T> = T | { ask(client: C): T | undefined }["ask"];

/** Everything a client is made from, but for the way to its server. A name that is not in here is refused. */
export interface CommonOptions<C> extends Omit<ManifestOptions, "userName" | "password"> {
	/** How to get there, e.g. `tcp` from "xs-mqtt/tcp". */
	transport?: TransportFactory;
	userName?: Credential<C, string>;
	/** Only together with a user name (§3.1.2.9). */
	password?: Credential<C, string | Uint8Array>;
	/** Several servers, in place of `host`: made by `servers()` of "xs-mqtt/servers". */
	servers?: Servers;
	/** Needed when `host` is a name. */
	dns?: NameResolver;
	/** Hears what the session does, to keep it elsewhere: what is to outlive a loss of power. */
	store?: Store;
	/** The version of MQTT to be spoken, from the import that has it; 3.1.1 without it. */
	protocol?: Protocol<never, never, unknown>;

	/** CONNACK accepted the connection; resends and subscriptions follow. */
	onConnected?(client: C, sessionPresent: boolean): void;
	/** A connection or an attempt ended; once for each. What a callback asks for and takes back at once is no attempt. */
	onDisconnected?(client: C, reason: DisconnectReason): NotAPromise;
	/** A QoS 1 or 2 publish is complete: PUBACK or PUBCOMP has come. `reasonCode` is 0 in 3.1.1. */
	onDelivered?(client: C, packetId: number, reasonCode: number): void;
	/**
	 * What was refused as FULL may be tried again: there is room in the outbox, or an entry for a subscription. Who was refused
	 * for another reason is told again.
	 */
	onRoom?(client: C): void;
	/** A message that matches no subscription. */
	onMessage?(message: Message, client: C): NotAPromise;
	/** SUBACK for one filter. `code`: granted QoS, or 0x80 for refused. */
	onSubscribed?(client: C, subscription: number, code: number): void;
	/** UNSUBACK for one filter. */
	onUnsubscribed?(client: C, subscription: number): void;
	/**
	 * Something was lost, refused or went wrong without ending the connection; a code of Problem. `error` is what a callback
	 * of yours or a source has thrown (CALLBACK_THREW), and undefined with every other problem. What this throws itself is
	 * counted, and told nobody.
	 */
	onProblem?(client: C, problem: Problem, detail: number, error?: unknown): void;
	/** stop() is complete. */
	onStopped?(client: C): void;
	/** Numbers only, for logs: an event of Trace and two values. */
	onTrace?(event: number, a: number, b: number): void;
}

/** Everything that a client of one server is made from. */
export interface CoreOptions<C> extends CommonOptions<C> {
	host: string;
	transport: TransportFactory;
}

/**
 * A handler as the table keeps it, without the type of its client: that of a method, so that every MessageHandler is one.
 * What it returns is not looked at.
 */
export type Handler = { handle(message: Message, client: unknown): void }["handle"];

/** Gets a message; the object is valid until the handler returns. */
export type MessageHandler<C> = (message: Message, client: C) => NotAPromise;

/**
 * A payload that is pulled piece by piece, from the start again whenever it has to be sent again.
 */
export interface PayloadSource {
	/**
	 * Copies payload bytes.
	 *
	 * in   position  offset in the payload of the first byte wanted
	 *      target, offset, size  where to, and how many at most (1 or more)
	 * out  bytes copied, 1 … size; 0 when none can be had now (call client.resumeSources() when they can);
	 *      negative when the payload cannot be had any more: the publish is dropped and reported
	 */
	read(position: number, target: Uint8Array, offset: number, size: number): number;
	/** The publish is complete, dropped or cleared; the source is not used again. */
	finished?(packetId: number): void;
}

export type { Topic };
