/**
 * What the platform offers to firmware, for the type checker on a desk. On the device the Moddable SDK has its own
 * typings; where those disagree with what the code does, this file says what the code does.
 */

/** Prints in debug and instrumented builds; silent in release builds. */
declare function trace(...values: unknown[]): void;

/** Services of the system; there when the manifest includes `modules/io`. */
// eslint-disable-next-line no-var -- only `var` makes it a property of globalThis.
declare var System:
	| {
			/** Answers on a later turn, once, without an address when there is none. */
			resolve(host: string, callback: (host: string, address?: string) => void): void;
	  }
	| undefined;

interface ArrayBufferConstructor {
	/** UTF-8 bytes of a string. Allocates. */
	fromString(text: string): ArrayBuffer;
}

interface StringConstructor {
	/** Text of UTF-8 bytes; throws a TypeError when they are ill-formed. Allocates one chunk. */
	fromArrayBuffer(buffer: ArrayBuffer, offset?: number, length?: number): string;
}

declare module "timer" {
	/** Opaque to us. */
	type TimerId = object;
	const Timer: {
		set(callback: (id: TimerId) => void, delayMs?: number, repeatMs?: number): TimerId;
		repeat(callback: (id: TimerId) => void, intervalMs: number): TimerId;
		/** Without `delayMs` the timer is parked. Elsewhere always pass delayMs === repeatMs. */
		schedule(id: TimerId, delayMs?: number, repeatMs?: number): void;
		clear(id: TimerId | undefined | null): void;
	};
	/** The SDK's typings have one name for both. */
	type Timer = TimerId;
	export default Timer;
	export type { TimerId };
}

declare module "time" {
	const Time: {
		/** Milliseconds of a counter that wraps; compare by difference only. */
		readonly ticks: number;
		delta(start: number, end?: number): number;
		/** Sets the time of day: seconds since 1970. On a device; simulators have their host's. */
		set(seconds: number): void;
	};
	export default Time;
}

declare module "mc/config" {
	/** What manifests say, merged. */
	export interface Config {
		// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in the SDK's typings: an application knows what it wrote.
		readonly [name: string]: any;
	}
	const config: Config;
	export default config;
}

declare module "embedded:io/socket/tcp" {
	interface TCPOptions {
		/** An IPv4 literal; names are not resolved here. */
		address: string;
		port: number;
		nodelay?: boolean;
		/** Becomes the property `target` of the socket. */
		target?: unknown;
		onReadable?(this: TCP, count: number): void;
		onWritable?(this: TCP, count: number): void;
		/** The connection failed, or the peer closed it: without a reason, once. */
		onError?(this: TCP): void;
	}
	class TCP {
		readonly target?: unknown;
		constructor(options: TCPOptions);
		/** Fills the whole view; throws when it is longer than what has arrived. Undefined when nothing has. */
		read(view: Uint8Array): number | undefined;
		/** Takes the whole view or throws. Returns the bytes that may still be written; undefined after a failure. */
		write(view: Uint8Array): number | undefined;
		close(): void;
	}
	export default TCP;
	export type { TCPOptions };
}

declare module "xs-mqtt/tls-engine" {
	/** On a device that of transport/sdk-tls; in the simulator its own. */
	export const makeEngine: import("./ports/tls-engine.js").TlsEngineFactory;
}

declare module "embedded:network/dns/resolver/udp" {
	interface ResolveRequest {
		host: string;
		onResolved(this: unknown, host: string, address: string): void;
		onError(this: unknown, host: string): void;
	}
	class Resolver {
		constructor(options?: object);
		resolve(request: ResolveRequest): void;
		close(): void;
	}
	export default Resolver;
	export type { ResolveRequest };
}

declare module "Resource" {
	/** A file that the manifest's `data` has put into flash: it is read in place. */
	export default class Resource extends ArrayBuffer {
		/** in: path  its name, with its extension. Throws URIError when there is none. */
		constructor(path: string);
		/** Whether there is a file of that name. */
		static exists(path: string): boolean;
	}
}
