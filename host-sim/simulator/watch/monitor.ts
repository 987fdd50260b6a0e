import { Layer, State, Status } from "../../../firmware/client/terms/codes.js";
import type { LogRecord, EventLog } from "../../log/event-log.js";
import { detailText, endText, kindText, programFrames, type FoldedEvent } from "./describe.js";
import type { EndedEvent, MoreEvent, RefusedEvent, WatchEvent } from "./events.js";
import { layerName, problemName, reasonName, statusName } from "./names.js";

/** What was seen of one client. */
export interface ClientWatch {
	/** From 1. */
	client: number;
	/** Refused calls by call and name of the status, e.g. `publish INVALID_TOPIC`. */
	refused: Record<string, number>;
	/** Exceptions of callbacks, and of the library itself. */
	threw: number;
	/** Problems by name. */
	problems: Record<string, number>;
	/** Messages that no handler got. */
	unrouted: number;
	/** Connections accepted without the session that there should have been. */
	sessionsLost: number;
	/** Connections accepted. */
	connects: number;
	/** One of State, before the simulator stopped the client; undefined when the run did not come to that. */
	state: number | undefined;
	/** Ends of connections and attempts, by name of the reason. */
	ends: Record<string, number>;
	/** How its last connection or attempt ended. */
	lastEnd: EndedEvent | undefined;
	/** Refused for want of room. */
	wanted: Wanted;
}

/** What calls that were refused for want of room would have needed: the size of the largest, unless it says otherwise. */
export interface Wanted {
	/** Topic and payload, in bytes, of a publish that found no room; -1 for none. */
	publish: number;
	/** The largest filter of those that were TOO_LARGE, in bytes; 0 for none. */
	filter: number;
	/** Filters that were FULL, each once, with their bytes. */
	filters: Map<string, number>;
}

/** So many of each kind are written down each time. */
const FIRST_MAX = 3;
/** Later ones no more often than this. */
const PAUSE_MS = 1000;
/** Distinct filters that are remembered for each client. */
const FILTERS_MAX = 1024;

/** One kind of event, and how much of it has been written down. */
interface Fold {
	lines: number;
	count: number;
	written: number;
	writtenMs: number;
	last: FoldedEvent;
}

/**
 * Takes the events of a run: writes each into the log, folded when it happens too often, and keeps what decides about the
 * exit code and the suggestions. Memory is bounded by the kinds of events.
 */
export class Monitor {
	readonly clients: ClientWatch[] = [];
	/** Where the exception was made that ended the run, when that is known only from here. */
	escapedStack: readonly string[] = [];
	readonly #log: EventLog | undefined;
	readonly #now: () => number;
	readonly #folds = new Map<string, Fold>();

	/**
	 * in   log  gets the lines; undefined: nobody reads them
	 *      now  ms of the clock of the run
	 */
	constructor(log: EventLog | undefined, now: () => number) {
		this.#log = log;
		this.#now = now;
	}

	take(event: WatchEvent): void {
		if (event.type === "escaped") {
			this.escapedStack = event.stack;
			return;
		}
		const watch = this.#clientOf(event.client);
		switch (event.type) {
			case "refused":
				watch.refused[refusedKey(event.call, event.status)] = event.count;
				noteWanted(watch.wanted, event);
				return this.#fold(event);
			case "threw":
				watch.threw++;
				return this.#fold(event);
			case "problem":
				watch.problems[problemName(event.problem)] = event.count;
				return this.#fold(event);
			case "unrouted":
				watch.unrouted = event.count;
				return this.#fold(event);
			case "more":
				this.#takeMore(watch, event);
				return;
			case "connected":
				this.#takeConnected(watch, event.sessionPresent, event.cleanSession);
				return;
			case "ended":
				this.#takeEnded(watch, event);
				return;
			case "stopping":
				watch.state ??= event.state;
				return;
			case "made":
				return;
		}
	}

	/** The run is over: writes how often happened what was not written each time. */
	close(): void {
		for (const fold of this.#folds.values()) this.#writeMore(fold);
	}

	/** The watch of a client; number 0 stands for the first. */
	#clientOf(client: number): ClientWatch {
		const number = Math.max(1, client);
		while (this.clients.length < number) this.clients.push(emptyWatch(this.clients.length + 1));
		return this.clients[number - 1]!;
	}

