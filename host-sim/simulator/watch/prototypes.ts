/**
 * Makes the library tell a simulator what goes wrong in a program: calls that are refused, callbacks that throw, messages
 * that are lost, connections that end. The program and the library stay as they are: their prototypes get methods around
 * those they have.
 *
 * Imports nothing, because on XS it is linked and preloaded beside the library: there the methods lie in flash, and cost
 * the running program byte codes and stack, but no slot and no chunk.
 */

/** Gets what happens, at the moment when it happens. Must not throw. */
export interface Teller {
	/**
	 * A call of a client, or of a writer that it has lent, was refused.
	 *
	 * in   call     name of the method
	 *      status   negative, one of Status
	 *      subject  its first argument: a Topic, a topic name or a topic filter
	 *      payload  its second one: bytes, text, a size, or a QoS
	 *      more     its third one
	 */
	refused(client: object, call: string, status: number, subject: unknown, payload: unknown, more: unknown): void;
	/** A callback of the program threw; or, `inside`, the library itself. */
	threw(client: object, error: unknown, inside: boolean): void;
	/** As onProblem is told, without CALLBACK_THREW. */
	problem(client: object, problem: number, detail: number): void;
	/** A message that no handler and no onMessage got: its topic in `bytes`, and the size of its payload. */
	unrouted(client: object, bytes: Uint8Array, start: number, size: number, total: number): void;
	connected(client: object, sessionPresent: boolean, cleanSession: boolean): void;
	/** As onDisconnected is told. */
	ended(client: object, layer: number, code: number, detail: number, retryMs: number, wasConnected: boolean): void;
}

/** Prototypes of the library's classes. */
export interface LibraryPrototypes {
	client: object;
	writer: object;
	application: object;
	receiver: object;
	partial: object;
	loop: object;
}

type Method = (this: never, ...values: unknown[]) => unknown;
type Methods = Record<string, Method>;
/** An object as it has the methods that were there before. */
type Hidden = Record<symbol, (...values: unknown[]) => unknown>;
/** Puts a method in place of another, which it finds under the symbol. */
type Replace = (prototype: object, name: string, make: (original: symbol) => Method) => void;

interface ApplicationLike {
	readonly handlesUnrouted: boolean;
	readonly _client: { readonly settings: { readonly cleanSession: boolean } };
}

/** What both the writer's publisher and the receiver and the loop know. */
interface Knowing {
	readonly _application: ApplicationLike;
	readonly _counters: { readonly table: Uint32Array };
	readonly _bytes: Uint8Array;
}

interface ReasonLike {
	layer: number;
	code: number;
	detail: number;
	retryMs: number;
	wasConnected: boolean;
}

interface MessageLike {
	topicStart: number;
	topicSize: number;
	total: number;
}

// Literals of a preloaded module are copied into the heap each time they are executed; constants lie in flash.
const NUMBER = "number";
const FUNCTION = "function";
const CONSTRUCTOR = "constructor";
const SEND = "send";
const COMPOSE = "compose";
/** Status.NOT_FOUND, Problem.CALLBACK_THREW and Counter.UNROUTED. */
const NOT_FOUND = -10;
const CALLBACK_THREW = 2;
const UNROUTED = 9;

/** Puts methods around those of the library's prototypes. Returns what takes them off again. */
export function watchPrototypes(library: LibraryPrototypes, teller: Teller): () => void {
	const undo: (() => void)[] = [];
	const replace: Replace = (prototype, name, make) => {
		const methods = prototype as Methods;
		const original = methods[name];
		if (original === undefined) throw new Error(`watch: the library has no method ${name}`);
		// A method of the object needs less stack than its function called by call().
		const hidden = Symbol(name);
		Object.defineProperty(methods, hidden, { value: original, configurable: true });
		methods[name] = make(hidden);
		undo.push(() => {
			methods[name] = original;
			Reflect.deleteProperty(methods, hidden);
		});
	};
	watchCalls(library.client, teller, replace);
	watchWriter(library.writer, teller, replace);
	watchApplication(library.application, teller, replace);
	watchReceiver(library.receiver, library.partial, teller, replace);
	replace(library.loop, "recover", (original) => {
		return function (this: Knowing, error: unknown, now: unknown, nested: unknown): unknown {
			teller.threw(this._application._client, error, true);
			return (this as unknown as Hidden)[original]!(error, now, nested);
		};
	});
	return () => {
		for (const step of undo.reverse()) step();
	};
}

