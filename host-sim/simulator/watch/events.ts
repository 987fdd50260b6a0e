/** What a simulator learns of the program's clients: plain data, so that it can come from another thread or process. */

/** Every event says how often the same has happened so far, itself included; what happens too often is not told each time. */
interface Told {
	/** Number of the client, from 1 in the order in which the program made them; 0 when that is not known. */
	client: number;
	count: number;
}

/** The program has made a client. */
export interface MadeEvent extends Told {
	type: "made";
}

/** The run is about to be over, and has not touched the client yet. */
export interface StoppingEvent extends Told {
	type: "stopping";
	/** One of State. */
	state: number;
}

/** A call was refused. */
export interface RefusedEvent extends Told {
	type: "refused";
	/** Name of the method. */
	call: string;
	/** Negative, one of Status. */
	status: number;
	/** Topic name or topic filter, when there was one; a long one is cut. */
	subject: string | undefined;
	/** Bytes of it; -1 when there was none. */
	subjectSize: number;
	/** Bytes of the payload, of publish and send; total of publishStream; of other calls it means nothing. */
	payloadSize: number;
}

/** A callback of the program threw, or the library. */
export interface ThrewEvent extends Told {
	type: "threw";
	/** Whether it was the library itself. */
	inside: boolean;
	/** E.g. "TypeError: x is not a function". */
	error: string;
	/** Lines "at …", innermost first; empty where the engine tells nothing. */
	stack: readonly string[];
}

/** As onProblem is told, without CALLBACK_THREW. */
export interface ProblemEvent extends Told {
	type: "problem";
	/** One of Problem. */
	problem: number;
	detail: number;
}

/** A message matched no subscription, and there was no onMessage. */
export interface UnroutedEvent extends Told {
	type: "unrouted";
	topic: string;
	/** Bytes. */
	payloadSize: number;
}

/** CONNACK has accepted a connection. */
export interface ConnectedEvent extends Told {
	type: "connected";
	sessionPresent: boolean;
	cleanSession: boolean;
}

/** A connection or an attempt is over: as onDisconnected is told. */
export interface EndedEvent extends Told {
	type: "ended";
	layer: number;
	code: number;
	detail: number;
	retryMs: number;
	wasConnected: boolean;
}

/** Where the exception was made that ended the run; only from XS, which tells it apart from the exception. */
export interface EscapedEvent extends Told {
	type: "escaped";
	stack: readonly string[];
}

/** Some of what happened too often has not been told; `count` is how often it was. */
export interface MoreEvent extends Told {
	type: "more";
	/** Type of those events; what tells them apart beside it: the call; the status, the problem or `inside`. */
	of: RefusedEvent["type"] | ThrewEvent["type"] | ProblemEvent["type"] | UnroutedEvent["type"];
	name: string;
	code: number;
}

export type WatchEvent =
	| MadeEvent
	| StoppingEvent
	| RefusedEvent
	| ThrewEvent
	| ProblemEvent
	| UnroutedEvent
	| ConnectedEvent
	| EndedEvent
	| EscapedEvent
	| MoreEvent;

/** Lines of a stack as an engine writes them, without the first one that repeats the error. */
export function stackLines(stack: string): string[] {
	return stack
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line.startsWith("at "));
}

/** An error without its stack, for people. */
export function errorText(name: string, message: string): string {
	return name && message ? `${name}: ${message}` : name || message;
}

type Field = string | number | null;

/**
 * Makes an event of the fields that the XS host prints (host-sim/stand-ins/xs/c/watch.c): type, client, those of the type, count.
 *
 * out  undefined for what is none
 */
export function eventOf(fields: unknown): WatchEvent | undefined {
	if (!Array.isArray(fields) || fields.length < 3) return undefined;
	const all = fields as Field[];
	const text = (index: number): string => String(all[index] ?? "");
	const number = (index: number): number => Number(all[index] ?? -1);
	const flag = (index: number): boolean => all[index] === 1;
	const told = { client: number(1), count: number(all.length - 1) };
	switch (all[0]) {
		case "made":
			return { type: "made", ...told };
		case "stopping":
			return { type: "stopping", ...told, state: number(2) };
		case "refused": {
			const subject = all[4] === null ? undefined : text(4);
			const sizes = { subjectSize: number(5), payloadSize: number(6) };
			return { type: "refused", ...told, call: text(2), status: number(3), subject, ...sizes };
		}
		case "threw":
			return {
				type: "threw",
				...told,
				inside: flag(2),
				error: errorText(text(3), text(4)),
				stack: stackLines(text(5)),
			};
		case "problem":
			return { type: "problem", ...told, problem: number(2), detail: number(3) };
		case "unrouted":
			return { type: "unrouted", ...told, topic: text(2), payloadSize: number(3) };
		case "connected":
			return { type: "connected", ...told, sessionPresent: flag(2), cleanSession: flag(3) };
		case "ended": {
			const reason = { layer: number(2), code: number(3), detail: number(4), retryMs: number(5) };
			return { type: "ended", ...told, ...reason, wasConnected: flag(6) };
		}
		case "escaped":
			return { type: "escaped", ...told, stack: stackLines(text(2)) };
		case "more":
			return { type: "more", ...told, of: text(2) as MoreEvent["of"], name: text(3), code: number(4) };
		default:
			return undefined;
	}
}
