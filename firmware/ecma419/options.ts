import type { TuningOptions } from "../client/terms/options.js";

/** What the platform's classes take and give as bytes. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** A socket of an ECMA-419 class: TCP, or one that is made like it. */
export interface Socket {
	/** Fills the view as far as bytes have arrived; TCP throws when the view is longer. */
	read(view: Uint8Array): number | undefined;
	/** Takes the whole view or throws. Returns how many bytes may be written after it. */
	write(view: Uint8Array): number | undefined;
	/** Ends the connection; no callback follows. */
	close(): void;
}

/** What a socket is made from; the rest of `options.socket` is passed on with it. */
export interface SocketOptions {
	/** The address that `host` was resolved to. */
	address: string;
	/** As in the options of MQTTClient. */
	host: string;
	/** Likewise. */
	port: number;
	/** That many bytes have arrived. */
	onReadable(count: number): void;
	/** That many bytes can be written. */
	onWritable(count: number): void;
	/** The connection is over. */
	onError(error?: unknown): void;
}

/** The option `socket`: a class, and what else it is to be made with. */
export interface SocketClass {
	/** The class. */
	io: new (options: SocketOptions) => Socket;
	[name: string]: unknown;
}

/** The option `dns`: a resolver's class, and what else it is to be made with. */
export interface ResolverClass {
	/** The class. */
	io: new (options: never) => {
		/** Looks a name up, and calls one of the two. */
		resolve(request: {
			host: string;
			onResolved(host: string, address: string): void;
			onError(host: string): void;
		}): void;
		/** Gives the resolver back. */
		close?(): void;
	};
	[name: string]: unknown;
}

/** What the server publishes when the connection ends without DISCONNECT. */
export interface Will {
	/** Topic name. */
	topic: string | Bytes;
	/** Absent means empty. */
	message?: string | Bytes;
	/** 0, 1, 2; 0 unless told. */
	QoS?: number;
	/** Whether the server keeps it. */
	retain?: boolean | number;
}

/** What onReadable is told beside the count. */
export interface ReadableOptions {
	/** Another piece of this message follows. */
	more: boolean;
	/** This and the following with the first piece of each message. */
	topic?: string;
	/** The QoS it was delivered with. */
	QoS?: number;
	/** Bytes of the whole payload. */
	byteLength?: number;
	/** The server had kept it. */
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

/**
 * What a client class of ECMA-419 is made from: as the standard and the SDK's class have it, and `tuning` and `onProblem`
 * beside. `C` is the class, which callbacks get as `this`.
 */
export interface ProgramOptions<C> {
	/** Address or name of the server. */
	host: string;
	/** 1883 unless told. */
	port?: number;
	/** Client identifier; "" unless told. */
	id?: string | Bytes;
	/** User name. */
	user?: string | Bytes;
	/** Only together with a user name. */
	password?: string | Bytes;
	/** Milliseconds; 0 switches it off. Absent: as the manifest says in config.mqtt, or a minute. */
	keepAlive?: number;
	/** As keepAlive; the SDK's older name. */
	keepalive?: number;
	/** Clean session; true unless told. */
	clean?: boolean;
	/** What the server publishes when this client is gone. */
	will?: Will | null;
	/** How to get there. */
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
	onReadable?(this: C, count: number, options: ReadableOptions): void;
	/** That many bytes can be written. */
	onWritable?(this: C, count: number): void;
	/** Called with the message twice: the SDK's programs look at the first, those of the standard at the second. */
	onControl?(this: C, message: ControlMessage, again: ControlMessage): void;
	/** The connection has ended after a DISCONNECT that the program has written. */
	onClose?(this: C): void;
	/** The connection is over, or there was none; the object is closed. */
	onError?(this: C, error: ConnectionError): void;
	/** Something was lost or refused without ending the connection; a code of Problem. */
	onProblem?(this: C, problem: number, detail: number): void;
}

/** The second argument of write(). */
export interface WriteOptions {
	/** PUBLISH unless told. */
	operation?: number;
	/** What the answer in onControl is to carry. */
	id?: number;
	/** Topic name of a PUBLISH. */
	topic?: string | Bytes;
	/** 0, 1, 2; 0 unless told. */
	QoS?: number;
	/** Whether the server keeps it for later subscribers. */
	retain?: boolean | number;
	/** Taken and not heeded: what has to be sent again is known here. */
	duplicate?: boolean;
	/** Bytes of the whole payload, when more of it follows in further calls. */
	byteLength?: number;
	/** Of SUBSCRIBE and UNSUBSCRIBE. */
	items?: readonly { topic: string | Bytes; QoS?: number }[];
}
