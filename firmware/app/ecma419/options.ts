import type { TuningOptions } from "../../client/options.js";
import type { MQTTClient } from "./client.js";

/** What the platform's classes take and give as bytes. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** A socket of an ECMA-419 class: TCP, or one that is made like it. */
export interface Socket {
	/** Fills the view as far as bytes have arrived; TCP throws when the view is longer. */
	read(view: Uint8Array): number | undefined;
	/** Takes the whole view or throws. Returns how many bytes may be written after it. */
	write(view: Uint8Array): number | undefined;
	close(): void;
}

/** What a socket is made from; the rest of `options.socket` is passed on with it. */
export interface SocketOptions {
	address: string;
	host: string;
	port: number;
	onReadable(count: number): void;
	onWritable(count: number): void;
	onError(error?: unknown): void;
}

/** The option `socket`: a class, and what else it is to be made with. */
export interface SocketClass {
	io: new (options: SocketOptions) => Socket;
	[name: string]: unknown;
}

/** The option `dns`: a resolver's class, and what else it is to be made with. */
export interface ResolverClass {
	io: new (options: never) => {
		resolve(request: {
			host: string;
			onResolved(host: string, address: string): void;
			onError(host: string): void;
		}): void;
		close?(): void;
	};
	[name: string]: unknown;
}

/** What the server publishes when the connection ends without DISCONNECT. */
export interface Will {
	topic: string | Bytes;
	/** Absent means empty. */
	message?: string | Bytes;
	QoS?: number;
	retain?: boolean | number;
}

/** What onReadable is told beside the count. */
export interface ReadableOptions {
	/** Another piece of this message follows. */
	more: boolean;
	/** This and the following with the first piece of each message. */
	topic?: string;
	QoS?: number;
	/** Bytes of the whole payload. */
	byteLength?: number;
	retain?: boolean;
	/** The server says that it may have sent it before. */
	duplicate?: boolean;
	/** Packet identifier; absent at QoS 0. */
	id?: number;
}

/** What onControl is told. */
export interface ControlMessage {
	/** CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK or PINGRESP of MQTTClient. */
	operation: number;
	/** The one that was written; without one, the packet's own. */
	id?: number;
	/** With CONNACK: 0. */
	returnCode?: number;
	/** With CONNACK: the server had kept the session. */
	sessionPresent?: boolean;
	/** With SUBACK: granted QoS of each item, 0x80 for a refused one. */
	payload?: number[];
}

/** The end of the connection, for onError. */
export interface ConnectionError extends Error {
	/** One of Layer. */
	layer: number;
	/** One of Reason. */
	code: number;
	/** Belongs to the code, e.g. the return code of CONNACK. */
	detail: number;
}

/** What MQTTClient is made from: as ECMA-419 and the SDK's class have it, and `tuning` and `onProblem` beside. */
export interface MQTTClientOptions {
	host: string;
	/** 1883 unless told. */
	port?: number;
	/** Client identifier; "" unless told. */
	id?: string | Bytes;
	user?: string | Bytes;
	password?: string | Bytes;
	/** Milliseconds; 0 switches it off. Absent: as the manifest says in config.mqtt, or a minute. */
	keepAlive?: number;
	/** As keepAlive; the SDK's older name. */
	keepalive?: number;
	/** Clean session; true unless told. */
	clean?: boolean;
	will?: Will | null;
	socket: SocketClass;
	/** Needed when `host` is a name. */
	dns?: ResolverClass;
	/** Becomes the property `target`. */
	target?: unknown;
	/** "buffer", the only one. */
	format?: string;
	/** Sizes and times that go before those of the manifest. */
	tuning?: TuningOptions;
	/** Bytes of a message can be read. An empty message is told with a count of 0. */
	onReadable?(this: MQTTClient, count: number, options: ReadableOptions): void;
	/** That many bytes can be written. */
	onWritable?(this: MQTTClient, count: number): void;
	/** Called with the message twice: the SDK's programs look at the first, those of the standard at the second. */
	onControl?(this: MQTTClient, message: ControlMessage, again: ControlMessage): void;
	/** The connection has ended after a DISCONNECT that the program has written. */
	onClose?(this: MQTTClient): void;
	/** The connection is over, or there was none; the object is closed. */
	onError?(this: MQTTClient, error: ConnectionError): void;
	/** Something was lost or refused without ending the connection; a code of Problem. */
	onProblem?(this: MQTTClient, problem: number, detail: number): void;
}

/** The second argument of write(). */
export interface WriteOptions {
	/** PUBLISH unless told. */
	operation?: number;
	/** What the answer in onControl is to carry. */
	id?: number;
	topic?: string | Bytes;
	QoS?: number;
	retain?: boolean | number;
	/** Taken and not heeded: what has to be sent again is known here. */
	duplicate?: boolean;
	/** Bytes of the whole payload, when more of it follows in further calls. */
	byteLength?: number;
	/** Of SUBSCRIBE and UNSUBSCRIBE. */
	items?: readonly { topic: string | Bytes; QoS?: number }[];
}