	#takeMore(watch: ClientWatch, event: MoreEvent): void {
		if (event.of === "refused") watch.refused[refusedKey(event.name, event.code)] = event.count;
		else if (event.of === "problem") watch.problems[problemName(event.code)] = event.count;
		else if (event.of === "unrouted") watch.unrouted = event.count;
		else watch.threw = Math.max(watch.threw, event.count);
		const fold = this.#folds.get(foldKey(event));
		if (fold) fold.count = event.count;
	}

	#takeConnected(watch: ClientWatch, sessionPresent: boolean, cleanSession: boolean): void {
		const { client } = watch;
		const lost = !sessionPresent && !cleanSession && watch.connects > 0;
		watch.connects++;
		watch.lastEnd = undefined;
		this.#log?.record({ type: "connected", client, sessionPresent });
		if (!lost) return;
		watch.sessionsLost++;
		this.#log?.warn(who(client) + "session lost: the broker has forgotten it", { type: "session-lost", client });
	}

	#takeEnded(watch: ClientWatch, event: EndedEvent): void {
		// What the simulator's own stop does to it is no failure of the program.
		if (watch.state === undefined) watch.lastEnd = event;
		watch.ends[reasonName(event.code)] = (watch.ends[reasonName(event.code)] ?? 0) + 1;
		const { type, client, layer, code, detail, retryMs, wasConnected } = event;
		const names = { layerName: layerName(layer), name: reasonName(code) };
		const record = { type, client, layer, code, ...names, detail, retryMs, wasConnected };
		if (isDeliberate(event)) this.#log?.record(record);
		else this.#log?.warn(who(client) + endText(event), record);
	}

	#fold(event: FoldedEvent): void {
		const now = this.#now();
		const key = foldKey(event);
		let fold = this.#folds.get(key);
		if (!fold) {
			fold = { lines: 0, count: 0, written: 0, writtenMs: now, last: event };
			this.#folds.set(key, fold);
		}
		fold.last = event;
		fold.count = event.count;
		if (fold.lines >= FIRST_MAX && now - fold.writtenMs < PAUSE_MS) return;
		this.#writeMore(fold, 1);
		fold.lines++;
		fold.written = event.count;
		fold.writtenMs = now;
		this.#write(event);
	}

	#write(event: FoldedEvent): void {
		const detail = detailText(event);
		const stack = event.type !== "threw" ? [] : event.inside ? event.stack : programFrames(event.stack);
		this.#log?.warn(`${who(event.client)}${kindText(event)}${detail && `, ${detail}`}`, recordOf(event), stack);
	}

	/** Writes how many there were since the last line, without the `own` that have a line of their own. */
	#writeMore(fold: Fold, own = 0): void {
		const more = fold.count - own - fold.written;
		if (more <= 0) return;
		fold.written += more;
		const { client } = fold.last;
		const { type: of, call, name } = recordOf(fold.last);
		const record = { type: "more", client, of, ...(call && { call }), ...(name && { name }), more };
		this.#log?.warn(`${who(client)}${kindText(fold.last)}, ${more} more`, record);
	}
}

function emptyWatch(client: number): ClientWatch {
	return {
		client,
		refused: {},
		threw: 0,
		problems: {},
		unrouted: 0,
		sessionsLost: 0,
		connects: 0,
		state: undefined,
		ends: {},
		lastEnd: undefined,
		wanted: { publish: -1, filter: 0, filters: new Map() },
	};
}

/** The first client needs no name: mostly there is no other. */
function who(client: number): string {
	return client > 1 ? `client ${client}: ` : "";
}

function refusedKey(call: string, status: number): string {
	return `${call} ${statusName(status)}`;
}

function foldKey(event: FoldedEvent | MoreEvent): string {
	const { client } = event;
	switch (event.type) {
		case "refused":
			return `refused ${client} ${event.call} ${event.status}`;
		case "threw":
			return `threw ${client}  ${Number(event.inside)}`;
		case "problem":
			return `problem ${client}  ${event.problem}`;
		case "unrouted":
			return `unrouted ${client}  0`;
		case "more":
			return `${event.of} ${client} ${event.name} ${event.code}`;
	}
}

/** An event as `--json` prints it: with names beside numbers. */
function recordOf(event: FoldedEvent): LogRecord & { name?: string; call?: string } {
	const { type, client, count } = event;
	switch (event.type) {
		case "refused": {
			const { call, status, subject, subjectSize, payloadSize } = event;
			const what = subject === undefined ? {} : { subject, subjectSize };
			return { type, client, call, status, name: statusName(status), ...what, payloadSize, count };
		}
		case "threw":
			return { type, client, error: event.error, stack: event.stack, inside: event.inside, count };
		case "problem": {
			const { problem, detail } = event;
			return { type, client, problem, name: problemName(problem), detail, count };
		}
		case "unrouted":
			return { type, client, topic: event.topic, payloadSize: event.payloadSize, count };
	}
}

/** The program itself wanted the end. */
export function isDeliberate({ layer, retryMs, code }: EndedEvent): boolean {
	return layer === Layer.LOCAL && retryMs < 0 && code <= 1;
}

/** Whether a client never had a connection, or had none at the end although it wanted one. */
export function isUnconnected({ connects, state, lastEnd }: ClientWatch): boolean {
	if (connects === 0) return true;
	if (state === State.WAITING || state === State.OPENING || state === State.CONNECTING) return true;
	return lastEnd !== undefined && !isDeliberate(lastEnd);
}

function noteWanted(wanted: Wanted, event: RefusedEvent): void {
	const { call, status, subject, subjectSize, payloadSize } = event;
	if (status !== Status.FULL && status !== Status.TOO_LARGE) return;
	if (call === "subscribe" || call === "subscribeStream") {
		if (status === Status.TOO_LARGE) wanted.filter = Math.max(wanted.filter, subjectSize);
		else if (wanted.filters.size < FILTERS_MAX) wanted.filters.set(subject ?? "", subjectSize);
	} else if (call === "publishStream") {
		// Its payload is not kept.
		wanted.publish = Math.max(wanted.publish, subjectSize);
	} else if (subjectSize >= 0) {
		wanted.publish = Math.max(wanted.publish, subjectSize + Math.max(0, payloadSize));
	}
}