/** Every method of a client may refuse; those that are still to come too. */
function watchCalls(client: object, teller: Teller, replace: Replace): void {
	for (const name of Object.getOwnPropertyNames(client)) {
		const value: unknown = Object.getOwnPropertyDescriptor(client, name)?.value;
		if (typeof value !== FUNCTION || name === CONSTRUCTOR || name === COMPOSE) continue;
		replace(client, name, (original) => {
			return function (this: object, a: unknown, b: unknown, c: unknown, d: unknown, e: unknown): unknown {
				const status = (this as unknown as Hidden)[original]!(a, b, c, d, e);
				if (typeof status === NUMBER && (status as number) < 0) {
					teller.refused(this, name, status as number, a, b, c);
				}
				return status;
			};
		});
	}
}

interface WriterLike {
	readonly _publisher: Knowing & { readonly composing: boolean };
	readonly _topic: unknown;
	readonly _start: number;
	readonly _at: number;
	readonly _status: number;
	readonly _refused: number;
}

/** A payload that is refused when it is begun is told of then, for its send may never come; any other when it is sent. */
function watchWriter(writer: object, teller: Teller, replace: Replace): void {
	replace(writer, "start", (original) => {
		return function (this: WriterLike, topic: unknown, qos: unknown, retain: unknown): unknown {
			const result = (this as unknown as Hidden)[original]!(topic, qos, retain);
			if (this._status < 0) {
				teller.refused(this._publisher._application._client, COMPOSE, this._status, topic, qos, retain);
			}
			return result;
		};
	});
	replace(writer, "send", (original) => {
		return function (this: WriterLike): unknown {
			const begun = this._publisher.composing && this._refused === 0;
			const size = this._at - this._start;
			const status = (this as unknown as Hidden)[original]!() as number;
			if (status < 0 && (begun || status === NOT_FOUND)) {
				teller.refused(this._publisher._application._client, SEND, status, this._topic, size, 0);
			}
			return status;
		};
	});
}

function watchApplication(application: object, teller: Teller, replace: Replace): void {
	for (const name of ["threw", "threwTold"]) {
		replace(application, name, (original) => {
			return function (this: ApplicationLike, error: unknown): unknown {
				teller.threw(this._client, error, false);
				return (this as unknown as Hidden)[original]!(error);
			};
		});
	}
	replace(application, "problem", (original) => {
		return function (this: ApplicationLike, problem: unknown, detail: unknown): unknown {
			if (problem !== CALLBACK_THREW) teller.problem(this._client, problem as number, detail as number);
			return (this as unknown as Hidden)[original]!(problem, detail);
		};
	});
	replace(application, "connected", (original) => {
		return function (this: ApplicationLike, sessionPresent: unknown): unknown {
			const client = this._client;
			teller.connected(client, sessionPresent as boolean, client.settings.cleanSession);
			return (this as unknown as Hidden)[original]!(sessionPresent);
		};
	});
	replace(application, "disconnected", (original) => {
		return function (this: ApplicationLike, reason: unknown): unknown {
			const { layer, code, detail, retryMs, wasConnected } = reason as ReasonLike;
			teller.ended(this._client, layer, code, detail, retryMs, wasConnected);
			return (this as unknown as Hidden)[original]!(reason);
		};
	});
}

/** A message without a handler is only counted; that a count has grown says so. */
function watchReceiver(receiver: object, partial: object, teller: Teller, replace: Replace): void {
	replace(receiver, "deliver", (original) => {
		return function (this: Knowing, message: unknown, index: unknown): unknown {
			const before = this._counters.table[UNROUTED];
			const { topicStart, topicSize, total } = message as MessageLike;
			const result = (this as unknown as Hidden)[original]!(message, index);
			const application = this._application;
			if (this._counters.table[UNROUTED] !== before && !application.handlesUnrouted) {
				teller.unrouted(application._client, this._bytes, topicStart, topicSize, total);
			}
			return result;
		};
	});
	replace(partial, "markStreaming", (original) => {
		return function (this: Knowing, topic: unknown, topicSize: unknown, payloadSize: unknown): unknown {
			const before = this._counters.table[UNROUTED];
			const result = (this as unknown as Hidden)[original]!(topic, topicSize, payloadSize);
			const application = this._application;
			if (this._counters.table[UNROUTED] !== before && !application.handlesUnrouted) {
				teller.unrouted(application._client, this._bytes, topic as number, topicSize as number, payloadSize as number);
			}
			return result;
		};
	});
}
